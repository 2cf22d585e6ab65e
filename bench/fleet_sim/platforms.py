"""Platforms that answer after a while, take so many requests a second and no more, and are dead for a time."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.fleet_sim.engine import Simulation, Steps
from bidder.connectors.http.pace import Bucket, Circuit, gap_before
from bidder.worker.pace import BURST

__all__ = ["Lost", "Platform", "PlatformKind"]

TIMEOUT, DEADLINE, ATTEMPTS = 30.0, 45.0, 4
"""As every connector's manners have them unless an account says otherwise."""


class Lost(Exception):
    """A read came to nothing."""


@dataclass(frozen=True, slots=True)
class PlatformKind:
    """`share` of the shops; `median` seconds to an answer, lognormal; `limit` requests a second (0: none)."""

    name: str
    share: float
    median: float = 0.3
    spread: float = 0.6
    limit: float = 0.0
    dead: Sequence[tuple[float, float]] = ()
    """From when to when it answers nothing (Unix seconds)."""


class Platform:
    """One platform as one fleet sees it. `rate`: what `--rate` says; None: workers do not keep to a shared rate."""

    def __init__(self, simulation: Simulation, kind: PlatformKind, rate: float | None, chance: random.Random) -> None:
        self._simulation, self.kind, self._chance = simulation, kind, chance
        self._pace = None if rate is None else Bucket(rate, int(rate * BURST) + 1)
        self._circuits: dict[str, Circuit] = {}
        self.seconds: Counter[int] = Counter()
        """Requests taken by second."""
        self.throttled = self.timeouts = 0
        self.waited = 0.0

    def read(self, account: str) -> Steps:
        """One read with its tries, as the connectors make it. Raises Lost."""
        circuit = self._circuits.get(account)
        until = self._simulation.now + DEADLINE
        for attempt in range(1, ATTEMPTS + 1):
            if circuit is not None and circuit.rest(self._simulation.now) > 0:
                raise Lost
            if self._pace is not None:
                wait = self._pace.take(self._simulation.now)
                if wait > 0:
                    self.waited += wait
                    yield wait
            now = self._simulation.now
            if any(begin <= now < end for begin, end in self.kind.dead):
                self.timeouts += 1
                yield min(TIMEOUT, max(until - now, 0.0))
                circuit = self._circuits.setdefault(account, Circuit())
                circuit.failed(self._simulation.now, "timeout")
            elif self.kind.limit and self.seconds[int(now)] >= self.kind.limit * (1 + BURST):
                self.throttled += 1
            else:
                self.seconds[int(now)] += 1
                yield self.kind.median * math.exp(self.kind.spread * self._chance.gauss(0, 1))
                if circuit is not None:
                    circuit.worked()
                return
            gap = gap_before(attempt + 1, 1.0, 16.0, self._chance.random())
            if self._simulation.now + gap >= until:
                raise Lost
            yield gap
        raise Lost
