"""Curves: what each budget is expected to bring at any amount, with how sure that is.

Called by :mod:`bidder.response.estimate`, which makes them, and by the optimizer, which samples them at amounts of its
own choosing (breakpoints around the answer), so a curve is a function and not a fixed table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bidder.limits import Quantity
from bidder.snapshot import FloatArray

__all__ = ["Curves", "Posterior", "Response"]


class Response(Protocol):
    """Expected orders of every budget at given amounts; 0 at 0 and nondecreasing, vectorised."""

    def orders(self, amounts: FloatArray) -> FloatArray:
        """(n, k) amounts in the shop's currency → (n, k) expected orders a day. Row i belongs to budget i."""
        ...

    def spend(self, amounts: FloatArray) -> FloatArray:
        """(n, k) amounts → (n, k) money that would really be spent (delivery: at most what the budget can reach)."""
        ...

    def clicks(self, amounts: FloatArray) -> FloatArray:
        """(n, k) amounts → (n, k) expected clicks."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """What the curves are the mean of: worlds fitted to a shop are drawn from it.

    For n budgets, J shapes and B knots of relative spend: `weight` (n, J) and `level` (n, J), mean orders a day at the
    scale given the shape; `level_cv` (n,) the level's standard deviation over its mean; `shapes` (J, B), 1 at the
    scale; `survival` (n, B) the chance that demand lies above each knot.
    """

    weight: FloatArray
    level: FloatArray
    level_cv: FloatArray
    shapes: FloatArray
    survival: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """The response of every budget, in Snapshot order, in the shop's currency a day.

    `revenue_per_order` and `margin_per_order` (contribution before ad spend) turn orders into money; `scale` is each
    budget's own natural amount (its typical spend, > 0), on which breakpoints are laid; `reach` is the largest amount
    worth giving (soft cap on what it can spend; inf when nothing is known); `log_sd` the standard deviation of the
    log of expected value at `scale`; `slope_sd` that of the log of the marginal return there (≥ log_sd: curvature is
    known worse than level). `state` is a word a budget: learning, budget-limited, saturated, active, paused.
    """

    response: Response
    revenue_per_order: FloatArray
    margin_per_order: FloatArray
    scale: FloatArray
    reach: FloatArray
    log_sd: FloatArray
    slope_sd: FloatArray
    state: tuple[str, ...]
    facts: dict[str, FloatArray]
    """What explain shows beside them, a column each: clicks, orders, spend, ctr, cpc, cvr (raw and shrunk), …"""
    posterior: Posterior | None = None
    """None where nobody draws from it: curves that are known, and shops of very many budgets."""

    def __len__(self) -> int:
        return len(self.scale)

    def expected(self, quantity: Quantity, amounts: FloatArray) -> FloatArray:
        """The expected quantity at amounts of shape (n,) or (n, k): the same shape."""
        table = amounts[:, None] if amounts.ndim == 1 else amounts
        match quantity:
            case Quantity.AMOUNT:
                result = table
            case Quantity.SPEND:
                result = self.response.spend(table)
            case Quantity.CLICKS:
                result = self.response.clicks(table)
            case Quantity.ORDERS:
                result = self.response.orders(table)
            case Quantity.REVENUE:
                result = self.response.orders(table) * self.revenue_per_order[:, None]
            case Quantity.PROFIT:
                result = self.profit_and_spend(table)[0]
        return result[:, 0] if amounts.ndim == 1 else np.asarray(result)

    def profit_and_spend(self, amounts: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Both at amounts (n, k), money a day: what orders earn less what is spent, and what is spent."""
        spent = self.response.spend(amounts)
        return self.response.orders(amounts) * self.margin_per_order[:, None] - spent, spent
