"""The purse of an event: what its days may cost beyond ordinary amounts, never exceeded over the whole event.

Called by `evaluate`. A rule `budget: {multiply: 3, from: purse}` lifts amounts, and what the event's goods together
cost above their ordinary amounts while it holds is taken from the purse: as reported, and for days without figures yet
as reckoned at the worst overdelivery. What is left is spread evenly over the days on which such rules still hold, so
that each day can cost all that it may and the sum is kept. Inside the purse no step brakes a raise; three times a day
is the most all the same, and absolute caps stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from bidder.account_day import AccountDay
from bidder.limits import Bounds, Limit, Priority, Quantity, Sense
from bidder.promotion import Promotion
from bidder.response.event_days import instant_of, of_budgets
from bidder.rules.amounts import in_force, minimums, reserve
from bidder.rules.multiples import Multiples
from bidder.rules.spent import committed_since
from bidder.snapshot import EPOCH_ORDINAL, FloatArray, Snapshot, day_number

__all__ = ["Purse", "purse_limits", "purses"]

EARLY = timedelta(hours=1)


@dataclass(frozen=True, slots=True, eq=False)
class Purse:
    """The purse of one event as seen now, in the shop's currency."""

    promotion: Promotion
    members: NDArray[np.bool_]
    """The budgets that draw on it now."""
    whole: float
    spent: float
    """Taken from it on the days before the decided one."""
    days_left: int
    """Days on which rules draw on it, today included."""
    ordinary: FloatArray
    """What the amounts in force would be without it."""

    @property
    def today(self) -> float:
        """What today may cost beyond ordinary amounts."""
        return max(self.whole - self.spent, 0.0) / max(self.days_left, 1)


def purses(multiples: Multiples) -> Iterator[Purse]:
    """The purses that rules draw on now."""
    snapshot = multiples.snapshot
    places = multiples.places(purse=True)
    if not places or not snapshot.calendar:
        return
    at = instant_of(snapshot)
    drawing = np.zeros(len(snapshot.budgets), dtype=np.bool_)
    for place in places:
        drawing |= multiples.holds(place, at, snapshot.day)
    if not drawing.any():
        return
    own = of_budgets(snapshot, at)
    ordinary = snapshot.now / multiples.changed(purse=True)
    seen: set[int] = set()
    for one in own:
        if one is None or one.promotion.purse is None or id(one.promotion) in seen:
            continue
        seen.add(id(one.promotion))
        mine = np.array([other is not None and other.promotion is one.promotion for other in own], dtype=np.bool_)
        members = mine & drawing
        if members.any():
            whole = one.promotion.purse.to_float() * snapshot.rate(one.promotion.purse.currency)
            spent, left = _taken(multiples, places, one.promotion, ordinary)
            yield Purse(one.promotion, members, whole, spent, left, ordinary)


def _taken(multiples: Multiples, places: list[int], promotion: Promotion, ordinary: FloatArray) -> tuple[float, int]:
    """What was taken before the decided day, and the days from it on on which rules draw."""
    snapshot = multiples.snapshot
    first = day_number(AccountDay.of(promotion.opens, multiples.zone).date)
    last = day_number(AccountDay.of(promotion.closes, multiples.zone).date)
    spend, amount, known = _by_day(snapshot, first)
    over = np.array([max(budget.overdelivery, 1.0) for budget in snapshot.budgets], dtype=np.float64)
    taken, left = 0.0, 0
    for number in range(first, last + 1):
        held, factor = _of_day(multiples, places, promotion, number)
        if not held.any():
            continue
        if number >= snapshot.today:
            left += 1
            continue
        row = number - first
        usual = np.where(amount[row] > 0, amount[row] / factor, ordinary)  # the day's largest multiple: the least usual
        worst = np.nan_to_num(snapshot.now) * over * in_force(snapshot)
        missing = _unreported(snapshot, number, known)
        cost = np.where(missing, worst, np.nan_to_num(spend[row]))
        taken += max(float((cost - np.nan_to_num(usual))[held].sum()), 0.0)
    return taken, left


