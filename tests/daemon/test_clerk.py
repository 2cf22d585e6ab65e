"""What the page is answered and what it may have done: the same as the commands would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from bidder import cycle
from bidder.config.load import load
from bidder.connectors.sandbox import kind
from bidder.connectors.sandbox.write import SandboxWriter
from bidder.daemon.clerk import DaemonClerk
from bidder.daemon.reload import CONFIRMED, WAITING
from bidder.decide import decide
from bidder.errors import ConfigError, Fault, Source, UnsafePlan
from bidder.explain.what_if import beside, changed_policy
from bidder.ids import BudgetId
from bidder.money import Money
from bidder.plan import Outcome
from bidder.store import open_store

SHOP = """
shop: {name: tea-house, currency: CNY, timezone: Asia/Shanghai}
budget: {month: 60000, day: {max: 3000}}
accounts:
  - {name: wxt, platform: sandbox, mode: MODE, timezone: Asia/Shanghai, seed: 5, start: 2026-09-01, speed: 0}
calendar: calendar.yaml
store: sqlite:///bidder.db
"""
CALENDAR = """
- name: 双11
  joined: false
  deadline: 2026-10-10
  discount: 10%
  fee: 500
  lift: 3
  phases: [{phase: burst, from: 2026-11-10, to: 2026-11-11}]
