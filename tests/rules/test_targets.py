"""Words that read a curve backwards: roas, marginal_roas, stock; and margin, which reads the products."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bidder.catalog import Product
from bidder.errors import Source
from bidder.ids import BudgetId, ProductId
from bidder.limits import Bounds, Priority, Quantity
from bidder.response.curve import Curves
from bidder.rules.inverse import break_even, largest_amount
from bidder.rules.words import WORDS
from bidder.snapshot import Snapshot
from tests.builders import a_budget, a_shop
from tests.rules.curves import some_curves

PLACE = Source("rules.yaml", 3, 3)


def shop(*products: Product, **facts: Any) -> Snapshot:
    return a_shop(
        a_budget("ads/a", products=("P1",), minimum=30.0, **facts),
        a_budget("ads/b", products=("P2",), minimum=30.0, cvr=0.05),
        a_budget("ads/both", products=("P1", "P2"), minimum=30.0, cvr=0.1),
        a_budget("ads/what", minimum=30.0, cvr=0.2),
        products=products,
    )


def product(name: str, **facts: Any) -> Product:
    return Product(ProductId(name), **facts)


def upper(seen: Snapshot, word: str, written: dict[str, Any], curves: Curves | None = None) -> dict[str, float]:
    kind = WORDS[word].model_validate(written)
    chosen = np.array([str(budget.id) != "ads/none" for budget in seen.budgets])
    made = list(kind.limits(chosen, seen, curves or some_curves(seen), word, kind.priority, PLACE))
    result = dict.fromkeys((str(budget.id) for budget in seen.budgets), np.inf)
    for one in made:
        assert isinstance(one, Bounds)
        assert np.all(np.isneginf(one.lower))
        result = {str(b.id): min(result[str(b.id)], float(one.upper[i])) for i, b in enumerate(seen.budgets)}
    return result


# 20·(1 − e^(−x/200)) orders of 100 each: revenue 2000·(1 − e^(−x/200)), marginal 10·e^(−x/200)


def test_the_average_is_kept_at_the_cap_and_lost_beyond_it() -> None:
    seen = shop()
    curves = some_curves(seen)
    cap = upper(seen, "roas", {"min": 5})["ads/a"]
    revenue = 2000 * (1 - np.exp(-cap / 200))
    assert revenue / cap == pytest.approx(5.0, abs=1e-6)
    beyond = 2000 * (1 - np.exp(-(cap * 1.01) / 200))
    assert beyond / (cap * 1.01) < 5.0
    assert len(curves) == 4


def test_the_margin_of_the_last_money_is_kept_at_its_cap() -> None:
    cap = upper(shop(), "marginal_roas", {"min": 5})["ads/a"]
    assert cap == pytest.approx(200 * np.log(2), rel=1e-3)


@pytest.mark.parametrize("reach", [100.0, 150.0, 300.0, 2_000.0])
def test_money_that_is_not_spent_does_not_speak_for_the_money_below_it(reach: float) -> None:
    """Beyond a platform's reach no further money is spent: that is no reason to let what is spent pay too little."""
    seen = shop()
    caps = upper(seen, "marginal_roas", {"min": 5}, some_curves(seen, reach=reach))
    if reach < 200 * np.log(2):
        assert caps["ads/a"] > 1000
    else:
        assert caps["ads/a"] == pytest.approx(200 * np.log(2), rel=1e-3)
    pays_at_its_reach = upper(seen, "marginal_roas", {"min": 5}, some_curves(seen, reach=130.0))
    assert pays_at_its_reach["ads/a"] > 1000


def test_break_even_is_each_budgets_own() -> None:
    seen = shop()
    curves = some_curves(seen)  # 0.4 of the revenue is left before ads: 2.5
    assert break_even(curves) == pytest.approx(np.full(4, 2.5))
    assert upper(seen, "marginal_roas", {"min": "break_even"})["ads/a"] == pytest.approx(200 * np.log(4), rel=1e-3)
    assert upper(seen, "marginal_roas", {"min": "break_even * 2"})["ads/a"] == pytest.approx(200 * np.log(2), rel=1e-3)
    nothing_left = replace(curves, margin_per_order=np.array([-1.0, 0.0, 40.0, 40.0]))
    assert np.isinf(break_even(nothing_left)[:2]).all()
    caps = upper(seen, "roas", {"min": "break_even"}, nothing_left)
    assert [caps[str(budget.id)] for budget in seen.budgets][:2] == [30.0, 30.0]


def test_a_floor_that_always_holds_caps_nothing_and_one_that_never_does_leaves_the_minimum() -> None:
    assert upper(shop(), "marginal_roas", {"min": 1e-9 + 0.0001})["ads/a"] > 1000
    assert set(upper(shop(), "roas", {"min": 11}).values()) == {30.0}


