"""`bidder store copy`: from one store into another and back, nothing lost, nothing changed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bidder import cycle
from bidder.bidding import Lever, LeverId, LeverKind, LeverReport
from bidder.cli.main import app
from bidder.config.load import load
from bidder.errors import LeaseTaken, StoreError
from bidder.explain.plan import document
from bidder.ids import AccountId, BudgetId, PlanId
from bidder.performance import Performance
from bidder.plan import Applied
from bidder.reports import Reports
from bidder.store.moving import copy
from tests.daemon.test_loop import World
from tests.fakes import CNY, an_account, observed, yuan
from tests.postgres import PostgresServer
from tests.stores import Place, Stores

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROW = observed(an_account(), date(2026, 11, 22), NOON)


def nobody(holder: str) -> bool:
    return False


def plan_of(config: Path, place: Place, now: datetime) -> str:
    store = place.reader()
    try:
        decision = cycle.decide_now(load(config), store, now)
        return json.dumps(document(decision).model_dump(mode="json"), sort_keys=True)
    finally:
        store.close()


async def test_there_and_back_the_plans_are_the_same_byte_for_byte(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BIDDER_STORE", raising=False)
    world = World(tmp_path)
    await world.live(4)
    world.store.close()
    here, there = Place(f"sqlite:///{tmp_path}/bidder.db"), Place(postgres.bare_database())
    back = Place(f"sqlite:///{tmp_path}/back.db")
    asked = world.now() + timedelta(minutes=1)
    first = plan_of(world.path, here, asked)
    assert len(json.loads(first)["budgets"]) >= 3
    out = copy(here.url, there.url, NOON, nobody)
    assert plan_of(world.path, there, asked) == first
    home = copy(there.url, back.url, NOON, nobody)
    assert plan_of(world.path, back, asked) == first
    assert [(one.table, one.rows, one.digest) for one in out if one.table != "leases"] == [
        (one.table, one.rows, one.digest) for one in home if one.table != "leases"
    ]
    rows = {one.table: one.rows for one in out}
    assert min(rows[name] for name in ("reports", "journal", "intents", "plans", "budgets", "leases")) > 0
    stores = [place.open() for place in (here, there, back)]
    lines = [store.journal() for store in stores]
    assert lines[0] == lines[1] == lines[2]
    assert [store.verify_journal() for store in stores] == [None] * 3
    for store in stores:
        store.close()


def test_what_was_copied_goes_on_where_it_was(stores: Stores, tmp_path: Path) -> None:
    source, target = Place(f"sqlite:///{tmp_path}/old.db"), stores.bare()
    old = source.open()
    old.add_reports(Reports.of([ROW]))
    old.take_lease("daemon", "me", NOON, timedelta(minutes=1))
    old.release_lease("daemon")
    budget = BudgetId(AccountId("ads"), "b1")
    old.finish(old.begin(PlanId("p"), budget, yuan(1), yuan(2), NOON), Applied(yuan(2)), NOON, 20_780)
    bid = LeverId(AccountId("ads"), LeverKind.KEYWORD, "k1")
    old.add_levers([Lever(bid, "tea", CNY, now=1)], NOON)
    old.add_lever_reports([LeverReport(bid, date(2026, 11, 22), NOON, Performance(clicks=5))])
    old.finish_lever(old.begin_lever(PlanId("p"), bid, CNY, 1, 2, NOON), Applied(2), NOON, 20_780)
    copy(source.url, target.url, NOON, nobody)
    new = target.open()
    assert (new.levers(), new.lever_moves(NOON)) == (old.levers(), old.lever_moves(NOON))
    assert new.lever_reports(date(2026, 11, 1), NOON.date()) == old.lever_reports(date(2026, 11, 1), NOON.date()) != []
    other = replace(bid, native="k2")
    new.add_levers([Lever(bid, "tea", CNY, now=3), Lever(other, "pot", CNY, now=4)], NOON + timedelta(hours=1))
    assert [value for _, _, value in new.lever_history(NOON)] == [1, 2, 3, 4]
    assert new.add_reports(Reports.of([ROW])) == 0
    assert new.add_reports(Reports.of([observed(an_account(), date(2026, 11, 22), NOON, campaign="c2")])) == 1
    new.finish(new.begin(PlanId("q"), budget, yuan(2), yuan(3), NOON), Applied(yuan(3)), NOON, 20_781)
    assert [line.number for line in new.journal()] == [6, 5, 4, 3, 2, 1]
    assert new.verify_journal() is None
    assert new.take_lease("daemon", "other", NOON, timedelta(minutes=1)).token == 2, "tokens only grow"
    assert [str(amount) for _, _, amount in new.budget_history(NOON)] == ["2.00", "3.00"]
    old.close()
    new.close()


def test_a_store_that_holds_anything_is_no_target(stores: Stores) -> None:
    source, target = stores.new(), stores.new()
    other = target.open()
    other.set_value("answers", {})
    with pytest.raises(StoreError, match="holds 1 rows in memory already; name an empty store"):
        copy(source.url, target.url, NOON, nobody)
    assert other.value("answers") == {}
    other.close()


def test_while_a_daemon_runs_nothing_is_copied(stores: Stores) -> None:
    source, target = stores.new(), stores.new()
    running = source.open()
    running.take_lease("daemon", "somebody", NOON, timedelta(minutes=1))
    with pytest.raises(LeaseTaken, match="somebody"):
        copy(source.url, target.url, NOON, nobody)
    copy(source.url, target.url, NOON, lambda holder: holder == "somebody")
    running.close()


def test_a_broken_chain_is_not_copied(stores: Stores) -> None:
    source, target = stores.new(), stores.bare()
    store = source.open()
    store.append("note", NOON, text="a")
    store.close()
    source.execute("UPDATE journal_head SET number = 7")
    with pytest.raises(StoreError, match="chain is broken: line 2 is missing; nothing was kept"):
        copy(source.url, target.url, NOON, nobody)
    kept = target.open()
    assert kept.journal() == []
    kept.close()


def test_the_command_says_what_it_moved(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = stores.new(), stores.bare()
    store = source.open()
    store.append("note", NOON, text="茶")
    store.close()
    monkeypatch.setenv("WHERE_TO", target.url)
    said = CliRunner().invoke(app, ["store", "copy", source.url, "env:WHERE_TO", "--json"])
    assert json.loads(said.stdout)["tables"]["journal"]["rows"] == 1
    again = CliRunner().invoke(app, ["store", "copy", source.url, "env:WHERE_TO"])
    assert isinstance(again.exception, StoreError)
    nothing = CliRunner().invoke(app, ["store", "copy", source.url, "env:NOT_THERE"])
    assert "NOT_THERE is not set" in str(nothing.exception)
