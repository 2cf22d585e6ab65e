"""Whatever stands in a reply of the other platforms, a parser gives values or an error that names the field."""

from __future__ import annotations

import copy
import io
import json
import random
import re
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bidder.bidding import LeverId, LeverKind
from bidder.catalog import Account
from bidder.connectors.amazon_ads import levers as amazon_bids
from bidder.connectors.amazon_ads import parse as amazon
from bidder.connectors.amazon_ads.client import PRODUCT_ADS
from bidder.connectors.amazon_ads.client import verdict as of_amazon
from bidder.connectors.amazon_ads.write import outcome_of as outcome_of_amazon
from bidder.connectors.google_ads import levers as google_bids
from bidder.connectors.google_ads import parse as google
from bidder.connectors.google_ads.client import verdict as of_google
from bidder.connectors.google_ads.write import outcome_of as outcome_of_google
from bidder.connectors.http import Meaning, Payload, Reply, Verdict
from bidder.connectors.http.message import decoded
from bidder.connectors.meta.usage import verdict as of_meta
from bidder.connectors.microsoft import parse as microsoft
from bidder.connectors.microsoft.codes import verdict as of_microsoft
from bidder.connectors.microsoft.report import unpacked
from bidder.connectors.microsoft.write import outcome_of as outcome_of_microsoft
from bidder.connectors.shopify import parse as shopify
from bidder.connectors.shopify.client import verdict_of
from bidder.connectors.taobao.top import verdict as of_taobao
from bidder.connectors.tiktok import figures
from bidder.connectors.tiktok import parse as tiktok
from bidder.connectors.tiktok.codes import Judge
from bidder.connectors.tiktok.write import outcome_of as outcome_of_tiktok
from bidder.errors import ConnectorError
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money
from bidder.plan import Applied, Refused, Unresolved
from tests.connectors.test_bodies import AT, spoilt

USD = Currency("USD")
TIKTOK = Account(AccountId("tiktok"), "tiktok", USD, "America/New_York")
WEST = Account(AccountId("ads"), "microsoft", USD, "America/Los_Angeles")
METRICS = ("conversion", "total_purchase_value")


def listed(*rows: dict[str, Any]) -> str:
    info = {"page": 1, "page_size": 1000, "total_number": len(rows), "total_page": 1}
    return json.dumps({"code": 0, "data": {"list": rows, "page_info": info}})


ADVERTISER = listed({"advertiser_id": "7", "currency": "USD", "timezone": "America/New_York", "display_timezone": None})
STATE = {"operation_status": "ENABLE", "secondary_status": "CAMPAIGN_STATUS_ENABLE", "deep_bid_type": "VO_MIN_ROAS"}
OWN = {"campaign_id": "1", "campaign_name": "a", "budget": 80, "budget_mode": "BUDGET_MODE_DAY", **STATE}
OWN |= {"budget_optimize_on": True, "campaign_automation_type": "MANUAL", "campaign_product_source": "STORE"}
LOOSE = {**OWN, "campaign_id": "2", "budget_optimize_on": False, "budget_auto_adjust_strategy": "AUTO_BUDGET_INCREASE"}
GROUP = {"adgroup_id": "21", "campaign_id": "2", "adgroup_name": "b", "budget": 30.5, **STATE}
GROUP |= {"budget_mode": "BUDGET_MODE_DYNAMIC_DAILY_BUDGET", "product_source": "STORE"}
CAMPAIGNS, GROUPS = listed(OWN, LOOSE), listed(GROUP)
SHOP = {"campaign_id": "5", "campaign_name": "gmv", "store_id": "9", "shopping_ads_type": "LIVE", "budget": 40, **STATE}
SHOP["auto_budget"] = {"auto_budget_enabled": True, "budget_increase_percentage": 20, "increase_limit": 10}
SHOP["promotion_days"] = {"is_enabled": True, "budget_increase_percentage": 50, "increase_limit": 1}
GMV = json.dumps({"code": 0, "data": SHOP})


