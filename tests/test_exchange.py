"""Several currencies in one plan: native amounts, shop sums; what has no fresh rate stays and is said."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bidder.catalog import Account, Budget, Mode
from bidder.decide import Decision, Policy, decide
from bidder.errors import ConfigError, Source
from bidder.explain.plan import document
from bidder.gather import Known, gather
from bidder.guard import GuardSettings
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money, currency_of, minor_unit
from bidder.reports import in_currency
from bidder.rules.base import Rule
from bidder.rules.total import Total
from bidder.snapshot import Snapshot
from tests.builders import CNY, TODAY, an_observation, reports

USD, JPY, KWD = currency_of("USD"), currency_of("JPY"), currency_of("KWD")
slow = settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])

ACCOUNTS = {"cn": CNY, "us": USD, "jp": JPY, "kw": KWD}


def an_account(name: str) -> Account:
    return Account(AccountId(name), "sandbox", ACCOUNTS[name], "UTC", Mode.APPLY)


def a_policy(total: float, *more: Rule) -> Policy:
    rule = Rule("total", Total.model_validate({"max": f"{total:.6f}"}), Source("--total"))
    return Policy((rule, *more), guard=GuardSettings(check_history=False))


def a_snapshot(
    budgets: dict[str, float], rates: dict[Currency, float], stale: dict[Currency, str] | None = None
) -> Snapshot:
    """Twelve days of figures for each `account/native` with its amount in force, in the account's currency."""
    rows, known = [], []
    for place, (name, now) in enumerate(sorted(budgets.items())):
        account = an_account(name.partition("/")[0])
        unit = minor_unit(account.currency)
        amount = Money(max(round(now * 1e6 / unit), 1) * unit, account.currency)
        known.append(Budget(BudgetId(account.id, name.partition("/")[2]), name, account.currency, now=amount))
        for back in range(1, 13):
            clicks = 40 + 3 * place + back % 5
            rows.append(
                replace(
                    an_observation(
                        name,
                        day=TODAY - timedelta(days=back),
                        spend=str(amount),
                        clicks=clicks,
                        orders=1 + (place + back) % 4,
                        revenue=str(Money(amount.micros * (2 + place % 3), account.currency)),
                        currency=account.currency,
                    )
                )
            )
    accounts = [an_account(name) for name in sorted({one.id.account for one in known})]
    facts = Known(
        accounts=accounts,
        budgets=known,
        exchange=rates,
        exchange_days={code: date(2026, 3, 1) for code in rates},
        stale_rates=stale or {},
    )
    return gather(reports(*rows), facts, currency=CNY, day=TODAY)


def amounts(decision: Decision) -> dict[str, str]:
    return {str(one.budget): f"{one.after} {one.after.currency}" for one in decision.plan.changes}


def in_shop(decision: Decision) -> Fraction:
    rates = {CNY: Fraction(1), **{c: Fraction(repr(r)) for c, r in decision.snapshot.exchange.items()}}
    return sum((rates[one.after.currency] * one.after.micros for one in decision.plan.changes), Fraction(0)) / 10**6


@slow
@given(
    budgets=st.dictionaries(
        st.sampled_from(["cn/a", "cn/b", "us/a", "us/b", "jp/a", "kw/a"]), st.floats(20, 400), min_size=2, max_size=6
    ),
    usd=st.floats(0.2, 20),
    jpy=st.floats(0.005, 0.2),
    kwd=st.floats(5, 40),
    part=st.floats(0.85, 1.15),
)
def test_the_total_in_the_shops_currency_is_never_passed_by_a_minor_unit(
    budgets: dict[str, float], usd: float, jpy: float, kwd: float, part: float
) -> None:
    shop = a_snapshot(budgets, {USD: usd, JPY: jpy, KWD: kwd})
    total = round(float(shop.now.sum()) * part, 2)
    decision = decide(shop, a_policy(total))
    assert in_shop(decision) <= Fraction(f"{total:.6f}")
    for change in decision.plan.changes:
        assert change.after.currency == ACCOUNTS[change.budget.account]
        assert change.after.micros % minor_unit(change.after.currency) == 0 or not change.moves
    assert not [one for one in decision.held if one.check == "within_absolute_caps"]


@slow
@given(rate=st.sampled_from([0.5, 1.0, 4.0, 7.125, 32.0]), times=st.sampled_from([2.0, 4.0, 0.25]))
def test_scaling_the_rate_and_the_money_of_the_shop_leaves_the_native_amounts(rate: float, times: float) -> None:
    budgets = {"us/a": 120.0, "us/b": 80.0, "us/c": 60.0}
    once = decide(a_snapshot(budgets, {USD: rate}), a_policy(250 * rate))
    scaled = decide(a_snapshot(budgets, {USD: rate * times}), a_policy(250 * rate * times))
    assert amounts(once) == amounts(scaled)


