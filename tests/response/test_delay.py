"""SCIENCE 2.1: young days say less, never something wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bidder.response.delay import MATURE, chain_ladder, complete_by_age, default_curve
from bidder.response.estimate import ResponseSettings, estimate
from bidder.response.panel import day_age, panel
from bidder.snapshot import FloatArray, History, Snapshot
from tests.response.shop import DAY0, a_shop, budgets, by_name, daily, products

SETTINGS = ResponseSettings()
SLOW: FloatArray = 1 - np.exp(-(np.arange(MATURE + 1.0) + 1) / 4)
"""A platform far slower than the default: 22 % on the day itself, 39 % a day later."""


def test_the_default_curve_rises_from_55_percent_to_all_at_two_weeks() -> None:
    curve = default_curve(SETTINGS.late)
    assert curve[[0, 1, 7, 14]].tolist() == [0.55, 0.68, 0.96, 1.0]
    assert (np.diff(curve) >= 0).all()
    assert default_curve(()).tolist() == [1.0] * 15
    assert default_curve((0.9, 0.5)).min() == 0.9


def test_an_unknown_age_and_an_old_day_are_complete() -> None:
    age = np.array([[0.0, 1.0, 14.0, 400.0, np.nan]])
    assert complete_by_age(age, default_curve(SETTINGS.late)).tolist() == [[0.55, 0.68, 1.0, 1.0, 1.0]]


def readings(rng: np.random.Generator, n: int, days: int, rate: float, curve: FloatArray) -> tuple[dict[str, Any], Any]:
    """What each morning's report said of the last 14 days: newest rows, and every reading (unchanged ones left out)."""
    total = rng.poisson(rate, (n, days))
    share = np.diff(curve, prepend=0.0)
    share[-1] += 1 - curve[-1]
    by_age = np.cumsum(np.array([rng.multinomial(k, share / share.sum()) for k in total.ravel()]), axis=1)
    by_age = by_age.reshape(n, days, MATURE + 1)
    rows: list[tuple[int, int, float, float]] = []
    newest = np.zeros((n, days))
    seen = np.zeros((n, days))
    for day in range(days):
        for age in range(1, min(MATURE, days - day) + 1):
            for i in range(n):
                value = float(by_age[i, day, age])
                if age == 1 or value != newest[i, day]:
                    newest[i, day], seen[i, day] = value, (DAY0 + day + age) * 86400.0 + 6 * 3600
                    rows.append((i, DAY0 + day, value, seen[i, day]))
    table = np.array(rows)
    versions = History.of({"budget": table[:, 0], "day": table[:, 1], "orders": table[:, 2], "observed": table[:, 3]})
    spend = np.full((n, days), 50.0)
    columns = daily(spend, clicks=np.full((n, days), 100.0), orders=newest, revenue=newest * 30.0, observed=seen)
    return columns, versions


def a_morning(columns: dict[str, Any], versions: History | None, n: int) -> Snapshot:
    shop = a_shop(budgets(n), columns, products(n), seen_after=None)
    built = Snapshot.build(
        as_of=shop.as_of.replace(hour=8),
        day=shop.day,
        currency=shop.currency,
        accounts=shop.accounts,
        budgets=budgets(n),
        products=products(n),
        history=History.of(columns),
        versions=versions,
    )
    assert built.today == shop.today
    return built


def test_the_chain_ladder_finds_how_late_a_platforms_orders_come() -> None:
    """SCIENCE 2.1: |bias| of the last seven days' sum ≤ 3 %, here with a platform unlike the default."""
    rng = np.random.default_rng(5)
    naive, corrected = [], []
    for _ in range(12):
        columns, versions = readings(rng, 6, 35, 8.0, SLOW)
        snapshot = a_morning(columns, versions, 6)
        table = panel(snapshot, 90)
        prior = default_curve(SETTINGS.late)
        age = day_age(snapshot, snapshot.versions)
        now_age = (snapshot.today - snapshot.versions.day).astype(float)
        curve = chain_ladder(snapshot.versions, age, now_age, np.zeros(6, dtype=np.int64), prior)
        counted = complete_by_age(table.age, curve)
        naive.append(table.orders[:, -7:].sum() / (8.0 * 7 * 6))
        corrected.append(table.orders[:, -7:].sum() / (8.0 * counted[:, -7:].sum()))
    assert np.mean(naive) < 0.85
    assert np.mean(corrected) == pytest.approx(1.0, abs=0.03)


def test_a_reading_that_found_nothing_new_still_makes_a_day_older() -> None:
    """Unchanged rows are not stored again: a later reading of older days shows that this one was read too."""
    seen = np.array([[DAY0 + 6.3, DAY0 + 2.3, DAY0 + 3.3]]) * 86400
    columns = daily(np.full((1, 3), 5.0), orders=np.ones((1, 3)), observed=seen)
    shop = a_shop(budgets(1), columns, today=DAY0 + 6, seen_after=None)
    assert panel(shop, 90).age[:, :3].tolist() == [[6.0, 5.0, 4.0]]


def test_young_days_never_cut_a_steady_campaign() -> None:
    """0 false cuts in 100 worlds: leaving the last three days out changes no level by more than its own doubt."""
    rng = np.random.default_rng(6)
    curve = default_curve(SETTINGS.late)
    falls = []
    for _ in range(100):
        orders = rng.poisson(10.0, (3, 28)).astype(float)
        young = rng.binomial(orders.astype(int), complete_by_age(np.arange(28.0, 0, -1)[None, :], curve)).astype(float)
        steady = np.full((3, 28), 50.0)
        base = daily(steady, clicks=steady * 4, orders=young, revenue=young * 30.0)
        snapshot = a_shop(budgets(3), base, products(3), seen_after=None)
        early = {name: np.asarray(column)[np.asarray(base["day"]) < DAY0 + 25] for name, column in base.items()}
        before = a_shop(budgets(3), early, products(3), today=DAY0 + 28, seen_after=None)
        now, then = estimate(snapshot, SETTINGS), estimate(before, SETTINGS)
        change = by_name(snapshot, np.log(now.facts["orders_at_scale"])) - by_name(
            before, np.log(then.facts["orders_at_scale"])
        )
        falls.append(change / by_name(snapshot, now.log_sd))
    assert np.min(falls) > -1.28
    assert np.mean(falls) == pytest.approx(0.0, abs=0.15)


def test_readings_after_the_decision_teach_nothing() -> None:
    rng = np.random.default_rng(7)
    columns, versions = readings(rng, 3, 20, 8.0, SLOW)
    late = History.of(
        {
            "budget": np.zeros(50),
            "day": np.full(50, DAY0 + 10),
            "orders": rng.poisson(500, 50).astype(float),
            "observed": (DAY0 + 30.0 + np.arange(50)) * 86400,
        }
    )
    both = History.of(
        {
            name: np.concatenate([getattr(versions, name), getattr(late, name)])
            for name in ("budget", "day", "orders", "observed")
        }
    )
    one, two = estimate(a_morning(columns, versions, 3), SETTINGS), estimate(a_morning(columns, both, 3), SETTINGS)
    assert one.facts["orders_at_scale"].tobytes() == two.facts["orders_at_scale"].tobytes()
