"""The way up after a month's end: what the cap of the last days had cut is not held down by steps in the new month.

Called by :mod:`bidder.rules.reference`. On the last days of a month budgets may be cut far, since what is left is held
against the worst. Steps of 30 % would take weeks to bring them back, and the new month's money with them. So in its
first week steps are measured from what the budgets had before those days, as far as the new month's plan carries it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bidder.rules.amounts import in_force, in_shop
from bidder.rules.base import Rule
from bidder.rules.month import Month, pace_of_month
from bidder.snapshot import FloatArray, Snapshot, day_number

__all__ = ["before_the_end"]

FIRST_DAYS = 7
"""Of a new month."""
LAST_DAYS, BEFORE = 6, 14
"""The last days of a month, and how far back of its end the days before them are looked at."""
MUCH_LESS = 0.7
"""Only where all budgets together have less than this part of what they had."""


def before_the_end(rules: Sequence[Rule], snapshot: Snapshot) -> FloatArray:
    """(n,) what each budget had before the last days of the month that ended; NaN where steps are measured as ever."""
    nothing = np.full(len(snapshot.budgets), np.nan)
    caps = [rule.kind for rule in rules if isinstance(rule.kind, Month) and rule.enabled]
    if not caps or snapshot.day.day > FIRST_DAYS:
        return nothing
    month = caps[0]
    first = day_number(snapshot.day.replace(day=1))
    history = snapshot.history
    rows = (history.day >= first - BEFORE) & (history.day < first - LAST_DAYS) & (history.amount > 0)
    usual = nothing.copy()
    for place in np.unique(history.budget[rows]).tolist():
        budget = snapshot.budgets[place]
        usual[place] = np.median(history.amount[rows & (history.budget == place)]) * snapshot.rate(budget.currency)
    usual = np.where(in_force(snapshot) & ~np.isnan(snapshot.now), usual, np.nan)
    both = ~np.isnan(usual)
    had, has = float(usual[both].sum()), float(snapshot.now[both].sum())
    if not has < MUCH_LESS * had:
        return nothing
    over = np.array([max(one.overdelivery, month.overdelivery or 1.0) for one in snapshot.budgets], dtype=np.float64)
    pace = pace_of_month(snapshot, in_shop(month.max.of(snapshot.day), snapshot), over)
    usual *= min(1.0, min(pace.plan_today, pace.today) / had)
    return np.where(usual > snapshot.now, usual, np.nan)
