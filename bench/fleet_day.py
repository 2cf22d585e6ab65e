"""What a shop's day costs a fleet: workers on simulated platforms, from one midnight to the next, and the plan from it.

    python -m bench.fleet_day [--shops 40] [--workers 2] [--plan 10000,100000]

A day with eight polls of each shop's account, one decision and its writes is lived through as fast as it goes. Prints
seconds of a core, rows, bytes and requests a shop and day, for a poll and for all the rest; and from these the machines
for so many shops that are polled every half hour: cores for polls, cores for the hour after the most midnights at once.
`bench.fleet` measures decisions alone, with more products.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg

from bench.fleet import cpu_of
from tests.failures.processes import until
from tests.postgres import PostgresServer, a_server, binaries
from tests.worker.fleet import Fleet, Workers

__all__ = ["Costs", "Plan", "main", "plan_for"]

STEP = timedelta(hours=3)
POLLS = 8
A_POLL, A_WRITE = 4, 3
"""Requests: budgets, a report of some pages, stock; and read, set, read back."""


@dataclass(frozen=True)
class Costs:
    """Of one shop with one account: seconds of a core a poll and a decision with its writes; kB and writes a day."""

    poll: float
    decision: float
    kilobytes: float
    writes: float


@dataclass(frozen=True)
class Plan:
    """What so many shops need. `polls` and `decisions`: cores busy all day, and in the busiest hour beside them."""

    shops: int
    polls: float
    decisions: float
    cores: int
    memory: float
    """GiB of workers, one a core."""
    disk: float
    """GB a year."""
    requests: float
    """A second."""


def plan_for(shops: int, costs: Costs, *, polls_a_day: int = 48, at_once: float = 0.6, within: float = 3600.0) -> Plan:
    """Cores so that no poll waits and what is due at the same midnight (`at_once`: that part) is decided `within` s.

    A third of the cores stays free: for the server's own work, and for the machine that is down.
    """
    polls = shops * polls_a_day * costs.poll / 86_400
    decisions = shops * at_once * costs.decision / within
    cores = -(-int((polls + decisions) * 1.5 * 100) // 100) or 1
    days = shops * 365 / 1e6
    requests = shops * (polls_a_day * A_POLL + costs.writes * A_WRITE) / 86_400
    return Plan(shops, polls, decisions, cores, cores * 0.35, costs.kilobytes * days, requests)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--plan", default="10000,100000")
    asked = parser.parse_args()
    found = binaries()
    if found is None:
        sys.exit("PostgreSQL is missing: make services")
    with a_server(found) as server, tempfile.TemporaryDirectory() as name:
        costs = _day(server, Path(name), asked.shops, asked.workers)
    for shops in (int(part) for part in asked.plan.split(",")):
        plan = plan_for(shops, costs)
        print(
            f"fleet_day: {shops} shops polled every half hour: {plan.polls:.1f} cores for polls, {plan.decisions:.1f} "
            f"for the busiest hour, with a third free {plan.cores} cores, {plan.memory:.0f} GiB of workers, "
            f"{plan.disk:.0f} GB a year, {plan.requests:.0f} requests a second"
        )


def _day(server: PostgresServer, folder: Path, shops: int, count: int) -> Costs:
    fleet = Fleet(folder, server.bare_database())
    for place in range(shops):
        fleet.add(f"shop-{place}", seed=place)
    workers = Workers(fleet, concurrency=6)
    try:
        roots = [workers.start() for _ in range(count)]
        until(lambda: _done(fleet, 3 * shops), 1200)
        while fleet.today("shop-0").day == 2:
            _three_hours(fleet, shops)
        size, quiet = _size(fleet), cpu_of(server, roots)
        begun = time.perf_counter()
        _three_hours(fleet, shops)
        poll = (cpu_of(server, roots) - quiet) / shops
        for _ in range(POLLS - 2):
            _three_hours(fleet, shops)
        midnight = cpu_of(server, roots)
        _three_hours(fleet, shops)
        decision = max((cpu_of(server, roots) - midnight) / shops - poll, 0.0)
        wall, kilobytes = time.perf_counter() - begun, (_size(fleet) - size) / shops / 1e3
        writes = sum(len(fleet.state(f"shop-{place}").edits) for place in range(shops)) / shops / 2
        whole = (cpu_of(server, roots) - quiet) / shops
        workers.stop()
    finally:
        workers.close()
    print(
        f"fleet_day: {shops} shops, {count} workers, a day in {wall:.0f} s: {whole * 1e3:.0f} ms of a core a shop and "
        f"day with {POLLS} polls; {poll * 1e3:.0f} ms a poll, {decision * 1e3:.0f} ms a decision with its writes; "
        f"{kilobytes:.0f} kB a shop and day"
    )
    return Costs(poll, decision, kilobytes, writes)


def _three_hours(fleet: Fleet, shops: int) -> None:
    fleet.move(fleet.now + STEP)
    until(lambda: _done(fleet, 3 * shops), 1200)


def _done(fleet: Fleet, rows: int) -> bool:
    """Whether nothing is due now: all are begun, read and decided."""
    try:
        with psycopg.connect(fleet.url, autocommit=True, options="-c search_path=bidder_jobs") as connection:
            query = "SELECT count(*), count(*) FILTER (WHERE at <= %s OR claimed IS NOT NULL) FROM bidder_due"
            found = connection.execute(query, (fleet.now,)).fetchone()
            jobs = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name <> 'tick'"
            left = connection.execute(jobs).fetchone()
    except psycopg.Error:
        return False  # the first worker has not made the tables yet
    return found == (rows, 0) and left == (0,)


def _size(fleet: Fleet) -> int:
    with psycopg.connect(fleet.url) as connection:
        found = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        return int(found[0]) if found else 0


if __name__ == "__main__":
    main()
