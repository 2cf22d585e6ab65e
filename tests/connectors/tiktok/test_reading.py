"""What is read of an advertiser: bodies as the documents show them, and where the budget sits."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from bidder.catalog import Account, BudgetStatus
from bidder.connectors.http import Payload
from bidder.connectors.sandbox import SandboxSettings
from bidder.connectors.tiktok import TikTokSettings, figures, kind, limits, parse
from bidder.connectors.tiktok.ways import Way
from bidder.errors import ConnectorError
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money
from bidder.testing.case import a_row, day_of, error_of
from tests.connectors.http.odd import turning
from tests.connectors.http.server import Answer, Got, answer
from tests.connectors.tiktok.fake import ADVERTISER, KEYS, RENEWABLE, FakeTikTok, said

USD = Currency("USD")
ACCOUNT = Account(AccountId("tiktok"), "tiktok", USD, "America/New_York")
AT = datetime(2026, 10, 15, 20, 0, tzinfo=UTC)


def usd(amount: str) -> Money:
    return Money.parse(amount, USD)


def pages(*rows: dict[str, Any], total: int | None = None) -> list[Payload]:
    info = {"page": 1, "page_size": 1000, "total_number": len(rows) if total is None else total, "total_page": 1}
    return [Payload(AT, {"code": 0, "data": {"list": list(rows), "page_info": info}})]


CAMPAIGN: dict[str, Any] = {
    "campaign_id": "1",
    "campaign_name": "kettles",
    "operation_status": "ENABLE",
    "secondary_status": "CAMPAIGN_STATUS_ENABLE",
    "budget": 80,
    "budget_mode": "BUDGET_MODE_DAY",
    "budget_optimize_on": True,
}
GROUP: dict[str, Any] = {
    "adgroup_id": "11",
    "campaign_id": "1",
    "adgroup_name": "kettle",
    "operation_status": "ENABLE",
    "secondary_status": "ADGROUP_STATUS_DELIVERY_OK",
    "budget": Decimal("30.5"),
    "budget_mode": "BUDGET_MODE_DAY",
}


def read(campaign: dict[str, Any], *groups: dict[str, Any], account: Account = ACCOUNT) -> parse.Known:
    return parse.budgets(pages({**CAMPAIGN, **campaign}), pages(*({**GROUP, **one} for one in groups)), account)


# ---- whose budget it is


@pytest.mark.parametrize(
    ("campaign", "native", "way"),
    [
        ({}, "1", Way.CAMPAIGN),
        ({"budget_mode": "BUDGET_MODE_DYNAMIC_DAILY_BUDGET"}, "1", Way.CAMPAIGN),
        ({"campaign_automation_type": "UPGRADED_SMART_PLUS"}, "1", Way.SMART_CAMPAIGN),
        ({"campaign_automation_type": "SMART_PLUS", "budget_optimize_on": None}, "1", Way.LEGACY_SMART),
        ({"is_smart_performance_campaign": True, "budget_optimize_on": False}, "1", Way.LEGACY_SMART),
        ({"budget_optimize_on": False, "budget_mode": "BUDGET_MODE_INFINITE", "budget": 0}, "11", Way.AD_GROUP),
        ({"budget_optimize_on": None, "budget_mode": "BUDGET_MODE_DAY"}, "11", Way.AD_GROUP),
        (
            {"budget_optimize_on": False, "campaign_automation_type": "UPGRADED_SMART_PLUS"},
            "11",
            Way.SMART_AD_GROUP,
        ),
        ({"budget_mode": "BUDGET_MODE_TOTAL"}, None, None),
    ],
)
def test_a_budget_is_read_at_the_level_that_owns_it_and_once(
    campaign: dict[str, Any], native: str | None, way: Way | None
) -> None:
    known = read(campaign, {})
    assert [one.id.native for one in known.budgets] == ([] if native is None else [native])
    assert known.ways == ({} if native is None else {native: way})
    assert known.holds("1") == (native != "11")


def test_an_ad_group_over_a_lifetime_is_left_alone() -> None:
    known = read({"budget_optimize_on": False}, {"budget_mode": "BUDGET_MODE_TOTAL"})
    assert known.budgets == []
    assert not known.holds("1")


def test_the_platforms_limits_are_those_of_the_currency_and_of_what_is_sold() -> None:
    (one,) = read({}).budgets
    assert (one.minimum, one.maximum, one.step) == (usd("50"), usd("9999999.99"), usd("0.01"))
    (one,) = read({"campaign_product_source": "STORE"}).budgets
    assert one.minimum == usd("10")
    (one,) = read({"budget_optimize_on": False, "budget_mode": "BUDGET_MODE_DAY", "budget": 60}, {}).budgets
    assert (one.minimum, one.maximum) == (usd("20"), usd("60")), "no ad group has more than the campaign's cap"
    (one,) = read({"budget_optimize_on": False, "budget_mode": "BUDGET_MODE_INFINITE"}, {"budget": 5}).budgets
    assert one.minimum == usd("5"), "made in simplified mode"
    yen = Account(ACCOUNT.id, "tiktok", Currency("JPY"), "Asia/Tokyo")
    (one,) = read({"budget": 8000}, account=yen).budgets
    assert [str(limit) for limit in (one.minimum, one.step, one.maximum)] == ["5000", "1", "999999999"]
    assert limits.least(Currency("XXX"), 50) is limits.most(Currency("XXX")) is None
    assert str(limits.step_of(Currency("TWD"))) == "1.00", "it has a minor unit, but not here"


@pytest.mark.parametrize(
    ("said_of_it", "status", "limited"),
    [
        ({}, BudgetStatus.ACTIVE, None),
        ({"operation_status": "DISABLE"}, BudgetStatus.PAUSED, None),
        ({"secondary_status": "CAMPAIGN_STATUS_DISABLE"}, BudgetStatus.PAUSED, None),
        ({"secondary_status": "CAMPAIGN_STATUS_DELETE"}, BudgetStatus.REMOVED, None),
        ({"secondary_status": "CAMPAIGN_STATUS_BUDGET_EXCEED"}, BudgetStatus.ACTIVE, True),
        ({"secondary_status": "CAMPAIGN_STATUS_SOMETHING_NEW"}, BudgetStatus.ACTIVE, None),
        ({"secondary_status": None}, BudgetStatus.ACTIVE, None),
    ],
)
def test_whatever_is_not_known_to_rest_may_spend(
    said_of_it: dict[str, Any], status: BudgetStatus, limited: bool | None
) -> None:
    (one,) = read(said_of_it).budgets
    assert (one.status, one.limited) == (status, limited)


def test_ad_groups_of_a_campaign_that_rests_rest() -> None:
    own = {"budget_optimize_on": False, "budget_mode": "BUDGET_MODE_INFINITE"}
    assert [one.status for one in read({**own, "operation_status": "DISABLE"}, {}).budgets] == [BudgetStatus.PAUSED]
    assert [one.status for one in read(own, {"operation_status": "DISABLE"}).budgets] == [BudgetStatus.PAUSED]


def test_what_a_day_may_cost_beyond_its_budget_is_told() -> None:
    dynamic = {"budget_mode": "BUDGET_MODE_DYNAMIC_DAILY_BUDGET"}
    assert [one.overdelivery for one in read({}).budgets] == [1.0]
    assert [one.overdelivery for one in read(dynamic).budgets] == [1.25]
    rising = {**dynamic, "budget_auto_adjust_strategy": "AUTO_BUDGET_INCREASE"}
    assert [one.overdelivery for one in read(rising).budgets] == [3.75], "a fifth ten times"
    assert [one.target_driven for one in read({"deep_bid_type": "VO_MIN_ROAS"}).budgets] == [True]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"campaign_id": "x"}, r"data\.list\[0\]\.campaign_id: expected an id"),
        ({"campaign_id": None}, r"data\.list\[0\]\.campaign_id: missing"),
        ({"budget": None}, r"data\.list\[0\]\.budget: missing"),
        ({"budget": -1}, r"data\.list\[0\]\.budget: expected a number"),
        ({"budget": "much"}, r"data\.list\[0\]\.budget: expected a number"),
        ({"budget": 0}, r"data\.list\[0\]\.budget: 1 has a daily budget of nothing"),
    ],
)
def test_an_unknown_shape_names_its_field(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ConnectorError, match=words):
        read(change)


def test_what_comes_twice_and_what_is_missing_is_an_error() -> None:
    with pytest.raises(ConnectorError, match="1 came twice"):
        parse.budgets(pages(CAMPAIGN, CAMPAIGN), pages(), ACCOUNT)
    with pytest.raises(ConnectorError, match="11 came twice"):
        parse.budgets(pages(CAMPAIGN), pages(GROUP, GROUP), ACCOUNT)
    with pytest.raises(ConnectorError, match="said 7 rows, 1 came") as caught:
        parse.budgets(pages(CAMPAIGN, total=7), pages(), ACCOUNT)
    assert caught.value.waiting_helps
    with pytest.raises(ConnectorError, match=r"data\.page_info: missing"):
        parse.budgets([Payload(AT, {"code": 0, "data": {"list": []}})], pages(), ACCOUNT)


# ---- figures


def a_day(level: str, native: str, spend: str, day: str = "2026-10-01 00:00:00", **more: Any) -> dict[str, Any]:
    metrics = {"spend": spend, "impressions": "1200", "clicks": "31", "complete_payment": "3"}
    found = {"dimensions": {f"{level}_id": native, "stat_time_day": day}}
    return {**found, "metrics": {**metrics, "total_complete_payment_rate": "89.97", **more}}


METRICS = ("complete_payment", "total_complete_payment_rate")


def test_figures_as_the_documents_show_them() -> None:
    known = read({}, {})
    found = figures.reports(pages(a_day("campaign", "1", "12.34")), [], ACCOUNT, known, METRICS)
    one = found.observation(0)
    p = one.performance
    assert (p.impressions, p.clicks, p.spend, p.orders, p.revenue) == (1200, 31, usd("12.34"), 3.0, usd("89.97"))
    assert (one.budget, one.day.date, one.name) == (BudgetId(ACCOUNT.id, "1"), date(2026, 10, 1), "kettles")


def test_ad_groups_have_to_have_spent_what_their_campaign_has() -> None:
    known = read({"budget_optimize_on": False}, {}, {"adgroup_id": "12"})
    whole = pages(a_day("campaign", "1", "12.35"))
    parts = [a_day("adgroup", "11", "10.00", campaign_id="1"), a_day("adgroup", "12", "2.34")]
    found = figures.reports(whole, pages(*parts), ACCOUNT, known, METRICS)
    assert sorted(found.budget.tolist()) == ["11", "12"], "a cent of rounding is let pass"
    with pytest.raises(ConnectorError, match=r"rows are missing: on 2026-10-01 campaign 1 spent 12\.35") as caught:
        figures.reports(whole, pages(parts[0]), ACCOUNT, known, METRICS)
    assert caught.value.waiting_helps
    with pytest.raises(ConnectorError, match="11 on 2026-10-01 came twice"):
        figures.reports(whole, pages(parts[0], parts[0]), ACCOUNT, known, METRICS)
    with pytest.raises(ConnectorError, match="nobody knows the campaign of 77"):
        figures.reports(whole, pages(a_day("adgroup", "77", "2.34")), ACCOUNT, known, METRICS)


def test_a_campaign_that_nobody_knows_keeps_its_figures() -> None:
    found = figures.reports(pages(a_day("campaign", "9", "12.34")), [], ACCOUNT, read({}), METRICS)
    assert found.budget.tolist() == ["9"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (a_day("campaign", "1", "-"), r"data\.list\[0\]\.metrics\.spend: expected a number"),
        (a_day("campaign", "1", "1", clicks=None), r"data\.list\[0\]\.metrics\.clicks: missing"),
        (a_day("campaign", "1", "1", "2026-10-01 13:00:00"), r"stat_time_day: expected a day"),
        (a_day("campaign", "1", "1", "1 October"), r"stat_time_day: expected a day"),
        (a_day("campaign", "1", "1", "yesterday"), r"dimensions\.stat_time_day: expected a date"),
        (a_day("adgroup", "1", "1"), r"data\.list\[0\]\.dimensions\.campaign_id: missing"),
    ],
)
def test_an_unknown_shape_of_figures_names_its_field(row: dict[str, Any], words: str) -> None:
    with pytest.raises(ConnectorError, match=words):
        figures.reports(pages(row), [], ACCOUNT, read({}), METRICS)


async def test_a_report_is_asked_for_in_spans_of_thirty_days(served: Callable[..., Any]) -> None:
    made = await served(FakeTikTok)
    made.report([a_row(made, age) for age in range(1, 66)])
    found = await made.reader().performance(day_of(made, 65), day_of(made, 1))
    asked = [got.query for got in made.server.got if got.path.endswith("report/integrated/get/")]
    assert len(found) == 65
    assert [one["start_date"] for one in asked] == [day_of(made, 65 - 30 * k).isoformat() for k in range(3)]
    days = [date.fromisoformat(one["end_date"]) - date.fromisoformat(one["start_date"]) for one in asked]
    assert max(days) == timedelta(days=29)


async def test_ad_groups_are_asked_for_only_where_a_campaign_leaves_the_budget_to_them(
    served: Callable[..., Any],
) -> None:
    made = await served(FakeTikTok)
    made.tells_campaign = False
    made.report([a_row(made, 1, 0)])
    day = day_of(made, 1)
    await made.reader().performance(day, day)
    made.report([a_row(made, 1, budget) for budget in range(3)])
    found = await made.reader().performance(day, day)
    levels = [got.query["data_level"] for got in made.server.got if "data_level" in got.query]
    assert levels == ["AUCTION_CAMPAIGN", "AUCTION_CAMPAIGN", "AUCTION_ADGROUP"]
    assert sorted(found.budget.tolist()) == sorted(one.native for one in made.budgets[:3])
    made.lost_groups = {made.budgets[1].native}
    error = await error_of(made.reader().performance(day, day))
    assert "rows are missing" in error.reason


async def test_figures_of_what_is_deleted_stay_where_they_were(served: Callable[..., Any]) -> None:
    made = await served(FakeTikTok)
    made.report([a_row(made, 1, budget) for budget in range(3)])
    day = day_of(made, 1)
    before = await made.reader().performance(day, day)
    for budget in made.budgets[:2]:
        made.set_status(budget, BudgetStatus.REMOVED)
    after = await made.reader().performance(day, day)
    assert (after.budget.tolist(), after.spend.tolist()) == (before.budget.tolist(), before.spend.tolist())


@pytest.mark.parametrize(
    ("purchase", "count"), [("website", "complete_payment"), ("app", "total_purchase"), ("shop", "onsite_shopping")]
)
async def test_an_order_is_the_event_that_was_chosen(served: Callable[..., Any], purchase: str, count: str) -> None:
    made = await served(FakeTikTok)
    day = day_of(made, 1)
    found = await made.reader(purchase=purchase).performance(day, day)
    asked = [json.loads(got.query["metrics"]) for got in made.server.got if "metrics" in got.query]
    assert asked[0][3] == count
    assert float(found.orders.sum()) == 4.0


async def test_the_sum_of_all_figures_is_the_platforms_whatever_the_pages(served: Callable[..., Any]) -> None:
    made = await served(FakeTikTok)
    made.rows_a_page = 3
    made.report([a_row(made, age, budget) for age in range(1, 8) for budget in range(6)])
    found = await made.reader().performance(day_of(made, 7), day_of(made, 1))
    assert len(found) == 42
    assert int(found.spend.sum()) == sum(row.performance.spend.micros for row in made.planted)


# ---- GMV Max


async def test_gmv_max_is_read_from_lists_of_its_own(served: Callable[..., Any]) -> None:
    made = await served(FakeTikTok)
    first = made.with_gmv_max(
        auto_budget={"auto_budget_enabled": True, "budget_increase_percentage": 50, "increase_limit": 4}
    )
    live = made.with_gmv_max("1805002", "LIVE", deep_bid_type=None)
    for native, cost in ((first.native, "101.50"), (live.native, "12.00")):
        metrics = {"cost": cost, "orders": "7", "gross_revenue": "432.10"}
        made.gmv_rows.append(
            {"dimensions": {"campaign_id": native, "stat_time_day": f"{day_of(made, 1)} 00:00:00"}, "metrics": metrics}
        )
    assert first not in {one.id for one in await made.reader().budgets()}, "only where it is asked for"
    found = {one.id: one for one in await made.reader(gmv_max=True).budgets()}
    assert (found[first].now, found[first].minimum, found[first].channel) == (usd("200"), usd("10"), "site")
    assert (found[first].overdelivery, found[first].target_driven) == (3.0, True)
    assert (found[live].channel, found[live].target_driven, found[live].overdelivery) == ("live", False, 1.0)
    day = day_of(made, 1)
    reports = await made.reader(gmv_max=True).performance(day, day)
    rows = {str(one.budget): one.performance for one in (reports.observation(k) for k in range(len(reports)))}
    p = rows[str(first)]
    assert (p.spend, p.orders, p.revenue) == (usd("101.50"), 7.0, usd("432.10"))
    assert p.impressions is p.clicks is None, "not told, which is not none"
    others = sum(row.performance.spend.micros for row in made.planted if row.day == day)
    assert int(reports.spend.sum()) == 113_500_000 + others


async def test_a_gmv_max_campaign_that_other_lists_have_too_is_counted_once(served: Callable[..., Any]) -> None:
    made = await served(FakeTikTok)
    twice = made.with_gmv_max("1801002")
    day = day_of(made, 1)
    made.report([a_row(made, 1, 0), a_row(made, 1, made.budgets.index(twice))])
    made.gmv_rows = [
        {
            "dimensions": {"campaign_id": "1801002", "stat_time_day": f"{day}"},
            "metrics": {"cost": "5.00", "orders": "1", "gross_revenue": "9.00"},
        }
    ]
    budgets = await made.reader(gmv_max=True).budgets()
    assert [one.id for one in budgets].count(twice) == 1
    reports = await made.reader(gmv_max=True).performance(day, day)
    assert reports.budget.tolist().count("1801002") == 1


# ---- the account and its settings


async def test_an_advertiser_that_the_token_does_not_know_is_said_with_what_to_check(
    served: Callable[..., Any],
) -> None:
    made = await served(FakeTikTok)
    made.server._handle = lambda got: said(0, data={"list": []})
    error = await error_of(made.reader().budgets())
    assert (error.error, error.waiting_helps) == ("auth", False)
    assert "check advertiser_id" in error.reason


async def test_the_zone_is_the_one_that_has_a_name(served: Callable[..., Any]) -> None:
    made = await served(FakeTikTok)
    made.account = Account(made.account.id, "tiktok", USD, "Asia/Shanghai", zone_written=False)
    reader = made.reader()
    await reader.budgets()
    assert reader.account.timezone == "America/New_York"


@pytest.mark.parametrize("body", [{}, {"code": 0}, {"code": 0, "data": {}}, {"code": 0, "data": {"list": None}}, []])
async def test_a_success_without_its_list_is_never_an_empty_one(served: Callable[..., Any], body: Any) -> None:
    def listless(got: Got, known: Answer) -> Answer:
        return known if "advertiser/info" in got.path else answer(body)

    made = await served(turning(FakeTikTok, listless))
    for reading in (made.reader().budgets(), made.reader().performance(day_of(made, 2), day_of(made, 1))):
        with pytest.raises(ConnectorError):
            await reading


@pytest.mark.parametrize(
    ("base", "root"),
    [
        ("https://business-api.tiktok.com", "/open_api/v1.3"),
        ("https://business-api.tiktok.com/open_api", "/v1.3"),
        ("https://business-api.tiktok.com/open_api/v1.3/", ""),
    ],
)
def test_an_address_may_have_the_version_already(base: str, root: str) -> None:
    found = TikTokSettings.model_validate({"advertiser_id": 7, "credentials": KEYS, "base_url": base})
    assert (found.root, found.pace) == (root, 5.0)
    sandbox = {"advertiser_id": "7", "credentials": KEYS, "base_url": "https://sandbox-ads.tiktok.com"}
    assert TikTokSettings.model_validate(sandbox).pace == 1.0


@pytest.mark.parametrize("wrong", ["", "act_7", True, "７", SecretStr("x7")])
def test_an_advertiser_id_is_digits(wrong: Any) -> None:
    with pytest.raises(ValidationError, match="advertiser id of digits") as caught:
        TikTokSettings.model_validate({"advertiser_id": wrong, "credentials": KEYS})
    assert "x7" not in str(caught.value)
    hidden = TikTokSettings.model_validate({"advertiser_id": SecretStr(ADVERTISER), "credentials": KEYS})
    assert hidden.advertiser_id == ADVERTISER


@pytest.mark.parametrize("keys", [{}, {"app_id": "a"}, {**KEYS, "app_id": "a", "app_secret": "b"}])
def test_credentials_that_are_not_whole_are_refused(keys: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="expected"):
        TikTokSettings.model_validate({"advertiser_id": "7", "credentials": keys})
    renewable = TikTokSettings.model_validate({"advertiser_id": "7", "credentials": RENEWABLE})
    assert renewable.credentials.access_token is None


def test_the_kind_takes_its_own_settings_alone() -> None:
    settings = TikTokSettings.model_validate({"advertiser_id": "7", "credentials": KEYS})
    assert kind.reader(ACCOUNT, settings).account == ACCOUNT
    assert kind.writer(ACCOUNT, settings).account == ACCOUNT
    with pytest.raises(TypeError, match="expected TikTokSettings"):
        kind.reader(ACCOUNT, SandboxSettings())
