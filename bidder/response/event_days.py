"""Which phase of which event holds for each budget at an instant, and which days of history are unlike others for it.

Read by the rules and by :mod:`bidder.response.event_prices`. Days of an event are kept out of everything that says what
is usual: levels, how late orders come, weekdays, units a day (SCIENCE 6.5). Pure; masks are in Snapshot order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bidder.account_day import AccountDay
from bidder.promotion import LEAD, Phase, Promotion, Span
from bidder.snapshot import History, Snapshot, day_number

__all__ = [
    "USUAL_LIFT",
    "InForce",
    "covered",
    "event_rows",
    "event_weight",
    "in_force_at",
    "instant_of",
    "of_budgets",
    "recovering",
    "unlike_days",
    "waiting",
    "without_event_days",
]

USUAL_LIFT = 1.5
"""The lift of a burst of which nothing is said or known (SCIENCE 6.5)."""


class InForce(NamedTuple):
    """An event at an instant: in which phase it is."""

    promotion: Promotion
    span: Span

    def day(self, at: datetime) -> int:
        """Days since the phase began: 0 on the first."""
        return int((at - self.span.opens) / timedelta(days=1))


def covered(snapshot: Snapshot, promotion: Promotion) -> NDArray[np.bool_]:
    """The budgets that advertise any of an event's goods (all of them, when it is about the whole shop)."""
    if promotion.products is None:
        return np.ones(len(snapshot.budgets), dtype=np.bool_)
    key = f"event {promotion.name} {promotion.opens.isoformat()}"
    column = snapshot.column(
        key, lambda: np.array([promotion.covers(one.products) for one in snapshot.budgets], dtype=np.float64)
    )
    return np.asarray(column > 0)


def instant_of(snapshot: Snapshot) -> datetime:
    """The instant whose phases hold: that of the Snapshot, or the start of the decided day where that is later."""
    zone = snapshot.accounts[0].timezone if snapshot.accounts else "UTC"
    return max(snapshot.as_of, AccountDay(zone, snapshot.day).start_at)


def in_force_at(snapshot: Snapshot, at: datetime | None = None) -> tuple[InForce, ...]:
    """The events that are going on at an instant (default: the Snapshot's), the strongest phase first."""
    if not snapshot.calendar:
        return ()
    instant = instant_of(snapshot) if at is None else at
    found = [(one, one.at(instant)) for one in snapshot.calendar]
    going = [InForce(one, span) for one, span in found if span is not None]
    return tuple(sorted(going, key=lambda one: (one.span.phase.rank, one.span.opens, one.promotion.name)))


def of_budgets(snapshot: Snapshot, at: datetime | None = None) -> Sequence[InForce | None]:
    """For each budget the event that it is in at an instant, the strongest phase where there are several."""
    result: list[InForce | None] = [None] * len(snapshot.budgets)
    for one in reversed(in_force_at(snapshot, at)):
        for index in np.flatnonzero(covered(snapshot, one.promotion)).tolist():
            result[index] = one
    return result


def _of_the_day(span: Span) -> datetime:
    """When a phase really opens: the hour that budgets are early makes no day of a burst of the one before it."""
    return span.opens + LEAD if span.phase is Phase.BURST else span.opens


def unlike_days(snapshot: Snapshot, promotion: Promotion) -> tuple[tuple[int, int], ...]:
    """First and last day numbers of the phases in which the event's goods sell unlike themselves."""
    zone = snapshot.accounts[0].timezone if snapshot.accounts else "UTC"
    last_instant = timedelta(microseconds=1)
    return tuple(
        (
            day_number(AccountDay.of(_of_the_day(span), zone).date),
            day_number(AccountDay.of(span.closes - last_instant, zone).date),
        )
        for span in promotion.lasting
        if not span.phase.ordinary
    )


def event_weight(snapshot: Snapshot, day: date) -> float:
    """How many times an ordinary day's money a day asks for, by its events: for the pace of a month (SCIENCE 6.1).

    The largest lift of its hours, since budgets are of a whole day; only the part of the shop's budgets that is in the
    event counts.
    """
    if not snapshot.calendar:
        return 1.0
    zone = snapshot.accounts[0].timezone if snapshot.accounts else "UTC"
    of_day = AccountDay(zone, day)
    begins, ends = of_day.start_at, of_day.end_at
    now = np.nan_to_num(snapshot.now)
    weight = 1.0
    for promotion in snapshot.calendar:
        if promotion.opens >= ends or promotion.closes <= begins:
            continue
        opens = (_of_the_day(span) for span in promotion.lasting)
        starts = [begins, *(at for at in opens if begins < at < ends)]
        phases = [span.phase for span in (promotion.at(start) for start in starts) if span is not None]
        lift = max((promotion.lift_of(one, promotion.lift or USUAL_LIFT) for one in phases), default=1.0)
        share = float(now[covered(snapshot, promotion)].sum() / now.sum()) if now.sum() > 0 else 1.0
        weight *= 1.0 + share * (lift - 1.0)
    return weight


def event_rows(snapshot: Snapshot, history: History) -> NDArray[np.bool_]:
    """The rows of a history that are of an event: its goods, on days of phases that are unlike ordinary ones."""
    marked = np.zeros(len(history), dtype=np.bool_)
    for promotion in snapshot.calendar:
        of_budget = covered(snapshot, promotion)
        for first, last in unlike_days(snapshot, promotion):
            days = (history.day >= first) & (history.day <= last)
            if days.any():
                marked |= days & of_budget[history.budget]
    return marked


def without_event_days(snapshot: Snapshot) -> Snapshot:
    """The Snapshot without rows of events, for all that is learnt; a budget that would lose every row keeps its own."""
    if not snapshot.calendar:
        return snapshot
    history, versions = snapshot.history, snapshot.versions
    marked = event_rows(snapshot, history)
    if not marked.any():
        return snapshot
    size = len(snapshot.budgets)
    spent = np.nan_to_num(history.spend) > 0
    left = np.bincount(history.budget[~marked & spent], minlength=size) > 0
    keep = ~marked | ~left[history.budget]
    kept_versions = ~(event_rows(snapshot, versions) & left[versions.budget]) if len(versions) else None
    return replace(
        snapshot,
        history=history.select(keep),
        versions=versions if kept_versions is None else versions.select(kept_versions),
    )


def waiting(snapshot: Snapshot) -> NDArray[np.bool_]:
    """Budgets whose orders hold back now: nothing of theirs is judged by conversions."""
    return np.array([one is not None and one.span.phase.waits for one in of_budgets(snapshot)], dtype=np.bool_)


def recovering(snapshot: Snapshot) -> NDArray[np.bool_]:
    """Budgets whose demand an event has emptied: no cut is made for it."""
    phases = [None if one is None else one.span.phase for one in of_budgets(snapshot)]
    return np.array([one is Phase.RECOVER for one in phases], dtype=np.bool_)
