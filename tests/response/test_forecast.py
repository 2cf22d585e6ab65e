"""A day's interval: 80 % of what comes lies in it, on budgets with orders and on thin ones."""

from __future__ import annotations

import numpy as np
import pytest

from bidder.response.estimate import ResponseSettings, estimate
from bidder.response.forecast import day_interval, forecast, order_interval
from tests.response.shop import DAY0, a_shop, budgets, by_name, daily, products


@pytest.mark.parametrize(("mean", "doubt", "dispersion"), [(0.4, 0.4, 1.0), (3.0, 0.3, 1.2), (20.0, 0.2, 2.5)])
def test_eight_days_of_ten_lie_in_the_interval(mean: float, doubt: float, dispersion: float) -> None:
    rng = np.random.default_rng(1)
    rate = mean * np.exp(doubt * rng.standard_normal(20_000) - doubt**2 / 2)
    if dispersion > 1:
        rate = rate * rng.gamma(rate / (dispersion - 1), (dispersion - 1) / rate)
    orders = rng.poisson(rate)
    low, high = order_interval(np.array([mean]), np.array([doubt]), dispersion)
    covered = np.mean((low[0] <= orders) & (orders <= high[0]))
    assert 0.75 <= covered <= 0.95  # whole orders: a thin budget cannot be cut finer


def test_the_next_days_orders_fall_into_their_intervals() -> None:
    """Rolling origin over made shops with weekday swings and noise wilder than Poisson: 72–90 % covered."""
    rng = np.random.default_rng(2)
    covered = []
    for _ in range(12):
        swing = np.exp(0.15 * rng.standard_normal(7))
        level = np.exp(rng.normal(1.0, 1.0, (8, 1)))
        rate = level * swing[(np.arange(57) + DAY0 + 3) % 7] * rng.gamma(8.0, 1 / 8.0, (8, 57))
        orders = rng.poisson(rate).astype(float)
        spend = np.full((8, 57), 50.0)
        columns = daily(spend, clicks=rng.poisson(100.0, (8, 57)).astype(float), orders=orders, revenue=orders * 40)
        for last in (55, 56):
            snapshot = a_shop(budgets(8), columns, products(8), today=DAY0 + last)
            curves = estimate(snapshot, ResponseSettings())
            low, high = day_interval(curves, curves.response.orders(np.full((8, 1), 50.0))[:, 0])
            came = orders[:, last]
            covered.append((by_name(snapshot, low) <= came) & (came <= by_name(snapshot, high)))
    assert 0.72 <= np.mean(covered) <= 0.90


def test_a_mean_never_lies_outside_its_own_interval() -> None:
    mean = np.array([0.0, 1e-6, 0.05, 0.5, 5.0, 500.0])
    low, high = order_interval(mean, np.full(6, 1.5), 3.0)
    assert (low <= mean).all()
    assert (mean <= high).all()
    assert (low[0], high[0]) == (0.0, 0.0)


def test_profit_of_the_interval_is_orders_times_margin_less_spend() -> None:
    orders = np.full((3, 30), 4.0)
    snapshot = a_shop(budgets(3), daily(np.full((3, 30), 10.0), orders=orders, revenue=orders * 20), products(3))
    curves = estimate(snapshot, ResponseSettings())
    day = forecast(curves, curves.scale)
    assert day.profit == pytest.approx(day.orders * curves.margin_per_order - day.spend)
    assert (day.profit_low <= day.profit).all()
    assert (day.profit <= day.profit_high).all()
