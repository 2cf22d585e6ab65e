"""From a shop's snapshot to a case: what orders leave, what budgets spent, and which of them are no lever."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from bidder.bidding import Lever, LeverId, LeverKind
from bidder.bids.shop import budget_facts, not_used_up, worth_of
from bidder.catalog import Product
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import MICROS, Currency
from bidder.snapshot import Snapshot
from tests.builders import CNY, TODAY, a_budget, a_shop, yuan

P1 = Product(ProductId("p1"), price=yuan(100), margin=0.4)
P2 = Product(ProductId("p2"), price=yuan(50), margin=0.2)


def a_lever(shop: Snapshot, product: Product | None = None, currency: Currency = CNY) -> Lever:
    budget = shop.budgets[0].id
    return Lever(
        LeverId(budget.account, LeverKind.KEYWORD, "k"),
        "k",
        currency,
        MICROS,
        budget=budget,
        product=None if product is None else product.id,
    )


def test_an_order_leaves_its_products_margin_or_the_mean_of_what_its_budget_carries() -> None:
    shop = a_shop(a_budget("a/x", products=("p1", "p2")), products=(P1, P2))
    assert worth_of([a_lever(shop, P1)], shop) == {a_lever(shop).id: pytest.approx(40e6)}
    assert worth_of([a_lever(shop)], shop) == {a_lever(shop).id: pytest.approx(25e6)}


def test_what_one_order_leaves_is_unknown_where_a_margin_a_product_or_a_rate_lacks() -> None:
    shop = a_shop(a_budget("a/x", products=("p1", "p2")), products=(P1, replace(P2, margin=None)))
    assert worth_of([a_lever(shop)], shop) == {}
    assert worth_of([a_lever(shop, replace(P1, id=ProductId("p9")))], shop) == {}
    assert worth_of([a_lever(shop, P1, Currency("USD"))], shop) == {}


def test_an_account_in_another_currency_counts_at_the_days_rate() -> None:
    shop = replace(a_shop(a_budget("a/x", products=("p1",)), products=(P1,)), exchange={Currency("USD"): 8.0})
    assert worth_of([a_lever(shop, P1, Currency("USD"))], shop) == {a_lever(shop).id: pytest.approx(5e6)}


def test_budgets_bring_their_days_and_those_that_move_are_held_or_are_open_count_as_moving() -> None:
    shop = a_shop(a_budget("a/x", now=100, spend=60), a_budget("a/y", now=80))
    ids = {one.id.native: one.id for one in shop.budgets}
    facts = budget_facts(shop, 0.5, [ids["x"]])
    assert (facts[ids["x"]].now, facts[ids["x"]].price, facts[ids["x"]].moves) == (100 * MICROS, 0.5, True)
    assert facts[ids["x"]].spent[TODAY - timedelta(days=1)] == 60 * MICROS
    assert facts[ids["x"]].amounts[TODAY - timedelta(days=28)] == 100 * MICROS
    assert not facts[ids["y"]].moves
    assert budget_facts(replace(shop, held={ids["y"]: "by hand"}))[ids["y"]].moves
    assert budget_facts(replace(shop, unresolved={ids["y"]: yuan(80)}))[ids["y"]].moves


def test_budgets_of_targets_with_room_for_three_days_are_named() -> None:
    bare = a_shop(
        *(a_budget(f"a/{name}", now=100, spend=spent) for name, spent in (("room", 60), ("full", 100), ("hand", 60)))
    )
    steered = tuple(replace(one, target_driven=one.id.native != "hand") for one in bare.budgets)
    shop = replace(bare, budgets=steered)
    assert not_used_up(bare) == ()
    assert not_used_up(shop) == (BudgetId(AccountId("a"), "room"),)
    history = shop.history
    spend = np.where(history.day == shop.today - 2, np.nan, history.spend)
    assert not_used_up(replace(shop, history=replace(history, spend=spend))) == ()
