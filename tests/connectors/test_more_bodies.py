"""Whatever stands in a reply of TikTok or Microsoft, a parser gives values or an error that names the field."""

from __future__ import annotations

import copy
import io
import json
import random
import zipfile
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from bidder.catalog import Account
from bidder.connectors.http import Payload, Reply
from bidder.connectors.http.message import decoded
from bidder.connectors.microsoft import parse as microsoft
from bidder.connectors.microsoft.report import unpacked
from bidder.connectors.microsoft.write import outcome_of as outcome_of_microsoft
from bidder.connectors.tiktok import figures
from bidder.connectors.tiktok import parse as tiktok
from bidder.connectors.tiktok.write import outcome_of as outcome_of_tiktok
from bidder.errors import ConnectorError
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money
from bidder.plan import Applied, Refused
from tests.connectors.test_bodies import AT, spoilt

USD = Currency("USD")
TIKTOK = Account(AccountId("tiktok"), "tiktok", USD, "America/New_York")
MICROSOFT = Account(AccountId("msads"), "microsoft", USD, "America/Los_Angeles")
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


def body(text: str) -> Payload:
    return Payload(AT, decoded(text.encode()))


def known() -> tiktok.Known:
    return tiktok.budgets([body(CAMPAIGNS)], [body(GROUPS)], TIKTOK)


def found() -> microsoft.Found:
    return microsoft.budgets(body(MS_CAMPAIGNS), [body(SHARED)], MICROSOFT)


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
    "microsoft account": (ACCOUNT, lambda p: microsoft.check_account(p, MICROSOFT, "7")),
    "microsoft campaigns": (MS_CAMPAIGNS, lambda p: microsoft.budgets(p, [body(SHARED)], MICROSOFT)),
    "microsoft shared ids": (MS_CAMPAIGNS, lambda p: microsoft.shared_natives(p, MICROSOFT)),
    "microsoft shared": (SHARED, lambda p: microsoft.budgets(body(MS_CAMPAIGNS), [p], MICROSOFT)),
    "microsoft status": (STATUS, lambda p: microsoft.report_state(p, "msads")),
    "microsoft report": (MS_REPORT, lambda p: microsoft.reports([p], MICROSOFT, found())),
    "microsoft products": (
        PRODUCTS,
        lambda p: microsoft.reports([body(MS_REPORT)], MICROSOFT, found(), products=[p]),
    ),
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
    errors = {one.error for one in refusals if "there is no advertiser 7" not in one.reason}
    assert errors == {"schema"}


def outcome(data: Any, kind: str) -> Any:
    reply = Reply("set", 200, {}, json.dumps(data, default=str).encode(), AT)
    amount = Money.parse("90.00", USD)
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
