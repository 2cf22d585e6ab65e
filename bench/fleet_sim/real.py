"""A real fleet beside the simulated one: workers on PostgreSQL, platforms that answer after a while, all timed.

`measure` takes a small fleet's unit costs; `RealFleet.phase` lets everything become due at one moment, and tells how
long each kind of job waited and when the last was done: what the simulation has to foretell.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from bench.fleet import cpu_of
from bench.fleet_sim.costs import Both, Costs, Shape
from bench.fleet_sim.seen import Quantiles, quantiles
from bidder.worker.due import DECIDE, POLL, Due, Row
from bidder.worker.queue import Queue
from bidder.worker.wanted import jobs_for
from tests.postgres import PostgresServer
from tests.worker.fleet import FORKER, Fleet, Workers

__all__ = ["CONCURRENCY", "LATENCY", "Phase", "RealFleet", "measure", "running_fleet"]

CONCURRENCY = 6
LATENCY = 0.25
"""Seconds that each request of the fake platforms takes."""

LOOKING = 0.25
"""Seconds between two looks whether all is done."""

TICKS = os.sysconf("SC_CLK_TCK")

SLOWLY = f"""
import time
from bidder.connectors.sandbox.client import Client

def slowly(name):
    asked = getattr(Client, name)
    async def slow(self, *words):
        os.write(requests, b"%.3f\\n" % time.time())
        await asyncio.sleep({LATENCY})
        return await asked(self, *words)
    setattr(Client, name, slow)