def told(native: dict[str, str], **metrics: str) -> dict[str, Any]:
    return {"dimensions": {**native, "stat_time_day": "2026-10-14 00:00:00"}, "metrics": metrics}


FIGURES = {"impressions": "10", "clicks": "2", "spend": "12.34", METRICS[0]: "1", METRICS[1]: "40.00"}
REPORT = listed(told({"campaign_id": "1"}, **FIGURES), told({"campaign_id": "2"}, **FIGURES))
GROUP_REPORT = listed(told({"adgroup_id": "21"}, campaign_id="2", **FIGURES))
GMV_REPORT = listed(told({"campaign_id": "5"}, cost="1.00", orders="2", gross_revenue="30.00"))

ACCOUNT = json.dumps({"Account": {"Id": "7", "CurrencyCode": "USD", "TimeZone": "PacificTimeUSCanadaTijuana"}})
CAMPAIGN = {"Id": "1", "Name": "a", "Status": "Active", "BudgetType": "DailyBudgetStandard", "DailyBudget": 80.5}
CAMPAIGN |= {"BudgetId": None, "CampaignType": "Search", "BiddingScheme": {"Type": "TargetRoas", "TargetRoas": 3}}
SHARING = {**CAMPAIGN, "Id": "2", "BudgetId": "8"}
MS_CAMPAIGNS = json.dumps({"Campaigns": [CAMPAIGN, SHARING]})
SHARED = json.dumps({"Budgets": [{"Id": "8", "Name": "s", "Amount": 9, "BudgetType": "DailyBudgetStandard"}]})
STATUS = json.dumps({"ReportRequestStatus": {"Status": "Success", "ReportDownloadUrl": "https://x/report"}})
ROW = {"TimePeriod": "2026-10-14", "CampaignId": "1", "CampaignName": "a", "CampaignType": "Search & content"}
ROW |= {"CurrencyCode": "USD", "Impressions": "10", "Clicks": "2", "Spend": "12.34", "ConversionsQualified": "1.5"}
MS_REPORT = json.dumps([{**ROW, "Revenue": "9.00"}])
PRODUCTS = json.dumps([{**ROW, "Revenue": "9.00", "MerchantProductId": "p7"}])

PROFILES = json.dumps([{"profileId": 7, "currencyCode": "USD", "timezone": "America/Los_Angeles", "countryCode": "US"}])
AMAZON_CAMPAIGN = {"campaignId": "1", "name": "a", "state": "ENABLED", "budget": {"budget": 9.5, "budgetType": "DAILY"}}
AMAZON_CAMPAIGNS = json.dumps({"campaigns": [AMAZON_CAMPAIGN], "totalResults": 1})
MADE = json.dumps({"status": "COMPLETED", "url": "https://x/report", "startDate": "2026-10-01", "endDate": "2026-10-14",
                   "configuration": {"columns": ["cost", "date"]}})  # fmt: skip
ASKED = {"startDate": "2026-10-01", "endDate": "2026-10-14", "configuration": {"columns": ["date", "cost"]}}
AMAZON_ROW = {"campaignId": 1, "campaignName": "a", "date": "2026-10-14", "advertisedSku": "s", "impressions": 10}
AMAZON_ROW |= {"clicks": 2, "cost": 1.25, "purchases14d": 1, "sales14d": 9.5}
AMAZON_REPORT = json.dumps([AMAZON_ROW, AMAZON_ROW])

