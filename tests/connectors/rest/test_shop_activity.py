"""The ready descriptions of GA4 and WooCommerce, against servers that answer as their documents say."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bidder.activity import Activity
from bidder.config.load import Config, load
from bidder.connectors.protocol import ActivityReader, ShopReader
from bidder.connectors.registry import has_ads, kind
from bidder.errors import ConnectorError
from tests.connectors.http.server import Answer, Got, Server, answer

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "03-shop-activity"
ENV = {name: f"canary-{name.lower()}" for name in ("GA4_CLIENT_ID", "GA4_CLIENT_SECRET", "GA4_REFRESH_TOKEN")}
ENV |= {"WOO_KEY": "ck_canary", "WOO_SECRET": "cs_canary"}
FIRST, LAST = date(2026, 10, 1), date(2026, 10, 3)
SHOP = ("totalUsers screenPageViews addToCarts transactions totalPurchasers firstTimePurchasers").split()
ITEM = ("itemsViewed itemsAddedToCart itemsPurchased grossItemRevenue itemRefundAmount").split()


def loaded(name: str, folder: Path, url: str, changed: Callable[[str], str] = str) -> Config:
    text = (EXAMPLE / name).read_text("utf-8")
    for host in ("https://analyticsdata.googleapis.com", "https://shop.example.com", "https://oauth2.googleapis.com"):
        text = text.replace(host, url)
    path = folder / "bidder.yaml"
    path.write_text(changed(text), "utf-8")
    return load(path, env=ENV)


def opened(config: Config) -> ActivityReader:
    ((account, settings),) = config.accounts
    assert not has_ads(account.platform)
    shop: ShopReader | None = kind(account.platform).shop(account, settings)
    assert isinstance(shop, ActivityReader)
    return shop


def figures(found: Activity) -> dict[tuple[str, str], dict[str, float]]:
    """By day and product, what is known."""
    rows: dict[tuple[str, str], dict[str, float]] = {}
    for row in range(len(found)):
        known: dict[str, float] = {}
        for name in ("visitors", "views", "carts", "orders", "buyers", "units", "new_buyers"):
            value = float(getattr(found, name)[row])
            if value == value:
                known[name] = value
        for name in ("revenue", "refunds"):
            if getattr(found, name)[row] >= 0:
                known[name] = int(getattr(found, name)[row]) / 1e6
        day = date.fromordinal(int(found.day[row]) + date(1970, 1, 1).toordinal())
        rows[day.isoformat(), str(found.product[row])] = known
    return rows


# ---- GA4


class Analytics:
    """runReport: everything is text, pages by offset, the token's quota."""

    def __init__(self) -> None:
        self.currency = "EUR"
        self.metadata: dict[str, Any] = {}
        self.size = 100_000
        self.busy = False
        self.reports = 0

    def __call__(self, got: Got) -> Answer:
        if got.path == "/token":
            assert b"grant_type=refresh_token" in got.body
            return answer({"access_token": "canary-access", "expires_in": 3599})
        assert got.path == "/v1beta/properties/123456789:runReport"
        if got.headers.get("Authorization") != "Bearer canary-access":
            return answer({"error": {"code": 401, "message": "who?", "status": "UNAUTHENTICATED"}}, 401)
        if self.busy:
            said = {"code": 429, "message": "Exhausted property tokens for an hour.", "status": "RESOURCE_EXHAUSTED"}
            return answer({"error": said}, 429)
        body = got.json
        about = {"currencyCode": self.currency, "timeZone": "Europe/Berlin", **self.metadata}
        names = [one["name"] for one in body["metrics"]]
        if names == ["totalUsers"]:
            return answer({"rows": [], "rowCount": 1, "metadata": about})
        self.reports += 1
        assert body["dateRanges"] == [{"startDate": "2026-10-01", "endDate": "2026-10-03"}]
        rows = self._items() if "itemsViewed" in names else self._days()
        begin = int(body["offset"])
        assert isinstance(body["offset"], str), "an int64 is text"
        size = min(int(body["limit"]), self.size)
        chosen = [
            {"dimensionValues": [{"value": one} for one in keys], "metricValues": [{"value": one} for one in values]}
            for keys, values in rows[begin : begin + size]
        ]
        return answer({"rowCount": len(rows), "metadata": about, **({"rows": chosen} if chosen else {})})

    def _days(self) -> list[tuple[list[str], list[str]]]:
        return [
            (["20261001"], ["120", "900", "30", "7", "6", "4", "345.5", "10"]),
            (["20261003"], ["80", "600", "12", "2", "2", "1", "99.90", "0"]),
        ]

    def _items(self) -> list[tuple[list[str], list[str]]]:
        return [
            (["20261001", "kettle"], ["300", "20", "5", "250", "0"]),
            (["20261001", "(not set)"], ["9", "0", "0", "0", "0"]),
            (["20261003", "tea-1"], ["70", "6", "3", "29.97", "9.99"]),
        ]


