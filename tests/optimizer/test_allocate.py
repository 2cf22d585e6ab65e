"""The optimizer's promises: near the true optimum, inside every limit, the same for the same figures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.errors import SolveError
from bidder.limits import Bounds, Limit, Limits, Priority, Quantity, Sense
from bidder.optimizer.allocate import AllocateSettings, allocate
from bidder.optimizer.objective import Objective, value
from bidder.optimizer.program import Program, Solution
from bidder.optimizer.solve import engine as cbc
from bidder.plan import Allocation
from tests.optimizer.shops import Shop, a_shop, between, group, only, random_shop, total, water_filling

SURE = AllocateSettings(doubt=0.0, calm=0.0)
"""Curves are taken for what they say, and moves are free."""

DEFAULT = AllocateSettings()


def plan(shop: Shop, limits: Limits, how: AllocateSettings = SURE, **more: Any) -> Allocation:
    """The allocation for profit."""
    return allocate(shop.curves, limits, Objective.PROFIT, shop.now, how, **more)


@pytest.mark.parametrize("seed", range(60))
def test_the_answer_is_within_a_two_thousandth_of_water_filling(seed: int) -> None:
    random = np.random.default_rng(seed)
    size = int(random.integers(2, 41))
    shop = random_shop(seed, size, hill=seed % 2 == 1)
    lower, upper = 0.05 * shop.curves.scale, random.uniform(0.5, 4.0, size) * shop.curves.scale
    bound = float(random.uniform(0.3, 1.5) * shop.curves.scale.sum())
    answer = plan(shop, only(total(size, bound), between(size, lower, upper), size=size))
    best = value(Objective.PROFIT, shop.curves, water_filling(shop, lower, upper, bound)).sum()
    assert answer.objective >= 0.9995 * best
    assert answer.objective <= best * (1.0 + 1e-7)
    assert answer.amounts.sum() <= bound * (1.0 + 1e-12)
    assert (answer.amounts >= lower * (1.0 - 1e-9)).all()
    assert (answer.amounts <= upper * (1.0 + 1e-9)).all()
    assert answer.certificate.status == "optimal"
    assert answer.certificate.gap <= 1e-6


def test_two_budgets_with_the_same_figures_get_the_same_money() -> None:
    shop = a_shop(most=[5, 20, 5, 5], half=[60, 100, 60, 60])
    answer = plan(shop, only(total(4, 130.0), size=4))
    assert answer.amounts[0] == answer.amounts[2] == answer.amounts[3] > 0


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_budgets_changes_no_amount(seed: int) -> None:
    shop, random = random_shop(seed, 8), np.random.default_rng(seed)
    turn = random.permutation(8)
    bound = 0.6 * float(shop.curves.scale.sum())
    curves = shop.curves
    response: Any = curves.response
    other = a_shop(
        most=response.most[turn],
        half=response.half[turn],
        margin=curves.margin_per_order[turn],
        scale=curves.scale[turn],
    )
    straight = plan(shop, only(total(8, bound), size=8)).amounts
    turned = plan(other, only(total(8, bound), size=8)).amounts
    np.testing.assert_allclose(turned, straight[turn], rtol=1e-6, atol=1e-6 * bound)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), factor=st.sampled_from([0.01, 7.3, 100.0]))
def test_another_unit_of_money_scales_the_plan(seed: int, factor: float) -> None:
    shop = random_shop(seed, 8)
    response: Any = shop.curves.response
    other = a_shop(most=response.most, half=factor * response.half, margin=factor * shop.curves.margin_per_order)
    bound = 0.6 * float(shop.curves.scale.sum())
    straight = plan(shop, only(total(8, bound), size=8))
    scaled = plan(other, only(total(8, factor * bound), size=8))
    np.testing.assert_allclose(scaled.amounts, factor * straight.amounts, rtol=1e-6, atol=1e-6 * bound * factor)
    assert scaled.objective == pytest.approx(factor * straight.objective, rel=1e-9)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), share=st.floats(0.1, 1.5), less=st.floats(0.5, 0.99))
def test_more_budget_never_earns_less_and_a_tighter_limit_never_earns_more(
    seed: int, share: float, less: float
) -> None:
    shop = random_shop(seed, 6, hill=True)
    bound = share * float(shop.curves.scale.sum())
    cap = group([0, 1, 2], 6, Sense.AT_MOST, 0.5 * bound, Priority.OWNER_CAP)
    tight = group([0, 1, 2], 6, Sense.AT_MOST, 0.5 * less * bound, Priority.OWNER_CAP)
    full = plan(shop, only(total(6, bound), cap, size=6)).objective
    slip = 1e-4 * abs(full)
    assert plan(shop, only(total(6, less * bound), cap, size=6)).objective <= full + slip
    assert plan(shop, only(total(6, bound), tight, size=6)).objective <= full + slip


def test_the_same_input_gives_the_same_bytes() -> None:
    shop = random_shop(4, 12)
    limits = only(total(12, 300.0), size=12)
    assert plan(shop, limits).amounts.tobytes() == plan(shop, limits).amounts.tobytes()


def test_money_that_would_earn_less_than_itself_stays_unallocated() -> None:
    shop = a_shop(most=[5, 5], half=[50, 50], reach=[60, 40])
    answer = plan(shop, only(total(2, 1000.0), size=2))
    assert answer.amounts.sum() <= 100.0 + 1e-6
    assert answer.value_of_total == 0.0


def test_sales_as_objective_fill_the_total_up_to_the_reach() -> None:
    shop = a_shop(most=[5, 5], half=[50, 50], reach=[80, 40])
    answer = allocate(shop.curves, only(total(2, 100.0), size=2), Objective.REVENUE, shop.now, SURE)
    assert answer.amounts.sum() == pytest.approx(100.0)
    assert answer.amounts[1] <= 40.0 + 1e-9


def test_the_price_of_the_total_is_the_slope_of_the_curves() -> None:
    shop = random_shop(3, 20)
    bound = 0.5 * float(shop.curves.scale.sum())
    answer = plan(shop, only(total(20, bound), size=20))
    more = plan(shop, only(total(20, 1.01 * bound), size=20)).objective
    less = plan(shop, only(total(20, 0.99 * bound), size=20)).objective
    assert (more - answer.objective) / (0.01 * bound) * 0.98 <= answer.value_of_total
    assert answer.value_of_total <= (answer.objective - less) / (0.01 * bound) * 1.02
    inside = answer.amounts > 1e-6
    np.testing.assert_allclose(answer.marginal[inside], answer.value_of_total, rtol=0.1)


def test_a_binding_maximum_says_what_more_room_would_earn() -> None:
    shop = a_shop(most=[20, 5], half=[100, 100])
    limits = only(total(2, 150.0), between(2, [0.0, 0.0], [60.0, 200.0]), size=2)
    answer = plan(shop, limits)
    assert answer.amounts[0] == 60.0
    assert answer.bound_prices[0][0] == pytest.approx(answer.marginal[0] - answer.value_of_total, rel=1e-6)
    assert answer.bound_prices[0][1] == 0.0


def test_small_gains_do_not_move_money_and_large_ones_do() -> None:
    near = a_shop(most=[10, 10.5], half=[100, 100], now=[80, 80])
    far = a_shop(most=[10, 30], half=[100, 100], now=[80, 80])
    limits = only(total(2, 160.0), size=2)
    assert plan(near, limits, DEFAULT).amounts.tolist() == [80.0, 80.0]
    assert plan(near, limits).amounts[1] > 80.5
    assert plan(far, limits, DEFAULT).amounts[1] > 95.0


def test_doubt_grows_with_what_is_not_known() -> None:
    moved = []
    for sd in (0.1, 0.6, float("nan"), float("inf")):
        shop = a_shop(most=[10, 16], half=[100, 100], now=[80, 80], sd=sd)
        moved.append(float(plan(shop, only(total(2, 160.0), size=2), DEFAULT).amounts[1]) - 80.0)
    assert moved[0] > moved[1] > moved[2] == moved[3] == 0.0


def test_budgets_whose_amount_was_never_read_are_free_to_move() -> None:
    shop = a_shop(most=[5, 20], half=[100, 100], now=[math.nan, math.nan])
    answer = plan(shop, only(total(2, 100.0), size=2), DEFAULT)
    np.testing.assert_allclose(answer.amounts, plan(shop, only(total(2, 100.0), size=2)).amounts)
    assert answer.baseline == 0.0


def test_an_s_curve_is_funded_past_its_dent_or_not_at_all() -> None:
    shop = a_shop(most=[20, 6], half=[100, 60], bend=[2.5, 0.9])
    rich = plan(shop, only(total(2, 250.0), size=2)).amounts
    assert rich[0] > 100.0
    poor = a_shop(most=[4, 6], half=[100, 60], bend=[2.5, 0.9])
    assert plan(poor, only(total(2, 60.0), size=2)).amounts[0] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("quantity", [Quantity.REVENUE, Quantity.ORDERS, Quantity.CLICKS])
def test_a_target_on_expectations_is_reached(quantity: Quantity) -> None:
    shop = random_shop(8, 10)
    free = plan(shop, only(total(10, 400.0), size=10))
    weights = np.zeros(10)
    weights[:3] = 1.0
    bound = 1.2 * float(weights @ shop.curves.expected(quantity, free.amounts))
    wish = Limit("target", quantity, weights, Sense.AT_LEAST, bound, Priority.TARGET)
    answer = plan(shop, only(total(10, 400.0), wish, size=10))
    assert wish.value(shop.curves.expected(quantity, answer.amounts)) >= bound * (1.0 - 1e-6)
    assert answer.prices[1].binding
    assert answer.prices[1].price > 0.0
    assert answer.objective < free.objective


def test_a_return_on_spend_floor_lets_good_units_pay_for_bad_ones() -> None:
    shop = a_shop(most=[20, 20], half=[100, 100])
    orders = Limit("orders", Quantity.PROFIT, np.ones(2), Sense.AT_LEAST, 300.0, Priority.TARGET)
    answer = allocate(shop.curves, only(total(2, 900.0), orders, size=2), Objective.ORDERS, shop.now, SURE)
    profit = float(shop.curves.expected(Quantity.PROFIT, answer.amounts).sum())
    assert profit == pytest.approx(300.0, rel=1e-3)
    assert profit >= 300.0 * (1 - 1e-6)


def test_limits_that_are_kept_have_no_relaxation() -> None:
    shop = random_shop(1, 5)
    answer = plan(shop, only(total(5, 100.0), between(5, 1.0, 60.0), size=5))
    assert [price.relaxed for price in answer.prices] == [0.0]
    assert not answer.bound_relaxed[0].any()


def test_seconds_are_told_when_a_clock_is_lent() -> None:
    shop, ticks = random_shop(1, 3), iter(float(second) for second in range(100))
    answer = plan(shop, only(total(3, 50.0), size=3), clock=lambda: next(ticks))
    assert set(answer.seconds) == {"build", "solve", "extract"}
    assert sum(answer.seconds.values()) == pytest.approx(2.0)
    assert answer.columns > 0
    assert answer.rows == 1


def test_a_shop_without_budgets_or_limits_has_an_empty_plan() -> None:
    nothing = a_shop(most=[], half=[])
    assert len(plan(nothing, only(total(0, 5.0), size=0)).amounts) == 0
    alone = a_shop(most=[5], half=[50])
    answer = plan(alone, only(size=1))
    assert answer.marginal[0] == pytest.approx(0.0, abs=0.05)


class TestWhatIsNotANumber:
    """NaN fails closed: a SolveError that names where it was found."""

    def test_in_a_limit(self) -> None:
        with pytest.raises(SolveError, match="day total"):
            plan(random_shop(1, 3), only(total(3, math.nan), size=3))

    def test_in_a_bound(self) -> None:
        with pytest.raises(SolveError, match="odd"):
            plan(random_shop(1, 3), only(total(3, 9.0), between(3, 0.0, math.nan, rule="odd"), size=3))

    def test_in_a_curve(self) -> None:
        with pytest.raises(SolveError, match="budget 1"):
            plan(a_shop(most=[1, math.nan], half=[50, 50]), only(total(2, 9.0), size=2))

    def test_a_negative_amount_in_force_counts_as_unknown(self) -> None:
        shop = a_shop(most=[5, 20], half=[100, 100], now=[-1.0, math.inf], scale=[50, 50])
        assert plan(shop, only(total(2, 100.0), size=2), DEFAULT).amounts.sum() <= 100.0


class TestFallback:
    """FAILURES 38: a solver that fails, hangs or lies leaves a plan that keeps all bounds, and says so."""

    @staticmethod
    def missing(program: Program, seconds: float) -> Solution:
        raise FileNotFoundError("cbc")

    @staticmethod
    def infeasible(program: Program, seconds: float) -> Solution:
        return Solution(np.zeros(program.columns), np.zeros(program.rows), "infeasible")

    @staticmethod
    def late(program: Program, seconds: float) -> Solution:
        return Solution(np.zeros(program.columns), np.zeros(program.rows), "time_limit")

    @staticmethod
    def garbage(program: Program, seconds: float) -> Solution:
        return Solution(np.full(program.columns, 1e9), np.zeros(program.rows), "optimal")

    @staticmethod
    def not_numbers(program: Program, seconds: float) -> Solution:
        return Solution(np.full(program.columns, np.nan), np.zeros(program.rows), "optimal")

    @staticmethod
    def wrong_shape(program: Program, seconds: float) -> Solution:
        return Solution(np.zeros(1), np.zeros(9), "optimal")

    @staticmethod
    def lazy(program: Program, seconds: float) -> Solution:
        return Solution(np.zeros(program.columns), np.zeros(program.rows), "optimal")

    @pytest.mark.parametrize("kind", ["missing", "infeasible", "late", "garbage", "not_numbers", "wrong_shape", "lazy"])
    @pytest.mark.parametrize("bound", [150.0, 320.0, 900.0])
    def test_keeps_every_bound(self, kind: str, bound: float) -> None:
        shop = a_shop(most=[20, 20, 5, 9], half=[100, 100, 60, 200], now=[80, 90, 100, math.nan], scale=[80] * 4)
        cap = group([0, 1], 4, Sense.AT_MOST, 120.0, Priority.OWNER_CAP)
        steps = between(4, [48.0, 54.0, 60.0, 0.0], [104.0, 117.0, 130.0, 500.0], Priority.STEP, "step")
        answer = plan(shop, only(total(4, bound), cap, steps, size=4), DEFAULT, engine=getattr(self, kind))
        assert answer.certificate.status == "fallback"
        assert math.isinf(answer.certificate.gap)
        assert answer.amounts.sum() <= bound * (1 + 1e-9)
        assert answer.amounts[:2].sum() <= 120.0 * (1 + 1e-9)
        assert (answer.amounts <= steps.upper + 1e-9).all()
        if bound > 200.0:
            assert (answer.amounts >= steps.lower - 1e-9).all()

    def test_a_later_pass_that_fails_leaves_the_answer_of_the_one_before(self) -> None:
        shop, calls = random_shop(5, 10), []

        def once(program: Program, seconds: float) -> Solution:
            calls.append(seconds)
            return cbc(program, seconds) if len(calls) == 1 else self.missing(program, seconds)

        answer = plan(shop, only(total(10, 200.0), size=10), engine=once)
        assert answer.certificate.status == "feasible"
        assert answer.amounts.sum() <= 200.0 * (1 + 1e-12)
        assert answer.objective > 0.9 * plan(shop, only(total(10, 200.0), size=10)).objective

    def test_what_cannot_be_scaled_into_the_absolute_cap_is_refused(self) -> None:
        shop = a_shop(most=[5, 5], half=[50, 50], now=[50, 50])
        clash = only(total(2, 40.0), group([0], 2, Sense.AT_LEAST, 60.0, Priority.ABSOLUTE, "must"), size=2)
        with pytest.raises(SolveError, match="solver failed"):
            plan(shop, clash, engine=self.missing)


class TestWhenLimitsClash:
    """Lower priorities give way, by no more than needed; the absolute caps never; each is named with by how much."""

    shop = a_shop(most=[20, 20, 5, 9], half=[100, 100, 60, 200], now=[80, 80, 80, 80])

    def test_the_total_wins_over_steps_which_shrink_by_one_factor(self) -> None:
        now = np.array([80.0, 40.0, 100.0, 100.0])
        steps = between(4, 0.6 * now, 1.3 * now, Priority.STEP, "step")
        answer = plan(self.shop, only(total(4, 150.0), steps, size=4), DEFAULT)
        assert answer.certificate.status == "relaxed"
        assert answer.amounts.sum() == pytest.approx(150.0, rel=1e-9)
        np.testing.assert_allclose(answer.amounts / steps.lower, 150.0 / steps.lower.sum(), rtol=1e-9)
        np.testing.assert_allclose(answer.bound_relaxed[0], steps.lower - answer.amounts, rtol=1e-9)

    def test_a_clash_in_one_group_leaves_the_steps_of_others_alone(self) -> None:
        steps = between(4, 48.0, 104.0, Priority.STEP, "step")
        cap = group([0, 1], 4, Sense.AT_MOST, 60.0, Priority.PLATFORM, "platform cap")
        answer = plan(self.shop, only(total(4, 400.0), cap, steps, size=4), DEFAULT)
        np.testing.assert_allclose(answer.amounts[:2], 30.0, rtol=1e-9)
        assert (answer.amounts[2:] >= 48.0 - 1e-9).all()
        assert answer.prices[1].relaxed == 0.0

    def test_a_wish_gives_way_to_steps(self) -> None:
        steps = between(4, 48.0, 104.0, Priority.STEP, "step")
        wish = group([2, 3], 4, Sense.AT_LEAST, 250.0, Priority.WISH, "at least 250")
        answer = plan(self.shop, only(total(4, 320.0), wish, steps, size=4), DEFAULT)
        assert answer.amounts[2:].tolist() == pytest.approx([104.0, 104.0])
        assert answer.prices[1].rule == "at least 250"
        assert answer.prices[1].relaxed == pytest.approx(42.0, rel=1e-6)
        assert not answer.bound_relaxed[0].any()

    def test_an_impossible_target_is_missed_by_as_little_as_can_be(self) -> None:
        target = Limit("sales", Quantity.REVENUE, np.ones(4), Sense.AT_LEAST, 1e4, Priority.TARGET)
        answer = plan(self.shop, only(total(4, 320.0), target, size=4), SURE)
        most = allocate(self.shop.curves, only(total(4, 320.0), size=4), Objective.REVENUE, self.shop.now, SURE)
        reached = float(self.shop.curves.expected(Quantity.REVENUE, answer.amounts).sum())
        assert reached == pytest.approx(
            float(self.shop.curves.expected(Quantity.REVENUE, most.amounts).sum()), rel=0.02
        )
        assert answer.prices[1].relaxed == pytest.approx(1e4 - reached, rel=1e-6)

    def test_a_floor_above_the_reach_of_curves_is_kept(self) -> None:
        shop = a_shop(most=[5, 5], half=[50, 50], reach=[30, 30])
        floor = group([0], 2, Sense.AT_LEAST, 50.0, Priority.OWNER_CAP, "floor")
        answer = plan(shop, only(total(2, 100.0), floor, size=2))
        assert answer.amounts[0] == pytest.approx(50.0)
        assert answer.prices[1].relaxed == 0.0

    def test_bounds_that_cross_give_way_by_priority_and_the_upper_side_wins_a_tie(self) -> None:
        low = between(4, 70.0, math.inf, Priority.OWNER_CAP, "minimum")
        stop = between(4, [-math.inf] * 4, [5.0, math.inf, math.inf, math.inf], Priority.STOCK, "stock")
        tie = between(4, -math.inf, [math.inf, 60.0, math.inf, math.inf], Priority.OWNER_CAP, "maximum")
        answer = plan(self.shop, only(total(4, 400.0), low, stop, tie, size=4), DEFAULT)
        assert answer.amounts[:2].tolist() == [5.0, 60.0]
        assert answer.bound_relaxed[0].tolist() == pytest.approx([65.0, 10.0, 0.0, 0.0])

    def test_absolute_limits_that_clash_are_named(self) -> None:
        never = group([0, 1], 4, Sense.AT_LEAST, 200.0, Priority.ABSOLUTE, "never")
        with pytest.raises(SolveError, match="never"):
            plan(self.shop, only(total(4, 100.0), never, size=4), DEFAULT)

    def test_minimums_of_a_platform_above_the_total_are_shared_out_evenly(self) -> None:
        shop = a_shop(most=[5, 5], half=[100, 100])
        answer = plan(shop, only(total(2, 100.0), between(2, 60.0, 90.0, Priority.PLATFORM, "platform"), size=2))
        assert answer.amounts.tolist() == pytest.approx([50.0, 50.0])
        assert answer.amounts[0] == answer.amounts[1]

    @pytest.mark.parametrize("seed", range(50))
    def test_random_contradictions_keep_the_absolute_cap_and_name_a_true_conflict(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        shop, bound = random_shop(seed, 6), float(random.uniform(50, 150))
        limits = only(
            total(6, bound),
            between(6, random.uniform(0, 60, 6), random.uniform(40, 90, 6), Priority.STEP, "step"),
            between(6, random.uniform(0, 30, 6), 500.0, Priority.OWNER_CAP, "minimum"),
            group([0, 1], 6, Sense.AT_LEAST, float(random.uniform(50, 200)), Priority.WISH, "wish"),
            group([1, 2], 6, Sense.AT_MOST, float(random.uniform(5, 60)), Priority.PLATFORM, "platform"),
            size=6,
        )
        answer = plan(shop, limits, DEFAULT)
        assert answer.amounts.sum() <= bound * (1 + 1e-9)
        assert (answer.amounts >= 0).all()
        assert answer.certificate.status in {"optimal", "relaxed"}
        gave_way = [price.rule for price in answer.prices if price.relaxed]
        gave_way += [one.rule for one, much in zip(limits.bounds, answer.bound_relaxed, strict=True) if much.any()]
        assert (answer.certificate.status == "optimal") <= (not {"wish", "platform"} & set(gave_way))
        assert "day total" not in gave_way


def test_bounds_left_open_bound_nothing() -> None:
    shop = random_shop(2, 4)
    free = plan(shop, only(total(4, 80.0), size=4)).amounts
    np.testing.assert_allclose(plan(shop, only(total(4, 80.0), Bounds.open("open", 4, 40), size=4)).amounts, free)
