"""The clock of a simulated platform: its days pass when they are asked to, and bidder lives in its time.

A day is asked to pass by the description's `next`, and only then believed to have passed when `day` says so: whatever
became of the request, no day passes twice.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, date, datetime

from bidder.account_day import AccountDay
from bidder.catalog import Account
from bidder.connectors.rest.client import Client
from bidder.connectors.rest.meaning import is_true
from bidder.connectors.rest.path import CannotLook, found_at
from bidder.connectors.rest.settings import ClockSection
from bidder.errors import ConnectorError

__all__ = ["RestClock"]

log = logging.getLogger("bidder.http")

TRIES = 20
"""So often a day is asked to pass before it is said that it does not."""

PAUSE = 1.0
"""Seconds of real time before a platform that does not answer is asked again."""


class RestClock:
    """What a daemon goes by instead of the wall's clock. Before `begin` it tells the wall's time."""

    def __init__(self, client: Client, account: Account, section: ClockSection) -> None:
        self._client = client
        self._account = account
        self._section = section
        self._day: AccountDay | None = None
        self._now: datetime | None = None
        self._done = False

    def now(self) -> datetime:
        """The platform's instant: its day, and how far bidder has waited into it."""
        return self._now if self._now is not None else datetime.now(UTC)

    async def begin(self) -> None:
        """Asks which day it is. Raises ConnectorError, also when the last day is over."""
        await self._look()
        if self._done:
            raise ConnectorError(self._account.id, "clock", "the simulated time is over: begin it anew")

    async def sleep_until(self, at: datetime, stop: asyncio.Event) -> None:
        """Waits into the platform's day at once; at its end asks it to pass. Sets `stop` after the last one."""
        await asyncio.sleep(0)
        if stop.is_set() or self._day is None:
            return
        if at < self._day.end_at:
            self._now = max(self.now(), at)
            return
        try:
            await self._pass_on()
        except ConnectorError as e:  # the loop turns on, says what it cannot read, and asks again
            log.warning("%s: %s", self._account.id, e)
            await asyncio.sleep(PAUSE)
        if self._done:
            stop.set()

    async def close(self) -> None:
        """Gives the connection back."""
        await self._client.http.close()

    async def _pass_on(self) -> None:
        before = self._day
        for _ in range(TRIES):
            await self._client.write("clock", self._section.next, {})
            await self._look()
            if self._done or self._day != before:
                return
            await self._client.http.timing.sleep(PAUSE)
        reason = f"asked {TRIES} times, the day does not pass"
        raise ConnectorError(self._account.id, "clock", reason, waiting_helps=True)

    async def _look(self) -> None:
        body = (await self._client.one("clock", self._section.day, {})).body
        if is_true(self._section.done, body):
            self._done = True
            return
        try:
            told = date.fromisoformat(found_at(self._section.date, body))
        except (CannotLook, TypeError, ValueError):
            reason = f"clock.date ({self._section.date}): expected a day as YYYY-MM-DD"
            raise ConnectorError(self._account.id, "clock", reason, error="schema") from None
        day = AccountDay(self._account.timezone, told)
        if day != self._day:
            self._day, self._now = day, day.start_at