CUSTOMER = json.dumps({"results": [{"customer": {"currencyCode": "USD", "timeZone": "America/Los_Angeles"}}]})
GOOGLE_CAMPAIGN: dict[str, Any] = {"id": "1", "name": "a", "status": "ENABLED", "advertisingChannelType": "SEARCH"}
GOOGLE_CAMPAIGN |= {"campaignBudget": "customers/1/campaignBudgets/5", "primaryStatus": "LIMITED"}
GOOGLE_CAMPAIGN |= {"primaryStatusReasons": ["BUDGET_CONSTRAINED"], "biddingStrategyType": "TARGET_ROAS"}
GOOGLE_BUDGET = {"id": "5", "amountMicros": "9000000", "period": "DAILY", "status": "ENABLED"}
LISTED = {"campaign": GOOGLE_CAMPAIGN, "campaignBudget": GOOGLE_BUDGET}
LOST = {"metrics": {"searchBudgetLostImpressionShare": 0.25}}
GOOGLE_LIST = json.dumps({"results": [{**LISTED, **LOST}], "totalResultsCount": "1"})
SUMS = {"costMicros": "1250000", "impressions": "10", "clicks": "2", "conversions": 1.5, "conversionsValue": 9.5}
GOOGLE_ROW = {"campaign": GOOGLE_CAMPAIGN, "segments": {"date": "2026-10-14", "productItemId": "p7"}, "metrics": SUMS}
GOOGLE_REPORT = json.dumps({"results": [GOOGLE_ROW], "totalResultsCount": "1"})

BID_ROW = {"campaignId": "1", "adGroupId": "2", "state": "ENABLED", "bid": 0.75, "matchType": "EXACT"}
AMAZON_KEYWORDS = json.dumps({"keywords": [{**BID_ROW, "keywordId": "3", "keywordText": "tea"}], "totalResults": 1})
EXPRESSION = [{"type": "ASIN_SAME_AS", "value": "B0"}]
AMAZON_TARGETS = json.dumps({"targetingClauses": [{**BID_ROW, "targetId": "4", "expression": EXPRESSION}]})
AMAZON_GROUPS = json.dumps({"adGroups": [{**BID_ROW, "name": "a", "defaultBid": 0.5}], "totalResults": 1})
AMAZON_ADS = json.dumps({"productAds": [{**BID_ROW, "sku": "s", "asin": "B0"}], "totalResults": 1})
AMAZON_BID_ROW = {**AMAZON_ROW, "keywordId": 3, "keywordType": "EXACT", "keywordBid": 0.75}
AMAZON_BID_REPORT = json.dumps([{**AMAZON_BID_ROW, "topOfSearchImpressionShare": 12.5}])

CRITERION: dict[str, Any] = {"criterionId": "3", "status": "ENABLED", "cpcBidMicros": "750000"}
CRITERION |= {"keyword": {"text": "tea", "matchType": "EXACT"}, "positionEstimates": {"firstPageCpcMicros": "1100000"}}
GOOGLE_GROUP = {"id": "2", "name": "a", "status": "ENABLED", "cpcBidMicros": "600000"}
GOOGLE_BIDS = {"campaign": GOOGLE_CAMPAIGN, "adGroup": GOOGLE_GROUP, "adGroupCriterion": CRITERION}
GOOGLE_KEYWORDS = json.dumps({"results": [GOOGLE_BIDS], "totalResultsCount": "1"})
BY_ROAS = {**GOOGLE_CAMPAIGN, "targetRoas": {"targetRoas": 3.5}, "targetCpa": {"targetCpaMicros": "9000000"}}
BY_CPA = {**BY_ROAS, "id": "9", "biddingStrategyType": "TARGET_CPA"}
GOOGLE_TARGETS = json.dumps({"results": [{"campaign": BY_ROAS}, {"campaign": BY_CPA}]})
SHARES = {**SUMS, "searchImpressionShare": 0.5, "searchTopImpressionShare": 0.25}
GOOGLE_BID_REPORT = json.dumps({"results": [{**GOOGLE_BIDS, "segments": {"date": "2026-10-14"}, "metrics": SHARES}]})

