"""Microsoft Advertising, API v13 over REST: a campaign's own daily budget or a shared one, figures by reports.

| method | |
|---|---|
| `budgets` | campaigns of the chosen kinds; shared budgets once, as `shared-…` with all their campaigns |
| `performance` | a report is asked for, waited for and fetched (CSV in a ZIP); by product where campaigns sell them |
| `products` | not offered: the catalogue is another API |
| `set` | `PUT /Campaigns`, or `PUT /Budgets` where the budget is shared; errors of an entry come with 200 |
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, timedelta

from pydantic import BaseModel

from bidder.catalog import Account, Budget, BudgetStatus
from bidder.connectors.http import Payload, Shared, Speaking
from bidder.connectors.identity import as_told
from bidder.connectors.microsoft import parse
from bidder.connectors.microsoft.client import LONGEST_REPORT, Client, opened
from bidder.connectors.microsoft.settings import MicrosoftSettings
from bidder.connectors.microsoft.write import MicrosoftWriter
from bidder.errors import ConnectorError
from bidder.reports import Reports, joined

__all__ = ["MicrosoftKind", "MicrosoftReader", "MicrosoftSettings", "MicrosoftWriter", "kind"]

log = logging.getLogger("bidder.microsoft")

_FIGURES = (
    "TimePeriod",
    "CampaignId",
    "CurrencyCode",
    "Impressions",
    "Clicks",
    "Spend",
    "ConversionsQualified",
    "Revenue",
)
_CAMPAIGNS = ("CampaignName", "CampaignType", *_FIGURES)
_PRODUCTS = ("MerchantProductId", *_FIGURES)


class MicrosoftReader(Speaking[Client]):
    """Reads one account."""

    def __init__(self, client: Client, account: Account, settings: MicrosoftSettings) -> None:
        self._client = client
        self._account = account
        self.restated_days = settings.conversion_window
        """So many days back figures still change: a sale counts on the day of the click."""

    @property
    def account(self) -> Account:
        """The account; its currency and zone are compared with the platform's before anything else."""
        return as_told(self._account, self._client.http.memory)

    async def budgets(self) -> Sequence[Budget]:
        """Every daily budget, a shared one once. Raises ConnectorError."""
        await self._client.believe(self.account)
        return [one for one in (await self._found()).budgets if one.status is not BudgetStatus.REMOVED]

    async def performance(self, first: date, last: date) -> Reports:
        """A row a campaign, product and account day. Raises ConnectorError, also while a report is not ready."""
        zone = await self._client.believe(self.account)
        found = await self._found()
        parts = []
        while first <= last:
            until = min(last, first + timedelta(days=LONGEST_REPORT - 1))
            page = await self._client.report("CampaignPerformance", _CAMPAIGNS, first, until, zone)
            products = await self._products(first, until, zone) if found.sells_products else []
            parts.append(parse.reports([page], self.account, found, products=products))
            first = until + timedelta(days=1)
        return joined(parts)

    async def close(self) -> None:
        """Gives the connection back."""
        await self._client.close()

    async def _found(self) -> parse.Found:
        """What there is; how a campaign's own budget is kept is remembered for the writer."""
        campaigns = await self._client.campaigns()
        natives = parse.shared_natives(campaigns, self.account)
        found = parse.budgets(campaigns, await self._client.shared_budgets(natives), self.account)
        self._client.http.memory["kinds"] = found.kinds
        return found

    async def _products(self, first: date, last: date, zone: str) -> list[Payload]:
        """Figures by product; none where there are none to ask for: totals are known without."""
        memory = self._client.http.memory
        if memory.get("no_products"):
            return []
        try:
            return [await self._client.report("ProductDimensionPerformance", _PRODUCTS, first, last, zone)]
        except ConnectorError as e:
            if e.error != "http_4xx":
                raise
            memory["no_products"] = True
            log.warning("%s: figures by product are not offered: %s", self.account.id, e.reason)
            return []


class MicrosoftKind:
    """Microsoft Advertising as the registry knows it. When v13 ends is not told."""

    name: str = "microsoft"
    settings: type[BaseModel] = MicrosoftSettings

    def __init__(self) -> None:
        self._shared = Shared()

    def reader(self, account: Account, settings: BaseModel) -> MicrosoftReader:
        """Opens for reading."""
        said = _own(settings)
        return MicrosoftReader(self._client(account, said), account, said)

    def shop(self, account: Account, settings: BaseModel) -> None:
        """There is none behind it."""

    def writer(self, account: Account, settings: BaseModel) -> MicrosoftWriter:
        """Opens for writing."""
        return MicrosoftWriter(self._client(account, _own(settings)), account)

    def _client(self, account: Account, settings: MicrosoftSettings) -> Client:
        return Client(self._shared.of((account, settings), lambda: opened(account, settings)), settings)


def _own(settings: BaseModel) -> MicrosoftSettings:
    if not isinstance(settings, MicrosoftSettings):
        raise TypeError(f"expected MicrosoftSettings, was {type(settings).__name__}")
    return settings


kind = MicrosoftKind()
