"""The loop in one process on simulated time: what a fault, a reload and a stopped clock make of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bidder import cycle
from bidder.cli.serving import address_of
from bidder.config.load import load
from bidder.connectors.sandbox import kind
from bidder.daemon import Daemon, metrics_for
from bidder.errors import SolveError, StoreError
from bidder.plan import State
from bidder.store import open_store

SHOP = """
shop: {name: tea-house, currency: CNY, timezone: Asia/Shanghai}
budget: {month: 60000, day: {max: 3000}}
accounts:
  - name: wxt
    platform: sandbox
    mode: apply
    timezone: Asia/Shanghai
    seed: 5
    path: platform.json
    start: 2026-09-01
    speed: 0
store: sqlite:///bidder.db
schedule: {poll: 6h, decide: {from: "00:30", until: "11:00"}}
"""


class World:
    """A daemon on a sandbox whose clock jumps from one due thing to the next, for so many simulated hours."""

    def __init__(self, folder: Path) -> None:
        (folder / "bidder.yaml").write_text(SHOP, "utf-8")
        self.path = folder / "bidder.yaml"
        self.config = load(self.path)
        self.sandbox = kind.sandbox(*self.config.accounts[0])
        self.store = open_store(self.config.store_url)
        self.daemon = Daemon(self.config, self.store, self, metrics_for(self.config, self.now()))
        self.end: datetime | None = None
        self.between: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self.sandbox.clock()

    async def sleep_until(self, at: datetime, stop: asyncio.Event) -> None:
        self.between()
        assert self.end is not None
        if at >= self.end:
            stop.set()
        else:
            self.sandbox.advance(max(at, self.now()))

    async def live(self, days: int) -> None:
        self.end = self.sandbox.today().next(days).start_at
        await self.daemon.run(asyncio.Event())

    def kinds(self) -> list[str]:
        return [line.kind for line in reversed(self.store.journal())]

    def text(self) -> str:
        return self.daemon.metrics.exposition()[0].decode()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.chdir(tmp_path)
    for name in ("BIDDER_STORE", "BIDDER_LISTEN", "BIDDER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return World(tmp_path)


async def test_one_decision_an_account_day_and_its_writes_read_back(world: World) -> None:
    await world.live(3)
    assert world.kinds().count("decided") == 3
    assert world.kinds().count("intent") > 0
    assert not world.store.open_intents()
    document = world.daemon.plan_document()
    assert document is not None
    now = {str(one.budget.id): str(one.budget.now) for one in world.store.budgets()}
    assert {line["id"]: line["planned"] for line in document["budgets"]} == now
    status = world.daemon.status()
    assert status["state"] == "ACTIVE"
    assert status["accounts"][0]["error"] is None
    assert world.daemon.healthy()
    assert not world.daemon.ready()  # it was told to stop
    the_watch_sees_what_a_decision_would(world)


def the_watch_sees_what_a_decision_would(world: World) -> None:
    """What it leaves out of a Snapshot is nothing that it looks at."""
    whole = cycle.snapshot_of(world.config, world.store, world.now())
    seen, rows = cycle.watched(world.config, world.store, world.now())
    for name in ("as_of", "day", "today", "accounts", "budgets", "products", "exchange", "foreign", "unresolved"):
        assert getattr(seen, name) == getattr(whole, name), name
    for name in ("budget", "product", "day", "impressions", "clicks", "spend", "orders"):
        np.testing.assert_array_equal(getattr(seen.history, name), getattr(whole.history, name))
    late = world.store.reports(since_day=whole.today - 1)
    assert len(rows) == len(late) > 0
    for name in ("account", "budget", "day", "clicks", "spend", "orders"):
        np.testing.assert_array_equal(getattr(rows, name), getattr(late, name))


async def test_a_fault_in_deciding_keeps_the_budgets_and_says_so_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {one.id: one.now for one in await world.sandbox.reader().budgets()}

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(cycle, "decide_now", broken)
    await world.live(2)
    assert {one.id: one.now for one in await world.sandbox.reader().budgets()} == before
    notes = [line.facts for line in world.store.journal(kind="note")]
    assert [note["reason"] for note in notes] == ["ZeroDivisionError: a bug"] * 2
    assert 'bidder_plans_total{result="error"' in world.text()


async def test_no_feasible_plan_is_counted_as_such(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: Any) -> Any:
        raise SolveError("nothing safe is left", ["a", "b"])

    monkeypatch.setattr(cycle, "decide_now", none_left)
    await world.live(1)
    assert "nothing safe is left: a, b" in str(world.store.journal(kind="note")[0].facts["reason"])


async def test_nothing_is_written_while_nothing_can_be_journaled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {one.id: one.now for one in await world.sandbox.reader().budgets()}

    def full(*_: Any, **__: Any) -> Any:
        raise StoreError("disk full")

    monkeypatch.setattr(world.store, "add_reports", full)
    await world.live(1)
    assert {one.id: one.now for one in await world.sandbox.reader().budgets()} == before
    assert not world.daemon.ready()


async def test_a_halt_between_two_passes_stops_the_next_writes(world: World) -> None:
    world.store.set_state(State.HALTED, world.now(), "test")
    before = {one.id: one.now for one in await world.sandbox.reader().budgets()}
    await world.live(2)
    assert {one.id: one.now for one in await world.sandbox.reader().budgets()} == before
    assert world.daemon.status()["state"] == "HALTED"
    assert world.kinds().count("decided") == 2  # it still says what it would do


async def test_a_reload_swaps_whole_or_keeps_the_old(world: World) -> None:
    good = world.path.read_text("utf-8")
    seen: list[str] = []

    def between() -> None:
        seen.append(str(world.daemon.config.caps().day))
        match len(seen):
            case 1:
                world.path.write_text(good.replace("max: 3000", "max: 2500"), "utf-8")
            case 2:
                world.path.write_text(good.replace("max: 3000", "mix: 2000"), "utf-8")
            case 3:
                world.path.write_text(good.replace("name: wxt", "name: other"), "utf-8")
        world.daemon.ask_reload()

    world.between = between
    await world.live(2)
    assert seen[0] == "3000.00"
    assert set(seen[1:]) == {"2500.00"}
    assert "bidder_config_last_reload_successful 0.0" in world.text()


@pytest.mark.parametrize(
    ("listen", "expected"),
    [("127.0.0.1:9108", ("127.0.0.1", 9108)), ("[::1]:0", ("::1", 0)), ("0.0.0.0:1", ("0.0.0.0", 1))],
)
def test_an_address_is_host_and_port(listen: str, expected: tuple[str, int]) -> None:
    assert address_of(listen) == expected


@pytest.mark.parametrize("listen", ["9108", ":9108", "host", "host:port", "host:99999"])
def test_what_is_no_address_is_refused(listen: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        address_of(listen)
