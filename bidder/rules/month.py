"""`month`: what is left of the calendar month, spread over its remaining days, as today's cap (SCIENCE 6.1).

Written as `budget.month` in bidder.yaml; not a word of rules. Two limits come of it, neither of which a rule can lift:

- the pace: b_t = (M − spent − committed)·w_t / Σ_{s ≥ t} w_s, held within 0.7 … 1.3 of the plan of the day,
  M·w_t / Σ_month w; w are weekday weights from eight weeks of history, shrunk, times what events bring;
- the worst case: what platforms may spend of today beyond daily budgets, plus the least that the days after cost
  (bidder pauses nothing), is at most what is left. Today's amounts stand until tomorrow's decision as well; that
  morning is reckoned with what platforms have made of amounts on such weekdays. So the month ends within M on every
  day like the last eight weeks, and at most what one day's amounts may cost at the worst above it when platforms
  suddenly deliver all that they may on its last days.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bidder.account_day import AccountDay
from bidder.errors import Source
from bidder.limits import Bounds, Limit, Priority, Quantity, Sense
from bidder.response.curve import Curves
from bidder.response.event_days import event_weight, unlike_days
from bidder.rules.amounts import in_force, in_shop, minimums, reserve
from bidder.rules.base import Kind
from bidder.rules.delivered import likely_most
from bidder.rules.events import open_purses
from bidder.rules.spent import committed_since
from bidder.snapshot import EPOCH_ORDINAL, FloatArray, Snapshot, day_number
from bidder.written import MonthlyAmount, Overdelivery

__all__ = ["Month", "Pace", "pace_of_month", "weekday_shape", "weekday_weights"]

_WEEKS = 8
_PSEUDO_WEEKS = 4.0  # weight of "every weekday is alike" against what was seen
_SLOWEST, _FASTEST = 0.7, 1.3
_EARLY = timedelta(hours=1)
_FREE = 3.0
"""A room for more than so many times the amount in force holds no budget: nothing moves further in a day."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The month as seen on one day, in the shop's currency: for limits, page and digest."""

    month: float
    spent: float
    committed: float
    """Reckoned for days whose figures are not in yet."""
    plan_today: float
    """The day's part of the month when nothing is ahead or behind."""
    today: float
    """What may be budgeted today."""
    worst: float
    """The most that amounts times overdelivery may add up to, so that today holds even at the worst."""
    rise: float
    """How many times its amount in force each budget may have: what stood since midnight may be spent already."""
    days_left: int
    """Today included."""


def weekday_weights(snapshot: Snapshot) -> FloatArray:
    """Weight of Monday … Sunday, mean 1: what the shop spent by weekday over eight weeks, shrunk to even, 0.5 … 2.

    See :func:`weekday_shape`.
    """
    history = snapshot.history
    first = snapshot.today - 7 * _WEEKS
    rows = (history.day >= first) & (history.day < snapshot.today) & ~np.isnan(history.spend)
    rates = np.array([snapshot.rate(budget.currency) for budget in snapshot.budgets], dtype=np.float64)
    spent = np.bincount(
        history.day[rows] - first, weights=history.spend[rows] * rates[history.budget[rows]], minlength=7 * _WEEKS
    )[: 7 * _WEEKS]
    return weekday_shape(np.asarray(spent, dtype=np.float64), first, snapshot)


def weekday_shape(amounts: FloatArray, first: int, snapshot: Snapshot) -> FloatArray:
    """Weight of Monday … Sunday, mean 1, from amounts a day since day number `first` (0: nothing known).

    Each day is taken against the mean of the seven days around it, so that a month of growth is no weekday. Days near
    an event's are left out.
    """
    spent = amounts
    unlike = np.zeros(len(spent), dtype=np.bool_)
    for promotion in snapshot.calendar:
        for begins, ends in unlike_days(snapshot, promotion):
            unlike[max(begins - first, 0) : max(ends + 1 - first, 0)] = True
    ratios, counts = np.zeros(7), np.zeros(7)
    for index in range(3, len(spent) - 3):
        level = float(spent[index - 3 : index + 4].mean())
        if level > 0 and spent[index - 3 : index + 4].min() > 0 and not unlike[index - 3 : index + 4].any():
            weekday = (first + index + EPOCH_ORDINAL - 1) % 7  # ordinal 1 was a Monday
            ratios[weekday] += spent[index] / level
            counts[weekday] += 1
    weights = np.clip((ratios + _PSEUDO_WEEKS) / (counts + _PSEUDO_WEEKS), 0.5, 2.0)
    return np.asarray(weights / weights.mean())


