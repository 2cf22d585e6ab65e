"""Curves that a rule may ask: plain exponential saturation, no estimation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidder.response.curve import Curves
from bidder.snapshot import FloatArray, Snapshot

__all__ = ["some_curves"]


@dataclass(frozen=True)
class Saturating:
    """orders(x) = most·(1 − e^(−x/bend)); all of an amount is spent, up to `reach`."""

    most: FloatArray
    bend: FloatArray
    reach: float = np.inf

    def orders(self, amounts: FloatArray) -> FloatArray:
        return np.asarray(self.most[:, None] * (1 - np.exp(-self.spend(amounts) / self.bend[:, None])))

    def spend(self, amounts: FloatArray) -> FloatArray:
        return np.minimum(amounts, self.reach)

    def clicks(self, amounts: FloatArray) -> FloatArray:
        return self.spend(amounts)


def some_curves(
    shop: Snapshot,
    most: float = 20.0,
    bend: float = 200.0,
    aov: float = 100.0,
    margin: float = 0.4,
    reach: float = np.inf,
) -> Curves:
    """The same curve for every budget."""
    size = len(shop.budgets)
    one = np.ones(size)
    return Curves(
        Saturating(most * one, bend * one, reach),
        revenue_per_order=aov * one,
        margin_per_order=aov * margin * one,
        scale=100.0 * one,
        reach=reach * one,
        log_sd=0.1 * one,
        slope_sd=0.2 * one,
        state=("active",) * size,
        facts={},
    )
