"""34 (and 52, 22): sold out means the floor within one poll, back in two steps; a broken feed stops nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bidder.catalog import Product
from bidder.config.load import Config, load
from bidder.daemon.watching import Watching
from bidder.ids import ProductId
from bidder.plan import State
from bidder.store.protocol import Store, StoredPlan
from tests.fakes import FakePlatform, an_account, new_store, yuan

SHOP = """
shop: {name: tea-house, currency: CNY, timezone: UTC}
budget: {day: {max: 600}}
accounts: [{name: ads, platform: sandbox, mode: apply, timezone: UTC}]
store: sqlite:///bidder.db
"""
TEN = datetime(2026, 11, 23, 10, tzinfo=UTC)


class Shop:
    """Three budgets of three products on a fake platform, looked at whenever the clock says."""

    def __init__(self, folder: Path, store: Store) -> None:
        (folder / "bidder.yaml").write_text(SHOP)
        self.config: Config = load(folder / "bidder.yaml")
        self.platform = FakePlatform.of({"b1": 100, "b2": 200, "b3": 300}, fake_account=an_account("ads"))
        for number in (1, 2, 3):
            facts: dict[str, object] = {"products": (ProductId(f"p{number}"),), "minimum": yuan(10)}
            self.platform.facts[f"b{number}"] = facts
        self.stock = {"p1": 5, "p2": 5, "p3": 5}
        self.store = store
        self.now = TEN
        self.watching = Watching(store, {self.platform.account.id: self.platform}, lambda: self.now)

    async def poll(self, **later: float) -> None:
        self.now += timedelta(**later)
        self.store.add_budgets(await self.platform.budgets(), self.now)
        products = [Product(ProductId(name), stock=pieces, stock_at=self.now) for name, pieces in self.stock.items()]
        self.store.add_products(products, self.now)
        document = {"total": "600.00", "holds": []}
        day = self.now.date().isoformat()
        self.store.save_plan(StoredPlan("plan" + day, self.now, day, document, "applied"))  # type: ignore[arg-type]
        await self.watching.after_poll(self.config)

    def amounts(self) -> dict[str, str]:
        return {name: str(amount) for name, amount in self.platform.amounts.items()}

    def held(self) -> list[tuple[str, str]]:
        return [(one.item, one.check) for one in self.store.holds(self.now)]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    for name in ("BIDDER_STORE", "BIDDER_LISTEN", "BIDDER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return Shop(tmp_path, new_store(tmp_path))


async def test_sold_out_at_ten_is_at_the_floor_after_one_poll_and_its_money_is_given_to_nobody(shop: Shop) -> None:
    await shop.poll()
    assert shop.amounts() == {"b1": "100.00", "b2": "200.00", "b3": "300.00"}
    shop.stock["p2"] = 0
    await shop.poll(minutes=30)
    assert shop.amounts() == {"b1": "100.00", "b2": "10.00", "b3": "300.00"}
    assert shop.held() == [("ads/b2", "sold_out")]
    await shop.poll(minutes=30)
    assert len(shop.platform.writes) == 1


async def test_back_in_stock_is_back_in_two_steps_a_day_apart(shop: Shop) -> None:
    shop.stock["p2"] = 0
    await shop.poll()
    shop.platform.amounts["b2"] = yuan(80)  # as if the platform's floor were higher
    shop.stock["p2"] = 9
    await shop.poll(hours=1)
    assert shop.amounts()["b2"] == "100.00"
    assert shop.held() == []
    await shop.poll(hours=1)
    assert shop.amounts()["b2"] == "100.00", "one raise a day"
    await shop.poll(hours=24)
    assert shop.amounts()["b2"] == "200.00"
    await shop.poll(hours=24)
    assert [str(amount) for _, amount in shop.platform.writes] == ["10.00", "100.00", "200.00"]


async def test_a_raise_never_more_than_threefold_and_never_above_the_total(shop: Shop) -> None:
    shop.stock["p3"] = 0
    await shop.poll()
    shop.stock["p3"] = 1
    await shop.poll(hours=1)
    assert shop.amounts()["b3"] == "30.00"
    shop.platform.amounts["b1"] = yuan(520)  # the money has gone elsewhere meanwhile
    await shop.poll(hours=24)
    assert shop.amounts()["b3"] == "30.00"
    assert shop.platform.total <= yuan(750).micros


async def test_a_feed_frozen_at_nothing_stops_nothing_and_a_stale_one_neither(shop: Shop) -> None:
    shop.stock = dict.fromkeys(shop.stock, 0)
    await shop.poll()
    assert shop.platform.writes == []
    assert shop.held() == [("stock", "stock_feed")]
    shop.stock = {"p1": 5, "p2": 0, "p3": 5}
    shop.now += timedelta(hours=30)
    old = [Product(ProductId("p2"), stock=0, stock_at=TEN), Product(ProductId("p1"), stock=1, stock_at=TEN)]
    shop.store.add_products([replace(one) for one in old], shop.now)
    shop.store.add_budgets(await shop.platform.budgets(), shop.now)
    await shop.watching.after_poll(shop.config)
    assert shop.platform.writes == []
    assert shop.held() == []


@pytest.mark.parametrize(("state", "writes"), [(State.HALTED, 0), (State.REDUCING, 1)])
async def test_stopping_money_is_a_decrease_and_obeys_the_stop(shop: Shop, state: State, writes: int) -> None:
    shop.store.set_state(state, TEN, "by hand")
    shop.stock["p2"] = 0
    await shop.poll()
    assert len(shop.platform.writes) == writes
    shop.store.set_state(State.ACTIVE, TEN, "by hand")
    await shop.poll(minutes=30)
    assert shop.amounts()["b2"] == "10.00"


async def test_three_foreign_edits_a_week_and_it_is_theirs(shop: Shop) -> None:
    for hours in range(3):
        at = TEN + timedelta(hours=hours)
        shop.store.append("foreign_edit", at, budget="ads/b1", expected="1", found="2", currency="CNY", seen="poll")
    await shop.poll(hours=4)
    assert ("ads/b1", "ping_pong") in shop.held()
    await shop.poll(days=8)
    assert shop.held() == []


async def test_a_watch_that_breaks_writes_nothing_and_stops_no_poll(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: Callable[..., None] = lambda *_: 1 / 0  # type: ignore[assignment]  # noqa: E731 - it has to break
    monkeypatch.setattr("bidder.daemon.watching.look", broken)
    shop.stock["p2"] = 0
    await shop.poll()
    assert shop.platform.writes == []
