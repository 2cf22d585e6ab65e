"""Dents, choices, caps on what curves bring, and prices on both sides of a kink."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from bidder.limits import Bounds, Choice, Limit, Limits, Priority, Quantity, Sense
from bidder.optimizer.allocate import AllocateSettings, allocate
from bidder.optimizer.kinks import worth_of
from bidder.optimizer.objective import Objective, value
from bidder.optimizer.program import Program, Solution
from bidder.optimizer.rounding import whole_steps
from bidder.optimizer.rows import Rows
from bidder.optimizer.solve import engine
from bidder.optimizer.tangents import passed
from bidder.plan import Allocation
from bidder.snapshot import FloatArray
from tests.optimizer.shops import Shop, a_shop, between, group, only, random_shop, total

SURE = AllocateSettings(doubt=0.0, calm=0.0)


def plan(
    shop: Shop, limits: Limits, how: AllocateSettings = SURE, objective: Objective = Objective.PROFIT
) -> Allocation:
    """The allocation."""
    return allocate(shop.curves, limits, objective, shop.now, how)


def best_on_a_grid(shop: Shop, bound: float, points: int = 61) -> float:
    """The most that three budgets can earn on a plain grid of amounts."""
    amounts = np.linspace(0.0, bound, points)
    table = value(Objective.PROFIT, shop.curves, np.broadcast_to(amounts, (3, points)))
    best = -np.inf
    for first, second in itertools.product(range(points), repeat=2):
        if first + second < points:
            last = points - first - second
            best = max(best, float(table[0, first] + table[1, second] + table[2, :last].max()))
    return best


@pytest.mark.parametrize("seed", range(12))
def test_s_curves_are_allocated_as_well_as_trying_everything(seed: int) -> None:
    random = np.random.default_rng(seed)
    shop = a_shop(
        most=random.uniform(4.0, 12.0, 3),
        half=random.uniform(40.0, 120.0, 3),
        bend=random.uniform(1.3, 2.5, 3),
    )
    bound = float(random.uniform(60.0, 250.0))
    assert plan(shop, only(total(3, bound), size=3)).objective >= best_on_a_grid(shop, bound) * 0.9995 - 1e-9


def test_branching_earns_more_than_the_envelope_alone() -> None:
    shop = a_shop(most=[9, 8.5], half=[100, 100], bend=[2.5, 2.5])
    limits = only(total(2, 150.0), size=2)
    assert plan(shop, limits).objective > plan(shop, limits, replace_branches(0)).objective + 1.0


def replace_branches(branches: int) -> AllocateSettings:
    """Settings with so many branches."""
    return AllocateSettings(doubt=0.0, calm=0.0, branches=branches)


def test_two_s_curves_with_the_same_figures_stay_equal() -> None:
    shop = a_shop(most=[8, 8, 3], half=[100, 100, 50], bend=[2.2, 2.2, 0.9])
    answer = plan(shop, only(total(3, 140.0), size=3))
    assert answer.amounts[0] == answer.amounts[1]


class TestChoices:
    """Nothing, or at least a minimum: never between."""

    @pytest.mark.parametrize("bound", [20.0, 45.0, 70.0, 100.0, 400.0])
    def test_no_budget_stands_between(self, bound: float) -> None:
        shop = a_shop(most=[6, 5, 3], half=[80, 80, 40])
        least = np.array([40.0, 40.0, 30.0])
        limits = replace(only(total(3, bound), size=3), choices=(Choice("pause", least),))
        amounts = plan(shop, limits).amounts
        assert ((amounts == 0.0) | (amounts >= least * (1 - 1e-9))).all()
        assert amounts.sum() <= bound * (1 + 1e-12)
        if bound > 40.0:
            assert amounts.sum() > 0.0

    def test_the_better_one_is_kept(self) -> None:
        shop = a_shop(most=[6, 8], half=[80, 80])
        limits = replace(only(total(2, 45.0), size=2), choices=(Choice("pause", np.array([40.0, 40.0])),))
        assert plan(shop, limits).amounts.tolist() == [0.0, 45.0]

    def test_rounding_stays_above_the_minimum(self) -> None:
        shop = a_shop(most=[8], half=[80])
        limits = replace(only(total(1, 33.334), size=1), choices=(Choice("pause", np.array([33.333])),))
        answer = plan(shop, limits)
        micros = whole_steps(answer, limits, np.ones(1), np.array([10_000]), np.array([-1]))
        assert micros.tolist() in ([33_340_000 - 10_000], [0])

    def test_an_amount_that_a_limit_demands_is_kept(self) -> None:
        shop = a_shop(most=[8, 8], half=[80, 80])
        pinned = between(2, [20.0, 0.0], [20.0, 90.0], Priority.PLATFORM, "pin")
        limits = replace(only(total(2, 100.0), pinned, size=2), choices=(Choice("pause", np.array([40.0, 40.0])),))
        assert plan(shop, limits).amounts[0] == 20.0

    def test_without_branches_the_answer_is_still_within_the_limits(self) -> None:
        shop = a_shop(most=[6, 8], half=[80, 80])
        limits = replace(only(total(2, 45.0), size=2), choices=(Choice("pause", np.array([40.0, 40.0])),))
        assert plan(shop, limits, replace_branches(0)).amounts.sum() <= 45.0 * (1 + 1e-12)


class TestCapsOnWhatCurvesBring:
    """Held down by the curves themselves."""

    shop = a_shop(most=[20, 20, 5, 9], half=[100, 100, 60, 200])
    stock = Limit("stock", Quantity.ORDERS, np.array([1.0, 1.0, 0.0, 0.0]), Sense.AT_MOST, 15.0, Priority.STOCK)
    floor = group([0, 1], 4, Sense.AT_LEAST, 260.0, Priority.WISH, "floor")

    def orders(self, amounts: FloatArray) -> float:
        """Of the two budgets under the cap."""
        return float(self.shop.curves.expected(Quantity.ORDERS, amounts)[:2].sum())

    @pytest.mark.parametrize("objective", list(Objective))
    def test_an_ordinary_cap_is_kept_and_priced(self, objective: Objective) -> None:
        answer = plan(self.shop, only(total(4, 320.0), self.stock, size=4), SURE, objective)
        assert self.orders(answer.amounts) == pytest.approx(15.0, rel=1e-4)
        assert answer.prices[1].price > 0.0

    @pytest.mark.parametrize("objective", list(Objective))
    def test_a_floor_does_not_make_the_program_leave_out_early_pieces(self, objective: Objective) -> None:
        answer = plan(self.shop, only(total(4, 320.0), self.stock, self.floor, size=4), SURE, objective)
        assert self.orders(answer.amounts) <= 15.0 * (1 + 1e-4)
        assert answer.prices[1].relaxed == 0.0
        assert answer.prices[2].relaxed > 0.0
        assert not passed(only(self.stock, size=4), self.shop.curves, answer.amounts)

    def test_a_solver_that_fails_meanwhile_leaves_the_fallback(self) -> None:
        calls = []

        def tired(program: Program, seconds: float) -> Solution:
            calls.append(program)
            if len(calls) > 3:
                raise OSError("gone")
            return engine(program, seconds)

        limits = only(total(4, 320.0), self.stock, self.floor, size=4)
        answer = allocate(self.shop.curves, limits, Objective.REVENUE, self.shop.now, SURE, engine=tired)
        assert answer.certificate.status in {"fallback", "relaxed", "feasible"}
        assert answer.amounts.sum() <= 320.0 * (1 + 1e-9)


class TestBothSidesOfAKink:
    """SCIENCE 4.2: the price lies between what one unit more earns and what one unit less loses."""

    def test_the_price_lies_between(self) -> None:
        shop = random_shop(6, 12)
        limits = only(total(12, 0.5 * float(shop.curves.scale.sum())), size=12)
        answer = plan(shop, limits)
        worth = worth_of(shop.curves, limits, Objective.PROFIT, shop.now, SURE, 0)
        assert worth.loosened * 0.98 <= answer.prices[0].price <= worth.tightened * 1.02
        assert worth.loosened <= worth.tightened

    def test_a_delivery_cap_is_a_kink(self) -> None:
        shop = a_shop(most=[9], half=[80], reach=[60])
        worth = worth_of(shop.curves, only(total(1, 60.0), size=1), Objective.PROFIT, shop.now, SURE, 0)
        assert worth.loosened == pytest.approx(0.0, abs=1e-6)
        assert worth.tightened > 0.3

    def test_a_floor_costs_what_it_forces(self) -> None:
        shop = a_shop(most=[9, 2], half=[80, 80])
        floor = group([1], 2, Sense.AT_LEAST, 50.0, Priority.WISH)
        worth = worth_of(shop.curves, only(total(2, 100.0), floor, size=2), Objective.PROFIT, shop.now, SURE, 1)
        assert worth.loosened > 0.5

    def test_what_cannot_be_tightened_is_not_a_number(self) -> None:
        shop = a_shop(most=[9], half=[80])
        must = group([0], 1, Sense.AT_LEAST, 100.0, Priority.ABSOLUTE, "must")
        worth = worth_of(shop.curves, only(total(1, 100.5), must, size=1), Objective.PROFIT, shop.now, SURE, 1)
        assert np.isnan(worth.tightened)
        assert worth.loosened >= 0.0


def test_budgets_that_every_limit_treats_alike_share_a_pattern() -> None:
    rows = Rows.of([total(4, 9.0), group([1, 3], 4, Sense.AT_MOST, 5.0, Priority.WISH)], 4)
    assert rows.weights.shape == (2, 2)
    assert rows.pattern[1] == rows.pattern[3] != rows.pattern[0] == rows.pattern[2]
    assert rows.pays(np.array([2.0, 1.0])).tolist() == [2.0, 3.0, 2.0, 3.0]


def test_two_patterns_that_meet_in_one_mark_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    class Flat:
        """Factors that tell nothing apart."""

        def uniform(self, low: float, high: float, size: int) -> FloatArray:
            return np.ones(size)

    monkeypatch.setattr(np.random, "default_rng", lambda seed: Flat())
    limits = [group([0], 3, Sense.AT_MOST, 1.0, Priority.WISH), group([1], 3, Sense.AT_MOST, 1.0, Priority.WISH)]
    rows = Rows.of(limits, 3)
    assert (rows.weights[:, rows.pattern] == np.array([one.weights for one in limits])).all()


def test_many_budgets_go_by_aggregation_and_come_out_certified() -> None:
    shop = random_shop(11, 1_500)
    bound = 0.5 * float(shop.curves.scale.sum())
    answer = plan(shop, only(total(1_500, bound), between(1_500, 0.0, 3.0 * shop.curves.scale), size=1_500))
    assert answer.columns > 5_000
    assert answer.certificate.status == "optimal"
    assert answer.certificate.gap <= 1e-9
    inside = (answer.amounts > 0.0) & (answer.amounts < 2.99 * shop.curves.scale)
    np.testing.assert_allclose(answer.marginal[inside], answer.value_of_total, rtol=0.2, atol=0.05)


def test_very_many_budgets_start_from_fewer_points() -> None:
    shop = random_shop(12, 20_000)
    bound = 0.5 * float(shop.curves.scale.sum())
    answer = plan(shop, only(total(20_000, bound), size=20_000))
    assert answer.certificate.gap <= 1e-6
    assert answer.amounts.sum() == pytest.approx(bound, rel=1e-9)


def test_open_bounds_are_no_bounds() -> None:
    assert not plan(random_shop(1, 3), only(Bounds.open("open", 3, 40), size=3)).bound_prices[0].any()
