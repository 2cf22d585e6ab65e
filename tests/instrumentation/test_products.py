"""Which products have series of their own: the top, without flicker, and never too many."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.instrumentation.products import Membership, product_label

START = datetime(2026, 3, 2, tzinfo=UTC)


def spends(*order: str) -> dict[str, float]:
    """First named spends most."""
    return {product: float(len(order) - place) for place, product in enumerate(order)}


def test_the_top_by_spend_are_members() -> None:
    membership = Membership(2)
    turnover = membership.choose(spends("a", "b", "c"), set(), START)
    assert membership.members == turnover.entered == {"a", "b"}


def test_products_that_the_plan_changes_join_up_to_half() -> None:
    membership = Membership(2)
    membership.choose(spends("a", "b", "c", "d"), {"c", "d"}, START)
    assert membership.members == {"a", "b", "c"}


def test_within_the_hour_nothing_is_chosen_again() -> None:
    membership = Membership(1)
    membership.choose(spends("a", "b"), set(), START)
    turnover = membership.choose(spends("b", "a"), set(), START + timedelta(minutes=59))
    assert not turnover.entered
    assert membership.members == {"a"}


def test_a_product_leaves_after_a_day_outside_and_one_that_comes_back_stays() -> None:
    membership = Membership(2)
    membership.choose(spends("a", "b", "c", "d", "e"), set(), START)
    outside = spends("c", "d", "e", "a", "b")
    membership.choose(outside, set(), START + timedelta(hours=2))
    assert membership.members == {"a", "b", "c", "d"}
    membership.choose(spends("c", "d", "a", "e", "b"), set(), START + timedelta(hours=20))  # a is back within 1.5 K
    turnover = membership.choose(outside, set(), START + timedelta(hours=26))
    assert turnover.left == {"b"}
    assert membership.members == {"a", "c", "d"}


def test_a_clock_that_goes_back_chooses_again() -> None:
    membership = Membership(1)
    membership.choose(spends("a", "b"), set(), START)
    membership.choose(spends("b", "a"), set(), START - timedelta(days=30))
    assert "b" in membership.members


@settings(deadline=None, max_examples=40)
@given(st.lists(st.permutations([f"p{i}" for i in range(30)]), min_size=1, max_size=20))
def test_there_are_never_more_than_three_times_the_number(rankings: list[list[str]]) -> None:
    membership = Membership(4)
    for hour, ranking in enumerate(rankings):
        membership.choose(spends(*ranking), set(ranking[-4:]), START + timedelta(hours=2 * hour))
        assert len(membership.members) <= 12
        assert set(ranking[:4]) <= membership.members


@pytest.mark.parametrize("plain", ["P-88", "B08N5WRWNW", "674.tea_1", "x" * 64])
def test_a_plain_id_is_its_own_label(plain: str) -> None:
    assert product_label(plain) == plain


@settings(deadline=None, max_examples=100)
@given(st.text(min_size=1, max_size=90))
def test_any_id_gives_an_allowed_label_and_never_the_reserved_one(product: str) -> None:
    label = product_label(product)
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", label)
    assert label != "other"


def test_ids_that_read_alike_get_labels_apart() -> None:
    assert len({product_label(one) for one in ("茶 1", "茶_1", "茶-1", "other", "Other")}) == 5
    assert product_label("") == "other"