@given(low=st.floats(0.5, 9.0), more=st.floats(0.0, 3.0))
@settings(deadline=None, max_examples=40)
def test_a_higher_floor_never_allows_more(low: float, more: float) -> None:
    seen = shop()
    for word in ("roas", "marginal_roas"):
        assert upper(seen, word, {"min": low + more})["ads/a"] <= upper(seen, word, {"min": low})["ads/a"] + 1e-6


def test_the_largest_crossing_counts() -> None:
    """A curve that starts slowly misses the floor at its foot, meets it, and misses it again."""
    seen = shop()
    cap = largest_amount(lambda x: (x > 100) & (x < 400), seen, some_curves(seen))
    assert cap == pytest.approx(np.full(4, 400.0), rel=1e-9)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("brk_even", "was 'brk_even'; did you mean break_even?"),
        ("break_even * -1", "expected a number such as 2.5"),
        ("break_even + 1", "expected a number such as 2.5"),
        ("250%", "expected a number such as 2.5"),
        (0, "more than 0"),
        (-2, "more than 0"),
        (1e6, "at most 1000"),
        (True, "expected a number"),
        (float("nan"), "more than 0"),
    ],
)
def test_a_floor_that_is_none_is_refused(written: object, message: str) -> None:
    for word in ("roas", "marginal_roas"):
        with pytest.raises(ValidationError) as caught:
            WORDS[word].model_validate({"min": written})
        assert message in str(caught.value)


# margin


def test_what_leaves_too_little_gets_the_platforms_minimum() -> None:
    seen = shop(product("P1", margin=0.1), product("P2", margin=0.4))
    assert upper(seen, "margin", {"min": "15%"}) == {
        "ads/a": 30.0,
        "ads/b": np.inf,
        "ads/both": np.inf,  # one of its products is worth a push
        "ads/what": np.inf,
    }
    unknown = shop(product("P1"), product("P2", margin=0.1))
    assert upper(unknown, "margin", {"min": "15%"})["ads/a"] == np.inf


# stock


def test_stock_lasts_for_its_cover() -> None:
    seen = shop(product("P1", stock=70), product("P2", stock=7000))
    caps = upper(seen, "stock", {"cover": "7d"})
    curves = some_curves(seen)
    at = seen.position(BudgetId.parse("ads/a"))
    # P1 is sold by two budgets alike: 70 pieces over 7 days, half of them each
    orders = curves.expected(Quantity.ORDERS, np.full(4, caps["ads/a"]))[at]
    assert orders == pytest.approx(5.0)
    assert caps["ads/what"] == np.inf
    assert caps["ads/b"] == np.inf


@given(stock=st.integers(0, 200), more=st.integers(0, 200))
@settings(deadline=None, max_examples=40)
def test_more_stock_never_allows_less(stock: int, more: int) -> None:
    def cap(pieces: int) -> float:
        seen = shop(product("P1", stock=pieces), product("P2", stock=500))
        return upper(seen, "stock", {"cover": "5d"})["ads/a"]

    assert cap(stock + more) >= cap(stock) - 1e-9


def test_what_is_sold_out_gets_the_minimum_at_once_above_all_steps() -> None:
    seen = shop(product("P1", stock=0), product("P2", stock=500), product("P3", stock=500))
    caps = upper(seen, "stock", {"cover": "5d"})
    assert caps["ads/a"] == 30.0
    assert caps["ads/both"] > 30.0
    assert WORDS["stock"].priority == Priority.STOCK > Priority.STEP


def test_when_most_of_the_shop_seems_sold_out_the_feed_is_broken() -> None:
    gone = [product(f"P{n}", stock=0) for n in (1, 2, 3)]
    assert set(upper(shop(*gone, product("P4", stock=9)), "stock", {"cover": "5d"}).values()) == {np.inf}


def test_stale_stock_stops_nothing() -> None:
    now = shop().as_of
    old = [product("P1", stock=0, stock_at=now - timedelta(hours=25)), product("P2", stock=9, stock_at=now)]
    assert upper(shop(*old), "stock", {"cover": "5d"})["ads/a"] == np.inf
    fresh = [replace(one, stock_at=now - timedelta(hours=23)) for one in old]
    assert upper(shop(*fresh), "stock", {"cover": "5d"})["ads/a"] == 30.0


def test_without_any_stock_figures_nothing_is_said() -> None:
    assert set(upper(shop(), "stock", {"cover": "5d"}).values()) == {np.inf}
    assert set(upper(shop(product("P9", stock=5)), "stock", {"cover": "5d"}).values()) == {np.inf}


def test_a_product_that_sells_nothing_is_shared_evenly() -> None:
    seen = shop(product("P1", stock=10), product("P2", stock=10))
    caps = upper(seen, "stock", {"cover": "1d"}, some_curves(seen, most=0.0))
    assert set(caps.values()) == {np.inf}


@pytest.mark.parametrize("written", [{}, {"cover": 7}, {"cover": "5h"}, {"cover": "7d", "max": 1}])
def test_a_cover_that_is_none_is_refused(written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WORDS["stock"].model_validate(written)
