"""Pushed messages → the store, in batches, through a queue that has an end: who pushes more is told to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from bidder.account_day import AccountDay
from bidder.activity import Pushed
from bidder.connectors.observations import OLDEST
from bidder.errors import LeaseTaken, StoreError
from bidder.snapshot import day_number
from bidder.store.protocol import Store

__all__ = ["CAPACITY", "Counted", "Queue", "nobody_counts"]

log = structlog.get_logger("bidder.pushed")

CAPACITY = 20_000
"""Messages that may wait for the disk."""

BATCH = 1_000
"""Messages of one transaction."""

REFUSALS = 20
"""Refused messages that are remembered, the newest ones: when, whose, why, how large. Never what was in them."""

REFUSED = "pushed:refused"
RETRY = 1.0
"""Seconds to wait after the disk failed."""

FORGET_EVERY = timedelta(hours=24)

Counted = Callable[[str, str, datetime | None], None]
"""Told of each message: source, result (accepted, duplicate, stale, invalid, oversize), the instant of an accepted."""


def nobody_counts(_source: str, _result: str, _at: datetime | None) -> None:
    """For who has no metrics."""


class Queue:
    """One shop's queue. `run` has to run beside whoever puts.

    `allowed` is asked before each batch is saved; it raises LeaseTaken, which ends `run`, where another does it now.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        counted: Counted = nobody_counts,
        *,
        capacity: int = CAPACITY,
        allowed: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._counted = counted
        self._capacity = capacity
        self._allowed = allowed
        self._waiting: list[tuple[Pushed, asyncio.Future[str]]] = []
        self._under_way = 0
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._refused: list[dict[str, Any]] = []
        self._unsaved_refusals = False
        self._forgotten_at: datetime | None = None
        self.unknown_metrics = 0
        """Metrics that nobody knows, left out so far."""

    def __len__(self) -> int:
        return len(self._waiting) + self._under_way

    def offer(self, items: Sequence[tuple[Pushed, int]]) -> list[asyncio.Future[str]] | None:
        """Takes all of them, or None when there is no room: the sender waits and tries again."""
        if len(self) + len(items) > self._capacity:
            return None
        return [self._take(item, unknown) for item, unknown in items]

    async def put(self, item: Pushed, unknown: int = 0) -> asyncio.Future[str]:
        """Waits for room. The future is done when the message is on disk; it fails when it cannot be."""
        while len(self) >= self._capacity:
            self._room.clear()
            await self._room.wait()
        return self._take(item, unknown)

    def _take(self, item: Pushed, unknown: int) -> asyncio.Future[str]:
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.unknown_metrics += unknown
        if item.at < self._clock() - OLDEST:
            self._counted(item.source, "stale", None)
            done.set_result("stale")
            return done
        self._waiting.append((item, done))
        self._arrived.set()
        return done

    def junk(self, source: str, result: str, reason: str, size: int) -> None:
        """A message that is not taken: counted, remembered without its content, said in the log."""
        self._counted(source, result, None)
        self._refused.append(
            {"at": self._clock().isoformat(), "source": source, "result": result, "reason": reason[:200], "bytes": size}
        )
        del self._refused[:-REFUSALS]
        if not self._unsaved_refusals:  # one line a batch, or junk would fill the log
            log.warning("push_refused", source=source, result=result, reason=reason[:200], bytes=size)
        self._unsaved_refusals = True
        self._arrived.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Saves what comes until `stop` is set; then saves what is there, and returns."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while True:
                arrival = asyncio.create_task(self._arrived.wait())
                await asyncio.wait({arrival, stopping}, return_when=asyncio.FIRST_COMPLETED)
                arrival.cancel()
                self._arrived.clear()
                while self._waiting or self._unsaved_refusals:
                    if not await self._save() and stop.is_set():
                        return
                if stop.is_set():
                    return
        finally:
            stopping.cancel()
            for _, done in self._waiting:
                done.cancel()
            self._waiting.clear()

    async def _save(self) -> bool:
        batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        self._under_way = len(batch)
        try:
            results = await asyncio.to_thread(self._write, [item for item, _ in batch])
        except StoreError as e:
            log.error("push_not_saved", error=str(e), messages=len(batch))
            for _, done in batch:
                if not done.done():
                    done.set_exception(e)
                    done.exception()  # whoever gave up waiting needs no warning of it
            await asyncio.sleep(RETRY)
            return False
        except LeaseTaken:
            for _, done in batch:
                done.cancel()
            raise
        finally:
            self._under_way = 0
            self._room.set()
        for (item, done), result in zip(batch, results, strict=True):
            self._counted(item.source, result, item.at if result == "accepted" else None)
            if not done.done():
                done.set_result(result)
        return True

    def _write(self, items: Sequence[Pushed]) -> Sequence[str]:
        self._allowed()
        now = self._clock()
        if self._forgotten_at is None or now - self._forgotten_at > FORGET_EVERY:
            oldest = AccountDay.of(now - OLDEST - timedelta(days=2), "UTC").date
            self._store.forget_events(day_number(oldest))
            self._forgotten_at = now
        if self._unsaved_refusals:
            self._unsaved_refusals = False
            self._store.set_value(REFUSED, list(self._refused))
        return self._store.add_events(items, now) if items else []
