"""What time it is for a daemon, and waiting: the wall's, or a simulated shop's."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime
from typing import Protocol

from bidder.cycle import utc_now

__all__ = ["Timekeeper", "WallClock"]


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

    def now(self) -> datetime:
        """The instant by the host's clock."""
        return utc_now()

    async def sleep_until(self, at: datetime, stop: asyncio.Event) -> None:
        """Waits; never longer than half a minute at a time, so that a step of the host's clock is noticed."""
        seconds = min(30.0, max(0.0, (at - self.now()).total_seconds()))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=seconds)