def test_a_dearer_currency_buys_less_of_its_own_money_under_the_same_cap() -> None:
    budgets = {"us/a": 120.0, "us/b": 80.0}
    cheap, dear = (decide(a_snapshot(budgets, {USD: rate}), a_policy(1200.0)) for rate in (7.0, 7.5))
    spent = [sum(one.after.micros for one in decision.plan.changes) for decision in (cheap, dear)]
    assert spent[1] < spent[0] <= 1200 / 7.0 * 1e6


def test_a_cap_in_another_currency_holds_in_that_currency() -> None:
    america = Rule("america", Total.model_validate({"max": "170.05 USD", "by": "currency"}), Source("r.yaml"))
    shop = a_snapshot({"us/a": 120.0, "us/b": 80.0, "cn/a": 500.0}, {USD: 7.1234})
    decision = decide(shop, a_policy(5000.0, america))
    dollars = [one.after for one in decision.plan.changes if one.after.currency == USD]
    assert 168_000_000 < sum(one.micros for one in dollars) <= 170_050_000


def test_a_stale_rate_keeps_the_budgets_of_its_currency_and_says_so() -> None:
    why = "the rate of USD is of 2026-02-01, 29 days old, at most 3 days"
    shop = a_snapshot({"us/a": 120.0, "us/b": 80.0, "cn/a": 900.0, "cn/b": 500.0}, {USD: 7.1}, {USD: why})
    decision = decide(shop, a_policy(2_600.0))
    kept = {str(one.budget): one.moves for one in decision.plan.changes}
    assert not kept["us/a"]
    assert not kept["us/b"]
    assert kept["cn/a"] or kept["cn/b"]  # the others go on, beside what stays
    assert in_shop(decision) <= 2600
    assert f"{why}: its budgets stay as they are, and count at it" in document(decision).notes


def test_an_account_without_a_rate_is_left_out_and_the_plan_is_held() -> None:
    shop = a_snapshot({"us/a": 120.0, "cn/a": 90.0, "cn/b": 50.0}, {})
    assert {str(one.id) for one in shop.budgets} == {"cn/a", "cn/b"}
    held = [one for one in decide(shop, a_policy(200.0)).held if one.check == "rates_known"]
    assert [one.budget for one in held] == [None]
    assert "account us is in USD, the plan in CNY: no rate between them" in held[0].reason


def test_accounts_that_all_lack_a_rate_are_no_plan() -> None:
    with pytest.raises(ConfigError, match="no rate between them"):
        a_snapshot({"us/a": 120.0}, {})


def test_the_plan_shows_native_and_shop_amounts_with_the_rate() -> None:
    decision = decide(a_snapshot({"us/a": 100.0, "cn/a": 500.0}, {USD: 7.1}), a_policy(1_300.0))
    shown = json.loads(document(decision).model_dump_json())
    lines = {line["id"]: line for line in shown["budgets"]}
    assert lines["cn/a"]["shop"] is None
    us = lines["us/a"]
    assert (us["currency"], us["now"]) == ("USD", "100.00")
    assert (us["shop"]["now"], us["shop"]["rate"], us["shop"]["on"]) == ("710.00", 7.1, "2026-03-01")
    assert float(us["shop"]["planned"]) == pytest.approx(7.1 * float(us["planned"]), abs=0.005)
    assert shown["rates"] == [{"currency": "USD", "rate": 7.1, "on": "2026-03-01"}]
    assert float(shown["now"]) == pytest.approx(1210.0)
    assert float(shown["planned"]) == pytest.approx(
        float(us["shop"]["planned"]) + float(lines["cn/a"]["planned"]), abs=0.011
    )


def test_reports_in_one_currency_leave_out_what_has_no_rate() -> None:
    rows = reports(
        an_observation("cn/a", day=TODAY, spend="10.00", currency=CNY),
        an_observation("us/a", day=TODAY, spend="10.00", currency=USD),
        an_observation("jp/a", day=TODAY, spend="10", currency=JPY),
    )
    one = in_currency(rows, CNY, {USD: 7.1})
    assert dict(zip(one.account.tolist(), one.spend.tolist(), strict=True)) == {"cn": 10_000_000, "us": 71_000_000}
    assert set(one.currency.tolist()) == {"CNY"}
