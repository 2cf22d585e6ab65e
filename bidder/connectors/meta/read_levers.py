"""Reads ROAS goals of ad sets and their figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bidder.bidding import Lever, LeverReport
from bidder.catalog import Account, Budget
from bidder.connectors.meta import levers
from bidder.connectors.meta.client import Client

__all__ = ["ReadsGoals"]


class ReadsGoals:
    """The part of the reader that concerns targets."""

    _client: Client

    @property
    def account(self) -> Account:
        """The account."""
        raise NotImplementedError

    async def budgets(self) -> Sequence[Budget]:
        """Every daily budget."""
        raise NotImplementedError

    async def levers(self) -> Sequence[Lever]:
        """The ROAS goal of each ad set that is bid by one, where its budget is a daily one. Raises ConnectorError."""
        daily = {one.id.native for one in await self.budgets()}
        return levers.goals(await self._client.goals(), self.account, daily)

    async def lever_reports(self, first: date, last: date) -> Sequence[LeverReport]:
        """A row an ad set with a goal and account day. Raises ConnectorError."""
        steered = {one.id.native for one in await self.levers()}
        if not steered:
            return []
        pages = await self._client.insights(first, last)
        return levers.reports(pages, self.account, steered, self._client.settings.purchase)
