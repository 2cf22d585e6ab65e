"""Events by the hour and changes of configuration in the loop, on simulated time."""

from __future__ import annotations

import asyncio
import random
import threading
from datetime import datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bidder import cycle
from bidder.cli import ops
from bidder.config.load import Config, load
from bidder.daemon import reload as reloading
from bidder.daemon.events import DECIDED, due_moment
from bidder.daemon.reload import IN_FORCE, WAITING, Watch
from bidder.decide import Decision
from bidder.errors import ConfigError
from bidder.instrumentation import Metrics
from tests.daemon.test_loop import SHOP, World

CALENDAR = """
- name: 99
  purse: 5000
  phases:
    - {phase: preheat, from: 2026-09-02, to: 2026-09-02}
    - {phase: burst, from: "2026-09-03 20:00", to: "2026-09-04 24:00"}
    - {phase: recover, from: 2026-09-05, to: 2026-09-08}
"""
RULES = """
- name: burst
  when: event.phase == 'burst'
  budget: {multiply: 2, from: purse}
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.chdir(tmp_path)
    for name in ("BIDDER_STORE", "BIDDER_LISTEN", "BIDDER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return World(tmp_path)


def with_event(folder: Path, monkeypatch: pytest.MonkeyPatch, mode: str = "apply", more: str = "") -> World:
    """The same shop with an event; its bidder.yaml is written before the daemon reads it."""
    (folder / "calendar.yaml").write_text(CALENDAR + more, "utf-8")
    (folder / "rules.yaml").write_text(RULES, "utf-8")
    text = SHOP.replace("mode: apply", f"mode: {mode}").replace("max: 3000", "max: 3000, event: 9000")
    monkeypatch.setattr("tests.daemon.test_loop.SHOP", text + "calendar: calendar.yaml\nrules: [rules.yaml]\n")
    monkeypatch.chdir(folder)
    return World(folder)


def decided_at(world: World) -> list[datetime]:
    return [line.at for line in reversed(world.store.journal()) if line.kind == "decided"]


async def test_a_burst_is_decided_an_hour_early_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = with_event(tmp_path, monkeypatch)
    await world.live(5)
    local = [at.astimezone(tz=None).isoformat() for at in decided_at(world)]
    assert local
    burst = [at for at in decided_at(world) if at.isoformat().startswith("2026-09-03T11:0")]
    assert len(burst) == 1  # 19:00 in Shanghai
    ends = [at for at in decided_at(world) if at.isoformat().startswith("2026-09-04T16:0")]
    assert len(ends) == 1
    assert due_moment(world.daemon.config, world.store, burst[0]) is not None  # a later one is remembered by now
    world.store.set_value(DECIDED, "2026-09-03T11:00:00+00:00")
    assert due_moment(world.daemon.config, world.store, burst[0]) is None
    assert due_moment(world.daemon.config, world.store, burst[0].replace(day=12)) is None


async def test_what_was_approved_beforehand_needs_no_further_approval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = with_event(tmp_path, monkeypatch, mode="propose", more="  approved: {burst: 9000}\n")
    await world.live(5)
    writes = [line.at.isoformat() for line in world.store.journal() if line.kind == "intent"]
    assert writes
    assert all("2026-09-03T11:" <= at < "2026-09-04T16:" for at in writes)


async def test_a_changed_file_is_noticed_and_a_large_change_waits_for_a_person(world: World) -> None:
    good = world.path.read_text("utf-8")
    caps: list[str] = []

    def between() -> None:
        caps.append(str(world.daemon.config.caps().day))
        match len(caps):
            case 6:
                world.path.write_text(good.replace("max: 3000", "max: 2900"), "utf-8")
            case 9:
                world.path.write_text(good.replace("max: 3000", "max: 40"), "utf-8")
            case 12:
                app = typer.Typer()
                ops.register(app)
                told = CliRunner().invoke(app, ["confirm", "-c", str(world.path)])
                assert told.exit_code == 0
                assert "confirmed" in told.stdout
                assert CliRunner().invoke(app, ["confirm", "-c", str(world.path)]).exit_code == 0

    world.between = between
    await world.live(5)
    assert caps[5] == "3000.00"
    assert caps[6] == "2900.00"  # nobody asked
    assert caps[9:11] == ["2900.00"] * 2  # waits
    assert caps[-1] == "40.00"
    assert "configuration waits for confirmation" in {
        line.facts.get("what") for line in world.store.journal(kind="note")
    }
    assert world.store.value(WAITING) is None


async def test_a_large_change_over_a_restart_waits_as_well(world: World) -> None:
    await world.live(3)
    world.path.write_text(world.path.read_text("utf-8").replace("max: 3000", "max: 40"), "utf-8")
    assert world.store.value(IN_FORCE) == world.config.digest
    before = world.kinds().count("intent")
    world.daemon = type(world.daemon)(load(world.path), world.store, world, world.daemon.metrics)
    await world.live(2)
    assert world.kinds().count("intent") == before
    assert world.store.value(WAITING)["digest"] == world.daemon.config.digest


def test_confirming_what_does_not_wait_is_said(world: World) -> None:
    app = typer.Typer()
    ops.register(app)
    assert "nothing waits" in CliRunner().invoke(app, ["confirm", "-c", str(world.path)]).stdout
    world.store.set_value(WAITING, {"digest": "x", "before": 1, "after": 2})
    told = CliRunner().invoke(app, ["confirm", "-c", str(world.path)])
    assert isinstance(told.exception, ConfigError)


def test_files_are_watched_with_those_that_come_and_those_with_faults(tmp_path: Path) -> None:
    path = tmp_path / "bidder.yaml"
    path.write_text("rules: [r/*.yaml]\n", "utf-8")
    (tmp_path / "r").mkdir()
    (tmp_path / "r/one.yaml").write_text("- {name: a, total: {max: 10}}\n", "utf-8")
    watch = Watch(load(path, env={}))
    assert not watch.changed()
    (tmp_path / "r/two.yaml").write_text("- {name: b, totl: {max: 10}}\n", "utf-8")
    assert watch.changed()
    assert not watch.changed()
    with pytest.raises(ConfigError) as caught:
        load(path, env={})
    watch.refused(caught.value)
    assert not watch.changed()
    (tmp_path / "r/two.yaml").unlink()
    assert watch.changed()
    watch.follow(load(path, env={}))
    assert not watch.changed()


def test_reloads_while_decisions_run_give_each_one_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,000 reloads, good and broken in turn, beside decisions in another thread (loading is what varies)."""
    monkeypatch.chdir(tmp_path)
    world = World(tmp_path)
    good = world.path.read_text("utf-8")
    known: dict[str, str] = {}
    files: dict[str, Config | ConfigError] = {}
    for cap in (2500, 2600, 2700, 2800):
        text = good.replace("max: 3000", f"max: {cap}")
        world.path.write_text(text, "utf-8")
        files[text] = fresh = load(world.path)
        known[fresh.digest] = f"{cap}.00"
    broken = good.replace("max: 3000", "mix: 3000")
    world.path.write_text(broken, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(world.path)
    files[broken] = caught.value
    texts, now_written = list(files), [good]

    def loaded(_: object) -> Config:
        found = files[now_written[0]]
        if isinstance(found, ConfigError):
            raise found
        return found

    monkeypatch.setattr("bidder.daemon.loop.load", loaded)
    monkeypatch.setattr("bidder.daemon.loop.may_take_effect", lambda *_: None)
    monkeypatch.setattr(Metrics, "config_loaded", lambda *_: None)
    seen: list[tuple[str, str]] = []

    def deciding(config: Config, *_: object) -> Decision:
        first = config.digest
        threading.Event().wait(0.002)
        seen.append((first, str(config.caps().day)))
        raise ConfigError([])

    monkeypatch.setattr(cycle, "decide_now", deciding)
    draw, done = random.Random(618), threading.Event()

    async def decide_all() -> None:
        while not done.is_set():
            await world.daemon._decide(world.now())

    thread = threading.Thread(target=lambda: asyncio.run(decide_all()))
    thread.start()
    try:
        for turn in range(1000):
            now_written[0] = broken if turn % 2 else draw.choice(texts[:-1])
            world.daemon._reload(world.now())
            while len(seen) < turn // 50:
                threading.Event().wait(0.001)
    finally:
        done.set()
        thread.join()
    assert len(seen) > 10
    known[world.config.digest] = "3000.00"
    assert all(known[digest] == cap for digest, cap in seen)
    assert len({digest for digest, _ in seen}) > 1


def test_a_configuration_that_makes_no_plan_has_nothing_to_compare(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: object) -> Decision:
        raise ConfigError([])

    monkeypatch.setattr(cycle, "decide_now", nothing)
    assert reloading.may_take_effect(world.config, world.config, world.store, world.now()) is None
