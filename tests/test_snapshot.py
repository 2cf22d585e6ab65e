"""A Snapshot stands in an order made of figures alone, so that names and row order cannot change an amount."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from bidder.catalog import Product
from bidder.ids import BudgetId, ProductId
from bidder.limits import Limit, Quantity, Sense
from bidder.money import Money, currency_of
from bidder.snapshot import History, Snapshot, day_number
from tests.builders import CNY, a_budget, a_shop, yuan


def test_renaming_keeps_the_order_of_figures() -> None:
    first = a_shop(a_budget("x/a", now=10.0), a_budget("x/b", now=30.0), a_budget("x/c", now=20.0))
    renamed = a_shop(a_budget("x/z", now=10.0), a_budget("x/y", now=30.0), a_budget("x/x", now=20.0))
    assert first.now.tolist() == renamed.now.tolist()
    assert np.array_equal(first.history.spend, renamed.history.spend)
    assert np.array_equal(first.history.budget, renamed.history.budget)


def test_the_history_follows_its_budget_into_the_order() -> None:
    shop = a_shop(a_budget("x/a", now=10.0), a_budget("x/b", now=30.0))
    for index, budget in enumerate(shop.budgets):
        spend = shop.history.spend[shop.history.budget == index]
        assert budget.now is not None
        assert set(spend.tolist()) == {budget.now.to_float()}


def test_products_are_pointed_at_after_sorting() -> None:
    products = tuple(Product(ProductId(name), price=yuan(price)) for name, price in (("b", 9), ("a", 5)))
    shop = a_shop(a_budget("x/1", products=("b",)), a_budget("x/2", now=3.0, products=("a",)), products=products)
    for index, budget in enumerate(shop.budgets):
        rows = shop.history.product[shop.history.budget == index]
        assert {str(shop.products[i].id) for i in set(rows.tolist())} == {str(p) for p in budget.products}
    assert shop.product(ProductId("a")) is not None
    assert shop.product(ProductId("zzz")) is None


def test_lookups_name_what_is_missing() -> None:
    shop = a_shop(a_budget("x/1"))
    assert shop.position(BudgetId.parse("x/1")) == 0
    assert shop.account(shop.accounts[0].id) is shop.accounts[0]
    for missing in (lambda: shop.position(BudgetId.parse("x/2")), lambda: shop.account("y")):  # type: ignore[arg-type]
        with pytest.raises(KeyError):
            missing()
    assert shop.rate(CNY) == 1.0
    with pytest.raises(KeyError):
        shop.rate(currency_of("USD"))


def test_amounts_never_read_are_unknown_and_not_zero() -> None:
    shop = a_shop(a_budget("x/1", now=None, spend=5.0))
    assert np.isnan(shop.now).all()


def test_history_sorts_and_fills_what_is_left_out() -> None:
    history = History.of({"budget": [1, 0], "day": [5, 6], "spend": [1.0, 2.0]})
    assert history.budget.tolist() == [0, 1]
    assert history.product.tolist() == [-1, -1]
    assert np.isnan(history.orders).all()
    assert len(History.empty()) == 0
    assert len(history.select(history.day > 5)) == 1


def test_day_numbers_count_from_1970() -> None:
    assert day_number(date(1970, 1, 2)) == 1


def test_a_limit_knows_its_slack() -> None:
    cap = Limit("cap", Quantity.AMOUNT, np.ones(2), Sense.AT_MOST, 10.0, 100)
    floor = Limit("floor", Quantity.AMOUNT, np.ones(2), Sense.AT_LEAST, 10.0, 10)
    assert cap.slack(np.array([3.0, 4.0])) == 3.0
    assert floor.slack(np.array([3.0, 4.0])) == -3.0


def test_foreign_currency_is_converted_at_the_given_rate() -> None:
    usd = currency_of("USD")
    shop = a_shop(a_budget("x/1"))
    from dataclasses import replace

    budgets = (replace(shop.budgets[0], currency=usd, now=Money.parse("10", usd)),)
    abroad = Snapshot.build(
        as_of=shop.as_of,
        day=shop.day,
        currency=CNY,
        accounts=shop.accounts,
        budgets=budgets,
        products=(),
        history=shop.history,
        exchange={usd: 7.1},
    )
    assert abroad.now.tolist() == [71.0]
