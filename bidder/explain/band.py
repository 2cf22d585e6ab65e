"""A budget's response as a picture: expected profit a day over amounts, and the band in which the true curve lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidder.decide import Decision
from bidder.limits import Quantity
from bidder.response.forecast import Z_80, doubt
from bidder.snapshot import FloatArray

__all__ = ["Band", "band_of"]

POINTS = 33
WIDER = 1.6
"""How far beyond the larger of today's and the planned amount the curve is shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Expected profit a day of one budget (shop currency) at `amounts` (k,), where it stands today and in the plan.

    Between `low` and `high` the true expectation lies with 80 %: how well the curve is known, not the luck of a day.
    `now` and `planned` are (amount, expected profit); `now` is None where no amount in force is known.
    """

    budget: str
    amounts: FloatArray
    mean: FloatArray
    low: FloatArray
    high: FloatArray
    now: tuple[float, float] | None
    planned: tuple[float, float]


def band_of(decision: Decision, index: int) -> Band:
    """The curve of the budget at this position, from nothing to well beyond what it has."""
    snapshot = decision.snapshot
    budget = snapshot.budgets[index]
    rate = snapshot.rate(budget.currency)
    planned = decision.plan.amount(budget.id).to_float() * rate
    now = float(snapshot.now[index])
    known = bool(np.isfinite(now)) and now > 0
    top = WIDER * max(planned, now if known else 0.0, 1e-9) or float(decision.curves.scale[index])
    grid = np.linspace(0.0, top, POINTS)
    marks = [planned, *([now] if known else [])]
    figures = np.array([_profit(decision, index, amount) for amount in [*grid, *marks]])
    return Band(
        budget=str(budget.id),
        amounts=grid,
        mean=figures[:POINTS, 0],
        low=figures[:POINTS, 1],
        high=figures[:POINTS, 2],
        now=(now, float(figures[POINTS + 1, 0])) if known else None,
        planned=(planned, float(figures[POINTS, 0])),
    )


def _profit(decision: Decision, index: int, amount: float) -> tuple[float, float, float]:
    """The expected profit at one amount, and what it is at the curve's own 10 % and 90 %; nothing at nothing."""
    if amount <= 0:
        return 0.0, 0.0, 0.0
    curves = decision.curves
    amounts = np.zeros(len(decision.snapshot.budgets))
    amounts[index] = amount
    spend = float(curves.expected(Quantity.SPEND, amounts)[index])
    margin = float(curves.expected(Quantity.ORDERS, amounts)[index] * curves.margin_per_order[index])
    wide = float(np.exp(Z_80 * doubt(curves, amounts)[index]))
    low, high = sorted((margin / wide, margin * wide))  # the margin of an order may be a loss
    return margin - spend, low - spend, high - spend
