"""TikTok by the Marketing API v1.3: daily budgets of campaigns or ad groups in currency units, figures by day.

| method | |
|---|---|
| `budgets` | campaigns that hold the budget of their ad groups (CBO, Smart+), else ad groups; GMV Max where asked for |
| `performance` | a row a budget and day; orders and their value by one event (`purchase`) |
| `products` | not offered: the catalogue is another API |
| `set` | the call for that kind of campaign, with the amount and nothing else; never `adgroup/update/` |
"""

from __future__ import annotations

from pydantic import BaseModel

from bidder.catalog import Account
from bidder.connectors.http import Shared
from bidder.connectors.tiktok.client import Client, opened
from bidder.connectors.tiktok.reading import TikTokReader
from bidder.connectors.tiktok.settings import TikTokSettings
from bidder.connectors.tiktok.write import TikTokWriter

__all__ = ["TikTokKind", "TikTokReader", "TikTokSettings", "TikTokWriter", "kind"]


class TikTokKind:
    """TikTok as the registry knows it. When its version ends is not told: v1.3 has no date yet."""

    name: str = "tiktok"
    settings: type[BaseModel] = TikTokSettings

    def __init__(self) -> None:
        self._shared = Shared()

    def reader(self, account: Account, settings: BaseModel) -> TikTokReader:
        """Opens for reading."""
        return TikTokReader(self._client(account, settings), account)

    def shop(self, account: Account, settings: BaseModel) -> None:
        """There is none behind it."""

    def writer(self, account: Account, settings: BaseModel) -> TikTokWriter:
        """Opens for writing."""
        return TikTokWriter(self._client(account, settings), account)

    def _client(self, account: Account, settings: BaseModel) -> Client:
        if not isinstance(settings, TikTokSettings):
            raise TypeError(f"expected TikTokSettings, was {type(settings).__name__}")
        return Client(self._shared.of((account, settings), lambda: opened(account, settings)), settings)


kind = TikTokKind()
