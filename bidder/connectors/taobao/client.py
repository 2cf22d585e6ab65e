"""Requests to Taobao's open platform: methods and their business parameters out, unwrapped bodies in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from bidder.catalog import Account
from bidder.connectors.body import Node
from bidder.connectors.http import Ask, Http, Manners, Payload, Sent, Timing
from bidder.connectors.taobao.pages import bulk, taken
from bidder.connectors.taobao.settings import TaobaoSettings
from bidder.connectors.taobao.top import NO_PERMISSION, prepare, renewal, unwrapped, verdict
from bidder.errors import ConnectorError

__all__ = ["CAMPAIGNS_A_PAGE", "ROWS_A_PAGE", "Client", "opened"]

CAMPAIGNS_A_PAGE = 20
ROWS_A_PAGE = 100
"""The sizes that the documents show; larger ones are not documented."""

_MOST_PAGES = 5_000
_NEW = "taobao.universalbp.new."
_STATUSES = ("start", "pause", "wait", "pending", "wait_pay")
_FIGURES = ("adPv", "click", "charge", "alipayInshopAmt", "alipayInshopNum")


def opened(account: Account, settings: TaobaoSettings, timing: Timing | None = None) -> Http:
    """The network of one account. Opens nothing yet."""
    clock, keys = timing or Timing(), settings.credentials
    recipe = renewal(settings, clock.now)
    session = keys.session.get_secret_value()
    signed = prepare(settings, clock.now)
    polite = Manners(
        settings.router,
        verdict=verdict,
        prepare=lambda ask, token: signed(ask, token or session),
        tokens=recipe,
        rate=5.0,
        burst=5,
        concurrency=5,
    )
    secrets = [keys.app_key, keys.app_secret, keys.session, *([keys.refresh_token] if keys.refresh_token else [])]
    # what is set is base_url, which may lack the router's path
    manners = replace(polite.as_set(settings), base_url=settings.router)
    return Http(account.id, manners, secrets=[one.get_secret_value() for one in secrets], timing=clock)


class Client:
    """Speaks for one seller."""

    def __init__(self, http: Http, settings: TaobaoSettings) -> None:
        self.http = http
        self.settings = settings
        self._closed = False

    # ---- 万相台无界

    async def scenes(self) -> Payload:
        """The scenes that the account may use. Raises ConnectorError."""
        return await self.call("scenes", f"{_NEW}account.get.can.use.bizcode", {})

    async def campaigns(self, scene: str) -> list[Payload]:
        """A scene's campaigns, page by page. Raises ConnectorError."""
        asked = {"status_list": list(_STATUSES)}
        return await self._pages(
            "budgets", f"{_NEW}campaign.findpage", "campaign_query_v_o", asked, scene, CAMPAIGNS_A_PAGE
        )

    async def campaign(self, scene: str, native: str) -> Payload:
        """One campaign of a scene. Raises ConnectorError."""
        asked = _json({"campaign_id": int(native)})
        form = {"top_service_context": self._context(scene), "campaign_query_v_o": asked}
        return await self.call("budgets", f"{_NEW}campaign.get", form)

    async def report(self, scene: str, first: date, last: date) -> list[Payload]:
        """Figures a campaign and day, page by page. Raises ConnectorError."""
        special = bool(self.http.memory.get("special"))
        query = self._query(scene, first, last, ["date", "campaign"])
        method = f"{_NEW}report.query.campaign"
        try:
            return await self._report(
                f"{method}.special" if special else method, "top_campaign_report_query_v_o", query
            )
        except ConnectorError as e:
            if special or NO_PERMISSION not in e.reason:
                raise
        pages = await self._report(f"{method}.special", "top_campaign_report_query_v_o", query)
        self.http.memory["special"] = True
        return pages

    async def items_report(self, scene: str, first: date, last: date) -> list[Payload]:
        """Figures a campaign, item and day, page by page. Raises ConnectorError."""
        query = self._query(scene, first, last, ["date", "campaign", "promotion"])
        return await self._report(
            f"{_NEW}report.query.item.promotion", "top_item_promotion_report_query_v_o", query, "products"
        )

    async def set_budgets(self, scene: str, yuan: Mapping[str, int]) -> Sent:
        """Asks for daily budgets of a scene's campaigns, in whole yuan; kind and amount are always both sent."""
        budgets = [
            {"campaign_id": int(native), "dmc_type": "normal", "day_budget": amount} for native, amount in yuan.items()
        ]
        form = {
            "method": f"{_NEW}campaign.budget.batchupdate",
            "top_service_context": self._context(scene),
            "campaign_budget_list_v_o": _json({"budget_list": budgets}),
        }
        return await self.http.write(Ask("set", "POST", "", form=form))

    # ---- 直通车

    async def simba_campaigns(self) -> Payload:
        """All campaigns. Raises ConnectorError."""
        return await self.call("budgets", "taobao.simba.campaigns.get", {})

    async def simba_budget(self, native: str) -> Payload:
        """One campaign's budget. Raises ConnectorError."""
        return await self.call("budgets", "taobao.simba.campaign.budget.get", {"campaign_id": native})

    async def simba_report(self, day: date) -> list[Payload]:
        """Figures a campaign of one day, page by page. Raises ConnectorError."""
        pages: list[Payload] = []
        method, came = "taobao.subway.campaign.offline.find", 0
        while len(pages) < _MOST_PAGES:
            asked = {
                "start_time": day.isoformat(),
                "end_time": day.isoformat(),
                "offset": str(came),
                "page_size": str(ROWS_A_PAGE),
            }
            if self.settings.attribution_days != 15:
                asked["effect"] = str(self.settings.attribution_days)
            pages.append(await self.call("performance", method, asked))
            body = Node(self.http.account, "performance", pages[-1].body)
            count = body.whole("total_count", 0 if body.get("result") is None else None)
            came += taken(body, "result", count - came, ROWS_A_PAGE)
            if came >= count:
                return pages
        raise self._endless("performance")

    async def simba_token(self) -> str:
        """What the reports of old ask for beside the session; kept for this process. Raises ConnectorError."""
        known = self.http.memory.get("subway_token")
        if not isinstance(known, str):
            payload = await self.call("performance", "taobao.simba.login.authsign.get", {})
            known = Node(self.http.account, "performance", payload.body).text("subway_token")
            self.http.redact.add(known)
            self.http.memory["subway_token"] = known
        return known

    async def simba_old_report(self, part: str, native: str, first: date, last: date) -> Payload:
        """One campaign's figures a day by the reports of old: `base` (traffic) or `effect` (sales)."""
        asked = {
            "subway_token": await self.simba_token(),
            "campaign_id": native,
            "start_time": first.isoformat(),
            "end_time": last.isoformat(),
            "search_type": "SUMMARY",
            "source": "SUMMARY",
            "page_no": "1",
            "page_size": "500",
        }
        return await self.call("performance", f"taobao.simba.rpt.campaign{part}.get", asked)

    async def simba_adgroups(self, campaign: str) -> list[Payload]:
        """A campaign's units (推广单元), page by page. Raises ConnectorError."""
        pages: list[Payload] = []
        came = 0
        while len(pages) < _MOST_PAGES:
            asked = {"campaign_id": campaign, "page_size": "200", "page_no": str(len(pages) + 1)}
            pages.append(await self.call("keywords", "taobao.simba.adgroupsbycampaignid.get", asked))
            adgroups = Node(self.http.account, "keywords", pages[-1].body)["adgroups"]
            count = adgroups.whole("total_item")
            came += taken(adgroups, "adgroup_list", count - came, 200)
            if came >= count:
                return pages
        raise self._endless("keywords")

    async def simba_keywords(self, adgroup: str) -> Payload:
        """A unit's keywords. Raises ConnectorError."""
        return await self.call("keywords", "taobao.simba.keywordsbyadgroupid.get", {"adgroup_id": adgroup})

    async def set_simba_budget(self, native: str, yuan: int, *, smooth: bool) -> Sent:
        """Asks for a daily budget in whole yuan. A parameter left out or empty would lift the limit altogether."""
        if yuan <= 0:
            raise ValueError(f"expected a budget above 0, was {yuan}")
        form = {
            "method": "taobao.simba.campaign.budget.update",
            "campaign_id": native,
            "budget": str(yuan),
            "use_smooth": "true" if smooth else "false",
        }
        return await self.http.write(Ask("set", "POST", "", form=form))

    # ---- all methods

    async def call(self, operation: str, method: str, asked: Mapping[str, str]) -> Payload:
        """A read: the unwrapped body. Raises ConnectorError."""
        payload = await self.http.payload(Ask(operation, "POST", "", form={"method": method, **asked}))
        return Payload(payload.received_at, unwrapped(payload.body))

    async def close(self) -> None:
        """Gives the connection back; again is no error."""
        if not self._closed:
            self._closed = True
            await self.http.close()

    async def _report(
        self, method: str, parameter: str, query: Mapping[str, Any], operation: str = "performance"
    ) -> list[Payload]:
        scene = query["biz_code_in_list"][0]
        return await self._pages(operation, method, parameter, query, scene, ROWS_A_PAGE)

    async def _pages(
        self, operation: str, method: str, parameter: str, asked: Mapping[str, Any], scene: str, size: int
    ) -> list[Payload]:
        """Every page by offset. A page with fewer rows than it should have is an error: rows are missing."""
        pages: list[Payload] = []
        came = 0
        while len(pages) < _MOST_PAGES:
            form = {
                "top_service_context": self._context(scene),
                parameter: _json({**asked, "offset": came, "page_size": size}),
            }
            pages.append(await self.call(operation, method, form))
            data, name = bulk(Node(self.http.account, operation, pages[-1].body))
            count = data.whole("count")
            came += taken(data, name, count - came, size)
            if came >= count:
                return pages
        raise self._endless(operation)

    def _query(self, scene: str, first: date, last: date, domains: list[str]) -> dict[str, Any]:
        return {
            "by_page": True,
            "split_type": "day",
            "unify_type": self.settings.attribution,
            "effect_equal": self.settings.attribution_days,
            "start_time": first.isoformat(),
            "end_time": last.isoformat(),
            "query_domains": domains,
            "query_field_in_list": list(_FIGURES),
            "biz_code_in_list": [scene],
        }

    def _context(self, scene: str) -> str:
        more = {"login_type": self.settings.login_type, "member_id": self.settings.member_id}
        return _json({"biz_code": scene, **{name: value for name, value in more.items() if value}})

    def _endless(self, operation: str) -> ConnectorError:
        return ConnectorError(self.http.account, operation, f"more than {_MOST_PAGES} pages", error="schema")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
