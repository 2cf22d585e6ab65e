"""Google Ads by its REST API: budgets (shared ones once), figures a campaign, product and day, daily amounts.

| method | |
|---|---|
| `budgets` | GAQL over campaigns; amount, minimum as learned from refusals, limited by budget, lost impression share |
| `performance` | a row a campaign and day, for Shopping a product; conversions on the day of the click, fractional |
| `products` | not offered: the merchant feed is another API |
| `set` | `campaignBudgets:mutate` with partial failure; the stored amount in the reply is compared |
| `levers` | keywords and ad groups where campaigns are bid by hand; target ROAS and CPA where a campaign has its own |
| `lever_reports` | by keyword (share of impressions, at the top), ad group of Shopping, campaign with a target |
| `set_lever` | `adGroupCriteria`, `adGroups`, `campaigns:mutate` |
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pydantic import BaseModel

from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget
from bidder.connectors.google_ads import parse
from bidder.connectors.google_ads.client import Client, opened
from bidder.connectors.google_ads.read_levers import ReadsBids
from bidder.connectors.google_ads.settings import SUNSET, GoogleAdsSettings
from bidder.connectors.google_ads.write import GoogleAdsWriter, learned
from bidder.connectors.http import Shared, Speaking
from bidder.connectors.identity import as_told
from bidder.connectors.protocol import ShopReader
from bidder.errors import ConnectorError
from bidder.reports import Reports

__all__ = ["GoogleAdsKind", "GoogleAdsReader", "GoogleAdsSettings", "GoogleAdsWriter", "kind"]

STANDING_DAYS = 7


class GoogleAdsReader(Speaking[Client], ReadsBids):
    """Reads one account."""

    restated_days = 30
    """So many days back figures still change: conversions come late, invalid clicks are paid back."""

    def __init__(self, client: Client, account: Account) -> None:
        self._client = client
        self._account = account

    @property
    def account(self) -> Account:
        """The account; its currency and zone are compared with the platform's before anything else."""
        return as_told(self._account, self._client.http.memory)

    async def budgets(self) -> Sequence[Budget]:
        """Every daily budget. Raises ConnectorError."""
        await self._client.believe(self.account)
        pages = await self._client.campaigns()
        return learned(parse.budgets(pages, self.account, await self._standing()), self._client)

    async def performance(self, first: date, last: date) -> Reports:
        """A row a campaign (for Shopping a product) and account day. Raises ConnectorError."""
        await self._client.believe(self.account)
        pages = await self._client.performance(first, last)
        budgets: dict[str, str] = {}
        if parse.lacks_budgets(pages):
            known = parse.budgets(await self._client.campaigns(), self.account)
            budgets = {campaign: one.id.native for one in known for campaign in one.campaigns}
        products = await self._client.products(first, last) if parse.has_shopping(pages) else []
        return parse.reports(pages, self.account, products=products, budget_by_campaign=budgets)

    async def close(self) -> None:
        """Gives the connection back."""
        await self._client.close()

    async def _standing(self) -> dict[str, parse.Standing]:
        """What the platform says of campaigns; nothing when it does not answer: budgets are known without."""
        today = AccountDay.of(self._client.http.timing.now(), self.account.timezone)
        try:
            pages = await self._client.standing(today.next(-STANDING_DAYS).date, today.next(-1).date)
            return parse.standing(pages, self.account)
        except ConnectorError:
            return {}


class GoogleAdsKind:
    """Google Ads as the registry knows it."""

    name: str = "google_ads"
    settings: type[BaseModel] = GoogleAdsSettings

    def __init__(self) -> None:
        self._shared = Shared()

    def reader(self, account: Account, settings: BaseModel) -> GoogleAdsReader:
        """Opens for reading."""
        return GoogleAdsReader(self._client(account, settings), account)

    def shop(self, account: Account, settings: BaseModel) -> ShopReader | None:  # noqa: ARG002 - the registry's signature
        """There is none behind it."""
        return None

    def writer(self, account: Account, settings: BaseModel) -> GoogleAdsWriter:
        """Opens for writing."""
        return GoogleAdsWriter(self._client(account, settings), account)

    def sunset(self, settings: BaseModel) -> date | None:
        """When the version of the API in use ends, where known."""
        return SUNSET.get(settings.api_version) if isinstance(settings, GoogleAdsSettings) else None

    def _client(self, account: Account, settings: BaseModel) -> Client:
        if not isinstance(settings, GoogleAdsSettings):
            raise TypeError(f"expected GoogleAdsSettings, was {type(settings).__name__}")
        return Client(self._shared.of((account, settings), lambda: opened(account, settings)), settings)


kind = GoogleAdsKind()
