"""When the next request may leave: the bucket, the platform's "not before", the circuit, the gaps between tries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["FAILURES_TO_OPEN", "SHARED", "Bucket", "Circuit", "gap_before", "shared_pace"]

SHARED: ContextVar[Callable[[], Awaitable[float]] | None] = ContextVar("shared_pace", default=None)
"""Takes the next place of a rate that several processes share, and says how many seconds away it is."""


@contextmanager
def shared_pace(take: Callable[[], Awaitable[float]]) -> Iterator[None]:
    """While it lasts, the requests of this task take a place of `take` beside that of their account."""
    token = SHARED.set(take)
    try:
        yield
    finally:
        SHARED.reset(token)


FAILURES_TO_OPEN = 5
"""So many failed tries in a row open the circuit."""

FIRST_REST = 60.0
LONGEST_REST = 600.0


class Bucket:
    """At most `rate` a second on average, `burst` at once (the generic cell rate algorithm, ITU-T I.371)."""

    def __init__(self, rate: float, burst: int) -> None:
        self._interval = 1.0 / rate
        self._slack = (max(burst, 1) - 1) * self._interval
        self._next = float("-inf")

    def take(self, now: float) -> float:
        """Takes a place; returns the seconds until it comes."""
        due = max(self._next, now)
        self._next = due + self._interval
        return max(0.0, due - self._slack - now)


class Circuit:
    """Open after FAILURES_TO_OPEN failures in a row: nobody asks for a minute, then one tries, then longer rests."""

    def __init__(self) -> None:
        self._failures = 0
        self._rest = FIRST_REST
        self._until = 0.0
        self.error = "other"

    def rest(self, now: float) -> float:
        """The seconds that nobody may ask; 0 when closed. Whoever gets 0 after a rest is the one that tries."""
        if self._failures < FAILURES_TO_OPEN:
            return 0.0
        if now < self._until:
            return self._until - now
        self._until = now + self._rest  # the others wait for what this one finds
        return 0.0

    def worked(self) -> None:
        """A request was answered as it should."""
        self._failures, self._rest = 0, FIRST_REST

    def failed(self, now: float, error: str) -> None:
        """A request was not answered, or by a fault of the platform."""
        self._failures += 1
        self.error = error
        if self._failures >= FAILURES_TO_OPEN:
            self._until = now + self._rest
            self._rest = min(LONGEST_REST, 2 * self._rest)


def gap_before(attempt: int, first: float, longest: float, luck: float) -> float:
    """Seconds before that try (2 is the second): doubled each time, then jittered to between a half and the whole."""
    whole = min(longest, first * 2.0 ** (attempt - 2))
    return float(whole * (0.5 + 0.5 * luck))
