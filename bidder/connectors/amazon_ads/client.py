"""Requests to the Amazon Ads API: Sponsored Products v3 and reporting v3; bodies in, nothing understood but errors."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from bidder.catalog import Account
from bidder.connectors.amazon_ads import parse
from bidder.connectors.amazon_ads.reporting import PRODUCTS, Reporting, ReportKind
from bidder.connectors.amazon_ads.settings import AmazonAdsSettings
from bidder.connectors.http import (
    Ask,
    Http,
    Manners,
    Meaning,
    Payload,
    Reply,
    Sent,
    Timing,
    Verdict,
    dig,
    oauth,
    plain_verdict,
    with_bearer,
)
from bidder.connectors.identity import TOLD
from bidder.errors import ConnectorError

__all__ = ["AD_GROUPS", "CAMPAIGNS", "KEYWORDS", "PRODUCT_ADS", "TARGETS", "Client", "Entity", "opened", "verdict"]

_MOST_PAGES = 10_000


class Entity(NamedTuple):
    """A kind of thing that Sponsored Products lists and changes: its path and list, its id's name, its media type."""

    path: str
    name: str
    id: str
    media: str

    @property
    def headers(self) -> dict[str, str]:
        """Of every request about it: both are asked for."""
        return {"Content-Type": self.media, "Accept": self.media}


CAMPAIGNS = Entity("/sp/campaigns", "campaigns", "campaignId", "application/vnd.spCampaign.v3+json")
AD_GROUPS = Entity("/sp/adGroups", "adGroups", "adGroupId", "application/vnd.spAdGroup.v3+json")
KEYWORDS = Entity("/sp/keywords", "keywords", "keywordId", "application/vnd.spKeyword.v3+json")
TARGETS = Entity("/sp/targets", "targetingClauses", "targetId", "application/vnd.spTargetingClause.v3+json")
PRODUCT_ADS = Entity("/sp/productAds", "productAds", "adId", "application/vnd.spProductAd.v3+json")


def opened(account: Account, settings: AmazonAdsSettings, timing: Timing | None = None) -> Http:
    """The network of one profile. Opens nothing yet."""
    keys = settings.credentials
    secrets = {
        "client_id": keys.client_id.get_secret_value(),
        "client_secret": keys.client_secret.get_secret_value(),
        "refresh_token": keys.refresh_token.get_secret_value(),
    }
    headers = {
        "Amazon-Advertising-API-ClientId": secrets["client_id"],
        "Amazon-Advertising-API-Scope": settings.profile_id,
    }

    def prepare(ask: Ask, token: str) -> Ask:
        return with_bearer(replace(ask, headers={**headers, **ask.headers}), token)

    manners = Manners(
        settings.api,
        verdict=verdict,
        prepare=prepare,
        tokens=oauth(settings.token_endpoint, {"grant_type": "refresh_token", **secrets}),
        rate=5.0,
    )
    manners = replace(manners.as_set(settings), base_url=settings.api)
    return Http(account.id, manners, secrets=secrets.values(), timing=timing)


def verdict(reply: Reply) -> Verdict:
    """What a reply means: HTTP's statuses, but a scope that is not ours is no expired token."""
    plain = plain_verdict(reply)
    if reply.status == 401 and b"scope" in reply.body.lower():
        return Verdict(Meaning.FAILED, f"{plain.reason}: check profile_id and the consent", None, "auth")
    if reply.status in (404, 410) and b"version" in reply.body.lower():
        reason = f"this version of the API has ended or is unknown ({plain.reason}): see api_version"
        return Verdict(Meaning.FAILED, reason, None, "http_4xx")
    return plain


class Client:
    """Speaks to one profile."""

    def __init__(self, http: Http, settings: AmazonAdsSettings) -> None:
        self.http = http
        self._settings = settings
        self._reports = Reporting(http, settings)
        self._closed = False

    async def believe(self, account: Account) -> str:
        """Compares currency and zone with the profile's, once; its country. Raises ConnectorError when they differ."""
        if "country" not in self.http.memory:
            payload = await self.http.payload(Ask("account", "GET", "/v2/profiles"))
            country, told = parse.check_profile(payload, account, self._settings.profile_id)
            self.http.memory |= {"country": country, TOLD: told}
        return str(self.http.memory["country"])

    async def campaigns(self, campaign: str | None = None) -> list[Payload]:
        """Campaigns with their budgets: those not archived, or one whatever it is. Raises ConnectorError."""
        return await self.listed(CAMPAIGNS, campaign)

    async def listed(self, entity: Entity, native: str | None = None) -> list[Payload]:
        """All of a kind, page by page: those not archived, or one whatever it is. Raises ConnectorError."""
        asked: dict[str, Any] = {"maxResults": 100}
        if native is None:
            asked["stateFilter"] = {"include": ["ENABLED", "PAUSED"]}
        else:
            asked[f"{entity.id}Filter"] = {"include": [native]}
        pages: list[Payload] = []
        while len(pages) < _MOST_PAGES:
            pages.append(
                await self.http.payload(
                    Ask(entity.name, "POST", f"{entity.path}/list", headers=entity.headers, json=asked)
                )
            )
            following = dig(pages[-1].body, "nextToken")
            if not following:
                return pages
            if following == asked.get("nextToken") or not isinstance(following, str):
                break
            asked = {**asked, "nextToken": following}
        raise ConnectorError(self.http.account, entity.name, "nextToken: pages without an end", error="schema")

    async def report(self, first: date, last: date, what: ReportKind = PRODUCTS) -> Payload:
        """Figures a day, at most LONGEST_REPORT days, as `Reporting.of` tells. Raises ConnectorError."""
        return await self._reports.of(what, first, last)

    async def set_budget(self, campaign: str, amount: float) -> Sent:
        """Asks for a daily budget in currency units. The whole budget object is sent: nothing means "no limit"."""
        return await self.change(CAMPAIGNS, campaign, {"budget": {"budget": amount, "budgetType": "DAILY"}})

    async def change(self, entity: Entity, native: str, fields: dict[str, Any]) -> Sent:
        """Asks for new values of one thing; what is not named stays as it is."""
        body = {entity.name: [{entity.id: native, **fields}]}
        return await self.http.write(Ask("set", "PUT", entity.path, headers=entity.headers, json=body))

    async def close(self) -> None:
        """Gives the connection back; again is no error."""
        if not self._closed:
            self._closed = True
            await self.http.close()
