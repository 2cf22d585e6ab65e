"""How long stock lasts: at the rate of whoever sees more orders, and nothing where nobody knows the stock."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bidder.account_day import AccountDay
from bidder.activity import Activity, ShopActivity
from bidder.catalog import Product
from bidder.daemon.stock_cover import stock_cover
from bidder.ids import ProductId
from bidder.reports import Reports
from bidder.snapshot import day_number
from tests.builders import TODAY, an_observation

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = 86400


def goods(stock: int | None, name: str = "P1", seen: datetime | None = NOW) -> Product:
    return Product(ProductId(name), stock=stock, stock_at=seen)


def sold(orders: float, days: int = 7) -> Reports:
    back = (TODAY - timedelta(days=n) for n in range(1, days + 1))
    return Reports.of([an_observation(day=day, product="P1", orders=orders) for day in back])


def shop_sold(orders: float, source: str = "till", days: int = 7) -> list[ShopActivity]:
    back = (AccountDay("UTC", TODAY - timedelta(days=n)) for n in range(1, days + 1))
    return [ShopActivity(source, ProductId("P1"), day, NOW, {"orders": orders}, {}, "") for day in back]


def cover(product: Product, reports: Reports, activity: Activity | None = None) -> dict[str, float]:
    return stock_cover([product], reports, activity or Activity.empty(), day_number(TODAY), NOW)


def test_thirty_pieces_at_ten_a_day_last_three_days() -> None:
    assert cover(goods(30), sold(10)) == {"P1": 3 * DAY}


def test_the_shops_own_orders_count_where_they_are_more_and_two_sources_are_not_added() -> None:
    activity = Activity.of([*shop_sold(15), *shop_sold(12, "advisor")])
    assert cover(goods(30), sold(10), activity) == {"P1": 2 * DAY}
    assert cover(goods(30), sold(30), activity) == {"P1": DAY}


def test_a_shop_of_three_days_is_judged_by_three_days() -> None:
    assert cover(goods(30), sold(10, days=3)) == {"P1": 3 * DAY}


def test_what_is_not_sold_lasts_for_ever_and_what_is_gone_is_gone() -> None:
    assert cover(goods(30, "P2"), sold(10)) == {"P2": math.inf}
    assert cover(goods(0, "P2"), Reports.of([])) == {"P2": 0.0}


def test_a_stock_that_nobody_knows_or_that_is_a_day_old_is_not_said() -> None:
    assert cover(goods(None), sold(10)) == {}
    assert cover(goods(30, seen=NOW - timedelta(hours=25)), sold(10)) == {}
    assert cover(replace(goods(30), stock_at=None), sold(10)) == {"P1": 3 * DAY}


def test_what_two_windows_of_attribution_say_of_one_day_is_not_added() -> None:
    back = [TODAY - timedelta(days=n) for n in range(1, 8)]
    rows = [an_observation(day=day, product="P1", orders=10.0, window=window) for day in back for window in (7, 14)]
    assert cover(goods(30), Reports.of(rows)) == {"P1": 3 * DAY}


def test_today_is_not_over_and_does_not_count() -> None:
    today = Reports.of([an_observation(day=TODAY, product="P1", orders=500.0)])
    assert cover(goods(30), today) == {"P1": math.inf}
