"""Items, trades and refunds → products with stock, and what the shop did a day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bidder.activity import Activity
from bidder.connectors.protocol import ActivityReader, ShopReader
from bidder.connectors.taobao import kind
from bidder.errors import ConnectorError
from bidder.ids import ProductId
from bidder.money import Currency, Money
from bidder.poll import poll
from bidder.store import open_store
from bidder.testing import ReadFault
from tests.connectors.http.server import Answer, Got
from tests.connectors.taobao.fake import FakeTaobao, form_of

CNY = Currency("CNY")


class FakeShop(FakeTaobao):
    """With lists of items, trades and refunds."""

    def __init__(self) -> None:
        super().__init__()
        self.onsale = [
            {"num_iid": 71, "title": "热水壶", "price": "129.00", "num": 12},
            {"num_iid": 72, "title": "保温杯", "price": "59.90", "num": 0},
            {"num_iid": 73, "title": "茶壶", "price": "89.00", "num": 4},
        ]
        self.stored = [{"num_iid": 74, "title": "旧款", "price": "39.00", "num": 50}]
        self.trades: list[dict[str, Any]] = []
        self.refunds: list[dict[str, Any]] = []

    def asked(self, got: Got, fault: ReadFault | None) -> Answer:
        form = form_of(got)
        match form["method"]:
            case "taobao.items.onsale.get":
                return self._listed(form, "items", "item", self.onsale, fault)
            case "taobao.items.inventory.get":
                return self._listed(form, "items", "item", self.stored, None)
            case "taobao.trades.sold.get":
                found = [one for one in self.trades if form["start_created"] <= one["created"] <= form["end_created"]]
                return self._listed(form, "trades", "trade", found, fault)
            case "taobao.refunds.receive.get":
                found = [
                    one for one in self.refunds if form["start_modified"] <= one["modified"] <= form["end_modified"]
                ]
                return self._listed(form, "refunds", "refund", found, fault)
        return super().asked(got, fault)

    def is_report(self, got: Got) -> bool:
        return True

    def _listed(
        self, form: Mapping[str, str], name: str, inner: str, rows: list[Any], fault: ReadFault | None
    ) -> Answer:
        size = int(form["page_size"])
        begin = (int(form["page_no"]) - 1) * size
        chosen = rows[begin : begin + size][: -1 if fault is ReadFault.MISSING_ROWS else None]
        said: dict[str, Any] = {"total_results": len(rows)}
        if chosen:
            said[name] = self.list_of(inner, chosen)
        root = form["method"].removeprefix("taobao.").replace(".", "_") + "_response"
        return self.said_as(root, said)

    def said_as(self, root: str, inner: dict[str, Any]) -> Answer:
        from tests.connectors.http.server import answer

        return answer({root: {**inner, "request_id": "q"}})


def trade(tid: int, created: str, paid: str | None, *orders: tuple[int, int, str], buyer: str = "b1") -> dict[str, Any]:
    total = sum(float(amount) for _, _, amount in orders)
    rows = [{"num_iid": item, "num": num, "payment": amount} for item, num, amount in orders]
    said: dict[str, Any] = {"tid": tid, "created": created, "payment": f"{total:.2f}", "buyer_open_uid": buyer}
    return {**said, "orders": {"order": rows}, **({"pay_time": paid} if paid else {})}


@contextmanager
def days(found: Activity) -> Iterator[dict[tuple[str, date], Any]]:
    yield {(one.product or "", one.day.date): one for one in found.rows()}


async def test_items_come_with_price_and_stock_and_those_off_sale_have_none_to_sell() -> None:
    fake = FakeShop()
    await fake.start()
    try:
        shop = fake.behind()
        assert isinstance(shop, ShopReader)
        found = {str(one.id): one for one in await shop.products()}
        assert {item: one.stock for item, one in found.items()} == {"71": 12, "72": 0, "73": 4, "74": 0}
        assert (found["71"].name, found["71"].price) == ("热水壶", Money(129_000_000, CNY))
        assert all(one.stock_at is not None for one in found.values())
        fake.fail_next_read(ReadFault.MISSING_ROWS)
        with pytest.raises(ConnectorError, match="expected 3 rows"):
            await shop.products()
        assert fake.mutations == 0
    finally:
        await fake.close()


async def test_an_order_counts_on_the_day_it_was_paid_and_a_refund_on_the_day_it_was_done() -> None:
    fake = FakeShop()
    first, second = date(2026, 10, 13), date(2026, 10, 14)
    fake.trades = [
        trade(1, "2026-10-12 23:50:00", "2026-10-13 00:10:00", (71, 2, "258.00")),
        trade(2, "2026-10-13 10:00:00", "2026-10-13 10:01:00", (71, 1, "129.00"), (72, 1, "59.90"), buyer="b2"),
        trade(3, "2026-10-13 11:00:00", None, (71, 1, "129.00")),
        trade(4, "2026-10-14 09:00:00", "2026-10-15 09:00:00", (71, 1, "129.00")),
        trade(5, "2026-10-12 10:00:00", "2026-10-12 10:01:00", (71, 1, "129.00")),
    ]
    fake.refunds = [
        {
            "refund_id": 9,
            "tid": 1,
            "num_iid": 71,
            "refund_fee": "129.00",
            "status": "SUCCESS",
            "modified": "2026-10-14 08:00:00",
        },
        {
            "refund_id": 8,
            "tid": 2,
            "num_iid": 71,
            "refund_fee": "1.00",
            "status": "CLOSED",
            "modified": "2026-10-14 08:00:00",
        },
    ]
    await fake.start()
    try:
        with days(await fake.behind().activity(first, second)) as found:
            whole = found["", first]
            assert whole.counts == {"orders": 2, "units": 4, "buyers": 2}
            assert whole.money["revenue"] == Money(446_900_000, CNY)
            assert found["71", first].counts == {"orders": 2, "units": 3, "buyers": 2}
            assert found["71", first].money["revenue"] == Money(387_000_000, CNY)
            assert found["", second].counts == {"orders": 0, "units": 0, "buyers": 0}, "asked for, and there was none"
            assert found["", second].money["refunds"] == Money(129_000_000, CNY)
            assert found["71", second].money["refunds"] == Money(129_000_000, CNY)
            assert {day for _, day in found} == {first, second}
    finally:
        await fake.close()


async def test_long_lists_of_trades_come_whole() -> None:
    fake = FakeShop()
    day = date(2026, 10, 13)
    fake.trades = [
        trade(k, "2026-10-13 10:00:00", "2026-10-13 10:01:00", (71, 1, "1.00"), buyer=f"b{k}") for k in range(1, 251)
    ]
    await fake.start()
    try:
        with days(await fake.behind().activity(day, day)) as found:
            assert found["", day].counts == {"orders": 250, "units": 250, "buyers": 250}
    finally:
        await fake.close()


async def test_a_poll_keeps_stock_and_what_was_sold(tmp_path: Path) -> None:
    fake = FakeShop()
    fake.trades = [trade(1, "2026-10-14 10:00:00", "2026-10-14 10:01:00", (71, 2, "258.00"))]
    await fake.start()
    store = open_store(f"sqlite:///{tmp_path}/bidder.db")
    try:
        shop = fake.behind()
        assert isinstance(shop, ActivityReader)
        results = {one.kind: one for one in await poll([], [shop], store, clock=fake.now, days=3)}
        assert all(one.ok and not one.quarantined for one in results.values()), results
        assert {str(one.id): one.stock for one in store.products()} == {"71": 12, "72": 0, "73": 4, "74": 0}
        kept = {(one.product, one.day.date): one for one in store.activity().rows()}
        assert kept[ProductId("71"), date(2026, 10, 14)].counts["units"] == 2
        assert kept[None, date(2026, 10, 14)].money["revenue"] == Money(258_000_000, CNY)
        assert fake.mutations == 0
    finally:
        store.close()
        await fake.close()


def test_the_shop_is_read_only_where_it_is_asked_for() -> None:
    fake = FakeTaobao()
    fake.server.url = "http://127.0.0.1:1"
    assert kind.shop(fake.account, fake.settings()) is None
    assert kind.shop(fake.account, fake.settings(shop=True)) is not None
