"""直通车 with units, keywords and their reports; 万相台无界 with campaigns that are steered by a target."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bidder.bidding import LeverId, LeverKind
from bidder.testing import ReadFault, WriteFault
from bidder.testing.lever_platform import LeverRow
from tests.connectors.http.server import Answer, Got
from tests.connectors.taobao.fake import FakeSimba, FakeTaobao, error, form_of

__all__ = ["FakeSimbaBids", "FakeTargets", "Keyword"]


class Keyword:
    """A keyword at the platform; prices in fen. `phone` 0: phones pay the computer's price times a factor."""

    def __init__(
        self, campaign: str, adgroup: int, word: str, price: int, phone: int = 0, default: bool = False
    ) -> None:
        self.campaign, self.adgroup, self.word = campaign, adgroup, word
        self.price, self.phone, self.default = price, phone, default
        self.audit = "audit_pass"
        self.match = 4


class FakeSimbaBids(FakeSimba):
    """Two campaigns with a unit each, one with two. Keyword 9003 has the unit's price; 9002 has its own for phones."""

    tells = ("rank",)

    def __init__(self) -> None:
        super().__init__()
        self.old = True
        self.units = {"60000001": {701: 901, 702: 902}, "60000002": {703: 903}, "60000003": {}}
        self.keywords = {
            "9001": Keyword("60000001", 701, "保温壶", 125),
            "9002": Keyword("60000001", 701, "热水壶", 80, phone=150),
            "9003": Keyword("60000001", 702, "茶壶", 0, default=True),
            "9004": Keyword("60000002", 703, "茶叶", 210),
            "9005": Keyword("60000001", 702, "水壶", 95),
            "9006": Keyword("60000002", 703, "绿茶", 60, phone=66, default=True),
        }
        self.lever_rows: list[LeverRow] = []
        self.sent: list[dict[str, Any]] = []

    def is_write(self, got: Got) -> bool:
        return form_of(got)["method"].endswith((".update", ".pricevon.set"))

    def asked(self, got: Got, fault: ReadFault | None) -> Answer:
        form = form_of(got)
        match form["method"].removeprefix("taobao."):
            case "simba.adgroupsbycampaignid.get":
                campaign = form["campaign_id"]
                rows = [
                    {"adgroup_id": unit, "campaign_id": int(campaign), "num_iid": item}
                    for unit, item in self.units.get(campaign, {}).items()
                ]
                listed = {"total_item": len(rows), "page_no": 1, "adgroup_list": self.list_of("a_d_group", rows)}
                return self.said(form, {"adgroups": listed})
            case "simba.keywordsbyadgroupid.get":
                mine = [one for one, word in self.keywords.items() if str(word.adgroup) == form["adgroup_id"]]
                return self.said(form, {"keywords": self.list_of("keyword", [self._word(one) for one in mine])})
            case "simba.keywordsbykeywordids.get":
                mine = [one for one in form["keyword_ids"].split(",") if one in self.keywords]
                return self.said(form, {"keywords": self.list_of("keyword", [self._word(one) for one in mine])})
            case "simba.rpt.adgroupkeywordbase.get" | "simba.rpt.adgroupkeywordeffect.get":
                return self._reported(form)
        return super().asked(got, fault)

    def _word(self, native: str) -> dict[str, Any]:
        word = self.keywords[native]
        return {
            "keyword_id": int(native),
            "campaign_id": int(word.campaign),
            "adgroup_id": word.adgroup,
            "word": word.word,
            "max_price": word.price,
            "is_default_price": word.default,
            "max_mobile_price": word.phone,
            "mobile_is_default_price": 0 if word.phone else 1,
            "match_scope": str(word.match),
            "qscore": "7",
            "audit_status": word.audit,
        }

    def _reported(self, form: Mapping[str, str]) -> Answer:
        assert form["subway_token"] == "canary-subway-77a0"
        base, rows = "base" in form["method"], []
        for row in self.lever_rows:
            p, day, word = row.performance, row.day.isoformat(), self.keywords[row.lever.native]
            if str(word.adgroup) != form["adgroup_id"] or not form["start_time"] <= day <= form["end_time"]:
                continue
            assert p.spend is not None
            assert p.revenue is not None
            about = {"date": day, "campaignId": word.campaign, "keywordId": row.lever.native, "source": "SUMMARY"}
            fen = p.revenue.micros // 10_000
            traffic = {"impressions": str(p.impressions), "click": str(p.clicks), "cost": str(p.spend.micros // 10_000)}
            traffic["avgpos"] = "" if row.rank is None else str(row.rank)
            sales = {"directpay": str(fen - 5), "indirectpay": "5", "directpaycount": str(int(p.orders or 0))}
            rows.append({**about, **(traffic if base else sales)})
        name = "rpt_adgroupkeyword_base_list" if base else "rpt_adgroupkeyword_effect_list"
        return self.said(form, {name: json.dumps(rows or {})})

    def written(self, got: Got, fault: WriteFault | None) -> Answer:
        form = form_of(got)
        if form["method"] != "taobao.simba.keywords.pricevon.set":
            return super().written(got, fault)
        done = []
        for one in json.loads(form["keywordid_prices"]):
            self.sent.append(one)
            native = str(one["keywordId"])
            word = self.keywords.get(native)
            prices = [one[name] for name in ("maxPrice", "maxMobilePrice") if one.get(name)]
            if word is None or word.audit == "deleted" or fault is WriteFault.PARTIAL:
                return error(15, "isv.keyword-not-exist", "关键词不存在", "Remote service error")
            if any(not 5 <= price <= 9_999 for price in prices):
                return error(41, "isv.invalid-parameter", "出价不合法", "Invalid arguments")
            assert one.get("matchScope", word.match) == word.match, "how it is matched stays"
            if fault is WriteFault.RAISED:
                one = {name: value * 11 // 10 if name.endswith("Price") else value for name, value in one.items()}
            if fault is not WriteFault.SILENT_NOOP:
                word.price = one.get("maxPrice", word.price)
                word.phone = one.get("maxMobilePrice", word.phone)
                word.default = bool(one.get("isDefaultPrice", word.default))
            done.append(self._word(native))
        return self.said(form, {"keywords": self.list_of("keyword", done)})

    # ---- the handles

    @property
    def levers(self) -> Sequence[LeverId]:
        return [self._id(one) for one, word in self.keywords.items() if word.phone or not word.default]

    @property
    def inheriting(self) -> LeverId | None:
        return self._id("9003")

    @property
    def figured(self) -> Sequence[LeverId]:
        return [self._id(one) for one in self.keywords]

    def _id(self, native: str) -> LeverId:
        return LeverId(self.account.id, LeverKind.KEYWORD, native)

    def lever_in_force(self, lever: LeverId) -> int:
        word = self.keywords[lever.native]
        return (word.phone or word.price) * 10_000

    def edit_lever(self, lever: LeverId, value: int) -> None:
        word = self.keywords[lever.native]
        word.phone, word.price = (value // 10_000, word.price) if word.phone else (0, value // 10_000)

    def lever_active(self, lever: LeverId) -> bool:
        return self.keywords[lever.native].audit == "audit_pass"

    def pause_lever(self, lever: LeverId) -> None:
        self.keywords[lever.native].audit = "audit_offline"

    def remove_lever(self, lever: LeverId) -> None:
        self.keywords[lever.native].audit = "deleted"

    def report_levers(self, rows: Sequence[LeverRow]) -> None:
        self.lever_rows = list(rows)


class FakeTargets(FakeTaobao):
    """万相台无界: 50200002 is steered by a 投产比 of 3.5, 50300003 by what an order may cost."""

    def _campaign(self, native: str) -> dict[str, Any]:
        said = {"50200002": ("roi", "3.5"), "50300003": ("conv", "42.50"), "50100001": ("non", "")}
        kind, value = said.get(native, ("non", ""))
        return {**super()._campaign(native), "constraint_type": kind, "constraint_value": value}
