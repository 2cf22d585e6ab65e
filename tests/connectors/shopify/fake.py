"""Shopify as its documents describe it: cost points, pages, errors inside 200, tokens that are fetched."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.connectors.http.server import Answer, Clock, Got, Server, answer, page

__all__ = ["SECRETS", "FakeShopify", "line", "order", "variant"]

SECRETS = ("canary-shop-secret", "canary-shop-token")
NOW = datetime(2026, 10, 15, 20, 0, tzinfo=UTC)


def line(
    product: str | None, quantity: int, amount: str, left: int | None = None, currency: str = "USD"
) -> dict[str, Any]:
    return {
        "sku": f"SKU{product}",
        "quantity": quantity,
        "currentQuantity": quantity if left is None else left,
        "product": None if product is None else {"id": f"gid://shopify/Product/{product}"},
        "discountedTotalSet": {"shopMoney": {"amount": amount, "currencyCode": currency}},
    }


def order(number: int, created: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Order/{number}",
        "createdAt": created,
        "processedAt": created,
        "updatedAt": created,
        "cancelledAt": None,
        "test": False,
        "displayFinancialStatus": "PAID",
        "currencyCode": "USD",
        "lines": list(lines),
        **more,
    }


def variant(number: int, product: str, price: str, stock: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/ProductVariant/{number}",
        "sku": f"V{number}",
        "price": price,
        "inventoryQuantity": stock,
        "product": {"id": f"gid://shopify/Product/{product}", "status": "ACTIVE", "title": f"Product {product}"},
        "inventoryItem": {"tracked": True, "unitCost": {"amount": "3.00", "currencyCode": "USD"}},
        **more,
    }


class FakeShopify:
    """One shop on a free port. `script` holds answers that are given before the usual ones."""

    def __init__(self) -> None:
        self.server = Server(self._handled)
        self.clock = Clock()
        self.orders: list[dict[str, Any]] = []
        self.variants: list[dict[str, Any]] = []
        self.currency, self.zone = "USD", "America/New_York"
        self.script: list[Answer] = []
        self.tokens = 0
        self.valid: set[str] = set()
        self.points = 2000.0
        self.most_per_page = 250
        self.lines_per_page = 50
        self.hide_costs = False
        self.version = ""
        self.searches: list[str] = []

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.clock.time - 1000)

    def _handled(self, got: Got) -> Answer:
        if got.path == "/admin/oauth/access_token":
            if b"client_credentials" not in got.body or SECRETS[0].encode() not in got.body:
                return answer({"error": "invalid_client"}, 400)
            self.tokens += 1
            token = f"{SECRETS[1]}-{self.tokens}"
            self.valid.add(token)
            return answer({"access_token": token, "scope": "read_orders", "expires_in": 86399})
        if got.headers.get("X-Shopify-Access-Token") not in self.valid:
            return answer({"errors": "[API] Invalid API key or access token"}, 401)
        if self.script:
            return self.script.pop(0)
        return self._graphql(got)

    def throttled(self, price: int, left: float, rate: float = 100.0) -> Answer:
        return answer(
            {
                "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
                "extensions": {"cost": self._cost(price, left, rate)},
            }
        )

    def error(self, code: str, message: str = "No.", **data: Any) -> Answer:
        return answer({"errors": [{"message": message, "extensions": {"code": code}}], **data})

    @staticmethod
    def _cost(price: int, left: float, rate: float = 100.0) -> dict[str, Any]:
        status = {"maximumAvailable": 2000.0, "currentlyAvailable": left, "restoreRate": rate}
        return {"requestedQueryCost": price, "actualQueryCost": price, "throttleStatus": status}

    def _graphql(self, got: Got) -> Answer:
        query, variables = got.json["query"], got.json["variables"]
        if "mutation" in query:
            return page(500)
        first = variables.get("first", 1)
        if first > self.most_per_page:
            return self.error("MAX_COST_EXCEEDED", "Query cost is too high")
        if "inventoryItem" in query and self.hide_costs:
            return self.error("ACCESS_DENIED", "Access denied for inventoryItem field", data={"productVariants": None})
        data: dict[str, Any]
        if "productVariants" in query:
            data = {"productVariants": self._page(self.variants, first, variables["after"])}
        elif "order(id" in query:
            found = next(one for one in self.orders if one["id"] == variables["id"])
            data = {"order": {"lineItems": self._page(found["lines"], self.lines_per_page, variables["after"])}}
        elif "orders(" in query:
            self.searches.append(variables["query"])
            matching = [self._order(one) for one in self.orders if self._found(one, variables["query"])]
            data = {"orders": self._page(matching, first, variables["after"])}
        else:
            data = {"shop": {"currencyCode": self.currency, "ianaTimezone": self.zone}}
        cost = {"cost": self._cost(50, self.points)}
        return answer({"data": data, "extensions": cost}, X_Shopify_API_Version=self.version)

    @staticmethod
    def _found(one: dict[str, Any], search: str) -> bool:
        """Whether a search by instants finds an order; an instant that is none is found by every search."""
        for name, sign, limit in re.findall(r"(created_at|updated_at):(>=|<)'([^']+)'", search):
            at = str(one["createdAt" if name == "created_at" else "updatedAt"])
            if at[:1].isdigit() and (at >= limit if sign == "<" else at < limit):
                return False
        return True

    def _order(self, one: dict[str, Any]) -> dict[str, Any]:
        shown = {name: value for name, value in one.items() if name != "lines"}
        return {**shown, "lineItems": self._page(one["lines"], self.lines_per_page, None)}

    @staticmethod
    def _page(nodes: list[dict[str, Any]], size: int, after: str | None) -> dict[str, Any]:
        start = 0 if after is None else int(after)
        end = start + size
        return {
            "nodes": nodes[start:end],
            "pageInfo": {"hasNextPage": end < len(nodes), "endCursor": str(min(end, len(nodes)))},
        }
