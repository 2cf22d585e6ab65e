"""Figures by product never change a campaign's totals."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.account_day import AccountDay
from bidder.connectors.divide import LITTLE, divided
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import Currency, Money
from bidder.performance import Observation, Performance

CNY = Currency("CNY")


def row(spend: int, clicks: int, orders: float = 0.0, product: str | None = None) -> Observation:
    account = AccountId("wxt")
    figures = Performance(clicks * 10, clicks, Money(spend, CNY), orders, None, Money(spend * 3, CNY))
    return Observation(
        account=account,
        budget=BudgetId(account, "5"),
        campaign="5",
        product=None if product is None else ProductId(product),
        day=AccountDay("Asia/Shanghai", date(2026, 10, 1)),
        observed_at=datetime(2026, 10, 2, tzinfo=UTC),
        performance=figures,
    )


def test_what_is_lacking_by_rounding_goes_to_the_largest() -> None:
    found = divided(row(100_000, 50, 7), [row(30_000, 20, 2, "a"), row(69_000, 29, 4, "b")])
    assert [(str(one.product), one.performance.clicks, one.performance.orders) for one in found] == [
        ("a", 20, 2),
        ("b", 30, 5),
    ]
    assert [one.performance.spend for one in found] == [Money(30_000, CNY), Money(70_000, CNY)]


def with_figures(one: Observation, **figures: Any) -> Observation:
    return replace(one, performance=replace(one.performance, **figures))


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [row(100_000, 50)],
        [row(50_000, 25, 0, "a"), row(50_000, 25, 0, "a")],
        [row(50_000, 25, 0, "a"), row(30_000, 25, 0, "b")],
        [row(50_000, 25, 0, "a"), row(70_000, 25, 0, "b")],
        [row(49_000, 60, 0, "a"), row(50_000, 5, 0, "b")],
        [with_figures(row(50_000, 25, 0, "a"), clicks=None), row(50_000, 25, 0, "b")],
        [with_figures(row(50_000, 25, 0, "a"), spend=None), row(50_000, 25, 0, "b")],
        [with_figures(row(50_000, 25, 0, "a"), units=1.0), row(50_000, 25, 0, "b")],
    ],
)
def test_where_products_do_not_fit_the_campaign_stays_whole(parts: list[Observation]) -> None:
    whole = row(100_000, 50)
    assert divided(whole, parts) == [whole]


def test_a_day_without_spend_is_divided_only_by_its_own() -> None:
    whole = row(0, 0)
    assert [one.product for one in divided(whole, [row(0, 0, 0, "a")])] == ["a"]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 500), st.integers(0, 9)), min_size=1, max_size=6),
    st.data(),
)
def test_totals_are_the_campaigns_always(parts: list[tuple[int, int, int]], data: st.DataObject) -> None:
    sums = [sum(column) for column in zip(*parts, strict=True)]
    drift = data.draw(st.integers(-(10**8), 10**8))
    whole = row(max(0, sums[0] + drift), sums[1] + data.draw(st.integers(0, 5)), float(sums[2]))
    found = divided(whole, [row(*figures, product=str(k)) for k, figures in enumerate(parts)])
    for name in ("impressions", "clicks", "orders"):
        assert sum(getattr(one.performance, name) for one in found) == getattr(whole.performance, name)
    for name in ("spend", "revenue"):
        total = sum(getattr(one.performance, name).micros for one in found)
        assert total == getattr(whole.performance, name).micros
    assert all(one.performance.spend is not None and one.performance.spend.micros >= 0 for one in found)
    if len(found) > 1:
        assert abs(drift) <= LITTLE * max(1, whole.performance.spend.micros) or whole.performance.spend.micros == 0  # type: ignore[union-attr]  # it has one
