"""Taobao and Tmall by the open platform (TOP): 万相台无界 scene by scene, or 直通车 of old; whole yuan, Beijing time.

| method | |
|---|---|
| `budgets` | 万相台无界: campaigns of each scene with a daily budget; 直通车: campaigns and their budgets |
| `performance` | a row a campaign and day, by item where told; sales on the day of the click, `attribution_days` long |
| `products` | with `shop: true`: the items on sale and in the warehouse with price and stock |
| `activity` | with `shop: true`: paid orders, pieces and revenue by item and day from trades, and refunds |
| `levers` | 直通车: keyword prices, that for phones where there is one; 万相台无界: 投产比 and 成交成本 targets |
| `lever_reports` | 直通车: by keyword, mean position where told; 万相台无界: by campaign with a target |
| `set_lever` | 直通车: `keywords.pricevon.set`; targets of 万相台无界 are typed in by hand |
| `set` | `budget.batchupdate`, or `simba.campaign.budget.update`; never without an amount |
"""

from __future__ import annotations

from pydantic import BaseModel

from bidder.catalog import Account
from bidder.connectors.http import Shared
from bidder.connectors.taobao.client import Client, opened
from bidder.connectors.taobao.reading import TaobaoReader
from bidder.connectors.taobao.settings import Api, TaobaoSettings
from bidder.connectors.taobao.shop import TaobaoShop
from bidder.connectors.taobao.write import TaobaoWriter

__all__ = ["Api", "TaobaoKind", "TaobaoReader", "TaobaoSettings", "TaobaoShop", "TaobaoWriter", "kind"]


class TaobaoKind:
    """Taobao as the registry knows it."""

    name: str = "taobao"
    settings: type[BaseModel] = TaobaoSettings

    def __init__(self) -> None:
        self._shared = Shared()

    def reader(self, account: Account, settings: BaseModel) -> TaobaoReader:
        """Opens for reading."""
        return TaobaoReader(self._client(account, settings), account)

    def shop(self, account: Account, settings: BaseModel) -> TaobaoShop | None:
        """The shop behind it, where it is to be read."""
        if isinstance(settings, TaobaoSettings) and not settings.shop:
            return None
        return TaobaoShop(self._client(account, settings), account)

    def writer(self, account: Account, settings: BaseModel) -> TaobaoWriter:
        """Opens for writing."""
        return TaobaoWriter(self._client(account, settings), account)

    def _client(self, account: Account, settings: BaseModel) -> Client:
        if not isinstance(settings, TaobaoSettings):
            raise TypeError(f"expected TaobaoSettings, was {type(settings).__name__}")
        return Client(self._shared.of((account, settings), lambda: opened(account, settings)), settings)


kind = TaobaoKind()
