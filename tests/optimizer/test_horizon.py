"""Today seen with the rest of the plan in mind: money's price, steps, stock, and hope."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from bidder.limits import Bounds, Limit, Limits, Priority, Quantity, Sense
from bidder.optimizer.allocate import AllocateSettings, allocate
from bidder.optimizer.horizon import Horizon, HorizonSettings, look_ahead
from bidder.optimizer.objective import Objective
from bidder.optimizer.pace import most_today
from bidder.response.curve import Curves, Posterior
from bidder.response.shapes import KNOTS
from bidder.snapshot import FloatArray

SETTINGS = HorizonSettings()


@dataclass(frozen=True, eq=False)
class Exponential:
    """level·(1 − e^{−x/bend}) orders."""

    level: FloatArray
    bend: FloatArray

    def orders(self, amounts: FloatArray) -> FloatArray:
        return self.level[:, None] * -np.expm1(-amounts / self.bend[:, None])

    def spend(self, amounts: FloatArray) -> FloatArray:
        return amounts

    def clicks(self, amounts: FloatArray) -> FloatArray:
        return self.orders(amounts) * 30


def curves(level: list[float], bend: list[float], cv: float = 0.0) -> Curves:
    n = len(level)
    return Curves(
        response=Exponential(np.array(level), np.array(bend)),
        revenue_per_order=np.full(n, 100.0),
        margin_per_order=np.full(n, 50.0),
        scale=np.full(n, 100.0),
        reach=np.full(n, np.inf),
        log_sd=np.full(n, cv),
        slope_sd=np.full(n, 0.5),
        state=("active",) * n,
        facts={"level_cv": np.full(n, cv)},
    )


def horizon(n: int, **facts: object) -> Horizon:
    plain = Horizon(
        days_left=30,
        money_left=30 * 100.0 * n,
        least=np.full(n, 10.0),
        most=np.full(n, 1000.0),
        step=0.3,
        lift=np.ones(SETTINGS.days),
        pieces=np.full(n, np.inf),
        pieces_later=np.full(n, np.inf),
        price=np.full(n, 100.0),
    )
    return replace(plain, **facts)  # type: ignore[arg-type] # facts of several kinds


def limits(now: FloatArray, total: float = 1e6, *rows: Limit) -> Limits:
    n = len(now)
    whole = Limit("total", Quantity.AMOUNT, np.ones(n), Sense.AT_MOST, total, Priority.ABSOLUTE)
    return Limits(n, (Bounds("step", now * 0.7, now * 1.3, Priority.STEP),), (whole, *rows))


def planned(shop: Curves, now: FloatArray, ahead: Horizon, *rows: Limit, total: float = 1e6) -> FloatArray:
    held = limits(now, total, *rows)
    seen = look_ahead(shop, held, ahead, SETTINGS)
    return allocate(seen, held, Objective.PROFIT, now, AllocateSettings()).amounts


def test_money_goes_where_the_plan_earns_most_and_stops_where_it_earns_less_than_elsewhere() -> None:
    shop = curves([10.0, 4.0], [100.0, 100.0])
    now = np.array([150.0, 150.0])
    scarce = planned(shop, now, horizon(2, money_left=30 * 160.0))
    np.testing.assert_allclose(scarce, [126.0, 105.0], rtol=0.03)  # 126 and 34 share 160; the step allows 105
    plenty = planned(shop, now, horizon(2, money_left=30 * 5000.0))
    assert (plenty >= scarce - 1e-6).all()
    best = 100.0 * np.log(10 * 50 / 100.0)  # where one more unit earns itself back
    settled = planned(shop, np.array([best, 100.0 * np.log(2.0)]), horizon(2, money_left=30 * 5000.0))
    assert settled[0] == pytest.approx(best, rel=0.06)


def test_a_budget_far_below_its_best_takes_the_whole_step() -> None:
    assert planned(curves([40.0], [400.0]), np.array([20.0]), horizon(1, money_left=1e6))[0] == pytest.approx(26.0)


def test_what_is_sold_out_is_cut_as_fast_as_it_may_be() -> None:
    shop, now = curves([10.0, 10.0], [100.0, 100.0]), np.array([150.0, 150.0])
    sold_out = horizon(2, pieces=np.array([0.0, np.inf]))
    amounts = planned(shop, now, sold_out)
    assert amounts[0] == pytest.approx(105.0, rel=1e-3)
    assert amounts[1] > 110.0


def test_stock_that_lasts_for_less_needs_less_money() -> None:
    shop, now = curves([10.0, 10.0], [100.0, 100.0]), np.array([150.0, 150.0])
    few = np.array([2.0, np.inf])
    amounts = planned(shop, now, horizon(2, pieces=few, pieces_later=few))
    assert amounts[0] < amounts[1] - 20


def test_a_rush_tomorrow_is_prepared_today() -> None:
    shop, now = curves([10.0], [100.0]), np.array([100.0])
    usual = np.ones(SETTINGS.days)
    rush = usual.copy()
    rush[1] = 4.0
    settled = float(planned(shop, now, horizon(1, money_left=30 * 90.0, lift=usual))[0])
    prepared = float(planned(shop, now, horizon(1, money_left=30 * 90.0, lift=rush))[0])
    assert prepared > settled


def test_the_little_known_gets_more_and_less_of_it_towards_the_end() -> None:
    now = np.array([100.0, 100.0])
    shop = curves([4.0, 4.0], [100.0, 100.0])
    unsure = replace(shop, facts={"level_cv": np.array([0.6, 0.0])})
    early = planned(unsure, now, horizon(2, money_left=30 * 180.0))
    late = planned(unsure, now, horizon(2, days_left=2, money_left=2 * 180.0))
    assert early[0] > early[1] + 5
    assert late[0] - late[1] < early[0] - early[1]
    last = planned(unsure, now, horizon(2, days_left=1, money_left=180.0))
    assert last[0] == pytest.approx(last[1], rel=1e-3)


def test_a_cap_of_a_group_makes_its_money_dearer() -> None:
    shop, now = curves([10.0, 10.0, 10.0], [100.0, 100.0, 100.0]), np.array([100.0, 100.0, 100.0])
    cap = Limit("cap", Quantity.AMOUNT, np.array([1.0, 1.0, 0.0]), Sense.AT_MOST, 160.0, Priority.OWNER_CAP)
    amounts = planned(shop, now, horizon(3, money_left=30 * 5000.0), cap)
    assert amounts[:2].sum() <= 160.0 + 1e-6
    assert amounts[2] == pytest.approx(130.0, rel=1e-3)


def test_everything_but_profit_is_todays_alone() -> None:
    shop, now = curves([10.0, 4.0], [100.0, 50.0]), np.array([100.0, 100.0])
    seen = look_ahead(shop, limits(now), horizon(2), SETTINGS)
    for quantity in (Quantity.ORDERS, Quantity.SPEND, Quantity.REVENUE, Quantity.CLICKS):
        np.testing.assert_array_equal(seen.expected(quantity, now), shop.expected(quantity, now))
    flat = seen.expected(Quantity.PROFIT, np.array([[1.0, 100.0], [70.0, 1e9]]))
    assert flat.shape == (2, 2)
    assert flat[1, 1] == seen.expected(Quantity.PROFIT, np.array([70.0, 130.0]))[1]
    unlearnt = replace(shop, facts={})  # a curve from elsewhere has its own doubt
    np.testing.assert_array_equal(
        look_ahead(unlearnt, limits(now), horizon(2), SETTINGS).expected(Quantity.PROFIT, now),
        seen.expected(Quantity.PROFIT, now),
    )


def test_today_never_costs_what_later_days_cannot_make_up_for() -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        n, days = int(rng.integers(1, 9)), int(rng.integers(1, 12))
        now = rng.uniform(20, 300, n)
        least = rng.uniform(1, 20, n)
        left = float(least.sum() * days * rng.uniform(1.0, 6.0))
        total = most_today(now, least, 0.3, days, left)
        cost, amounts = 0.0, np.maximum(now * total / now.sum(), least)
        for _ in range(days):
            cost += float(amounts.sum())
            amounts = np.maximum(amounts * 0.7, least)
        assert cost <= left * (1 + 1e-9) + 1e-6
    assert most_today(np.array([100.0]), np.array([1.0]), 0.3, 1, 250.0) == pytest.approx(250.0)
    assert most_today(np.array([100.0]), np.array([50.0]), 0.3, 4, 100.0) == pytest.approx(0.0, abs=1e-6)


def test_a_start_up_is_crossed_only_where_it_pays() -> None:
    """The posterior still has the dent that the curves' envelope hides: in it, less money is better than more."""
    knots = KNOTS[None, :]
    start_up = knots**3 / (4.0**3 + knots**3)
    posterior = Posterior(
        weight=np.ones((1, 1)),
        level=np.array([[12.0 / (1 + 4.0**3)]]),
        level_cv=np.zeros(1),
        shapes=start_up * (1 + 4.0**3),
        survival=np.ones((1, len(KNOTS))),
    )
    dented = replace(curves([12.0], [200.0]), posterior=posterior)
    now = np.array([120.0])
    assert planned(curves([12.0], [200.0]), now, horizon(1, money_left=1e6))[0] > 120.0
    short = horizon(1, money_left=1e6, most=np.array([250.0]))  # 2.5 usual spends: still inside the dent
    assert planned(dented, now, short)[0] == pytest.approx(84.0, rel=1e-3)


def test_a_start_up_out_of_reach_does_not_make_all_other_money_dear() -> None:
    """What steps cannot lead to in time sets no price: the cap's money goes to those that can use it now."""
    knots = KNOTS[None, :]
    start_up = knots**3 / (20.0**3 + knots**3)
    plain = -np.expm1(-knots)
    posterior = Posterior(
        weight=np.eye(2),
        level=np.array([[400.0 / (1 + 20.0**3)] * 2, [4.0 * -np.expm1(-1.0)] * 2]),
        level_cv=np.zeros(2),
        shapes=np.concatenate([start_up * (1 + 20.0**3), plain / -np.expm1(-1.0)]),
        survival=np.ones((2, len(KNOTS))),
    )
    shop = replace(curves([1.0, 4.0], [100.0, 100.0]), posterior=posterior)
    now = np.array([20.0, 60.0])
    cap = Limit("cap", Quantity.AMOUNT, np.ones(2), Sense.AT_MOST, 3000.0, Priority.OWNER_CAP)
    far = horizon(2, money_left=30 * 3000.0, most=np.array([3000.0, 3000.0]))
    assert planned(shop, now, far, cap)[1] > 60.0
