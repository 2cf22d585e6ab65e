"""What is read of an ad account: bodies as the documents show them, and where the budget sits."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from bidder.catalog import Account, BudgetStatus
from bidder.connectors.http import Payload
from bidder.connectors.meta import kind, parse
from bidder.connectors.meta.settings import MetaSettings, unit_of
from bidder.errors import ConnectorError
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money
from bidder.testing.case import a_row, day_of
from tests.connectors.http.server import answer
from tests.connectors.meta.fake import KEYS, FakeMeta, failure

USD = Currency("USD")
ACCOUNT = Account(AccountId("meta"), "meta", USD, "America/New_York")
AT = datetime(2026, 10, 15, 20, 0, tzinfo=UTC)

ADSETS = """{"data":[{"id":"2310000000001","name":"kettle","campaign_id":"2300000000001","status":"ACTIVE",
 "effective_status":"CAMPAIGN_PAUSED","daily_budget":"8000","lifetime_budget":"0"}],
 "paging":{"cursors":{"before":"QVF0","after":"QVF2"}}}"""

CAMPAIGNS = """{"data":[{"id":"2300000000001","name":"kettles","status":"PAUSED","effective_status":"PAUSED",
 "bid_strategy":"LOWEST_COST_WITHOUT_CAP"}],"paging":{"cursors":{"before":"QVF0","after":"QVF2"}}}"""

INSIGHTS = """{"data":[{"adset_id":"2310000000001","campaign_id":"2300000000001","spend":"12.34","impressions":"1200",
 "clicks":"31","date_start":"2026-10-01","date_stop":"2026-10-01",
 "actions":[{"action_type":"purchase","value":"3"},{"action_type":"omni_purchase","value":"3"},
  {"action_type":"offsite_conversion.fb_pixel_purchase","value":"3"},{"action_type":"link_click","value":"30"}],
 "action_values":[{"action_type":"purchase","value":"89.97"},{"action_type":"omni_purchase","value":"89.97"}]},
 {"adset_id":"2310000000001","campaign_id":"2300000000001","spend":"1.00","impressions":"90","clicks":"2",
  "date_start":"2026-10-02","date_stop":"2026-10-02"}],"paging":{}}"""


def payload(text: str) -> Payload:
    return Payload(AT, json.loads(text))


def read(campaigns: str = CAMPAIGNS, adsets: str = ADSETS) -> Any:
    return parse.budgets([payload(campaigns)], [payload(adsets)], ACCOUNT, Money(1_000_000, USD))


def test_ad_sets_as_the_documents_show_them() -> None:
    (one,), owners = read()
    assert (one.id, one.now) == (BudgetId(ACCOUNT.id, "2310000000001"), Money(80_000_000, USD))
    assert (one.minimum, one.step, one.overdelivery) == (Money(1_000_000, USD), Money(10_000, USD), 1.75)
    assert (one.status, one.campaigns) == (BudgetStatus.PAUSED, ("2310000000001",))
    assert owners.budget("2300000000001", "2310000000001") == "2310000000001"


def test_a_campaign_that_holds_the_budget_is_what_is_written() -> None:
    (one,), owners = read(CAMPAIGNS.replace('"name":"kettles"', '"daily_budget":"9000"'), ADSETS.replace("8000", "0"))
    assert (one.id.native, one.now) == ("2300000000001", Money(90_000_000, USD))
    assert owners.budget("2300000000001", "2310000000001") == "2300000000001"


def test_a_budget_over_a_lifetime_is_left_alone() -> None:
    lifetime = CAMPAIGNS.replace('"name":"kettles"', '"lifetime_budget":"500000","daily_budget":"0"')
    found, owners = read(lifetime, ADSETS.replace('"daily_budget":"8000",', ""))
    assert found == []
    assert owners.budget("2300000000001", "2310000000001") == "2300000000001"
    found, _ = read(adsets=ADSETS.replace('"8000"', '"0"').replace('"lifetime_budget":"0"', '"lifetime_budget":"90"'))
    assert found == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"lifetime_budget":"0"', '"lifetime_budget":"1"', "data[0].daily_budget"),
        ('"8000"', '"80.00"', "data[0].daily_budget"),
        ('"8000"', '"-1"', "data[0].daily_budget"),
        ('"campaign_id"', '"campaign"', "data[0].campaign_id: missing"),
        ('"data"', '"rows"', "data: missing"),
    ],
)
def test_an_unknown_shape_of_budgets_names_its_field(old: str, new: str, says: str) -> None:
    with pytest.raises(ConnectorError) as raised:
        read(adsets=ADSETS.replace(old, new))
    assert says in raised.value.reason


def test_one_sale_under_several_types_is_one_sale() -> None:
    _, owners = read()
    found = parse.reports([payload(INSIGHTS)], ACCOUNT, owners)
    p = found.observation(0).performance
    assert (p.impressions, p.clicks, p.spend) == (1200, 31, Money(12_340_000, USD))
    assert (p.orders, p.revenue) == (3.0, Money(89_970_000, USD))
    assert found.observation(0).day.date == date(2026, 10, 1)
    assert found.observation(1).performance.orders == 0.0
    clicks = parse.reports([payload(INSIGHTS)], ACCOUNT, owners, purchase="link_click")
    assert float(clicks.orders.sum()) == 30.0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"spend":"12.34"', '"spend":"much"', "data[0].spend"),
        ('"date_stop":"2026-10-01"', '"date_stop":"2026-10-02"', "data[0].date_stop"),
        ('"date_start":"2026-10-02","date_stop":"2026-10-02"', '"date_start":"2026-10-01"', "came twice"),
        (
            '"action_type":"purchase","value":"3"',
            '"action_type":"omni_purchase","value":"3"',
            "omni_purchase came twice",
        ),
        ('"adset_id":"2310000000001","campaign_id":"2300000000001","spend":"12.34"', '"spend":"12.34"', "campaign_id"),
    ],
)
def test_an_unknown_shape_of_figures_names_its_field(old: str, new: str, says: str) -> None:
    _, owners = read()
    assert old in INSIGHTS
    with pytest.raises(ConnectorError) as raised:
        parse.reports([payload(INSIGHTS.replace(old, new))], ACCOUNT, owners)
    assert says in raised.value.reason


def test_the_platforms_units_are_its_own() -> None:
    assert [unit_of(Currency(code)) for code in ("USD", "CNY", "JPY", "KRW", "TWD", "HUF", "CLP")] == [
        *(10_000, 10_000),
        *([1_000_000] * 5),
    ]


@pytest.mark.parametrize(("said", "number"), [("act_12", "12"), ("12", "12"), (12, "12")])
def test_an_account_id_is_taken_with_act_and_without(said: Any, number: str) -> None:
    assert MetaSettings.model_validate({"ad_account_id": said, "credentials": KEYS}).ad_account_id == number
    assert (
        MetaSettings.model_validate({"ad_account_id": SecretStr("act_12"), "credentials": KEYS}).ad_account_id == "12"
    )
    for wrong in ("act_", "acc_1", "", True, "１２"):
        with pytest.raises(ValueError, match="ad account id"):
            MetaSettings.model_validate({"ad_account_id": wrong, "credentials": KEYS})


def test_when_a_version_ends_is_known() -> None:
    keys = {"ad_account_id": "1", "credentials": KEYS}
    assert kind.sunset(MetaSettings.model_validate({**keys, "api_version": "v21.0"})) == date(2027, 1, 21)
    assert kind.sunset(MetaSettings.model_validate({**keys, "api_version": "v27.0"})) is None
    rooted = MetaSettings.model_validate({**keys, "base_url": "http://127.0.0.1:9/v25.0"})
    assert rooted.root == "", "an address that has the version already"


async def test_campaigns_and_ad_sets_are_read_at_the_level_that_owns_the_budget() -> None:
    fake = FakeMeta()
    await fake.start()
    try:
        found = {one.id.native: one for one in await fake.reader().budgets()}
        assert set(found) == {"230001", "231021", "231022"}
        assert [one.target_driven for one in found.values()] == [False, True, True]
        assert found["230001"].minimum == Money(1_000_000, USD)
        for native, says in (("230003", "lifetime"), ("231011", "no budget of its own")):
            with pytest.raises(ConnectorError, match=says):
                await fake.writer().read(BudgetId(fake.account.id, native))
    finally:
        await fake.close()


async def test_the_ad_sets_of_a_campaign_are_summed_and_never_counted_twice() -> None:
    fake = FakeMeta()
    fake.shares = [60, 40]
    await fake.start()
    try:
        fake.report([a_row(fake, 1, 0, clicks=100, spend=10_000, orders=10, revenue=50_000)])
        found = await fake.reader().performance(day_of(fake, 1), day_of(fake, 1))
        assert (found.budget.tolist(), found.clicks.tolist()) == (["230001"], [100.0])
        assert (int(found.spend[0]), float(found.orders[0])) == (100_000_000, 10.0)
    finally:
        await fake.close()


async def test_what_deleted_ad_sets_have_spent_is_asked_for() -> None:
    fake = FakeMeta()
    await fake.start()
    try:
        fake.report([a_row(fake, age, budget) for age in (2, 1) for budget in (0, 1, 2)])
        day = day_of(fake, 1)
        whole = await fake.reader().performance(day, day)
        fake.deleted = {"231021"}
        found = await fake.reader().performance(day, day)
        assert int(found.spend.sum()) == int(whole.spend.sum())
        assert len(found) == 3
    finally:
        await fake.close()


async def test_figures_of_a_campaign_that_is_gone_stay_where_they_were() -> None:
    fake = FakeMeta()
    fake.shares = [60, 40]
    await fake.start()
    try:
        fake.report([a_row(fake, 1, budget, clicks=100, spend=10_000) for budget in (0, 1)])
        day, native = day_of(fake, 1), fake.budgets[0].native
        before = await fake.reader().performance(day, day)
        fake.set_status(fake.budgets[0], BudgetStatus.REMOVED)
        after = await fake.reader().performance(day, day)
        assert native in after.budget.tolist()
        assert (after.budget.tolist(), after.spend.tolist()) == (before.budget.tolist(), before.spend.tolist())
    finally:
        await fake.close()


async def test_figures_that_are_too_much_for_a_request_come_by_a_job_that_is_waited_for() -> None:
    fake = FakeMeta()
    fake.too_much, fake.jobs_not_done = True, 3
    await fake.start()
    try:
        fake.report([a_row(fake, 1)])
        found = await fake.reader().performance(day_of(fake, 1), day_of(fake, 1))
        assert len(found) == 1
        assert fake.jobs == 2, "the account's, and its ad sets'"
        assert fake.mutations == 0
    finally:
        await fake.close()


async def test_figures_by_product_never_change_the_totals() -> None:
    fake = FakeMeta()
    fake.products = {"SKU-1": 50, "SKU-2": 47}
    await fake.start()
    try:
        fake.report([a_row(fake, 1, 0, clicks=100, spend=10_000, orders=10, revenue=50_000)])
        found = await fake.reader(by_product=True).performance(day_of(fake, 1), day_of(fake, 1))
        spend = {str(item): int(micros) for item, micros in zip(found.product, found.spend, strict=True)}
        assert spend == {"SKU-1": 53_000_000, "SKU-2": 47_000_000}
        fake.products = {"SKU-1": 90, "SKU-2": 30}
        found = await fake.reader(by_product=True).performance(day_of(fake, 1), day_of(fake, 1))
        assert (found.product.tolist(), int(found.spend.sum())) == ([""], 100_000_000)
    finally:
        await fake.close()


async def test_who_nearly_used_up_the_quota_waits_and_who_has_is_left_alone() -> None:
    fake = FakeMeta()
    entry = {"type": "ads_insights", "call_count": 95, "total_cputime": 1, "total_time": 1}
    await fake.start()
    try:
        reader = fake.reader()
        fake.usage = {"X-Business-Use-Case-Usage": json.dumps({"1": [entry]})}
        await reader.budgets()
        http = reader._client.http
        assert http.waited > 4
        entry |= {"call_count": 100, "estimated_time_to_regain_access": 19}
        fake.usage = {"X-Business-Use-Case-Usage": json.dumps({"1": [entry]})}
        with pytest.raises(ConnectorError, match="not asked for") as raised:
            await reader.performance(day_of(fake, 1), day_of(fake, 1))
        assert (raised.value.error, raised.value.waiting_helps) == ("throttled", True)
        asked = len(fake.server.got)
        with pytest.raises(ConnectorError):
            await reader.budgets()
        assert len(fake.server.got) == asked, "calling on would lengthen the block"
    finally:
        await fake.close()


async def test_tokens_stay_out_of_addresses() -> None:
    fake = FakeMeta()
    fake.rows_a_page = 1
    await fake.start()
    try:
        assert len(await fake.reader().budgets()) == 3
        for got in fake.server.got:
            assert KEYS["access_token"] not in json.dumps(dict(got.query))
            assert got.headers["Authorization"] == f"Bearer {KEYS['access_token']}"
    finally:
        await fake.close()


async def test_an_account_without_figures_of_its_own_is_read_by_its_ad_sets() -> None:
    fake = FakeMeta()
    await fake.start()
    try:
        inner = fake.server._handle
        fake.server._handle = lambda got: failure(100) if got.query.get("level") == "account" else inner(got)
        fake.report([a_row(fake, 1)])
        assert len(await fake.reader().performance(day_of(fake, 1), day_of(fake, 1))) == 1
    finally:
        await fake.close()


async def test_figures_by_product_that_are_not_offered_are_asked_for_once() -> None:
    fake = FakeMeta()
    await fake.start()
    try:
        inner = fake.server._handle
        fake.server._handle = lambda got: failure(100) if "breakdowns" in got.query else inner(got)
        fake.report([a_row(fake, 1)])
        reader = fake.reader(by_product=True)
        for _ in range(2):
            assert len(await reader.performance(day_of(fake, 1), day_of(fake, 1))) == 1
        assert sum("breakdowns" in got.query for got in fake.server.got) == 1
    finally:
        await fake.close()


@pytest.mark.parametrize("status", ["Job Failed", "Job Skipped"])
async def test_a_job_that_fails_is_an_error_that_waiting_helps(status: str) -> None:
    fake = FakeMeta()
    await fake.start()
    try:
        inner = fake.server._handle
        said = answer({"id": "6021", "async_status": status, "async_percent_completion": 0})
        fake.server._handle = lambda got: said if got.path == "/v25.0/6021" else inner(got)
        with pytest.raises(ConnectorError, match=status) as raised:
            await fake.reader(reports="job").performance(day_of(fake, 1), day_of(fake, 1))
        assert raised.value.waiting_helps
    finally:
        await fake.close()


async def test_a_cursor_that_leads_to_the_same_page_is_an_error_and_one_only_in_the_address_is_taken() -> None:
    fake = FakeMeta()
    page = {"data": [], "paging": {"next": "https://graph.facebook.com/x?access_token=t&after=QVF2"}}
    pages = [page, {"data": []}, page, page]
    await fake.start()
    try:
        inner = fake.server._handle
        fake.server._handle = lambda got: answer(pages.pop(0)) if got.path.endswith("/campaigns") else inner(got)
        await fake.reader().budgets()
        assert [got.query.get("after") for got in fake.server.got if got.path.endswith("/campaigns")] == [None, "QVF2"]
        with pytest.raises(ConnectorError, match="the same page again"):
            await fake.reader().budgets()
    finally:
        await fake.close()
