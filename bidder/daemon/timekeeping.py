"""What time it is for a daemon, and waiting: the wall's, or a simulated shop's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from bidder.cycle import utc_now

__all__ = ["STEP", "ClockWatch", "Timekeeper", "WallClock"]

STEP = timedelta(minutes=5)
"""By more than this a wall clock does not run wrong by itself: somebody set it."""


class Timekeeper(Protocol):
    """What time it is, and waiting: the wall's, or a simulated shop's."""

    def now(self) -> datetime:
        """The instant, aware UTC."""
        ...

    async def sleep_until(self, at: datetime, stop: asyncio.Event) -> None:
        """Returns at `at`, or earlier when `stop` is set."""
        ...


class WallClock:
    """Real time."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()

    def now(self) -> datetime:
        """The instant by the host's clock."""
        return utc_now()

    async def sleep_until(self, at: datetime, stop: asyncio.Event) -> None:
        """Waits; never longer than half a minute at a time, so that a step of the host's clock is noticed."""
        seconds = min(30.0, max(0.0, (at - self.now()).total_seconds()))
        heard = [asyncio.create_task(one.wait()) for one in (stop, self._woken)]
        try:
            await asyncio.wait(heard, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in heard:
                one.cancel()
        self._woken.clear()

    def wake(self) -> None:
        """Whoever sleeps goes on now; who does not sleep yet will not."""
        self._woken.set()


def _steady() -> float:
    """Seconds that go on while the host sleeps, and that nobody can set."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class ClockWatch:
    """Whether the wall's clock still runs beside the steady one since the start (FAILURES 27)."""

    def __init__(self, wall: Callable[[], datetime] = utc_now, steady: Callable[[], float] = _steady) -> None:
        self._wall = wall
        self._steady = steady
        self._at, self._since = wall(), steady()

    def stepped(self) -> timedelta | None:
        """By how much the clock was set since the start, where that is more than STEP; None while it runs true."""
        away = self._wall() - self._at - timedelta(seconds=self._steady() - self._since)
        return away if abs(away) > STEP else None
