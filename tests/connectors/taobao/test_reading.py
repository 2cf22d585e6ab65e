"""What is read of a seller's account: bodies as the documents show them, and what the platform leaves out."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bidder.catalog import Account, BudgetStatus
from bidder.connectors.http import Payload
from bidder.connectors.taobao import parse
from bidder.connectors.taobao.top import unwrapped
from bidder.errors import ConnectorError
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money
from bidder.testing.case import a_row, day_of
from tests.connectors.http.server import Got, answer
from tests.connectors.taobao.fake import KEYS, NEW, FakeSimba, FakeTaobao, error, form_of

CNY = Currency("CNY")
ACCOUNT = Account(AccountId("wxt"), "taobao", CNY, "Asia/Shanghai")
AT = datetime(2026, 10, 15, 6, 0, tzinfo=UTC)

FINDPAGE = """{"universalbp_new_campaign_findpage_response":{"request_id":"16n","top_result":{"info":{"ok":true,
 "message":"","error_code":""},"campaign_v_o_top_bulk_data":{"count":3,"campaign_v_o_list":{"campaign_v_o":[
  {"campaign_id":68796878069,"campaign_name":"热水壶","display_status":"start","online_status":1,
   "biz_code":"onebpSearch","dmc_type":"normal","day_budget":"100","smooth_option":"smooth","promotion_type":"item",
   "launch_time":{"start_time":"2023-06-09 00:00:00","end_time":"2199-02-01 00:00:00"}},
  {"campaign_id":68796878070,"campaign_name":"保温杯","display_status":"wait","online_status":1,
   "biz_code":"onebpSearch","dmc_type":"normal","day_budget":"35.00"},
  {"campaign_id":68796878071,"campaign_name":"不限","display_status":"start","dmc_type":"unlimit"}]}}}}}"""

REPORT = """{"universalbp_new_report_query_campaign_response":{"request_id":"16n","top_result":{"info":{"ok":true},
 "top_report_v_o_top_bulk_data":{"count":2,"top_report_v_o_list":{"top_report_v_o":[
  {"thedate":"2026-10-01","campaign_id":"68796878069","ad_pv":"1200","click":"31","charge":"45.67",
   "alipay_inshop_amt":"239.00","alipay_inshop_num":"3"},
  {"thedate":"2026-10-02 00:00:00","campaign_id":"68796878069","ad_pv":"900","click":"20","charge":"30.10"}]}}}}}"""


def payload(text: str) -> Payload:
    return Payload(AT, unwrapped(json.loads(text)))


def test_campaigns_as_the_documents_show_them() -> None:
    first, second = parse.budgets([payload(FINDPAGE)], ACCOUNT, "onebpSearch")
    assert first.id == BudgetId(ACCOUNT.id, "68796878069")
    assert (first.name, first.now, first.channel) == ("热水壶", Money(100_000_000, CNY), "search")
    assert (first.minimum, first.step, first.status) == (Money(30_000_000, CNY), Money(1_000_000, CNY), "active")
    assert first.read_at == AT
    assert (second.now, second.status) == (Money(35_000_000, CNY), BudgetStatus.PAUSED)


def test_a_report_as_the_documents_show_it() -> None:
    one, two = parse.reports([payload(REPORT)], ACCOUNT, "onebpSearch", 15)
    p = one.performance
    assert (one.campaign, one.day.date, one.window) == ("68796878069", date(2026, 10, 1), 15)
    assert (p.impressions, p.clicks, p.orders) == (1200, 31, 3.0)
    assert (p.spend, p.revenue) == (Money(45_670_000, CNY), Money(239_000_000, CNY))
    assert (two.day.date, two.performance.orders) == (date(2026, 10, 2), 0.0), "told elsewhere, so none here"


def test_sales_that_no_row_tells_are_unknown_and_not_zero() -> None:
    text = REPORT.replace('"alipay_inshop_amt":"239.00","alipay_inshop_num":"3"', '"x":"1"')
    for one in parse.reports([payload(text)], ACCOUNT, "onebpSearch", 15):
        assert (one.performance.orders, one.performance.revenue) == (None, None)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"count":3', '"counts":3', "campaign_v_o_top_bulk_data.count: missing"),
        ('"day_budget":"100"', '"day_budget":"hundred"', "campaign_v_o[0].day_budget"),
        ('"day_budget":"100",', "", "campaign_v_o[0].day_budget: missing"),
        ('"day_budget":"100"', '"day_budget":"-1"', "campaign_v_o[0].day_budget"),
        ('"display_status":"wait"', '"display_status":"sleeping"', "campaign_v_o[1].display_status"),
        ("68796878070", "68796878069", "came twice"),
        ('"dmc_type":"unlimit"', '"kind":"unlimit"', "campaign_v_o[2].dmc_type: missing"),
    ],
)
def test_an_unknown_shape_names_its_field(old: str, new: str, says: str) -> None:
    assert old in FINDPAGE
    with pytest.raises(ConnectorError) as raised:
        parse.budgets([payload(FINDPAGE.replace(old, new))], ACCOUNT, "onebpSearch")
    assert says in raised.value.reason
    assert raised.value.error == "schema"


async def test_each_scene_is_a_list_of_its_own_and_those_without_a_daily_limit_are_left_alone() -> None:
    fake = FakeTaobao()
    await fake.start()
    try:
        found = {one.id.native: one for one in await fake.reader().budgets()}
        assert {native: one.channel for native, one in found.items()} == {
            "50100001": "search",
            "50200002": "feed",
            "50300003": "search",
        }
        assert found["50200002"].target_driven
        one_scene = await fake.reader(scenes=["onebpDisplay"]).budgets()
        assert [one.id.native for one in one_scene] == ["50200002"]
        asked = [form["method"] for form in fake.forms]
        assert asked.count("taobao.universalbp.new.account.get.can.use.bizcode") == 1, "not where they are written"
        with pytest.raises(ConnectorError, match="unlimit"):
            await fake.writer().read(BudgetId(fake.account.id, "50900009"))
    finally:
        await fake.close()


@pytest.mark.parametrize("method", ["md5", "hmac", "hmac-sha256"])
async def test_the_platform_takes_each_signature(method: str) -> None:
    fake = FakeTaobao()
    await fake.start()
    try:
        assert len(await fake.reader(sign_method=method).budgets()) == 3
        assert {form["sign_method"] for form in fake.forms} == {method}
        context = {"login_type": "agency", "member_id": 4711}
        await fake.reader(**context).budgets()
        assert json.loads(fake.forms[-1]["top_service_context"])["member_id"] == "4711"
    finally:
        await fake.close()


async def test_a_long_list_comes_whole_whatever_it_asks_for_twice() -> None:
    fake = FakeTaobao()
    fake.scenes |= {f"7{k:07d}": "onebpSearch" for k in range(47)}
    fake.states |= {f"7{k:07d}": type(fake.states["50100001"])(50_000_000) for k in range(47)}
    await fake.start()
    try:
        assert len(await fake.reader().budgets()) == 50
    finally:
        await fake.close()


async def test_figures_by_item_never_change_the_totals() -> None:
    fake = FakeTaobao()
    fake.items = {"50100001": {"71": 60, "72": 38}}
    await fake.start()
    try:
        rows = [a_row(fake, 1, budget, clicks=400, spend=10_000, orders=10, revenue=100_000) for budget in (0, 1)]
        fake.report(rows)
        day = day_of(fake, 1)
        found = await fake.reader().performance(day, day)
        by_item = {str(item): int(spend) for item, spend in zip(found.product, found.spend, strict=True)}
        assert by_item == {"71": 62_000_000, "72": 38_000_000, "750200002": 100_000_000}
        assert float(found.clicks.sum()) == 800
        for items in ({"71": 60, "72": 70}, {"71": 60}):
            fake.items = {"50100001": items}
            found = await fake.reader().performance(day, day)
            assert [str(item) for item in found.product[found.campaign == "50100001"]] == [""], "not the campaign's"
            assert int(found.spend.sum()) == 200_000_000
        found = await fake.reader(by_product=False).performance(day, day)
        assert set(found.product.tolist()) == {""}
    finally:
        await fake.close()


async def test_one_campaign_is_found_in_the_list_where_it_cannot_be_asked_for_alone() -> None:
    fake = FakeTaobao()
    fake.refusing = {"taobao.universalbp.new.campaign.get": error(22, "", "", "Invalid Method")}
    await fake.start()
    try:
        writer, budget = fake.writer(), fake.budgets[1]
        assert (await writer.read(budget)).now == fake.in_force(budget)
        with pytest.raises(ConnectorError, match="no campaign"):
            await writer.read(BudgetId(fake.account.id, "51111111"))
    finally:
        await fake.close()


async def test_scenes_that_the_platform_does_not_list_have_to_be_written() -> None:
    fake = FakeTaobao()
    fake.refusing = {"taobao.universalbp.new.account.get.can.use.bizcode": error(22, "", "", "Invalid Method")}
    await fake.start()
    try:
        with pytest.raises(ConnectorError, match="write scenes"):
            await fake.reader().budgets()
        assert len(await fake.reader(scenes=["onebpSearch", "onebpDisplay"]).budgets()) == 3
    finally:
        await fake.close()


async def test_what_the_app_may_not_ask_is_done_without_or_asked_otherwise() -> None:
    fake = FakeTaobao()
    new = "taobao.universalbp.new."
    denied = error(11, "isv.permission-api-package-limit", "scope ids is 12345", "Insufficient isv permissions")
    await fake.start()
    try:
        fake.report([a_row(fake, 1)])
        day, reader = day_of(fake, 1), fake.reader()
        fake.refusing = {f"{new}report.query.campaign": denied, f"{new}report.query.item.promotion": denied}
        for _ in range(2):
            found = await reader.performance(day, day)
            assert (len(found), found.product[0]) == (1, "")
        asked = [form["method"] for form in fake.forms]
        assert asked.count(f"{new}report.query.campaign") == 1, "learned once"
        assert asked.count(f"{new}report.query.item.promotion") == 1, "learned once"
        fake.refusing[f"{new}report.query.campaign.special"] = denied
        with pytest.raises(ConnectorError, match="permission"):
            await fake.reader().performance(day, day)
    finally:
        await fake.close()


async def test_a_clock_that_is_wrong_is_said() -> None:
    fake = FakeTaobao()
    await fake.start()
    try:
        fake.skew = day_of(fake, 0) - day_of(fake, 1)
        with pytest.raises(ConnectorError, match="clock"):
            await fake.reader().budgets()
    finally:
        await fake.close()


async def test_simba_budgets_without_a_limit_are_left_alone_and_those_that_are_spent_are_told() -> None:
    fake = FakeSimba()
    await fake.start()
    try:
        found = {one.id.native: one for one in await fake.reader().budgets()}
        assert set(found) == set(fake.states)
        assert [one.limited for one in found.values()] == [False, True, False]
        assert found["60000001"].maximum == Money(99_999_000_000, CNY)
        with pytest.raises(ConnectorError, match="no daily limit"):
            await fake.writer().read(BudgetId(fake.account.id, "60000009"))
    finally:
        await fake.close()


async def test_simba_reports_of_old_are_taken_where_there_are_no_others() -> None:
    fake = FakeSimba()
    fake.old = True
    await fake.start()
    try:
        fake.report([a_row(fake, age, budget) for age in (3, 2, 1) for budget in (0, 1)])
        found = await fake.reader().performance(day_of(fake, 3), day_of(fake, 2))
        expected = [row.performance for row in fake.planted if row.day != day_of(fake, 1)]
        assert len(found) == 4
        assert int(found.spend.sum()) == sum(one.spend.micros for one in expected if one.spend)
        assert int(found.revenue.sum()) == sum(one.revenue.micros for one in expected if one.revenue)
        assert float(found.orders.sum()) == sum(one.orders or 0 for one in expected)
    finally:
        await fake.close()


async def test_simba_keywords_are_read_with_prices_in_fen() -> None:
    fake: Any = FakeSimba()
    await fake.start()
    try:
        found = await fake.reader().keywords("60000001")
        assert [(one.word, one.price, one.quality, one.product) for one in found[:2]] == [
            ("保温壶", Money(1_250_000, CNY), 7, "900"),
            ("热水壶", None, None, "900"),
        ]
        assert len(found) == 4
        assert fake.mutations == 0
    finally:
        await fake.close()
    other = FakeTaobao()
    await other.start()
    try:
        with pytest.raises(ConnectorError, match="simba"):
            await other.reader().keywords("1")
    finally:
        await other.close()


async def test_a_session_is_renewed_by_oauth_where_an_address_is_given() -> None:
    fake = FakeTaobao()
    await fake.start()
    try:
        inner = fake.server._handle
        forms: list[dict[str, str]] = []

        def handled(got: Got) -> Any:
            if got.path != "/oauth/token":
                return inner(got)
            forms.append(form_of(got))
            return answer({"access_token": f"{NEW}9", "expires_in": 3600, "refresh_token": "canary-refresh-77a0-next"})

        fake.server._handle = handled
        reader = fake.reader(token_url=f"{fake.server.url}/oauth/token")
        for _ in range(2):
            fake.expired = {KEYS["session"]}
            assert len(await reader.budgets()) == 3
        expected = {"grant_type": "refresh_token", "client_id": KEYS["app_key"], "client_secret": KEYS["app_secret"]}
        assert forms == [{**expected, "refresh_token": KEYS["refresh_token"]}], "once, and then kept"
        assert fake.tokens == 0
    finally:
        await fake.close()


async def test_a_renewal_that_fails_for_a_while_is_tried_again_and_without_a_refresh_token_nobody_tries() -> None:
    fake = FakeTaobao()
    await fake.start()
    try:
        refresh = "taobao.top.auth.token.refresh"
        busy = [error(15, "isp.remote-service-error"), error(7)]
        renewed = fake._renewed
        fake._renewed = lambda form: busy.pop(0) if busy else renewed(form)  # type: ignore[method-assign]  # a stand-in
        fake.expired = {KEYS["session"]}
        assert len(await fake.reader(attempts=4).budgets()) == 3
        assert [form["method"] for form in fake.forms].count(refresh) == 3
        fake.forms.clear()
        keys = {name: value for name, value in KEYS.items() if name != "refresh_token"}
        reader = fake.reader(credentials=keys)
        for _ in range(2):
            with pytest.raises(ConnectorError, match="27") as raised:
                await reader.budgets()
            assert raised.value.error == "auth"
        assert len(fake.forms) == 1
    finally:
        await fake.close()
