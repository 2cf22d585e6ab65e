"""Reads bids of Sponsored Products: keywords, targets, ad groups, and figures by keyword and target."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from bidder.bidding import Lever, LeverReport
from bidder.catalog import Account
from bidder.connectors.amazon_ads import levers
from bidder.connectors.amazon_ads.client import AD_GROUPS, PRODUCT_ADS, Client
from bidder.connectors.amazon_ads.reporting import LONGEST_REPORT, TARGETING

__all__ = ["ReadsBids"]


class ReadsBids:
    """The part of the reader that concerns bids."""

    _client: Client
    _window: int

    @property
    def account(self) -> Account:
        """The account."""
        raise NotImplementedError

    async def levers(self) -> Sequence[Lever]:
        """Every keyword, target and ad group with its bid; archived ones are not listed. Raises ConnectorError."""
        await self._client.believe(self.account)
        pages = await self._client.listed(AD_GROUPS)
        groups = levers.ad_groups(pages, self.account)
        products = levers.products_of(await self._client.listed(PRODUCT_ADS), self.account, PRODUCT_ADS)
        found: list[Lever] = []
        for kind, entity in levers.ENTITY.items():
            listed = pages if entity is AD_GROUPS else await self._client.listed(entity)
            found += levers.levers(kind, listed, self.account, groups, products)
        return found

    async def lever_reports(self, first: date, last: date) -> Sequence[LeverReport]:
        """A row a keyword or target and account day. Raises ConnectorError, also while a report is not ready."""
        await self._client.believe(self.account)
        found: list[LeverReport] = []
        while first <= last:
            until = min(last, first + timedelta(days=LONGEST_REPORT - 1))
            payload = await self._client.report(first, until, TARGETING)
            found += levers.reports(payload, self.account, self._window)
            first = until + timedelta(days=1)
        return found
