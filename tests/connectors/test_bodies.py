"""Whatever stands in a reply of Taobao or Meta, a parser gives values or an error that names the field."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from bidder.catalog import Account
from bidder.connectors.http import Payload, Reply
from bidder.connectors.http.message import decoded
from bidder.connectors.meta import parse as meta
from bidder.connectors.meta.write import outcome_of
from bidder.connectors.taobao import parse as taobao
from bidder.connectors.taobao import simba, trade
from bidder.connectors.taobao.top import unwrapped
from bidder.connectors.taobao.write import outcome_of_batch, outcome_of_simba
from bidder.errors import ConnectorError
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money
from bidder.plan import Applied
from tests.connectors.meta.test_reading import ADSETS, CAMPAIGNS, INSIGHTS
from tests.connectors.taobao.test_reading import FINDPAGE, REPORT

AT = datetime(2026, 10, 15, 6, 0, tzinfo=UTC)
CNY = Account(AccountId("wxt"), "taobao", Currency("CNY"), "Asia/Shanghai")
USD = Account(AccountId("meta"), "meta", Currency("USD"), "America/New_York")
NATIVE = "68796878069"
JUNK: tuple[Any, ...] = (
    *(None, True, "", " ", "x", "NaN", "-1", "1e99", "9" * 30, "٣", -1, 0, 10**30, Decimal("NaN"), Decimal("0.5")),
    *([], {}, [[]], [None], {"a": 1}, [{"a": []}], "2026-13-45", "2026-10-01 25:99:00"),
)

SIMBA_CAMPAIGNS = """{"simba_campaigns_get_response":{"campaigns":{"campaign":[{"campaign_id":68796878069,"title":"a",
 "online_status":"online","settle_status":"offline","settle_reason":"1;2"}]}}}"""
SIMBA_BUDGET = """{"simba_campaign_budget_get_response":{"campaign_budget":{"campaign_id":68796878069,"budget":100,
 "is_smooth":true}}}"""
SUBWAY = """{"subway_campaign_offline_find_response":{"result":{"report_result_top_dto":[{"campaign_id":"68796878069",
 "thedate":"2026-10-01","impression":10,"click":2,"cost":345,"transaction_total":9900,
 "transaction_shipping_total":1}]},"total_count":1}}"""
OLD_BASE = '{"r_response":{"rpt_campaign_base_list":[{"date":"2026-10-01","impressions":9,"click":"1","cost":"30"}]}}'
OLD_EFFECT = """{"r_response":{"rpt_campaign_effect_list":[{"date":"2026-10-01","directpay":"9","indirectpay":1,
 "directpaycount":1,"indirectpaycount":0}]}}"""
ITEMS = '{"r_response":{"items":{"item":[{"num_iid":1,"title":"a","price":"1.00","num":2}]},"total_results":1}}'
TRADES = """{"r_response":{"trades":{"trade":[{"tid":1,"pay_time":"2026-10-01 10:00:00","payment":"5.00",
 "buyer_open_uid":"b","orders":{"order":[{"num_iid":1,"num":1,"payment":"5.00"}]}}]},"total_results":1}}"""
REFUNDS = """{"r_response":{"refunds":{"refund":[{"refund_id":1,"num_iid":1,"refund_fee":"1.00","status":"SUCCESS",
 "modified":"2026-10-01 10:00:00"}]},"total_results":1}}"""
ACCOUNT = '{"currency":"USD","timezone_name":"America/New_York","min_daily_budget":100}'
EMPTY = '{"r_response":{"total_results":0}}'


def body(text: str) -> Payload:
    return Payload(AT, unwrapped(json.loads(text)))


def owners() -> meta.Owners:
    return meta.budgets([body(CAMPAIGNS)], [body(ADSETS)], USD, None)[1]


def activity(trades: Payload, refunds: Payload) -> Any:
    return trade.activity([trades], [refunds], CNY, date(2026, 10, 1), date(2026, 10, 2), AT)


def campaign() -> Any:
    return simba.campaigns(body(SIMBA_CAMPAIGNS), CNY)[NATIVE]


PARSERS: dict[str, tuple[str, Callable[[Payload], Any]]] = {
    "findpage": (FINDPAGE, lambda p: taobao.budgets([p], CNY, "onebpSearch")),
    "get": (FINDPAGE, lambda p: taobao.budget_of(p, CNY, "onebpSearch", NATIVE)),
    "scenes": (FINDPAGE, lambda p: taobao.scenes(p, CNY)),
    "report": (REPORT, lambda p: taobao.split(taobao.reports([p], CNY, "s", 15), [], CNY, "s", 15)),
    "items report": (
        REPORT.replace('"ad_pv"', '"item_id":"7","ad_pv"'),
        lambda p: taobao.split(taobao.reports([body(REPORT)], CNY, "s", 15), [p], CNY, "s", 15),
    ),
    "simba campaigns": (
        SIMBA_CAMPAIGNS,
        lambda p: [simba.budget(body(SIMBA_BUDGET), CNY, one) for one in simba.campaigns(p, CNY).values()],
    ),
    "simba budget": (SIMBA_BUDGET, lambda p: (simba.budget(p, CNY, campaign()), simba.smooth(p, CNY))),
    "subway": (SUBWAY, lambda p: simba.reports([p], CNY, date(2026, 10, 1), 15)),
    "old base": (OLD_BASE, lambda p: simba.old_reports(p, body(OLD_EFFECT), CNY, NATIVE, "a", 15)),
    "old effect": (OLD_EFFECT, lambda p: simba.old_reports(body(OLD_BASE), p, CNY, NATIVE, "a", 15)),
    "items": (ITEMS, lambda p: trade.products([p], [], CNY)),
    "trades": (TRADES, lambda p: activity(p, body(EMPTY))),
    "refunds": (REFUNDS, lambda p: activity(body(EMPTY), p)),
    "meta account": (ACCOUNT, lambda p: meta.check_account(p, USD)),
    "meta campaigns": (CAMPAIGNS, lambda p: meta.budgets([p], [body(ADSETS)], USD, None)),
    "meta adsets": (ADSETS, lambda p: meta.budgets([body(CAMPAIGNS)], [p], USD, None)),
    "meta node": (json.dumps(json.loads(ADSETS)["data"][0]), lambda p: meta.budget_of(p, USD, "2310000000001", None)),
    "meta insights": (INSIGHTS, lambda p: meta.reports([p], USD, owners())),
    "meta whole": (INSIGHTS, lambda p: meta.missing_spend([p], [body(INSIGHTS)], USD)),
    "meta products": (
        INSIGHTS.replace('"spend"', '"product_id":"7, a","spend"'),
        lambda p: meta.reports([body(INSIGHTS)], USD, owners(), products=[p]),
    ),
    "meta campaigns with figures": (INSIGHTS, lambda p: meta.unknown_campaigns([p], USD, owners())),
    "meta campaigns that are gone": (CAMPAIGNS, lambda p: meta.with_gone(owners(), {"1": p}, USD)),
}


def spoilt(value: Any) -> Iterator[Any]:
    """The same body with each of its parts taken out or replaced by junk, one at a time."""
    for path in [(), *places(value, ())]:
        for junk in JUNK:
            changed = copy.deepcopy(value)
            if not path:
                yield junk
                continue
            inner = changed
            for step in path[:-1]:
                inner = inner[step]
            inner[path[-1]] = junk
            yield changed
        if path:
            changed = copy.deepcopy(value)
            inner = changed
            for step in path[:-1]:
                inner = inner[step]
            del inner[path[-1]]
            yield changed


def places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, one in inner:
        yield (*path, step)
        yield from places(one, (*path, step))


def refused(parser: Callable[[Payload], Any], changed: Any) -> ConnectorError | None:
    try:
        parser(Payload(AT, unwrapped(changed)))
    except ConnectorError as e:
        return e
    return None


@pytest.mark.parametrize("name", PARSERS)
def test_junk_is_an_error_that_says_where_and_never_something_else(name: str) -> None:
    text, parser = PARSERS[name]
    parser(Payload(AT, unwrapped(decoded(text.encode()))))
    refusals = [error for changed in spoilt(json.loads(text)) if (error := refused(parser, changed)) is not None]
    assert all(one.reason for one in refusals), "says what is wrong"
    assert {one.error for one in refusals} == {"schema"}


@pytest.mark.parametrize("name", ["batch", "simba", "meta"])
def test_junk_never_proves_that_an_amount_was_set(name: str) -> None:
    part = {"error_details": [{"campaign_id": 1}]}
    good: dict[str, Any] = {
        "batch": {"x_response": {"top_result": {"info": {"ok": True}, "campaign_part_data": part}}},
        "simba": {"x_response": {"campaign_budget": {"campaign_id": int(NATIVE), "budget": 90}}},
        "meta": {"success": True},
    }
    budget, amount = BudgetId(CNY.id, NATIVE), Money(90_000_000, CNY.currency)
    for changed in spoilt(good[name]):
        data = json.dumps(changed, default=str).encode()
        reply = Reply("set", 200, {}, data, AT)
        if name == "meta":
            outcome: Any = outcome_of(reply, amount)
        else:
            outcome = (outcome_of_batch if name == "batch" else outcome_of_simba)(reply, budget, amount)
        if isinstance(outcome, Applied) and changed != good[name]:
            assert name == "batch", changed
            # taken out or empty: nothing was refused
            kept = changed["x_response"]["top_result"]
            assert kept["info"]["ok"] is True
            assert not (kept.get("campaign_part_data") or {}).get("error_details"), changed
