"""What every policy offers, and how a plain one shares out the day's total."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from bidder.catalog import Budget, BudgetStatus
from bidder.ids import BudgetId
from bidder.money import Money, minor_unit
from bidder.snapshot import FloatArray, Snapshot

__all__ = ["Contender", "shared_out"]


class Contender(Protocol):
    """A way to set the budgets of a day."""

    name: str
    """On the command line and in the table."""
    title: str
    """In words."""

    def amounts(self, snapshot: Snapshot, total: Money) -> Mapping[BudgetId, Money]:
        """The budgets to set, from what is known; those left out stay. Deterministic."""
        ...


def shared_out(weights: FloatArray, snapshot: Snapshot, total: Money) -> dict[BudgetId, Money]:
    """The total in parts of these weights over the budgets in force, each within what its platform takes.

    Whole steps, rounded down, so the sum never passes the total; where the platforms' minima alone pass it, the budgets
    stay as they are.
    """
    budgets = snapshot.budgets
    open_ = np.array([one.status is BudgetStatus.ACTIVE for one in budgets], dtype=np.bool_)
    rates = np.array([snapshot.rate(one.currency) for one in budgets])
    least = np.array([_least(one) for one in budgets]) * rates
    most = np.array([one.maximum.to_float() if one.maximum else np.inf for one in budgets]) * rates
    left = total.to_float()
    if not open_.any() or least[open_].sum() > left:
        return {}
    share = np.where(open_, np.maximum(weights, 0.0), 0.0)
    if share.sum() <= 0:
        share = open_.astype(np.float64)
    share = np.where(open_, np.maximum(share, 1e-9 * share.max()), 0.0)  # so that the scale below is within reach
    low, high = 0.0, 2.0 * left / float(share[open_].min())
    for _ in range(100):  # the scale at which the clipped parts add up to the total
        middle = (low + high) / 2
        if np.where(open_, np.clip(share * middle, least, most), 0.0).sum() <= left:
            low = middle
        else:
            high = middle
    amounts = np.clip(share * low, least, most) / rates
    return {one.id: _down(amounts[i], one) for i, one in enumerate(budgets) if open_[i]}


def _unit(budget: Budget) -> int:
    return budget.step.micros if budget.step is not None and budget.step.micros > 0 else minor_unit(budget.currency)


def _least(budget: Budget) -> float:
    """The least the platform takes, on its step."""
    minimum = budget.minimum.micros if budget.minimum is not None else 0
    return Money(max(-(-minimum // _unit(budget)), 1) * _unit(budget), budget.currency).to_float()


def _down(amount: float, budget: Budget) -> Money:
    """On the platform's step, rounded down but for the last bits of a float."""
    unit = _unit(budget)
    return Money(int((amount + 1e-9 * abs(amount)) * 1_000_000 // unit) * unit, budget.currency)
