"""Decisions of many shops side by side in one process, so that what they ask the solver is solved together.

Each runs in a thread of its own, one at a time, until it asks what only the engine can answer; when all have asked or
are done, what they ask is given to the engine at once (:mod:`bidder.optimizer.many`), and each goes on. The order is
that of the shops, and what one raises is its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bidder.optimizer.many import needs_engine, solve_many
from bidder.optimizer.program import Program, Solution
from bidder.optimizer.solve import solved_by

__all__ = ["Ended", "side_by_side"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ended(Generic[T]):
    """What one returned or raised, and the seconds of its own turns with its part of what was solved together."""

    result: T | BaseException
    seconds: float


def side_by_side(work: Sequence[Callable[[], T]]) -> list[Ended[T]]:
    """How each ended, in their order."""
    if len(work) == 1:
        return [_alone(work[0])]
    runs = [_Run(one) for one in work]
    running = runs
    while running:
        for one in running:
            one.go_on()
        running = [one for one in running if one.asked is not None]
        if running:
            asked, begun = [one.asked for one in running if one.asked is not None], time.monotonic()
            limit = min(limit for _, limit in asked)
            answers = solve_many([program for program, _ in asked], limit)
            part = (time.monotonic() - begun) / len(running)
            for one, answer in zip(running, answers, strict=True):
                one.answer, one.seconds = answer, one.seconds + part
    return [Ended(one.result, one.seconds) for one in runs]


def _alone(work: Callable[[], T]) -> Ended[T]:
    begun = time.monotonic()
    try:
        with solved_by(lambda program, seconds: solve_many([program], seconds)[0]):
            return Ended(work(), time.monotonic() - begun)
    except Exception as e:
        return Ended(e, time.monotonic() - begun)


class _Run(Generic[T]):
    """One of them. It and whoever drives it take turns: exactly one of the two goes on at a time."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._mine, self._theirs = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._begun = False
        self.seconds = 0.0
        self.asked: tuple[Program, float] | None = None
        self.answer: Solution  # once it was asked
        self.result: T | BaseException = RuntimeError("it did not come to an end")

    def go_on(self) -> None:
        """Lets it run until it asks the solver, or is done."""
        self.asked, begun = None, time.monotonic()
        if self._begun:
            self._mine.release()
        else:
            self._begun = True
            self._thread.start()
        self._theirs.acquire()
        self.seconds += time.monotonic() - begun

    def _run(self) -> None:
        try:
            with solved_by(self._ask):
                self.result = self._work()
        except Exception as e:
            self.result = e
        finally:
            self._theirs.release()

    def _ask(self, program: Program, seconds: float) -> Solution:
        if not needs_engine(program):  # nothing is won by waiting for the others
            return solve_many([program], seconds)[0]
        self.asked = (program, seconds)
        self._theirs.release()
        self._mine.acquire()
        return self.answer
