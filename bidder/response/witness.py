"""Clicks and impressions as witnesses of saturation: many more of them than of orders, so far less noise.

Called by :mod:`bidder.response.estimate`. What is wanted is each day's expected clicks. Clicks show it with Poisson
noise; impressions times the budget's own long-run click rate show it with almost none, as far as the click rate keeps
still from day to day. Both are joined by how still it was seen to keep in this shop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidder.response.panel import Panel
from bidder.snapshot import FloatArray

__all__ = ["Witness", "click_witness"]


@dataclass(frozen=True, slots=True, eq=False)
class Witness:
    """log(expected clicks/spend) of each day and the variance that counting leaves in it, (n, T); 0 where unknown."""

    cost: FloatArray
    counting: FloatArray
    known: NDArray[np.bool_]
    usual: FloatArray
    """(n,) mean cost over a budget's days: what levels are counted from, so that the unit of money does not matter."""


def click_witness(table: Panel) -> Witness:
    """What clicks and impressions say about each day's traffic."""
    known = table.live & (np.nan_to_num(table.clicks) > 0)
    clicks, spend = np.where(known, table.clicks, 1.0), np.where(known, table.spend, 1.0)
    shown = known & (np.nan_to_num(table.impressions) >= clicks)
    impressions = np.where(shown, table.impressions, 1.0)
    clicked = np.where(shown, clicks, 0.0).sum(axis=1)
    rate = clicked / np.maximum(np.where(shown, impressions, 0.0).sum(axis=1), 1.0)
    usual = impressions * rate[:, None]
    # variance of the log click rate from day to day: what the clicks scatter around `usual` beyond Poisson
    beyond = np.where(shown, (clicks - usual) ** 2 - usual, 0.0).sum()
    square = np.where(shown, usual**2, 0.0).sum()
    moving = float(np.clip(beyond / square, 1e-4, 1.0)) if square > 0 else 1.0
    prior = np.where(shown, 1.0 / moving, 0.0)  # clicks that the long-run rate counts for
    at_rate = impressions * (clicks + prior) / (impressions + prior / np.maximum(rate, 1e-12)[:, None])
    joined = np.where(shown, at_rate, clicks)
    counting = 1.0 / (clicks + prior) + np.where(shown, 1.0 / impressions, 0.0)
    cost = np.where(known, np.log(joined) - np.log(spend), 0.0)
    usual_cost = cost.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return Witness(cost, np.where(known, counting, 0.0), known, usual_cost)
