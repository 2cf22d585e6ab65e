"""The platform activity (大促) of a day: the one place where rules ask the calendar.

The names `event.*` hold per budget: the event that any of its products is in, in the phase of the hour that is decided
(an hour early for a burst). What is asked of the whole shop is answered by the strongest phase of any event.
"""

from __future__ import annotations

from datetime import timedelta

from bidder.promotion import Phase
from bidder.response.event_days import InForce, in_force_at, instant_of, of_budgets
from bidder.snapshot import Snapshot

__all__ = [
    "STEPS_BACK",
    "event_days",
    "event_discounts",
    "event_name",
    "event_names",
    "event_near",
    "event_phase",
    "event_phases",
    "open_purses",
    "purse_is_open",
]

STEPS_BACK = 3
"""Days that an event's multiples take to come back to 1."""


def event_name(snapshot: Snapshot) -> str:
    """The activity that the shop is in; empty on ordinary days."""
    going = in_force_at(snapshot)
    return going[0].promotion.name if going else ""


def event_phase(snapshot: Snapshot) -> str:
    """Its phase; empty on ordinary days, and in phases that are like them."""
    going = [one for one in in_force_at(snapshot) if not one.span.phase.ordinary]
    return going[0].span.phase.value if going else ""


def event_near(snapshot: Snapshot, days: int) -> bool:
    """Whether an activity falls on the decided day or within so many days of it."""
    apart, at = timedelta(days=days), instant_of(snapshot)
    return any(one.opens - apart <= at <= one.closes + apart for one in snapshot.calendar)


def purse_is_open(snapshot: Snapshot) -> bool:
    """Whether an event with a purse is in a phase that may be dear, or on its way back from one."""
    return open_purses(snapshot) > 0


def open_purses(snapshot: Snapshot) -> float:
    """What the purses of such events hold together, in the shop's currency; 0 when there is none."""
    dear = (Phase.PRESALE, Phase.PREHEAT, Phase.BURST, Phase.BALANCE, Phase.ENCORE)
    at, sums = instant_of(snapshot), 0.0
    for one in in_force_at(snapshot):
        purse = one.promotion.purse
        if purse is None:
            continue
        if one.span.phase in dear or (one.span.phase is Phase.RECOVER and one.day(at) < STEPS_BACK):
            sums += purse.to_float() * snapshot.rate(purse.currency)
    return sums


def event_names(snapshot: Snapshot) -> list[str]:
    """`event.name` of each budget."""
    return ["" if one is None else one.promotion.name for one in of_budgets(snapshot)]


def event_phases(snapshot: Snapshot) -> list[str]:
    """`event.phase` of each budget."""
    return ["" if one is None else one.span.phase.value for one in of_budgets(snapshot)]


def event_days(snapshot: Snapshot) -> list[int]:
    """`event.day` of each budget: the day of its phase, 1 for the first; 0 outside events."""
    return [0 if one is None else one.day(instant_of(snapshot)) + 1 for one in of_budgets(snapshot)]


def event_discounts(snapshot: Snapshot) -> list[float]:
    """`event.discount` of each budget: by which part its price is lower now."""
    return [0.0 if one is None else _discount(one) for one in of_budgets(snapshot)]


def _discount(one: InForce) -> float:
    return one.promotion.discount if one.span.phase.priced else 0.0
