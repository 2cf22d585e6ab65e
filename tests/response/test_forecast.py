"""A day's intervals: 80 % of what comes lies in them, on budgets with orders and on thin ones, alone and together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bidder.response.curve import Curves
from bidder.response.estimate import ResponseSettings, estimate
from bidder.response.forecast import forecast, order_interval
from bidder.snapshot import FloatArray, Snapshot
from tests.response.shop import DAY0, a_shop, budgets, daily, products


def covered_exactly(mean: float, doubt: float, dispersion: float) -> float:
    rng = np.random.default_rng(1)
    rate = mean * np.exp(doubt * rng.standard_normal(20_000) - doubt**2 / 2)
    if dispersion > 1:
        rate = rate * rng.gamma(rate / (dispersion - 1), (dispersion - 1) / rate)
    orders = rng.poisson(rate)
    low, high = order_interval(np.array([mean]), np.array([doubt]), dispersion)
    return float(np.mean((low[0] <= orders) & (orders <= high[0])))


@pytest.mark.parametrize(("mean", "doubt", "dispersion"), [(16.0, 0.3, 1.0), (20.0, 0.2, 2.5), (400.0, 0.1, 9.0)])
def test_eight_days_of_ten_lie_in_the_interval(mean: float, doubt: float, dispersion: float) -> None:
    assert 0.75 <= covered_exactly(mean, doubt, dispersion) <= 0.85


def test_over_thin_budgets_of_all_sizes_eight_days_of_ten_lie_in_the_interval() -> None:
    """One thin budget cannot be cut to 80 %: whole numbers over- or undershoot it. Over many sizes they even out."""
    each = [covered_exactly(mean, 0.3, 1.0) for mean in np.linspace(0.15, 10.0, 60)]
    assert 0.77 <= np.mean(each) <= 0.83
    assert min(each) >= 0.66


def test_of_hardly_any_orders_none_is_nothing_unusual() -> None:
    low, high = order_interval(np.array([0.02]), np.array([0.5]))
    assert (low[0], high[0]) == (0.0, 0.02)


def shop_days(
    rng: np.random.Generator, level: FloatArray, own: float, values: float, length: int = 57
) -> tuple[FloatArray, ...]:
    """Spend, orders and revenue of budgets with weekdays, days in common and days of their own."""
    n = len(level)
    week = np.exp(0.12 * rng.standard_normal(7))[(np.arange(length) + DAY0 + 3) % 7]
    common = np.exp(rng.uniform(0.0, 0.15) * rng.standard_normal(length))
    alone = rng.gamma(1 / own**2, own**2, (n, length)) if own > 0 else 1.0
    orders = rng.poisson(level[:, None] * week * common * alone).astype(float)
    spread = values / np.sqrt(np.maximum(orders, 1.0))  # of a mean of so many orders
    revenue = orders * 40 * np.exp(spread * rng.standard_normal((n, length)) - spread**2 / 2)
    return 50.0 * np.exp(0.1 * rng.standard_normal((n, length))), orders, revenue


@pytest.mark.parametrize(("middle", "own"), [(-0.7, 0.0), (1.0, 0.2), (4.5, 0.25)], ids=["thin", "usual", "large"])
def test_the_next_days_orders_and_profit_fall_into_their_intervals(middle: float, own: float) -> None:
    """Rolling origin over made shops, budgets alone and all together: 72–88 % each (SCIENCE 1.4)."""
    rng = np.random.default_rng(11)
    orders_in, profit_in, together = [], [], []
    for _ in range(36):
        spend, orders, revenue = shop_days(rng, np.exp(rng.normal(middle, 0.7, 8)), own, 0.4)
        clicks = rng.poisson(100.0, orders.shape).astype(float)
        columns = daily(spend, clicks=clicks, orders=orders, revenue=revenue)
        for last in (50, 56):
            snapshot = a_shop(budgets(8), columns, products(8), today=DAY0 + last)
            curves = estimate(snapshot, ResponseSettings())
            place = np.array([int(one.id.native[1:]) for one in snapshot.budgets])
            spent = spend[place, last]
            day = forecast(curves, spent, spent=spent)
            came = orders[place, last]
            profit = revenue[place, last] * 0.4 - spent
            orders_in.append((day.orders_low <= came) & (came <= day.orders_high))
            profit_in.append((day.profit_low <= profit) & (profit <= day.profit_high))
            together.append(day.total[1] <= profit.sum() <= day.total[2])
    assert 0.72 <= np.mean(orders_in) <= 0.88
    assert 0.72 <= np.mean(profit_in) <= 0.88
    assert 0.72 <= np.mean(together) <= 0.88


def test_a_mean_never_lies_outside_its_own_interval() -> None:
    mean = np.array([0.0, 1e-6, 0.05, 0.5, 5.0, 500.0])
    for doubt in (0.0, 1.5):
        low, high = order_interval(mean, np.full(6, doubt), 3.0)
        assert (low <= mean).all()
        assert (mean <= high).all()
        assert (low[0], high[0]) == (0.0, 0.0)


def a_day(spend: float = 10.0, amount: float | None = None) -> Snapshot:
    rng = np.random.default_rng(4)
    orders = rng.poisson(4.0, (3, 30)).astype(float)
    columns = daily(np.full((3, 30), spend), orders=orders, revenue=orders * 20)
    if amount is not None:
        columns["amount"] = np.full(90, amount)
    return a_shop(budgets(3), columns, products(3))


def test_profit_is_orders_times_margin_less_spend_and_lies_in_its_interval() -> None:
    curves = estimate(a_day(), ResponseSettings())
    day = forecast(curves, curves.scale)
    assert day.profit == pytest.approx(day.orders * curves.margin_per_order - day.spend)
    assert (day.profit_low <= day.profit).all()
    assert (day.profit <= day.profit_high).all()
    assert day.total[0] == pytest.approx(day.profit.sum())
    assert day.total[1] <= day.total[0] <= day.total[2]


def test_what_days_have_in_common_does_not_average_out() -> None:
    curves = estimate(a_day(), ResponseSettings())
    calm = replace(curves, facts=curves.facts | {"money_day_sd": np.full(3, 0.05)})
    wild = replace(curves, facts=curves.facts | {"money_day_sd": np.full(3, 0.4)})

    def widths(one: Curves) -> tuple[float, float]:
        day = forecast(one, curves.scale)
        return day.total[2] - day.total[1], float(np.sqrt(((day.profit_high - day.profit_low) ** 2).sum()))

    assert widths(calm)[0] < 1.1 * widths(calm)[1]
    assert widths(wild)[0] > 1.2 * widths(wild)[1]


def test_a_shop_that_fell_lately_is_expected_lower_and_not_higher_as_well() -> None:
    curves = estimate(a_day(), ResponseSettings())
    steady = {"shop_drift": np.zeros(3), "shop_lean": np.zeros(3)}
    steady |= {f"money_{name}": column for name, column in steady.items()}
    fallen = {name: np.full(3, 0.15 if "drift" in name else -0.15) for name in steady}
    before = forecast(replace(curves, facts=curves.facts | steady), 4 * curves.scale)
    after = forecast(replace(curves, facts=curves.facts | fallen), 4 * curves.scale)
    assert after.total[0] == before.total[0]
    assert before.total[1] - after.total[1] > 2 * abs(after.total[2] - before.total[2])
    assert (after.orders_low < before.orders_low).all()
    assert (after.orders_high <= before.orders_high).all()


def test_of_a_day_that_is_over_the_spend_is_known() -> None:
    curves = estimate(a_day(amount=12.0), ResponseSettings())
    spent = np.array([9.0, np.nan, 11.0])
    day = forecast(curves, np.full(3, 12.0), spent=spent, known=0.5)
    ahead = forecast(curves, np.full(3, 12.0))
    assert day.spend[[0, 2]].tolist() == [9.0, 11.0]
    assert day.spend[1] == ahead.spend[1]
    assert day.orders[1] == pytest.approx(0.5 * ahead.orders[1])
    known = ~np.isnan(spent)
    assert (day.orders_high <= ahead.orders_high).all()
    assert ((day.profit_high - day.profit_low)[known] < (ahead.profit_high - ahead.profit_low)[known]).all()


def test_without_a_posterior_the_curves_own_doubt_stands() -> None:
    curves = replace(estimate(a_day(), ResponseSettings()), posterior=None)
    day = forecast(curves, curves.scale, spent=curves.scale)
    assert np.isfinite([*day.total, *day.orders_low, *day.orders_high]).all()
    bare = forecast(replace(curves, facts={}), curves.scale)
    assert bare.total[1] < bare.total[0] < bare.total[2]


def test_an_empty_shop_expects_nothing() -> None:
    curves = estimate(a_shop([], None, [], today=DAY0), ResponseSettings())
    assert forecast(curves, np.zeros(0)).total == (0.0, 0.0, 0.0)
