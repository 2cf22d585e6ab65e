"""Each word of the rule language: what it limits, and what it refuses to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from bidder.catalog import BudgetStatus, Mode
from bidder.errors import Source
from bidder.ids import BudgetId
from bidder.limits import Limit, Priority, Sense
from bidder.money import currency_of
from bidder.rules.base import Kind, Rule
from bidder.rules.conditions import Condition
from bidder.rules.evaluate import evaluate
from bidder.rules.step import DefaultStep
from bidder.rules.words import WORDS
from bidder.snapshot import Snapshot
from tests.builders import CNY, a_budget, a_shop, yuan
from tests.rules.curves import some_curves

PLACE = Source("rules.yaml", 3, 3)


def a_rule(word: str, written: Mapping[str, Any], where: object = None, **more: Any) -> Rule:
    condition = None if where is None else Condition.read(where, PLACE)
    return Rule(f"the {word}", WORDS[word].model_validate(written), PLACE, condition, **more)


def three(**facts: Any) -> Snapshot:
    """search/a 100, search/b 200, feed/c 50."""
    return a_shop(
        a_budget("ads/a", now=100.0, channel="search"),
        a_budget("ads/b", now=200.0, channel="search"),
        a_budget("ads/c", now=50.0, channel="feed", **facts),
    )


def bounds_of(shop: Snapshot, *rules: Rule) -> dict[str, tuple[float, float]]:
    """The tightest lower and upper amount of each budget, all priorities alike."""
    limits = evaluate(rules, shop, some_curves(shop))
    lower = np.max([one.lower for one in limits.bounds], axis=0)
    upper = np.min([one.upper for one in limits.bounds], axis=0)
    return {str(b.id): (float(lower[i]), float(upper[i])) for i, b in enumerate(shop.budgets)}


def limits_of(shop: Snapshot, *rules: Rule) -> tuple[Limit, ...]:
    return evaluate(rules, shop, some_curves(shop)).limits


def weights(shop: Snapshot, limit: Limit) -> dict[str, float]:
    return {str(b.id): round(float(limit.weights[i]), 9) for i, b in enumerate(shop.budgets)}


# total


def test_a_total_without_where_is_the_absolute_cap_of_all() -> None:
    shop = three()
    (cap,) = limits_of(shop, a_rule("total", {"max": 3000}))
    assert (cap.bound, cap.sense, cap.priority, cap.source) == (3000.0, Sense.AT_MOST, Priority.ABSOLUTE, PLACE)
    assert weights(shop, cap) == {"ads/a": 1.0, "ads/b": 1.0, "ads/c": 1.0}


def test_a_total_with_where_caps_the_sum_of_the_chosen_as_an_owner() -> None:
    shop = three()
    (cap,) = limits_of(shop, a_rule("total", {"max": "200 CNY"}, {"channel": "search"}))
    assert cap.priority == Priority.OWNER_CAP
    assert weights(shop, cap) == {"ads/a": 1.0, "ads/b": 1.0, "ads/c": 0.0}


def test_what_is_paused_is_not_in_force_and_does_not_count() -> None:
    shop = three(status=BudgetStatus.PAUSED)
    (cap,) = limits_of(shop, a_rule("total", {"max": 3000}))
    assert weights(shop, cap)["ads/c"] == 0.0


def test_an_unresolved_write_counts_as_the_larger_amount() -> None:
    shop = three()
    shop = replace(shop, unresolved={BudgetId.parse("ads/a"): yuan(160), BudgetId.parse("ads/b"): yuan(150)})
    (cap,) = limits_of(shop, a_rule("total", {"max": 3000}))
    assert cap.bound == pytest.approx(2940.0)
    assert bounds_of(shop)["ads/a"] == (100.0, 100.0)


def test_what_is_only_observed_leaves_the_rest_of_the_cap() -> None:
    shop = a_shop(a_budget("ads/a"), a_budget("see/b", now=60.0))
    modes = {"ads": Mode.APPLY, "see": Mode.OBSERVE}
    mixed = replace(shop, accounts=tuple(replace(one, mode=modes[one.id]) for one in shop.accounts))
    both, beside = limits_of(mixed, a_rule("total", {"max": 300}))
    assert both.bound == 300.0
    assert beside.bound == 240.0
    assert weights(mixed, beside) == {"ads/a": 1.0, "see/b": 0.0}
    assert len(limits_of(shop, a_rule("total", {"max": 300}))) == 1


# share


def test_a_share_is_linear_in_the_amounts() -> None:
    shop = three()
    low, high = limits_of(shop, a_rule("share", {"min": "40%", "max": "70%"}, {"channel": "search"}))
    assert (low.sense, high.sense) == (Sense.AT_LEAST, Sense.AT_MOST)
    assert weights(shop, low) == {"ads/a": 0.6, "ads/b": 0.6, "ads/c": -0.4}
    assert weights(shop, high) == {"ads/a": 0.3, "ads/b": 0.3, "ads/c": -0.7}
    assert low.priority == Priority.WISH


@pytest.mark.parametrize("where", [None, {"channel": "nothing"}])
def test_a_share_of_all_or_of_nothing_says_nothing(where: object) -> None:
    assert limits_of(three(), a_rule("share", {"min": "40%"}, where)) == ()


# budget


def test_a_budget_range_bounds_each_of_the_chosen() -> None:
    bounds = bounds_of(three(), a_rule("budget", {"min": 95, "max": "110 CNY"}, {"channel": "search"}))
    assert bounds["ads/a"] == (95.0, 110.0)
    assert bounds["ads/b"][1] == 110.0
    assert bounds["ads/c"] == (30.0, 65.0)  # the default step alone


def test_a_maximum_below_the_platforms_minimum_means_that_minimum() -> None:
    shop = three(minimum=30.0)
    assert bounds_of(shop, a_rule("budget", {"max": "minimum"}, {"channel": "feed"}))["ads/c"][1] == 30.0
    assert bounds_of(shop, a_rule("budget", {"max": 5}, {"channel": "feed"}))["ads/c"][1] == 30.0


def test_a_minimum_is_on_the_platforms_step_and_never_zero() -> None:
    shop = three()
    steps = tuple(replace(b, step=yuan(20), minimum=yuan(30)) for b in shop.budgets)
    assert {low for low, _ in bounds_of(replace(shop, budgets=steps), DROP).values()} >= {40.0}
    free = tuple(replace(b, minimum=None, now=yuan("0.02")) for b in shop.budgets)
    assert {low for low, _ in bounds_of(replace(shop, budgets=free)).values()} == {0.02 * 0.6}


DROP = a_rule("step", {"raise": "0%", "cut": "100%"})


# step


def test_the_default_step_is_thirty_up_and_forty_down() -> None:
    assert bounds_of(three()) == {"ads/a": (60.0, 130.0), "ads/b": (120.0, 260.0), "ads/c": (30.0, 65.0)}


def test_the_default_step_stands_only_where_no_rule_covers_and_never_twice() -> None:
    shop = three()
    rule = a_rule("step", {"max": "50%"}, {"channel": "search"})
    assert bounds_of(shop, rule) == {"ads/a": (50.0, 150.0), "ads/b": (100.0, 300.0), "ads/c": (30.0, 65.0)}
    names = [one.rule for one in evaluate((rule,), shop, some_curves(shop)).bounds]
    assert names == ["the step", "default step", "platform minimum and maximum"]
    everywhere = evaluate((a_rule("step", {"max": "50%"}),), shop, some_curves(shop)).bounds
    assert [one.rule for one in everywhere] == ["the step", "platform minimum and maximum"]


def test_a_step_of_one_side_leaves_the_other_to_the_default() -> None:
    bounds = bounds_of(three(), a_rule("step", {"raise": "0%"}))
    assert bounds["ads/a"] == (60.0, 100.0)
    bounds = bounds_of(three(), a_rule("step", {"cut": "10%"}))
    assert bounds["ads/a"] == (90.0, 130.0)


def test_two_steps_on_one_budget_leave_the_tighter() -> None:
    bounds = bounds_of(three(), a_rule("step", {"max": "50%"}), replace(a_rule("step", {"max": "10%"}), name="b"))
    assert bounds["ads/a"] == pytest.approx((90.0, 110.0))


def test_a_step_below_zero_cuts_by_at_least_that_and_ranks_above_other_steps() -> None:
    shop = three(minimum=30.0)
    limits = evaluate((a_rule("step", {"max": "-50%"}), a_rule("step", {"max": "30%"})), shop, some_curves(shop))
    forced, ordinary = limits.bounds[0], limits.bounds[1]
    at = shop.position(BudgetId.parse("ads/a"))
    assert forced.upper[at] == 50.0
    assert forced.lower[at] == -np.inf
    assert forced.priority > ordinary.priority
    assert forced.upper[shop.position(BudgetId.parse("ads/c"))] == 30.0  # never below the platform's minimum
    assert "default step" not in [one.rule for one in limits.bounds]


def test_where_the_amount_in_force_was_never_read_there_is_no_step() -> None:
    shop = a_shop(a_budget("ads/a", now=None), a_budget("ads/b", now=None, cvr=0.1))
    assert bounds_of(shop, a_rule("step", {"max": "10%"})) == {"ads/a": (0.01, np.inf), "ads/b": (0.01, np.inf)}
    assert not [one for one in evaluate((), shop, some_curves(shop)).bounds if one.rule == "default step"]


def test_the_smallest_raise_is_measured_from_the_platforms_minimum() -> None:
    shop = a_shop(a_budget("ads/a", now=10.0, minimum=100.0))
    assert bounds_of(shop)["ads/a"] == (100.0, 40.0)  # the platform's minimum outranks the step


@pytest.mark.parametrize(("days", "pinned"), [(0, True), (1, True), (2, True), (3, False)])
def test_after_a_change_a_budget_rests(days: int, pinned: bool) -> None:
    shop = three()
    shop = replace(shop, changed={BudgetId.parse("ads/a"): shop.today - days})
    bounds = bounds_of(shop, a_rule("step", {"max": "30%", "cooldown": "3d"}))
    assert (bounds["ads/a"] == (100.0, 100.0)) is pinned
    assert bounds["ads/b"] == pytest.approx((140.0, 260.0))


def test_budgets_that_a_target_steers_move_less_and_rest_longer() -> None:
    shop = three()
    driven = tuple(replace(b, target_driven=b.channel == "feed") for b in shop.budgets)
    shop = replace(shop, budgets=driven)
    assert bounds_of(shop)["ads/c"] == pytest.approx((40.0, 60.0))
    assert bounds_of(shop, a_rule("step", {"max": "90%"}))["ads/c"] == pytest.approx((40.0, 60.0))
    moved = replace(shop, changed={BudgetId.parse("ads/c"): shop.today - 2})
    assert bounds_of(moved)["ads/c"] == (50.0, 50.0)
    only = a_shop(a_budget("ads/x"))
    only = replace(only, budgets=tuple(replace(b, target_driven=True) for b in only.budgets))
    assert bounds_of(only)["ads/x"] == pytest.approx((80.0, 120.0))


def test_the_figures_of_the_guard_are_the_default_step() -> None:
    written = DefaultStep.model_validate({"raise": "10%", "cut": "20%"})
    shop = three()
    rule = Rule("default step", written, Source("bidder.yaml", 9, 1))
    limits = evaluate((rule,), shop, some_curves(shop))
    assert bounds_of(shop, rule)["ads/a"] == pytest.approx((80.0, 110.0))
    assert limits.bounds[0].source == Source("bidder.yaml", 9, 1)
    alone = list(written.limits(np.ones(3, dtype=np.bool_), shop, some_curves(shop), "x", 30, PLACE))
    assert len(alone) == 1


def test_moves_too_small_to_be_worth_a_write_are_named() -> None:
    shop = three()
    limits = evaluate((a_rule("step", {"max": "30%", "min": 12}, {"channel": "search"}),), shop, some_curves(shop))
    now = shop.now
    assert not limits.small_moves(now, now).any()
    assert limits.small_moves(now, now + 11.9).tolist() == [str(b.id) != "ads/c" for b in shop.budgets]
    assert not limits.small_moves(now, now + 12.0).any()
    fine = evaluate((a_rule("step", {"max": "30%", "min": "8%"}),), shop, some_curves(shop))
    assert fine.small_moves(now, now * 1.079).all()
    assert not fine.small_moves(now, now * 0.92).any()


def test_by_default_less_than_five_percent_or_a_platform_step_is_small() -> None:
    shop = three()
    shop = replace(shop, budgets=tuple(replace(b, step=yuan(4)) for b in shop.budgets))
    limits = evaluate((), shop, some_curves(shop))
    moved = limits.small_moves(shop.now, shop.now + 4.5)
    assert dict(zip((str(b.id) for b in shop.budgets), moved.tolist(), strict=True)) == {
        "ads/a": True,
        "ads/b": True,
        "ads/c": False,
    }
    unread = replace(shop, budgets=tuple(replace(b, now=None) for b in shop.budgets))
    assert not evaluate((), unread, some_curves(unread)).small_moves(unread.now, np.ones(3)).any()


# what nobody writes


def test_platform_facts_stand_without_a_rule() -> None:
    shop = a_shop(a_budget("ads/a", now=100.0, minimum=90.0))
    shop = replace(shop, budgets=tuple(replace(b, maximum=yuan(105)) for b in shop.budgets))
    assert bounds_of(shop)["ads/a"] == (90.0, 105.0)


@pytest.mark.parametrize("status", [BudgetStatus.PAUSED, BudgetStatus.REMOVED])
def test_what_is_paused_or_removed_stays_as_it_is(status: BudgetStatus) -> None:
    shop = three(status=status, minimum=60.0)
    assert bounds_of(shop)["ads/c"] == (50.0, 50.0)
    unread = replace(shop, budgets=tuple(replace(b, now=None) for b in shop.budgets))
    assert bounds_of(unread)["ads/c"] == (0.0, 0.0)


@pytest.mark.parametrize(("hours", "pinned"), [(1, True), (23, True), (24, False)])
def test_what_somebody_else_moved_rests_a_day(hours: int, pinned: bool) -> None:
    shop = three()
    shop = replace(shop, foreign={BudgetId.parse("ads/a"): shop.as_of - timedelta(hours=hours)})
    assert (bounds_of(shop)["ads/a"] == (100.0, 100.0)) is pinned


def test_each_reason_to_stay_has_its_own_name_and_no_source() -> None:
    shop = three(status=BudgetStatus.PAUSED)
    shop = replace(
        shop,
        unresolved={BudgetId.parse("ads/a"): yuan(100)},
        foreign={BudgetId.parse("ads/b"): shop.as_of},
    )
    limits = evaluate((), shop, some_curves(shop))
    named = {one.rule for one in limits.bounds if one.priority == Priority.ABSOLUTE}
    assert named == {
        "outcome of the last write not known yet",
        "changed by somebody else within 24 h",
        "paused or removed",
    }
    assert {one.source for one in limits.bounds} == {None}


# evaluate


def test_rules_that_are_off_or_have_another_day_say_nothing() -> None:
    shop = three()
    off = a_rule("budget", {"max": 1}, enabled=False)
    other = replace(off, enabled=True, when=Condition.read({"from": "2027-01-01"}, PLACE, when=True))
    assert bounds_of(shop, off, other) == bounds_of(shop)
    today = replace(off, enabled=True, when=Condition.read({"weekday": "mon"}, PLACE, when=True))
    assert bounds_of(shop, today)["ads/a"][1] == 1.0


def test_a_written_priority_wins_over_that_of_the_word() -> None:
    (cap,) = limits_of(three(), a_rule("total", {"max": 1000}, priority=35))
    assert cap.priority == 35


def test_renaming_and_reordering_rules_input_changes_no_bound() -> None:
    shop = three()
    rules = (a_rule("share", {"min": "40%"}, {"channel": "search"}), a_rule("budget", {"max": 120}))
    renamed = replace(
        shop, budgets=tuple(replace(b, id=BudgetId(b.id.account, f"{9 - i}")) for i, b in enumerate(shop.budgets))
    )
    one, two = (evaluate(rules, s, some_curves(s)) for s in (shop, renamed))
    for left, right in zip(one.bounds, two.bounds, strict=True):
        assert np.array_equal(left.lower, right.lower)
        assert np.array_equal(left.upper, right.upper)
    assert np.array_equal(one.limits[0].weights, two.limits[0].weights)


def test_a_foreign_amount_is_in_the_shops_currency_by_its_rate() -> None:
    usd = currency_of("USD")
    shop = replace(three(), exchange={usd: 7.0})
    (cap,) = limits_of(shop, a_rule("total", {"max": "100 USD"}))
    assert cap.bound == 700.0


# what is refused


@pytest.mark.parametrize(
    ("word", "written", "message"),
    [
        ("total", {}, "max"),
        ("total", {"max": 0}, "more than 0"),
        ("total", {"max": -5}, "more than 0"),
        ("total", {"max": "30%"}, "a percentage does not fit"),
        ("total", {"max": "1,000"}, "without separators"),
        ("total", {"max": "100 XYZ"}, "ISO 4217"),
        ("total", {"max": True}, "amount of money"),
        ("total", {"max": float("nan")}, "amount of money"),
        ("total", {"max": "CNY 100 USD"}, "amount of money"),
        ("share", {}, "min or max"),
        ("share", {"min": 0.4}, None),
        ("share", {"min": 40}, "write 40%"),
        ("share", {"max": "140%"}, "at most 100%, was 140%"),
        ("share", {"max": "-10%"}, "at least 0%"),
        ("share", {"min": "70%", "max": "40%"}, "min below max"),
        ("share", {"max": "0%"}, "minimum"),
        ("share", {"min": "abc"}, "percentage"),
        ("share", {"min": True}, "percentage"),
        ("share", {"min": float("inf")}, "percentage"),
        ("budget", {}, "min or max"),
        ("budget", {"max": 0}, "write minimum"),
        ("budget", {"max": -1}, "more than 0"),
        ("budget", {"min": 200, "max": 100}, "min below max"),
        ("budget", {"max": "30%"}, "percentage does not fit"),
        ("budget", {"multiply": "300%"}, "write 3 for three times"),
        ("budget", {"multiply": 1}, "not 1"),
        ("budget", {"multiply": 30}, "at most 10"),
        ("budget", {"multiply": True}, "expected a number"),
        ("share", {"min": "40%", "by": "channel"}, "every group"),
        ("share", {"max": "40%", "by": "colour"}, "channel"),
        ("total", {"max": 40, "per": "year"}, "day"),
        ("tacos", {"max": "0%"}, "more than 0%"),
        ("tacos", {"max": 15}, "write 15%"),
        ("cash", {"max": 100, "days": "12h"}, "whole days"),
        ("cash", {"max": 100}, "days"),
        ("launch", {"max": 100, "days": "30h"}, "whole days"),
        ("learning", {"days": "30h"}, "whole days"),
        ("learning", {"orders": 0}, "greater than or equal"),
        ("pin", {"at": 0}, "amount in force"),
        ("pin", {}, "at"),
        ("explore", {"part": "50%"}, "at most 10%"),
        ("explore", {"turn": "12h"}, "whole days"),
        ("holdout", {"share": "0%"}, "more than 0%"),
        ("holdout", {"share": "60%"}, "at most 50%"),
        ("hot_list", {"size": 2, "heroes": 3}, "heroes"),
        ("hot_list", {"size": 5, "floor": 10, "others": 20}, "floor of heroes"),
        ("exclude", {"from": "2026-05-03", "to": "2026-05-01"}, "from before to"),
        ("exclude", {"from": 5}, "a date such as"),
        ("step", {}, "max, raise, cut, min or cooldown"),
        ("step", {"max": 30}, "write 30%"),
        ("step", {"max": "0%"}, "write raise: 0%"),
        ("step", {"max": "-150%"}, "at least -100%"),
        ("step", {"max": "30%", "cut": "10%"}, "either max or"),
        ("step", {"max": "5%", "min": "10%"}, "min below max"),
        ("step", {"max": "30%", "min": "-40%"}, "write cut: 40%"),
        ("step", {"min": 0}, "more than 0"),
        ("step", {"cooldown": 3}, "such as 26h, 3d"),
        ("step", {"cooldown": "30h"}, "whole days"),
    ],
)
def test_nonsense_is_refused_when_it_is_written(word: str, written: dict[str, Any], message: str | None) -> None:
    if message is None:  # a fraction is what code passes; files give decimals, which are refused
        assert isinstance(WORDS[word].model_validate(written), Kind)
        return
    with pytest.raises(ValidationError, match=message):
        WORDS[word].model_validate(written)


def test_words_are_those_of_the_language() -> None:
    normative = "total tacos share budget step roas marginal_roas cpa margin stock cash hot_list learning launch pin"
    assert set(WORDS) == {*normative.split(), "exclude", "explore", "holdout"}
    assert all(kind.__doc__ for kind in WORDS.values())


def test_a_kind_must_say_what_it_limits() -> None:
    with pytest.raises(NotImplementedError):
        Kind().limits(np.ones(1, dtype=np.bool_), three(), some_curves(three()), "x", 1, PLACE)


def test_amounts_print_as_they_were_written() -> None:
    kind = WORDS["total"].model_validate({"max": "200.50 USD"})
    assert str(kind.max) == "200.50 USD"  # type: ignore[attr-defined]  # Total
    assert kind.max.money(CNY).currency == "USD"  # type: ignore[attr-defined]  # Total


def test_bounds_of_one_rule_are_columns_of_the_whole_shop() -> None:
    limits = evaluate((a_rule("budget", {"max": 120}, {"channel": "feed"}),), three(), some_curves(three()))
    assert limits.size == 3
    assert all(len(one.lower) == 3 == len(one.upper) for one in limits.bounds)
