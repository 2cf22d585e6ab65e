"""Whose turn it is to write budgets: the daemon's pass and the commands beside it take turns, over the store.

Without it a command that settles open intents could take a write of the daemon that is on its way for one that never
landed. The lease is kept while the turn lasts, by the wall's clock; its token is asked for with every intent.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bidder.errors import LeaseTaken, StoreError
from bidder.store.protocol import Store

__all__ = ["gone", "holder", "keep", "writing_turn"]

LASTING = timedelta(seconds=60)
AGAIN = 0.2
"""Seconds between two looks whether the other is done."""


def holder() -> str:
    """Who this process is: for a person to find it, and for the next one to see whether it still lives."""
    pid = os.getpid()
    return f"process {pid} on {socket.gethostname()}, started {_started(pid) or '?'}"


def gone(other: str) -> bool:
    """Whether that process is known to have ended: it was of this host, and is no longer there.

    A number alone may be another process by now, so its start counts too. Nothing is known of other hosts. Wrong where
    two containers of one host share a hostname, but not their processes; the tokens keep even those from both writing.
    """
    match = _HOLDER.fullmatch(other)
    if match is None or match["host"] != socket.gethostname() or match["started"] == "?":
        return False
    return _started(int(match["pid"])) != match["started"]


_HOLDER = re.compile(r"process (?P<pid>\d+) on (?P<host>.+), started (?P<started>\S+)")


def _started(pid: int) -> str | None:
    """When a process of this host was started: a boot, and ticks since then. None when there is none, or no /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        # the name in parentheses may hold anything, also spaces and parentheses
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else f"{boot[:8]}:{fields[19]}"


@asynccontextmanager
async def writing_turn(store: Store, patience: timedelta = LASTING * 2) -> AsyncIterator[None]:
    """The turn, after waiting for whoever has it. Raises LeaseTaken when that takes longer than `patience`."""
    waited = 0.0
    while True:
        try:
            await asyncio.to_thread(store.take_lease, "write", holder(), datetime.now(UTC), LASTING, gone)
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
