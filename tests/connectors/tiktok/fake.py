"""TikTok's Marketing API as its documents describe it: 200 for errors, numbered pages, a call a kind of budget."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from bidder.catalog import Account, BudgetStatus
from bidder.connectors.tiktok import TikTokReader, TikTokSettings, TikTokWriter
from bidder.connectors.tiktok.client import Client, opened
from bidder.ids import AccountId, BudgetId
from bidder.money import MICROS, Currency
from bidder.testing import ReadFault, Row, WriteFault
from tests.connectors.http.fake import FakeHttp, State
from tests.connectors.http.server import Answer, Got, answer

__all__ = ["ADVERTISER", "KEYS", "RENEWABLE", "FakeTikTok", "FakeTikTokApp", "said"]

ADVERTISER = "7012345678901234567"
KEYS = {"access_token": "canary-token-41c7"}
RENEWABLE = {"app_id": "canary-app-41c7", "app_secret": "canary-secret-41c7", "refresh_token": "canary-refresh-41c7"}
RENEWED = "canary-renewed-41c7-"
_WHOLE = ("JPY", "KRW", "TWD", "IDR", "VND", "CLP", "HUF")
_RATIOS = {"JPY": 100, "USD": 1, "CNY": 10}
_STATES = {BudgetStatus.ACTIVE: "ENABLE", BudgetStatus.PAUSED: "DISABLE", BudgetStatus.REMOVED: "DELETE"}
_WRITES = {
    "campaign/update/": "campaign_id",
    "smart_plus/campaign/update/": "campaign_id",
    "campaign/spc/update/": "campaign_id",
    "campaign/gmv_max/update/": "campaign_id",
    "adgroup/budget/update/": "adgroup_id",
    "smart_plus/adgroup/budget/update/": "adgroup_id",
}


def said(code: int, message: str = "OK", data: Any = None, status: int = 200) -> Answer:
    """The envelope of every answer."""
    return answer({"code": code, "message": message, "request_id": "20261015", "data": data or {}}, status)


class FakeTikTok(FakeHttp):
    """Campaigns 1801… hold their budgets, the ad groups of 1802… have their own, 1803… is over a lifetime."""

    faults = frozenset({ReadFault.EXPIRED, WriteFault.EXPIRED, ReadFault.NOT_READY})
    secrets: tuple[str, ...] = tuple(KEYS.values())
    rows_a_page = 150
    more: Mapping[str, Any] = MappingProxyType({"credentials": KEYS})

    def __init__(self, zone: str = "America/New_York", currency: str = "USD", first: str = "1801001") -> None:
        account = Account(AccountId("tiktok"), "tiktok", Currency(currency), zone)
        self.unit = MICROS if currency in _WHOLE else 10_000
        self.ratio = _RATIOS.get(currency, 1)
        amounts = {"1801001": 80, "1802011": 45.5, "1802012": 120, "1801002": 60, "1804011": 30, "1801003": 70}
        ordered = [first, *(one for one in amounts if one != first)]
        states = {native: State(int(amounts[native] * self.ratio) * MICROS) for native in ordered}
        super().__init__(account, states, datetime(2026, 10, 15, 20, 0, tzinfo=UTC))
        self.campaigns: dict[str, dict[str, Any]] = {
            "1801001": {"budget_optimize_on": True, "budget_mode": "BUDGET_MODE_DYNAMIC_DAILY_BUDGET"},
            "1801002": {"budget_optimize_on": True, "campaign_automation_type": "UPGRADED_SMART_PLUS"},
            "1801003": {"is_smart_performance_campaign": True, "campaign_automation_type": "SMART_PLUS"},
            "1802000": {"budget_mode": "BUDGET_MODE_DAY", "budget": 5000 * self.ratio},
            "1803000": {"budget_optimize_on": True, "budget_mode": "BUDGET_MODE_TOTAL", "budget": 900 * self.ratio},
            "1804000": {"campaign_automation_type": "UPGRADED_SMART_PLUS", "budget_mode": "BUDGET_MODE_INFINITE"},
        }
        self.ad_groups = {
            "1801011": "1801001",
            "1801012": "1801001",
            "1802011": "1802000",
            "1802012": "1802000",
            "1802013": "1802000",
            "1803011": "1803000",
            "1804011": "1804000",
        }
        self.gmv: dict[str, dict[str, Any]] = {}
        self.gmv_rows: list[dict[str, Any]] = []
        self.spent_today: dict[str, float] = {}
        self.lowers_tomorrow = False
        self.tells_campaign = True
        """Whether figures of ad groups name the campaign."""
        self.lost_groups: set[str] = set()
        """Ad groups whose figures the report leaves out."""
        self.posted: list[tuple[str, Any]] = []
        self.renewals = 0

    def settings(self, **more: Any) -> TikTokSettings:
        keys: dict[str, Any] = {"advertiser_id": ADVERTISER, "base_url": self.server.url, "attempts": 1}
        keys["requests_per_second"] = 1000
        return TikTokSettings.model_validate({**keys, **self.more, **more})

    def client(self, **more: Any) -> Client:
        settings = self.settings(**more)
        http = opened(self.account, settings, self.timing)
        self.closing.append(http.close)
        return Client(http, settings)

    def reader(self, **more: Any) -> TikTokReader:
        return TikTokReader(self.client(**more), self.account)

    def writer(self, **more: Any) -> TikTokWriter:
        return TikTokWriter(self.client(**more), self.account)

    # ---- what the platform answers

    def is_write(self, got: Got) -> bool:
        return got.method != "GET" and not got.path.endswith("oauth2/refresh_token/")

    def is_report(self, got: Got) -> bool:
        return got.path.endswith("report/get/") or got.path.endswith("report/integrated/get/")

    def error(self, got: Got) -> Answer:
        return said(50000, "System error, please try again later.")

    def ended(self, got: Got) -> Answer:
        return Answer(404, b"404 page not found")

    def throttled(self, got: Got, *, long: bool) -> Answer:
        words = "Too many requests: QPM limit reached." if long else "Too many requests. Please retry in some time."
        return said(40100, words)

    def reshaped(self, text: str) -> str:
        return text.replace('"spend"', '"cost"')

    def unauthorized(self, got: Got) -> Answer:
        return said(40105, "Access token is incorrect or has been revoked.")

    def _before(self, got: Got, write: bool) -> Answer | None:
        token = got.headers.get("Access-Token", "")
        if write and self.writing[:1] == [WriteFault.EXPIRED]:
            self.writing.pop(0)
            self.expired.add(token)
        if not write and self.reading[:1] and self.reading[0] in (ReadFault.EXPIRED, ReadFault.REFUSED):
            self.refused = self.refused or self.reading[0] is ReadFault.REFUSED
            self.reading.pop(0)
            self.expired.add(token)
        return self.unauthorized(got) if not token or token in self.expired else None

    def _handled(self, got: Got) -> Answer:
        assert "Authorization" not in got.headers
        if got.path.endswith("/tt_user/oauth2/refresh_token/"):
            return self._renewed(got)
        return super()._handled(got)

    def _renewed(self, got: Got) -> Answer:
        body = got.json
        known = RENEWABLE["refresh_token"] if not self.renewals else f"{RENEWED}refresh-{self.renewals}"
        if self.refused or body["refresh_token"] not in (known, RENEWABLE["refresh_token"]):
            return said(40103, f"Refresh token {body['refresh_token']} is invalid.")
        self.renewals += 1
        data = {"access_token": f"{RENEWED}{self.renewals}", "expires_in": 86400}
        return said(0, data={**data, "refresh_token": f"{RENEWED}refresh-{self.renewals}"})

    def asked(self, got: Got, fault: ReadFault | None) -> Answer:
        path = got.path.removeprefix("/open_api/v1.3/")
        if path == "advertiser/info/":
            assert got.query["advertiser_ids"] == f'["{ADVERTISER}"]'
            about = {"advertiser_id": ADVERTISER, "currency": self.currency, "timezone": "Etc/GMT"}
            return said(0, data={"list": [{**about, "display_timezone": self.zone, "status": "STATUS_ENABLE"}]})
        if got.query.get("advertiser_id") != ADVERTISER:
            return said(40001, "No permission to operate advertiser.")
        asked = json.loads(got.query.get("filtering", "{}"))
        match path:
            case "campaign/get/":
                wanted = asked.get("campaign_ids", self.campaigns)
                listed = [one for one in self.campaigns if one in wanted and self._listed(one, asked)]
                return self._page(got, [self._campaign(one) for one in listed], fault)
            case "adgroup/get/":
                wanted = asked.get("adgroup_ids", self.ad_groups)
                listed = [one for one in self.ad_groups if one in wanted and self._listed(one, asked)]
                return self._page(got, [self._ad_group(one) for one in listed], fault)
            case "gmv_max/campaign/get/":
                kinds = [one.removesuffix("_GMV_MAX") for one in asked["gmv_max_promotion_types"]]
                rows = [{"campaign_id": one} for one in self.gmv if self.gmv[one]["shopping_ads_type"] in kinds]
                return self._page(got, rows, fault)
            case "campaign/gmv_max/info/" if got.query["campaign_id"] in self.gmv:
                native = got.query["campaign_id"]
                own = {"campaign_id": native, "budget": self._amount(native), "operation_status": "ENABLE"}
                return said(0, data={**own, **self.gmv[native]})
            case "gmv_max/report/get/":
                kinds = asked["gmv_max_promotion_types"]
                rows = [
                    one
                    for one in self.gmv_rows
                    if self.gmv[one["dimensions"]["campaign_id"]]["shopping_ads_type"] in kinds
                ]
                return self._page(got, rows, fault)
            case "report/integrated/get/":
                return self._report(got, fault)
        return said(40002, f"{path}: no such entity")

    def _page(self, got: Got, rows: list[dict[str, Any]], fault: ReadFault | None) -> Answer:
        size, number = min(int(got.query["page_size"]), self.rows_a_page), int(got.query["page"])
        chosen = rows[(number - 1) * size : number * size]
        if fault is ReadFault.MISSING_ROWS:
            chosen = chosen[:-1]
        info = {"page": number, "page_size": size, "total_number": len(rows), "total_page": -(-len(rows) // size)}
        return said(0, data={"list": chosen, "page_info": info})

    def _listed(self, native: str, asked: Mapping[str, Any]) -> bool:
        gone = native in self.states and self.states[native].status is BudgetStatus.REMOVED
        return not gone or asked.get("primary_status") == "STATUS_ALL"

    def _amount(self, native: str) -> float:
        micros = self.states[native].micros
        return 0.0 if micros is None else micros / MICROS

    def _state(self, native: str, level: str) -> dict[str, str]:
        word = _STATES[self.states[native].status] if native in self.states else "ENABLE"
        second = f"{level}_STATUS_{'DELIVERY_OK' if word == 'ENABLE' and level == 'ADGROUP' else word}"
        return {"operation_status": word if word != "DELETE" else "DISABLE", "secondary_status": second}

    def _campaign(self, native: str) -> dict[str, Any]:
        own = (
            {"budget": self._amount(native), "budget_mode": "BUDGET_MODE_DAY"}
            if native in self.states
            else {"budget": 0}
        )
        about = {"campaign_id": native, "campaign_name": f"campaign {native}", "objective_type": "WEB_CONVERSIONS"}
        auto = {"campaign_automation_type": "MANUAL", "is_smart_performance_campaign": False, "deep_bid_type": None}
        return {**about, **auto, **self._state(native, "CAMPAIGN"), **own, **self.campaigns[native]}

    def _ad_group(self, native: str) -> dict[str, Any]:
        about = {"adgroup_id": native, "adgroup_name": f"group {native}", "campaign_id": self.ad_groups[native]}
        own = {"budget": self._amount(native), "budget_mode": "BUDGET_MODE_DAY"} if native in self.states else {}
        none = {"budget": 0, "budget_mode": "BUDGET_MODE_TOTAL", "scheduled_budget": 0}
        return {**about, **self._state(native, "ADGROUP"), **none, **own}

    # ---- figures

    def _report(self, got: Got, fault: ReadFault | None) -> Answer:
        level = got.query["data_level"].removeprefix("AUCTION_").lower()
        assert json.loads(got.query["dimensions"]) == [f"{level}_id", "stat_time_day"]
        asked = json.loads(got.query["filtering"])
        assert asked == [{"field_name": f"{level}_status", "filter_type": "IN", "filter_value": '["STATUS_ALL"]'}]
        first, last = got.query["start_date"], got.query["end_date"]
        if (datetime.fromisoformat(last) - datetime.fromisoformat(first)).days > 29:
            return said(40002, "The time span cannot exceed 30 days when stat_time_day is a dimension.")
        names = json.loads(got.query["metrics"])
        sums: dict[tuple[str, str], list[Row]] = {}
        for row in self.planted:
            number = self._number(row.budget.native, level)
            if first <= row.day.isoformat() <= last and number not in self.lost_groups:
                sums.setdefault((number, row.day.isoformat()), []).append(row)
        return self._page(got, [self._figures(*key, level, rows, names) for key, rows in sums.items()], fault)

    def _number(self, native: str, level: str) -> str:
        """The campaign or the ad group that a planted row is of; a campaign's figures are its first ad group's."""
        if level == "campaign":
            return self.ad_groups.get(native, native)
        return next((one for one, over in self.ad_groups.items() if over == native), native)

    def _figures(self, number: str, day: str, level: str, rows: list[Row], names: list[str]) -> dict[str, Any]:
        figures = [row.performance for row in rows]
        orders = str(int(sum(one.orders or 0 for one in figures)))
        value = f"{sum(one.revenue.micros for one in figures if one.revenue) / MICROS:.2f}"
        known = {
            "spend": f"{sum(one.spend.micros for one in figures if one.spend) / MICROS:.2f}",
            "impressions": str(sum(one.impressions or 0 for one in figures)),
            "clicks": str(sum(one.clicks or 0 for one in figures)),
            **dict.fromkeys(("complete_payment", "total_purchase", "onsite_shopping"), orders),
            **dict.fromkeys(
                ("total_complete_payment_rate", "total_purchase_value", "total_onsite_shopping_value"), value
            ),
        }
        if self.tells_campaign:
            known["campaign_id"] = self.ad_groups.get(number, number)
        metrics = {name: known[name] for name in names if name in known}
        return {"dimensions": {f"{level}_id": number, "stat_time_day": f"{day} 00:00:00"}, "metrics": metrics}

    # ---- writes

    def written(self, got: Got, fault: WriteFault | None) -> Answer:
        path = got.path.removeprefix("/open_api/v1.3/")
        assert path in _WRITES, f"{path} is no call that sets a budget and nothing else"
        body, name = got.json, _WRITES[path]
        self.posted.append((path, body))
        assert body["advertiser_id"] == ADVERTISER
        if name == "adgroup_id":
            assert set(body) == {"advertiser_id", "budget"}, "nothing else in the body"
            (entry,) = body["budget"]
            assert set(entry) == {"adgroup_id", "budget"}
        else:
            assert set(body) == {"advertiser_id", "campaign_id", "budget"}, "nothing else in the body"
            entry = body
        native, amount = str(entry[name]), entry["budget"]
        if fault is WriteFault.PARTIAL:
            failed = [{"adgroup_id" if name == "adgroup_id" else "campaign_id": native, "error_message": "No."}]
            return said(0, data={"failed_list": failed})
        refusal = self._refusal(path, native, amount)
        if refusal:
            return said(40002, refusal)
        if self.lowers_tomorrow and amount * MICROS < (self.states[native].micros or 0):
            return said(0)
        self.apply(native, round(amount * MICROS), fault)
        if name == "adgroup_id":
            return said(0)
        told = amount if fault in (WriteFault.SILENT_NOOP, WriteFault.RAISED) else self._amount(native)
        return said(0, data={"campaign_id": native, "budget": told, "budget_mode": "BUDGET_MODE_DAY"})

    def _refusal(self, path: str, native: str, amount: float) -> str:
        state = self.states.get(native)
        if state is None or state.status is BudgetStatus.REMOVED:
            return "The entity does not exist or has been deleted."
        if path != self.way(native):
            return f"{native} is not set by {path}"
        if amount < self.spent_today.get(native, 0) * 1.05:
            return "Budget must be at least 105% of the current spend."
        least = (10 if native in self.gmv else 20 if native in self.ad_groups else 50) * self.ratio
        return "Budget is too low." if amount < least else ""

    def way(self, native: str) -> str:
        """The call that sets this budget."""
        campaign = self.ad_groups.get(native, native)
        if native in self.gmv:
            return "campaign/gmv_max/update/"
        automation = self.campaigns[campaign].get("campaign_automation_type", "MANUAL")
        if native in self.ad_groups:
            return f"{'smart_plus/' if automation == 'UPGRADED_SMART_PLUS' else ''}adgroup/budget/update/"
        ways = {"SMART_PLUS": "campaign/spc/update/", "UPGRADED_SMART_PLUS": "smart_plus/campaign/update/"}
        return ways.get(automation, "campaign/update/")

    def apply(self, native: str, micros: int | None, fault: WriteFault | None) -> None:
        """Amounts are of the platform's own step there, also where more is set than was asked."""
        super().apply(native, micros, fault)
        stored = self.states[native].micros
        self.states[native].micros = None if stored is None else stored // self.unit * self.unit

    def with_gmv_max(self, native: str = "1805001", kind: str = "PRODUCT", **more: Any) -> BudgetId:
        """Adds a GMV Max campaign."""
        self.states[native] = State(200 * self.ratio * MICROS)
        own = {"campaign_name": f"gmv {native}", "store_id": "7490000000000000001", "deep_bid_type": "VO_MIN_ROAS"}
        self.gmv[native] = {**own, "shopping_ads_type": kind, "roas_bid": 4.5, **more}
        return BudgetId(self.account.id, native)


class FakeTikTokApp(FakeTikTok):
    """The token lives a day and is renewed by an app."""

    faults = frozenset({ReadFault.NOT_READY})
    secrets = (*KEYS.values(), *RENEWABLE.values(), RENEWED)
    more: Mapping[str, Any] = MappingProxyType({"credentials": {**KEYS, **RENEWABLE}})
