"""The simulated shop: the same figures for the same budgets, and all that makes a real one hard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.connectors.sandbox.shop import CAMPAIGNS, PRODUCT_INDEX, PRODUCTS
from bidder.connectors.sandbox.truth import MEAN_PACE, SEASON, WARM_UP, best_split, draw
from bidder.connectors.sandbox.world import WINDOW, DayRun, Figures, Step, World, reached

START = date(2026, 9, 1)
N = len(CAMPAIGNS)
seeds = st.integers(0, 9)
days = st.integers(-WARM_UP, 70)
campaigns = st.integers(0, N - 1)
amounts = st.integers(30, 1_000)


def whole(world: World, day: int, campaign: int, amount: float) -> Figures:
    return world.run(day, campaign, [Step(0.0, amount)]).figures(99.0)


@given(seeds, days, campaigns, amounts)
@settings(deadline=None, max_examples=30)
def test_the_same_seed_and_budgets_give_the_same_figures(seed: int, day: int, campaign: int, amount: int) -> None:
    assert whole(World(seed, START), day, campaign, amount) == whole(World(seed, START), day, campaign, amount)


def test_the_figures_of_a_seed_stay_what_they_were() -> None:
    """A shop that somebody keeps in a file must not change under a new version."""
    assert whole(World(0, START), 0, 0, 150.0) == GOLDEN


def test_two_seeds_are_two_shops() -> None:
    assert draw(0).cvr.tolist() != draw(1).cvr.tolist()


@given(seeds, days, campaigns, amounts, amounts)
@settings(deadline=None, max_examples=60)
def test_more_money_never_loses_a_click_or_an_order(seed: int, day: int, campaign: int, one: int, other: int) -> None:
    """Common random numbers: the same shoppers come in the same order, more money only lets more of them in."""
    world = World(seed, START)
    less, more = (whole(world, day, campaign, amount) for amount in sorted((one, other)))
    assert less.spend <= more.spend
    assert less.clicks <= more.clicks
    assert less.orders <= more.orders
    assert less.revenue <= more.revenue


@given(seeds, days, campaigns, amounts, st.lists(st.floats(0, 9), min_size=2, max_size=6))
@settings(deadline=None, max_examples=60)
def test_a_day_only_grows_to_its_final_figures(
    seed: int, day: int, campaign: int, amount: int, ages: list[float]
) -> None:
    run = World(seed, START).run(day, campaign, [Step(0.0, amount)])
    seen = [run.figures(age) for age in sorted(ages)]
    final = run.figures(1 + WINDOW)
    assert final.final
    for early, late in zip(seen, [*seen[1:], final], strict=True):
        assert all(a <= b for a, b in zip(early[:6], late[:6], strict=True))
    assert run.figures(50.0) == final


@given(seeds, days, campaigns, amounts, amounts, st.floats(0.05, 0.95))
@settings(deadline=None, max_examples=60)
def test_a_day_never_spends_more_than_a_fifth_above_its_highest_budget(
    seed: int, day: int, campaign: int, first: int, then: int, at: float
) -> None:
    steps = [Step(0.0, first), Step(at, then)]
    assert whole_of(World(seed, START).run(day, campaign, steps)).spend <= 120 * max(first, then)


@given(seeds, days, campaigns, st.integers(300, 1_000), st.floats(0.5, 0.95))
@settings(deadline=None, max_examples=30)
def test_what_was_spent_before_a_cut_stays_and_little_follows(
    seed: int, day: int, campaign: int, amount: int, at: float
) -> None:
    world = World(seed, START)
    before = world.run(day, campaign, [Step(0.0, amount)]).figures(at)
    cut = world.run(day, campaign, [Step(0.0, amount), Step(at, 30)]).figures(99.0)
    assert before.spend - 1 <= cut.spend <= max(before.spend, 36 * 100) + 1


@given(seeds, days, campaigns, amounts, st.floats(0.05, 0.95))
@settings(deadline=None, max_examples=30)
def test_a_paused_campaign_stands_still(seed: int, day: int, campaign: int, amount: int, at: float) -> None:
    world = World(seed, START)
    paused = world.run(day, campaign, [Step(0.0, amount), Step(at, amount, False)])
    assert paused.figures(at)[:3] == paused.figures(1.0)[:3]
    assert whole(world, day, campaign, 0) == Figures(0, 0, 0, 0, 0, 0, True)
    assert world.run(day, campaign, [Step(0.0, amount, False)]).figures(99.0).spend == 0


@given(seeds, days, campaigns, amounts)
@settings(deadline=None, max_examples=30)
def test_figures_are_those_that_a_report_can_have(seed: int, day: int, campaign: int, amount: int) -> None:
    for age in (0.0, 0.1, 0.5, 1.2, 8.0):
        found = World(seed, START).run(day, campaign, [Step(0.0, amount)]).figures(age)
        assert 0 <= found.orders <= found.clicks <= found.impressions
        assert found.orders <= found.units <= 2 * found.orders
        assert (found.revenue == 0) == (found.orders == 0)
        assert found.clicks > 0 or found.spend == 0


@given(st.floats(0, 1), st.floats(0, 1))
def test_traffic_passes_from_midnight_to_midnight(one: float, other: float) -> None:
    assert (reached(0.0), round(reached(1.0), 12)) == (0.0, 1.0)
    assert reached(min(one, other)) <= reached(max(one, other))


def test_a_binding_budget_is_spent_to_80_to_120_percent_and_98_on_average() -> None:
    shares = []
    for seed in range(5):
        world = World(seed, START)
        for day in range(60):
            shares += [
                world.expected(day, i, [Step(0.0, 40)]).spend / 40
                for i in range(N)
                if world.expected(day, i, [Step(0.0, 5_000)]).spend > 1.2 * 40
            ]
    assert min(shares) >= 0.8
    assert max(shares) <= 1.2
    assert np.mean(shares) == pytest.approx(MEAN_PACE, abs=0.005)


def test_days_with_a_binding_budget_and_days_without_both_happen() -> None:
    """A budget beyond what there is to buy is not spent."""
    for seed in range(5):
        world = World(seed, START)
        habits = world.habits(0)
        binding = [
            world.expected(day, i, [Step(0.0, habits[i])]).spend > 0.8 * habits[i] - 1e-9
            for day in range(SEASON)
            for i in range(N)
        ]
        assert 0.3 < np.mean(binding) < 0.99
        assert world.expected(3, 0, [Step(0.0, 5_000)]).spend < 0.5 * 5_000


def test_the_next_yuan_buys_less_than_the_one_before() -> None:
    """Except where a campaign needs a start, and even there in the end."""
    for seed in range(5):
        truth = draw(seed)
        for i in range(N):
            scale = float(truth.scale[i])
            grid = [truth.clicks(i, x * scale, 1.0, 1.0) for x in (1.0, 2.0, 3.0)]
            assert grid[2] - grid[1] < grid[1] - grid[0]
            assert grid[2] < truth.most_clicks(i, 1.0, 1.0)


def test_luck_of_orders_is_around_the_expectation() -> None:
    """Expected figures are the mean of the reported ones: what scores is what happens."""
    world, steps = World(1, START), [Step(0.0, 150)]
    pairs = [
        (world.expected(day, i, steps), world.run(day, i, steps).figures(99)) for day in range(60) for i in range(N)
    ]
    clicks = sum(f.clicks for _, f in pairs), sum(e.clicks for e, _ in pairs)
    orders = sum(f.orders for _, f in pairs), sum(e.orders for e, _ in pairs)
    assert clicks[0] == pytest.approx(clicks[1], abs=4 * clicks[1] ** 0.5)
    assert orders[0] == pytest.approx(orders[1], abs=4 * orders[1] ** 0.5)
    spend = sum(f.spend for _, f in pairs) / 100, sum(e.spend for e, _ in pairs)
    assert spend[0] == pytest.approx(spend[1], rel=1e-3)


def test_money_earned_is_that_of_the_cost_lines() -> None:
    """Reported revenue × margin, less spend, comes to the expected profit that scores a policy."""
    world, steps = World(2, START), [Step(0.0, 200)]
    earned, expected, noise = 0.0, 0.0, 0.0
    for day in range(60):
        for i, campaign in enumerate(CAMPAIGNS):
            figures, truth = world.run(day, i, steps).figures(99), world.expected(day, i, steps)
            margin = PRODUCTS[PRODUCT_INDEX[campaign.product]].economics.margin
            earned += figures.revenue / 100 * margin - figures.spend / 100
            expected += truth.profit
            noise += truth.orders * (2 * world.truth.worth[i]) ** 2
    assert earned == pytest.approx(expected, abs=4 * noise**0.5)


def test_most_orders_come_at_once_and_the_rest_over_days() -> None:
    first, final = 0, 0
    for seed in range(3):
        world = World(seed, START)
        for day in range(20):
            runs = [world.run(day, i, [Step(0.0, 150)]) for i in range(N)]
            first += sum(run.figures(1.4).orders for run in runs)
            final += sum(run.figures(8.0).orders for run in runs)
    assert 0.5 < first / final < 0.85


def total(world: World, day: int, what: Callable[[Figures], int]) -> int:
    return sum(what(whole(world, day, i, world.habits(0)[i])) for i in range(N))


def test_the_promotion_day_shows_with_quiet_days_before_and_a_dip_after() -> None:
    ratios = []
    for seed in range(5):
        world = World(seed, START)
        event = world.truth.event_day
        assert world.day_of(world.event_date) == event

        def orders(first: int, last: int, event: int = event, world: World = world) -> float:
            return float(np.mean([total(world, event + d, lambda f: f.orders) for d in range(first, last + 1)]))

        usual = (orders(-12, -5) + orders(4, 11)) / 2
        ratios.append((orders(0, 0) / usual, orders(-4, -1) / usual, orders(1, 3) / usual))
    rush, quiet, dip = np.mean(ratios, axis=0)
    assert rush > 1.3
    assert quiet < 0.9
    assert dip < 0.95


def test_a_product_runs_out_for_some_days_and_its_ads_sell_nothing_meanwhile() -> None:
    for seed in range(10):
        world, truth = World(seed, START), draw(seed)
        out = [day for day in range(SEASON) if truth.is_sold_out(truth.sold_out, day)]
        assert 6 <= len(out) <= 9
        assert out == list(range(out[0], out[-1] + 1))
        assert abs(out[0] - truth.event_day) > 3
        for i, campaign in enumerate(CAMPAIGNS):
            orders = [whole(world, day, i, 200).orders for day in out]
            spends = [whole(world, day, i, 200).spend for day in out]
            assert (sum(orders) == 0) or (PRODUCT_INDEX[campaign.product] != truth.sold_out)
            assert min(spends) > 0  # the ads run on: nobody has stopped them


def test_weekdays_differ() -> None:
    by_weekday: dict[int, list[float]] = {}
    for seed in range(10):
        world = World(seed, START)
        for day in range(-WARM_UP, 0):
            clicks = sum(world.expected(day, i, [Step(0.0, 5_000)]).clicks for i in range(N))
            by_weekday.setdefault(world.date_of(day).weekday(), []).append(clicks)
    means = [float(np.mean(by_weekday[weekday])) for weekday in range(7)]
    assert max(means) / min(means) > 1.08
    assert means.index(min(means)) in (4, 5)


def test_conversion_and_click_cost_drift_slowly() -> None:
    truth = draw(0)
    rates = [truth.rates(day, 0) for day in range(-28, 0)]
    cvr, cpc = (np.array([getattr(r, name) for r in rates]) for name in ("cvr", "cpc"))
    for column in (cvr, cpc):
        assert np.abs(np.diff(np.log(column), axis=0)).max() < 0.05
        assert np.log(column).std(axis=0).max() > 0.02


def test_the_owners_habits_move_some_money_and_keep_the_sum() -> None:
    for seed in range(5):
        world = World(seed, START)
        habits = [world.habits(day) for day in range(-WARM_UP, 1)]
        assert {sum(day) for day in habits} == {1_960}
        assert 3 <= sum(a != b for a, b in pairwise(habits)) <= 24
        assert habits[-1] == world.habits(40)
        assert min(min(day) for day in habits) >= 30


@given(st.lists(st.floats(0.1, 3.0), min_size=2, max_size=3))
@settings(deadline=None, max_examples=20)
def test_the_best_split_is_that_of_trying_all(values: list[float]) -> None:
    def profit(i: int, amount: float) -> float:
        return float(40 * values[i] * (1 - np.exp(-amount / (30 * (i + 1)))) - 0.2 * amount)

    best, split = best_split(profit, len(values), 200)
    grids = np.meshgrid(*[range(30, 201, 10)] * len(values))
    every = sum(np.vectorize(lambda a, i=i: profit(i, a))(grid) for i, grid in enumerate(grids))
    inside = np.where(sum(grids) <= 200, every, -np.inf)
    assert best == pytest.approx(float(inside.max()))
    assert sum(profit(i, a) for i, a in enumerate(split)) == pytest.approx(best)
    assert sum(split) <= 200


def whole_of(run: DayRun) -> Figures:
    return run.figures(99.0)


GOLDEN = Figures(2875, 68, 14959, 4, 5, 129751, True)
