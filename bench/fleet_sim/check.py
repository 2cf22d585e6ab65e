"""The simulation held against reality: one and two workers on a real server, and what was foretold for each.

Everything of all shops becomes due at one moment, twice: accounts are read, days decided, budgets written and accounts
read anew; then accounts are read alone. The simulation knows the unit costs of a smaller fleet measured before, how
long fake platforms take, and which part of a core a process was given beside all else that ran; how many budgets moved.
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

__all__ = ["TOLERANCE", "Compared", "compare", "foretold"]

TOLERANCE = 0.35
"""Of the drain time: so far it may be off, on a computer that others use at the same time."""

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
    share: float

    @property
    def off(self) -> float:
        """By how much of what was found."""
        return self.foretold / self.found - 1

    def lines(self) -> list[str]:
        """For a person."""
        said = [
            f"{self.what}: drained in {self.found:.1f} s, foretold {self.foretold:.1f} s ({self.off:+.0%}); "
            f"{self.core[1]:.1f} s of a core, foretold {self.core[0]:.1f}; a process was given {self.share:.0%} of one"
        ]
        for task, (expected, found) in sorted(self.ages.items()):
            said.append(f"    waits {task:<7} found    p50 p95 most {found}")
            said.append(f"    {'':<13} foretold p50 p95 most {expected}")
        return said


def compare(server: PostgresServer, folder: Path, costs: Costs, shops: int, workers: int) -> list[Compared]:
    """A fleet of so many shops and workers, beside what is foretold for it."""
    found = []
    with running_fleet(server, folder, shops, workers) as fleet:
        for what, decides in (("all read, decided, written", True), ("all read", False)):
            phase = fleet.phase(timedelta(hours=3))
            said = f"{shops} shops, {workers} worker{'s' * (workers > 1)}, {what}"
            found.append(_beside(said, phase, costs, shops, workers, decides=decides))
    return found


def _beside(what: str, phase: Phase, costs: Costs, shops: int, workers: int, *, decides: bool) -> Compared:
    if decides:  # how many budgets move is no matter of the machinery: as many as did
        more = phase.writes / shops / (costs.falls + costs.rises)
        costs = replace(costs, falls=costs.falls * more, rises=costs.rises * more)
    seen, seconds, core = foretold(costs, shops, workers, phase.share, decides=decides)
    ages = {task: (quantiles(seen.waited[task]), phase.waited[task]) for task in phase.waited if task in seen.waited}
    ages.pop("tick", None)
    return Compared(
        what, seconds, phase.seconds, ages, (core, phase.core.worker + phase.core.server + phase.deciding), phase.share
    )


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
