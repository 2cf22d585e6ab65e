"""38, 47 (and 29): what hangs is given up and said, never two decisions at once, one cycle after days away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bidder import cycle
from bidder.apply import apply_changes
from bidder.catalog import Budget
from bidder.daemon import Daemon
from bidder.ids import BudgetId, PlanId
from bidder.plan import Change, Outcome
from tests.connectors.meta.fake import FakeMeta
from tests.failures.shop import Shop, a_shop
from tests.fakes import FakePlatform, new_store, yuan

AT = datetime(2026, 10, 15, 4, tzinfo=UTC)  # midnight in New York


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with a_shop(tmp_path, monkeypatch, AT, FakeMeta()) as made:
        made.configure(schedule={"poll": "6h", "decide": {"from": "00:30", "until": "11:00"}})
        yield made


def test_a_decision_that_hangs_is_given_up_and_none_is_begun_beside_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, begun = threading.Event(), []

    def never(*_: Any) -> Any:
        begun.append(True)
        hangs.wait(60)
        raise ZeroDivisionError

    monkeypatch.setattr(cycle, "decide_now", never)
    make, before = shop.make, shop.amounts("meta")

    def hurried() -> Daemon:
        daemon = make()
        daemon.deadline.seconds = 0.1
        return daemon

    monkeypatch.setattr(shop, "make", hurried)
    shop.live(days=2)
    try:
        first, second = (str(line["reason"]) for line in shop.lines("note") if "no plan" in str(line["what"]))
        assert "was given up" in first
        assert "none is begun beside it" in second
        assert len(begun) == 1
        assert shop.amounts("meta") == before
        assert shop.mutations() == 0
        assert shop.metric("bidder_solver_runs_total", status="time_limit") == 2
        assert shop.metric("bidder_polls_total", result="ok") > 0, "it goes on looking"
        assert shop.daemon is not None
        assert any("was given up" in one or "none is begun" in one for one in shop.daemon.status()["problems"])
    finally:
        hangs.set()


def test_three_days_away_are_one_decision_within_one_days_step(shop: Shop) -> None:
    shop.live(hours=3)
    assert len(shop.lines("decided")) == 1
    before = {name: float(amount) for name, amount in shop.amounts("meta").items()}
    shop.clock.at += timedelta(days=3)
    shop.live(hours=3)
    assert [line["day"] for line in shop.lines("decided")] == ["2026-10-15", "2026-10-18"]
    for name, amount in shop.amounts("meta").items():
        assert before[name] * 0.6 - 0.01 <= float(amount) <= before[name] * 1.3 + 0.01


class Hangs(FakePlatform):
    """Never answers a read; how often it was asked is kept."""

    async def read(self, budget: BudgetId) -> Budget:
        self.calls.append(("read", budget.native, None))
        raise TimeoutError

    async def set(self, budget: BudgetId, amount: object) -> Outcome:
        raise AssertionError("what was not read is not written")


async def test_a_platform_that_hangs_is_asked_once_not_once_a_budget(tmp_path: Path) -> None:
    store, platform = new_store(tmp_path), Hangs.of({f"b{n}": 100 for n in range(40)})
    changes = [Change(platform.id(f"b{n}"), yuan(100), yuan(90)) for n in range(40)]
    results = await apply_changes(
        PlanId("p"),
        changes,
        store=store,
        writers={platform.account.id: platform},
        accounts={platform.account.id: platform.account},
        cap=yuan(10_000),
        clock=lambda: AT,
    )
    assert len(platform.calls) == 1
    assert "no answer in time" in results[0].reason
    assert {one.reason for one in results[1:]} == {"not asked: account ads gave no answer in time just now"}
    assert store.open_intents() == []
    store.close()
