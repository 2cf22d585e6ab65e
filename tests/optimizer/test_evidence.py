"""SCIENCE 5.1: money moves as far as what was seen convinces."""

from __future__ import annotations

import numpy as np
import pytest

from bidder.limits import Bounds, Limit, Quantity
from bidder.optimizer.allocate import AllocateSettings, allocate
from bidder.optimizer.objective import Objective
from bidder.response.curve import Curves
from bidder.response.estimate import ResponseSettings, estimate
from bidder.response.shapes import KNOTS
from bidder.snapshot import FloatArray
from tests.optimizer.shops import between, only, total
from tests.response.shop import a_shop, budgets, by_name, daily, products


def split(orders: list[int], amount: float = 10.0, days: int = 28, step: float | None = None) -> FloatArray:
    """Amounts (n,) that a shop of equal spend gives to budgets which brought so many orders in all, on even days."""
    n = len(orders)
    table = np.zeros((n, days))
    for row, count in enumerate(orders):
        table[row] = np.diff(np.floor(np.linspace(0, count, days + 1) + 1e-9))
    spend = np.full((n, days), amount)
    columns = daily(spend, amount=spend, clicks=spend * 2, impressions=spend * 100, orders=table, revenue=table * 40)
    snapshot = a_shop(budgets(n), columns, products(n))
    curves = estimate(snapshot, ResponseSettings())
    now = np.full(n, amount)
    limits: list[Limit | Bounds] = [total(n, amount * n)]
    if step is not None:
        limits.append(between(n, now * (1 - step), now * (1 + step)))
    answer = allocate(curves, only(*limits, size=n), Objective.REVENUE, now, AllocateSettings())
    return by_name(snapshot, answer.amounts)


@pytest.mark.parametrize("orders", [(0, 1), (0, 2), (1, 2), (2, 0)])
def test_two_orders_more_are_no_reason_to_move_money(orders: tuple[int, int]) -> None:
    """SCIENCE 5.1: with 0–2 orders on two equal items the split stays within ±15 % of even."""
    assert split(list(orders)) == pytest.approx([10.0, 10.0], rel=0.15)


def test_a_hundred_orders_against_fifty_move_it_at_once() -> None:
    """SCIENCE 5.1: with 100 vs 50 orders at equal spend it moves in ≤ 3 cycles; here a tenth in the first."""
    amounts = split([100, 50], step=0.3)
    assert amounts[0] >= 11.0
    assert amounts[1] <= 9.0


def low_end(curves: Curves, amounts: FloatArray, seed: int, draws: int = 2_000) -> float:
    """What profit exceeds in nine of ten worlds that the estimate holds possible: shapes and levels are drawn."""
    random = np.random.default_rng(seed)
    posterior = curves.posterior
    assert posterior is not None
    profit = np.zeros(draws)
    for place, amount in enumerate(amounts.tolist()):
        weight = posterior.weight[place] / posterior.weight[place].sum()
        shape = random.choice(len(weight), size=draws, p=weight)
        sure = 1 / max(float(posterior.level_cv[place]), 1e-6) ** 2
        level = posterior.level[place, shape] * random.gamma(sure, 1 / sure, draws)
        at = np.log(max(amount / curves.scale[place], 1e-9))
        height = np.array([np.interp(at, np.log(KNOTS), row) for row in posterior.shapes])
        profit += level * height[shape] * curves.margin_per_order[place] - amount
    return float(np.quantile(profit, 0.1))


def cautious_beside_default(seed: int) -> tuple[float, float, float]:
    """For a random shop: the low end of the cautious plan less that of the default one, in parts of today's expected
    profit; and how much of the money each of the two moves."""
    random = np.random.default_rng(seed)
    n, days = int(random.integers(4, 13)), int(random.choice([14, 28, 60]))
    scale = np.exp(random.normal(4.0, 0.7, n))[:, None]
    spend = scale * np.exp(random.normal(0.0, random.choice([0.03, 0.15, 0.4]), (n, days)))
    bend = random.uniform(0.7, 4.0, n)[:, None]
    rises = -np.expm1(-spend / scale / bend) / -np.expm1(-1 / bend)
    level = np.exp(random.normal(0.5, 0.4, n))[:, None] * scale / 16.0 * random.choice([0.3, 1.0, 3.0])
    orders, clicks = random.poisson(level * rises).astype(float), random.poisson(scale * rises).astype(float)
    columns = daily(spend, amount=spend, clicks=clicks, impressions=clicks * 50, orders=orders, revenue=orders * 40.0)
    snapshot = a_shop(budgets(n), columns, products(n))
    curves = estimate(snapshot, ResponseSettings())
    now = spend[[int(one.id.native[1:]) for one in snapshot.budgets], -7:].mean(axis=1)
    limits = only(
        total(n, float(now.sum()) * float(random.choice([0.8, 1.0, 1.2]))), between(n, 0.7 * now, 1.3 * now), size=n
    )
    plans = [
        allocate(curves, limits, Objective.PROFIT, now, settings).amounts
        for settings in (AllocateSettings(), AllocateSettings(doubt=0.67, calm=0.0))
    ]
    ordinary, cautious = (low_end(curves, one, seed) for one in plans)
    expected = abs(float(curves.expected(Quantity.PROFIT, now).sum()))
    moved = [float(np.abs(one - now).sum() / now.sum()) for one in plans]
    return (cautious - ordinary) / expected, moved[0], moved[1]


def test_caution_costs_next_to_nothing_of_the_low_end_of_profit_and_moves_less() -> None:
    """SCIENCE 5.5 asks that caution never has a lower q_10 of profit: as it stands that is not so (decision 0017)."""
    found = np.array([cautious_beside_default(seed) for seed in range(16)])
    assert found[:, 0].min() >= -0.02
    assert abs(found[:, 0].mean()) <= 0.005
    assert found[:, 2].mean() <= found[:, 1].mean()
