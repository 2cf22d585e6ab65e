"""Reads keyword prices of 直通车 with their figures, and the targets of campaigns of 万相台无界."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bidder.bidding import Lever, LeverReport
from bidder.catalog import Account
from bidder.connectors.http import Payload
from bidder.connectors.taobao import levers, simba
from bidder.connectors.taobao.client import Client
from bidder.ids import ProductId

__all__ = ["WORDS", "keywords_by_id", "read_levers", "read_reports", "read_targets"]

WORDS = "words"
"""Under this name the account's memory keeps each keyword as it was last read."""


async def read_levers(client: Client, account: Account) -> Sequence[Lever]:
    """Every keyword of 直通车 with its price, unit by unit. Raises ConnectorError."""
    online = levers.online_campaigns(simba.campaigns(await client.simba_campaigns(), account))
    found: list[Lever] = []
    for campaign, on in online.items():
        for adgroup in simba.adgroups(await client.simba_adgroups(campaign), account):
            product = ProductId(adgroup.id("num_iid")) if adgroup.get("num_iid") is not None else None
            payload = await client.simba_keywords(adgroup.id("adgroup_id"))
            words = levers.words(payload, account)
            client.http.memory.setdefault(WORDS, {}).update({one.id: one for one in words})
            found += [levers.lever_of(one, account, payload, on, product) for one in words]
    return found


async def read_reports(client: Client, account: Account, first: date, last: date) -> Sequence[LeverReport]:
    """A row a keyword and day, from the reports of each unit. Raises ConnectorError."""
    found: list[LeverReport] = []
    for campaign in simba.campaigns(await client.simba_campaigns(), account):
        for adgroup in simba.adgroups(await client.simba_adgroups(campaign), account):
            unit = adgroup.id("adgroup_id")
            base = await _report(client, "base", campaign, unit, first, last)
            effect = await _report(client, "effect", campaign, unit, first, last)
            found += levers.reports(base, effect, account)
    return [one for one in found if first <= one.day <= last]


async def read_targets(client: Client, account: Account, scenes: Sequence[str]) -> Sequence[Lever]:
    """The targets of campaigns that steer themselves, scene by scene. Raises ConnectorError."""
    found: list[Lever] = []
    for scene in scenes:
        found += levers.targets(await client.campaigns(scene), account)
    return found


async def keywords_by_id(client: Client, account: Account, native: str) -> tuple[Payload, list[levers.Word]]:
    """One keyword as the platform has it now. Raises ConnectorError."""
    payload = await client.call("bids", "taobao.simba.keywordsbykeywordids.get", {"keyword_ids": native})
    words = levers.words(payload, account)
    client.http.memory.setdefault(WORDS, {}).update({one.id: one for one in words})
    return payload, words


async def _report(client: Client, part: str, campaign: str, adgroup: str, first: date, last: date) -> Payload:
    asked = {
        "subway_token": await client.simba_token(),
        "campaign_id": campaign,
        "adgroup_id": adgroup,
        "start_time": first.isoformat(),
        "end_time": last.isoformat(),
        "search_type": "SEARCH",
        "source": "SUMMARY",
        "page_no": "1",
        "page_size": "5000",
    }
    return await client.call("bids", f"taobao.simba.rpt.adgroupkeyword{part}.get", asked)
