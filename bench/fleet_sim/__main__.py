"""A fleet's day simulated, and the simulation measured and held against reality.

    python -m bench.fleet_sim measure [--shops 30] [--costs FILE]       unit costs from a small real fleet
    python -m bench.fleet_sim check   [--shops 80] [--costs FILE]       real fleets of one and two workers, and foretold
    python -m bench.fleet_sim day     [--shops 10000] [--costs FILE] …  a day of a fleet of any size

`measure` and `check` need PostgreSQL (make services) and some minutes; `day` needs neither network nor server.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bench.fleet_sim.costs import Costs
from bench.fleet_sim.report import report
from bench.fleet_sim.world import PLATFORMS, SetUp, World
from bidder.worker.settings import WorkerSettings


def main() -> None:
    """Prints the figures."""
    asked = _words()
    if asked.what == "day":
        _day(asked)
        return
    from bench.fleet_sim.check import TOLERANCE, compare
    from bench.fleet_sim.real import measure
    from tests.postgres import a_server, binaries

    found = binaries()
    if found is None:
        sys.exit("PostgreSQL is missing: make services")
    with a_server(found) as server, tempfile.TemporaryDirectory() as name:
        if asked.what == "measure":
            costs = measure(server, Path(name) / "small", asked.shops or 30)
            costs.write_to(asked.costs)
            print(f"fleet_sim: {costs}")
            return
        costs, fails = Costs.read(asked.costs), False
        for one in compare(server, Path(name), costs, asked.shops or 80):
            print("\n".join(f"fleet_sim: {line}" for line in one.lines()), flush=True)
            fails = fails or abs(one.off) > TOLERANCE
        print(f"fleet_sim: within {TOLERANCE:.0%}: {'no' if fails else 'yes'}")
    sys.exit(fails)


def _day(asked: argparse.Namespace) -> None:
    costs = Costs.read(asked.costs) if asked.costs.exists() else Costs()
    platforms = [replace(kind, limit=asked.limit, median=asked.latency) for kind in PLATFORMS]
    set_up = SetUp(
        shops=asked.shops or 10_000, fleets=asked.fleets, machines=asked.machines, cores=asked.cores,
        workers=asked.workers, servers=asked.servers, server_cores=asked.server_cores, platforms=platforms,
        poll=timedelta(minutes=asked.poll), paced=not asked.unpaced, lost_at=asked.lost_at,
        dead=None if asked.dead_at is None else (asked.dead, asked.dead_at),
        settings=WorkerSettings(Path(), "", concurrency=asked.concurrency),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        world = World(set_up, costs, Path(folder), asked.seed)
    world.run()
    print("\n".join(f"fleet_sim: {line}" for line in report(world)))


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("day", "measure", "check"))
    parser.add_argument("--costs", type=Path, default=Path("fleet_costs.json"))
    parser.add_argument("--shops", type=int)
    parser.add_argument("--fleets", type=int, default=1, help="databases, each with workers of its own")
    parser.add_argument("--machines", type=int, default=1)
    parser.add_argument("--cores", type=int, default=2, help="of a machine")
    parser.add_argument("--workers", type=int, default=2, help="of a fleet")
    parser.add_argument("--concurrency", type=int, default=8, help="places of a worker")
    parser.add_argument("--servers", type=int, default=0, help="for PostgreSQL; 0: on the first machine")
    parser.add_argument("--server-cores", type=int, default=4)
    parser.add_argument("--poll", type=float, default=30, help="minutes")
    parser.add_argument("--limit", type=float, default=50, help="requests a second that each platform takes; 0: any")
    parser.add_argument("--latency", type=float, default=0.3, help="seconds to an answer, in the middle")
    parser.add_argument("--unpaced", action="store_true", help="without --rate")
    parser.add_argument("--lost-at", type=float, help="hours after 20:00 in Shanghai, for two hours")
    parser.add_argument("--dead", default="taobao")
    parser.add_argument("--dead-at", type=float, help="hours after 20:00 in Shanghai, for one hour")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
