"""The month's sales plan by day, and what was sold against it: weekdays and events have their parts (SCIENCE 6.1).

Used by `bidder status`. Sales are what the shop itself reports, by day; a day without figures counts as not sold yet.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from bidder.response.event_days import event_weight
from bidder.rules.month import weekday_shape
from bidder.rules.tacos import sales_by_day
from bidder.snapshot import Snapshot, day_number

__all__ = ["SalesPlan", "sales_plan"]

_WEEKS = 8


@dataclass(frozen=True, slots=True)
class SalesPlan:
    """The plan of a calendar month in the shop's currency, as seen before the decided day."""

    month: float
    days: tuple[tuple[date, float], ...]
    """Every day of the month with its part; the parts sum to `month`."""
    sold: float
    """Reported before the decided day."""
    due: float
    """What the plan has for the same days."""
    reported: int
    """Days before the decided one with figures."""
    decided: date

    @property
    def today(self) -> float:
        """The decided day's part, what is behind or ahead spread over the days that are left, 0 at least."""
        passed = len(self.days) - self.left
        rest = sum(amount for _, amount in self.days[passed:])
        own = self.days[passed][1]
        return max(own * (self.month - self.sold) / rest, 0.0) if rest > 0 else own

    @property
    def left(self) -> int:
        """Days that are left, the decided one included."""
        return sum(1 for day, _ in self.days if day >= self.decided)


def sales_plan(snapshot: Snapshot, month: float) -> SalesPlan:
    """`month` split over the days of the decided day's month."""
    everything = np.ones(len(snapshot.budgets), dtype=np.bool_)
    begins = snapshot.today - 7 * _WEEKS
    shape = weekday_shape(np.nan_to_num(sales_by_day(snapshot, everything, begins)), begins, snapshot)
    first = snapshot.day.replace(day=1)
    dates = [first + timedelta(days=n) for n in range(monthrange(first.year, first.month)[1])]
    weights = [float(shape[one.weekday()]) * event_weight(snapshot, one) for one in dates]
    parts = tuple((one, month * weight / sum(weights)) for one, weight in zip(dates, weights, strict=True))
    sales = sales_by_day(snapshot, everything, day_number(first))
    known = np.isfinite(sales)
    due = sum(amount for one, amount in parts if one < snapshot.day)
    return SalesPlan(month, parts, float(sales[known].sum()), due, int(known.sum()), snapshot.day)
