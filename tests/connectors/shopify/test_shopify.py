"""The shop's figures through a real socket: days, refunds, pages, costs, errors inside 200, tokens, and no mutation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from bidder.activity import Activity
from bidder.catalog import Account
from bidder.connectors.http import Timing
from bidder.connectors.protocol import ActivityReader
from bidder.connectors.registry import has_ads, kind
from bidder.connectors.shopify import ShopifySettings, ShopifyShop
from bidder.connectors.shopify.client import Client, opened
from bidder.connectors.shopify.settings import sunset
from bidder.errors import ConnectorError
from bidder.ids import AccountId
from bidder.money import Currency
from bidder.poll import poll
from bidder.store import open_store
from tests.connectors.http.server import answer, page
from tests.connectors.shopify.fake import SECRETS, FakeShopify, line, order, variant

ACCOUNT = Account(AccountId("shop"), "shopify", Currency("USD"), "America/New_York")
FIRST, LAST = date(2026, 10, 13), date(2026, 10, 15)


@pytest.fixture
async def fake() -> AsyncIterator[FakeShopify]:
    one = FakeShopify()
    async with one.server:
        yield one


def settings(fake: FakeShopify, **more: object) -> ShopifySettings:
    keys = {"client_id": "app", "client_secret": SECRETS[0]}
    return ShopifySettings.model_validate(
        {"shop": "tea-house", "credentials": keys, "base_url": fake.server.url, **more}
    )


def shop(fake: FakeShopify, account: Account = ACCOUNT, **more: object) -> ShopifyShop:
    chosen = settings(fake, **more)
    timing = Timing(fake.now, fake.clock.monotonic, fake.clock.sleep, lambda: 0.5)
    return ShopifyShop(Client(opened(account, chosen, timing), chosen), account)


async def test_orders_count_on_the_shops_own_day_and_refunds_with_them(fake: FakeShopify) -> None:
    fake.orders = [
        order(1, "2026-10-14T03:59:59Z", line("7", 2, "20.00"), line("8", 1, "5.50")),  # the 13th in New York
        order(2, "2026-10-14T04:00:00Z", line("7", 3, "30.00", left=1)),
        order(3, "2026-10-14T12:00:00Z", line("7", 9, "90.00"), test=True),
        order(4, "2026-10-14T12:00:00Z", line("7", 9, "90.00"), cancelledAt="2026-10-14T13:00:00Z"),
        order(5, "2026-10-14T12:00:00Z", line("7", 9, "90.00"), displayFinancialStatus="PENDING"),
        order(6, "2026-10-14T12:00:00Z", line(None, 1, "4.00")),
    ]
    one = shop(fake)
    found = {(str(row.product or ""), row.day.date.day): row for row in (await one.activity(FIRST, LAST)).rows()}
    await one.close()
    assert {key: dict(row.counts) for key, row in found.items()} == {
        ("", 13): {"orders": 1, "units": 3}, ("", 14): {"orders": 2, "units": 4}, ("", 15): {"orders": 0, "units": 0},
        ("7", 13): {"orders": 1, "units": 2}, ("8", 13): {"orders": 1, "units": 1},
        ("7", 14): {"orders": 1, "units": 3},
    }  # fmt: skip
    assert {key: str(row.money["revenue"]) for key, row in found.items()} == {
        ("", 13): "25.50", ("", 14): "34.00", ("", 15): "0.00", ("7", 13): "20.00", ("8", 13): "5.50",
        ("7", 14): "30.00",
    }  # fmt: skip
    assert str(found["7", 14].money["refunds"]) == "20.00"
    assert fake.searches[0] == "created_at:>='2026-10-13T04:00:00Z' AND created_at:<'2026-10-16T04:00:00Z'"


def refunds(found: Activity) -> dict[tuple[int, int], tuple[float, str]]:
    """Month and day → orders and refunds of the whole shop, where there are any."""
    return {
        (row.day.date.month, row.day.date.day): (row.counts["orders"], str(row.money["refunds"]))
        for row in found.rows()
        if row.product is None and row.counts["orders"]
    }


async def test_what_is_refunded_of_an_order_older_than_the_days_asked_for_is_seen(fake: FakeShopify) -> None:
    fake.orders = [
        order(1, "2026-09-20T12:00:00Z", line("7", 2, "20.00", left=1), updatedAt="2026-10-14T09:00:00Z",
              displayFinancialStatus="PARTIALLY_REFUNDED"),
        order(2, "2026-09-21T03:59:59Z", line("8", 1, "5.00")),  # the 20th in New York: the whole day is told again
        order(3, "2026-09-22T12:00:00Z", line("7", 1, "9.00"), updatedAt="2026-10-14T09:00:00Z"),  # only sent
        order(4, "2026-09-23T12:00:00Z", line("7", 1, "9.00", left=0), updatedAt="2026-10-14T10:00:00Z",
              displayFinancialStatus="REFUNDED"),
        order(5, "2026-09-24T12:00:00Z", line("7", 1, "9.00"), updatedAt="2026-10-14T10:00:00Z",
              cancelledAt="2026-10-14T10:00:00Z"),
        order(6, "2026-08-15T12:00:00Z", line("7", 1, "9.00", left=0), updatedAt="2026-10-14T10:00:00Z",
              displayFinancialStatus="REFUNDED"),  # of a day that the token cannot see whole any more
        order(7, "2026-10-14T12:00:00Z", line("7", 1, "3.00")),
    ]  # fmt: skip
    one = shop(fake)
    found = await one.activity(FIRST, LAST)
    assert refunds(found) == {(9, 20): (2, "10.00"), (9, 23): (1, "9.00"), (10, 14): (1, "0.00")}
    cancelled = [row for row in found.rows() if row.day.date == date(2026, 9, 24)]
    assert [(row.product, row.counts) for row in cancelled] == [(p, {"orders": 0, "units": 0}) for p in (None, "7")]
    assert not [row for row in found.rows() if row.day.date in (date(2026, 9, 22), date(2026, 8, 15))]
    await one.close()


async def test_refunds_that_were_seen_are_not_read_again_and_again(fake: FakeShopify) -> None:
    fake.orders = [
        order(1, "2026-09-20T12:00:00Z", line("7", 2, "20.00", left=1), updatedAt="2026-10-13T09:00:00Z",
              displayFinancialStatus="PARTIALLY_REFUNDED"),
    ]  # fmt: skip
    one = shop(fake)
    assert (9, 20) in refunds(await one.activity(FIRST, LAST))
    assert refunds(await one.activity(FIRST, LAST)) == {}, "changed longer than a day before the last look"
    fake.orders[0].update(updatedAt="2026-10-15T11:00:00Z", lines=[line("7", 2, "20.00", left=0)])
    assert refunds(await one.activity(FIRST, LAST)) == {(9, 20): (1, "20.00")}
    await one.close()


async def test_a_look_that_failed_is_not_a_look(fake: FakeShopify) -> None:
    fake.orders = [
        order(1, "2026-09-20T12:00:00Z", line("7", 2, "20.00", left=1), updatedAt="2026-10-13T09:00:00Z",
              displayFinancialStatus="PARTIALLY_REFUNDED"),
        order(2, "2026-10-14T12:00:00Z", line("7", 1, "NaN")),
    ]  # fmt: skip
    one = shop(fake)
    with pytest.raises(ConnectorError, match="expected a number"):
        await one.activity(FIRST, LAST)
    del fake.orders[1]
    assert (9, 20) in refunds(await one.activity(FIRST, LAST))
    await one.close()


async def test_days_that_are_over_are_read_as_they_are(fake: FakeShopify) -> None:
    fake.orders = [
        order(1, "2026-08-30T12:00:00Z", line("7", 2, "20.00", left=1), updatedAt="2026-10-13T09:00:00Z",
              displayFinancialStatus="PARTIALLY_REFUNDED"),
    ]  # fmt: skip
    one = shop(fake)
    assert refunds(await one.activity(date(2026, 9, 1), date(2026, 9, 30))) == {}
    assert len(fake.searches) == 1
    assert (8, 30) in refunds(await one.activity(FIRST, LAST)), "such a look is none at what changed"
    await one.close()


async def test_every_page_of_orders_and_of_their_lines_is_read(fake: FakeShopify) -> None:
    fake.orders = [order(n, "2026-10-14T12:00:00Z", *[line(str(n % 3), 1, "1.00")] * 120) for n in range(250)]
    one = shop(fake)
    rows = {
        str(row.product or ""): row
        for row in (await one.activity(LAST.replace(day=14), LAST)).rows()
        if row.day.date.day == 14
    }
    assert rows[""].counts == {"orders": 250, "units": 250 * 120}
    assert sum(rows[str(n)].counts["units"] for n in range(3)) == 250 * 120
    await one.close()


async def test_products_with_stock_of_all_their_variants(fake: FakeShopify) -> None:
    fake.variants = [
        variant(1, "7", "10.00", 5),
        variant(2, "7", "20.00", -3),
        variant(3, "8", "8.00", 4, inventoryItem={"tracked": False}),
        {**variant(4, "9", "1.00", 4), "product": {"id": "gid://shopify/Product/9", "status": "DRAFT", "title": "x"}},
    ]
    one = shop(fake)
    found = {str(p.id): p for p in await one.products()}
    assert set(found) == {"7", "8"}
    assert (found["7"].stock, str(found["7"].price), str(found["7"].cost), found["7"].name) == (
        5,
        "15.00",
        "3.00",
        "Product 7",
    )
    assert (found["8"].stock, found["8"].cost, found["8"].stock_at) == (None, None, None)
    await one.close()


async def test_costs_that_the_token_may_not_see_are_left_out(fake: FakeShopify) -> None:
    fake.variants = [variant(1, "7", "10.00", 5, inventoryItem=None)]
    fake.hide_costs = True
    one = shop(fake)
    for _ in range(2):
        (found,) = await one.products()
        assert (found.stock, found.cost) == (5, None)
    assert sum(b"inventoryItem" in got.body for got in fake.server.got) == 1, "it is not asked again"
    await one.close()


async def test_a_throttled_query_waits_as_long_as_the_points_take_to_come_back(fake: FakeShopify) -> None:
    fake.script = [fake.throttled(price=512, left=112.0)]
    one = shop(fake)
    assert await one.products() == []
    assert sum(fake.clock.slept) == pytest.approx(4.0, abs=1.0)
    await one.close()


async def test_a_query_that_could_not_be_paid_waits_before_it_is_asked(fake: FakeShopify) -> None:
    fake.points = 10.0  # 50 are needed, 100 come back a second
    one = shop(fake)
    await one.products()
    assert sum(fake.clock.slept) == pytest.approx(0.4, abs=0.3)
    await one.close()


async def test_pages_that_cost_too_much_become_smaller(fake: FakeShopify) -> None:
    fake.variants = [variant(n, str(n), "1.00", 1) for n in range(60)]
    fake.most_per_page = 30
    one = shop(fake)
    assert len(await one.products()) == 60
    await one.close()


@pytest.mark.parametrize(
    ("code", "error", "reason"),
    [
        ("ACCESS_DENIED", "auth", "a scope is missing: read_orders"),
        ("SHOP_INACTIVE", "http_4xx", "SHOP_INACTIVE: No."),
        ("", "http_4xx", "error: No."),
    ],
)
async def test_errors_inside_a_success_are_failures_even_beside_data(
    fake: FakeShopify, code: str, error: str, reason: str
) -> None:
    bad = fake.error(code, data={"orders": {"nodes": [], "pageInfo": {"hasNextPage": False}}})
    one = shop(fake)
    await one.products()
    fake.script = [bad]
    with pytest.raises(ConnectorError, match="orders") as failed:
        await one.activity(FIRST, LAST)
    assert failed.value.error == error
    assert reason in failed.value.reason
    await one.close()


async def test_what_passes_is_asked_again(fake: FakeShopify) -> None:
    fake.script = [page(502), fake.error("INTERNAL_SERVER_ERROR"), answer({"errors": "slow"}, 430, Retry_After="2")]
    one = shop(fake)
    assert await one.products() == []
    await one.close()


async def test_a_token_is_fetched_once_and_again_after_a_401(fake: FakeShopify) -> None:
    one = shop(fake)
    await one.products()
    assert fake.tokens == 1
    fake.valid.clear()
    await one.products()
    assert fake.tokens == 2
    await one.close()


@pytest.mark.parametrize(("currency", "zone"), [("EUR", "America/New_York"), ("USD", "Asia/Tokyo")])
async def test_another_currency_or_zone_is_refused(fake: FakeShopify, currency: str, zone: str) -> None:
    fake.currency, fake.zone = currency, zone
    one = shop(fake)
    with pytest.raises(
        ConnectorError, match=f"is in {currency if currency != 'USD' else zone}, the configuration says"
    ):
        await one.products()
    await one.close()


@pytest.mark.parametrize(
    "broken",
    [
        order(1, "2026-10-14T12:00:00", line("7", 1, "1.00")),
        order(1, "yesterday", line("7", 1, "1.00")),
        order(1, "2026-10-14T12:00:00Z", line("7", 1, "NaN")),
        order(1, "2026-10-14T12:00:00Z", line("7", -1, "1.00")),
        order(1, "2026-10-14T12:00:00Z", line("7", 1, "1.00", currency="EUR")),
    ],
)
async def test_a_shape_that_is_not_known_is_an_error_and_never_a_zero(
    fake: FakeShopify, broken: dict[str, object]
) -> None:
    fake.orders = [broken]
    one = shop(fake)
    with pytest.raises(ConnectorError, match=r"orders: data\.orders\.nodes\[0\]") as failed:
        await one.activity(FIRST, LAST)
    assert failed.value.error == "schema"
    await one.close()


async def test_a_token_that_the_platform_gives_back_is_not_said(fake: FakeShopify) -> None:
    fake.orders = [order(1, f"{'x' * 40}{SECRETS[1]}-1", line("7", 1, "1.00"))]
    one = shop(fake)
    with pytest.raises(ConnectorError, match=r"createdAt: expected an instant, was 'x+\*\*\*") as failed:
        await one.activity(FIRST, LAST)
    assert "canary" not in str(failed.value)
    await one.close()


async def test_pages_that_lead_back_to_earlier_ones_are_not_read_for_ever(fake: FakeShopify) -> None:
    one = shop(fake)
    await one.products()
    asked = len(fake.server.got)
    fake.script = [
        answer({"data": {"productVariants": {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": name}}}})
        for name in "ABAB"
    ]
    with pytest.raises(ConnectorError, match="where the next page is"):
        await one.products()
    await one.close()
    assert len(fake.server.got) == asked + 3


@pytest.mark.parametrize("name", ["cancelledAt", "processedAt", "displayFinancialStatus", "test", "currencyCode"])
async def test_a_field_that_is_null_leaves_an_order_an_order(fake: FakeShopify, name: str) -> None:
    fake.orders = [order(1, "2026-10-14T12:00:00Z", line("7", 2, "20.00"), **{name: None})]
    one = shop(fake)
    rows = [row for row in (await one.activity(FIRST, LAST)).rows() if row.counts.get("orders")]
    await one.close()
    assert [(str(row.product or ""), row.counts["units"]) for row in rows] == [("", 2.0), ("7", 2.0)]


async def test_a_page_without_its_place_is_not_believed(fake: FakeShopify) -> None:
    one = shop(fake)
    await one.products()
    fake.script = [answer({"data": {"productVariants": {"nodes": []}}})]
    with pytest.raises(ConnectorError, match="does not say where the next page is"):
        await one.products()
    await one.close()


async def test_a_poll_stores_stock_and_orders_and_asks_no_mutation(fake: FakeShopify, tmp_path: Path) -> None:
    fake.variants = [variant(1, "7", "10.00", 5)]
    fake.orders = [order(1, "2026-10-14T12:00:00Z", line("7", 2, "20.00"))]
    one = shop(fake)
    assert isinstance(one, ActivityReader)
    store = open_store(f"sqlite:///{tmp_path / 'bidder.db'}")
    for new in (6, 0):
        results = {r.kind: r for r in await poll([], [one], store, clock=fake.now, days=3)}
        assert results["stock"].ok
        assert (results["orders"].ok, results["orders"].error) == (True, "")
        assert results["orders"].new in (new, 5)
    found = store.activity()
    assert found.revenue[(found.product == "7")].tolist() == [20_000_000]
    assert [str(p.id) for p in store.products()] == ["7"]
    text = "\n".join(str(line.facts) for line in store.journal())
    assert not any(secret in text for secret in SECRETS)
    assert not any(b"mutation" in got.body for got in fake.server.got)
    store.close()
    await one.close()


def test_the_keys_that_may_be_written() -> None:
    keys = {"access_token": "x"}
    assert ShopifySettings(shop="https://Tea-House.myshopify.com/", credentials=keys).address == (
        "https://tea-house.myshopify.com"
    )
    for bad in ({}, {"client_id": "a"}, {**keys, "client_id": "a", "client_secret": "b"}):
        with pytest.raises(ValidationError, match="expected client_id and client_secret, or access_token"):
            ShopifySettings.model_validate({"shop": "tea", "credentials": bad})
    with pytest.raises(ValidationError, match="expected the shop's name"):
        ShopifySettings.model_validate({"shop": "tea house!", "credentials": keys})
    assert sunset("2026-10") == date(2027, 10, 1)


def test_a_shop_has_no_ads_and_cannot_be_written() -> None:
    assert not has_ads("shopify")
    assert has_ads("files")
    with pytest.raises(ConnectorError, match="a shop has no budgets"):
        kind("shopify").writer(
            ACCOUNT, ShopifySettings.model_validate({"shop": "a", "credentials": {"access_token": "x"}})
        )