"""


class Shop:
    """A polled shop whose plan of today waits, with a clerk before it."""

    def __init__(self, folder: Path, mode: str = "propose") -> None:
        (folder / "bidder.yaml").write_text(SHOP.replace("MODE", mode), "utf-8")
        (folder / "calendar.yaml").write_text(CALENDAR, "utf-8")
        self.config = load(folder / "bidder.yaml", env={})
        self.sandbox = kind.sandbox(*self.config.accounts[0])
        self.store = open_store(self.config.store_url)
        self.wrote: list[str] = []
        self.clerk = self.new_clerk()

    def now(self) -> datetime:
        return self.sandbox.clock()

    def new_clerk(self) -> DaemonClerk:
        async def wrote(written: object) -> None:
            self.wrote += [str(one.budget) for one in written]  # type: ignore[attr-defined]  # results of writes

        return DaemonClerk(lambda: self.config, self.store, self.now, wrote)

    async def plan(self) -> str:
        await cycle.poll_now(cycle.open_readers(self.config), self.store, self.now, 40)
        decision = cycle.decide_now(self.config, self.store, self.now())
        self.clerk.decided(decision)
        return str(cycle.save(decision, self.store, self.now())["plan"])

    def moved(self) -> list[str]:
        plan = self.store.plan()
        assert plan is not None
        return [one["id"] for one in plan.document["budgets"] if one["now"] != one["planned"]]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    await shop.clerk.close()
    shop.store.close()


async def test_before_anything_is_read_there_is_nothing_to_say(shop: Shop) -> None:
    assert shop.clerk.decision() is None
    assert shop.clerk.digest() is None
    assert shop.clerk.what_if(["total=+20%"]) is None
    assert shop.clerk.advice() == ()


async def test_what_if_is_the_answer_of_the_command(shop: Shop) -> None:
    await shop.plan()
    base = shop.clerk.decision()
    assert base is not None
    asked = ["total=-40%", "rule default step=off"]
    assert shop.clerk.what_if(asked) == beside(decide(base.snapshot, changed_policy(base, asked)), base, asked)
    with pytest.raises(ConfigError, match="no rule is called"):
        shop.clerk.what_if(["rule nobody=off"])
    lines = shop.store.journal()
    assert {line.kind for line in lines} == {"polled", "decided"}  # nothing was written


async def test_after_a_restart_the_decision_is_made_again(shop: Shop) -> None:
    await shop.plan()
    again = shop.new_clerk()
    found = again.decision()
    assert found is not None
    assert [one.after for one in found.plan.changes] == [one.after for one in shop.clerk.decision().plan.changes]  # type: ignore[union-attr]  # there is one
    assert again.decision() is found  # kept until something happens
    shop.store.append("note", shop.now(), what="something")
    assert again.decision() is not found


async def test_advice_and_digest_stand_on_the_shops_own_figures(shop: Shop) -> None:
    await shop.plan()
    (advice,) = shop.clerk.advice()
    assert (advice.name, advice.cost) == ("双11", 500.0)
    digest = shop.clerk.digest()
    assert digest is not None
    assert digest.products
    assert shop.clerk.digest() is digest


async def test_an_approval_is_written_to_its_end_though_whoever_asked_goes_away(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = await shop.plan()
    moved = shop.moved()
    began, go_on = asyncio.Event(), asyncio.Event()
    write = SandboxWriter.set

    async def slow(self: SandboxWriter, budget: BudgetId, amount: Money) -> Outcome:
        began.set()
        await go_on.wait()
        return await write(self, budget, amount)

    monkeypatch.setattr(SandboxWriter, "set", slow)
    asking = asyncio.create_task(shop.clerk.approve(plan, [], "page: Lin"))
    await began.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    go_on.set()
    await shop.clerk.close()
    assert sorted(shop.wrote) == sorted(moved)
    assert not shop.store.open_intents()
    (said,) = shop.store.journal(kind="approved")
    assert (said.facts["by"], said.facts["only"]) == ("page: Lin", [])


async def test_a_refused_line_stays_out_of_an_approval(shop: Shop) -> None:
    plan = await shop.plan()
    first, *others = shop.moved()
    await shop.clerk.reject(plan, [first], "page: Lin")
    with pytest.raises(UnsafePlan, match="was rejected"):
        await shop.clerk.approve(plan, [first], "page: Lin")
    written = await shop.clerk.approve(plan, [], "page: Lin")
    assert sorted(one.row()["budget"] for one in written) == sorted(others)
    (said,) = shop.store.journal(kind="rejected")
    assert (said.facts["by"], said.facts["only"]) == ("page: Lin", [first])


async def test_a_plan_of_another_day_or_configuration_is_stale(shop: Shop) -> None:
    plan = await shop.plan()
    shop.config = replace(shop.config, digest="another")
    with pytest.raises(UnsafePlan, match="another configuration"):
        await shop.clerk.approve(plan, [], "page")
    await shop.clerk.anew("page: Lin")
    assert shop.store.value("decided_day") is None
    shop.sandbox.advance(shop.sandbox.today().next(1).start_at)
    with pytest.raises(UnsafePlan, match="today is"):
        await shop.clerk.approve(plan, [], "page")
    assert not shop.wrote


async def test_what_was_typed_is_recorded_with_its_name(tmp_path: Path) -> None:
    shop = Shop(tmp_path, "manual")
    try:
        await shop.plan()
        assert await shop.clerk.done(["1"], "page: Lin") == 1
        (said,) = shop.store.journal(kind="typed")
        assert said.facts["by"] == "page: Lin"
        with pytest.raises(ConfigError, match="no such line"):
            await shop.clerk.done(["99"], "page: Lin")
        shop.sandbox.advance(shop.sandbox.today().next(1).start_at)
        with pytest.raises(UnsafePlan, match="today is"):
            await shop.clerk.done(["1"], "page: Lin")
    finally:
        shop.store.close()


async def test_only_the_configuration_that_waits_is_confirmed(shop: Shop) -> None:
    assert shop.clerk.waiting() is None
    shop.store.set_value(WAITING, {"digest": "new", "before": 2000.0, "after": 600.0})
    waiting = shop.clerk.waiting()
    assert waiting is not None
    assert (waiting.before, waiting.after) == (2000.0, 600.0)
    with pytest.raises(UnsafePlan, match="look again"):
        await shop.clerk.confirm("older", "page: Lin")
    await shop.clerk.confirm("new", "page: Lin")
    assert shop.store.value(CONFIRMED) == "new"
    assert shop.clerk.waiting() is None
    (said,) = shop.store.journal(kind="note")
    assert said.facts["by"] == "page: Lin"


async def test_faults_are_those_of_the_last_reading(shop: Shop) -> None:
    fault = Fault(Source("rules.yaml", 3, 5), "expected a percentage")
    shop.clerk.read(ConfigError([fault]))
    assert shop.clerk.faults() == (fault,)
    shop.clerk.read(UnsafePlan(["restart it"]))
    assert [one.message for one in shop.clerk.faults()] == ["restart it"]
    shop.clerk.read(None)
    assert shop.clerk.faults() == ()
