"""Google Ads with keywords, ad groups and targets of campaigns, bid by hand or steered, and their figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bidder.bidding import LeverId, LeverKind
from bidder.money import MICROS
from bidder.testing import WriteFault
from bidder.testing.lever_platform import LeverRow
from tests.connectors.google_ads import fake
from tests.connectors.google_ads.fake import CUSTOMER, FakeGoogleAds
from tests.connectors.http.server import Answer, Got, answer

__all__ = ["FakeGoogleBids"]

fake.FIELDS |= frozenset(
    """ad_group_criterion.criterion_id ad_group_criterion.keyword.text ad_group_criterion.keyword.match_type
    ad_group_criterion.status ad_group_criterion.cpc_bid_micros ad_group_criterion.type ad_group_criterion.negative
    ad_group_criterion.position_estimates.first_page_cpc_micros ad_group.id ad_group.name ad_group.status
    ad_group.cpc_bid_micros campaign.bidding_strategy campaign.target_roas.target_roas
    campaign.maximize_conversion_value.target_roas campaign.target_cpa.target_cpa_micros
    campaign.maximize_conversions.target_cpa_micros metrics.search_impression_share
    metrics.search_top_impression_share""".split()
)

KEYWORD, GROUP = LeverKind.KEYWORD, LeverKind.AD_GROUP
ROAS, CPA = LeverKind.TARGET_ROAS, LeverKind.TARGET_CPA
COLLECTIONS = {"adGroupCriteria": KEYWORD, "adGroups": GROUP, "campaigns": ROAS}
STEERED = {"102": ("MAXIMIZE_CONVERSION_VALUE", "maximize_conversion_value"), "103": ("TARGET_CPA", "target_cpa")}


class Bid:
    """A keyword, an ad group or a target at the platform."""

    def __init__(self, campaign: str, value: int | None, words: str = "") -> None:
        self.campaign, self.value, self.words = campaign, value, words
        self.status = "ENABLED"


class FakeGoogleBids(FakeGoogleAds):
    """Campaign 101 is bid by hand: an ad group with three keywords, one without a bid. 102 has a target ROAS, 103 a
    target CPA, 104 shares a strategy. 105 is Shopping, bid by hand by ad group.
    """

    tells = ("share", "top_share")

    def __init__(self, zone: str = "America/Los_Angeles", currency: str = "USD") -> None:
        super().__init__(zone, currency)
        big = 100 if currency == "JPY" else 1
        self.campaigns["105"] = "9001"
        self.kinds["105"] = "SHOPPING"
        told = [
            (KEYWORD, "501~7001", Bid("101", 750_000 * big, "green tea")),
            (KEYWORD, "501~7002", Bid("101", 1_200_000 * big, "tea pot")),
            (KEYWORD, "501~7003", Bid("101", None, "loose tea")),
            (GROUP, "501", Bid("101", 600_000 * big, "tea")),
            (GROUP, "505", Bid("105", 900_000 * big, "pots")),
            (ROAS, "102", Bid("102", 3_500_000)),
            (CPA, "103", Bid("103", 12_000_000 * big)),
        ]
        self.bids = {LeverId(self.account.id, kind, native): bid for kind, native, bid in told}
        self.lever_rows: list[LeverRow] = []

    # ---- what the platform answers

    def _rows(self, table: str, fields: str) -> list[dict[str, Any]]:
        if "metrics.cost_micros" in fields and table in ("keyword_view", "ad_group"):
            kind = KEYWORD if table == "keyword_view" else GROUP
            return [self._told(row) for row in self.lever_rows if row.lever.kind is kind]
        if "metrics.cost_micros" in fields and table == "campaign" and "campaign.name" not in fields:
            return [self._told(row) for row in self.lever_rows if row.lever.kind in (ROAS, CPA)]
        if table == "ad_group_criterion":
            return [self._criterion(one) for one in self.bids if one.kind is KEYWORD]
        if table == "ad_group":
            return [self._group(one.native) for one in self.bids if one.kind is GROUP]
        return super()._rows(table, fields)

    def _campaign(self, number: str) -> dict[str, Any]:
        row = super()._campaign(number)
        strategy, part = STEERED.get(number, ("MANUAL_CPC", ""))
        row["campaign"]["bidding_strategy_type"] = "TARGET_ROAS" if number == "104" else strategy
        if number == "104":
            row["campaign"]["bidding_strategy"] = f"customers/{CUSTOMER}/biddingStrategies/1"
            row["campaign"]["target_roas.target_roas"] = 2.0
        for one in self.bids:
            if one.kind in (ROAS, CPA) and one.native == number:
                value = self.bids[one].value
                assert value is not None
                if one.kind is ROAS:
                    row["campaign"][f"{part}.target_roas"] = value / MICROS
                else:
                    row["campaign"][f"{part}.target_cpa_micros"] = str(value)
                if self.bids[one].status != "ENABLED":
                    row["campaign"]["status"] = self.bids[one].status
        return row

    def _group(self, native: str) -> dict[str, Any]:
        bid = next(bid for one, bid in self.bids.items() if one.kind is GROUP and one.native == native)
        group: dict[str, Any] = {"id": native, "name": bid.words, "status": bid.status}
        if bid.value is not None:
            group["cpc_bid_micros"] = str(bid.value)
        return {**self._campaign(bid.campaign), "ad_group": group}

    def _criterion(self, one: LeverId) -> dict[str, Any]:
        bid, (group, _, number) = self.bids[one], one.native.partition("~")
        criterion: dict[str, Any] = {
            "criterion_id": number,
            "keyword.text": bid.words,
            "keyword.match_type": "EXACT",
            "status": bid.status,
            "type": "KEYWORD",
            "negative": "FALSE",
            "position_estimates.first_page_cpc_micros": "1100000",
        }
        if bid.value is not None:
            criterion["cpc_bid_micros"] = str(bid.value)
        return {**self._group(group), "ad_group_criterion": criterion}

    def _told(self, row: LeverRow) -> dict[str, Any]:
        p, kind = row.performance, row.lever.kind
        assert p.spend is not None
        assert p.revenue is not None
        if kind is KEYWORD:
            about = self._criterion(row.lever)
        else:
            about = self._group(row.lever.native) if kind is GROUP else self._campaign(row.lever.native)
        metrics: dict[str, Any] = {
            "cost_micros": str(p.spend.micros),
            "impressions": str(p.impressions),
            "clicks": str(p.clicks),
            "conversions": p.orders,
            "conversions_value": p.revenue.micros / 1e6,
        }
        if row.share is not None:
            metrics |= {"search_impression_share": row.share, "search_top_impression_share": row.top_share}
        return {**about, "segments": {"date": row.day.isoformat()}, "metrics": metrics}

    def written(self, got: Got, fault: WriteFault | None) -> Answer:
        collection = got.path.rpartition("/")[2].removesuffix(":mutate")
        if collection not in COLLECTIONS:
            return super().written(got, fault)
        (operation,) = got.json["operations"]
        path, update = operation["updateMask"], operation["update"]
        name = update["resourceName"]
        assert name.startswith(f"customers/{CUSTOMER}/{collection}/")
        value: Any = update
        for part in path.split("."):
            assert set(value) - {"resourceName"} == {part}, "nothing else is changed"
            value = value[part]
        kind = CPA if path.endswith("targetCpaMicros") else COLLECTIONS[collection]
        lever = LeverId(self.account.id, kind, name.rpartition("/")[2])
        millionths = round(value * MICROS) if kind is ROAS else int(value)
        code = {"rangeError": "TOO_LOW"} if fault is WriteFault.PARTIAL else self._no(lever, millionths, path)
        if code is not None:
            kind_of = "type.googleapis.com/google.ads.googleads.v26.errors.GoogleAdsFailure"
            at = {"fieldPathElements": [{"fieldName": "operations"}, {"fieldName": "update"}]}
            errors = [{"errorCode": code, "message": "No.", "location": at}]
            details = [{"@type": kind_of, "errors": errors}]
            return answer({"results": [{}], "partialFailureError": {"code": 3, "message": "No.", "details": details}})
        stored = millionths
        if fault is WriteFault.RAISED:
            stored = millionths * 11 // 10 // 10_000 * 10_000
        if fault is not WriteFault.SILENT_NOOP:
            self.bids[lever].value = stored
        said: dict[str, Any] = {"resourceName": name}
        inner = said
        *parts, field = path.split(".")
        for part in parts:
            inner = inner.setdefault(part, {})
        inner[field] = value
        singular = {"adGroupCriteria": "adGroupCriterion", "adGroups": "adGroup", "campaigns": "campaign"}[collection]
        return answer({"results": [{"resourceName": name, singular: said}]})

    def _no(self, lever: LeverId, value: int, path: str) -> dict[str, str] | None:
        if lever not in self.bids:
            return {"mutateError": "RESOURCE_NOT_FOUND"}
        if self.bids[lever].status == "REMOVED":
            return {"contextError": "OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE"}
        unit = 10_000 if lever.kind is ROAS or self.account.currency != "JPY" else 1_000_000
        if lever.kind is not ROAS and value % unit:
            return {"biddingError": "BID_INCOMPATIBLE_WITH_ADGROUP"}
        low, high = (10_000, 1_000 * MICROS) if lever.kind is ROAS else (unit, 10**13)
        return None if low <= value <= high else {"rangeError": "TOO_LOW"}

    # ---- the handles

    @property
    def levers(self) -> Sequence[LeverId]:
        return [one for one, bid in self.bids.items() if bid.value is not None]

    @property
    def inheriting(self) -> LeverId | None:
        return next(one for one, bid in self.bids.items() if bid.value is None)

    @property
    def figured(self) -> Sequence[LeverId]:
        return [one for one in self.bids if one.kind is not GROUP or one.native == "505"]

    def lever_in_force(self, lever: LeverId) -> int:
        value = self.bids[lever].value
        assert value is not None
        return value

    def edit_lever(self, lever: LeverId, value: int) -> None:
        self.bids[lever].value = value

    def lever_active(self, lever: LeverId) -> bool:
        return self.bids[lever].status == "ENABLED"

    def pause_lever(self, lever: LeverId) -> None:
        self.bids[lever].status = "PAUSED"

    def remove_lever(self, lever: LeverId) -> None:
        self.bids[lever].status = "REMOVED"

    def report_levers(self, rows: Sequence[LeverRow]) -> None:
        self.lever_rows = list(rows)
