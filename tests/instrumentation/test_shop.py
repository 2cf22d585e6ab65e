"""What the shop itself did: largest of its sources, never the sum; counters that only grow; ratios of known parts."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from bidder.account_day import AccountDay
from bidder.activity import Activity, ShopActivity
from bidder.ids import ProductId
from bidder.money import Currency, Money
from tests.instrumentation.worlds import metrics

CNY = Currency("CNY")
SEEN = datetime(2026, 10, 3, tzinfo=UTC)


def said(
    day: int,
    visitors: float,
    *,
    orders: float = 0,
    source: str = "advisor",
    product: str = "",
    traffic: str = "",
    **more: float,
) -> ShopActivity:
    counts = {"visitors": visitors, "orders": orders, **{k: v for k, v in more.items() if k == "buyers"}}
    money = {k: Money.parse(str(v), CNY) for k, v in more.items() if k != "buyers"}
    identity = ProductId(product) if product else None
    at = AccountDay("Asia/Shanghai", date(2026, 10, day))
    return ShopActivity(source, identity, at, SEEN, counts, money, traffic)


def value(shown: str, name: str) -> float | None:
    found = [line.rpartition(" ")[2] for line in shown.splitlines() if line.startswith(f"bidder_shop_{name}{{")]
    return float(found[0]) if found else None


def test_counters_are_born_at_zero_and_grow_by_what_is_new() -> None:
    one = metrics()
    text = one.exposition()[0].decode()
    assert (value(text, "visitors_total"), value(text, "orders_total")) == (0, 0)
    assert value(text, "conversion_ratio") is None
    one.shop_reported(Activity.of([said(1, 100, orders=5)]))
    assert value(one.exposition()[0].decode(), "visitors_total") == 0, "the first look after a start is the baseline"
    one.shop_reported(Activity.of([said(1, 130, orders=4), said(2, 50, orders=2)]))
    one.shop_reported(Activity.of([said(1, 120, orders=4), said(2, 50, orders=2)]))
    text = one.exposition()[0].decode()
    assert (value(text, "visitors_total"), value(text, "orders_total")) == (80, 2)


def test_a_start_goes_on_from_what_the_store_remembers() -> None:
    one = metrics()
    one.shop_remembered(Activity.of([said(1, 100)]))
    one.shop_reported(Activity.of([said(1, 100), said(2, 40)]))
    assert value(one.exposition()[0].decode(), "visitors_total") == 40


def test_two_sources_of_one_shop_are_not_added_and_products_stand_for_a_shop_without_a_row() -> None:
    one = metrics()
    one.shop_remembered(Activity.empty())
    rows = [
        said(1, 100),
        said(1, 30, product="P1"),
        said(1, 70, source="till", product="P1"),
        said(1, 50, source="till", product="P2"),
    ]
    one.shop_reported(Activity.of(rows))
    assert value(one.exposition()[0].decode(), "visitors_total") == 120


def test_ratios_are_of_known_parts() -> None:
    one = metrics()
    rows = [
        said(1, 200, orders=10, buyers=8, revenue=1000, refunds=50),
        said(2, 100, orders=5, buyers=3, revenue=600, refunds=0),
        said(2, 60, traffic="手淘搜索"), said(2, 40, traffic="付费流量/关键词推广"),
    ]  # fmt: skip
    one.shop_reported(Activity.of(rows))
    text = one.exposition()[0].decode()
    assert value(text, "conversion_ratio") == pytest.approx(0.03)
    assert value(text, "average_order_value") == 120
    assert value(text, "refund_ratio") == pytest.approx(50 / 1600)
    assert value(text, "free_traffic_ratio") == pytest.approx(0.6)
