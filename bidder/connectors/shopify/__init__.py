"""A Shopify shop by its Admin API (GraphQL), read only: products with stock and price, paid orders by day.

There are no ads here, so there is nothing to write: the account stands in bidder.yaml beside those of ads.

| method | |
|---|---|
| `products` | active products: pieces, mean price, cost where the token may see it |
| `activity` | orders, pieces, revenue, refunds of the shop and of each product, by the shop's own days |

A refund counts on the day of its order. So a look that reaches into the present tells older days anew too, if something
of theirs was taken back since: up to as many days as a token without `read_all_orders` sees whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NoReturn

from pydantic import BaseModel

from bidder.account_day import AccountDay
from bidder.activity import Activity
from bidder.catalog import Account, Product
from bidder.connectors.http import Payload, Shared, Speaking
from bidder.connectors.identity import TOLD, as_told
from bidder.connectors.shopify import parse
from bidder.connectors.shopify.client import Client, opened
from bidder.connectors.shopify.settings import ShopifySettings, sunset
from bidder.errors import ConnectorError

__all__ = ["ShopifyKind", "ShopifySettings", "ShopifyShop", "kind"]

SEEN_WHOLE = timedelta(days=59)
"""A token without `read_all_orders` sees the orders of 60 days: the day at their edge only in part."""

OVERLAP = timedelta(days=1)
"""What changed so long before the last look is looked at once more: that look may not have been stored."""

LOOKED = "changed orders looked at"


class ShopifyShop(Speaking[Client]):
    """Reads one shop."""

    def __init__(self, client: Client, account: Account) -> None:
        self._client = client
        self._account = account

    @property
    def account(self) -> Account:
        """The account; its currency and zone are compared with the shop's before anything else."""
        return as_told(self._account, self._client.http.memory)

    async def products(self) -> Sequence[Product]:
        """Every active product. Raises ConnectorError."""
        await self._believe()
        return parse.products(await self._client.variants(), self.account)

    async def activity(self, first: date, last: date) -> Activity:
        """What was sold from `first` to `last`, as known now. Raises ConnectorError."""
        await self._believe()
        now = self._client.http.timing.now()
        days = {first + timedelta(days=n) for n in range((last - first).days + 1)}
        pages = await self._client.orders(self._made(first, last))
        present = self._start(last + timedelta(days=1)) > now
        if present:
            for day in sorted(await self._older(first, now)):
                pages += await self._client.orders(self._made(day, day))
                days.add(day)
        more: dict[str, Sequence[Payload]] = {}
        for order, cursor in parse.unfinished(pages, self.account):
            more[order] = await self._client.more_lines(order, cursor)
        found = parse.activity(pages, more, self.account, days, self._client.http.timing.now())
        if present:
            self._client.http.memory[LOOKED] = now
        return found

    async def _older(self, first: date, now: datetime) -> set[date]:
        """Days before `first` of which something was taken back since the last look, or since `first`."""
        start, oldest = self._start(first), now - SEEN_WHOLE
        looked = self._client.http.memory.get(LOOKED, start + OVERLAP)
        since = max(start, looked - OVERLAP)
        pages = await self._client.changed(
            f"created_at:>='{_text(oldest)}' AND created_at:<'{_text(start)}' AND updated_at:>='{_text(since)}'"
        )
        return {day for day in parse.changed_days(pages, self.account, first) if self._start(day) >= oldest}

    def _made(self, first: date, last: date) -> str:
        """The search for the orders that were made on these days."""
        start, end = self._start(first), self._start(last + timedelta(days=1))
        return f"created_at:>='{_text(start)}' AND created_at:<'{_text(end)}'"

    def _start(self, day: date) -> datetime:
        return AccountDay(self.account.timezone, day).start_at

    async def close(self) -> None:
        """Gives the connection back."""
        await self._client.close()

    async def _believe(self) -> None:
        memory = self._client.http.memory
        if TOLD not in memory:
            memory[TOLD] = parse.check_shop(await self._client.shop(), self.account)


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


class ShopifyKind:
    """Shopify as the registry knows it."""

    name: str = "shopify"
    settings: type[BaseModel] = ShopifySettings
    ads: bool = False

    def __init__(self) -> None:
        self._shared = Shared()

    def reader(self, _account: Account, _settings: BaseModel) -> None:
        """There are no ads to read."""

    def shop(self, account: Account, settings: BaseModel) -> ShopifyShop:
        """Opens for reading."""
        if not isinstance(settings, ShopifySettings):
            raise TypeError(f"expected ShopifySettings, was {type(settings).__name__}")
        http = self._shared.of((account, settings), lambda: opened(account, settings))
        return ShopifyShop(Client(http, settings), account)

    def writer(self, account: Account, _settings: BaseModel) -> NoReturn:
        """There is nothing to write."""
        raise ConnectorError(account.id, "write", "a shop has no budgets; use mode: observe")

    def sunset(self, settings: BaseModel) -> date | None:
        """When the version of the API in use ends."""
        return sunset(settings.api_version) if isinstance(settings, ShopifySettings) else None


kind = ShopifyKind()
