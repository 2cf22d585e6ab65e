"""The brake of bids and targets: named checks on the final integers, each of which keeps a line from being written.

Called by :mod:`bidder.apply_bids` right before anything is sent, with what the store knows then. It does its own exact
arithmetic and trusts neither the estimates nor the rounding of `bids`. Whatever goes wrong in a check holds the line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from bidder.bidding import Lever, LeverChange, LeverId, LeverKind
from bidder.guard.case import exact
from bidder.money import minor_unit

__all__ = ["BID_CHECKS", "BidLimits", "BidLine", "HeldBid", "guard_bids"]

JUMP = 3
"""A change by more than this factor, up or down, is taken for a mistaken unit, whatever the configuration says."""

FOREIGN_REST = timedelta(hours=24)
"""For so long a bid that somebody else moved is left alone."""

TARGET_STEP = Fraction(1, 10)
"""No target moves further at once, whatever the configuration says."""

TARGET_REST = 5
"""So many days a target stays after a move, whatever the configuration says."""

RATIO_STEP = 10_000
"""The smallest difference of a target ROAS where the platform names none: a hundredth."""


@dataclass(frozen=True, slots=True)
class BidLimits:
    """What a person allows of an account's bids and targets. Values in millionths, steps as parts, rests in days."""

    floor: int | None = None
    cap: int | None = None
    step: float = 0.20
    rest: int = 2
    target_step: float = 0.10
    target_rest: int = 5


@dataclass(frozen=True, slots=True)
class BidLine:
    """One change with all that is known of its bid or target.

    `today` is the running account day; `moved` the day on which bidder last moved it; `foreign_at` when somebody else
    did. `open`: a write of it has no known outcome. `budget_moved`: the budget that pays for its clicks was written on
    this account day, or may have been.
    """

    change: LeverChange
    lever: Lever | None
    limits: BidLimits
    as_of: datetime
    today: date
    moved: date | None = None
    foreign_at: datetime | None = None
    open: bool = False
    budget_moved: bool = False

    @property
    def bid(self) -> bool:
        """Whether it is money a click."""
        return self.change.lever.kind.bid

    @property
    def grain(self) -> int:
        """The smallest difference that the platform takes."""
        assert self.lever is not None
        if self.lever.step is not None and self.lever.step > 0:
            return self.lever.step
        ratio = self.change.lever.kind is LeverKind.TARGET_ROAS
        return RATIO_STEP if ratio else minor_unit(self.lever.currency)

    @property
    def bounds(self) -> tuple[int | None, int | None]:
        """The floor and cap that hold: a person's (of bids alone) within the platform's."""
        assert self.lever is not None
        own = (self.limits.floor, self.limits.cap) if self.bid else (None, None)
        low = [one for one in (own[0], self.lever.minimum) if one is not None]
        high = [one for one in (own[1], self.lever.maximum) if one is not None]
        return (max(low) if low else None), (min(high) if high else None)

    @property
    def comes_inside(self) -> bool:
        """Whether it stood outside its bounds and goes in, no further than to the bound itself."""
        before, after, (low, high) = self.change.before, self.change.after, self.bounds
        if before is None:
            return False
        if high is not None and before > high:
            return high - self.grain < after < before
        return low is not None and before < low and before < after < low + self.grain


@dataclass(frozen=True, slots=True)
class HeldBid:
    """What holds a line, by which check."""

    lever: LeverId
    check: str
    reason: str


BidCheck = Callable[[BidLine], Iterator[str]]


def bid_known(line: BidLine) -> Iterator[str]:
    """The bid was read, and the change starts from the value that is known to be in force."""
    if line.lever is None:
        yield "no such bid or target is known"
    elif line.change.before is None or line.lever.now is None:
        yield "its value in force was never read"
    elif line.change.before != line.lever.now:
        yield "proposed from another value than the one in force"