SHOP_ZONE = json.dumps({"data": {"shop": {"currencyCode": "USD", "ianaTimezone": "America/Los_Angeles"}}})
PRICED = {"shopMoney": {"amount": "9.50", "currencyCode": "USD"}}
LINE = {"sku": "s", "quantity": 2, "currentQuantity": 1, "product": {"id": "gid://shopify/Product/7"}}
LINES = {"nodes": [{**LINE, "discountedTotalSet": PRICED}], "pageInfo": {"hasNextPage": True, "endCursor": "x"}}
ORDER: dict[str, Any] = {
    "id": "gid://shopify/Order/1",
    "createdAt": "2026-10-14T20:00:00Z",
    "cancelledAt": None,
    "test": False,
}
ORDER |= {"displayFinancialStatus": "PARTIALLY_REFUNDED", "lineItems": LINES}
ORDERS = json.dumps({"data": {"orders": {"nodes": [ORDER]}}})
MORE = json.dumps({"data": {"order": {"lineItems": LINES}}})
VARIANT: dict[str, Any] = {"id": "gid://shopify/ProductVariant/1", "price": "9.50", "inventoryQuantity": 5}
VARIANT["product"] = {"id": "gid://shopify/Product/7", "title": "tea", "status": "ACTIVE"}
VARIANT["inventoryItem"] = {"tracked": True, "unitCost": {"amount": "3.00", "currencyCode": "USD"}}
VARIANTS = json.dumps({"data": {"productVariants": {"nodes": [VARIANT]}}})
DAY = date(2026, 10, 14)
ROAS = LeverId(WEST.id, LeverKind.TARGET_ROAS, "1")


def sold(orders: Payload, more: Payload) -> Any:
    return shopify.activity([orders], {ORDER["id"]: [more]}, WEST, {DAY}, AT)


def body(text: str) -> Payload:
    return Payload(AT, decoded(text.encode()))


def known() -> tiktok.Known:
    return tiktok.budgets([body(CAMPAIGNS)], [body(GROUPS)], TIKTOK)


def found() -> microsoft.Found:
    return microsoft.budgets(body(MS_CAMPAIGNS), [body(SHARED)], WEST)


