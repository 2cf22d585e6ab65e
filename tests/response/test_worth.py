"""SCIENCE 1.3, 1.5: what an order is worth, and that the best of many noisy returns are not oversold."""

from __future__ import annotations

import numpy as np
import pytest

from bidder.response.estimate import ResponseSettings, estimate
from bidder.response.panel import panel
from bidder.response.worth import worth
from bidder.snapshot import FloatArray
from tests.response.shop import a_shop, budgets, by_name, daily, products


def order_values(orders: FloatArray, revenue: FloatArray) -> FloatArray:
    n, days = orders.shape
    snapshot = a_shop(budgets(n), daily(np.full((n, days), 10.0), orders=orders, revenue=revenue), products(n))
    return by_name(snapshot, worth(snapshot, panel(snapshot, 90)).revenue)


def test_one_order_of_a_hundred_times_the_price_moves_a_product_by_less_than_a_fifth() -> None:
    rng = np.random.default_rng(2)
    orders = rng.poisson(1.0, (8, 28)).astype(float)
    price = np.exp(rng.normal(3.5, 0.6, (8, 1)))
    revenue = orders * price * np.exp(0.3 * rng.standard_normal((8, 28)) - 0.045)
    plain = order_values(orders, revenue)
    odd = revenue.copy()
    odd[0, int(np.argmax(orders[0] > 0))] += 100 * price[0, 0]
    moved = order_values(orders, odd)
    assert moved[0] / plain[0] < 1.2
    assert moved[1:] == pytest.approx(plain[1:], rel=0.05)


def test_order_values_are_right_on_average() -> None:
    """Means of logs would lie below the mean: the spread is given back."""
    rng = np.random.default_rng(3)
    ratios = []
    for _ in range(60):
        orders = rng.poisson(2.0, (12, 28)).astype(float)
        price = np.exp(rng.normal(3.5, 0.5, (12, 1)))
        single = np.exp(0.5 * rng.standard_normal((12, 28)) / np.sqrt(np.maximum(orders, 1)))
        single /= np.exp(0.125 / np.maximum(orders, 1))
        ratios.append(order_values(orders, orders * price * single) / price[:, 0])
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.02)
    assert np.std(np.log(ratios)) < 0.12


def test_a_product_without_orders_takes_the_shops_value() -> None:
    orders = np.full((4, 10), 1.0)
    orders[0] = 0.0
    value = order_values(orders, orders * 20.0)
    assert value == pytest.approx(20.0, rel=1e-3)


def test_the_five_best_keep_what_they_promise() -> None:
    """SCIENCE 1.5: predicted less realised return of the five best of 20, within ±5 % over 100 worlds."""
    rng = np.random.default_rng(4)
    promised, kept = 0.0, 0.0
    for _ in range(100):
        spend = np.exp(rng.normal(3, 0.6, (20, 1))) * np.ones((20, 28))
        cvr = 0.025 * np.exp(0.5 * rng.standard_normal((20, 1)))
        clicks = rng.poisson(spend * 2.0).astype(float)
        orders = rng.poisson(clicks * cvr).astype(float)
        revenue = orders * 40.0
        snapshot = a_shop(budgets(20), daily(spend, clicks=clicks, orders=orders, revenue=revenue), products(20))
        curves = estimate(snapshot, ResponseSettings())
        predicted = curves.response.orders(curves.scale[:, None])[:, 0] * curves.margin_per_order / curves.scale
        predicted = by_name(snapshot, predicted)
        best = np.argsort(-predicted)[:5]
        promised += float(predicted[best].sum())
        kept += float((2.0 * cvr[best, 0] * 16.0).sum())
    assert promised / kept == pytest.approx(1.0, abs=0.05)