def bid_sound(line: BidLine) -> Iterator[str]:
    """The new value is a whole number of millionths above zero."""
    after: object = line.change.after
    if type(after) is not int or after <= 0:
        yield f"{after!r} is no value"


def bid_left_alone(line: BidLine) -> Iterator[str]:
    """What is paused, lately moved by others, or has an open write is not written."""
    if line.lever is not None and not line.lever.active:
        yield "it is paused, or what it belongs to is"
    if line.open:
        yield "its last write has no known outcome"
    if line.foreign_at is not None and line.as_of - line.foreign_at < FOREIGN_REST:
        yield "somebody else moved it within 24 h"


def bid_platform_takes_it(line: BidLine) -> Iterator[str]:
    """The new value lies between the platform's minimum and maximum, and on its step."""
    lever, after = line.lever, line.change.after
    if lever is None:
        return
    if lever.minimum is not None and after < lever.minimum:
        yield "below the platform's minimum"
    if lever.maximum is not None and after > lever.maximum:
        yield "above the platform's maximum"
    if after % line.grain:
        yield "off the platform's step"


def bid_units_plausible(line: BidLine) -> Iterator[str]:
    """No value is more than three times or less than a third of the one in force: that is how a wrong unit looks."""
    before, after = line.change.before, line.change.after
    if before is not None and (after > JUMP * before or after * JUMP < before):
        yield f"more than {JUMP} times up or down: a wrong unit?"


def bid_within_bounds(line: BidLine) -> Iterator[str]:
    """No bid rises above its cap or falls below its floor."""
    before, after, limits = line.change.before, line.change.after, line.limits
    if not line.bid or before is None:
        return
    if limits.cap is not None and after > limits.cap and after > before:
        yield "above its cap"
    if limits.floor is not None and after < limits.floor and after < before:
        yield "below its floor"


def bid_within_step(line: BidLine) -> Iterator[str]:
    """No bid moves further than its step (at least one step of the platform); a target by a tenth at most."""
    before, after = line.change.before, line.change.after
    if before is None or line.lever is None or line.comes_inside:
        return
    step = exact(line.limits.step) if line.bid else min(exact(line.limits.target_step), TARGET_STEP)
    most = max(before * step, Fraction(line.grain)) if line.bid else before * step
    if abs(after - before) > most:
        yield f"beyond its step of {float(step):.0%}"


def bid_rested(line: BidLine) -> Iterator[str]:
    """It has stayed as long as its rest asks for since bidder last moved it."""
    if line.moved is None or (line.bid and line.lever is not None and line.comes_inside):
        return
    rest = line.limits.rest if line.bid else max(line.limits.target_rest, TARGET_REST)
    if (line.today - line.moved).days < rest:
        yield f"moved on {line.moved}, it rests {rest} days"


def one_lever_a_day(line: BidLine) -> Iterator[str]:
    """The budget that pays for it was not written today: budget and bid do not fight."""
    if line.budget_moved:
        yield "its budget was written today: one of the two moves on a day"


BID_CHECKS: tuple[BidCheck, ...] = (
    bid_known,
    bid_sound,
    bid_left_alone,
    bid_platform_takes_it,
    bid_units_plausible,
    bid_within_bounds,
    bid_within_step,
    bid_rested,
    one_lever_a_day,
)
"""Every check; its name is that of the function."""


def guard_bids(lines: Sequence[BidLine]) -> tuple[HeldBid, ...]:
    """All that holds lines of these; a line without any may be written. Never raises: a failing check holds."""
    return tuple(one for line in lines for check in BID_CHECKS for one in _run(check, line))


def _run(check: BidCheck, line: BidLine) -> list[HeldBid]:
    name, lever = check.__name__, line.change.lever
    try:
        return [HeldBid(lever, name, reason) for reason in check(line)]
    except Exception as e:  # fail closed: a brake that breaks is a brake that is on
        return [HeldBid(lever, name, f"the check itself failed: {type(e).__name__}: {e}")]
