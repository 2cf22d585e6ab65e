"""The stop, whichever way it comes: a signal, a file, HTTP, or another process that changed the store.

Looked at several times a second beside the loop, so that a stop takes hold in the middle of writes: every write asks
the store for the state before it is sent. A state is kept in the store, so that it survives a restart.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from bidder.config.load import Config
from bidder.errors import StoreError
from bidder.halting import halt_file, halt_files
from bidder.plan import State
from bidder.store.protocol import Store
from bidder.watch.hold import Effect, Hold

__all__ = ["Switch"]

log = structlog.get_logger("bidder.daemon")

LOOK = 0.25
"""Seconds between two looks at the file and the store."""


class Switch:
    """Changes the state and says so; `told` hears of every change."""

    def __init__(
        self, config: Config, store: Store, clock: Callable[[], datetime], told: Callable[[State], None]
    ) -> None:
        self._files = halt_files(config)
        self._store = store
        self._clock = clock
        self._told = told
        self._looking: asyncio.Task[None] | None = None
        self._asked = asyncio.Event()
        self._reason = "signal"
        self._failing = False

    def start(self) -> None:
        """Begins to look."""
        self._looking = asyncio.create_task(self._look(), name="the stop")

    async def close(self) -> None:
        """Looks no more."""
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking

    def ask_halt(self) -> None:
        """A signal: halts as soon as the loop of events turns."""
        self._asked.set()

    def halt_file(self) -> Path | None:
        """The file that halts, where there is one now."""
        return halt_file(self._files)

    async def set(self, state: State, reason: str) -> None:
        """Changes the state, durably, with its journal line.

        Raises StoreError; a stop is then tried again until it is saved, and nothing can be written meanwhile either.
        """
        try:
            await asyncio.to_thread(self._store.set_state, state, self._clock(), reason)
        except StoreError:
            if state is State.HALTED:
                self._reason = reason
                self._asked.set()
            raise
        log.warning("state", state=state.value, reason=reason)
        self._told(state)

    async def end_hold(self, item: str, reason: str) -> int:
        """Ends the holds of an item; how many. Raises StoreError."""
        return len(await asyncio.to_thread(self._store.end_holds, item, self._clock(), reason))

    async def hold(self, item: str, reason: str) -> None:
        """A person or another system says that something is wrong: from now on it may only be lowered."""
        one = Hold(item, "alarm", reason, self._clock(), Effect.LOWERS)
        await asyncio.to_thread(self._store.see_holds, [one], self._clock(), ())

    async def _look(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), LOOK)
            try:
                await self._once()
                self._failing = False
            except StoreError as e:  # it is looked at again; nothing can be written meanwhile either
                if not self._failing:  # said once, not twice a second
                    log.error("stop_not_saved" if self._asked.is_set() else "state_not_read", error=str(e))
                self._failing = True
                await asyncio.sleep(LOOK)

    async def _once(self) -> None:
        state = await asyncio.to_thread(self._store.state)
        found = self.halt_file()
        if state is not State.HALTED and (self._asked.is_set() or found is not None):
            await self.set(State.HALTED, self._reason if found is None else f"the file {found}")
        else:
            self._told(state)
        self._asked.clear()
        self._reason = "signal"
