"""Reads one ad account: budgets at the level that owns them, figures by day."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import date

from bidder.catalog import Account, Budget
from bidder.connectors.http import Payload, Speaking
from bidder.connectors.identity import TOLD, as_told
from bidder.connectors.meta import parse
from bidder.connectors.meta.client import Client
from bidder.connectors.meta.read_levers import ReadsGoals
from bidder.connectors.meta.usage import TOO_MUCH
from bidder.errors import ConnectorError
from bidder.money import Money
from bidder.reports import Reports

__all__ = ["MetaReader", "believe"]

log = logging.getLogger("bidder.meta")


class MetaReader(Speaking[Client], ReadsGoals):
    """Reads one account."""

    restated_days = 28
    """So many days back figures still change: sales count on the day of the click or the view."""

    def __init__(self, client: Client, account: Account) -> None:
        self._client = client
        self._account = account

    @property
    def account(self) -> Account:
        """The account; its currency and zone are compared with the platform's before anything else."""
        return as_told(self._account, self._client.http.memory)

    async def budgets(self) -> Sequence[Budget]:
        """Every daily budget: of campaigns that hold it for their ad sets, of ad sets elsewhere.

        Those over a lifetime are left alone. Raises ConnectorError.
        """
        found, _ = await self._known()
        daily: set[str] = self._client.http.memory.setdefault("daily", set())
        daily |= {one.id.native for one in found}
        return found

    async def performance(self, first: date, last: date) -> Reports:
        """A row a budget and account day. Raises ConnectorError, also when ad sets lack what the account has spent."""
        _, owners = await self._known()
        # the account before its parts: what comes in between is then more, never missing
        whole = await self._whole(first, last)
        pages = await self._client.insights(first, last)
        if parse.missing_spend(whole, pages, self.account):
            pages = parse.beside(pages, await self._client.insights(first, last, gone=True), self.account)
            missing = parse.missing_spend(whole, pages, self.account)
            if missing:
                reason = f"data: rows are missing: {missing}"
                raise ConnectorError(self.account.id, "performance", reason, waiting_helps=True, error="schema")
        owners = await self._with_gone(owners, pages)
        products = await self._products(first, last) if pages else []
        return parse.reports(pages, self.account, owners, purchase=self._client.settings.purchase, products=products)

    async def close(self) -> None:
        """Gives the connection back."""
        await self._client.close()

    async def _known(self) -> tuple[list[Budget], parse.Owners]:
        minimum = await believe(self._client, self.account)
        campaigns, adsets = await asyncio.gather(self._client.campaigns(), self._client.adsets())
        return parse.budgets(campaigns, adsets, self.account, minimum)

    async def _with_gone(self, owners: parse.Owners, pages: Sequence[Payload]) -> parse.Owners:
        """Who held the budgets of campaigns that are gone: their figures stay where they were."""
        gone = parse.unknown_campaigns(pages, self.account, owners)
        nodes: dict[str, Payload] = {}
        for native in gone:
            try:
                nodes[native] = await self._client.node(native)
            except ConnectorError as e:
                if e.error != "http_4xx":
                    raise
        return parse.with_gone(owners, nodes, self.account)

    async def _whole(self, first: date, last: date) -> list[Payload]:
        """The account's own figures; nothing to compare with where they are not given."""
        try:
            return await self._client.insights(first, last, level="account")
        except ConnectorError as e:
            if e.error != "http_4xx" or e.reason.startswith(TOO_MUCH):
                raise
            log.warning("%s: no figures of the whole account: %s", self.account.id, e.reason)
            return []

    async def _products(self, first: date, last: date) -> list[Payload]:
        """Figures by product of a catalogue; none where there are none to ask for: totals are known without."""
        memory = self._client.http.memory
        if not self._client.settings.by_product or memory.get("no_products"):
            return []
        try:
            return await self._client.insights(first, last, by_product=True)
        except ConnectorError as e:
            if e.error != "http_4xx":
                raise
            memory["no_products"] = True
            log.warning("%s: figures by product are not offered: %s", self.account.id, e.reason)
            return []


async def believe(client: Client, account: Account) -> Money | None:
    """Compares currency and zone with the platform's, once; gives the account's least daily budget.

    Raises ConnectorError when they differ.
    """
    memory = client.http.memory
    if "minimum" not in memory:
        memory["minimum"], memory[TOLD] = parse.check_account(await client.account(), account)
    least: Money | None = memory["minimum"]
    return least
