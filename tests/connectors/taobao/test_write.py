"""What a reply to a write proves, and what never leaves."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bidder.connectors.http import Reply
from bidder.connectors.taobao.write import outcome_of_batch, outcome_of_simba
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money
from bidder.plan import Applied, Outcome, Refused, Unresolved
from tests.connectors.taobao.fake import FakeSimba, FakeTaobao

CNY = Currency("CNY")
BUDGET = BudgetId(AccountId("wxt"), "68796878069")
SENT = Money(90_000_000, CNY)


def judged(data: Any, status: int = 200, *, simba: bool = False) -> Outcome:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    reply = Reply("set", status, {}, body, datetime(2026, 10, 15, tzinfo=UTC))
    return (outcome_of_simba if simba else outcome_of_batch)(reply, BUDGET, SENT)


def batch(part: Any, ok: Any = True) -> dict[str, Any]:
    top = {"info": {"ok": ok}, "campaign_budget_update_result_v_o_top_part_data": part}
    return {"universalbp_new_campaign_budget_batchupdate_response": {"top_result": top}}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (batch({}), Applied),
        (batch(None), Applied),
        (batch({"error_details": []}), Applied),
        (batch({"error_details": {}}), Applied),
        (batch({"success_list": [{"campaign_id": 68796878069, "day_budget": "90.00"}]}), Applied),
        (batch({"success_list": [{"campaign_id": 68796878069, "day_budget": "100"}]}), Unresolved),
        (batch({"error_details": [{"campaign_id": 68796878069, "msg": "日预算不能低于30"}]}), Refused),
        (batch({"error_details": {"error_detail": [{"id": "68796878069", "msg": "no"}]}}), Refused),
        (batch({"error_details": [{"msg": "无权限"}]}), Refused),
        (batch({"error_details": ["无权限"]}), Refused),
        (batch({"error_details": [{"id": 68796878069, "code": "isp.timeout"}]}), Unresolved),
        (batch({"error_details": [{"campaign_id": 11111111111}]}), Unresolved),
        (batch({"error_details": "no list"}), Unresolved),
        (batch({}, ok=None), Unresolved),
        ({"x_response": {}}, Unresolved),
        ({"top_result": {"info": {"ok": False, "error_code": "isv.limit", "message": "no"}}}, Refused),
        ({"top_result": {"info": {"ok": False, "error_code": "isp.busy"}}}, Unresolved),
        ({"top_result": {"info": {"ok": False, "message": "no"}}}, Unresolved),
        ({"error_response": {"code": 7, "msg": "App Call Limited"}}, Refused),
        ({"error_response": {"code": 27, "msg": "Invalid session"}}, Refused),
        ({"error_response": {"code": 15, "sub_code": "isp.remote-service-timeout"}}, Unresolved),
        ({"error_response": {"code": 15, "sub_code": "isv.budget"}}, Refused),
        ({"error_response": {"code": 999}}, Unresolved),
        (b"<html>", Unresolved),
        (b"", Unresolved),
    ],
)
def test_what_a_reply_to_a_batch_proves(data: Any, kind: type[Outcome]) -> None:
    found = judged(data)
    assert isinstance(found, kind), found
    assert found == Applied(SENT) or found.reason  # type: ignore[union-attr]  # the others have one
    assert not isinstance(judged(data, 502), Applied)


@pytest.mark.parametrize(
    ("stored", "kind"),
    [
        ({"campaign_id": 68796878069, "budget": 90}, Applied),
        ({"campaign_id": 68796878069, "budget": "90"}, Applied),
        ({"campaign_id": 68796878069, "budget": 99}, Unresolved),
        ({"campaign_id": 68796878069}, Unresolved),
        ({"campaign_id": 1, "budget": 90}, Unresolved),
        (None, Unresolved),
    ],
)
def test_simba_repeats_what_is_stored(stored: Any, kind: type[Outcome]) -> None:
    found = judged({"simba_campaign_budget_update_response": {"campaign_budget": stored}}, simba=True)
    assert isinstance(found, kind), found


@pytest.mark.parametrize("make", [FakeTaobao, FakeSimba])
async def test_no_request_can_leave_a_campaign_without_a_limit(make: type[FakeTaobao]) -> None:
    fake = make()
    await fake.start()
    try:
        writer, budget = fake.writer(), fake.budgets[0]
        for micros in (0, -1, 1, 500_000, 29_000_000, 30_500_000):
            assert isinstance(await writer.set(budget, Money(micros, CNY)), Refused)
        assert fake.mutations == 0
        assert await writer.set(budget, Money(30_000_000, CNY)) == Applied(Money(30_000_000, CNY))
        form = fake.forms[-1]
        if make is FakeSimba:
            assert (form["budget"], form["use_smooth"]) == ("30", "true")
        else:
            sent = json.loads(form["campaign_budget_list_v_o"])
            assert sent == {"budget_list": [{"campaign_id": 50100001, "dmc_type": "normal", "day_budget": 30}]}
        assert all(state.micros is not None for state in fake.states.values())
    finally:
        await fake.close()


async def test_a_platform_that_drops_the_limit_is_found_out() -> None:
    fake = FakeSimba()
    await fake.start()
    try:
        writer, budget = fake.writer(), fake.budgets[0]
        await writer.read(budget)
        fake.states[budget.native].micros = None
        with pytest.raises(Exception, match="no daily limit"):
            await writer.read(budget)
    finally:
        await fake.close()


async def test_simba_takes_no_more_than_its_most() -> None:
    fake = FakeSimba()
    await fake.start()
    try:
        outcome = await fake.writer().set(fake.budgets[0], Money(100_000_000_000, CNY))
        assert isinstance(outcome, Refused)
        assert "99999" in outcome.reason
        assert fake.mutations == 0
    finally:
        await fake.close()


async def test_a_campaign_is_written_in_the_scene_it_is_in() -> None:
    fake = FakeTaobao()
    await fake.start()
    try:
        budget = BudgetId(fake.account.id, "50200002")
        assert isinstance(await fake.writer().set(budget, SENT), Applied)
        assert json.loads(fake.forms[-1]["top_service_context"]) == {"biz_code": "onebpDisplay"}
        unknown = BudgetId(fake.account.id, "59999999")
        assert isinstance(await fake.writer().set(unknown, SENT), Refused)
        assert fake.mutations == 1
    finally:
        await fake.close()
