"""What platforms have made of the amounts in force: spend over amount by weekday, and how far it may go on a plain day.

Used by `month` for the days that a worst case alone would leave unspent. Event days are left out; where too little is
known, or the report names no amounts, the answer is the platform's own worst.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from bidder.response.event_days import event_weight, unlike_days
from bidder.rules.amounts import in_force
from bidder.snapshot import EPOCH_ORDINAL, FloatArray, Snapshot

__all__ = ["likely_most"]

_DAYS = 56
_FEWEST = 14
_SPREADS = 2.0
"""Standard deviations above the mean that a plain day is reckoned with."""
_PSEUDO = 2.0
"""Days of the mean of all weekdays that each weekday's own is mixed with."""


def likely_most(snapshot: Snapshot, day: date, overdelivery: FloatArray) -> float:
    """How many times the amounts in force a day may cost unless something is unlike the last eight weeks.

    The weekday's mean of spend over amounts and two spreads, at most the worst that platforms may do. That worst itself
    on days of an event, and where fewer than 14 days are known.
    """
    worst = float(overdelivery[in_force(snapshot)].max(initial=1.0))
    ratios, weekdays = _ratios(snapshot)
    if len(ratios) < _FEWEST or event_weight(snapshot, day) != 1.0:
        return worst
    mean = float(ratios.mean())
    own = ratios[weekdays == day.weekday()]
    center = (float(own.sum()) + _PSEUDO * mean) / (len(own) + _PSEUDO)
    of_weekday = np.array([float(ratios[weekdays == one].mean()) for one in weekdays.tolist()])
    spread = float(np.sqrt(np.mean((ratios - of_weekday) ** 2)))
    high = max(center, float(own.max(initial=0.0))) + _SPREADS * spread
    return float(min(max(high, 1.0), worst))


def _ratios(snapshot: Snapshot) -> tuple[FloatArray, np.ndarray]:
    """Spend over amounts of each day of which both are known, and its weekday (Monday 0).

    The amount of a day is the larger of its own and the day before's, which stood until that day's decision.
    """
    history, first = snapshot.history, snapshot.today - _DAYS
    rows = (history.day >= first) & (history.day < snapshot.today)
    rows &= ~np.isnan(history.spend) & ~np.isnan(history.amount) & (history.amount > 0)
    rates = np.array([snapshot.rate(budget.currency) for budget in snapshot.budgets], dtype=np.float64)
    places, days = history.budget[rows], history.day[rows] - first
    size = len(snapshot.budgets)
    spent, amounts = np.zeros((_DAYS, size)), np.zeros((_DAYS, size))
    np.add.at(spent, (days, places), history.spend[rows] * rates[places])
    np.maximum.at(amounts, (days, places), history.amount[rows] * rates[places])  # a row a product, of one budget
    amounts[1:] = np.where(amounts[1:] > 0, np.maximum(amounts[1:], amounts[:-1]), 0.0)
    unlike = np.zeros(_DAYS, dtype=np.bool_)
    for promotion in snapshot.calendar:
        for begins, ends in unlike_days(snapshot, promotion):
            unlike[max(begins - first, 0) : max(ends + 1 - first, 0)] = True
    known = (amounts.sum(axis=1) > 0) & ~unlike
    numbers = np.flatnonzero(known)
    ratios = spent.sum(axis=1)[known] / amounts.sum(axis=1)[known]
    return np.asarray(ratios, dtype=np.float64), (numbers + first + EPOCH_ORDINAL - 1) % 7