def small_pages(text: str) -> str:
    return text.replace("size: 100000", "size: 2").replace('limit: "100000"', 'limit: "2"')


async def test_ga4_tells_visitors_of_the_shop_and_of_each_product(tmp_path: Path) -> None:
    async with Server(Analytics()) as server:
        shop = opened(loaded("ga4.yaml", tmp_path, server.url, small_pages))
        found = figures(await shop.activity(FIRST, LAST))
        assert shop.account.timezone == "Europe/Berlin"
        await shop.close()
    assert found["2026-10-01", ""] == {
        "visitors": 120,
        "views": 900,
        "carts": 30,
        "orders": 7,
        "buyers": 6,
        "new_buyers": 4,
        "revenue": 345.5,
        "refunds": 10,
    }
    assert found["2026-10-03", "tea-1"] == {"views": 70, "carts": 6, "units": 3, "revenue": 29.97, "refunds": 9.99}
    assert set(found) == {("2026-10-01", ""), ("2026-10-03", ""), ("2026-10-01", "kettle"), ("2026-10-03", "tea-1")}


async def test_ga4_figures_that_are_not_whole_are_an_error_and_no_figure(tmp_path: Path) -> None:
    analytics = Analytics()
    analytics.metadata = {"subjectToThresholding": True}
    async with Server(analytics) as server:
        shop = opened(loaded("ga4.yaml", tmp_path, server.url))
        with pytest.raises(ConnectorError, match="not whole yet"):
            await shop.activity(FIRST, LAST)
        await shop.close()


async def test_ga4_is_left_alone_for_an_hour_when_its_tokens_are_used_up(tmp_path: Path) -> None:
    analytics = Analytics()
    async with Server(analytics) as server:
        shop = opened(loaded("ga4.yaml", tmp_path, server.url))
        await shop.activity(FIRST, LAST)
        analytics.busy = True
        asked = analytics.reports
        for _ in range(2):
            with pytest.raises(ConnectorError) as caught:
                await shop.activity(FIRST, LAST)
            assert caught.value.error == "throttled"
            assert caught.value.wait is not None
            assert caught.value.wait > 3000
        assert len([got for got in server.got if got.path != "/token"]) == asked + 2, "asked once, then no more"
        await shop.close()


async def test_a_property_in_another_currency_is_refused(tmp_path: Path) -> None:
    analytics = Analytics()
    analytics.currency = "USD"
    async with Server(analytics) as server:
        shop = opened(loaded("ga4.yaml", tmp_path, server.url))
        with pytest.raises(ConnectorError, match="write currency: USD"):
            await shop.activity(FIRST, LAST)
        await shop.close()


# ---- WooCommerce


def order(number: int, at: str, status: str, lines: list[tuple[int, int, str, str]], back: str = "") -> dict[str, Any]:
    items = [
        {"product_id": product, "quantity": pieces, "total": total, "total_tax": tax}
        for product, pieces, total, tax in lines
    ]
    paid = sum(float(total) + float(tax) for _, _, total, tax in lines)
    refunds = [{"id": 9, "total": f"-{back}"}] if back else []
    about = {"id": number, "status": status, "date_created": at, "total": f"{paid:.2f}"}
    return {**about, "line_items": items, "refunds": refunds}


