"""Taobao's open platform as its documents describe it: one signed form, errors with 200, lists wrapped in objects."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl

from bidder.catalog import Account, BudgetStatus
from bidder.connectors.taobao import TaobaoReader, TaobaoSettings, TaobaoShop, TaobaoWriter
from bidder.connectors.taobao.client import Client, opened
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import Currency
from bidder.testing import ReadFault, Row, WriteFault
from tests.connectors.http.fake import FakeHttp, State
from tests.connectors.http.server import Answer, Got, answer

__all__ = ["KEYS", "NEW", "FakeSimba", "FakeTaobao", "error", "form_of"]

KEYS = {
    "app_key": "canary-key-77a0",
    "app_secret": "canary-secret-77a0",
    "session": "canary-session-77a0",
    "refresh_token": "canary-refresh-77a0",
}
NEW = "canary-renewed-77a0-"
BEIJING = timezone(timedelta(hours=8))
REPORTED = {
    "adPv": "ad_pv",
    "click": "click",
    "charge": "charge",
    "alipayInshopAmt": "alipay_inshop_amt",
    "alipayInshopNum": "alipay_inshop_num",
}
_STATES = {BudgetStatus.ACTIVE: "start", BudgetStatus.PAUSED: "pause", BudgetStatus.REMOVED: "terminate"}


def form_of(got: Got) -> dict[str, str]:
    return dict(parse_qsl(got.body.decode(), keep_blank_values=True))


def error(code: int, sub_code: str = "", sub_msg: str = "", msg: str = "Error") -> Answer:
    """The envelope of an error: with HTTP 200."""
    said: dict[str, Any] = {"code": code, "msg": msg, "request_id": "16nm"}
    if sub_code:
        said |= {"sub_code": sub_code, "sub_msg": sub_msg}
    return answer({"error_response": said})


def signature(form: Mapping[str, str]) -> str:
    """As the documents say, for each of the three methods."""
    text = "".join(k + v for k, v in sorted(form.items()) if k != "sign")
    secret = KEYS["app_secret"]
    if form["sign_method"] == "md5":
        return hashlib.md5(f"{secret}{text}{secret}".encode()).hexdigest().upper()
    chosen = {"hmac": "md5", "hmac-sha256": "sha256"}[form["sign_method"]]
    return hmac.new(secret.encode(), text.encode(), chosen).hexdigest().upper()


class FakeTaobao(FakeHttp):
    """万相台无界. Campaigns 501 and 503 are 关键词推广, 502 is 人群推广, 509 has no limit, 508 one in total."""

    faults = frozenset({ReadFault.NOT_READY, ReadFault.ENDED})
    secrets = (*KEYS.values(), NEW)
    api = "universalbp"
    wrapped = True
    """Whether lists come inside an object (without simplify) or plain."""
    rooted = True
    """Whether there is a root key."""

    def __init__(self) -> None:
        account = Account(AccountId("wxt"), "taobao", Currency("CNY"), "Asia/Shanghai")
        states = {"50100001": State(100_000_000), "50200002": State(80_000_000), "50300003": State(300_000_000)}
        super().__init__(account, states, datetime(2026, 10, 15, 6, 0, tzinfo=UTC))
        self.scenes = {"50100001": "onebpSearch", "50200002": "onebpDisplay", "50300003": "onebpSearch"}
        self.kinds = {"50900009": "unlimit", "50800008": "total"}
        self.scenes |= dict.fromkeys(self.kinds, "onebpSearch")
        self.items: dict[str, dict[str, int]] = {}
        """Shares (in percent) of the planted rows of a campaign, by item."""
        self.refusing: dict[str, Answer] = {}
        """Methods that are answered with an error."""
        self.forms: list[dict[str, str]] = []
        self.skew = timedelta()
        self.ban = 4
        """Seconds of a short throttle."""

    def settings(self, **more: Any) -> TaobaoSettings:
        keys: dict[str, Any] = {
            "api": self.api,
            "credentials": KEYS,
            "base_url": self.server.url,
            "attempts": 1,
            "requests_per_second": 1000,
        }
        return TaobaoSettings.model_validate({**keys, **more})

    def client(self, **more: Any) -> Client:
        settings = self.settings(**more)
        http = opened(self.account, settings, self.timing)
        self.closing.append(http.close)
        return Client(http, settings)

    def reader(self, **more: Any) -> TaobaoReader:
        return TaobaoReader(self.client(**more), self.account)

    def writer(self, **more: Any) -> TaobaoWriter:
        return TaobaoWriter(self.client(**more), self.account)

    def behind(self, **more: Any) -> TaobaoShop:
        return TaobaoShop(self.client(**more), self.account)

    def product(self, budget: BudgetId) -> ProductId | None:
        return ProductId(f"7{budget.native}")

    def becomes(self, currency: Currency) -> None:
        """The configuration is the one that may be wrong: the platform has one currency."""
        self.account = Account(self.account.id, "taobao", currency, self.account.timezone)

    # ---- what the platform answers

    def is_write(self, got: Got) -> bool:
        return form_of(got)["method"].endswith((".batchupdate", ".update"))

    def is_report(self, got: Got) -> bool:
        form = form_of(got)
        return ".report.query.campaign" in form["method"] and "onebpSearch" in form["top_service_context"]

    def _before(self, got: Got, write: bool) -> Answer | None:
        form = form_of(got)
        self.forms.append(form)
        if got.path != "/router/rest" or got.method != "POST" or got.query:
            return Answer(404, b"<html>not found</html>")
        if form["sign"] != signature(form) or form["app_key"] != KEYS["app_key"]:
            return error(25, "", "", "Invalid signature")
        at = datetime.strptime(form["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
        if abs(at - self._now + self.skew) > timedelta(minutes=10):
            return error(31, "isv.invalid-timestamp", "非法的时间戳参数", "Invalid timestamp")
        if form["method"] == "taobao.top.auth.token.refresh":
            return self._renewed(form)
        session = form.get("session", "")
        if write and self.writing[:1] == [WriteFault.EXPIRED]:
            self.writing.pop(0)
            self.expired.add(session)
        if not write and self.reading[:1] and self.reading[0] in (ReadFault.EXPIRED, ReadFault.REFUSED):
            self.refused = self.refused or self.reading[0] is ReadFault.REFUSED
            self.reading.pop(0)
            self.expired.add(session)
        if session in self.expired or not session.startswith((KEYS["session"], NEW)):
            return error(27, "session-expired", "sessionkey is expired", "Invalid session")
        return self.refusing.get(form["method"])

    def _renewed(self, form: Mapping[str, str]) -> Answer:
        if self.refused or not form["refresh_token"].startswith(KEYS["refresh_token"]):
            return error(15, "isv.refresh-token-invalid", "refresh token 已失效", "Remote service error")
        self.tokens += 1
        inner = {
            "access_token": f"{NEW}{self.tokens}",
            "expires_in": 86_400,
            "refresh_token": f"{KEYS['refresh_token']}-{self.tokens}",
        }
        return answer({"top_auth_token_refresh_response": {"token_result": json.dumps(inner), "request_id": "q1"}})

    def error(self, got: Got) -> Answer:
        return error(15, "isp.remote-service-timeout", "调用服务超时", "Remote service error")

    def throttled(self, got: Got, *, long: bool) -> Answer:
        if long:
            return error(
                7,
                "accesscontrol.limited-by-app-access-count",
                f"This ban will last for {self.ban} more seconds",
                "App Call Limited",
            )
        sub = f"This ban will last for {self.ban} more seconds"
        return error(7, "accesscontrol.limited-by-api-access-count", sub, "App Call Limited")

    def reshaped(self, text: str) -> str:
        return text.replace('"charge"', '"cost"')

    def asked(self, got: Got, fault: ReadFault | None) -> Answer:
        form = form_of(got)
        method = form["method"].removeprefix("taobao.universalbp.new.")
        if method == "account.get.can.use.bizcode":
            codes = [{"biz_code": one, "biz_name": one} for one in sorted(set(self.scenes.values()))]
            return self.said(form, {"biz_code_list": self.list_of("biz_code_v_o", codes)})
        scene = json.loads(form["top_service_context"])["biz_code"]
        if method == "campaign.findpage":
            return self.said(form, self._found(json.loads(form["campaign_query_v_o"]), scene, fault))
        if method == "campaign.get":
            native = str(json.loads(form["campaign_query_v_o"])["campaign_id"])
            known = self.scenes.get(native) == scene
            return self.said(form, {"campaign_v_o": self._campaign(native)} if known else {})
        if method in ("report.query.campaign", "report.query.campaign.special"):
            query = json.loads(form["top_campaign_report_query_v_o"])
            return self.said(form, self._report(query, scene, fault, by_item=False))
        if method == "report.query.item.promotion":
            query = json.loads(form["top_item_promotion_report_query_v_o"])
            return self.said(form, self._report(query, scene, fault, by_item=True))
        return error(22, "", "", "Invalid Method")

    def said(self, form: Mapping[str, str], result: dict[str, Any], *, ok: bool = True) -> Answer:
        info = {"ok": ok, "message": "", "error_code": ""}
        inner = {"request_id": "q2", "top_result": {"info": info, **result}}
        root = form["method"].removeprefix("taobao.").replace(".", "_") + "_response"
        return answer({root: inner} if self.rooted else inner)

    def list_of(self, name: str, rows: list[Any]) -> Any:
        return ({name: rows} if rows else {}) if self.wrapped else rows

    def _found(self, query: Mapping[str, Any], scene: str, fault: ReadFault | None) -> dict[str, Any]:
        allowed = set(query["status_list"])
        natives = [one for one in sorted(self.scenes) if self.scenes[one] == scene]
        rows = [row for row in map(self._campaign, natives) if row["display_status"] in allowed]
        return self._bulk("campaign_v_o", rows, query, fault)

    def _bulk(self, name: str, rows: list[Any], query: Mapping[str, Any], fault: ReadFault | None) -> dict[str, Any]:
        assert query["page_size"] <= (20 if name == "campaign_v_o" else 100)
        chosen = rows[query["offset"] : query["offset"] + query["page_size"]]
        if fault is ReadFault.MISSING_ROWS:
            chosen = chosen[:-1]
        return {f"{name}_top_bulk_data": {"count": len(rows), f"{name}_list": self.list_of(name, chosen)}}

    def _campaign(self, native: str) -> dict[str, Any]:
        state = self.states.get(native, State(None))
        kind = self.kinds.get(native, "normal")
        row: dict[str, Any] = {
            "campaign_id": int(native),
            "campaign_name": f"计划{native[:3]}",
            "display_status": _STATES[state.status],
            "online_status": 1,
            "biz_code": self.scenes[native],
            "dmc_type": kind,
            "smooth_option": "smooth",
            "promotion_type": "item",
            "bid_type": "roi_control" if native == "50200002" else "custom_bid",
        }
        if kind == "normal":
            assert state.micros is not None
            row["day_budget"] = f"{state.micros / 1e6:g}"
        return row

    def _report(
        self, query: Mapping[str, Any], scene: str, fault: ReadFault | None, *, by_item: bool
    ) -> dict[str, Any]:
        assert query["by_page"] is True
        assert query["split_type"] == "day"
        assert query["biz_code_in_list"] == [scene]
        assert ("promotion" in query["query_domains"]) is by_item
        planted = [
            row
            for row in self.planted
            if self.scenes[row.budget.native] == scene
            and query["start_time"] <= row.day.isoformat() <= query["end_time"]
        ]
        fields = [REPORTED[one] for one in query["query_field_in_list"]]
        return self._bulk(
            "top_report_v_o", [one for row in planted for one in self._rows(row, fields, by_item)], query, fault
        )

    def _rows(self, row: Row, fields: list[str], by_item: bool) -> list[dict[str, Any]]:
        p, product = row.performance, self.product(row.budget)
        assert p.spend is not None
        assert p.revenue is not None
        assert p.impressions is not None
        assert p.clicks is not None
        assert p.orders is not None
        shares = self.items.get(row.budget.native, {str(product): 100}) if by_item else {"": 100}
        found = []
        for item, share in shares.items():
            figures = {
                "ad_pv": str(p.impressions * share // 100),
                "click": str(p.clicks * share // 100),
                "charge": f"{p.spend.micros * share // 100 / 1e6:.2f}",
                "alipay_inshop_amt": f"{p.revenue.micros * share // 100 / 1e6:.2f}",
                "alipay_inshop_num": str(int(p.orders) * share // 100),
            }
            about = {
                "thedate": row.day.isoformat(),
                "campaign_id": row.budget.native,
                **({"item_id": item} if item else {}),
            }
            found.append({**about, **{name: figures[name] for name in fields}})
        return found

    def written(self, got: Got, fault: WriteFault | None) -> Answer:
        form = form_of(got)
        assert form["method"] == "taobao.universalbp.new.campaign.budget.batchupdate"
        scene = json.loads(form["top_service_context"])["biz_code"]
        details = []
        for one in json.loads(form["campaign_budget_list_v_o"])["budget_list"]:
            native, kind, yuan = str(one["campaign_id"]), one.get("dmc_type"), one.get("day_budget")
            if kind != "normal" or yuan is None:
                self.states[native].micros = None  # what is left out is without a limit
                continue
            reason = self._refusal(native, scene, yuan)
            if fault is WriteFault.PARTIAL:
                reason = "今日修改预算次数已达上限"
            if reason is not None:
                details.append({"campaign_id": int(native), "code": "isv.budget-invalid", "message": reason})
                continue
            self.apply(native, yuan * 1_000_000, fault)
        part = {"error_details": self.list_of("error_detail", details)} if details else {}
        return self.said(form, {"campaign_budget_update_result_v_o_top_part_data": part})

    def apply(self, native: str, micros: int | None, fault: WriteFault | None) -> None:
        """Amounts are whole yuan there, also where more is set than was asked."""
        super().apply(native, micros, fault)
        stored = self.states[native].micros
        self.states[native].micros = None if stored is None else stored // 1_000_000 * 1_000_000

    def _refusal(self, native: str, scene: str, yuan: Any) -> str | None:
        state = self.states.get(native)
        if state is None or self.scenes[native] != scene:
            return "计划不存在"
        if state.status is BudgetStatus.REMOVED:
            return "计划已结束"
        return None if isinstance(yuan, int) and yuan >= 30 else "日预算必须为不小于30的整数"


class FakeSimba(FakeTaobao):
    """直通车 of old. 60000009 spends without a limit."""

    api = "simba"

    def __init__(self) -> None:
        super().__init__()
        amounts = {"60000001": 100, "60000002": 80, "60000003": 50}
        self.states = {native: State(yuan * 1_000_000) for native, yuan in amounts.items()}
        self.unlimited = {"60000009"}
        self.old = False
        """Whether only the reports of old are there."""

    def product(self, budget: BudgetId) -> ProductId | None:
        return None

    def is_report(self, got: Got) -> bool:
        return form_of(got)["method"] == "taobao.subway.campaign.offline.find"

    def reshaped(self, text: str) -> str:
        return text.replace('"cost"', '"cost_in_fen"')

    def said(self, form: Mapping[str, str], result: dict[str, Any], *, ok: bool = True) -> Answer:
        root = form["method"].removeprefix("taobao.").replace(".", "_") + "_response"
        return answer({root: {"request_id": "q3", **result}})

    def asked(self, got: Got, fault: ReadFault | None) -> Answer:
        form = form_of(got)
        match form["method"].removeprefix("taobao."):
            case "simba.campaigns.get":
                rows = [self._about(one) for one in (*self.states, *self.unlimited)]
                return self.said(form, {"campaigns": self.list_of("campaign", [row for row in rows if row])})
            case "simba.campaign.budget.get":
                return self.said(form, {"campaign_budget": self._budget(form["campaign_id"])})
            case "subway.campaign.offline.find" if not self.old:
                return self._subway(form, fault)
            case "simba.login.authsign.get" if self.old:
                return self.said(form, {"subway_token": "canary-subway-77a0"})
            case "simba.rpt.campaignbase.get" | "simba.rpt.campaigneffect.get" if self.old:
                return self._old(form)
            case "simba.adgroupsbycampaignid.get":
                rows = [
                    {"adgroup_id": 70 + k, "campaign_id": int(form["campaign_id"]), "num_iid": 900 + k}
                    for k in range(2)
                ]
                listed = {"total_item": 2, "page_no": 1, "adgroup_list": self.list_of("a_d_group", rows)}
                return self.said(form, {"adgroups": listed})
            case "simba.keywordsbyadgroupid.get":
                words = [
                    {"keyword_id": 1, "word": "保温壶", "max_price": 125, "match_scope": "4", "qscore": "7"},
                    {"keyword_id": 2, "word": "热水壶", "match_scope": "1"},
                ]
                return self.said(form, {"keywords": self.list_of("keyword", words)})
        return error(22, "", "", "Invalid Method")

    def _about(self, native: str) -> dict[str, Any] | None:
        status = self.states[native].status if native in self.states else BudgetStatus.ACTIVE
        if status is BudgetStatus.REMOVED:
            return None
        online = "online" if status is BudgetStatus.ACTIVE else "offline"
        return {
            "campaign_id": int(native),
            "title": f"计划{native}",
            "online_status": online,
            "settle_status": "offline" if native == "60000002" else "online",
            "settle_reason": "2" if native == "60000002" else "",
            "campaign_type": 0,
        }

    def _budget(self, native: str) -> dict[str, Any]:
        said: dict[str, Any] = {"campaign_id": int(native), "is_smooth": native == "60000001"}
        micros = self.states[native].micros if native in self.states else None
        return said if micros is None else {**said, "budget": micros // 1_000_000}

    def _subway(self, form: Mapping[str, str], fault: ReadFault | None) -> Answer:
        assert form["start_time"] == form["end_time"], "the report sums up the days of its range"
        rows = []
        for row in self.planted:
            p = row.performance
            if row.day.isoformat() != form["start_time"]:
                continue
            assert p.spend is not None
            assert p.revenue is not None
            rows.append(
                {
                    "campaign_id": row.budget.native,
                    "campaign_title": "计划",
                    "thedate": row.day.isoformat(),
                    "impression": p.impressions,
                    "click": p.clicks,
                    "cost": p.spend.micros // 10_000,
                    "cost_in_yuan_str": f"{p.spend.micros / 1e6:.2f}",
                    "transaction_total": p.revenue.micros // 10_000,
                    "transaction_shipping_total": int(p.orders or 0),
                }
            )
        begin = int(form["offset"])
        chosen = rows[begin : begin + int(form["page_size"])]
        if fault is ReadFault.MISSING_ROWS:
            chosen = chosen[:-1]
        return self.said(form, {"result": self.list_of("report_result_top_dto", chosen), "total_count": len(rows)})

    def _old(self, form: Mapping[str, str]) -> Answer:
        assert form["subway_token"] == "canary-subway-77a0"
        base, rows = "base" in form["method"], []
        for row in self.planted:
            p, day = row.performance, row.day.isoformat()
            if row.budget.native != form["campaign_id"] or not form["start_time"] <= day <= form["end_time"]:
                continue
            assert p.spend is not None
            assert p.revenue is not None
            about = {"date": day, "campaignid": form["campaign_id"], "source": "SUMMARY", "searchtype": "SUMMARY"}
            fen = p.revenue.micros // 10_000
            traffic = {"impressions": str(p.impressions), "click": str(p.clicks), "cost": str(p.spend.micros // 10_000)}
            sales = {"directpay": str(fen - 5), "indirectpay": "5", "directpaycount": str(int(p.orders or 0))}
            rows.append({**about, **(traffic if base else sales)})
        name = "rpt_campaign_base_list" if base else "rpt_campaign_effect_list"
        return self.said(form, {name: json.dumps(rows or {})})

    def written(self, got: Got, fault: WriteFault | None) -> Answer:
        form = form_of(got)
        assert form["method"] == "taobao.simba.campaign.budget.update"
        native, text = form["campaign_id"], form.get("budget", "")
        state = self.states.get(native)
        if state is None or state.status is BudgetStatus.REMOVED or fault is WriteFault.PARTIAL:
            return error(15, "isv.campaign-not-exist", "推广计划不存在", "Remote service error")
        if not text:
            state.micros = None  # no limit any more
            return self.said(form, {"campaign_budget": self._budget(native)})
        if not text.isdigit() or not 30 <= int(text) <= 99_999:
            return error(41, "isv.invalid-parameter", "budget", "Invalid arguments")
        assert form["use_smooth"] == ("true" if native == "60000001" else "false"), "what was smooth stays so"
        self.apply(native, int(text) * 1_000_000, fault)
        said = {**self._budget(native), "budget": int(text)}
        return self.said(form, {"campaign_budget": said})
