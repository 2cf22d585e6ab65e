"""One daemon a shop: the lease it holds, renewed beside the loop, and what happens when another took it."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import structlog

from bidder.errors import LeaseTaken, StoreError
from bidder.store.protocol import Store
from bidder.turn import gone, holder, keep

__all__ = ["LASTING", "Leadership"]

log = structlog.get_logger("bidder.daemon")

LASTING = timedelta(seconds=60)
"""Without a sign of life for so long, another daemon may take over."""


class Leadership:
    """The lease `daemon`. `lost` says who has it now, once it is lost."""

    def __init__(self, store: Store, lasting: timedelta) -> None:
        self._store = store
        self._lasting = lasting
        self._stop: asyncio.Event | None = None
        self._keeping: asyncio.Task[None] | None = None
        self.lost: LeaseTaken | None = None

    async def begin(self, stop: asyncio.Event) -> None:
        """Takes the lease; sets `stop` when it is lost. Raises LeaseTaken when another daemon has it."""
        self._stop = stop
        taken = await asyncio.to_thread(
            self._store.take_lease, "daemon", holder(), datetime.now(UTC), self._lasting, gone
        )
        log.info("leads", token=taken.token, holder=taken.holder)
        self._keeping = asyncio.create_task(self._keep(), name="lease")

    async def _keep(self) -> None:
        try:
            await keep(self._store, "daemon", self._lasting)
        except LeaseTaken as e:
            log.error("lease_lost", error=str(e))
            self.told(e)

    def told(self, e: LeaseTaken) -> None:
        """Somebody found the lease lost. One that another command holds for its writes is no loss."""
        if e.lost:
            self.lost = e
            if self._stop is not None:
                self._stop.set()

    async def end(self) -> None:
        """Gives the lease back, so that the next daemon need not wait."""
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
            with contextlib.suppress(StoreError):
                await asyncio.to_thread(self._store.release_lease, "daemon")
