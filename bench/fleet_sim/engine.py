"""A heap of instants, and places where processes wait their turn. Processes are generators.

Ours, since a day of 100,000 shops is some forty million events and a general engine takes ten times as long for each.
A process yields seconds to let pass, or a Station to wait for a place in it.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Generator
from heapq import heappop, heappush
from itertools import count
from typing import Union

__all__ = ["Process", "Simulation", "Station", "Steps"]

Wait = Union[float, "Station"]
Steps = Generator[Wait, None, None]

QUANTUM = 0.1
"""Seconds of work after which another one gets its turn at a core."""


class Process:
    """A generator under way; `end` breaks it off where it stands."""

    __slots__ = ("alive", "granted", "steps")

    def __init__(self, steps: Steps) -> None:
        self.steps, self.alive = steps, True
        self.granted: Station | None = None
        """The place that it has been given and does not know of yet."""

    def end(self) -> None:
        """As a machine that loses its power: nothing more of it is done, places that it held are free."""
        if self.alive:
            self.alive = False
            self.steps.close()
            if self.granted is not None:
                self.granted.leave()


class Simulation:
    """Time, in Unix seconds, and what is to come."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._heap: list[tuple[float, int, Process | Callable[[], None]]] = []
        self._count = count()
        self.events = 0

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Calls it then."""
        heappush(self._heap, (when, next(self._count), what))

    def start(self, steps: Steps) -> Process:
        """Begins a process now."""
        process = Process(steps)
        self.resume(process)
        return process

    def resume(self, process: Process) -> None:
        """The process goes on in this instant, after what was to happen before."""
        heappush(self._heap, (self.now, next(self._count), process))

    def run(self, until: float) -> None:
        """Lets time pass, up to that instant."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            self.now, _, what = heappop(heap)
            self.events += 1
            if not isinstance(what, Process):
                what()
            elif what.alive:
                what.granted = None
                try:
                    step = next(what.steps)
                except StopIteration:
                    what.alive = False
                    continue
                if isinstance(step, Station):
                    step.enter(what)
                else:
                    heappush(heap, (self.now + step, next(self._count), what))
        self.now = max(self.now, until)


class Station:
    """So many places; whoever finds none waits, first come first served.

    Of cores: `speed` is the part of one that a process is given when it wants one, beside what else the computer does.
    `busy` has the seconds that were worked, by the hour of their end, `worked` all of them.
    """

    def __init__(self, simulation: Simulation, places: int, speed: float = 1.0) -> None:
        self._simulation, self._waiting = simulation, deque[Process]()
        self.places, self.free, self.speed = places, places, speed
        self.busy: dict[int, float] = defaultdict(float)
        self.most_held, self.worked = 0, 0.0

    def enter(self, process: Process) -> None:
        """The process goes on once it has a place."""
        if self.free > 0:
            self._grant(process)
        else:
            self._waiting.append(process)

    def leave(self) -> None:
        """A place is free: the next one alive takes it."""
        self.free += 1
        while self._waiting and self.free > 0:
            process = self._waiting.popleft()
            if process.alive:
                self._grant(process)

    def _grant(self, process: Process) -> None:
        self.free -= 1
        self.most_held = max(self.most_held, self.places - self.free)
        process.granted = self
        self._simulation.resume(process)

    def work(self, seconds: float) -> Steps:
        """So many seconds of a core, in slices between which others have their turn."""
        while seconds > 0:
            part = min(seconds, QUANTUM)
            yield self
            try:
                yield part / self.speed
            finally:
                self.busy[int(self._simulation.now // 3600)] += part
                self.worked += part
                self.leave()
            seconds -= part
