"""Reads a seller's account: 万相台无界 scene by scene, or 直通车 campaign by campaign."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import date, timedelta

from bidder.bidding import Lever, LeverReport
from bidder.catalog import Account, Budget
from bidder.connectors.http import Payload, Speaking
from bidder.connectors.identity import TOLD, as_told, check_identity
from bidder.connectors.taobao import parse, simba
from bidder.connectors.taobao.client import Client
from bidder.connectors.taobao.levers import of_campaigns
from bidder.connectors.taobao.read_levers import read_levers, read_reports, read_targets
from bidder.connectors.taobao.settings import Api
from bidder.connectors.taobao.top import NO_PERMISSION
from bidder.errors import ConnectorError
from bidder.performance import Observation
from bidder.reports import Reports

__all__ = ["TaobaoReader", "believe", "campaign_in_scenes", "scenes"]

log = logging.getLogger("bidder.taobao")


class TaobaoReader(Speaking[Client]):
    """Reads one account."""

    def __init__(self, client: Client, account: Account) -> None:
        self._client = client
        self._account = account

    @property
    def account(self) -> Account:
        """The account: in yuan and Beijing time, or nothing is read."""
        return as_told(self._account, self._client.http.memory)

    @property
    def restated_days(self) -> int:
        """So many days back figures still change: a sale counts on the day of its click."""
        return self._client.settings.attribution_days

    async def budgets(self) -> Sequence[Budget]:
        """Every daily budget; those without a limit or over a period are left alone. Raises ConnectorError."""
        believe(self.account, self._client)
        if self._client.settings.api is Api.SIMBA:
            return await self._simba_budgets()
        found: dict[str, Budget] = {}
        scene_of: dict[str, str] = self._client.http.memory.setdefault("scene", {})
        for scene in await scenes(self._client, self.account):
            for one in parse.budgets(await self._client.campaigns(scene), self.account, scene):
                if one.id.native not in found:
                    found[one.id.native] = one
                    scene_of[one.id.native] = scene
        return list(found.values())

    async def performance(self, first: date, last: date) -> Reports:
        """A row a campaign and day, by item where the platform tells them. Raises ConnectorError."""
        believe(self.account, self._client)
        window = self._client.settings.attribution_days
        if self._client.settings.api is Api.SIMBA:
            return Reports.of(await self._simba_performance(first, last, window))
        rows: list[Reports] = []
        for scene in await scenes(self._client, self.account):
            wholes = parse.reports(await self._client.report(scene, first, last), self.account, scene, window)
            items = await self._items(scene, first, last) if wholes else []
            rows.append(parse.split(wholes, items, self.account, scene, window))
        return parse.joined_once(rows, self.account)

    async def keywords(self, campaign: str) -> list[simba.Keyword]:
        """The keywords of a 直通车 campaign, unit by unit, with their prices. Raises ConnectorError."""
        if self._client.settings.api is not Api.SIMBA:
            raise ConnectorError(self.account.id, "keywords", "only read with api: simba", error="other")
        found: list[simba.Keyword] = []
        for adgroup in simba.adgroups(await self._client.simba_adgroups(campaign), self.account):
            payload = await self._client.simba_keywords(adgroup.id("adgroup_id"))
            found += simba.keywords(payload, self.account, adgroup)
        return found

    async def levers(self) -> Sequence[Lever]:
        """Keyword prices of 直通车, or targets of campaigns of 万相台无界. Raises ConnectorError."""
        believe(self.account, self._client)
        if self._client.settings.api is Api.SIMBA:
            return await read_levers(self._client, self.account)
        return await read_targets(self._client, self.account, await scenes(self._client, self.account))

    async def lever_reports(self, first: date, last: date) -> Sequence[LeverReport]:
        """A row a keyword of 直通车 and day; for targets a row a campaign and day. Raises ConnectorError."""
        believe(self.account, self._client)
        if self._client.settings.api is Api.SIMBA:
            return await read_reports(self._client, self.account, first, last)
        steered = {one.campaign: one.id for one in await self.levers()}
        figures = await self.performance(first, last) if steered else Reports.of(())
        return of_campaigns(figures, steered)

    async def close(self) -> None:
        """Gives the connection back."""
        await self._client.close()

    async def _items(self, scene: str, first: date, last: date) -> list[Payload]:
        """Figures by item; none where the app may not ask for them: totals are known without."""
        memory = self._client.http.memory
        if not self._client.settings.by_product or memory.get("no_items"):
            return []
        try:
            return await self._client.items_report(scene, first, last)
        except ConnectorError as e:
            if e.waiting_helps:
                raise
            memory["no_items"] = True
            log.warning("%s: figures by item are not offered: %s", self.account.id, e.reason)
            return []

    async def _simba_budgets(self) -> list[Budget]:
        campaigns = simba.campaigns(await self._client.simba_campaigns(), self.account)
        payloads = await asyncio.gather(*(self._client.simba_budget(native) for native in campaigns))
        found: list[Budget] = []
        smooth: dict[str, bool] = self._client.http.memory.setdefault("smooth", {})
        for (native, campaign), payload in zip(campaigns.items(), payloads, strict=True):
            one = simba.budget(payload, self.account, campaign)
            if one is not None:
                smooth[native] = simba.smooth(payload, self.account)
                found.append(one)
        return found

    async def _simba_performance(self, first: date, last: date, window: int) -> list[Observation]:
        days = [first + timedelta(days=k) for k in range((last - first).days + 1)]
        memory = self._client.http.memory
        if not memory.get("old_reports"):
            try:
                found = [await self._client.simba_report(day) for day in days]
            except ConnectorError as e:
                if not _is_not_offered(e):
                    raise
                memory["old_reports"] = True
            else:
                pairs = zip(days, found, strict=True)
                return [one for day, pages in pairs for one in simba.reports(pages, self.account, day, window)]
        rows: list[Observation] = []
        for native, campaign in simba.campaigns(await self._client.simba_campaigns(), self.account).items():
            base = await self._client.simba_old_report("base", native, first, last)
            effect = await self._client.simba_old_report("effect", native, first, last)
            rows += simba.old_reports(base, effect, self.account, native, str(campaign.get("title", "")), window)
        return [one for one in rows if first <= one.day.date <= last]


def believe(account: Account, client: Client) -> None:
    """The platform has one currency and one clock. Raises ConnectorError when the configuration says others."""
    told = check_identity(account, currency="CNY", timezone="Asia/Shanghai", now=client.http.timing.now())
    client.http.memory[TOLD] = told


async def scenes(client: Client, account: Account) -> tuple[str, ...]:
    """The scenes as written, else as the platform says, asked once. Raises ConnectorError."""
    if client.settings.scenes:
        return client.settings.scenes
    known: tuple[str, ...] | None = client.http.memory.get("scenes")
    if known is None:
        try:
            known = parse.scenes(await client.scenes(), account)
        except ConnectorError as e:
            if not _is_not_offered(e):
                raise
            reason = f"write scenes: [onebpSearch, …] under the account, the platform does not list them ({e.reason})"
            raise ConnectorError(account.id, "scenes", reason, error=e.error) from None
        client.http.memory["scenes"] = known
    return known


async def campaign_in_scenes(client: Client, account: Account, native: str) -> Budget | None:
    """One campaign as the platform has it now, looked for in the scene it was last in first. Raises ConnectorError."""
    scene_of: dict[str, str] = client.http.memory.setdefault("scene", {})
    known = scene_of.get(native)
    for scene in [*([known] if known else []), *(one for one in await scenes(client, account) if one != known)]:
        found = await _campaign(client, account, scene, native)
        if found is not None:
            scene_of[native] = scene
            return found
    return None


async def _campaign(client: Client, account: Account, scene: str, native: str) -> Budget | None:
    """One campaign of a scene; from the scene's list where it may not be asked for alone, or is not shown so."""
    if not client.http.memory.get("no_get"):
        try:
            found = parse.budget_of(await client.campaign(scene, native), account, scene, native)
        except ConnectorError as e:
            if not _is_not_offered(e):
                raise
            client.http.memory["no_get"] = True
        else:
            known: dict[str, str] = client.http.memory.get("scene", {})
            if found is not None or known.get(native, scene) != scene:
                return found
    listed = parse.budgets(await client.campaigns(scene), account, scene)
    return next((one for one in listed if one.id.native == native), None)


def _is_not_offered(e: ConnectorError) -> bool:
    """Whether the platform has no such method (any more), or not for this app."""
    return NO_PERMISSION in e.reason or e.reason.startswith(("22: ", "11: ", "12: "))
