"""Taobao's open platform in the other shapes that its documents leave room for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bidder.errors import ConnectorError
from bidder.money import MICROS, Currency, Money
from bidder.plan import Applied, Outcome, Refused, Unresolved
from bidder.testing.case import day_of
from tests.connectors.http.odd import turning
from tests.connectors.http.server import Answer, Got, answer
from tests.connectors.taobao.fake import FakeSimba, FakeTaobao, error, form_of

YUAN = Currency("CNY")


def odd(turned: Callable[[dict[str, str], Answer], Answer]) -> type[FakeTaobao]:
    """Each answer goes through `turned` on its way out, with the form that was asked."""
    return turning(FakeTaobao, lambda got, said: turned(form_of(got), said))


def only(method: str, said: Any) -> type[FakeTaobao]:
    """Answers one method with this."""
    found = said if isinstance(said, Answer) else answer(said)
    return odd(lambda form, known: found if form["method"].endswith(method) else known)


OK = {"info": {"ok": True, "message": "", "error_code": ""}}


@pytest.mark.parametrize(
    "listed",
    [
        {"biz_code_list": {"string": ["onebpSearch", "onebpDisplay"]}},
        {"biz_code_list": ["onebpSearch", "onebpDisplay"]},
        {"biz_code_v_o_list": {"biz_code_v_o": [{"biz_code": "onebpSearch"}, {"biz_code": "onebpDisplay"}]}},
        {"data": [{"biz_code": "onebpSearch", "biz_name": "关键词推广"}, {"biz_code": "onebpDisplay"}]},
    ],
)
async def test_scenes_are_found_in_whatever_list_they_stand(served: Callable[..., Any], listed: Any) -> None:
    root = {"universalbp_new_account_get_can_use_bizcode_response": {"top_result": {**OK, **listed}}}
    made = await served(only("account.get.can.use.bizcode", root))
    assert len(await made.reader().budgets()) == 3


@pytest.mark.parametrize("listed", ["", {}, [], None])
async def test_a_scene_without_campaigns_may_say_so_in_any_way(served: Callable[..., Any], listed: Any) -> None:
    inner = {"count": "0", **({} if listed is None else {"campaign_v_o_list": listed})}

    def none(form: dict[str, str], said: Answer) -> Answer:
        if not form["method"].endswith("findpage") or "onebpDisplay" not in form["top_service_context"]:
            return said
        return answer({"x_response": {"top_result": {**OK, "campaign_v_o_top_bulk_data": inner}}})

    made = await served(odd(none))
    assert len(await made.reader().budgets()) == 2


async def test_a_campaign_that_is_not_shown_alone_is_found_in_its_scenes_list(served: Callable[..., Any]) -> None:
    made = await served(only("campaign.get", {"x_response": {"top_result": OK}}))
    budget, amount = made.budgets[1], Money(91 * MICROS, YUAN)
    writer = made.writer()
    assert (await writer.read(budget)).now == made.in_force(budget)
    assert await writer.set(budget, amount) == Applied(amount)


@pytest.mark.parametrize(
    ("said", "expected", "waits"),
    [
        (error(7, "accesscontrol.limited-by-api-access-count", "This ban will last for 2 more seconds"),
         "throttled", True),
        (answer({"error_response": {"code": "7", "msg": "App Call Limited"}}), "throttled", True),
        (error(10, "", "", "Service Currently Unavailable"), "http_5xx", True),
        (error(50, "isp.remote-service-error", "服务不可用"), "http_5xx", True),
        (error(15, "isv.campaign-not-exist", "计划不存在"), "http_4xx", False),
        (error(25, "", "", "Invalid signature"), "auth", False),
        (error(31, "isv.invalid-timestamp", "", "Invalid timestamp"), "http_4xx", False),
        (error(11, "isv.permission-api-package-limit", "scope ids is"), "auth", False),
        (error(41, "", "", "Invalid Arguments"), "http_4xx", False),
        (Answer(200, b"<html>upgrading</html>", {"Content-Type": "text/html"}), "decode", True),
        (Answer(502, b"<html>Bad Gateway</html>"), "http_5xx", True),
        (answer({"x_response": {"top_result": {"info": {"ok": "false", "error_code": "isp.busy"}}}}),
         "http_5xx", True),
        (answer({"x_response": {"top_result": {"info": {"ok": False, "error_code": "NO_AUTH"}}}}),
         "http_4xx", False),
        (answer({"x_response": {}}), "schema", False),
        (answer({}), "schema", False),
    ],
)  # fmt: skip
async def test_errors_have_their_class_though_all_come_with_200(
    served: Callable[..., Any], said: Answer, expected: str, waits: bool
) -> None:
    made = await served(only("campaign.findpage", said))
    with pytest.raises(ConnectorError) as caught:
        await made.reader(scenes=["onebpSearch"]).budgets()
    assert (caught.value.error, caught.value.waiting_helps) == (expected, waits)


async def test_figures_as_numbers_and_days_with_a_time_are_the_same(served: Callable[..., Any]) -> None:
    def numbers(form: dict[str, str], said: Answer) -> Answer:
        def turned(value: Any, name: str = "") -> Any:
            if isinstance(value, dict):
                return {key: turned(inner, key) for key, inner in value.items()}
            if isinstance(value, list):
                return [turned(one) for one in value]
            if name == "thedate":
                return f"{value} 00:00:00"
            is_number = isinstance(value, str) and value.replace(".", "", 1).isdigit()
            return json.loads(value) if is_number else value

        return answer(turned(json.loads(said.body)))

    plain, other = await served(FakeTaobao), await served(odd(numbers))
    first, last = day_of(plain, 2), day_of(plain, 1)
    expected, found = [await one.reader().performance(first, last) for one in (plain, other)]
    for column in ("spend", "revenue", "clicks", "impressions", "orders", "day", "budget"):
        assert getattr(found, column).tolist() == getattr(expected, column).tolist()


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (OK, Applied),
        ({**OK, "campaign_budget_update_result_v_o_top_part_data": {}}, Applied),
        ({**OK, "campaign_budget_update_result_v_o_top_part_data": {"error_details": []}}, Applied),
        ({**OK, "x_part_data": {"error_details": {"error_detail": [{"msg": "预算过低"}]}}}, Refused),
        ({**OK, "x_part_data": {"error_details": [{"id": 50100001, "errorMsg": "预算过低"}]}}, Refused),
        ({**OK, "x_part_data": {"error_details": [{"code": "isp.timeout"}]}}, Unresolved),
        ({**OK, "x_part_data": {"error_details": "?"}}, Unresolved),
        ({"info": {"ok": False, "error_code": "BUDGET_LESS_THAN_COST", "message": "低于今日花费"}}, Refused),
        ({"info": {"ok": False, "error_code": "", "message": "系统繁忙"}}, Unresolved),
        ({"info": {}}, Unresolved),
        ({}, Unresolved),
    ],
)
async def test_what_a_success_proves(served: Callable[..., Any], result: Any, kind: type[Outcome]) -> None:
    class Wordless(FakeTaobao):
        def written(self, got: Got, fault: Any) -> Answer:
            return answer({"universalbp_new_campaign_budget_batchupdate_response": {"top_result": result}})

    made = await served(Wordless)
    assert isinstance(await made.writer().set(made.budgets[0], Money(90 * MICROS, YUAN)), kind)
    assert made.mutations == 1


@pytest.mark.parametrize("stored", ["", None, 0, "0"])
async def test_a_simba_budget_that_reads_back_as_without_a_limit_is_never_taken_for_set(
    served: Callable[..., Any], stored: Any
) -> None:
    class Lifts(FakeSimba):
        def written(self, got: Got, fault: Any) -> Answer:
            body = json.loads(super().written(got, fault).body)
            body["simba_campaign_budget_update_response"]["campaign_budget"]["budget"] = stored
            return answer(body)

    made = await served(Lifts)
    outcome = await made.writer().set(made.budgets[0], Money(90 * MICROS, YUAN))
    assert isinstance(outcome, Unresolved)
    assert "no limit" in outcome.reason
