"""Stock 0 is the floor at the next decision; a feed that shows none of anything does nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.catalog import BudgetStatus, Product
from bidder.config.load import load
from bidder.decide import Decision, Policy, decide
from bidder.ids import ProductId
from bidder.snapshot import Snapshot
from bidder.watch.stock_feed import broken_feed, feed_broken
from tests.builders import a_budget, a_shop, yuan

EXAMPLE = Path(__file__).resolve().parents[2] / "config"
NAMES = ("P01", "P02", "P03", "P05", "P08")


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load(EXAMPLE / "bidder.yaml", env={}).policy


@pytest.fixture(scope="module")
def goods() -> dict[str, Product]:
    return {str(one.id): one for one in load(EXAMPLE / "bidder.yaml", env={}).products}


def a_day(goods: dict[str, Product], stock: dict[str, int | None]) -> Snapshot:
    """Five products, a budget each, with this stock."""
    products = tuple(replace(goods[name], stock=stock.get(name, 5_000)) for name in NAMES)
    budgets = [
        a_budget(f"wxt/{name}", now=200.0 + 30 * n, products=(name,), channel="search", minimum=30.0, cvr=0.04)
        for n, name in enumerate(NAMES)
    ]
    return a_shop(*budgets, products=products)


def planned(decision: Decision) -> dict[str, float]:
    return {change.budget.native: change.after.to_float() for change in decision.plan.changes}


@settings(deadline=None, max_examples=12)
@given(sold_out=st.sets(st.sampled_from(NAMES), min_size=1, max_size=2))
def test_what_is_sold_out_is_at_the_floor_at_the_next_decision(
    policy: Policy, goods: dict[str, Product], sold_out: set[str]
) -> None:
    decision = decide(a_day(goods, dict.fromkeys(sold_out, 0)), policy)
    amounts = planned(decision)
    assert {name for name in NAMES if amounts[name] == 30.0} >= sold_out
    held = {one.budget.native for one in decision.held if one.budget is not None}
    assert not held & sold_out  # nothing brakes what stops money
    assert None not in {one.budget for one in decision.held}


@pytest.mark.parametrize("frozen", [3, 4, 5])
def test_a_feed_frozen_at_none_moves_nothing_that_it_speaks_of(
    policy: Policy, goods: dict[str, Product], frozen: int
) -> None:
    shop = a_day(goods, dict.fromkeys(NAMES[:frozen], 0))
    assert feed_broken(shop)
    decision = decide(shop, policy)
    now = {budget.id.native: budget.now.to_float() for budget in shop.budgets if budget.now is not None}
    amounts = planned(decision)
    assert {name: amounts[name] for name in NAMES[:frozen]} == {name: now[name] for name in NAMES[:frozen]}


def test_without_the_doubt_the_same_figures_would_cut(policy: Policy, goods: dict[str, Product]) -> None:
    """Two of five are sold out, not a broken feed: the same rules stop them."""
    amounts = planned(decide(a_day(goods, {"P01": 0, "P02": 0}), policy))
    assert (amounts["P01"], amounts["P02"]) == (30.0, 30.0)


def test_what_nobody_advertises_breaks_no_feed() -> None:
    """A shop with hundreds of goods that it has given up does not stand still for ever."""
    given_up = tuple(Product(ProductId(f"old{n}"), stock=0) for n in range(20))
    sold = (Product(ProductId("a"), stock=5), Product(ProductId("b"), stock=5))
    shop = a_shop(a_budget("ads/1", products=("a",)), a_budget("ads/2", products=("b",)), products=given_up + sold)
    assert not feed_broken(shop)
    stopped = [replace(one, status=BudgetStatus.PAUSED) for one in shop.budgets]
    assert broken_feed(shop.products, stopped, shop.as_of) == (20, 22)


def test_nothing_that_a_broken_feed_says_is_raised(policy: Policy, goods: dict[str, Product]) -> None:
    shop = a_day(goods, dict.fromkeys(NAMES, 0))
    rich = replace(shop, spent_month=yuan(0))
    assert decide(rich, policy).plan.moved == ()