PARSERS: dict[str, tuple[str, Callable[[Payload], Any]]] = {
    "tiktok account": (ADVERTISER, lambda p: tiktok.check_account(p, TIKTOK, "7")),
    "tiktok campaigns": (CAMPAIGNS, lambda p: tiktok.budgets([p], [body(GROUPS)], TIKTOK)),
    "tiktok ad groups": (GROUPS, lambda p: tiktok.budgets([body(CAMPAIGNS)], [p], TIKTOK)),
    "tiktok gmv max": (GMV, lambda p: tiktok.gmv_budget(p, TIKTOK, "5")),
    "tiktok gmv max list": (CAMPAIGNS, lambda p: tiktok.gmv_natives([p], TIKTOK)),
    "tiktok needs": (REPORT, lambda p: figures.needs_ad_groups([p], TIKTOK, known())),
    "tiktok report": (REPORT, lambda p: figures.reports([p], [body(GROUP_REPORT)], TIKTOK, known(), METRICS)),
    "tiktok ad group report": (
        GROUP_REPORT,
        lambda p: figures.reports([body(REPORT)], [p], TIKTOK, known(), METRICS),
    ),
    "tiktok gmv max report": (GMV_REPORT, lambda p: list(figures.gmv_reports([p], TIKTOK, "site", {}))),
    "microsoft account": (ACCOUNT, lambda p: microsoft.check_account(p, WEST, "7")),
    "microsoft campaigns": (MS_CAMPAIGNS, lambda p: microsoft.budgets(p, [body(SHARED)], WEST)),
    "microsoft shared ids": (MS_CAMPAIGNS, lambda p: microsoft.shared_natives(p, WEST)),
    "microsoft shared": (SHARED, lambda p: microsoft.budgets(body(MS_CAMPAIGNS), [p], WEST)),
    "microsoft status": (STATUS, lambda p: microsoft.report_state(p, "ads")),
    "microsoft report": (MS_REPORT, lambda p: microsoft.reports([p], WEST, found())),
    "microsoft products": (
        PRODUCTS,
        lambda p: microsoft.reports([body(MS_REPORT)], WEST, found(), products=[p]),
    ),
    "amazon profiles": (PROFILES, lambda p: amazon.check_profile(p, WEST, "7")),
    "amazon campaigns": (AMAZON_CAMPAIGNS, lambda p: amazon.budgets([p], WEST, "US")),
    "amazon status": (MADE, lambda p: amazon.report_state(p, "ads")),
    "amazon same report": (MADE, lambda p: amazon.check_same_report(p, "ads", ASKED)),
    "amazon report": (AMAZON_REPORT, lambda p: amazon.reports(p, WEST, 14)),
    "google customer": (CUSTOMER, lambda p: google.check_customer([p], WEST)),
    "google budgets": (
        GOOGLE_LIST,
        lambda p: google.budgets([p], WEST, google.standing([body(GOOGLE_LIST)], WEST)),
    ),
    "google standing": (GOOGLE_LIST, lambda p: google.standing([p], WEST)),
    "google report": (GOOGLE_REPORT, lambda p: google.reports([p], WEST, products=[body(GOOGLE_REPORT)])),
    "google products": (GOOGLE_REPORT, lambda p: google.reports([body(GOOGLE_REPORT)], WEST, products=[p])),
    "google looks": (
        GOOGLE_REPORT,
        lambda p: (google.lacks_budgets([p]), google.has_shopping([p]), google.reports([p], WEST)),
    ),
    "amazon keywords": (AMAZON_KEYWORDS, lambda p: amazon_bids.levers(LeverKind.KEYWORD, [p], WEST)),
    "amazon targets": (AMAZON_TARGETS, lambda p: amazon_bids.levers(LeverKind.PRODUCT_TARGET, [p], WEST)),
    "amazon ad groups": (
        AMAZON_GROUPS,
        lambda p: (amazon_bids.ad_groups([p], WEST), amazon_bids.levers(LeverKind.AD_GROUP, [p], WEST)),
    ),
    "amazon ads": (AMAZON_ADS, lambda p: amazon_bids.products_of([p], WEST, PRODUCT_ADS)),
    "amazon bid report": (AMAZON_BID_REPORT, lambda p: amazon_bids.reports(p, WEST, 14)),
    "google keywords": (GOOGLE_KEYWORDS, lambda p: google_bids.keywords([p], WEST)),
    "google ad groups": (GOOGLE_KEYWORDS, lambda p: google_bids.ad_groups([p], WEST)),
    "google targets": (GOOGLE_TARGETS, lambda p: google_bids.targets([p], WEST)),
    "google bid report": (GOOGLE_BID_REPORT, lambda p: google_bids.reports([p], WEST, LeverKind.KEYWORD)),
    "google target report": (
        GOOGLE_BID_REPORT,
        lambda p: google_bids.reports([p], WEST, LeverKind.TARGET_ROAS, {"1": ROAS}),
    ),
    "shopify shop": (SHOP_ZONE, lambda p: shopify.check_shop(p, WEST)),
    "shopify orders": (ORDERS, lambda p: sold(p, body(MORE))),
    "shopify lines": (MORE, lambda p: sold(body(ORDERS), p)),
    "shopify unfinished": (ORDERS, lambda p: shopify.unfinished([p], WEST)),
    "shopify changed": (ORDERS, lambda p: shopify.changed_days([p], WEST, DAY)),
    "shopify variants": (VARIANTS, lambda p: shopify.products([p], WEST)),
}


