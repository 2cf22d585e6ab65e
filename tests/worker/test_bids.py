"""A worker's decisions and writes of bids: saved with the plan, written by account after all budgets, each once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bidder import cycle
from bidder.plan import State
from bidder.store.protocol import Store
from bidder.worker.applying import apply_part
from bidder.worker.deciding import APPLIES, Answer, decide_shop
from bidder.worker.fleet import Connected
from bidder.worker.polling import poll_account
from tests.daemon.test_bids import Amazon, Life, amazon  # noqa: F401  # a fixture

LEASE = timedelta(minutes=5)


class OneShop:
    """A fleet of one shop whose store is open already."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def config(self, _: str) -> Any:
        return self._life.config

    def store(self, _: str) -> Store:
        return self._life.store

    def forget(self, _: str) -> None:
        raise AssertionError("its store works")


async def decided(life: Life, connected: Connected) -> Answer:
    await poll_account("tea-house", "amz", life.config, life.store, connected, life.now)
    return decide_shop(OneShop(life), "tea-house", life.now(), LEASE)  # type: ignore[arg-type]  # as much as it asks


def connected_to(life: Life) -> Connected:
    return Connected("", cycle.open_readers(life.config), cycle.open_writers(life.config))


async def ended(life: Life, connected: Connected) -> None:
    await connected.close()
    await life.daemon._close()  # it shares the connections, and was never run


async def test_they_are_written_by_account_and_asked_for_once(amazon: Amazon, tmp_path: Path) -> None:  # noqa: F811 - the fixture imported above
    life = Life(tmp_path, amazon)
    connected = connected_to(life)
    amazon.lost = 1
    answer = await decided(life, connected)
    assert (answer.result, answer.reason) == ("decided", "")
    assert answer.parts[-1] == ("amz", "bids")
    stored = life.store.plan()
    assert stored is not None
    planned = {row["id"].rpartition(":")[2]: float(row["planned"]) for row in stored.document["bids"]}
    for part in answer.parts:
        await apply_part("tea-house", part, life.config, life.store, connected, life.now)
    assert {one for one, _ in amazon.bid_requests} == set(planned)
    assert len(amazon.bid_requests) == len(planned)
    assert (life.store.value(APPLIES) or {})["parts"] == []
    assert await apply_part("tea-house", ("amz", "bids"), life.config, life.store, connected, life.now) == ()
    await poll_account("tea-house", "amz", life.config, life.store, connected, life.now)
    assert life.store.open_lever_moves() == []
    assert life.store.journal(kind="bid_foreign_edit") == []
    assert decide_shop(OneShop(life), "tea-house", life.now(), LEASE).result == "already"  # type: ignore[arg-type]
    await ended(life, connected)


@pytest.mark.parametrize(("bids", "state"), [("propose", State.ACTIVE), ("apply", State.HALTED)])
async def test_nothing_is_asked_to_be_written_where_a_person_decides(
    amazon: Amazon,  # noqa: F811 - the fixture imported above
    tmp_path: Path,
    bids: str,
    state: State,
) -> None:
    life = Life(tmp_path, amazon, bids=bids)
    connected = connected_to(life)
    life.store.set_state(state, life.now(), "a test")
    answer = await decided(life, connected)
    assert (answer.result, answer.parts) == ("decided", ())
    stored = life.store.plan()
    assert stored is not None
    assert stored.document["bids"]
    await ended(life, connected)


async def test_without_bids_the_day_has_its_budgets(
    amazon: Amazon,  # noqa: F811 - the fixture imported above
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise ArithmeticError("a bid of nothing")

    monkeypatch.setattr(cycle, "offered", broken)
    life = Life(tmp_path, amazon)
    connected = connected_to(life)
    assert (await decided(life, connected)).result == "decided"
    said = [line.facts["reason"] for line in life.store.journal(kind="note")]
    assert said == ["ArithmeticError: a bid of nothing"]
    await ended(life, connected)
