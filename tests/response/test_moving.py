"""A shop whose budgets move: levels are followed, shapes read from the moves, and nothing is mistaken for a loss."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from bidder.catalog import Event
from bidder.response.conversion import follow_orders
from bidder.response.estimate import estimate
from bidder.response.moving import AT_MOST, moves
from bidder.response.panel import panel
from bidder.response.season import lift, unusual
from bidder.response.settings import ResponseSettings
from bidder.snapshot import EPOCH_ORDINAL, FloatArray, Snapshot, day_number
from tests.response.shop import DAY0, a_shop, budgets, by_name, daily, products

ALWAYS = ResponseSettings(follow="always")
N, DAYS = 8, 35


def a_moving_shop(seed: int, *, cvr: float = 0.03, fall: float = 1.0, stock: FloatArray | None = None) -> Snapshot:
    """Eight budgets walking by up to 30 % a day; clicks 120·x/(1 + x/3) at x usual spends of 100, 20 % noise.

    From 14 days before the end budget 0 sells `fall` times as many orders per click.
    """
    rng = np.random.default_rng(seed)
    steps = rng.uniform(-0.26, 0.26, (N, DAYS))
    steps[:, :7] = 0.0
    spend = 100.0 * np.exp(np.clip(np.cumsum(steps, axis=1), -1.5, 1.5)) * rng.uniform(0.9, 1.05, (N, DAYS))
    x = spend / 100.0
    expected = 120.0 * x / (1 + x / 3.0) * np.exp(rng.normal(0.0, 0.2, (N, DAYS)))
    rate = np.full((N, DAYS), cvr)
    rate[0, -14:] *= fall
    clicks = rng.poisson(expected).astype(float)
    orders = rng.poisson(clicks * rate).astype(float)
    columns = {"impressions": clicks * 80, "clicks": clicks, "orders": orders, "revenue": orders * 100.0}
    if stock is not None:
        columns["stock"] = stock
        columns["orders"] = np.where(stock > 0, orders, 0.0)
        columns["revenue"] = columns["orders"] * 100.0
    return a_shop(budgets(N), daily(spend, amount=spend, units=columns["orders"], **columns), products(N, price=100.0))


def test_shapes_are_read_from_the_moves_of_budgets() -> None:
    errors = []
    for seed in range(3):
        curves = estimate(a_moving_shop(seed), ALWAYS)
        x = np.array([0.5, 1.0, 2.0])
        truth = 120.0 * x / (1 + x / 3.0)
        got = curves.response.clicks(np.tile(100.0 * x, (N, 1)))
        errors.append(np.log(got / truth))
    assert np.sqrt(np.mean(np.square(errors))) < 0.2
    assert abs(np.mean(errors)) < 0.06


def test_a_fallen_rate_is_followed_within_two_weeks() -> None:
    left = []
    for seed in range(4):
        snapshot = a_moving_shop(seed, fall=0.35)
        curves = estimate(snapshot, ALWAYS)
        per_click = curves.response.orders(np.full((N, 1), 100.0)) / curves.response.clicks(np.full((N, 1), 100.0))
        left.append(by_name(snapshot, per_click[:, 0])[0] / 0.03)
    assert np.mean(left) < 0.6  # 0.35 of it is left: more than 60 % of the fall is seen


def test_days_without_stock_say_nothing_about_demand() -> None:
    stock = np.full((N, DAYS), 500.0)
    stock[0, -9:] = 0.0
    snapshot = a_moving_shop(3, stock=stock)
    per_click = estimate(snapshot, ALWAYS).response.orders(np.full((N, 1), 100.0))[:, 0]
    rates = by_name(snapshot, per_click)
    assert rates[0] > 0.6 * np.median(rates[1:])


def test_a_sold_out_day_counts_as_at_least_so_many() -> None:
    exposure = np.full((4, 20), 100.0)
    orders = np.full((4, 20), 2.0)
    short = np.zeros((4, 20), dtype=bool)
    short[0] = True
    worth, week, event = np.zeros(4), np.arange(20) % 7, np.zeros(20, dtype=bool)
    rates = follow_orders(exposure, orders, short, worth, week, event).rate
    assert rates[0] > 1.2 * rates[1]
    assert rates[1] == pytest.approx(0.02, rel=0.15)


def test_before_any_order_a_budget_is_expected_to_bring_the_shops_return() -> None:
    exposure = np.full((5, 30), 60.0)
    exposure[4] = 0.0
    orders = np.full((5, 30), 2.0)
    worth = np.array([0.0, 0.0, 0.0, 0.0, np.log(2.0)])
    found = follow_orders(
        exposure, orders, np.zeros((5, 30), dtype=bool), worth, np.arange(30) % 7, np.zeros(30, dtype=bool)
    )
    assert found.rate[4] < 0.8 * found.rate[0]  # an order worth twice as much needs fewer
    assert found.cv[4] > 2 * found.cv[0]
    assert found.week.mean() == pytest.approx(1.0)


def test_money_in_another_unit_scales_the_curves() -> None:
    snapshot = a_moving_shop(4)
    history = snapshot.history
    hundred = replace(
        snapshot,
        history=replace(history, spend=history.spend * 100, amount=history.amount * 100, revenue=history.revenue * 100),
        products=tuple(
            replace(p, price=p.price and replace(p.price, micros=p.price.micros * 100)) for p in snapshot.products
        ),
    )
    amounts = np.full((N, 1), 130.0)
    one, other = estimate(snapshot, ALWAYS), estimate(hundred, ALWAYS)
    np.testing.assert_allclose(other.response.orders(amounts * 100), one.response.orders(amounts), rtol=1e-9)
    np.testing.assert_allclose(other.margin_per_order, one.margin_per_order * 100, rtol=1e-9)


def test_curves_start_at_nothing_and_never_fall() -> None:
    curves = estimate(a_moving_shop(5), ALWAYS)
    grid = np.tile(np.concatenate([[0.0], np.geomspace(1.0, 4000.0, 60)]), (N, 1))
    orders = curves.response.orders(grid)
    assert (orders[:, 0] == 0).all()
    assert (np.diff(orders, axis=1) >= -1e-9).all()
    assert (curves.response.spend(grid) <= grid + 1e-9).all()


def test_what_demand_does_not_allow_is_not_expected_to_be_spent() -> None:
    snapshot = a_moving_shop(6)
    history = snapshot.history
    short = (history.budget == 0) & (history.day >= DAY0 + DAYS - 10)
    cut = np.where(short, 60.0, history.spend)
    amount = np.where(short, 120.0, history.amount)
    limited = replace(snapshot, history=replace(history, spend=cut, amount=amount))
    spent = estimate(limited, ALWAYS).response.spend(np.full((N, 1), 200.0))
    assert spent[0, 0] < 80.0
    assert (spent[1:, 0] > 190.0).all()


def test_only_shops_that_move_are_followed() -> None:
    table = panel(a_moving_shop(0), 90)
    assert moves(table)
    still = replace(table, spend=np.full(table.shape, 100.0))
    assert not moves(still)
    assert not moves(replace(table, clicks=np.full(table.shape, np.nan)))
    assert not moves(replace(table, live=np.zeros(table.shape, dtype=bool)))
    of = np.arange(AT_MOST + 1) % N
    assert not moves(replace(table, spend=table.spend[of], clicks=table.clicks[of], live=table.live[of]))


def test_never_and_auto_do_what_they_say() -> None:
    snapshot = a_moving_shop(1)
    amounts = np.full((N, 1), 100.0)
    auto, always = (estimate(snapshot, ResponseSettings(follow=one)) for one in ("auto", "always"))
    never = estimate(snapshot, ResponseSettings(follow="never"))
    np.testing.assert_array_equal(auto.response.orders(amounts), always.response.orders(amounts))
    assert not np.array_equal(never.response.orders(amounts), always.response.orders(amounts))


def test_people_wait_for_an_event_and_buy_on_its_day() -> None:
    event = Event(date.fromordinal(EPOCH_ORDINAL + 20_000), "promotion day")
    days = 20_000 + np.arange(-5, 6)
    factor = lift([event], days)
    assert day_number(event.day) == 20_000
    assert factor[5] > 1.0 > factor[4]
    assert (factor[[0, 1, 9, 10]] == 1.0).all()
    assert unusual([event], days).sum() == 7
    assert (lift([], days) == 1.0).all()


def test_an_event_that_passed_does_not_lift_what_is_expected_of_ordinary_days() -> None:
    snapshot = a_moving_shop(2)
    history = snapshot.history
    day = DAY0 + DAYS - 3
    event = Event(date.fromordinal(day + EPOCH_ORDINAL))
    lifted = replace(history, orders=history.orders * lift([event], history.day))
    amounts = np.full((N, 1), 100.0)
    plain, told = (
        estimate(replace(snapshot, history=one, events=(event,) * (one is lifted)), ALWAYS).response.orders(amounts)
        for one in (history, lifted)
    )
    assert told.sum() == pytest.approx(plain.sum(), rel=0.05)


def test_junk_among_the_figures_makes_no_unsound_curve() -> None:
    snapshot = a_moving_shop(7)
    rng = np.random.default_rng(0)
    junk = np.array([np.nan, np.inf, -np.inf, -3.0, 1e300, 0.0])
    for _ in range(10):
        history = snapshot.history
        spoiled = {}
        for name in ("impressions", "clicks", "spend", "orders", "units", "revenue", "amount", "stock"):
            column = getattr(history, name).copy()
            rows = rng.random(len(column)) < 0.1
            column[rows] = rng.choice(junk, int(rows.sum()))
            spoiled[name] = column
        curves = estimate(replace(snapshot, history=replace(history, **spoiled)), ALWAYS)
        orders = curves.response.orders(np.tile(np.geomspace(1.0, 5000.0, 30), (N, 1)))
        assert np.isfinite(orders).all()
        assert (np.diff(orders, axis=1) >= -1e-9).all()


def test_a_budget_without_any_figure_gets_the_shops_return() -> None:
    snapshot = a_moving_shop(8)
    rest = replace(snapshot, history=snapshot.history.select(snapshot.history.budget > 0))
    orders = estimate(rest, ALWAYS).response.orders(np.full((N, 1), 100.0))[:, 0]
    assert np.isfinite(orders).all()
    assert 0.2 * np.median(orders[1:]) < orders[0] < 5 * np.median(orders[1:])