requests = os.open(folder + "/requests", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
for name in ("campaigns", "campaign", "report", "items", "set_day_budget"):
    slowly(name)
"""

LOG = """
CREATE TABLE bench_log (job bigint, task text, way text, what text, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION bench_told() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO bench_log VALUES (OLD.id, OLD.task_name, OLD.args->>'way', 'ended'); RETURN OLD;
  END IF;
  INSERT INTO bench_log VALUES (NEW.id, NEW.task_name, NEW.args->>'way',
    CASE WHEN TG_OP = 'INSERT' THEN 'made' ELSE 'begun' END);
  RETURN NEW;
END $$;
CREATE TRIGGER bench_tells AFTER INSERT OR DELETE ON procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION bench_told();
CREATE TRIGGER bench_begun AFTER UPDATE ON procrastinate_jobs FOR EACH ROW
  WHEN (NEW.status = 'doing' AND OLD.status = 'todo') EXECUTE FUNCTION bench_told();
"""


class SlowWorkers(Workers):
    """Whose platforms take a while."""

    PROGRAM = FORKER.replace("\nsettings = ", SLOWLY + "\nsettings = ", 1)


@dataclass(frozen=True, slots=True)
class Phase:
    """From everything being due to nothing being left."""

    seconds: float
    core: Both
    """What workers (their main process) and the server took of a core."""
    deciding: float
    """And the processes that decide."""
    waited: dict[str, Quantiles]
    counts: dict[str, int]
    lasted: dict[str, list[float]]
    requests: int
    writes: int


class RealFleet:
    """Shops on one server, with workers."""

    def __init__(self, server: PostgresServer, folder: Path, shops: int, workers: int) -> None:
        self.server, self.shops = server, shops
        self.fleet = Fleet(folder, server.bare_database())
        for place in range(shops):
            self.fleet.add(f"shop-{place}", seed=place)
        self.workers = SlowWorkers(self.fleet, concurrency=CONCURRENCY)
        self.roots = [self.workers.start() for _ in range(workers)]

    def settle(self) -> None:
        """Waits until all are begun, read and decided, and begins to take notes."""
        self._wait()
        self.fleet.move(self.fleet.now + timedelta(hours=3))  # the last of the day: what was not read before is decided
        self._wait()
        self._run(LOG)

    def _run(self, query: str, *words: object) -> None:
        with psycopg.connect(self.fleet.url, autocommit=True, options="-c search_path=bidder_jobs") as one:
            one.execute(query.encode(), words or None)

    def _wait(self) -> None:
        """Until nothing is due. Over one connection and not too often: what looking takes is no cost of the fleet."""
        with psycopg.connect(self.fleet.url, autocommit=True, options="-c search_path=bidder_jobs") as one:
            deadline = time.monotonic() + 1200
            while not self._done(one):
                assert time.monotonic() < deadline, self.workers.logs()
                time.sleep(LOOKING)

    def _done(self, connection: psycopg.Connection[Any]) -> bool:
        try:
            query = "SELECT count(*), count(*) FILTER (WHERE at <= %s OR claimed IS NOT NULL) FROM bidder_due"
            found = connection.execute(query, (self.fleet.now,)).fetchone()
            jobs = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name <> 'tick'"
            left = connection.execute(jobs).fetchone()
        except psycopg.errors.UndefinedTable:
            return False  # the first worker has not made the tables yet
        return found == (3 * self.shops, 0) and left == (0,)

    def cores(self) -> tuple[float, float, float]:
        """Seconds of a core so far: main processes of workers, those that decide, the server."""
        main = sum(_own(pid) for pid in self.roots)
        server = cpu_of(self.server, [])
        return main, cpu_of(self.server, self.roots) - server - main, server

    def phase(self, step: timedelta, *, again: bool = False) -> Phase:
        """The clock moves on; what is due then is done. `again`: all is read, whether it is due or not."""
        before, edits = self.cores(), self._edits()
        begun, since = time.time(), datetime.now(UTC)
        self.fleet.move(self.fleet.now + step)
        if again:
            self._run("UPDATE bidder_due SET at = %s WHERE what LIKE 'poll:%%'", self.fleet.now)
        self._wait()
        newest = f"SELECT max(extract(epoch FROM at)) FROM bench_log WHERE task <> 'tick' AND at > '{since}'"
        last, after = self.fleet.jobs(newest), self.cores()
        main, deciding, server = (late - early for late, early in zip(after, before, strict=True))
        query = (
            "SELECT task, way, extract(epoch FROM max(at) FILTER (WHERE what = 'made')),"
            " extract(epoch FROM max(at) FILTER (WHERE what = 'begun')),"
            " extract(epoch FROM max(at) FILTER (WHERE what = 'ended'))"
            f" FROM bench_log WHERE at > '{since}' GROUP BY job, task, way"
        )
        waited: dict[str, list[float]] = {}
        lasted: dict[str, list[float]] = {}
        for task, way, *instants in self.fleet.jobs(query):
            if None not in instants:
                made, start, end = (float(one) for one in instants)
                waited.setdefault(way or task, []).append(start - made)
                lasted.setdefault(way or task, []).append(end - start)
        asked = (self.fleet.folder / "requests").read_text("ascii").split()
        return Phase(
            seconds=float(last[0][0]) - begun,
            core=Both(main, server),
            deciding=deciding,
            waited={task: quantiles(one) for task, one in waited.items()},
            counts={task: len(one) for task, one in waited.items()},
            lasted=lasted,
            requests=sum(float(one) >= begun for one in asked),
            writes=self._edits() - edits,
        )

    def _edits(self) -> int:
        return sum(len(self.fleet.state(name).edits) for name in self.fleet.zones)

    def stop(self) -> None:
        """Ends the workers."""
        self.workers.stop()

    def close(self) -> None:
        """Whatever is left of them."""
        self.workers.close()


@contextmanager
def running_fleet(server: PostgresServer, folder: Path, shops: int, workers: int) -> Iterator[RealFleet]:
    """A fleet that has read and decided what there was."""
    folder.mkdir()
    fleet = RealFleet(server, folder, shops, workers)
    try:
        fleet.settle()
        yield fleet
        fleet.stop()
    finally:
        fleet.close()


def measure(server: PostgresServer, folder: Path, shops: int = 30) -> Costs:
    """Unit costs of a worker's jobs, from a small fleet that reads, then reads, decides and writes."""
    ticks = asyncio.run(_ticks(server))
    with running_fleet(server, folder, shops, 1) as fleet:
        before = fleet.cores()
        time.sleep(10.0)
        main, _, server_side = (late - early for late, early in zip(fleet.cores(), before, strict=True))
        idle = Both(  # what is left after ten ticks, one a second
            max(main / 10 - ticks.tick.worker - shops * ticks.tick_shop.worker, 0.001),
            max(server_side / 10 - ticks.tick.server - shops * ticks.tick_shop.server, 0.001),
        )
        night = fleet.phase(timedelta(hours=3))
        polls = fleet.phase(timedelta(hours=3))
        repolls = fleet.phase(timedelta(), again=True)
    poll = _each(_without(polls.core, idle, polls.seconds), polls.counts["poll"])
    again = _each(_without(repolls.core, idle, repolls.seconds), repolls.counts["poll"])
    rest = _without(night.core, idle, night.seconds)
    more = night.counts["poll"] - shops
    rest = Both(
        max(rest.worker - shops * poll.worker - more * again.worker, 0.0),
        max(rest.server - shops * poll.server - more * again.server, 0.0),
    )
    spent = rest.worker + night.deciding  # the server's part is shared out as the worker's is
    decide = Both(night.deciding / shops, rest.server * night.deciding / spent / shops)
    write = Both(rest.worker / night.writes, rest.server * rest.worker / spent / night.writes)
    print(
        f"fleet_sim: {shops} shops: {polls.requests / shops:.1f} requests a poll, {night.writes} writes; at night "
        f"{night.counts}, {night.requests} requests, {night.core} and {night.deciding:.2f} s of a core in "
        f"{night.seconds:.1f} s; polls {polls.core} in {polls.seconds:.1f} s, again {repolls.core}"
    )
    parts = {way: night.counts.get(way, 0) for way in ("falls", "rises")}
    falls = parts["falls"] / max(sum(parts.values()), 1)
    moved = night.writes / shops
    return replace(
        ticks,
        poll=poll,
        poll_again=again,
        decide=decide,
        write=write,
        idle=idle,
        falls=moved * falls,
        rises=moved * (1 - falls),
        polls=_shape(polls.lasted["poll"]),
    )


def _without(core: Both, idle: Both, seconds: float) -> Both:
    return Both(max(core.worker - idle.worker * seconds, 0.0), max(core.server - idle.server * seconds, 0.0))


def _each(both: Both, count: int) -> Both:
    return Both(both.worker / count, both.server / count)


def _shape(values: Sequence[float]) -> Shape:
    found = np.quantile(np.array(values), np.linspace(0, 1, 11)) / statistics.fmean(values)
    return Shape(tuple(float(one) for one in found))


async def _ticks(server: PostgresServer, shops: int = 2000) -> Costs:
    """A tick: with next to no shops; for each shop; for each row that becomes a job; and where one waits already."""
    queue, now = Queue(server.bare_database()), datetime.now(UTC)
    await queue.open()
    try:
        due, names = Due(queue), [f"s{number:05d}" for number in range(shops)]

        async def tick(stamps: dict[str, str]) -> list[Row]:
            await due.sync(stamps, now)
            rows = await due.claim(now, timedelta(minutes=10))
            await due.counts()
            return rows

        with _taking(server) as few:
            for _ in range(20):
                await tick({"one": "1"})
        stamps = dict.fromkeys(names, "1")
        await tick(stamps)
        with _taking(server) as many:
            for _ in range(5):
                await tick(stamps)
        for name in names:
            await due.begun(name, [Row(name, f"{POLL}ads", now), Row(name, DECIDE, now + timedelta(days=1))])
        with _taking(server) as fast:
            await queue.defer(jobs_for(await due.claim(now, timedelta(minutes=10)), 100))
        with _taking(server) as slow:
            rows = [Row(name, f"{POLL}ads", now) for name in names[:500]]
            await queue.defer(jobs_for(rows, 100))
    finally:
        await queue.close()
    base = _each(few[0], 20)
    return Costs(
        tick=base,
        tick_shop=_each(_minus(_each(many[0], 5), base), shops),
        tick_row=_each(fast[0], shops),
        tick_slow=_each(slow[0], 500),
    )


def _minus(one: Both, other: Both) -> Both:
    return Both(max(one.worker - other.worker, 0.0), max(one.server - other.server, 0.0))


@contextmanager
def _taking(server: PostgresServer) -> Iterator[list[Both]]:
    """What this process and the server take of a core meanwhile."""
    found: list[Both] = []
    here, there = time.process_time(), cpu_of(server, [])
    yield found
    found.append(Both(time.process_time() - here, cpu_of(server, []) - there))


def _own(pid: int) -> float:
    """Seconds of a core that one process took, without those that it started."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
