"""Reads one advertiser: budgets at the level that owns them, figures by day."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from bidder.catalog import Account, Budget, BudgetStatus
from bidder.connectors.http import Speaking
from bidder.connectors.identity import TOLD, as_told
from bidder.connectors.tiktok import figures, parse
from bidder.connectors.tiktok.client import LONGEST_REPORT, Client
from bidder.connectors.tiktok.ways import Way
from bidder.reports import Reports, joined

__all__ = ["TikTokReader", "believe", "remember"]


class TikTokReader(Speaking[Client]):
    """Reads one advertiser."""

    restated_days = 28
    """So many days back figures still change: a sale counts on the day of the click or the view, up to four weeks."""

    def __init__(self, client: Client, account: Account) -> None:
        self._client = client
        self._account = account

    @property
    def account(self) -> Account:
        """The account; its currency and zone are compared with the platform's before anything else."""
        return as_told(self._account, self._client.http.memory)

    async def budgets(self) -> Sequence[Budget]:
        """Every daily budget, at the level that owns it; those over a lifetime are left alone. ConnectorError."""
        known, _ = await self._known()
        return [one for one in known.budgets if one.status is not BudgetStatus.REMOVED]

    async def performance(self, first: date, last: date) -> Reports:
        """A row a budget and account day. Raises ConnectorError, also when ad groups lack what a campaign spent."""
        known, shops = await self._known()
        gmv = frozenset(native for natives in shops.values() for native in natives)
        parts: list[Reports] = []
        for begin, end in _spans(first, last):
            # campaigns before their ad groups: what comes in between is then more, never missing
            whole = await self._client.report("campaign", begin, end)
            leaves = figures.needs_ad_groups(whole, self.account, known)
            groups = await self._client.report("adgroup", begin, end) if leaves else []
            metrics = self._client.settings.purchase.metrics
            parts.append(figures.reports(whole, groups, self.account, known, metrics, gmv))
            parts += [await self._gmv_report(store, kind, known, begin, end) for store, kind in shops]
        return joined(parts)

    async def close(self) -> None:
        """Gives the connection back."""
        await self._client.close()

    async def _known(self) -> tuple[parse.Known, dict[tuple[str, str], list[str]]]:
        """What there is, and by shop and kind its GMV Max campaigns."""
        await believe(self._client, self.account)
        campaigns, groups = await asyncio.gather(self._client.campaigns(), self._client.ad_groups())
        known = parse.budgets(campaigns, groups, self.account)
        shops: dict[tuple[str, str], list[str]] = {}
        for kind in parse.GMV_KINDS if self._client.settings.gmv_max else ():
            for native in parse.gmv_natives(await self._client.gmv_campaigns(kind), self.account):
                budget, store = parse.gmv_budget(await self._client.gmv_campaign(native), self.account, native)
                known.budgets = [one for one in known.budgets if one.id != budget.id]  # some lists have it twice
                known.add(budget, Way.GMV_MAX)
                known.campaigns[native] = budget.name
                shops.setdefault((store, kind), []).append(native)
        remember(self._client, known)
        return known, shops

    async def _gmv_report(self, store: str, kind: str, known: parse.Known, first: date, last: date) -> Reports:
        pages = await self._client.gmv_report(store, kind, first, last)
        return Reports.of(figures.gmv_reports(pages, self.account, parse.GMV_KINDS[kind], known.campaigns))


async def believe(client: Client, account: Account) -> None:
    """Compares currency and zone with the platform's, once. Raises ConnectorError when they differ."""
    memory = client.http.memory
    if TOLD not in memory:
        memory[TOLD] = parse.check_account(await client.account(), account, client.settings.advertiser_id)


def remember(client: Client, known: parse.Known) -> None:
    """Keeps for the writer how each budget is set."""
    ways: dict[str, Way] = client.http.memory.setdefault("ways", {})
    ways |= known.ways


def _spans(first: date, last: date) -> Iterator[tuple[date, date]]:
    while first <= last:
        until = min(last, first + timedelta(days=LONGEST_REPORT - 1))
        yield first, until
        first = until + timedelta(days=1)
