"""The month's sales plan by day, and what was sold against it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bidder.account_day import AccountDay
from bidder.activity import Activity, ShopActivity
from bidder.explain.sales import sales_plan
from bidder.snapshot import Snapshot
from tests.builders import a_budget, a_shop, yuan
from tests.builders_events import an_event


def shop(sold: float, *, saturday: float = 1.0) -> Snapshot:
    """12 March: 60 days of sales, `saturday` times as much on Saturdays."""
    seen = a_shop(a_budget("ads/a", products=("P1",)), today=date(2026, 3, 12))
    days = [seen.day - timedelta(days=back) for back in range(1, 60)]
    rows = [
        ShopActivity(
            "advisor", None, AccountDay("UTC", day), seen.as_of,
            money={"revenue": yuan(sold * (saturday if day.weekday() == 5 else 1.0))},
        )
        for day in days
    ]  # fmt: skip
    return replace(seen, activity=Activity.of(rows))


def test_the_parts_of_the_days_sum_to_the_month() -> None:
    plan = sales_plan(shop(1000, saturday=1.5), 45_000)
    assert sum(amount for _, amount in plan.days) == pytest.approx(45_000)
    assert len(plan.days) == 31
    by_day = dict(plan.days)
    assert by_day[date(2026, 3, 14)] > 1.2 * by_day[date(2026, 3, 13)]
    assert plan.reported == 11
    assert plan.left == 20


def test_what_is_behind_is_spread_over_the_days_that_are_left() -> None:
    plan = sales_plan(shop(1000), 62_000)  # 2,000 a day
    assert plan.sold == pytest.approx(11_000)
    assert plan.due == pytest.approx(22_000)
    assert plan.today == pytest.approx(51_000 / 20)
    assert sales_plan(shop(9000), 62_000).today == 0.0  # sold already


def test_an_event_has_its_part_of_the_month() -> None:
    burst = an_event("x", ("burst", "2026-03-20", "2026-03-21"), lift=3)
    by_day = dict(sales_plan(replace(shop(1000), calendar=(burst,)), 33_000).days)
    assert by_day[date(2026, 3, 20)] == pytest.approx(3_000)
    assert by_day[date(2026, 3, 22)] == pytest.approx(1_000)
