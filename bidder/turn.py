"""Whose turn it is to write budgets: the daemon's pass and the commands beside it take turns, over the store.

Without it a command that settles open intents could take a write of the daemon that is on its way for one that never
landed. The lease is kept while the turn lasts, by the wall's clock; its token is asked for with every intent.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from bidder.errors import LeaseTaken, StoreError
from bidder.store.protocol import Store

__all__ = ["holder", "keep", "writing_turn"]

LASTING = timedelta(seconds=60)
AGAIN = 0.2
"""Seconds between two looks whether the other is done."""


def holder() -> str:
    """Who this process is, for a person to find it."""
    return f"process {os.getpid()} on {socket.gethostname()}"


@asynccontextmanager
async def writing_turn(store: Store, patience: timedelta = LASTING * 2) -> AsyncIterator[None]:
    """The turn, after waiting for whoever has it. Raises LeaseTaken when that takes longer than `patience`."""
    waited = 0.0
    while True:
        try:
            await asyncio.to_thread(store.take_lease, "write", holder(), datetime.now(UTC), LASTING)
            break
        except LeaseTaken:
            if waited >= patience.total_seconds():
                raise
            await asyncio.sleep(AGAIN)
            waited += AGAIN
    keeping = asyncio.create_task(keep(store, "write", LASTING))
    try:
        yield
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError, LeaseTaken):
            await keeping
        await asyncio.to_thread(store.release_lease, "write")


async def keep(store: Store, name: str, lasting: timedelta) -> None:
    """Renews a lease until cancelled; ends with LeaseTaken when another has it. A store that fails is tried again."""
    while True:
        await asyncio.sleep(lasting.total_seconds() / 4)
        with contextlib.suppress(StoreError):
            await asyncio.to_thread(store.renew_lease, name, datetime.now(UTC), lasting)
