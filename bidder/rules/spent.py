"""What budgets have cost since a day: as reported, and as reckoned for days whose figures are not in yet.

Used by the words that hold money over more than a day: `month`, `total` of a week, `cash`, `launch`, `tacos`. Money in
the shop's currency, a column of (n,) in Snapshot order.
"""

from __future__ import annotations

import numpy as np

from bidder.rules.amounts import in_force
from bidder.snapshot import FloatArray, Snapshot

__all__ = ["committed_since", "spent_since"]

LONGEST_GAP = 3
"""Days without figures that are reckoned with; longer gaps are for the staleness brake."""


def spent_since(snapshot: Snapshot, first: int) -> FloatArray:
    """Reported spend of each budget from day number `first` to the day before the decided one."""
    history = snapshot.history
    rows = (history.day >= first) & (history.day < snapshot.today) & ~np.isnan(history.spend)
    rates = np.array([snapshot.rate(budget.currency) for budget in snapshot.budgets], dtype=np.float64)
    places = history.budget[rows]
    spent = np.bincount(places, weights=history.spend[rows] * rates[places], minlength=len(rates))
    return np.asarray(spent, dtype=np.float64)


def committed_since(snapshot: Snapshot, first: int, overdelivery: FloatArray) -> FloatArray:
    """What days from `first` on without figures yet may have cost each budget: the amount in force, at the worst."""
    history = snapshot.history
    accounts = [budget.id.account for budget in snapshot.budgets]
    last = np.full(len(accounts), -1, dtype=np.int64)
    reported = ~np.isnan(history.spend) & (history.day < snapshot.today)
    np.maximum.at(last, history.budget[reported], history.day[reported])
    newest: dict[str, int] = {}
    for account, day in zip(accounts, last.tolist(), strict=True):
        newest[account] = max(newest.get(account, -1), day)
    gaps = []
    for account in accounts:
        known = newest[account]
        missing = snapshot.today - 1 - max(known, first - 1) if known >= 0 else 0
        gaps.append(min(max(missing, 0), LONGEST_GAP))
    worst = np.nan_to_num(snapshot.now) * overdelivery * in_force(snapshot)
    return np.asarray(worst * np.array(gaps, dtype=np.float64))
