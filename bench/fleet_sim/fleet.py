"""One fleet: its rows that are due, its queue, its workers and what each of their jobs does and takes (no digests).

What is bidder's own is called, not told again: which rows go first and become which jobs, when a shop is to be decided
and read, how a dead platform is kept to its share of places. What jobs take is drawn from what was measured.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass

from bench.fleet_sim.costs import Both, Costs
from bench.fleet_sim.engine import Simulation, Station, Steps
from bench.fleet_sim.jobs import Job, Jobs
from bench.fleet_sim.platforms import Lost, Platform
from bench.fleet_sim.seen import Seen
from bench.fleet_sim.shops import ACCOUNT, DueRows, Shop, instant
from bidder.worker.bulkhead import Bulkhead
from bidder.worker.due import DECIDE, POLL
from bidder.worker.queue import DECISIONS, PLATFORMS, Again, Wanted
from bidder.worker.settings import Priority, WorkerSettings
from bidder.worker.wanted import alone, apply_job, jobs_for, next_poll, poll_job

__all__ = ["Fleet", "Machine", "Worker"]

A_WRITE = 3
"""Requests of a budget: read, set, read back."""

LOOK = 5.0
"""Seconds between two looks of a worker at who is gone."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A computer that workers run on."""

    cores: Station


class Worker:
    """One worker: a process for platforms (one thread of Python at a time), and one that decides."""

    def __init__(self, fleet: Fleet, machine: Machine) -> None:
        self.fleet, self.machine, self.alive = fleet, machine, True
        settings = fleet.settings
        self.free = {PLATFORMS: settings.concurrency, DECISIONS: settings.processes}
        self.bulkhead = Bulkhead(settings.concurrency)
        self.thread = Station(fleet.simulation, 1)
        self.jobs: set[Job] = set()

    def compute(self, seconds: float) -> Steps:
        """In the process for platforms."""
        yield self.thread
        try:
            yield from self.machine.cores.work(seconds)
        finally:
            self.thread.leave()

    def does(self, both: Both, size: float = 1.0) -> Steps:
        """Work of this process, then the server's."""
        yield from self.compute(both.worker * size)
        yield from self.fleet.server.work(both.server * size)


