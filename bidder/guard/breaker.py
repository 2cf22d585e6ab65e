"""The breaker on flapping: too many writes a day mean that something goes round in a circle, whatever each looks like.

Looks at what was written, not at a plan: called by :mod:`bidder.apply` before a pass that nobody approved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from bidder.bidding import LeverId, shown
from bidder.ids import BudgetId, PlanId
from bidder.money import Money

__all__ = ["MOST_BID_WRITES", "MOST_MOVED", "MOST_WRITES", "Written", "bids_flapping", "flapping"]

MOST_WRITES = 6
"""So many writes of one budget a day are the most."""

MOST_MOVED = Fraction(1, 2)
"""The most of the money in force that the plans of one day may move together."""


MOST_BID_WRITES = 2
"""So many writes of one bid or target a day are the most: a plan a day moves it once, going back once more."""


class Written(NamedTuple):
    """A write of today that landed, or may have."""

    plan: PlanId
    budget: BudgetId
    before: Money
    after: Money


def flapping(today: Sequence[Written], in_force: Sequence[Money]) -> str | None:
    """Why no more may be written for a day; None while all is quiet.

    A single plan never trips it on money, for the brake has looked at that already: several plans of one day do, when
    together they moved more than half of what is in force (money that goes up and down again counts twice).
    """
    often, times = max(Counter(one.budget for one in today).items(), key=lambda one: one[1], default=(None, 0))
    if times >= MOST_WRITES:
        return f"{often} was written {times} times today, at most {MOST_WRITES}"
    plans = {one.plan for one in today}
    for currency in sorted({one.after.currency for one in today}):
        moved = sum(abs(one.after.micros - one.before.micros) for one in today if one.after.currency == currency)
        total = sum(amount.micros for amount in in_force if amount.currency == currency)
        if len(plans) > 1 and total > 0 and moved > MOST_MOVED * total:
            said = f"{len(plans)} plans moved {Money(moved, currency)} of {Money(total, currency)} {currency} today"
            return f"{said}, at most {float(MOST_MOVED):.0%}"
    return None


def bids_flapping(today: Sequence[tuple[LeverId, int, int]]) -> str | None:
    """Why no bid may be written for a day; None while all is quiet. `today`: each write that landed, before and after.

    A bid rests for days after a move: more than two writes of one a day, or one up and one down, go in circles.
    """
    often, times = max(Counter(lever for lever, _, _ in today).items(), key=lambda one: one[1], default=(None, 0))
    if times > MOST_BID_WRITES:
        return f"{often} was written {times} times today, at most {MOST_BID_WRITES}"
    up: dict[LeverId, bool] = {}
    for lever, before, after in today:
        if up.setdefault(lever, after > before) != (after > before):
            return f"{lever} went up and down today, to {shown(after)} in the end"
    return None
