"""The pure core as a whole: names and row order change no amount, equals get equal money, same in, same out."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bidder.catalog import BudgetStatus
from bidder.decide import Decision, Policy, decide
from bidder.errors import Source
from bidder.explain.document import PlanDocument
from bidder.explain.plan import document
from bidder.gather import Known, gather
from bidder.guard import GuardSettings
from bidder.money import Currency, Money
from bidder.performance import Observation
from bidder.rules.base import Rule
from bidder.rules.total import Total
from tests.builders import TODAY, a_budget, a_shop, an_observation, reports

slow = settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])


def a_policy(total: float) -> Policy:
    rule = Rule("total", Total.model_validate({"max": str(total)}), Source("--total"))
    return Policy((rule,), guard=GuardSettings(check_history=False))


@st.composite
def shops(draw: st.DrawFn) -> list[Observation]:
    """Two to six budgets with twelve days of plausible figures."""
    rows = []
    for index in range(draw(st.integers(2, 6))):
        spend = draw(st.integers(500, 30_000)) / 100
        cpc = draw(st.integers(30, 400)) / 100
        luck = draw(st.lists(st.integers(0, 9), min_size=12, max_size=12))
        for back, orders in enumerate(luck, 1):
            clicks = max(int(spend / cpc), orders)
            rows.append(
                an_observation(
                    f"ads/{'abcdef'[index]}",
                    day=TODAY - timedelta(days=back),
                    spend=f"{spend * (1 + 0.1 * (back % 3)):.2f}",
                    clicks=clicks,
                    impressions=clicks * 40,
                    orders=float(orders),
                    revenue=f"{orders * 80}.00",
                )
            )
    return rows


def planned(rows: list[Observation], total: float) -> dict[str, str]:
    decision = decide(gather(reports(*rows), Known()), a_policy(total))
    return {str(change.budget): str(change.after) for change in decision.plan.changes}


def renamed(rows: list[Observation], names: dict[str, str]) -> list[Observation]:
    from dataclasses import replace

    from bidder.ids import BudgetId

    return [
        replace(one, budget=BudgetId(one.account, names[one.budget.native]), campaign=names[one.budget.native])
        for one in rows
    ]


@slow
@given(shops(), st.randoms(use_true_random=False), st.integers(100, 900))
def test_the_order_of_rows_changes_no_amount(rows: list[Observation], chance: Any, total: int) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert planned(rows, total) == planned(shuffled, total)


@slow
@given(shops(), st.permutations(list("uvwxyz")), st.integers(100, 900))
def test_the_names_of_products_change_no_amount(rows: list[Observation], names: list[str], total: int) -> None:
    called = dict(zip("abcdef", names, strict=True))
    before = planned(rows, total)
    after = planned(renamed(rows, called), total)
    assert after == {f"ads/{called[name[4:]]}": amount for name, amount in before.items()}


@slow
@given(shops(), st.integers(100, 900))
def test_two_identical_products_get_equal_money(rows: list[Observation], total: int) -> None:
    twin = renamed([one for one in rows if one.budget.native == "a"], {"a": "twin"})
    amounts = planned([*rows, *twin], total)
    assert amounts["ads/a"] == amounts["ads/twin"]
    assert sum(float(amount) for amount in amounts.values()) <= total + 1e-9


@slow
@given(shops(), st.integers(100, 900))
def test_the_same_input_gives_the_same_bytes(rows: list[Observation], total: int) -> None:
    def once() -> str:
        return document(decide(gather(reports(*rows), Known()), a_policy(total))).model_dump_json()

    assert once() == once()


@slow
@given(shops(), st.integers(100, 900))
def test_a_plan_keeps_its_total_to_the_minor_unit_and_its_own_word(rows: list[Observation], total: int) -> None:
    decision = decide(gather(reports(*rows), Known()), a_policy(total))
    assert sum(change.after.micros for change in decision.plan.changes) <= total * 10**6
    shown = document(decision).model_dump(mode="json")
    PlanDocument.model_validate(shown)
    assert all(line["reason"] for line in shown["budgets"])
    assert sum(float(line["planned"]) for line in shown["budgets"]) == pytest.approx(float(shown["planned"]))
    for line in shown["budgets"]:
        profit = line["expected"]["profit"]
        assert float(profit["p10"]) <= float(profit["mean"]) <= float(profit["p90"])
    assert "NaN" not in json.dumps(shown)


def test_a_plan_applied_to_its_own_result_is_calm() -> None:
    """Deciding again on the planned amounts moves less than a twentieth of the money."""
    from dataclasses import replace

    shop = a_shop(
        a_budget("x/a", now=100.0, cvr=0.05), a_budget("x/b", now=100.0, cvr=0.03), a_budget("x/c", now=100.0, cvr=0.02)
    )
    first = decide(shop, a_policy(300))
    after = {change.budget: change.after for change in first.plan.changes}
    settled = replace(shop, budgets=tuple(replace(one, now=after[one.id]) for one in shop.budgets))
    for _ in range(6):
        decision = decide(settled, a_policy(300))
        after = {change.budget: change.after for change in decision.plan.changes}
        settled = replace(settled, budgets=tuple(replace(one, now=after[one.id]) for one in settled.budgets))
    moved = sum(abs(change.difference.micros) for change in decide(settled, a_policy(300)).plan.changes)
    assert moved <= 15 * 10**6


def test_a_change_too_small_to_be_worth_a_write_is_left_undone() -> None:
    shop = a_shop(*(a_budget(f"x/{name}", now=100.0, cvr=0.03 + 0.002 * i) for i, name in enumerate("abcd")))
    decision = decide(shop, a_policy(400))
    for change in decision.plan.changes:
        assert not change.moves or abs(change.difference.to_float()) >= 5.0


def test_a_cap_that_asks_for_many_small_cuts_gets_them() -> None:
    shop = a_shop(*(a_budget(f"x/{name}", now=100.0) for name in "abcd"))
    decision = decide(shop, a_policy(390))
    assert 389.9 <= sum(change.after.to_float() for change in decision.plan.changes) <= 390


def test_money_goes_where_the_next_unit_earns_more() -> None:
    shop = a_shop(a_budget("x/good", now=100.0, cvr=0.08), a_budget("x/poor", now=100.0, cvr=0.01))
    decision = decide(shop, a_policy(200))
    amounts = {str(change.budget): change.after for change in decision.plan.changes}
    assert amounts["x/good"] > amounts["x/poor"]
    assert amounts["x/good"] <= Money.parse("130", amounts["x/good"].currency)
    assert amounts["x/poor"] >= Money.parse("60", amounts["x/poor"].currency)


def test_a_paused_budget_is_left_alone() -> None:
    shop = a_shop(
        a_budget("x/on", now=100.0),
        a_budget("x/off", now=50.0, status=BudgetStatus.PAUSED),
    )
    decision = decide(shop, a_policy(150))
    off = next(change for change in decision.plan.changes if change.budget.native == "off")
    assert not off.moves
    shown = document(decision).model_dump()
    line = next(one for one in shown["budgets"] if one["id"] == "x/off")
    assert line["state"] == "paused"
    assert "paused" in line["reason"]


def test_all_money_a_hundredfold_scales_the_plan() -> None:
    def plan_of(factor: int) -> Decision:
        shop = a_shop(
            a_budget("x/a", now=100.0 * factor, cpc=1.0 * factor, aov=100.0 * factor, cvr=0.05),
            a_budget("x/b", now=100.0 * factor, cpc=2.0 * factor, aov=100.0 * factor, cvr=0.06),
            a_budget("x/c", now=80.0 * factor, cpc=1.5 * factor, aov=60.0 * factor, cvr=0.04),
        )
        return decide(shop, a_policy(250 * factor))

    small = {str(c.budget): c.after.to_float() for c in plan_of(1).plan.changes}
    large = {str(c.budget): c.after.to_float() for c in plan_of(100).plan.changes}
    for name, amount in small.items():
        assert large[name] / 100 == pytest.approx(amount, abs=0.02)


@pytest.mark.parametrize(("code", "step"), [("JPY", 1.0), ("KWD", 0.001), ("USD", 0.01)])
def test_the_same_figures_in_another_currency_are_the_same_plan(code: str, step: float) -> None:
    def plan_in(currency: Currency) -> dict[str, float]:
        shop = a_shop(
            a_budget("x/a", now=10_000.0, cpc=100.0, aov=10_000.0, cvr=0.05),
            a_budget("x/b", now=10_000.0, cpc=200.0, aov=10_000.0, cvr=0.06),
            a_budget("x/c", now=8_000.0, cpc=150.0, aov=6_000.0, cvr=0.04),
            currency=currency,
        )
        return {str(c.budget): c.after.to_float() for c in decide(shop, a_policy(25_000)).plan.changes}

    yuan, other = plan_in(Currency("CNY")), plan_in(Currency(code))
    assert other.keys() == yuan.keys()
    for name, amount in yuan.items():
        assert other[name] == pytest.approx(amount, abs=max(step, 0.01) + 1e-9)


def test_figures_after_the_decision_change_nothing() -> None:
    rows = [
        an_observation(f"ads/{name}", day=TODAY - timedelta(days=back), orders=float(back % 3))
        for name in "ab"
        for back in range(1, 15)
    ]
    noise = np.random.default_rng(0)
    future = [
        an_observation(
            f"ads/{name}",
            day=TODAY + timedelta(days=ahead),
            orders=float(noise.integers(0, 50)),
            spend=f"{noise.integers(1, 10**6)}.00",
        )
        for name in "ab"
        for ahead in range(5)
    ]
    known = gather(reports(*rows), Known(), day=TODAY)
    ahead = gather(reports(*rows, *future), Known(), day=TODAY)
    assert decide(known, a_policy(20)).plan == decide(ahead, a_policy(20)).plan