class Woo:
    """Basic authentication, two rows a page, the next one by Link; days are the site's."""

    def __init__(self) -> None:
        self.orders = [
            order(1, "2026-10-01T00:00:00", "completed", [(7, 2, "20.00", "3.80"), (8, 1, "5.00", "0.95")]),
            order(2, "2026-10-01T23:59:58", "processing", [(7, 1, "10.00", "1.90")], back="11.90"),
            order(3, "2026-10-02T09:00:00", "cancelled", [(7, 9, "90.00", "17.10")]),
            order(4, "2026-10-03T12:00:00", "completed", [(8, 4, "20.00", "3.80")]),
            order(5, "2026-10-04T00:00:00", "completed", [(8, 4, "20.00", "3.80")]),
        ]
        self.url = ""

    def __call__(self, got: Got) -> Answer:
        pair = base64.b64encode(b"ck_canary:cs_canary").decode()
        if got.headers.get("Authorization") != f"Basic {pair}":
            return answer({"code": "woocommerce_rest_cannot_view", "message": "Sorry, you cannot list."}, 401)
        match got.path.removeprefix("/wp-json/wc/v3/"):
            case "settings/general/woocommerce_currency":
                return answer({"id": "woocommerce_currency", "value": "EUR"})
            case "orders":
                kept = [one for one in self.orders if one["status"] in got.query["status"].split(",")]
                kept = [one for one in kept if got.query["after"] < one["date_created"] < got.query["before"]]
                return self._page(got, kept)
            case "products":
                return self._page(got, self._products())
        return answer({"code": "rest_no_route", "message": "No route was found."}, 404)

    def _page(self, got: Got, rows: list[dict[str, Any]]) -> Answer:
        number = int(got.query.get("page", "1"))
        said = answer(rows[2 * (number - 1) : 2 * number])
        if 2 * number >= len(rows):
            return said
        kept = "&".join(f"{name}={value}" for name, value in got.query.items() if name != "page")
        link = f'<{self.url}{got.path}?{kept}&page={number + 1}>; rel="next"'
        return Answer(200, said.body, {**said.headers, "Link": link})

    def _products(self) -> list[dict[str, Any]]:
        return [
            {"id": 7, "name": "Kettle", "price": "11.90", "manage_stock": True, "stock_quantity": 0},
            {"id": 8, "name": "Tea", "price": "5.95", "manage_stock": True, "stock_quantity": -2},
            {"id": 9, "name": "Voucher", "price": "", "manage_stock": False, "stock_quantity": None},
        ]


async def test_woocommerce_tells_orders_of_the_shop_and_of_each_product_by_the_sites_days(tmp_path: Path) -> None:
    woo = Woo()
    async with Server(woo) as server:
        woo.url = server.url
        shop = opened(loaded("woocommerce.yaml", tmp_path, server.url))
        found = figures(await shop.activity(FIRST, LAST))
        await shop.close()
    assert found["2026-10-01", ""] == {"orders": 2, "units": 4, "revenue": 41.65, "refunds": 11.9}
    assert found["2026-10-02", ""] == {"orders": 0, "units": 0, "revenue": 0, "refunds": 0}, "a quiet day is zero"
    assert found["2026-10-01", "7"] == {"orders": 2, "units": 3, "revenue": 35.7}
    assert found["2026-10-03", "8"] == {"orders": 1, "units": 4, "revenue": 23.8}
    assert {day for day, _ in found} == {"2026-10-01", "2026-10-02", "2026-10-03"}


async def test_woocommerce_tells_what_is_left(tmp_path: Path) -> None:
    woo = Woo()
    async with Server(woo) as server:
        woo.url = server.url
        shop = opened(loaded("woocommerce.yaml", tmp_path, server.url))
        kettle, tea, voucher = await shop.products()
        await shop.close()
    assert (kettle.name, str(kettle.price), kettle.stock) == ("Kettle", "11.90", 0)
    assert (tea.stock, voucher.price, voucher.stock) == (0, None, None)
    assert kettle.stock_at is not None
    assert voucher.stock_at is None


async def test_a_wrong_key_is_said_without_the_key(tmp_path: Path) -> None:
    async with Server(lambda got: answer({"message": f"not {got.headers['Authorization']}"}, 401)) as server:
        shop = opened(loaded("woocommerce.yaml", tmp_path, server.url))
        with pytest.raises(ConnectorError) as caught:
            await shop.products()
        await shop.close()
    assert caught.value.error == "auth"
    assert "cs_canary" not in str(caught.value)
    assert base64.b64encode(b"ck_canary:cs_canary").decode() not in str(caught.value)


async def test_a_page_at_another_host_is_not_asked_for(tmp_path: Path) -> None:
    link = '<https://elsewhere.example/orders?page=2>; rel="next"'
    woo = Woo()

    def handle(got: Got) -> Answer:
        said = woo(got)
        return Answer(said.status, said.body, {**said.headers, "Link": link}) if got.path.endswith("products") else said

    async with Server(handle) as server:
        shop = opened(loaded("woocommerce.yaml", tmp_path, server.url))
        with pytest.raises(ConnectorError, match=r"at another host, elsewhere\.example"):
            await shop.products()
        await shop.close()
