"""SCIENCE 3.3, 3.5, 5.6: what can be learnt of elasticity, and what must not be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bidder.response.estimate import ResponseSettings, estimate
from bidder.response.shapes import KNOTS, candidates
from bidder.snapshot import FloatArray
from tests.response.shop import a_shop, budgets, by_name, daily, products

SETTINGS = ResponseSettings(follow="never")


def elasticities(columns: dict[str, Any], n: int) -> FloatArray:
    snapshot = a_shop(budgets(n), columns, products(n))
    return by_name(snapshot, estimate(snapshot, SETTINGS).facts["elasticity"])


def prior_elasticity() -> float:
    shapes = candidates(SETTINGS.elasticity, SETTINGS.elasticity_sd, SETTINGS.start_up)
    return float(shapes.prior @ shapes.elasticity)


def saturating(relative: FloatArray, u: FloatArray) -> FloatArray:
    """1 at relative spend 1, with elasticity u/(e^u − 1) there."""
    return np.asarray(-np.expm1(-u * relative) / -np.expm1(-u))


def test_constant_spend_returns_the_prior_elasticity() -> None:
    """No false precision, no NaN, no zero: nothing can be learnt from 28 days alike."""
    rng = np.random.default_rng(1)
    spend = np.full((10, 28), 50.0)
    orders = rng.poisson(5.0, (10, 28)).astype(float)
    columns = daily(spend, clicks=rng.poisson(200.0, (10, 28)).astype(float), orders=orders, revenue=orders * 40)
    assert elasticities(columns, 10) == pytest.approx(prior_elasticity(), abs=0.02)


@pytest.mark.parametrize("with_clicks", [False, True])
def test_wide_variation_and_many_orders_show_the_elasticity(with_clicks: bool) -> None:
    """SCIENCE 3.3: ±50 % and 30 orders a day: |ε̂ − ε| ≤ 0.15 in 80 % of worlds."""
    rng = np.random.default_rng(2)
    hits = []
    for _ in range(25):
        u = np.exp(rng.normal(-0.4, 0.7, (4, 1)))
        relative = rng.uniform(0.5, 1.5, (4, 28))
        mean = saturating(relative, u)
        columns = daily(50 * relative, orders=rng.poisson(30 * mean).astype(float))
        if with_clicks:
            columns |= daily(50 * relative, clicks=rng.poisson(1000 * mean).astype(float))
        columns["revenue"] = columns["orders"] * 40.0
        scale = np.exp(np.log(relative).mean(axis=1, keepdims=True))
        true = u * scale / np.expm1(u * scale)
        hits.append(np.abs(elasticities(columns, 4) - true[:, 0]) <= 0.15)
    assert np.mean(hits) >= 0.8


def test_budgets_that_follow_demand_do_not_inflate_slopes() -> None:
    """SCIENCE 3.5: spend raised on high-demand days, true ε = 0.5: ε̂ ≤ 0.6."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(20):
        demand = np.exp(0.25 * rng.standard_normal(42))
        demand[np.arange(42) % 7 >= 5] *= 1.3
        relative = demand**0.8 * np.exp(0.1 * rng.standard_normal((8, 42)))
        orders = rng.poisson(12 * demand * relative**0.5).astype(float)
        clicks = rng.poisson(400 * demand * relative**0.5).astype(float)
        columns = daily(50 * relative, clicks=clicks, orders=orders, revenue=orders * 40)
        found.append(elasticities(columns, 8))
    assert np.mean(found) <= 0.6


def test_a_return_that_doubled_is_followed_within_a_week() -> None:
    """Clicks and orders double at the same spend: after seven days at least 80 % of the step is seen (SCIENCE 4.4)."""
    rng = np.random.default_rng(4)
    followed = []
    for _ in range(15):
        level = np.full((6, 49), 8.0)
        level[0, -7:] *= 2
        orders = rng.poisson(level).astype(float)
        clicks = rng.poisson(level * 40).astype(float)
        columns = daily(np.full((6, 49), 50.0), clicks=clicks, orders=orders, revenue=orders * 40)
        snapshot = a_shop(budgets(6), columns, products(6))
        followed.append(by_name(snapshot, estimate(snapshot, SETTINGS).facts["orders_at_scale"])[0] / 8.0 - 1)
    assert np.mean(followed) >= 0.8


def test_a_steady_shop_keeps_its_whole_memory() -> None:
    """Eight weeks of nothing changing: levels are known about as well as all their orders allow."""
    rng = np.random.default_rng(5)
    errors = []
    for _ in range(15):
        orders = rng.poisson(2.0, (20, 56)).astype(float)
        clicks = rng.poisson(80.0, (20, 56)).astype(float)
        columns = daily(np.full((20, 56), 50.0), clicks=clicks, orders=orders, revenue=orders * 40)
        snapshot = a_shop(budgets(20), columns, products(20))
        errors.append(np.log(estimate(snapshot, SETTINGS).facts["orders_at_scale"] / 2.0))
    assert np.std(errors) < 1.2 / np.sqrt(2.0 * 56)


def test_a_written_half_life_is_kept() -> None:
    rng = np.random.default_rng(6)
    level = np.full((6, 60), 10.0)
    level[:, :40] = 5.0
    orders = rng.poisson(level).astype(float)
    columns = daily(np.full((6, 60), 50.0), orders=orders, revenue=orders * 40)
    snapshot = a_shop(budgets(6), columns, products(6))
    fast = estimate(snapshot, ResponseSettings(half_life=4.0)).facts["orders_at_scale"]
    slow = estimate(snapshot, ResponseSettings(half_life=1000.0)).facts["orders_at_scale"]
    assert fast.mean() > slow.mean()


def test_every_candidate_is_one_at_the_usual_spend_and_the_weights_sum_to_one() -> None:
    shapes = candidates(0.7, 0.9, 0.15)
    assert shapes.prior.sum() == pytest.approx(1.0)
    at_one = np.array([np.interp(0.0, np.log(KNOTS), value) for value in shapes.value])
    assert at_one == pytest.approx(1.0, abs=2e-3)
    assert (np.diff(shapes.value, axis=1) >= 0).all()
    concave = shapes.elasticity[shapes.prior > 0] < 1
    assert concave.sum() > 30
    assert candidates(0.7, 0.9, 0.0).prior.sum() == pytest.approx(1.0)