@pytest.mark.parametrize("name", PARSERS)
def test_junk_is_an_error_that_says_where_and_never_something_else(name: str) -> None:
    text, parser = PARSERS[name]
    parser(body(text))
    refusals = []
    for changed in spoilt(json.loads(text, parse_float=Decimal)):
        try:
            parser(Payload(AT, changed))
        except ConnectorError as e:
            refusals.append(e)
    assert refusals
    assert all(one.reason for one in refusals), "says what is wrong"
    errors = {one.error for one in refusals if not re.match("there is no (advertiser|profile) 7", one.reason)}
    assert errors == {"schema"}


def outcome(data: Any, kind: str, status: int = 200) -> Any:
    reply = Reply("set", status, {}, json.dumps(data, default=str).encode(), AT)
    amount = Money.parse("90.00", USD)
    if kind in ("google", "amazon"):
        return (outcome_of_google if kind == "google" else outcome_of_amazon)(reply, BudgetId(WEST.id, "1"), amount)
    if kind == "tiktok":
        return outcome_of_tiktok(reply, BudgetId(TIKTOK.id, "1"), amount)
    return outcome_of_microsoft(reply, amount)


def test_junk_never_proves_that_tiktok_set_an_amount() -> None:
    good: dict[str, Any] = {"code": 0, "message": "OK", "data": {"campaign_id": "1", "budget": 90, "failed": []}}
    for changed in spoilt(good):
        said = outcome(changed, "tiktok")
        if isinstance(said, Applied):
            assert changed["code"] == 0, changed
            data = changed.get("data")
            if isinstance(data, dict) and data.get("campaign_id") == "1":
                assert data.get("budget") in (90, None), changed
        assert not isinstance(said, Refused), changed


def test_junk_never_proves_that_microsoft_set_an_amount_or_refused_it() -> None:
    done: dict[str, Any] = {"PartialErrors": []}
    for changed in spoilt(done):
        said = outcome(changed, "microsoft")
        assert not isinstance(said, Refused), changed
        assert not isinstance(said, Applied) or changed["PartialErrors"] in ([], None), changed
    error = {"Code": 1159, "ErrorCode": "CampaignServiceInvalidBudget", "Index": 0, "Message": "No.", "Type": "x"}
    refused = {"PartialErrors": [error]}
    assert isinstance(outcome(refused, "microsoft"), Refused)
    for changed in spoilt(refused):
        said = outcome(changed, "microsoft")
        assert not isinstance(said, Applied) or changed["PartialErrors"] in ([], None), changed
        if isinstance(said, Refused):
            (one,) = changed["PartialErrors"]
            assert one.get("Index") in (0, None), changed
            assert str(one["Code"]).isdigit(), changed
            assert one["Code"] != 0, changed


def test_a_report_that_is_broken_anywhere_is_said_to_be_and_never_read_in_part() -> None:
    lines = ["TimePeriod,CampaignId,Spend", *(f'2026-10-{day:02d},{day},"1,0{day:02d}.50"' for day in range(1, 29))]
    text = ("\r\n".join(lines) + "\r\n").encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.csv", text)
    whole = packed.getvalue()
    _, rows = unpacked(whole)
    assert len(rows) == 28
    chance = random.Random(7)
    for _ in range(600):
        spoiled = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
        cut = bytes(spoiled[: chance.choice((len(spoiled), chance.randrange(len(spoiled))))])
        try:
            _, came = unpacked(cut)
        except ValueError:
            continue
        assert came == rows, "the archive's own checksum vouches for what was read"


def test_nothing_of_the_good_bodies_is_changed_by_reading_them() -> None:
    for text, parser in PARSERS.values():
        value = decoded(text.encode())
        before = copy.deepcopy(value)
        parser(Payload(AT, value))
        assert value == before


