"""SCIENCE 5.1: money moves as far as what was seen convinces."""

from __future__ import annotations

import numpy as np
import pytest

from bidder.limits import Bounds, Limit
from bidder.optimizer.allocate import AllocateSettings, allocate
from bidder.optimizer.objective import Objective
from bidder.response.estimate import ResponseSettings, estimate
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