class Fleet:
    """`server`: the cores of its PostgreSQL server."""

    def __init__(
        self,
        simulation: Simulation,
        settings: WorkerSettings,
        costs: Costs,
        server: Station,
        platforms: Mapping[str, Platform],
        chance: random.Random,
        seen: Seen,
        requests: int = 4,
    ) -> None:
        self.simulation, self.settings, self.costs, self.server = simulation, settings, costs, server
        self.platforms, self.chance, self.seen, self.requests = platforms, chance, seen, requests
        self.due = DueRows(settings.patience.total_seconds())
        self.jobs = Jobs(simulation, self._ready)
        self.shops: dict[str, Shop] = {}
        self.workers: list[Worker] = []
        self._does: dict[str, Callable[[Worker, Job], Generator[float | Station, None, None]]] = {
            "tick": self._tick, "poll": self._poll, "decide": self._decide, "apply": self._apply,
        }  # fmt: skip

    # ---- what there is

    def add(self, shop: Shop, poll_at: float, decide_at: float) -> None:
        """A shop that has been begun already."""
        self.shops[shop.name] = shop
        self.due.set(shop.name, POLL + ACCOUNT, poll_at)
        self.due.set(shop.name, DECIDE, decide_at, self.costs.decide.worker)

    def begin(self, machine: Machine) -> Worker:
        """One more worker."""
        worker = Worker(self, machine)
        self.workers.append(worker)
        self.simulation.start(self._idle(worker))
        self._ready(PLATFORMS)
        self._ready(DECISIONS)
        return worker

    def ticking(self) -> Steps:
        """A tick becomes a job every few seconds."""
        tick = Wanted("tick", {}, Priority.TICK, "tick", "tick")
        while True:
            self.jobs.defer([tick])
            self.seen.most_waiting = max(self.seen.most_waiting, self.jobs.todo)
            yield float(self.settings.tick)

    def lose(self, worker: Worker) -> None:
        """Its machine is gone; its jobs go back once its heartbeat was missed."""
        worker.alive = False
        self.workers.remove(worker)
        jobs = list(worker.jobs)
        for job in jobs:
            if job.process is not None:
                job.process.end()
        worker.jobs.clear()
        after = self.settings.gone.total_seconds() + self.chance.uniform(0, LOOK)
        self.simulation.at(self.simulation.now + after, lambda: self._rescue(jobs))

    def _rescue(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self.seen.rescued += 1
            self.jobs.rescue(job)

    def _idle(self, worker: Worker) -> Steps:
        """Heartbeats, and looks at what waits."""
        while worker.alive:
            yield from worker.does(self.costs.idle, LOOK)
            yield LOOK

    # ---- who does what

    def _ready(self, name: str) -> None:
        """A job may be fetched: the worker with most free places takes it, as each is woken and takes one in turn."""
        while free := [worker for worker in self.workers if worker.free[name] > 0]:
            job = self.jobs.fetch(name)
            if job is None:
                return
            most = max(worker.free[name] for worker in free)
            worker = self.chance.choice([one for one in free if one.free[name] == most])
            worker.free[name] -= 1
            worker.jobs.add(job)
            job.process = self.simulation.start(self._run(worker, job, name))

    def _run(self, worker: Worker, job: Job, name: str) -> Steps:
        begun, task = self.simulation.now, _called(job)
        try:
            yield from self._does[job.wanted.task](worker, job)
            self.seen.waited[task].append(begun - job.born)
            self.seen.lasted[task].append(self.simulation.now - begun)
        except Again as e:
            self.seen.again += 1
            yield from worker.does(self.costs.again)
            self.jobs.again(job, e.seconds)
        worker.jobs.discard(job)
        worker.free[name] += 1
        if job.wanted.task != "tick":
            self.seen.finished_at, self.seen.worked = self.simulation.now, worker.machine.cores.worked
        self.jobs.finish(job)
        self._ready(name)

    # ---- the jobs

    def _tick(self, worker: Worker, _job: Job) -> Steps:
        costs = self.costs
        yield from worker.does(costs.tick)
        yield from worker.does(costs.tick_shop, len(self.shops))
        rows = self.due.claim(self.simulation.now)
        for row in rows:
            if row.what.startswith(POLL):
                self.seen.behind.append(self.simulation.now - row.at.timestamp())
        wanted = jobs_for(rows, self.settings.batch)
        _, refused = self.jobs.defer(wanted)
        yield from worker.does(costs.tick_slow if refused else costs.tick_row, len(rows))

    def _poll(self, worker: Worker, job: Job) -> Steps:
        shop = self.shops[job.wanted.words["shop"]]
        with worker.bulkhead.through(shop.platform) as passage:
            size = shop.size * self.costs.polls.draw(self.chance) / 2
            at = next_poll(shop.name, ACCOUNT, instant(self.simulation.now), shop.config.schedule.poll)
            recently = shop.read_at > self.simulation.now - shop.config.schedule.poll.total_seconds() / 4
            each = self.costs.poll_again if recently else self.costs.poll
            yield from worker.does(each, size)
            passage.worked = yield from self._read(shop, self.requests)
            yield from worker.does(each, size)
        if passage.worked:
            shop.read(self.simulation.now)
        else:
            self.seen.failed["poll"] += 1
        self.due.set(shop.name, POLL + ACCOUNT, at.timestamp())

    def _read(self, shop: Shop, requests: int) -> Generator[float | Station, None, bool]:
        """Whether the platform answered. Budgets and reports are asked one after the other, whatever the first says."""
        platform, worked = self.platforms[shop.platform], False
        for _ in range(requests):
            try:
                yield from platform.read(shop.name)
                worked = True
            except Lost:
                if worked:
                    break
        return worked

    def _decide(self, worker: Worker, job: Job) -> Steps:
        names: list[str] = job.wanted.words["shops"]
        begun, sizes = self.simulation.now, dict[str, float]()
        asked = [(shop, *shop.asked(begun)) for shop in (self.shops[name] for name in names)]
        for shop, early, _ in asked:
            if early is None:
                sizes[shop.name] = shop.size * self.costs.decisions.draw(self.chance)
        whole = sum(sizes.values())
        more = self.costs.alone if sizes and len(names) == 1 else 0.0
        yield from worker.machine.cores.work(self.costs.decide.worker * whole + more + 0.002 * len(names))
        yield from self.server.work(self.costs.decide.server * whole + 0.002 * len(names))
        now = self.simulation.now
        if now - begun > self.settings.limit.total_seconds() and len(names) > 1:
            self.seen.lost += 1
            self.jobs.defer([alone(name) for name in names])
            return
        each = (self.costs.decide.worker + self.costs.decide.server) / worker.machine.cores.speed
        for shop, early, rule in asked:
            self.seen.answers["decided" if early is None else early.result] += 1
            if early is None:
                self._decided(shop, rule.day.isoformat(), now - shop.due_at(rule))
                next_at = rule._next()
            else:
                next_at = early.next_at
            self.due.set(shop.name, DECIDE, next_at.timestamp(), each * sizes.get(shop.name, 0.0))

    def _decided(self, shop: Shop, day: str, late: float) -> None:
        if shop.decided == day:
            return  # others were faster: a day is saved once
        shop.decided = day
        self.seen.decisions[shop.name, day] += 1
        self.seen.late.append(late)
        self.jobs.defer([apply_job(shop.name, ACCOUNT, "falls"), apply_job(shop.name, ACCOUNT, "rises")])

    def _apply(self, worker: Worker, job: Job) -> Steps:
        shop, way = self.shops[job.wanted.words["shop"]], job.wanted.words["way"]
        with worker.bulkhead.through(shop.platform) as passage:
            mean = self.costs.falls if way == "falls" else self.costs.rises
            budgets = _about(mean * min(shop.size, 3.0), self.chance)
            passage.worked = True
            for _ in range(budgets):
                yield from worker.does(self.costs.write)
                if not (yield from self._read(shop, A_WRITE)):
                    passage.worked = False
                    self.seen.failed[way] += 1
                    break
        if way == "falls" and passage.worked:
            self.seen.stopped.append(self.simulation.now - job.born)
        self.due.soon(shop.name, POLL + ACCOUNT, self.simulation.now)

    def polled_now(self) -> None:
        """All accounts are to be read at once, as after a long rest."""
        self.jobs.defer(poll_job(shop, ACCOUNT) for shop in self.shops)


def _called(job: Job) -> str:
    return str(job.wanted.words["way"]) if job.wanted.task == "apply" else job.wanted.task


def _about(mean: float, chance: random.Random) -> int:
    """A whole number with that mean."""
    whole = int(mean)
    return whole + (chance.random() < mean - whole)
