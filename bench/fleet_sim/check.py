"""The simulation held against reality: one and two workers on a real server, and what was foretold for each.

Everything of all shops becomes due at one moment, twice: accounts are read, days decided, budgets written and accounts
read anew; then accounts are read alone. The simulation knows the unit costs of a smaller fleet measured before, how
long fake platforms take, how many budgets moved, and one number for what else the computer does, taken from one
worker's plain reading. All the rest is foretold.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.fleet_sim.costs import Costs
from bench.fleet_sim.platforms import PlatformKind
from bench.fleet_sim.real import CONCURRENCY, LATENCY, Phase, running_fleet
from bench.fleet_sim.seen import Quantiles, Seen, quantiles
from bench.fleet_sim.shops import ACCOUNT
from bench.fleet_sim.world import SetUp, World
from bidder.worker.due import DECIDE, POLL
from bidder.worker.settings import WorkerSettings
from tests.postgres import PostgresServer

__all__ = ["TOLERANCE", "Compared", "compare", "fitted", "foretold"]

TOLERANCE = 0.3
"""Of the drain time: so far it may be off."""

ZONE = "Asia/Shanghai"
CORES = 2


@dataclass(frozen=True, slots=True)
class Compared:
    """Seconds until nothing was left, and how long jobs waited, foretold and found."""

    what: str
    foretold: float
    found: float
    ages: dict[str, tuple[Quantiles, Quantiles]]
    core: tuple[float, float]
    """Seconds of a core, of workers and server together."""

    @property
    def off(self) -> float:
        """By how much of what was found."""
        return self.foretold / self.found - 1

    def lines(self) -> list[str]:
        """For a person."""
        said = [
            f"{self.what}: drained in {self.found:.1f} s, foretold {self.foretold:.1f} s ({self.off:+.0%}); "
            f"{self.core[1]:.1f} s of a core, foretold {self.core[0]:.1f}"
        ]
        for task, (expected, found) in sorted(self.ages.items()):
            said.append(f"    waits {task:<7} found    p50 p95 most {found}")
            said.append(f"    {'':<13} foretold p50 p95 most {expected}")
        return said


def compare(server: PostgresServer, folder: Path, costs: Costs, shops: int) -> list[Compared]:
    """Fleets of so many shops with one and with two workers, beside what is foretold for each."""
    phases = {}
    for workers in (1, 2):
        with running_fleet(server, folder / f"fleet-{workers}", shops, workers) as fleet:
            for decides in (True, False):
                phases[workers, decides] = fleet.phase(timedelta(hours=3))
    speed = fitted(costs, shops, phases[1, False].seconds)
    return [_beside(phase, costs, shops, *key, speed) for key, phase in phases.items() if key != (1, False)]


def fitted(costs: Costs, shops: int, seconds: float) -> float:
    """Which part of a core a process is given, where one worker reads all accounts in so many seconds."""
    low, high = 0.02, 1.0
    for _ in range(7):
        middle = (low + high) / 2
        slow = foretold(costs, shops, 1, middle, decides=False)[1] > seconds
        low, high = (middle, high) if slow else (low, middle)
    return (low + high) / 2


def _beside(phase: Phase, costs: Costs, shops: int, workers: int, decides: bool, speed: float) -> Compared:
    if decides:  # how many budgets move is no matter of the machinery: as many as did
        more = phase.writes / shops / (costs.falls + costs.rises)
        costs = replace(costs, falls=costs.falls * more, rises=costs.rises * more)
    seen, seconds, core = foretold(costs, shops, workers, speed, decides=decides)
    ages = {task: (quantiles(seen.waited[task]), phase.waited[task]) for task in phase.waited if task in seen.waited}
    ages.pop("tick", None)
    what = f"{shops} shops, {workers} worker{'s' * (workers > 1)} at {speed:.0%} of a core, all read"
    what += ", decided, written" if decides else ""
    return Compared(what, seconds, phase.seconds, ages, (core, phase.core.worker + phase.core.server + phase.deciding))


def foretold(costs: Costs, shops: int, workers: int, speed: float, *, decides: bool) -> tuple[Seen, float, float]:
    """Everything due at two in the morning: what was seen, seconds until nothing was left, seconds of a core."""
    asked = SetUp(
        shops,
        cores=CORES,
        workers=workers,
        speed=speed,
        poll=timedelta(hours=3),
        window=("00:00", "00:30"),
        zones={ZONE: 1.0},
        platforms=[PlatformKind("sandbox", 1.0, median=LATENCY, spread=0.0)],
        start=datetime(2026, 3, 3, 18, tzinfo=UTC),
        settings=WorkerSettings(Path(), "", concurrency=CONCURRENCY, tick=1),
        requests=3,
        sizes=0.0,
        lag=0.0,
        hours=1.5,
    )
    with tempfile.TemporaryDirectory() as folder:
        world = World(asked, costs, Path(folder))
    (fleet,) = world.fleets
    for worker in fleet.workers:  # it has read from the platform before
        with worker.bulkhead.through("sandbox") as passage:
            passage.worked = True
    for shop in fleet.shops.values():
        fleet.due.set(shop.name, POLL + ACCOUNT, world.start)
        if decides:
            shop.decided = None
            fleet.due.set(shop.name, DECIDE, world.start, costs.decide.worker)
    seen = world.run()
    seconds = seen.finished_at - world.start
    return seen, seconds, seen.worked
