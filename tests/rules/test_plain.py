"""Plain conditions over whole columns: the same answers as CEL gives value by value, unknown ones included."""

from __future__ import annotations

from datetime import date
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bidder.catalog import Product
from bidder.ids import ProductId
from bidder.money import Money
from bidder.rules import conditions
from bidder.rules.attributes import Attributes
from bidder.rules.conditions import Condition
from bidder.rules.plain import plain_of
from tests.builders import CNY, a_budget, a_shop

ATOMS = [
    "product.margin < 0.15",
    "0.3 >= product.margin",
    "product.stock == 5",
    "product.stock != 5",
    "product.stock * 2 > product.lead_days + 3",
    "product.stock - 1 <= -1",
    "product.stock_cover_days < product.lead_days + 3",
    "'hero' in product.tags",
    '"clearance" in product.tags',
    "channel == 'search'",
    "product.category != 'tea'",
    "budget.now >= 100",
    "product.margin == 1",
]


def texts() -> st.SearchStrategy[str]:
    return st.recursive(
        st.sampled_from(ATOMS),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda part: f"({part[0]}) {part[1]} {part[2]}"),
            inner.map(lambda one: f"!({one})"),
        ),
        max_leaves=5,
    )


def products() -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(
        st.fixed_dictionaries(
            {
                "margin": st.sampled_from([None, 0.1, 0.15, 0.3, 1.0]),
                "stock": st.sampled_from([None, 0, 1, 5, 40]),
                "lead_days": st.sampled_from([None, 2, 7]),
                "tags": st.sampled_from([frozenset(), frozenset({"hero"}), frozenset({"hero", "clearance"})]),
                "category": st.sampled_from(["", "tea"]),
                "price": st.sampled_from([None, Money(50_000_000, CNY)]),
            }
        ),
        min_size=1,
        max_size=5,
    )


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(text=texts(), made=products(), channel=st.sampled_from(["", "search"]))
def test_columns_give_the_answers_of_cel(text: str, made: list[dict[str, Any]], channel: str) -> None:
    goods = tuple(Product(ProductId(f"p{place}"), **facts) for place, facts in enumerate(made))
    names = tuple(f"p{place}" for place in range(len(made)))
    shop = a_shop(
        a_budget("ads/all", products=names, channel=channel),
        a_budget("ads/none", now=None, days=1),
        *(a_budget(f"ads/{name}", now=90.0 + 10 * place, products=(name,)) for place, name in enumerate(names)),
        products=goods,
        today=date(2026, 3, 2),
    )
    condition = Condition.read(text)
    assert plain_of(text) is not None
    by_columns = condition.chosen(Attributes(shop))
    with patch.object(conditions, "plain_of", return_value=None):
        by_values = condition.chosen(Attributes(shop))
    assert by_columns.tolist() == by_values.tolist()


@pytest.mark.parametrize(
    "text",
    [
        "channel.startsWith('s')",
        "channel in ['search', 'feed']",
        "product.tags.exists(tag, tag == 'hero')",
        "date > date('2026-01-01')",
        "size(product.tags) > 1",
        "product.stock / 2 > 1",
        "product.stock % 2 == 1",
        "budget.target_driven",
        "!budget.target_driven",
        "channel == 'it\\'s'",
        "(product.margin < 0.1) == true",
        "product.margin < 1e-1",
        "channel > 'a'",
        "product.margin < 0.1 // thin",
        "product.stock > 1 ? true : false",
        "",
        "(",
    ],
)
def test_what_is_not_plain_is_left_to_cel(text: str) -> None:
    assert plain_of(text) is None


def test_and_binds_closer_than_or() -> None:
    shop = a_shop(a_budget("ads/a", channel="search", now=50.0), a_budget("ads/b", channel="feed", now=200.0))
    text = "channel == 'search' || channel == 'feed' && budget.now < 100"
    chosen = Condition.read(text).chosen(Attributes(shop))
    assert {str(b.id) for b, picked in zip(shop.budgets, chosen, strict=True) if picked} == {"ads/a"}
