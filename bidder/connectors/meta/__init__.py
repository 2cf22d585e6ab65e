"""Meta by the Marketing API: daily budgets of campaigns or ad sets in minor units, insights by day.

| method | |
|---|---|
| `budgets` | campaigns that hold the budget of their ad sets, else the ad sets; lifetime budgets are left alone |
| `performance` | a row a budget and day, by catalogue product with `by_product: true`; one type of purchase |
| `products` | not offered: the catalogue is another API |
| `set` | `POST /{id}` with `daily_budget` and nothing else; at most four changes of a budget an hour |
| `levers` | ROAS goals of ad sets (LOWEST_COST_WITH_MIN_ROAS) |
| `lever_reports` | by ad set with a goal |
| `set_lever` | `bid_constraints` with the goal alone |
"""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel

from bidder.catalog import Account
from bidder.connectors.http import Shared
from bidder.connectors.meta.client import Client, opened
from bidder.connectors.meta.reading import MetaReader
from bidder.connectors.meta.settings import SUNSET, MetaSettings
from bidder.connectors.meta.write import MetaWriter

__all__ = ["MetaKind", "MetaReader", "MetaSettings", "MetaWriter", "kind"]


class MetaKind:
    """Meta as the registry knows it."""

    name: str = "meta"
    settings: type[BaseModel] = MetaSettings

    def __init__(self) -> None:
        self._shared = Shared()
        self._edits: dict[tuple[Account, BaseModel], dict[str, list[datetime]]] = {}

    def reader(self, account: Account, settings: BaseModel) -> MetaReader:
        """Opens for reading."""
        return MetaReader(self._client(account, settings), account)

    def shop(self, account: Account, settings: BaseModel) -> None:
        """There is none behind it."""

    def writer(self, account: Account, settings: BaseModel) -> MetaWriter:
        """Opens for writing."""
        edits = self._edits.setdefault((account, settings), {})
        return MetaWriter(self._client(account, settings), account, edits)

    def sunset(self, settings: BaseModel) -> date | None:
        """When the version of the API in use ends, where known."""
        return SUNSET.get(settings.api_version) if isinstance(settings, MetaSettings) else None

    def _client(self, account: Account, settings: BaseModel) -> Client:
        if not isinstance(settings, MetaSettings):
            raise TypeError(f"expected MetaSettings, was {type(settings).__name__}")
        return Client(self._shared.of((account, settings), lambda: opened(account, settings)), settings)


kind = MetaKind()
