"""What is wrong with a product is said with figures, and only where chance would hardly give them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bidder.watch.diagnose import Averages, Finding, Funnel, diagnose, poisson_at_most


def a_product(name: str, **facts: object) -> Funnel:
    """A fortnight of an ordinary product on search: CTR 4 %, conversion 5 %, budget spent."""
    usual: dict[str, object] = {
        "impressions": {"search": 50_000.0},
        "clicks": {"search": 2_000.0},
        "spend": {"search": 2_800.0},
        "orders": {"search": 100.0},
        "revenue": {"search": 10_000.0},
        "budget": 210.0,
        "margin": 0.4,
        "units": 200.0,
        "stock": 1_000.0,
        "cost": 20.0,
        "lead_days": 10.0,
    }
    return Funnel(name, name, 14, **{**usual, **facts})  # type: ignore[arg-type]  # the builder's callers are tests


def found(one: Funnel, *, others: int = 4, industry: Averages | None = None) -> list[Finding]:
    return diagnose([one, *(a_product(f"o{n}") for n in range(others))], industry)


def test_an_ordinary_shop_has_nothing_to_be_told() -> None:
    assert diagnose([a_product(f"p{n}") for n in range(10)]) == []


def test_a_budget_that_is_not_spent_has_too_few_impressions() -> None:
    (one,) = found(a_product("tea", budget=800.0))
    assert one.kind == "few_impressions"
    assert one.figures["part"] == pytest.approx(0.25)
    assert one.worth == pytest.approx(600 * (10_000 * 0.4 / 2_800 - 1))


def test_a_low_click_rate_is_the_picture() -> None:
    (one,) = found(a_product("tea", clicks={"search": 1_000.0}, orders={"search": 50.0}, units=100.0, stock=500.0))
    assert one.kind == "low_ctr"
    assert [one.figures["ctr"], one.figures["average"]] == pytest.approx([0.02, 0.04])


def test_a_channel_with_few_clicks_of_its_own_is_no_weak_picture() -> None:
    feed = {"feed": 200_000.0}
    ours = a_product("tea", impressions=feed, clicks={"feed": 2_000.0}, spend={"feed": 2_800.0}, orders={"feed": 100.0})
    others = [replace(ours, product=f"f{n}", name=f"f{n}") for n in range(3)]
    assert diagnose([ours, *others, *(a_product(f"o{n}") for n in range(3))]) == []


def test_clicks_without_orders_cost_what_they_cost() -> None:
    (one,) = found(a_product("tea", orders={"search": 0.0}, revenue={"search": 0.0}))
    assert one.kind == "no_orders"
    assert one.worth == pytest.approx(200)
    assert one.figures["clicks"] == 2_000


def test_a_page_that_sells_half_as_well_loses_the_margin_of_the_other_half() -> None:
    (one,) = found(a_product("tea", orders={"search": 50.0}, revenue={"search": 5_000.0}))
    assert one.kind == "low_conversion"
    assert one.worth == pytest.approx(50 / 14 * 100 * 0.4)


def test_a_few_clicks_are_no_judgement() -> None:
    thin = a_product(
        "tea",
        impressions={"search": 500.0},
        clicks={"search": 20.0},
        spend={"search": 28.0},
        budget=2.0,
        orders={"search": 0.0},
        revenue={"search": 0.0},
    )
    assert found(thin) == []


def test_a_weak_industry_lowers_the_bar() -> None:
    weak = a_product("tea", orders={"search": 50.0}, revenue={"search": 5_000.0})
    assert found(weak, industry=Averages(conversion=0.025)) == []


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"stock": 0.0}, "sold_out"),
        ({"stock": 100.0}, "low_stock"),
        ({"stock": 100.0, "lead_days": None, "restock_days": 20.0}, "low_stock"),
        ({"stock": 10_000.0}, "dead_stock"),
        ({"stock": 10_000.0, "units": 0.0}, "dead_stock"),
    ],
)
def test_stock_that_is_gone_going_or_lying_is_told(facts: dict[str, object], kind: str) -> None:
    assert kind in [one.kind for one in found(a_product("tea", **facts))]


def test_dead_stock_says_what_money_lies_in_it() -> None:
    (one,) = found(a_product("tea", stock=10_000.0))
    assert [one.held, one.worth, one.figures["cover"]] == pytest.approx([200_000, 0, 700])


def test_stock_of_which_nothing_is_known_is_not_judged() -> None:
    assert found(a_product("tea", stock=None)) == []
    idle = Funnel("tea", "tea", 14, stock=50.0)
    assert diagnose([idle]) == []
    assert diagnose([replace(idle, stock=0.0)]) == []
    assert found(a_product("tea", stock=10_000.0, units=None)) == []


def test_money_that_goes_back_is_told_from_thirty_orders_on() -> None:
    calm = {"paid": 10_000.0, "refunded": 600.0, "paid_orders": 100.0}
    others = [a_product(f"o{n}", **calm) for n in range(3)]
    bad = a_product("pot", paid=10_000.0, refunded=3_100.0, paid_orders=100.0)
    (one,) = diagnose([bad, *others])
    assert one.kind == "refunds"
    assert [one.figures["rate"], one.figures["usual"]] == pytest.approx([0.31, 0.06])
    assert diagnose([replace(bad, paid_orders=10.0), *others]) == []
    assert diagnose([replace(bad, refunded=800.0), *others]) == []
    assert [f.kind for f in diagnose([replace(bad, refunded=9_000.0)])] == ["refunds"]


def test_what_costs_most_comes_first() -> None:
    products = [
        a_product("small", orders={"search": 50.0}, revenue={"search": 5_000.0}),
        a_product("large", stock=0.0),
        *(a_product(f"o{n}") for n in range(4)),
    ]
    assert [one.product for one in diagnose(products)] == ["large", "small"]


def test_the_tail_is_poissons() -> None:
    assert poisson_at_most(0, 3) == pytest.approx(math.exp(-3))
    assert poisson_at_most(2.9, 3) == pytest.approx(math.exp(-3) * (1 + 3 + 4.5))
    assert poisson_at_most(5, 0) == 1.0
    assert poisson_at_most(1_900, 2_000) == pytest.approx(0.0128, abs=0.001)
