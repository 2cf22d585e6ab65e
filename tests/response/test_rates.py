"""SCIENCE 1.1, 1.2, 1.4: shrunk rates beat raw and pooled ones, and their intervals say how sure they are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.response.rates import (
    click_cost,
    fits_binomial,
    groups_of,
    per_exposure,
    per_trial,
    raw_rate,
)
from bidder.response.special import digamma, log_gamma, normal_cdf, trigamma
from bidder.snapshot import FloatArray

CVR, CLICKS = 0.025, 200.0


def one_group(n: int) -> np.ndarray:
    return np.zeros(n, dtype=np.int64)


def a_world(rng: np.random.Generator, n: int, clicks: float = CLICKS) -> tuple[FloatArray, FloatArray, FloatArray]:
    """True rates, orders and clicks of n items of unequal size (SCIENCE: CVR 2.5 %, log-normal sizes)."""
    true = np.clip(CVR * np.exp(0.5 * rng.standard_normal(n) - 0.125), 1e-4, 0.5)
    size = np.maximum(np.round(clicks * np.exp(0.55 * rng.standard_normal(n) - 0.15)), 1)
    return true, rng.binomial(size.astype(int), true).astype(float), size


def rms(errors: list[FloatArray]) -> float:
    return float(np.sqrt(np.mean(np.concatenate(errors) ** 2)))


def test_shrinking_beats_raw_and_pooled_rates() -> None:
    """SCIENCE 1.1, 20 items × 200 worlds of 200 clicks: RMSE ≤ 0.75 × raw, ≤ 0.80 × pooled; 80 % covers 72–85 %."""
    rng = np.random.default_rng(11)
    raw, shrunk, pooled, covered = [], [], [], []
    for _ in range(200):
        true, orders, clicks = a_world(rng, 20)
        rate = per_trial(orders, clicks, one_group(20), CVR)
        raw.append(orders / clicks - true)
        shrunk.append(rate.mean - true)
        pooled.append(orders.sum() / clicks.sum() - true)
        covered.append((rate.low <= true) & (true <= rate.high))
    assert rms(shrunk) <= 0.75 * rms(raw)
    assert rms(shrunk) <= 0.80 * rms(pooled)
    assert 0.72 <= np.mean(covered) <= 0.85


@pytest.mark.parametrize("rate_of", [per_trial, per_exposure])
def test_intervals_of_eight_items_are_not_too_narrow(rate_of: object) -> None:
    """SCIENCE 1.1: with N = 8 a plug-in prior covers 68 %; at least 75 % is asked."""
    rng = np.random.default_rng(12)
    covered = []
    for _ in range(200):
        true, orders, clicks = a_world(rng, 8)
        rate = rate_of(orders, clicks, one_group(8), CVR)  # type: ignore[operator]  # either of two functions
        covered.append((rate.low <= true) & (true <= rate.high))
    assert 0.75 <= np.mean(covered) <= 0.87


def test_an_untried_item_gets_exactly_the_prior_with_a_finite_interval() -> None:
    rng = np.random.default_rng(13)
    _, orders, clicks = a_world(rng, 20)
    orders[3] = clicks[3] = 0.0
    for rate in (per_trial(orders, clicks, one_group(20), CVR), per_exposure(orders, clicks, one_group(20), CVR)):
        assert rate.mean[3] == pytest.approx(rate.prior[3], rel=1e-12)
        assert 0 < rate.low[3] < rate.mean[3] < rate.high[3] < 1
        assert np.isfinite(rate.log_sd).all()


def test_more_orders_than_clicks_are_counts_an_exposure() -> None:
    orders, clicks = np.array([12.0, 3.0]), np.array([10.0, 100.0])
    assert not fits_binomial(orders, clicks)
    rate = per_trial(orders, clicks, one_group(2), CVR)
    assert rate.mean[0] > 0.5
    assert rate.mean.tolist() == per_exposure(orders, clicks, one_group(2), CVR).mean.tolist()


def test_nothing_tried_anywhere_is_the_fallback() -> None:
    rate = per_trial(np.zeros(3), np.zeros(3), one_group(3), CVR)
    assert rate.mean == pytest.approx(CVR, rel=1e-9)


def test_nothing_sold_anywhere_is_a_small_rate_and_not_zero() -> None:
    rate = per_trial(np.zeros(5), np.full(5, 400.0), one_group(5), CVR)
    assert (rate.mean > 0).all()
    assert (rate.mean < 0.001).all()


def test_a_group_of_eight_has_its_own_prior_and_seven_have_everybodys() -> None:
    labels = [("a",)] * 8 + [("b",)] * 7
    assert groups_of(labels).tolist() == [1] * 8 + [0] * 7
    assert groups_of([("z",)] * 8 + [("q",)] * 7).tolist() == groups_of(labels).tolist()
    orders = np.array([20.0] * 8 + [1.0] * 7)
    rate = per_trial(orders, np.full(15, 400.0), groups_of(labels), CVR)
    assert rate.prior[0] > 2 * rate.prior[-1]


def test_a_raw_rate_over_nothing_is_zero() -> None:
    assert raw_rate(np.array([1.0, 2.0]), np.array([0.0, 4.0])).tolist() == [0.0, 0.5]


def test_click_costs_of_thin_items_lean_on_their_group() -> None:
    """SCIENCE 1.4: weight n/(n + 20)."""
    spend, clicks = np.array([2000.0, 2000.0, 40.0, 0.0]), np.array([1000.0, 1000.0, 5.0, 0.0])
    cost = click_cost(spend, clicks, one_group(4))
    assert cost[0] == pytest.approx(2.0, rel=0.02)
    assert 2.0 < cost[2] < 8.0
    assert 1.9 < cost[3] < 3.0
    assert np.isnan(click_cost(np.zeros(2), np.zeros(2), one_group(2))).all()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5000)), min_size=1, max_size=12))
def test_a_shrunk_rate_lies_between_its_own_and_the_prior(items: list[tuple[int, int]]) -> None:
    trials = np.array([float(n) for _, n in items])
    successes = np.minimum(np.array([float(k) for k, _ in items]), trials)
    rate = per_trial(successes, trials, one_group(len(items)), CVR)
    own = raw_rate(successes, trials)
    tried = trials > 0
    assert np.isfinite(rate.mean).all()
    assert (rate.low <= rate.high).all()
    assert ((rate.mean > 0) & (rate.mean < 1)).all()
    assert (rate.mean[tried] <= np.maximum(own, 1.0)[tried]).all()


def test_special_functions_agree_with_known_values() -> None:
    x = np.array([0.1, 0.5, 1.0, 3.7, 50.0, 1e6])
    assert log_gamma(x) == pytest.approx([math.lgamma(v) for v in x], rel=1e-11, abs=1e-9)
    assert digamma(np.array([1.0, 10.0])) == pytest.approx([-0.5772156649015329, 2.2517525890667211], abs=1e-8)
    assert trigamma(np.array([1.0, 10.0])) == pytest.approx([math.pi**2 / 6, 0.10516633568168575], abs=1e-8)
    assert normal_cdf(np.array([[0.0, 1.2815515655446004]])) == pytest.approx(np.array([[0.5, 0.9]]), abs=1e-12)
