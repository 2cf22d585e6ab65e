"""The processes of a worker that decide: batches in, answers out; one that hangs or dies takes no shop with it.

A batch that does not come back in time, or whose process died, is told as such; the processes are ended and begun anew.
They are started fresh (not forked: this process has threads and connections) and end when this process does.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime, timedelta

from bidder.worker.deciding import Answer
from bidder.worker.settings import WorkerSettings

__all__ = ["Pool", "PoolLost"]


class PoolLost(Exception):
    """The batch did not come back: it took too long, or its process died."""


class Pool:
    """`settings.processes` processes."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._turn = asyncio.Semaphore(settings.processes)
        self._executor: ProcessPoolExecutor | None = None

    async def decide(self, shops: Sequence[str], now: datetime, limit: timedelta) -> list[Answer]:
        """The answers of these shops, in their order. Raises PoolLost."""
        async with self._turn:
            executor = self._begun()
            future = executor.submit(_decide, tuple(shops), now)
            try:
                return await asyncio.wait_for(asyncio.wrap_future(future), limit.total_seconds())
            except BrokenProcessPool as e:
                self._end(executor)
                raise PoolLost("the process that decided died (out of memory?)") from e
            except TimeoutError as e:
                self._end(executor)
                raise PoolLost(f"it took longer than {limit.total_seconds():.0f} s") from e

    def close(self) -> None:
        """Ends the processes."""
        if self._executor is not None:
            self._end(self._executor)

    def _begun(self) -> ProcessPoolExecutor:
        if self._executor is None:
            self._executor = ProcessPoolExecutor(
                self._settings.processes,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(self._settings,),
            )
        return self._executor

    def _end(self, executor: ProcessPoolExecutor) -> None:
        if self._executor is executor:
            self._executor = None
        running = list((executor._processes or {}).values())  # there is no other way to end one that hangs
        executor.shutdown(wait=False, cancel_futures=True)
        for process in running:
            with contextlib.suppress(OSError, ValueError):
                process.kill()


# ---- in the process

_here: dict[str, object] = {}


def _begin(settings: WorkerSettings) -> None:
    """Once in each process."""
    import signal

    from bidder.instrumentation import configure_logging
    from bidder.worker.fleet import Fleet

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C goes to all: the worker says when to end
    configure_logging(json=True)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    _here["fleet"], _here["settings"] = Fleet(settings.agency, settings.store), settings


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _decide(shops: tuple[str, ...], now: datetime) -> list[Answer]:
    from bidder.worker.deciding import decide_shops
    from bidder.worker.fleet import Fleet

    fleet, settings = _here["fleet"], _here["settings"]
    assert isinstance(fleet, Fleet)
    assert isinstance(settings, WorkerSettings)
    return decide_shops(fleet, shops, now, settings.lease)