def pace_of_month(snapshot: Snapshot, month: float, overdelivery: FloatArray) -> Pace:
    """Today's part of what is left of `month` (shop currency), and the worst that today may cost."""
    day = snapshot.day
    length = monthrange(day.year, day.month)[1]
    weights = weekday_weights(snapshot)
    dates = [day.replace(day=1) + timedelta(days=n) for n in range(length)]
    of_day = [float(weights[one.weekday()]) * event_weight(snapshot, one) for one in dates]
    left = of_day[day.day - 1 :]
    first = day_number(day.replace(day=1))
    spent, committed = snapshot.spent_month.to_float(), float(committed_since(snapshot, first, overdelivery).sum())
    remaining = month - spent - committed
    plan_today = month * left[0] / sum(of_day)
    today = min(max(remaining * left[0] / sum(left), _SLOWEST * plan_today), _FASTEST * plan_today)
    worst, rise = _worst(snapshot, remaining, overdelivery, len(left))
    return Pace(month, spent, committed, plan_today, max(min(today, remaining), 0.0), worst, rise, len(left))


def _worst(snapshot: Snapshot, remaining: float, overdelivery: FloatArray, days_left: int) -> tuple[float, float]:
    """The most that Σ amounts·overdelivery may be today, and how many times its amount in force a budget may have.

    Decided as the day begins, today costs Σ amounts·overdelivery at the worst, and each day after it at least the
    minimums: that fits into what is left. Decided later, what stood since midnight may be spent already: today costs
    Σ max(now, amount)·overdelivery, which holds when no budget has more than (what is left) / Σ now·overdelivery times
    what it has now. Today's amounts then stand until tomorrow's decision. What a morning costs is not the worst of a
    whole day after a whole day of the worst, so for both together platforms are reckoned with as on the last weeks'
    same weekdays: r₁·max(now, amounts) + r₂·amounts is at most what is left.
    """
    spends = in_force(snapshot)
    least = float((minimums(snapshot) * overdelivery)[spends].sum())
    if _decided_early(snapshot):
        return remaining - least * (days_left - 1), np.inf
    amounts = np.nan_to_num(snapshot.now)[spends]
    now = float((amounts * overdelivery[spends]).sum())
    today = remaining - least * (days_left - 1)
    rise = max(today / now, 1.0) if now > 0 else np.inf
    if days_left == 1:
        return today, rise
    first, second = (likely_most(snapshot, snapshot.day + timedelta(days=n), overdelivery) for n in (0, 1))
    left = remaining - least * (days_left - 2)
    both = min(left / (first + second), (left - first * float(amounts.sum())) / second)
    highest = float(overdelivery[spends].max(initial=1.0))
    return min(today, both * highest), rise


class Month(Kind):
    """The hard cap of the calendar month, as today's part of it."""

    word: ClassVar[str] = "month"
    priority: ClassVar[int] = Priority.ABSOLUTE

    max: MonthlyAmount
    """At most so much in a calendar month; single months may have an amount of their own."""
    overdelivery: Overdelivery = None
    """What a platform may spend beyond a daily budget: its own figure, or at least this, for example `120%`."""

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds | Limit]:
        """Pace and worst case over all budgets in force; never below what their minimums cost, which nobody can cut."""
        spends = in_force(snapshot).astype(np.float64)
        over = np.array([max(b.overdelivery, self.overdelivery or 1.0) for b in snapshot.budgets], dtype=np.float64)
        least, extra = minimums(snapshot), reserve(snapshot)
        pace = pace_of_month(snapshot, in_shop(self.max.of(snapshot.day), snapshot), over)
        # the pace holds ordinary money; what a purse pays is held by the purse, and by the month itself
        paced = min(pace.today + open_purses(snapshot), max(pace.month - pace.spent - pace.committed, 0.0))
        today = max(paced - float(extra @ spends), float(least @ spends))
        yield Limit(name, Quantity.AMOUNT, spends, Sense.AT_MOST, today, priority, source)
        weights = spends * over
        worst = max(pace.worst - float(extra @ weights), float(least @ weights))
        yield Limit(f"{name} (worst case)", Quantity.AMOUNT, weights, Sense.AT_MOST, worst, priority, source)
        if pace.rise < _FREE:
            upper = np.where(np.isnan(snapshot.now), np.inf, np.maximum(snapshot.now * pace.rise, least))
            lower = np.full(len(upper), -np.inf)
            yield Bounds(f"{name} (what is left on the last days)", lower, upper, priority, source)


def _decided_early(snapshot: Snapshot) -> bool:
    """Whether the decided day has hardly begun anywhere: then yesterday's amounts spend nothing of it."""
    zones = {account.timezone for account in snapshot.accounts}
    return all(snapshot.as_of <= AccountDay(zone, snapshot.day).start_at + _EARLY for zone in zones)
