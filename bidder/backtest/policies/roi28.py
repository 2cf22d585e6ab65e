"""Money in proportion to the return of the last 28 days, thin budgets pulled to the shop's: the careful spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bidder.backtest.policies.base import shared_out
from bidder.ids import BudgetId
from bidder.money import Money
from bidder.snapshot import FloatArray, Snapshot

__all__ = ["Roi28"]

DAYS = 28
PSEUDO_ORDERS = 5.0
"""A budget's own return counts as much as the shop's once it has brought so many orders."""


class Roi28:
    """The day's total in proportion to contribution per spend over 28 days, shrunk (SCIENCE 1.2)."""

    name = "roi28"
    title = "28-day ROI, shrunk"

    def amounts(self, snapshot: Snapshot, total: Money) -> Mapping[BudgetId, Money]:
        """Proportional parts, within what the platforms take."""
        return shared_out(_return(snapshot), snapshot, total)


def _return(snapshot: Snapshot) -> FloatArray:
    """Contribution (revenue where no margin is known) per unit of spend of each budget, shrunk to the shop's."""
    n, history = len(snapshot.budgets), snapshot.history
    rows = (history.day >= snapshot.today - DAYS) & (history.day < snapshot.today) & np.isfinite(history.spend)
    place = history.budget[rows]
    margin = {index: one.margin for index, one in enumerate(snapshot.products)}
    kept = np.array([1.0 if margin.get(p) is None else margin[p] for p in history.product[rows].tolist()])
    rate = np.array([snapshot.rate(one.currency) for one in snapshot.budgets])
    spend = np.bincount(place, history.spend[rows], n) * rate
    value = np.bincount(place, np.nan_to_num(history.revenue[rows]) * kept, n) * rate
    orders = np.bincount(place, np.nan_to_num(history.orders[rows]), n)
    if spend.sum() <= 0 or value.sum() <= 0:
        return np.ones(n)
    shop = float(value.sum() / spend.sum())
    # five orders' worth of the shop's own spend at the shop's return
    pseudo = PSEUDO_ORDERS * float(spend.sum()) / max(float(orders.sum()), 1.0)
    return np.asarray((value + shop * pseudo) / (spend + pseudo))
