"""Words that look at more than today: weeks, cash, 费比, launches, the hot list, events, files that are old."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.account_day import AccountDay
from bidder.activity import Activity, ShopActivity
from bidder.catalog import Mode, Product
from bidder.decide import Policy, decide
from bidder.errors import ConfigError, Source
from bidder.ids import BudgetId, ProductId
from bidder.limits import Limit, Priority
from bidder.money import currency_of
from bidder.rules import cash, events, holdout, tacos
from bidder.rules.base import Kind, Rule
from bidder.rules.conditions import Condition
from bidder.rules.evaluate import evaluate
from bidder.rules.exclude import without_excluded
from bidder.rules.hot_list import HotList
from bidder.rules.spent import spent_since
from bidder.rules.tacos import sales_by_day
from bidder.rules.words import WORDS
from bidder.snapshot import Hot, Snapshot, day_number
from tests.builders import CNY, ABudget, a_budget, a_shop, yuan
from tests.rules.curves import some_curves

PLACE = Source("rules.yaml", 3, 3)
ALL = np.ones(3, dtype=np.bool_)


def a_rule(word: str, written: Mapping[str, Any], where: object = None, when: object = None) -> Rule:
    condition = None if where is None else Condition.read(where, PLACE)
    days = None if when is None else Condition.read(when, PLACE, when=True)
    return Rule(f"the {word}", WORDS[word].model_validate(written), PLACE, condition, days)


def shop(day: date = date(2026, 3, 12), *more: ABudget, **facts: Any) -> Snapshot:
    """search/a 100, search/b 200, feed/c 50; a Thursday, 28 days of history."""
    return a_shop(
        a_budget("ads/a", now=100.0, channel="search", products=("P1",), minimum=10.0, **facts),
        a_budget("ads/b", now=200.0, channel="search", products=("P2",), cvr=0.02, minimum=10.0),
        a_budget("ads/c", now=50.0, channel="feed", products=("P3",), cvr=0.01, minimum=10.0),
        *more,
        today=day,
        products=tuple(
            Product(ProductId(f"P{n}"), tags=frozenset({"hero"} if n == 1 else ()), category="tea" if n < 3 else "ware")
            for n in (1, 2, 3)
        ),
    )


def limits_of(seen: Snapshot, *rules: Rule) -> tuple[Limit, ...]:
    return evaluate(rules, seen, some_curves(seen)).limits


def bounds_of(seen: Snapshot, *rules: Rule) -> dict[str, tuple[float, float]]:
    limits = evaluate(rules, seen, some_curves(seen))
    mine = [one for one in limits.bounds if one.rule.startswith("the ")]
    lower = np.max([one.lower for one in mine], axis=0) if mine else np.full(limits.size, -np.inf)
    upper = np.min([one.upper for one in mine], axis=0) if mine else np.full(limits.size, np.inf)
    return {str(b.id): (float(lower[i]), float(upper[i])) for i, b in enumerate(seen.budgets)}


def at(seen: Snapshot, budget: str) -> int:
    return seen.position(BudgetId.parse(budget))


# totals over more than a day, and for each group


def test_a_weekly_total_leaves_today_its_part_of_what_is_left() -> None:
    seen = shop()  # Monday to Wednesday cost 350 a day
    (cap,) = limits_of(seen, a_rule("total", {"max": 3850, "per": "week"}))
    assert cap.bound == pytest.approx(2800 / 4)
    assert cap.priority == Priority.ABSOLUTE
    monday = shop(date(2026, 3, 9))
    (cap,) = limits_of(monday, a_rule("total", {"max": 3500, "per": "week"}))
    assert cap.bound == pytest.approx(500)


def test_a_weekly_total_that_is_spent_leaves_the_minimums() -> None:
    cap = limits_of(shop(), a_rule("total", {"max": 1000, "per": "week"}))[0]
    assert cap.bound == 30.0


def test_a_week_may_be_held_for_some_budgets_only() -> None:
    seen = shop()
    (cap,) = limits_of(seen, a_rule("total", {"max": 700, "per": "week"}, {"channel": "feed"}))
    assert cap.bound == pytest.approx(1.3 * 100)  # 550 are left for four days, a day takes at most 1.3 of its part
    assert cap.weights[at(seen, "ads/c")] == 1.0
    assert cap.weights.sum() == 1.0


def test_a_total_of_a_month_counts_from_its_first_day() -> None:
    (cap,) = limits_of(shop(), a_rule("total", {"max": 350 * 31, "per": "month"}))
    assert cap.bound == pytest.approx(350.0)


def test_overdelivery_is_reckoned_with_in_a_week() -> None:
    seen = shop(date(2026, 3, 15))  # Sunday: what is left is all for today
    doubled = replace(seen, budgets=tuple(replace(b, overdelivery=2.0) for b in seen.budgets))
    cap = limits_of(doubled, a_rule("total", {"max": 2500, "per": "week"}))[0]
    assert cap.bound == pytest.approx(400 / 2)


def test_a_total_and_a_share_for_each_group() -> None:
    seen = shop()
    caps = limits_of(seen, a_rule("total", {"max": 120, "by": "channel"}))
    assert [(one.rule, float(one.weights.sum())) for one in caps] == [
        ("the total (feed)", 1.0),
        ("the total (search)", 2.0),
    ]
    assert {one.priority for one in caps} == {Priority.OWNER_CAP}
    shares = limits_of(seen, a_rule("share", {"max": "60%", "by": "category"}))
    assert [one.rule for one in shares] == ["the share (tea)", "the share (ware)"]
    for by, count in (("account", 1), ("platform", 1), ("currency", 1), ("group", 0)):
        assert len(limits_of(seen, a_rule("total", {"max": 120, "by": by}))) == count


# cash


def test_cash_that_is_out_leaves_less_for_today() -> None:
    seen = shop()
    (cap,) = limits_of(seen, a_rule("cash", {"max": 1200, "days": "3d"}))
    assert cap.bound == pytest.approx(min(1200 - 2 * 350, cash.FASTEST * 400))
    assert cap.priority == Priority.ABSOLUTE
    (cap,) = limits_of(seen, a_rule("cash", {"max": 500, "days": "3d"}, {"channel": "search"}))
    assert (cap.bound, cap.priority) == (20.0, Priority.OWNER_CAP)


def test_a_full_purse_is_not_emptied_in_one_day() -> None:
    (cap,) = limits_of(shop(), a_rule("cash", {"max": 100_000, "days": "10d"}))
    assert cap.bound == pytest.approx(13_000)


# 费比


def activity(
    seen: Snapshot, revenue: float, product: str = "", source: str = "advisor", **more: Any
) -> list[ShopActivity]:
    currency = currency_of(more.pop("currency", "CNY"))
    return [
        ShopActivity(
            source,
            ProductId(product) if product else None,
            AccountDay("UTC", seen.day - timedelta(days=back)),
            seen.as_of,
            money={"revenue": yuan(revenue, currency)},
            **more,
        )
        for back in range(1, 29)
    ]


def with_sales(seen: Snapshot, *rows: list[ShopActivity]) -> Snapshot:
    return replace(seen, activity=Activity.of([one for part in rows for one in part]))


def test_ad_cost_of_sales_caps_today_and_closes_the_gap_of_the_month() -> None:
    seen = shop()
    even = with_sales(seen, activity(seen, 3500.0))  # spends 350 a day: 10 %
    (cap,) = limits_of(even, a_rule("tacos", {"max": "10%"}))
    assert cap.bound == pytest.approx(350.0)
    assert cap.priority == Priority.TARGET
    (cap,) = limits_of(even, a_rule("tacos", {"max": "9%"}))  # 11 days at 35 too much, 20 days left
    assert cap.bound == pytest.approx(315 - 11 * 35 / 20)
    (cap,) = limits_of(even, a_rule("tacos", {"max": "5%"}))
    assert cap.bound == pytest.approx(0.7 * 175)


def test_sales_are_the_shops_own_and_not_those_that_ads_claim() -> None:
    seen = shop()
    assert np.isnan(sales_by_day(seen, ALL, seen.today - 7)).all()
    rows = [activity(seen, 5000.0), activity(seen, 4000.0, source="till"), activity(seen, 900.0, "P1")]
    rows += [activity(seen, 99.0, traffic="search"), activity(seen, 99.0, hour=3), activity(seen, 1e6, currency="USD")]
    known = with_sales(seen, *rows)
    assert sales_by_day(known, ALL, seen.today - 7) == pytest.approx(np.full(7, 5000.0))
    some = np.array([str(budget.id) == "ads/a" for budget in seen.budgets])
    assert sales_by_day(known, some, seen.today - 7) == pytest.approx(np.full(7, 900.0))


def test_without_any_sales_nothing_is_held() -> None:
    seen = shop()
    assert limits_of(seen, a_rule("tacos", {"max": "10%"})) == ()


def test_ad_cost_of_sales_is_not_held_in_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tacos, "event_phase", lambda _: "burst")
    assert limits_of(shop(), a_rule("tacos", {"max": "10%"})) == ()
    assert events.event_name(shop()) == ""
    assert not events.event_near(shop(), 14)


# cpa


def test_an_order_costs_no_more_than_the_cap() -> None:
    seen = shop()
    curves = some_curves(seen)  # 20 orders at most, bend 200
    upper = bounds_of(seen, a_rule("cpa", {"max": 12}))["ads/a"][1]
    orders = 20 * (1 - np.exp(-upper / 200))
    assert upper / orders == pytest.approx(12, rel=1e-6)
    assert bounds_of(seen, a_rule("cpa", {"max": 1}))["ads/a"][1] == 10.0
    assert bounds_of(seen, a_rule("cpa", {"max": 1000}))["ads/a"][1] > 1000
    assert len(curves) == 3


# launch and learning


def test_a_launch_has_a_daily_floor_while_its_purse_lasts() -> None:
    new = a_budget("ads/new", now=40.0, days=3, products=("P9",), minimum=10.0, cvr=0.3)
    seen = shop(date(2026, 3, 12), new)
    rule = a_rule("launch", {"max": 1500, "day": 100}, {"budget": "ads/new"})
    assert bounds_of(seen, rule)["ads/new"][0] == 100.0
    (cap,) = limits_of(seen, rule)
    assert cap.bound == pytest.approx(1500 - 3 * 40)
    spent = a_rule("launch", {"max": 130, "day": 100}, {"budget": "ads/new"})
    assert bounds_of(seen, spent)["ads/new"][0] == -np.inf
    (cap,) = limits_of(seen, spent)
    assert cap.bound == 10.0
    old = a_rule("launch", {"max": 1500, "day": 100, "days": "3d"}, {"budget": "ads/new"})
    assert bounds_of(seen, old)["ads/new"][0] == -np.inf
    assert bounds_of(seen, a_rule("launch", {"max": 1500}, {"budget": "ads/new"}))["ads/new"] == (-np.inf, np.inf)


def test_what_learns_is_not_cut_and_little_raised() -> None:
    new = a_budget("ads/new", now=40.0, days=3, products=("P9",), cvr=0.1)
    seen = shop(date(2026, 3, 12), new)
    bounds = bounds_of(seen, a_rule("learning", {}))
    assert bounds["ads/new"] == pytest.approx((40.0, 48.0))
    assert bounds["ads/a"] == (-np.inf, np.inf)
    assert bounds_of(seen, a_rule("learning", {"orders": 5}))["ads/new"] == (-np.inf, np.inf)
    fresh = shop(date(2026, 3, 12), a_budget("ads/x", now=40.0, days=0))
    assert bounds_of(fresh, a_rule("learning", {"cut": "10%"}, {"budget": "ads/x"}))["ads/x"] == pytest.approx((36, 48))
    nothing = a_shop(a_budget("ads/x", now=40.0, days=0))
    assert bounds_of(nothing, a_rule("learning", {}))["ads/x"] == pytest.approx((40, 48))


# pin, holdout, explore


def test_a_pin_holds_both_sides() -> None:
    seen = shop()
    assert bounds_of(seen, a_rule("pin", {"at": "now"}, {"channel": "feed"}))["ads/c"] == (50.0, 50.0)
    assert bounds_of(seen, a_rule("pin", {"at": 80}, {"channel": "feed"}))["ads/c"] == (80.0, 80.0)
    assert bounds_of(seen, a_rule("pin", {"at": "minimum"}, {"channel": "feed"}))["ads/c"] == (10.0, 10.0)


def test_a_holdout_stays_the_same_and_never_takes_a_hero(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [a_budget(f"ads/{n}", products=(f"Q{n}",), cvr=0.01 + n / 1e4) for n in range(200)]
    heroes = tuple(Product(ProductId(f"Q{n}"), tags=frozenset({"hero"})) for n in range(0, 200, 2))
    seen = a_shop(*many, products=heroes)
    rule = a_rule("holdout", {"share": "30%"})

    def out(snapshot: Snapshot) -> set[str]:
        return {name for name, (low, high) in bounds_of(snapshot, rule).items() if low == high == 100.0}

    names = out(seen)
    assert len(names) == 30
    assert all(int(name.split("/")[1]) % 2 for name in names)
    assert out(a_shop(*reversed(many), products=heroes, today=date(2026, 3, 20))) == names
    monkeypatch.setattr(holdout, "event_near", lambda *_: True)
    assert set(bounds_of(seen, rule).values()) == {(-np.inf, np.inf)}


def test_a_holdout_that_was_drawn_stands_whatever_is_spent_since_and_ends_with_its_weeks() -> None:
    def shop_of(grown: int, day: date, tagged: str = "") -> Snapshot:
        many = [a_budget(f"ads/{n}", now=50.0 + n + grown * (n % 7) * 20, products=(f"Q{n}",)) for n in range(20)]
        heroes = (Product(ProductId(tagged), tags=frozenset({"hero"})),) if tagged else ()
        return a_shop(*many, products=heroes, today=day)

    rule = a_rule("holdout", {"share": "20%", "weeks": 2})
    kind = rule.kind
    assert isinstance(kind, holdout.Holdout)
    begun = shop_of(0, date(2026, 3, 2))
    trial = kind.draw(np.ones(20, dtype=np.bool_), begun, rule.name)
    out = {unit.budgets[0] for unit in trial.units if unit.out}
    assert len(out) == 4
    ranked = sorted(range(20), key=lambda n: -n)
    assert all(sum(BudgetId.parse(f"ads/{n}") in out for n in ranked[k : k + 5]) == 1 for k in range(0, 20, 5))
    for day, held in ((date(2026, 3, 2), 4), (date(2026, 3, 15), 4), (date(2026, 3, 16), 0), (date(2026, 3, 1), 0)):
        seen = replace(shop_of(1, day), trials={rule.name: trial})
        bounds = bounds_of(seen, rule)
        fixed = {name: low for name, (low, high) in bounds.items() if low == high}
        assert len(fixed) == held
        assert all(amount == 50.0 + int(name.split("/")[1]) for name, amount in fixed.items())  # the old amounts
    refused = replace(shop_of(1, date(2026, 3, 3)), trials={rule.name: replace(trial, refused="it would see nothing")})
    assert set(bounds_of(refused, rule).values()) == {(-np.inf, np.inf)}


def test_a_holdout_waits_for_its_first_day() -> None:
    many = [a_budget(f"ads/{n}", products=(f"Q{n}",)) for n in range(10)]
    rule = a_rule("holdout", {"share": "20%", "from": "2026-03-05"})
    assert set(bounds_of(a_shop(*many), rule).values()) == {(-np.inf, np.inf)}
    began = bounds_of(a_shop(*many, today=date(2026, 3, 5)), rule)
    assert sum(low == high for low, high in began.values()) == 2


def test_exploring_lifts_a_few_at_a_time_and_each_in_turn() -> None:
    budgets = [a_budget(f"ads/{n}", now=30.0 + n, cvr=0.01 + n / 1e3) for n in range(12)]
    rule, lifted = a_rule("explore", {"min": 60}), set()
    for back in range(48):
        seen = a_shop(*budgets, today=date(2026, 3, 2) + timedelta(days=back))
        bounds = bounds_of(seen, rule)
        now = {str(b.id): b.now.to_float() for b in seen.budgets if b.now is not None}
        up = {name: low - now[name] for name, (low, _) in bounds.items() if low > now[name]}
        assert 1 <= len(up) <= 2
        assert sum(up.values()) <= 0.05 * sum(now.values()) + 1e-9
        lifted |= set(up)
    assert len(lifted) == 12


def test_exploring_overrides_no_maximum_that_a_rule_sets() -> None:
    seen = shop()
    explore = a_rule("explore", {"part": "10%", "budgets": 3, "min": 90})
    for other in ("budget: 55", "share"):
        rule = (
            a_rule("budget", {"max": 55}, {"channel": "feed"})
            if other != "share"
            else a_rule("share", {"max": "12%"}, {"channel": "feed"})
        )
        total = a_rule("total", {"max": 350})
        plan = decide(seen, Policy((explore, rule, total)))
        amounts = dict(zip((str(b.id) for b in seen.budgets), plan.allocation.amounts.tolist(), strict=True))
        if other == "share":
            assert amounts["ads/c"] <= 0.12 * sum(amounts.values()) + 1e-6
        else:
            assert amounts["ads/c"] <= 55 + 1e-6
        assert not [one for one in plan.allocation.prices if one.relaxed > 1e-6]


# exclude


def test_days_of_broken_tracking_teach_nothing() -> None:
    seen = shop()
    bad = (seen.history.day >= seen.today - 3) & (seen.history.day < seen.today - 1)
    broken = replace(seen, history=replace(seen.history, orders=np.where(bad, 0.0, seen.history.orders)))
    rule = a_rule("exclude", {"from": "2026-03-09", "to": "2026-03-10"})
    clean = replace(seen, history=seen.history.select(~bad))
    left = without_excluded((rule,), broken)
    assert np.array_equal(left.history.orders, clean.history.orders)
    total = a_rule("total", {"max": 350})
    assert decide(broken, Policy((rule, total))).plan.changes == decide(clean, Policy((total,))).plan.changes
    one = a_rule("exclude", {"from": "2026-03-09"}, {"channel": "feed"})
    assert len(without_excluded((one,), broken).history) == len(broken.history) - 1
    assert without_excluded((replace(one, enabled=False),), broken) is broken
    assert bounds_of(seen, rule) == bounds_of(seen)


# the hot list


def ranked_shop(count: int = 9, memory: Mapping[ProductId, Hot] | None = None) -> Snapshot:
    budgets = [a_budget(f"ads/{n}", products=(f"P{n}",), cvr=0.09 - n / 100, minimum=10.0) for n in range(count)]
    return replace(
        a_shop(*budgets, products=tuple(Product(ProductId(f"P{n}")) for n in range(count))),
        hot={"the hot_list": memory or {}},
    )


def listed(seen: Snapshot, curves_of: Any = None, **written: Any) -> dict[str, tuple[str, int]]:
    kind = HotList.model_validate({"size": 4, "heroes": 2, **written})
    curves = some_curves(seen)
    earns = np.array([10.0 - int(str(b.id).split("/")[1]) for b in seen.budgets])
    curves = replace(curves, margin_per_order=curves.margin_per_order * earns)
    chosen = np.ones(len(seen.budgets), dtype=np.bool_)
    return {str(p): (h.role, h.away) for p, h in kind.listed(chosen, seen, curves, "the hot_list").items()}


def test_the_best_enter_the_hot_list_and_the_first_are_heroes() -> None:
    assert listed(ranked_shop()) == {
        "P0": ("hero", 0),
        "P1": ("hero", 0),
        "P2": ("auxiliary", 0),
        "P3": ("auxiliary", 0),
    }
    assert "P8" in listed(ranked_shop(), keep=["P8"])


def test_who_is_on_the_list_leaves_after_three_days_far_below() -> None:
    before = {ProductId("P5"): Hot("auxiliary"), ProductId("P8"): Hot("auxiliary", 1), ProductId("P2"): Hot("hero")}
    now = listed(ranked_shop(memory=before))
    assert now["P5"] == ("auxiliary", 0)  # sixth of four: within one and a half times
    assert now["P8"] == ("auxiliary", 2)
    assert now["P2"][0] == "auxiliary"  # two better ones are heroes already
    gone = listed(ranked_shop(memory={ProductId("P8"): Hot("auxiliary", 2)}))
    assert "P8" not in gone


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_luck_swaps_hardly_anything(seed: int) -> None:
    rng = np.random.default_rng(seed)
    seen = ranked_shop(40)
    curves = some_curves(seen)
    quality = np.exp(rng.normal(0.0, 0.5, 40))
    kind = HotList.model_validate({"size": 20})
    memory: Mapping[ProductId, Hot] = {}
    swaps = 0
    for day in range(28):
        noisy = replace(curves, margin_per_order=curves.margin_per_order * quality * np.exp(rng.normal(0, 0.05, 40)))
        today = kind.listed(np.ones(40, dtype=np.bool_), replace(seen, hot={"x": memory}), noisy, "x")
        swaps += len(set(memory) - set(today)) if day else 0
        memory = today
    assert swaps <= 4


def test_what_is_not_on_the_list_gets_what_is_left_and_learners_are_not_judged() -> None:
    seen = ranked_shop()
    rule = a_rule("hot_list", {"size": 4, "heroes": 2, "floor": 80})
    bounds = bounds_of(seen, rule)
    assert sum(high == 10.0 for _, high in bounds.values()) == 5
    assert sum(low == 80.0 for low, _ in bounds.values()) == 2
    curves = replace(some_curves(seen), state=("learning",) * 9)
    limits = evaluate((rule,), seen, curves)
    assert not np.isfinite(limits.bounds[0].upper).any()


def test_yesterdays_role_is_a_name_of_conditions() -> None:
    seen = ranked_shop(memory={ProductId("P1"): Hot("hero"), ProductId("P2"): Hot("auxiliary")})
    bounds = bounds_of(seen, a_rule("budget", {"max": 33}, {"role": "hero"}))
    assert [name for name, (_, high) in bounds.items() if high == 33.0] == ["ads/1"]


# events and seasons


def test_a_multiple_moves_what_steps_are_measured_from_there_and_back() -> None:
    burst = a_rule("budget", {"multiply": 2.0}, {"channel": "feed"}, {"from": "2026-03-12", "to": "2026-03-13"})
    first = evaluate((burst,), shop(), some_curves(shop()))
    step = next(one for one in first.bounds if one.rule == "default step")
    place = at(shop(), "ads/c")
    assert (step.lower[place], step.upper[place]) == pytest.approx((60.0, 130.0))
    assert first.reference is not None
    assert first.reference[place] == 100.0

    def next_day(day: date, written: float, changed: date) -> tuple[float, float]:
        seen = shop(day)
        budgets = tuple(replace(b, now=yuan(written)) if str(b.id) == "ads/c" else b for b in seen.budgets)
        seen = replace(seen, budgets=budgets, changed={BudgetId.parse("ads/c"): day_number(changed)})
        limits = evaluate((burst,), seen, some_curves(seen))
        step = next(one for one in limits.bounds if one.rule == "default step")
        return float(step.lower[at(seen, "ads/c")]), float(step.upper[at(seen, "ads/c")])

    during = next_day(date(2026, 3, 13), 110.0, date(2026, 3, 12))
    assert during == pytest.approx((66.0, 143.0))
    after = next_day(date(2026, 3, 14), 120.0, date(2026, 3, 13))
    assert after == pytest.approx((36.0, 78.0))
    unwritten = next_day(date(2026, 3, 13), 50.0, date(2026, 3, 1))  # nobody could write it on the first day
    assert unwritten == pytest.approx((60.0, 130.0))


@pytest.mark.parametrize("times", [2.5, 0.5])
def test_a_plan_follows_the_multiple_and_no_brake_holds_it(times: float) -> None:
    seen = shop()
    seen = replace(seen, accounts=tuple(replace(one, mode=Mode.APPLY) for one in seen.accounts))
    rules = (
        a_rule("budget", {"multiply": times}, None, {"from": "2026-03-12", "to": "2026-03-13"}),
        a_rule("total", {"max": 2000}),
    )
    made = decide(seen, Policy(rules))
    assert not made.held
    for change in made.plan.changes:
        assert change.before is not None
        ratio = change.after.micros / change.before.micros
        assert ratio >= times * 0.99 if times > 1 else ratio <= times * 1.01


def test_a_multiple_gives_way_to_every_cap() -> None:
    seen = shop()
    rules = (
        a_rule("budget", {"multiply": 3, "max": 120}, None, {"month": "mar"}),
        a_rule("total", {"max": 300}),
    )
    made = decide(seen, Policy(rules))
    assert sum(change.after.micros for change in made.plan.changes) <= 300 * 10**6
    assert max(change.after.micros for change in made.plan.changes) <= 120 * 10**6


# files that a person downloads


@pytest.mark.parametrize(("hours", "held"), [(20, False), (26, False), (27, True), (78, True)])
def test_old_files_halve_steps_and_only_cut(hours: int, held: bool) -> None:
    seen = shop()
    newest_ends = AccountDay("UTC", seen.day).start_at
    seen = replace(
        seen,
        as_of=newest_ends + timedelta(hours=hours),
        accounts=tuple(replace(one, platform="files") for one in seen.accounts),
    )
    limits = evaluate((), seen, some_curves(seen))
    names = [one for one in limits.bounds if one.rule.startswith("files older than 26 h")]
    assert bool(names) is held
    if held:
        place = at(seen, "ads/a")
        assert (names[0].lower[place], names[0].upper[place]) == pytest.approx((80.0, 100.0))
    api = replace(seen, accounts=tuple(replace(one, platform="sandbox") for one in seen.accounts))
    assert not [one for one in evaluate((), api, some_curves(api)).bounds if one.rule.startswith("files")]
    silent = replace(seen, history=seen.history.select(seen.history.day < 0))
    assert not [one for one in evaluate((), silent, some_curves(silent)).bounds if one.rule.startswith("files")]


def test_spend_is_counted_from_the_day_that_is_asked() -> None:
    seen = shop()
    assert spent_since(seen, seen.today - 2).sum() == pytest.approx(700.0)
    assert CNY == "CNY"
    assert Kind().unfit(where=True, when=True) is None


def test_exploring_without_a_least_amount_doubles_the_platforms_minimum() -> None:
    seen = a_shop(a_budget("ads/a", now=12.0, minimum=10.0), a_budget("ads/b", now=900.0, cvr=0.02, minimum=10.0))
    raised = [low for low, _ in bounds_of(seen, a_rule("explore", {"budgets": 2, "part": "10%"})).values()]
    assert any(low == pytest.approx(20.0) for low in raised)
    assert bounds_of(seen, a_rule("explore", {}, {"budget": "ads/none"})) == bounds_of(seen)


def test_a_hot_list_leaves_budgets_of_nothing_alone() -> None:
    seen = a_shop(a_budget("ads/a", products=()), a_budget("ads/b", products=("P1",), cvr=0.02))
    bounds = bounds_of(seen, a_rule("hot_list", {"size": 1}))
    assert bounds["ads/a"] == (-np.inf, np.inf)


def test_a_season_is_a_list_of_months() -> None:
    with pytest.raises(ConfigError, match="expected jan … dec"):
        Condition.read({"month": "novemb"[::-1]}, PLACE, when=True)
    assert Condition.read({"month": ["nov", "December"]}, PLACE, when=True).text.count("getMonth") == 2
