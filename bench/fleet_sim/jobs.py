"""The queue as procrastinate keeps it: by priority and age, one job of a lock at a time, one of a kind waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

from bench.fleet_sim.engine import Process, Simulation
from bidder.worker.queue import DECISIONS, PLATFORMS, Wanted

__all__ = ["Job", "Jobs"]


@dataclass(slots=True, eq=False)
class Job:
    """One job. `born`: since when its work waits, over all that handed it back; `due`: since when this may run."""

    number: int
    wanted: Wanted
    born: float
    due: float
    process: Process | None = None
    rescues: int = 0

    @property
    def rank(self) -> tuple[int, int]:
        return -self.wanted.priority, self.number


@dataclass(slots=True)
class _Lock:
    """Jobs of one lock: those that wait, by rank, and the one under way."""

    waiting: list[tuple[tuple[int, int], Job]] = field(default_factory=list)
    running: Job | None = None


class Jobs:
    """`ready` is called with a queue's name when a job of it may be fetched."""

    def __init__(self, simulation: Simulation, ready: Callable[[str], None]) -> None:
        self._simulation, self._told = simulation, ready
        self._count = count(1)
        self._ready: dict[str, list[tuple[tuple[int, int], Job]]] = {PLATFORMS: [], DECISIONS: []}
        self._locks: dict[str, _Lock] = {}
        self._once: set[str] = set()
        self.deferred: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.running: set[Job] = set()
        self.todo = 0

    def defer(self, wanted: Iterable[Wanted], *, born: float | None = None, after: float = 0.0) -> tuple[int, int]:
        """Puts them into the queue, but those of which one waits already; how many were taken, and how many not."""
        taken = refused = 0
        for one in wanted:
            if one.once is not None and one.once in self._once:
                refused += 1
                continue
            if one.once is not None:
                self._once.add(one.once)
            taken += 1
            due = self._simulation.now + after
            self._put(Job(next(self._count), one, due if born is None else born, due))
            self.deferred[one.task] += 1
        return taken, refused

    def _put(self, job: Job) -> None:
        self.todo += 1
        if job.wanted.lock is not None:
            lock = self._locks.setdefault(job.wanted.lock, _Lock())
            heappush(lock.waiting, (job.rank, job))
        if job.due > self._simulation.now:
            self._simulation.at(job.due, lambda: self._may(job))
        else:
            self._may(job)

    def _may(self, job: Job) -> None:
        """Its time has come; it is ready unless its lock keeps it."""
        if job.wanted.lock is not None and not self._first(job):
            return
        name = queue_of(job.wanted)
        heappush(self._ready[name], (job.rank, job))
        self._told(name)

    def _first(self, job: Job) -> bool:
        lock = self._locks.get(job.wanted.lock or "")
        return lock is not None and lock.running is None and bool(lock.waiting) and lock.waiting[0][1] is job

    def fetch(self, name: str) -> Job | None:
        """The first one that may run; it is under way from now on."""
        ready = self._ready[name]
        while ready:
            _, job = heappop(ready)
            if job.wanted.lock is not None:
                if not self._first(job):
                    continue  # another of its lock has come before it; it is ready again when that one is done
                lock = self._locks[job.wanted.lock]
                heappop(lock.waiting)
                lock.running = job
            if job.wanted.once is not None:
                self._once.discard(job.wanted.once)
            self.todo -= 1
            self.running.add(job)
            return job
        return None

    def finish(self, job: Job) -> None:
        """It has come to its end."""
        self._out(job)
        self.ended[job.wanted.task] += 1

    def again(self, job: Job, seconds: float) -> None:
        """It hands itself back: the same work in so many seconds, unless one like it waits already."""
        self.defer([job.wanted], born=job.born, after=seconds)

    def rescue(self, job: Job) -> None:
        """Its worker is gone: it goes back into the queue, unless one like it waits already."""
        self._out(job)
        if job.wanted.once is not None and job.wanted.once in self._once:
            self.ended[job.wanted.task] += 1
            return
        if job.wanted.once is not None:
            self._once.add(job.wanted.once)
        job.rescues, job.process = job.rescues + 1, None
        self._put(job)

    def _out(self, job: Job) -> None:
        self.running.remove(job)
        if job.wanted.lock is None:
            return
        lock = self._locks[job.wanted.lock]
        lock.running = None
        if not lock.waiting:
            del self._locks[job.wanted.lock]
        elif (first := lock.waiting[0][1]).due <= self._simulation.now:
            self._may(first)


def queue_of(wanted: Wanted) -> str:
    """Decisions have a queue of their own."""
    return DECISIONS if wanted.task == "decide" else PLATFORMS
