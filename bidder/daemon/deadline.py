"""A decision in a thread of its own, given up when it takes too long; while one still runs, no other is begun.

Used by :mod:`bidder.daemon.loop`. A thread cannot be ended from outside: what was given up runs on to no effect, since
a decision only reads, and it keeps nobody from stopping the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

from bidder.errors import BidderError

__all__ = ["DECIDE_SECONDS", "Deadline", "OutOfTime"]

T = TypeVar("T")

DECIDE_SECONDS = 240.0
"""Real seconds that a decision may take; the largest shops take some ten."""


class OutOfTime(BidderError):
    """A decision was given up, or was not begun because one that was given up still runs."""


class Deadline:
    """Runs one piece of work at a time."""

    def __init__(self, seconds: float = DECIDE_SECONDS) -> None:
        self.seconds = seconds
        self._running: threading.Thread | None = None

    async def within(self, work: Callable[[], T], what: str) -> T:
        """What `work` returns or raises. Raises OutOfTime where it takes too long, or the one before still does."""
        if self._running is not None and self._running.is_alive():
            raise OutOfTime(f"{what} of before still runs, so that none is begun beside it; a restart ends it")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def told(result: T | None, e: BaseException | None) -> None:
            self._running = None  # it has answered; that its thread is still ending keeps nobody from beginning
            if not answer.done():
                if e is not None:
                    answer.set_exception(e)
                else:
                    answer.set_result(result)  # type: ignore[arg-type]  # None only where T is

        def run() -> None:
            result, error = None, None
            try:
                result = work()
            except BaseException as e:
                error = e
            with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
                loop.call_soon_threadsafe(told, result, error)

        self._running = threading.Thread(target=run, name=what, daemon=True)
        self._running.start()
        try:
            async with asyncio.timeout(self.seconds):
                return await answer
        except TimeoutError as e:
            if answer.done() and not answer.cancelled():
                raise  # the work's own
            raise OutOfTime(f"{what} took longer than {self.seconds:g} s and was given up") from e
