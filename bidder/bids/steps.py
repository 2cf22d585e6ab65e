"""From where a bid should be to where it goes today: bounds, steps, rests, turns, the platform's own step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, floor, isfinite

from bidder.bids.case import Moved, Why

__all__ = ["Room", "stepped"]

SMALLEST = 0.05
"""A smaller move is not worth its write."""

TURN = timedelta(days=4)
"""A move back waits for so long at least."""

TURN_SMALLEST = 0.10
"""And is at least so large."""


@dataclass(frozen=True, slots=True)
class Room:
    """What holds a lever: bounds (millionths of its unit), the largest step as a part, rest, the platform's step."""

    low: int
    high: int | None
    step: float
    rest: timedelta
    grain: int
    whole: bool = True
    """Whether a platform's step that is larger than ours may be taken whole; never for targets."""

    def within(self, value: float) -> float:
        """The nearest value inside the bounds."""
        return max(float(self.low), value if self.high is None else min(value, float(self.high)))


def stepped(
    now: int, wish: float, room: Room, day: date, moves: Sequence[Moved], share: float = 1.0
) -> tuple[int, Why | None]:
    """The value for today, and why it stays where it does (None where it moves by its wish).

    `share` is the part of the step that the evidence allows. What stands outside the bounds goes inside at once.
    """
    if room.high is not None and room.low > room.high:
        return now, Why.CLASH
    if not isfinite(wish):
        return now, Why.UNKNOWN
    inside = _on_grain(room.within(float(now)), now, room)
    if inside != now:
        return inside, Why.BOUNDS
    wish = room.within(wish)
    up = wish > now
    last = moves[-1] if moves else None
    turns = last is not None and (last.after > last.before) != up
    if abs(wish / now - 1) < (TURN_SMALLEST if turns else SMALLEST):
        return now, Why.NEAR
    if last is not None and day - last.day < room.rest:
        return now, Why.RESTS
    if turns and last is not None and day - last.day < max(TURN, room.rest):
        return now, Why.TURNS
    most = room.step * share
    after = _on_grain(min(wish, now * (1 + most)) if up else max(wish, now * (1 - most)), now, room)
    if (
        room.whole and after == now and abs(wish - now) >= room.grain
    ):  # the platform's step is larger than ours: one of its own
        after = now + room.grain if up else now - room.grain
    if after == now or (after > now) != up or room.within(after) != after:
        return now, Why.NEAR
    return after, None


def _on_grain(value: float, now: int, room: Room) -> int:
    """On the platform's step, rounded towards today's value, inside the bounds."""
    steps = value / room.grain
    near = floor(steps + 1e-9) if value > now else ceil(steps - 1e-9)
    low = ceil(room.low / room.grain)
    high = None if room.high is None else room.high // room.grain
    near = max(near, low) if high is None else min(max(near, low), max(high, low))
    return now if value == now else near * room.grain
