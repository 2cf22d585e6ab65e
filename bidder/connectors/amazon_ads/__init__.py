"""Amazon Ads, Sponsored Products v3: a budget a campaign, figures an advertised product and day by reporting v3.

| method | |
|---|---|
| `budgets` | `/sp/campaigns/list`; limits of the marketplace; whether one is limited is not told |
| `performance` | a report is asked for, waited for and fetched; orders within `attribution` days, on the click's day |
| `products` | not offered: the catalogue is another API |
| `set` | `PUT /sp/campaigns`, 207 with a result an entry |
| `levers` | keywords, targets and ad groups with their bids |
| `lever_reports` | the targeting report: a keyword or target and day, share of impressions at the top |
| `set_lever` | `PUT /sp/keywords`, `/sp/targets`, `/sp/adGroups` |
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from pydantic import BaseModel

from bidder.catalog import Account, Budget
from bidder.connectors.amazon_ads import parse
from bidder.connectors.amazon_ads.client import Client, opened
from bidder.connectors.amazon_ads.read_levers import ReadsBids
from bidder.connectors.amazon_ads.reporting import LONGEST_REPORT
from bidder.connectors.amazon_ads.settings import AmazonAdsSettings
from bidder.connectors.amazon_ads.write import AmazonAdsWriter
from bidder.connectors.http import Shared, Speaking
from bidder.connectors.identity import as_told
from bidder.connectors.protocol import ShopReader
from bidder.reports import Reports, joined

__all__ = ["AmazonAdsKind", "AmazonAdsReader", "AmazonAdsSettings", "AmazonAdsWriter", "kind"]


class AmazonAdsReader(Speaking[Client], ReadsBids):
    """Reads one profile."""

    restated_days = 30
    """So many days back figures still change: restated 1, 7 and 28 days after an order."""

    def __init__(self, client: Client, account: Account, settings: AmazonAdsSettings) -> None:
        self._client = client
        self._account = account
        self._window = settings.attribution

    @property
    def account(self) -> Account:
        """The account; its currency and zone are compared with the profile's before anything else."""
        return as_told(self._account, self._client.http.memory)

    async def budgets(self) -> Sequence[Budget]:
        """Every campaign's daily budget. Raises ConnectorError."""
        country = await self._client.believe(self.account)
        return parse.budgets(await self._client.campaigns(), self.account, country)

    async def performance(self, first: date, last: date) -> Reports:
        """A row a campaign, product and account day. Raises ConnectorError, also while a report is not ready."""
        await self._client.believe(self.account)
        parts = []
        while first <= last:
            until = min(last, first + timedelta(days=LONGEST_REPORT - 1))
            payload = await self._client.report(first, until)
            parts.append(parse.reports(payload, self.account, self._window))
            first = until + timedelta(days=1)
        return joined(parts)

    async def close(self) -> None:
        """Gives the connection back."""
        await self._client.close()


class AmazonAdsKind:
    """Amazon Ads as the registry knows it."""

    name: str = "amazon_ads"
    settings: type[BaseModel] = AmazonAdsSettings

    def __init__(self) -> None:
        self._shared = Shared()

    def reader(self, account: Account, settings: BaseModel) -> AmazonAdsReader:
        """Opens for reading."""
        said = _own(settings)
        return AmazonAdsReader(self._client(account, said), account, said)

    def shop(self, account: Account, settings: BaseModel) -> ShopReader | None:  # noqa: ARG002 - the registry's signature
        """There is none behind it."""
        return None

    def writer(self, account: Account, settings: BaseModel) -> AmazonAdsWriter:
        """Opens for writing."""
        return AmazonAdsWriter(self._client(account, _own(settings)), account)

    def _client(self, account: Account, settings: AmazonAdsSettings) -> Client:
        return Client(self._shared.of((account, settings), lambda: opened(account, settings)), settings)


def _own(settings: BaseModel) -> AmazonAdsSettings:
    if not isinstance(settings, AmazonAdsSettings):
        raise TypeError(f"expected AmazonAdsSettings, was {type(settings).__name__}")
    return settings


kind = AmazonAdsKind()
