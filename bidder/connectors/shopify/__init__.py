"""A Shopify shop by its Admin API (GraphQL), read only: products with stock and price, paid orders by day.

There are no ads here, so there is nothing to write: the account stands in bidder.yaml beside those of ads.

| method | |
|---|---|
| `products` | active products: pieces, mean price, cost where the token may see it |
| `activity` | orders, pieces, revenue, refunds of the shop and of each product, by the shop's own days |
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
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
        zone = self.account.timezone
        start, end = AccountDay(zone, first).start_at, AccountDay(zone, last).end_at
        pages = await self._client.orders(
            f"created_at:>='{start:%Y-%m-%dT%H:%M:%SZ}' AND created_at:<'{end:%Y-%m-%dT%H:%M:%SZ}'"
        )
        more: dict[str, Sequence[Payload]] = {}
        for order, cursor in parse.unfinished(pages, self.account):
            more[order] = await self._client.more_lines(order, cursor)
        seen = self._client.http.timing.now()
        return parse.activity(pages, more, self.account, first, last, seen)

    async def close(self) -> None:
        """Gives the connection back."""
        await self._client.close()

    async def _believe(self) -> None:
        memory = self._client.http.memory
        if TOLD not in memory:
            memory[TOLD] = parse.check_shop(await self._client.shop(), self.account)


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
