"""Requests to TikTok's Marketing API: methods out, pages in; nothing understood but errors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from bidder.catalog import Account
from bidder.connectors.http import (
    Ask,
    Http,
    Manners,
    Meaning,
    Payload,
    RefreshToken,
    Reply,
    Sent,
    Timing,
    Token,
    TokenRecipe,
    Verdict,
    dig,
)
from bidder.connectors.tiktok.codes import Judge, code_of, words_of
from bidder.connectors.tiktok.settings import TikTokSettings
from bidder.connectors.tiktok.ways import Way
from bidder.errors import ConnectorError

__all__ = ["LONGEST_REPORT", "Client", "opened"]

LONGEST_REPORT = 30
"""Days that one report by day may hold."""

_MOST_PAGES = 10_000
_PAGE, _GMV_PAGE = 1000, 100


def opened(account: Account, settings: TikTokSettings, timing: Timing | None = None) -> Http:
    """The network of one advertiser. Opens nothing yet."""
    keys = settings.credentials
    fixed = "" if keys.access_token is None else keys.access_token.get_secret_value()
    secrets, tokens = [fixed], None
    if keys.refresh_token is not None:
        refresh = RefreshToken(keys.refresh_token.get_secret_value(), settings.token_file)
        tokens = _renewal(settings, refresh, fixed)
        secrets += [keys.refresh_token.get_secret_value(), refresh.value]
        secrets += [one.get_secret_value() for one in (keys.app_id, keys.app_secret) if one is not None]

    def prepare(ask: Ask, token: str) -> Ask:
        return replace(ask, headers={**ask.headers, "Access-Token": token or fixed})

    manners = Manners(
        settings.base_url, verdict=Judge(), prepare=prepare, tokens=tokens, rate=settings.pace, burst=5, concurrency=4
    )
    return Http(account.id, manners.as_set(settings), secrets=[one for one in secrets if one], timing=timing)


def _renewal(settings: TikTokSettings, refresh: RefreshToken, first: str) -> TokenRecipe:
    """How a token that lives a day is renewed; its errors come with HTTP 200 too."""
    keys = settings.credentials
    assert keys.app_id is not None
    assert keys.app_secret is not None
    sent = {"client_id": keys.app_id.get_secret_value(), "client_secret": keys.app_secret.get_secret_value()}

    def ask() -> Ask:
        path = settings.token_url or f"{settings.root}/tt_user/oauth2/refresh_token/"
        body = {**sent, "grant_type": "refresh_token", "refresh_token": refresh.value}
        return Ask("token", "POST", path, json=body, signed=False, limit=1 << 20)

    def token(reply: Reply) -> Token | None:
        value, seconds = dig(reply.data, "data", "access_token"), dig(reply.data, "data", "expires_in")
        try:
            lives = 3600.0 if seconds is None else float(seconds)
        except (TypeError, ValueError):
            return None
        if not isinstance(value, str) or not value or not 0 < lives < 1e10:
            return None
        return Token(value, lives, refresh.followed(reply, "data"))

    def fault(reply: Reply) -> Verdict | None:
        code = code_of(reply)
        if code in (None, 0):
            return None
        said = Judge()(reply)
        if said.meaning in (Meaning.THROTTLED, Meaning.PASSING):
            return said
        reason = f"{words_of(reply)}; check the credentials, or authorise the app again"
        return Verdict(Meaning.FAILED, reason, None, "auth")

    return TokenRecipe(ask, token, first=first, fault=fault)


class Client:
    """Speaks to one advertiser."""

    def __init__(self, http: Http, settings: TikTokSettings) -> None:
        self.http = http
        self.settings = settings
        self._closed = False

    async def account(self) -> Payload:
        """The advertiser. Raises ConnectorError."""
        query = {"advertiser_ids": _text([self.settings.advertiser_id])}
        return await self._get("account", "advertiser/info/", query)

    async def campaigns(self, natives: Sequence[str] = ()) -> list[Payload]:
        """All campaigns, deleted ones too, or those, page by page. Raises ConnectorError."""
        return await self._pages("budgets", "campaign/get/", {"filtering": _filter("campaign_ids", natives)})

    async def ad_groups(self, natives: Sequence[str] = ()) -> list[Payload]:
        """All ad groups, deleted ones too, or those, page by page. Raises ConnectorError."""
        return await self._pages("budgets", "adgroup/get/", {"filtering": _filter("adgroup_ids", natives)})

    async def gmv_campaigns(self, kind: str) -> list[Payload]:
        """GMV Max campaigns of a kind (PRODUCT or LIVE), page by page; without their budgets. Raises ConnectorError."""
        query = {"filtering": _text({"gmv_max_promotion_types": [f"{kind}_GMV_MAX"]})}
        return await self._pages("budgets", "gmv_max/campaign/get/", query, size=_GMV_PAGE)

    async def gmv_campaign(self, native: str) -> Payload:
        """One GMV Max campaign with its budget. Raises ConnectorError."""
        return await self._get("budgets", "campaign/gmv_max/info/", {"campaign_id": native})

    async def report(self, level: str, first: date, last: date) -> list[Payload]:
        """Figures a day of campaigns or ad groups (`level`: campaign, adgroup), deleted ones too. ConnectorError."""
        names = ["spend", "impressions", "clicks", *self.settings.purchase.metrics]
        if level == "adgroup":
            names.append("campaign_id")
        status = {"field_name": f"{level}_status", "filter_type": "IN", "filter_value": '["STATUS_ALL"]'}
        query = {
            "report_type": "BASIC",
            "data_level": f"AUCTION_{level.upper()}",
            "dimensions": _text([f"{level}_id", "stat_time_day"]),
            "metrics": _text(names),
            "filtering": _text([status]),
            **_between(first, last),
        }
        return await self._pages("performance", "report/integrated/get/", query)

    async def gmv_report(self, store: str, kind: str, first: date, last: date) -> list[Payload]:
        """Figures a day of the GMV Max campaigns of one shop, deleted ones too. Raises ConnectorError."""
        query = {
            "store_ids": _text([store]),
            "dimensions": _text(["campaign_id", "stat_time_day"]),
            "metrics": _text(["cost", "orders", "gross_revenue"]),
            "filtering": _text({"gmv_max_promotion_types": [kind], "campaign_statuses": ["STATUS_ALL"]}),
            **_between(first, last),
        }
        return await self._pages("performance", "gmv_max/report/get/", query)

    async def set_daily_budget(self, way: Way, native: str, amount: float) -> Sent:
        """Asks for a daily budget in the currency's own unit, and for nothing else."""
        if not amount > 0:
            raise ValueError(f"expected a budget above 0, was {amount}")
        body = way.body(self.settings.advertiser_id, native, amount)
        return await self.http.write(Ask("set", "POST", f"{self.settings.root}/{way}", json=body))

    async def close(self) -> None:
        """Gives the connection back; again is no error."""
        if not self._closed:
            self._closed = True
            await self.http.close()

    async def _get(self, operation: str, method: str, query: Mapping[str, str]) -> Payload:
        own = {} if "advertiser_ids" in query else {"advertiser_id": self.settings.advertiser_id}
        return await self.http.payload(Ask(operation, "GET", f"{self.settings.root}/{method}", query={**own, **query}))

    async def _pages(self, operation: str, method: str, query: Mapping[str, str], size: int = _PAGE) -> list[Payload]:
        """Every page, as many as the first says there are (and later ones, should there be more by then)."""
        pages: list[Payload] = []
        while len(pages) < _MOST_PAGES:
            place = {"page": str(len(pages) + 1), "page_size": str(size)}
            pages.append(await self._get(operation, method, {**query, **place}))
            total = dig(pages[-1].body, "data", "page_info", "total_page")
            if not isinstance(total, int) or len(pages) >= total:
                return pages
        raise ConnectorError(self.http.account, operation, f"more than {_MOST_PAGES} pages", error="schema")


def _filter(name: str, natives: Sequence[str]) -> str:
    return _text({"primary_status": "STATUS_ALL", **({name: list(natives)} if natives else {})})


def _between(first: date, last: date) -> dict[str, str]:
    return {"start_date": first.isoformat(), "end_date": last.isoformat()}


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