def _of_day(
    multiples: Multiples, places: list[int], promotion: Promotion, number: int
) -> tuple[NDArray[np.bool_], FloatArray]:
    """The budgets that draw on the purse at any hour of a day, and the largest multiple of that day."""
    snapshot = multiples.snapshot
    day = date.fromordinal(number + EPOCH_ORDINAL)
    begins, ends = AccountDay(multiples.zone, day).start_at, AccountDay(multiples.zone, day).end_at
    hours = [at for span in promotion.lasting for at in (span.opens,) if begins < at < ends]
    held = np.zeros(len(snapshot.budgets), dtype=np.bool_)
    factor = np.ones(len(snapshot.budgets))
    for at in (begins, *hours):
        of = of_budgets(snapshot, at)
        mine = np.array([one is not None and one.promotion is promotion for one in of], dtype=np.bool_)
        drawing = np.zeros(len(mine), dtype=np.bool_)
        for place in places:
            drawing |= multiples.holds(place, at, day)
        held |= drawing & mine
        factor = np.maximum(factor, np.where(drawing & mine, multiples.of(at, day, purse=True), 1.0))
    return held, factor


def _by_day(snapshot: Snapshot, first: int) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """(days, n) spend and largest amount from day number `first` to yesterday, and which days are reported at all."""
    history = snapshot.history
    size, length = len(snapshot.budgets), max(snapshot.today - first, 0)
    spend, amount = np.zeros((length, size)), np.zeros((length, size))
    known = np.zeros((length, size), dtype=np.bool_)
    rates = np.array([snapshot.rate(budget.currency) for budget in snapshot.budgets], dtype=np.float64)
    rows = (history.day >= first) & (history.day < snapshot.today) & ~np.isnan(history.spend)
    day, place = history.day[rows] - first, history.budget[rows]
    np.add.at(spend, (day, place), history.spend[rows] * rates[place])
    np.maximum.at(amount, (day, place), np.nan_to_num(history.amount[rows]) * rates[place])
    known[day, place] = True
    return spend, amount, known


def _unreported(snapshot: Snapshot, number: int, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Budgets whose account has not reported a day yet."""
    gap = committed_since(snapshot, number, np.ones(len(snapshot.budgets)))
    return np.asarray((gap > 0) & ~known[number - (snapshot.today - len(known))])


def purse_limits(found: Iterable[Purse], snapshot: Snapshot) -> Iterator[Bounds | Limit]:
    """For each purse the cap on what its budgets add up to, and how far each may rise today."""
    now, least = snapshot.now, minimums(snapshot)
    over = np.array([max(budget.overdelivery, 1.0) for budget in snapshot.budgets], dtype=np.float64)
    for purse in found:
        name = f"purse of {purse.promotion.name}"
        spends = purse.members & in_force(snapshot)
        weights = spends * over
        usual = np.maximum(np.nan_to_num(purse.ordinary), 0.0)
        bound = purse.today + float((usual * spends).sum()) - float((reserve(snapshot) * weights).sum())
        bound = max(bound, float((np.maximum(usual, least) * weights).sum()))  # ordinary money is not the purse's
        yield Limit(name, Quantity.AMOUNT, weights, Sense.AT_MOST, bound, Priority.ABSOLUTE)
        stands = np.nan_to_num(now) > usual * (1 + 1e-9)
        if stands.any() and instant_of(snapshot) > _start(snapshot) + EARLY:
            # what stood since midnight may be spent already: what it leaves is all that amounts may rise by
            used = float((np.nan_to_num(now) * weights).sum())
            room = max(bound - used, 0.0) / max(used, 1e-9)
            upper = np.where(spends & ~np.isnan(now), np.maximum(now * (1 + room), least), np.inf)
            yield Bounds(f"{name} (what is left today)", np.full(len(now), -np.inf), upper, Priority.ABSOLUTE)


def _start(snapshot: Snapshot) -> datetime:
    zone = snapshot.accounts[0].timezone if snapshot.accounts else "UTC"
    return AccountDay(zone, snapshot.day).start_at
