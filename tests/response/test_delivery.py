"""SCIENCE 3.1: how much a budget can spend, learnt from days that used their amount up and days that did not."""

from __future__ import annotations

import numpy as np
import pytest

from bidder.limits import Quantity
from bidder.response.delivery import Reach, reachable
from bidder.response.estimate import ResponseSettings, estimate
from bidder.response.panel import panel
from bidder.response.shapes import KNOTS, bins
from bidder.snapshot import FloatArray
from tests.response.shop import a_shop, budgets, by_name, daily


def reach_of(spend: FloatArray, amount: FloatArray) -> tuple[Reach, FloatArray]:
    """Reach in the order of the budgets' numbers, at scale 1."""
    n = len(spend)
    snapshot = a_shop(budgets(n), daily(spend, amount=amount))
    table = panel(snapshot, 400)
    left, share = bins(np.where(table.live, table.spend, 1.0))
    found = reachable(table, left, share, np.ones(table.shape))
    back = np.argsort([int(b.id.native[1:]) for b in snapshot.budgets])
    return Reach(found.survival[back], found.top[back], found.short[back]), found.top


def middle(survival: FloatArray) -> FloatArray:
    """The relative spend that demand exceeds half the time; inf where it always does."""
    below = survival <= 0.5
    return np.where(below.any(axis=1), KNOTS[np.argmax(below, axis=1)], np.inf)


def a_world(rng: np.random.Generator, n: int, days: int, limited: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Reachable spend D (n,), and spend and amounts when money is the limit on a share `limited` of the days."""
    reach = np.exp(rng.normal(0.0, 0.3, n))
    demand = reach[:, None] * np.exp(0.2 * rng.standard_normal((n, days)))
    z = float(np.quantile(0.2 * rng.standard_normal(100_000), 1 - limited))
    amount = reach[:, None] * np.exp(z + 0.05 * rng.standard_normal((n, days)))
    return reach, np.minimum(amount * 0.98, demand), amount


def test_reachable_spend_is_found_behind_the_budget() -> None:
    """SCIENCE 3.1: with 60 % of days limited by money, median |log D̂/D| ≤ 0.25."""
    rng = np.random.default_rng(1)
    errors = []
    for _ in range(12):
        reach, spend, amount = a_world(rng, 10, 28, 0.6)
        found, _ = reach_of(spend, amount)
        errors.append(np.abs(np.log(np.minimum(middle(found.survival), 50.0) / reach)))
    assert np.median(np.concatenate(errors)) <= 0.25


def test_a_budget_that_was_cut_does_not_look_small_tomorrow() -> None:
    """The self-fulfilling trap: days limited by money never lower the reachable spend."""
    rng = np.random.default_rng(2)
    reach, spend, amount = a_world(rng, 10, 28, 0.4)
    before, _ = reach_of(spend, amount)
    cut = np.minimum(0.5 * reach, spend.min(axis=1))[:, None] * np.ones((1, 14))
    after, _ = reach_of(np.hstack([spend, cut * 0.98]), np.hstack([amount, cut]))
    assert (np.log(middle(after.survival) / middle(before.survival)) >= -0.1).all()


def test_where_every_day_used_its_amount_up_no_limit_is_in_sight() -> None:
    spend = np.full((6, 28), 1.0)
    found, _ = reach_of(spend * 0.98, spend)
    assert np.isinf(found.top).all()
    at_scale = found.survival[:, int(np.argmin(np.abs(KNOTS - 0.9)))]
    assert (at_scale > 0.97).all()
    assert not found.short.any()


def test_platforms_that_deliver_unevenly_are_not_taken_for_limits() -> None:
    """80 to 120 % of the amount on any day: a quarter of the days look short, and mean nothing."""
    rng = np.random.default_rng(3)
    amount = np.ones((12, 42)) * np.exp(0.2 * rng.standard_normal((12, 42)))
    found, _ = reach_of(amount * rng.uniform(0.8, 1.2, (12, 42)), amount)
    assert (found.survival[:, int(np.argmin(np.abs(KNOTS - 1.3)))] > 0.6).all()


def test_a_platform_that_never_exceeds_the_amount_is_no_limit_though_only_five_budgets_show_it() -> None:
    """Delivery that ends at the amount and scatters below it: no budget is free of short days, and none is limited."""
    at = int(np.argmin(np.abs(KNOTS - 1.5)))
    for seed in range(12):
        rng = np.random.default_rng(seed)
        amount = np.exp(0.15 * rng.standard_normal((5, 6)).repeat(14, axis=1))
        amount[:, rng.choice(84, 3, replace=False)] *= 1.4
        delivered = np.minimum(1.0, np.exp(-0.03 + 0.05 * rng.standard_normal(amount.shape)))
        found, _ = reach_of(amount * delivered, amount)
        assert (found.survival[:, at] > 0.6).all(), seed


def test_a_limit_far_below_the_amount_is_seen_within_a_week() -> None:
    amount = np.full((8, 28), 10.0)
    spend = amount * 0.98
    spend[0, -7:] = 3.0
    spend[1] = 3.0 * np.exp(0.05 * np.random.default_rng(4).standard_normal(28))
    snapshot = a_shop(budgets(8), daily(spend, amount=amount, clicks=spend * 20, orders=spend))
    curves = estimate(snapshot, ResponseSettings())
    spent = by_name(snapshot, curves.expected(Quantity.SPEND, np.full(8, 10.0)))
    reach = by_name(snapshot, curves.reach)
    assert spent[1] == pytest.approx(3.0, rel=0.15)
    assert reach[1] < 6.0
    assert np.isinf(reach[5])
    assert spent[5] > 8.5
    assert by_name(snapshot, np.array([state == "saturated" for state in curves.state]))[:2].all()


def test_without_stated_amounts_only_the_spend_seen_is_certain() -> None:
    spend = np.full((5, 28), 1.0)
    found, _ = reach_of(spend, np.full((5, 28), np.nan))
    assert (found.survival[:, 0] > 0.99).all()
    assert np.isinf(found.top).all()
    assert (np.diff(found.survival, axis=1) <= 0).all()
