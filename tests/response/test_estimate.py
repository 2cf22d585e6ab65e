"""What every estimate keeps, whatever the figures: shape of curves, invariances, nothing that is not a number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.catalog import Product
from bidder.ids import ProductId
from bidder.limits import Quantity
from bidder.money import Currency, Money
from bidder.response import table, traffic
from bidder.response.curve import Curves
from bidder.response.estimate import ResponseSettings, estimate
from bidder.snapshot import FloatArray, Snapshot
from tests.response.shop import DAY0, PAUSED, USD, a_budget, a_shop, budgets, by_name, daily, products

SETTINGS = ResponseSettings()


def curves_of(snapshot: Snapshot) -> Curves:
    return estimate(snapshot, SETTINGS)


def a_plain_shop(n: int = 6, days: int = 30, seed: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    spend = np.round(np.exp(rng.normal(3, 0.8, (n, 1))) * np.exp(0.15 * rng.standard_normal((n, days))), 2)
    clicks = rng.poisson(2 * spend**0.9)
    orders = rng.poisson(0.04 * clicks)
    return daily(
        spend,
        clicks=clicks.astype(float),
        impressions=np.asarray(clicks * 60, dtype=np.float64),
        orders=orders.astype(float),
        revenue=np.asarray(orders * np.round(np.exp(rng.normal(3.5, 0.4, (n, 1))), 2), dtype=np.float64),
        amount=np.round(spend * 1.02, 2),
    )


def amounts_for(curves: Curves) -> FloatArray:
    return np.asarray(curves.scale[:, None] * np.append(0.0, np.exp(np.linspace(np.log(1e-3), np.log(200), 400))))


def assert_sound(curves: Curves, *, concave: bool = True) -> None:
    """Everything finite, every response 0 at 0, nondecreasing and concave, money spent at most the amount.

    Only the learner of shops whose budgets move may hand on the dent of an S shape (`concave` False).
    """
    n = len(curves)
    for column in (curves.revenue_per_order, curves.margin_per_order, curves.scale, curves.log_sd, curves.slope_sd):
        assert column.shape == (n,)
        assert np.isfinite(column).all()
    assert (curves.scale > 0).all()
    assert not np.isnan(curves.reach).any()
    assert (curves.reach > 0).all()
    assert (curves.slope_sd >= curves.log_sd).all()
    assert len(curves.state) == n
    for name, column in curves.facts.items():
        assert np.isfinite(column).all(), name
    amounts = amounts_for(curves)
    step = np.diff(amounts, axis=1)
    for response in (curves.response.orders, curves.response.spend, curves.response.clicks):
        value = response(amounts)
        assert np.isfinite(value).all()
        assert (value[:, 0] == 0).all()
        rise = np.diff(value, axis=1)
        top = value.max(axis=1, keepdims=True)
        assert (rise >= -1e-12 * top).all()
        slope = rise / step
        assert not concave or (np.diff(slope, axis=1) <= 1e-9 * (slope[:, :1] + 1e-300)).all()
    assert (curves.response.spend(amounts) <= amounts * (1 + 1e-12)).all()


def test_a_plain_shop_gives_sound_curves_near_what_it_sold() -> None:
    columns = a_plain_shop()
    snapshot = a_shop(budgets(6), columns, products(6))
    curves = curves_of(snapshot)
    assert_sound(curves)
    sold = by_name(snapshot, curves.expected(Quantity.ORDERS, curves.scale))
    seen = columns["orders"].reshape(6, 30).mean(axis=1)
    assert sold == pytest.approx(seen, rel=0.35)
    clicks = by_name(snapshot, curves.expected(Quantity.CLICKS, curves.scale))
    assert clicks == pytest.approx(columns["clicks"].reshape(6, 30).mean(axis=1), rel=0.1)


def test_order_of_rows_and_names_change_nothing() -> None:
    columns = a_plain_shop()
    base = a_shop(budgets(6), columns, products(6))
    order = np.random.default_rng(3).permutation(len(columns["spend"]))
    shuffled = a_shop(budgets(6), {name: np.asarray(c)[order] for name, c in columns.items()}, products(6))
    flip = {name: np.asarray(c) if name != "budget" else 5 - np.asarray(c) for name, c in columns.items()}
    renamed = a_shop(budgets(6), flip, products(6))
    one, two, three = curves_of(base), curves_of(shuffled), curves_of(renamed)
    x = amounts_for(one)
    assert one.response.orders(x).tobytes() == two.response.orders(x).tobytes()
    assert one.response.orders(x).tobytes() == three.response.orders(x).tobytes()
    assert one.slope_sd.tobytes() == three.slope_sd.tobytes()


def test_rows_that_share_budget_day_and_product_add_up_in_any_order() -> None:
    columns = a_plain_shop()
    parts = {
        name: np.concatenate([c, c, c * 0.1 if name not in ("budget", "day") else c]) for name, c in columns.items()
    }
    order = np.random.default_rng(4).permutation(len(parts["spend"]))
    one = curves_of(a_shop(budgets(6), parts, products(6)))
    two = curves_of(a_shop(budgets(6), {name: c[order] for name, c in parts.items()}, products(6)))
    assert one.scale.tobytes() == two.scale.tobytes()
    assert one.response.orders(amounts_for(one)).tobytes() == two.response.orders(amounts_for(one)).tobytes()


@pytest.mark.parametrize("factor", [100.0, 0.01, 7.3])
def test_all_money_in_another_unit_scales_the_curves(factor: float) -> None:
    columns = a_plain_shop()
    money = {name: c * factor if name in ("spend", "revenue", "amount") else c for name, c in columns.items()}
    one, two = (a_shop(budgets(6), c, products(6)) for c in (columns, money))
    a, b = curves_of(one), curves_of(two)
    x = np.linspace(0, 5, 30) * np.sort(a.scale)[:, None]
    at_a = np.stack([by_name(one, c) for c in a.response.orders(x * 0 + x[0]).T])
    at_b = np.stack([by_name(two, c) for c in b.response.orders((x * 0 + x[0]) * factor).T])
    assert at_b == pytest.approx(at_a, rel=1e-9)
    assert by_name(two, b.scale) == pytest.approx(by_name(one, a.scale) * factor, rel=1e-12)
    assert by_name(two, b.margin_per_order) == pytest.approx(by_name(one, a.margin_per_order) * factor, rel=1e-9)
    assert by_name(two, b.slope_sd) == pytest.approx(by_name(one, a.slope_sd), rel=1e-9)


def test_a_budget_in_another_currency_is_judged_in_the_shops() -> None:
    columns = a_plain_shop(n=2)
    eur = Currency("EUR")
    half = {
        name: np.where(np.asarray(columns["budget"]) == 1, c / 2, c) if name in ("spend", "revenue", "amount") else c
        for name, c in columns.items()
    }
    mixed = [a_budget("b0", "p0"), a_budget("b1", "p1", currency=eur)]
    one = a_shop(budgets(2), columns, products(2))
    two = a_shop(mixed, half, products(2), exchange={eur: 2.0})
    a, b = curves_of(one), curves_of(two)
    assert by_name(two, b.scale) == pytest.approx(by_name(one, a.scale), rel=1e-12)
    assert by_name(two, b.revenue_per_order) == pytest.approx(by_name(one, a.revenue_per_order), rel=1e-12)


def test_figures_of_today_and_later_change_nothing() -> None:
    columns = a_plain_shop()
    wild = {name: np.concatenate([c, c[:12] * 1]) for name, c in columns.items()}
    wild["day"] = np.concatenate([columns["day"], DAY0 + 30 + np.arange(12) % 3])
    for name in ("spend", "orders", "revenue", "clicks"):
        wild[name][-12:] = 1e6
    one = curves_of(a_shop(budgets(6), columns, products(6), today=DAY0 + 30))
    snapshot = a_shop(budgets(6), wild, products(6), today=DAY0 + 30)
    two = curves_of(snapshot)
    assert np.sort(one.scale).tobytes() == np.sort(two.scale).tobytes()
    assert np.sort(one.slope_sd).tobytes() == np.sort(two.slope_sd).tobytes()


def test_a_shop_without_any_figure_keeps_its_amounts_in_balance() -> None:
    """Nothing known: the last unit of the present amount earns about itself back."""
    now = Money.parse("40", USD)
    curves = curves_of(a_shop([a_budget("b0", now=now), a_budget("b1", now=now)]))
    assert_sound(curves)
    assert curves.scale == pytest.approx(40.0)
    assert curves.state == ("learning", "learning")
    slope = np.diff(curves.expected(Quantity.PROFIT, np.array([[39.9, 40.1]] * 2)), axis=1) / 0.2
    assert np.abs(slope).max() < 0.15
    assert curves.facts["margin_known"].tolist() == [0.0, 0.0]
    assert curves.facts["value_source"].tolist() == [0.0, 0.0]


def test_no_budgets_give_no_curves() -> None:
    assert len(curves_of(a_shop([]))) == 0


def test_a_new_budget_stands_where_its_shop_stands() -> None:
    columns = a_plain_shop(n=9)
    snapshot = a_shop(budgets(10), columns, products(10))
    curves = curves_of(snapshot)
    assert_sound(curves)
    newest = [budget.id.native for budget in snapshot.budgets].index("b9")
    assert curves.state[newest] == "learning"
    others = np.arange(10) != newest
    low, high = np.min(curves.scale[others]), np.max(curves.scale[others])
    assert low <= curves.scale[newest] <= high
    assert curves.log_sd[newest] > np.max(curves.log_sd[others])


def test_orders_without_revenue_take_the_price_or_the_shops_mean_or_count_one() -> None:
    columns = a_plain_shop(n=2)
    bare = {name: c for name, c in columns.items() if name != "revenue"}
    priced = curves_of(a_shop(budgets(2), bare, products(2, price=25.0)))
    assert priced.revenue_per_order == pytest.approx(25.0)
    assert priced.margin_per_order == pytest.approx(10.0)
    assert priced.facts["value_source"].tolist() == [2.0, 2.0]
    counted = curves_of(a_shop(budgets(2), bare, products(2, margin=None)))
    assert counted.revenue_per_order.tolist() == [1.0, 1.0]
    assert counted.facts["value_source"].tolist() == [0.0, 0.0]
    one_price = [Product(ProductId("p0"), price=Money.parse("30", USD), margin=0.5), Product(ProductId("p1"))]
    snapshot = a_shop(budgets(2), bare, one_price)
    mixed = curves_of(snapshot)
    assert by_name(snapshot, mixed.revenue_per_order) == pytest.approx([30.0, 30.0])
    assert by_name(snapshot, mixed.facts["value_source"]).tolist() == [2.0, 1.0]
    assert by_name(snapshot, mixed.facts["margin_known"]).tolist() == [1.0, 0.5]
    assert by_name(snapshot, mixed.margin_per_order) == pytest.approx([15.0, 15.0])


def test_revenue_without_orders_still_ranks() -> None:
    columns = a_plain_shop(n=2, days=60)
    columns["revenue"] = columns["clicks"] * np.where(np.asarray(columns["budget"]) == 0, 0.5, 5.0)
    bare = {name: c for name, c in columns.items() if name != "orders"}
    snapshot = a_shop(budgets(2), bare, products(2))
    curves = curves_of(snapshot)
    assert_sound(curves)
    earned = by_name(snapshot, curves.expected(Quantity.REVENUE, curves.scale) / curves.scale)
    assert earned[1] > 3 * earned[0]


def test_clicks_alone_still_rank() -> None:
    columns = {name: c for name, c in a_plain_shop().items() if name not in ("orders", "revenue")}
    curves = curves_of(a_shop(budgets(6), columns, products(6)))
    assert_sound(curves)
    assert (curves.expected(Quantity.ORDERS, curves.scale) > 0).all()


def test_several_products_of_a_budget_add_up_and_share_their_margin() -> None:
    columns = a_plain_shop(n=2, days=40)
    rows = {name: np.asarray(c) for name, c in columns.items()}
    together = {**rows, "budget": np.zeros(80, dtype=int), "product": rows["budget"]}
    shop = [Product(ProductId("p0"), margin=0.2), Product(ProductId("p1"), margin=0.6)]
    curves = curves_of(a_shop([a_budget("b0", "p0", "p1")], together, shop))
    assert_sound(curves)
    assert curves.facts["spend"][0] == pytest.approx(rows["spend"].sum())
    share = curves.margin_per_order[0] / curves.revenue_per_order[0]
    assert 0.2 < share < 0.6


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"amount": 1.0}, "budget-limited"),
        ({"amount": 2.0}, "saturated"),
        ({"clicks": 0.0}, "learning"),
        ({"amount": np.nan}, "active"),
    ],
)
def test_a_word_says_what_holds_a_budget(change: dict[str, float], state: str) -> None:
    spend = np.full((8, 30), 50.0)
    amount = np.full((8, 30), 50.0)
    amount[0] *= change.get("amount", 1.0)
    clicks = np.full((8, 30), 100.0)
    clicks[0] *= change.get("clicks", 1.0)
    columns = daily(spend, clicks=clicks, orders=clicks * 0.03, revenue=clicks, amount=amount)
    snapshot = a_shop(budgets(8), columns, products(8))
    curves = curves_of(snapshot)
    assert curves.state[[b.id.native for b in snapshot.budgets].index("b0")] == state


def test_a_paused_budget_is_said_to_be_paused() -> None:
    assert curves_of(a_shop([a_budget("b0", status=PAUSED)])).state == ("paused",)


def test_a_large_shop_in_single_precision_is_the_same_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = a_plain_shop(n=8, days=40)
    snapshot = a_shop(budgets(8), columns, products(8))
    exact = estimate(snapshot, ResponseSettings(follow="never"))
    for part in (table, traffic):
        monkeypatch.setattr(part, "COMPACT_FROM", 2)
        monkeypatch.setattr(part, "CHUNK", 3)
    compact = estimate(snapshot, ResponseSettings(follow="never"))
    x = exact.scale[:, None] * np.array([0.3, 1.0, 2.5])
    assert compact.response.orders(x) == pytest.approx(exact.response.orders(x), rel=1e-3)
    assert_sound(exact)


JUNK = st.one_of(st.just(np.nan), st.just(0.0), st.just(np.inf), st.just(-1.0), st.floats(0, 1e9), st.floats(0, 3))


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(-1, 2), *[JUNK] * 8), max_size=30),
    st.sampled_from([None, 0.3, -0.2]),
)
def test_no_junk_makes_an_unsound_curve(n: int, rows: list[tuple[float, ...]], margin: float | None) -> None:
    names = (
        "budget",
        "day",
        "product",
        "impressions",
        "clicks",
        "spend",
        "orders",
        "units",
        "revenue",
        "amount",
        "observed",
    )
    columns: dict[str, Any] = {name: np.array([row[i] for row in rows]) for i, name in enumerate(names)}
    if rows:
        columns["budget"] = columns["budget"].astype(int) % n
        columns["day"] = columns["day"].astype(int) + DAY0
    snapshot = a_shop(budgets(n), columns, products(3, margin))
    assert_sound(curves_of(snapshot), concave=False)
    assert_sound(estimate(snapshot, ResponseSettings(follow="never")))