GOOGLE_DONE = {"results": [{"resourceName": "customers/1/campaignBudgets/1"}]}
GOOGLE_FAILURE = {"@type": "x", "errors": [{"errorCode": {"campaignBudgetError": "MONEY_AMOUNT_TOO_LARGE"}}]}
GOOGLE_REFUSED = {"results": [{}], "partialFailureError": {"code": 3, "message": "No.", "details": [GOOGLE_FAILURE]}}
GOOGLE_ERROR = {"error": {"code": 400, "message": "No.", "status": "INVALID_ARGUMENT", "details": [GOOGLE_FAILURE]}}
AMAZON_DONE = {"campaigns": {"success": [{"campaignId": "1", "index": 0}], "error": []}}
AMAZON_ERROR = {"errorType": "rangeError", "errorValue": {"rangeError": {"reason": "TOO_HIGH", "upperLimit": 9}}}
AMAZON_REFUSED = {"campaigns": {"success": [], "error": [{"index": 0, "errors": [AMAZON_ERROR]}]}}


@pytest.mark.parametrize(
    ("kind", "status", "good", "expected"),
    [
        ("google", 200, GOOGLE_DONE, Applied),
        ("google", 200, GOOGLE_REFUSED, Refused),
        ("google", 400, GOOGLE_ERROR, Refused),
        ("amazon", 207, AMAZON_DONE, Applied),
        ("amazon", 207, AMAZON_REFUSED, Refused),
    ],
)
def test_junk_proves_neither_what_it_did_not_nor_its_contrary(
    kind: str, status: int, good: dict[str, Any], expected: type
) -> None:
    assert isinstance(outcome(good, kind, status), expected)
    for changed in spoilt(good):
        said = outcome(changed, kind, status)
        assert isinstance(said, expected | Unresolved), changed


DELAY = {"@type": "RetryInfo", "retryDelay": "30s"}
QUOTA = {"errorCode": {"quotaError": "RESOURCE_EXHAUSTED"}, "message": "m", "details": {"quotaErrorDetails": DELAY}}
COST = {"requestedQueryCost": 50, "throttleStatus": {"currentlyAvailable": 10, "restoreRate": 100}}
ERRORS: dict[str, tuple[Callable[[Reply], Verdict], dict[str, Any]]] = {
    "tiktok": (Judge(), {"code": 40100, "message": "too many requests per second", "request_id": "r", "data": {}}),
    "microsoft": (of_microsoft, {"OperationErrors": [{"Code": 117, "ErrorCode": "CallRateExceeded", "Message": "m"}]}),
    "microsoft fault": (of_microsoft, {"ApiFaultDetail": {"Errors": [{"Code": 109, "Message": "m"}]}}),
    "google": (
        of_google,
        {"error": {"code": 429, "message": "m", "details": [DELAY, {"errors": [QUOTA]}]}},
    ),
    "amazon": (of_amazon, {"code": "THROTTLED", "details": "m", "message": "m", "errors": [{"errorType": "x"}]}),
    "shopify": (
        verdict_of("2026-10"),
        {"errors": [{"message": "m", "extensions": {"code": "THROTTLED"}}], "extensions": {"cost": COST}},
    ),
    "meta": (
        of_meta,
        {"error": {"code": 17, "error_subcode": 2446079, "message": "m", "type": "OAuthException", "is_transient": True,
                   "error_user_title": "t", "error_user_msg": "u", "error_data": {"blame_field_specs": [["a"]]}}},
    ),
    "taobao": (
        of_taobao,
        {"error_response": {"code": 7, "msg": "m", "sub_code": "accesscontrol.limited-by-app-access-count",
                            "sub_msg": "This ban will last for 2 more seconds", "request_id": "r"}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_junk_in_an_error_has_a_meaning_all_the_same(name: str) -> None:
    verdict, good = ERRORS[name]
    for status in (200, 400, 401, 429, 500):
        for changed in spoilt(good):
            found = verdict(Reply("report", status, {}, json.dumps(changed, default=str).encode(), AT))
            assert isinstance(found.meaning, Meaning)
            assert found.wait is None or found.wait >= 0, changed
            if status >= 400:
                assert found.meaning is not Meaning.OK, changed
