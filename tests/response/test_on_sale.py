"""What stock leaves of orders: never more than there is, concave, and nothing changed where nothing is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidder.catalog import Product
from bidder.decide import decide
from bidder.ids import ProductId
from bidder.limits import Quantity
from bidder.response.curve import Curves
from bidder.response.on_sale import at_stock
from bidder.snapshot import FloatArray, Snapshot
from tests.builders import a_budget, a_shop
from tests.test_decide import a_policy


@dataclass(frozen=True, eq=False)
class Saturating:
    """top·(1 − e^{−x/100}) orders."""

    top: FloatArray

    def orders(self, amounts: FloatArray) -> FloatArray:
        return self.top[:, None] * -np.expm1(-amounts / 100)

    def spend(self, amounts: FloatArray) -> FloatArray:
        return amounts

    def clicks(self, amounts: FloatArray) -> FloatArray:
        return self.orders(amounts) * 30


def curves(top: list[float], doubt: float = 0.3) -> Curves:
    n = len(top)
    return Curves(
        response=Saturating(np.array(top)),
        revenue_per_order=np.full(n, 100.0),
        margin_per_order=np.full(n, 50.0),
        scale=np.full(n, 100.0),
        reach=np.full(n, np.inf),
        log_sd=np.full(n, doubt),
        slope_sd=np.full(n, 0.5),
        state=("active",) * n,
        facts={"level_cv": np.full(n, doubt)},
    )


GRID = np.linspace(0.0, 900.0, 120)[None, :]


@given(st.floats(0.1, 60.0), st.floats(0.0, 80.0), st.floats(0.0, 1.0))
def test_no_more_is_sold_than_there_is_and_the_curve_stays_a_curve(top: float, stock: float, doubt: float) -> None:
    usual = curves([top], doubt)
    sold = at_stock(usual, np.array([stock])).expected(Quantity.ORDERS, GRID)[0]
    slack = 1e-9 * max(top, stock, 1.0)
    assert sold[0] == 0.0
    assert (np.diff(sold) >= -slack).all()
    assert (np.diff(sold, 2) <= slack).all()
    assert (sold <= usual.expected(Quantity.ORDERS, GRID)[0] + slack).all()
    spread = np.sqrt(stock + (doubt * stock) ** 2)
    assert sold.max() <= stock + spread * np.log(2) / 1.702 + slack  # the luck that is given back at 0


def test_plenty_changes_nothing_and_nothing_sells_nothing() -> None:
    usual = curves([10.0, 10.0, 10.0])
    stocked = at_stock(usual, np.array([10_000.0, 0.0, np.nan]))
    orders, before = (
        stocked.expected(Quantity.ORDERS, np.tile(GRID, (3, 1))),
        usual.expected(Quantity.ORDERS, np.tile(GRID, (3, 1))),
    )
    np.testing.assert_allclose(orders[0], before[0], rtol=1e-2, atol=1e-9)
    np.testing.assert_array_equal(orders[1], 0.0)
    np.testing.assert_array_equal(orders[2], before[2])
    for quantity in (Quantity.SPEND, Quantity.CLICKS):
        np.testing.assert_array_equal(
            stocked.expected(quantity, GRID.repeat(3, 0)), usual.expected(quantity, GRID.repeat(3, 0))
        )
    assert at_stock(usual, np.full(3, np.nan)) is usual


def shop(stock: int | None) -> Snapshot:
    """Three budgets alike but for the stock of what the first one sells."""
    products = tuple(Product(ProductId(f"P{n}"), stock=stock if n == 0 else 10_000) for n in range(3))
    budgets = [a_budget(f"x/{n}", now=100.0, products=(ProductId(f"P{n}"),), cvr=0.04 + 0.001 * n) for n in range(3)]
    return a_shop(*budgets, products=products)


def test_money_leaves_what_is_nearly_sold_out() -> None:
    def planned(stock: int | None) -> dict[str, float]:
        return {str(one.budget): one.after.to_float() for one in decide(shop(stock), a_policy(300)).plan.changes}

    few, plenty, unknown = planned(1), planned(10_000), planned(None)
    assert few["x/0"] < plenty["x/0"] - 10
    assert unknown["x/0"] == pytest.approx(plenty["x/0"], abs=0.02)


def test_a_feed_that_shows_nothing_for_most_products_bounds_nothing() -> None:
    seen = shop(0)
    broken = replace(seen, products=tuple(replace(one, stock=0) for one in seen.products))
    orders = decide(broken, a_policy(300)).curves.expected(Quantity.ORDERS, broken.now)
    assert (orders > 0).all()
