"""Requests to Shopify's Admin API (GraphQL): queries out, pages in; nothing understood but errors and costs.

A query costs points of a bucket that refills by itself. Every reply says how many are left, so the next question waits
for its price before it is asked; a throttled reply (200 with THROTTLED) says how long to wait.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import structlog

from bidder.catalog import Account
from bidder.connectors.http import (
    Ask,
    Http,
    Manners,
    Meaning,
    Payload,
    Reply,
    Timing,
    Verdict,
    dig,
    oauth,
    plain_verdict,
    retry_after,
    said_in,
)
from bidder.connectors.shopify.settings import ShopifySettings
from bidder.errors import ConnectorError

__all__ = ["Client", "opened", "verdict_of"]

log = structlog.get_logger("bidder.shopify")

_MOST_PAGES = 5_000
_PAGE = 100
_LEAST_PAGE = 5
_LINES = 50

_SHOP = "query { shop { currencyCode ianaTimezone } }"
_LINE = """nodes { sku quantity currentQuantity product { id } \
discountedTotalSet(withCodeDiscounts: true) { shopMoney { amount currencyCode } } } \
pageInfo { hasNextPage endCursor }"""
_ORDERS = f"""query($first: Int!, $after: String, $query: String!) {{ \
orders(first: $first, after: $after, sortKey: CREATED_AT, query: $query) {{ pageInfo {{ hasNextPage endCursor }} \
nodes {{ id createdAt processedAt cancelledAt test displayFinancialStatus currencyCode \
lineItems(first: {_LINES}) {{ {_LINE} }} }} }} }}"""
_CHANGED = """query($first: Int!, $after: String, $query: String!) { \
orders(first: $first, after: $after, sortKey: UPDATED_AT, query: $query) { pageInfo { hasNextPage endCursor } \
nodes { id createdAt cancelledAt displayFinancialStatus } } }"""
_MORE_LINES = f"""query($id: ID!, $after: String) {{ order(id: $id) {{ \
lineItems(first: {_LINES}, after: $after) {{ {_LINE} }} }} }}"""
_VARIANT = "id sku price inventoryQuantity product { id title status }"
_COST = " inventoryItem { tracked unitCost { amount currencyCode } }"


def _variants(cost: bool) -> str:
    fields = _VARIANT + (_COST if cost else "")
    return (
        "query($first: Int!, $after: String) { productVariants(first: $first, after: $after) "
        f"{{ pageInfo {{ hasNextPage endCursor }} nodes {{ {fields} }} }} }}"
    )


def opened(account: Account, settings: ShopifySettings, timing: Timing | None = None) -> Http:
    """The network of one shop. Opens nothing yet."""
    keys = settings.credentials
    fixed = "" if keys.access_token is None else keys.access_token.get_secret_value()
    form: dict[str, str] = {}
    if keys.client_id is not None and keys.client_secret is not None:
        form = {"client_id": keys.client_id.get_secret_value(), "client_secret": keys.client_secret.get_secret_value()}

    def prepare(ask: Ask, token: str) -> Ask:
        return replace(ask, headers={**ask.headers, "X-Shopify-Access-Token": fixed or token})

    recipe = oauth(f"{settings.address}/admin/oauth/access_token", {"grant_type": "client_credentials", **form})
    manners = Manners(
        settings.address,
        verdict=verdict_of(settings.api_version),
        prepare=prepare,
        tokens=recipe if form else None,
        rate=10.0,
        concurrency=4,
        deadline=120.0,
    )
    secrets = [one for one in (fixed, *form.values()) if one]
    return Http(account.id, manners.as_set(settings), secrets=secrets, timing=timing)


class Client:
    """Speaks to one shop."""

    def __init__(self, http: Http, settings: ShopifySettings) -> None:
        self.http = http
        self._path = f"/admin/api/{settings.api_version}/graphql.json"
        self._closed = False

    async def shop(self) -> Payload:
        """Currency and zone. Raises ConnectorError."""
        return await self._ask("account", _SHOP, {})

    async def orders(self, search: str) -> list[Payload]:
        """Every page of the orders that the search finds. Raises ConnectorError."""
        return await self._pages("orders", _ORDERS, "orders", {"query": search})

    async def changed(self, search: str) -> list[Payload]:
        """Every page of the orders that the search finds, without what was in them. Raises ConnectorError."""
        return await self._pages("changed orders", _CHANGED, "orders", {"query": search})

    async def more_lines(self, order: str, after: str) -> list[Payload]:
        """The lines of an order beyond its first ones. Raises ConnectorError."""
        pages: list[Payload] = []
        cursor: str | None = after
        seen = {after}
        while cursor is not None and len(pages) < _MOST_PAGES:
            pages.append(await self._ask("orders", _MORE_LINES, {"id": order, "after": cursor}))
            cursor = self._next("orders", dig(pages[-1].body, "data", "order", "lineItems"), seen)
        return pages

    async def variants(self) -> list[Payload]:
        """Every page of the shop's variants, with their costs where the token may see them. Raises ConnectorError."""
        if not self.http.memory.get("no_costs"):
            try:
                return await self._pages("stock", _variants(cost=True), "productVariants", {})
            except ConnectorError as e:
                if e.error != "auth" or "ACCESS_DENIED" not in e.reason:
                    raise
            self.http.memory["no_costs"] = True
        return await self._pages("stock", _variants(cost=False), "productVariants", {})

    async def close(self) -> None:
        """Gives the connection back; again is no error."""
        if not self._closed:
            self._closed = True
            await self.http.close()

    async def _pages(self, operation: str, query: str, name: str, variables: Mapping[str, Any]) -> list[Payload]:
        pages: list[Payload] = []
        cursor: str | None = None
        seen: set[str] = set()
        size = int(self.http.memory.get(f"page:{operation}") or _PAGE)
        while len(pages) < _MOST_PAGES:
            try:
                page = await self._ask(operation, query, {**variables, "first": size, "after": cursor})
            except ConnectorError as e:
                if "MAX_COST_EXCEEDED" not in e.reason or size <= _LEAST_PAGE:
                    raise
                size = max(_LEAST_PAGE, size // 2)
                self.http.memory[f"page:{operation}"] = size
                continue
            pages.append(page)
            cursor = self._next(operation, dig(page.body, "data", name), seen)
            if cursor is None:
                return pages
        raise ConnectorError(self.http.account, operation, f"more than {_MOST_PAGES:,} pages", error="schema")

    def _next(self, operation: str, connection: Any, seen: set[str]) -> str | None:
        """Where the next page begins; None after the last. One without a word about it, or seen before, is an error."""
        more, cursor = dig(connection, "pageInfo", "hasNextPage"), dig(connection, "pageInfo", "endCursor")
        if more is False:
            return None
        if more is not True or not isinstance(cursor, str) or not cursor or cursor in seen:
            self.http.fail(operation, "pageInfo: does not say where the next page is", error="schema")
        seen.add(cursor)
        return cursor

    async def _ask(self, operation: str, query: str, variables: Mapping[str, Any]) -> Payload:
        ask = Ask(operation, "POST", self._path, json={"query": query, "variables": dict(variables)})
        page = await self.http.payload(ask)
        if not isinstance(dig(page.body, "data"), dict):
            self.http.fail(operation, "data: missing", error="schema")
        return page


def verdict_of(version: str) -> Callable[[Reply], Verdict]:
    """What a reply means: errors come with 200 too, and then nothing of it is believed."""
    said: set[str] = set()

    def verdict(reply: Reply) -> Verdict:
        answered = reply.header("X-Shopify-API-Version")
        if answered and answered != version and answered not in said:
            said.add(answered)
            log.warning("api_version_ended", asked=version, answered=answered, do="set api_version under the account")
        return _verdict(reply)

    return verdict


def _verdict(reply: Reply) -> Verdict:
    plain = plain_verdict(reply)
    if reply.status == 430:
        return Verdict(Meaning.THROTTLED, said_in(reply), retry_after(reply), "throttled")
    errors = dig(reply.data, "errors")
    if not errors or not (200 <= reply.status < 300):
        wait = _until_affordable(reply.data) if plain.meaning is Meaning.OK else plain.wait
        return Verdict(plain.meaning, plain.reason or "the next query costs more than is left", wait, plain.error)
    listed = errors if isinstance(errors, list) else [errors]
    codes = {str(dig(one, "extensions", "code") or "") for one in listed}
    words = "; ".join(dict.fromkeys(f"{dig(one, 'extensions', 'code') or 'error'}: {_words(one)}" for one in listed))
    if "THROTTLED" in codes:
        return Verdict(Meaning.THROTTLED, words, _until_affordable(reply.data) or 1.0, "throttled")
    if "INTERNAL_SERVER_ERROR" in codes:
        return Verdict(Meaning.PASSING, words, None, "http_5xx")
    if "ACCESS_DENIED" in codes:
        return Verdict(Meaning.FAILED, f"{words}; a scope is missing: read_orders, read_products, read_inventory",
                       None, "auth")  # fmt: skip
    return Verdict(Meaning.FAILED, words, None, "http_4xx")


def _words(error: Any) -> str:
    return str(dig(error, "message") or (error if isinstance(error, str) else ""))


def _until_affordable(data: Any) -> float | None:
    """Seconds until a query of the same price can be paid; None when it can be now, or nobody says."""
    cost = dig(data, "extensions", "cost")
    price, left = dig(cost, "requestedQueryCost"), dig(cost, "throttleStatus", "currentlyAvailable")
    rate = dig(cost, "throttleStatus", "restoreRate")
    if (
        not all(isinstance(one, int | Decimal) and not isinstance(one, bool) for one in (price, left, rate))
        or rate <= 0
    ):
        return None
    wait = float((Decimal(price) - Decimal(left)) / Decimal(rate))
    return wait if wait > 0 else None
