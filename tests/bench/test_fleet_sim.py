"""The simulated fleet keeps its own books: every job ends once, no core works twice at once, no rate is passed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.fleet_sim.costs import Both, Costs, Shape
from bench.fleet_sim.engine import Simulation, Station, Steps
from bench.fleet_sim.jobs import Jobs
from bench.fleet_sim.platforms import PlatformKind
from bench.fleet_sim.report import report
from bench.fleet_sim.seen import quantiles
from bench.fleet_sim.shops import DueRows, instant
from bench.fleet_sim.world import HOUR, SetUp, World
from bidder.worker.due import Row
from bidder.worker.queue import PLATFORMS
from bidder.worker.settings import WorkerSettings
from bidder.worker.wanted import apply_job

SMALL = SetUp(
    40,
    machines=2,
    servers=1,
    poll=timedelta(hours=2),
    platforms=[PlatformKind("well", 0.7, limit=2.0), PlatformKind("ill", 0.3)],
    settings=WorkerSettings(Path(), "", tick=20),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shops' files are."""
    return tmp_path_factory.mktemp("simulated")


def a_day(folder: Path, asked: SetUp, costs: Costs | None = None, seed: int = 0) -> World:
    world = World(asked, costs or Costs(), folder, seed)
    world.run()
    return world


@settings(max_examples=4, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    workers=st.integers(2, 3),
    fleets=st.integers(1, 2),
    lost_at=st.none() | st.floats(13.4, 13.6),
    dead=st.none() | st.floats(1, 20),
)
def test_every_job_ends_once_and_every_shop_is_decided_once_a_day(
    folder: Path, seed: int, workers: int, fleets: int, lost_at: float | None, dead: float | None
) -> None:
    asked = replace(
        SMALL, workers=workers, fleets=fleets, lost_at=lost_at, dead=None if dead is None else ("ill", dead)
    )
    world = a_day(folder, asked, seed=seed)
    for fleet in world.fleets:
        left = len(fleet.jobs.running) + fleet.jobs.todo
        assert sum(fleet.jobs.deferred.values()) == sum(fleet.jobs.ended.values()) + left
        assert left <= 4, "what is under way when the day ends"
        for name in ("decide", "apply"):
            assert fleet.jobs.deferred[name] == fleet.jobs.ended[name] > 0
    assert set(world.seen.decisions.values()) == {1}
    assert Counter(shop for shop, _ in world.seen.decisions) == {name: 1 for one in world.fleets for name in one.shops}
    for station in (*(one.cores for one in world.machines), *world.servers):
        assert station.most_held <= station.places
        assert all(seconds <= station.places * HOUR * 1.001 for seconds in station.busy.values())
        assert station.free >= 0
    taken: Counter[int] = Counter()
    for one in world.taken["well"]:
        taken.update(one.seconds)
        assert not one.throttled
    for second in taken:  # a rest of a second may be made up for, no more, in any ten seconds
        assert sum(taken[second + more] for more in range(10)) <= 2.0 * (10 + 1) + 2 * fleets
    assert report(world)


def test_twice_the_work_is_late_and_an_hour_without_a_platform_is_that_platforms_alone(folder: Path) -> None:
    settings = WorkerSettings(Path(), "", concurrency=2, tick=20)
    once = replace(SMALL, machines=1, cores=1, workers=1, settings=settings, sizes=0.0)
    costs = Costs(decide=Both(3.0, 1.0))
    late = [
        quantiles(a_day(folder, once, one, seed=5).seen.late).p95
        for one in (costs, replace(costs, decide=Both(6.0, 2.0)), replace(costs, decide=Both(12.0, 4.0)))
    ]
    assert late == sorted(late)
    assert late[2] > 1.5 * late[0]
    dead = a_day(folder, replace(SMALL, dead=("ill", 5.0)), seed=5)
    assert dead.seen.failed["poll"] > 0
    assert quantiles(dead.seen.late).most < 2 * HOUR


def test_without_a_shared_rate_a_platform_refuses(folder: Path) -> None:
    tight = replace(SMALL, poll=timedelta(minutes=15), platforms=[PlatformKind("well", 1.0, limit=0.25)], hours=3.0)
    assert sum(one.throttled for one in a_day(folder, replace(tight, paced=False)).platforms) > 0
    paced = a_day(folder, tight)
    assert sum(one.throttled for one in paced.platforms) == 0
    assert sum(one.waited for one in paced.platforms) > 0


def test_falls_go_before_rises_and_one_job_of_a_shop_at_a_time() -> None:
    simulation = Simulation(0.0)
    jobs = Jobs(simulation, lambda _: None)
    one, other = ([apply_job(shop, "ads", way) for way in ("rises", "falls")] for shop in ("a", "b"))
    assert jobs.defer([*one, *other, one[0]]) == (4, 1)
    first, second = jobs.fetch(PLATFORMS), jobs.fetch(PLATFORMS)
    assert first is not None
    assert second is not None
    assert [(each.wanted.words["shop"], each.wanted.words["way"]) for each in (first, second)] == [
        ("a", "falls"),
        ("b", "falls"),
    ]
    assert jobs.fetch(PLATFORMS) is None, "its shop is being written to"
    jobs.rescue(first)
    third = jobs.fetch(PLATFORMS)
    assert third is first
    jobs.finish(third)
    fourth = jobs.fetch(PLATFORMS)
    assert fourth is not None
    assert fourth.wanted.words == {"shop": "a", "account": "ads", "way": "rises"}
    jobs.again(fourth, 5.0)
    jobs.finish(fourth)
    assert jobs.fetch(PLATFORMS) is None
    simulation.run(6.0)
    again = jobs.fetch(PLATFORMS)
    assert again is not None
    assert (again.born, again.due) == (0.0, 5.0)


def test_claims_run_out_and_what_comes_sooner_comes_once() -> None:
    due = DueRows(patience=600)
    due.set("a", "decide", 100.0)
    due.set("a", "poll:ads", 50.0)
    due.set("b", "decide", 500.0)
    assert [(row.shop, row.what) for row in due.claim(120.0)] == [("a", "poll:ads"), ("a", "decide")]
    due.soon("b", "decide", 110.0)
    assert due.claim(120.0) == [Row("b", "decide", instant(110.0))]
    due.set("a", "poll:ads", 5000.0)
    due.set("b", "decide", 5000.0)
    assert due.claim(719.0) == []
    assert [(row.shop, row.what) for row in due.claim(721.0)] == [("a", "decide")]


def test_a_process_that_is_ended_gives_its_place_back() -> None:
    simulation, done = Simulation(0.0), list[str]()
    core = Station(simulation, 1)

    def work(name: str) -> Steps:
        yield from core.work(1.0)
        done.append(name)

    first, second = (simulation.start(work(name)) for name in ("first", "second"))
    simulation.run(0.0)
    first.end()  # it has the core
    simulation.start(work("third"))
    simulation.run(0.05)
    second.end()
    simulation.run(10.0)
    assert done == ["third"]
    assert core.free == 1


def test_costs_are_read_as_they_were_written(tmp_path: Path) -> None:
    costs = Costs(poll=Both(0.25, 0.5), polls=Shape((0.5, 1.0, 1.5)))
    costs.write_to(tmp_path / "costs.json")
    assert Costs.read(tmp_path / "costs.json") == costs
