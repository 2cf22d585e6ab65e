"""Amazon Ads with keywords, targets and ad groups, and the targeting report."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from typing import Any

from bidder.bidding import LeverId, LeverKind
from bidder.money import MICROS
from bidder.testing import WriteFault
from bidder.testing.lever_platform import LeverRow
from tests.connectors.amazon_ads.fake import FakeAmazonAds
from tests.connectors.http.server import Answer, Got, answer

__all__ = ["FakeAmazonBids"]

KINDS = {
    "/sp/adGroups": (LeverKind.AD_GROUP, "adGroups", "adGroupId", "defaultBid", "spAdGroup"),
    "/sp/keywords": (LeverKind.KEYWORD, "keywords", "keywordId", "bid", "spKeyword"),
    "/sp/targets": (LeverKind.PRODUCT_TARGET, "targetingClauses", "targetId", "bid", "spTargetingClause"),
}
ADS = "/sp/productAds"
MOST = {"USD": 1000, "JPY": 100_000}
LEAST = {"USD": 0.02, "JPY": 2}


class Bid:
    """A keyword, target or ad group at the platform."""

    def __init__(self, campaign: str, group: str, micros: int | None, words: str) -> None:
        self.campaign, self.group, self.micros, self.words = campaign, group, micros, words
        self.state = "ENABLED"


class FakeAmazonBids(FakeAmazonAds):
    """Two ad groups; three keywords (one without a bid) and two targets. The second group advertises two products."""

    tells = ("top_share",)

    def __init__(self, zone: str = "America/Los_Angeles", currency: str = "USD", country: str = "US") -> None:
        super().__init__(zone, currency, country)
        big = 100 if currency == "JPY" else 1
        one, two = list(self.states)[:2]
        told = [
            (LeverKind.KEYWORD, "7001", one, "501", 750_000, "green tea"),
            (LeverKind.KEYWORD, "7002", one, "501", 1_200_000, "tea pot"),
            (LeverKind.KEYWORD, "7003", one, "501", None, "loose tea"),
            (LeverKind.PRODUCT_TARGET, "8001", two, "502", 400_000, "B0RIVAL"),
            (LeverKind.PRODUCT_TARGET, "8002", two, "502", 900_000, "close-match"),
            (LeverKind.AD_GROUP, "501", one, "501", 600_000, "tea"),
            (LeverKind.AD_GROUP, "502", two, "502", 500_000, "pots"),
        ]
        self.bids = {
            LeverId(self.account.id, kind, native): Bid(campaign, group, micros and micros * big, words)
            for kind, native, campaign, group, micros, words in told
        }
        self.lever_rows: list[LeverRow] = []
        self.in_percent = False
        self.lever_total: int | None = None

    # ---- what the platform answers

    def asked(self, got: Got, fault: Any) -> Answer:
        path = got.path.removesuffix("/list")
        return (
            self._bids(got, path) if got.path.endswith("/list") and path in (*KINDS, ADS) else super().asked(got, fault)
        )

    def _bids(self, got: Got, path: str) -> Answer:
        _, name, native_name, _, media = KINDS.get(path, (None, "productAds", "adId", "", "spProductAd"))
        whole = f"application/vnd.{media}.v3+json"
        if got.headers.get("Content-Type") != whole or got.headers.get("Accept") != whole:
            return answer({"code": "415"}, 415)
        body, rows = got.json, self._ads() if path == ADS else self._rows(path)
        wanted = body.get(f"{native_name}Filter", {}).get("include")
        states = body.get("stateFilter", {}).get("include", ["ENABLED", "PAUSED", "ARCHIVED"])
        found = [row for row in rows if row["state"] in states and (wanted is None or row[native_name] in wanted)]
        begin = int(body.get("nextToken", "0"))
        end = begin + min(self.page, body["maxResults"])
        said: dict[str, Any] = {"totalResults": len(found) if self.lever_total is None else self.lever_total}
        said[name] = found[begin:end]
        if end < len(found):
            said["nextToken"] = str(end)
        return answer(said)

    def _rows(self, path: str) -> list[dict[str, Any]]:
        kind, _, native_name, field, _ = KINDS[path]
        rows = []
        for lever, bid in self.bids.items():
            if lever.kind is kind:
                row: dict[str, Any] = {native_name: lever.native, "campaignId": bid.campaign, "adGroupId": bid.group}
                row |= {"state": bid.state}
                if bid.micros is not None:
                    row[field] = bid.micros / MICROS
                if kind is LeverKind.KEYWORD:
                    row |= {"keywordText": bid.words, "matchType": "EXACT"}
                elif kind is LeverKind.PRODUCT_TARGET:
                    row |= {"expressionType": "MANUAL", "expression": [{"type": "ASIN_SAME_AS", "value": bid.words}]}
                else:
                    row["name"] = bid.words
                rows.append(row)
        return rows

    def _ads(self) -> list[dict[str, Any]]:
        one, two = list(self.states)[:2]
        ads = [("91", one, "501", "sku-001"), ("92", one, "501", "sku-001"), ("93", two, "502", "sku-002")]
        ads.append(("94", two, "502", "sku-006"))
        return [
            {"adId": ad, "campaignId": campaign, "adGroupId": group, "sku": sku, "state": "ENABLED"}
            for ad, campaign, group, sku in ads
        ]

    def _download(self, got: Got) -> Answer:
        asked = self.reports[got.path.removeprefix("/s3/").removesuffix(".json.gz")]["asked"]
        if asked["configuration"]["reportTypeId"] != "spTargeting":
            return super()._download(got)
        assert asked["configuration"]["groupBy"] == ["targeting"]
        names = asked["configuration"]["columns"]
        rows = [self._told(row) for row in self.lever_rows]
        rows = [row for row in rows if asked["startDate"] <= row["date"] <= asked["endDate"]]
        kept = [{name: row[name] for name in names if name in row} for row in rows]
        return Answer(200, gzip.compress(json.dumps(kept).encode()))

    def _told(self, row: LeverRow) -> dict[str, Any]:
        p, bid = row.performance, self.bids[row.lever]
        assert p.spend is not None
        assert p.revenue is not None
        return {
            "date": row.day.isoformat(),
            "campaignId": int(bid.campaign),
            "adGroupId": int(bid.group),
            "keywordId": int(row.lever.native),
            "keywordType": "EXACT" if row.lever.kind is LeverKind.KEYWORD else "TARGETING_EXPRESSION",
            "keywordBid": None if bid.micros is None else bid.micros / MICROS,
            "impressions": p.impressions,
            "clicks": p.clicks,
            "cost": p.spend.micros / MICROS,
            "purchases7d": p.orders,
            "sales7d": p.revenue.micros / MICROS,
            "topOfSearchImpressionShare": row.top_share and row.top_share * (100 if self.in_percent else 1),
        }

    def written(self, got: Got, fault: WriteFault | None) -> Answer:
        if got.path not in KINDS:
            return super().written(got, fault)
        kind, name, native_name, field, media = KINDS[got.path]
        assert got.headers["Content-Type"] == got.headers["Accept"] == f"application/vnd.{media}.v3+json"
        good: list[dict[str, Any]] = []
        bad: list[dict[str, Any]] = []
        for place, one in enumerate(got.json[name]):
            assert isinstance(one[native_name], str)
            assert set(one) == {native_name, field}, "nothing else is changed"
            lever = LeverId(self.account.id, kind, one[native_name])
            refusal = "malformedValueError" if fault is WriteFault.PARTIAL else self._no(lever, one[field])
            if refusal:
                value = {refusal: {"reason": "BID_OUT_OF_RANGE", "message": "No.", "cause": {"location": "$"}}}
                bad.append({"index": place, "errors": [{"errorType": refusal, "errorValue": value}]})
                continue
            micros = round(one[field] * MICROS)
            if fault is WriteFault.RAISED:
                micros = micros * 11 // 10 // 10_000 * 10_000
            if fault is not WriteFault.SILENT_NOOP:
                self.bids[lever].micros = micros
            good.append({"index": place, native_name: lever.native})
        return answer({name: {"success": good, "error": bad}}, 207)

    def _no(self, lever: LeverId, bid: float) -> str:
        if lever not in self.bids:
            return "entityNotFoundError"
        if self.bids[lever].state == "ARCHIVED":
            return "entityStateError"
        return "" if LEAST[self.currency] <= bid <= MOST[self.currency] else "rangeError"

    # ---- the handles

    @property
    def levers(self) -> Sequence[LeverId]:
        return [one for one, bid in self.bids.items() if bid.micros is not None]

    @property
    def inheriting(self) -> LeverId | None:
        return next(one for one, bid in self.bids.items() if bid.micros is None)

    @property
    def figured(self) -> Sequence[LeverId]:
        return [one for one in self.bids if one.kind is not LeverKind.AD_GROUP]

    def lever_in_force(self, lever: LeverId) -> int:
        micros = self.bids[lever].micros
        assert micros is not None
        return micros

    def edit_lever(self, lever: LeverId, value: int) -> None:
        self.bids[lever].micros = value

    def lever_active(self, lever: LeverId) -> bool:
        return self.bids[lever].state == "ENABLED"

    def pause_lever(self, lever: LeverId) -> None:
        self.bids[lever].state = "PAUSED"

    def remove_lever(self, lever: LeverId) -> None:
        self.bids[lever].state = "ARCHIVED"

    def report_levers(self, rows: Sequence[LeverRow]) -> None:
        self.lever_rows = list(rows)
