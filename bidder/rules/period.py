"""What is left of a week or a month of the chosen budgets, as today's part of it. Used by `total: {per: week}`.

As for the month of the whole shop (:mod:`bidder.rules.month`): today gets its weekday's part of what is left, within
0.7 to 1.3 of its part of the whole, and leaves at least the minimums of the days to come.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bidder.response.event_days import event_weight
from bidder.rules.amounts import in_force, minimums
from bidder.rules.month import weekday_weights
from bidder.rules.spent import committed_since, spent_since
from bidder.snapshot import Snapshot, day_number

__all__ = ["today_of_period"]

_SLOWEST, _FASTEST = 0.7, 1.3


def today_of_period(snapshot: Snapshot, chosen: NDArray[np.bool_], most: float, per: Literal["week", "month"]) -> float:
    """The most that the chosen budgets may add up to today, so that the period holds at the worst overdelivery."""
    day = snapshot.day
    if per == "week":
        begins, length = day - timedelta(days=day.weekday()), 7
    else:
        begins, length = day.replace(day=1), monthrange(day.year, day.month)[1]
    weights = weekday_weights(snapshot)
    dates = [begins + timedelta(days=n) for n in range(length)]
    of_day = [float(weights[one.weekday()]) * event_weight(snapshot, one) for one in dates]
    left = of_day[(day - begins).days :]
    over = np.array([budget.overdelivery for budget in snapshot.budgets], dtype=np.float64)
    first = day_number(begins)
    out = spent_since(snapshot, first) + committed_since(snapshot, first, over)
    spends = chosen & in_force(snapshot)
    remaining = most - float(out[chosen].sum())
    part = most * left[0] / sum(of_day)
    paced = min(max(remaining * left[0] / sum(left), _SLOWEST * part), _FASTEST * part)
    rest = float((minimums(snapshot) * over)[spends].sum()) * (len(left) - 1)
    worst = float(over[spends].max(initial=1.0))
    return min(paced, (remaining - rest) / worst)
