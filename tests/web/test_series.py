"""Charts draw what was in force, spent and planned on each day of the shop."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np

from bidder.ids import BudgetId, PlanId
from bidder.money import Money, currency_of
from bidder.reports import Reports
from bidder.store.protocol import StoredPlan
from bidder.web.series import COLOURS, actual, budgets_by_day, since, stacked, traces
from tests.builders import an_observation, yuan

TODAY = date(2026, 3, 5)
USD = currency_of("USD")


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def history(*rows: tuple[str, datetime, Money]) -> list[tuple[BudgetId, datetime, Money]]:
    return [(BudgetId.parse(name), when, amount) for name, when, amount in rows]


def test_a_budget_holds_until_it_is_changed() -> None:
    rows = history(("ads/a", at(2), yuan(10)), ("ads/b", at(3), yuan(5)), ("ads/a", at(4), yuan(20)))
    series = budgets_by_day(rows, zone="UTC", currency="CNY", exchange={}, today=TODAY)
    assert [day.day for day in series.days] == [2, 3, 4, 5]
    assert series.amounts[0].tolist() == [10, 10, 20, 20]
    assert np.isnan(series.amounts[1, 0])
    assert series.amounts[1, 1:].tolist() == [5, 5, 5]


def test_the_last_amount_of_a_day_is_the_days_and_the_day_is_the_shops() -> None:
    rows = history(("ads/a", at(3, 1), yuan(10)), ("ads/a", at(3, 15), yuan(20)), ("ads/a", at(3, 17), yuan(30)))
    shanghai = budgets_by_day(rows, zone="Asia/Shanghai", currency="CNY", exchange={}, today=TODAY)
    assert shanghai.days[0] == date(2026, 3, 3)
    assert shanghai.amounts[0].tolist() == [20, 30, 30]  # 17:00 UTC is the next day there


def test_another_currency_needs_a_rate() -> None:
    rows = history(("ads/a", at(4), yuan(10)), ("us/b", at(4), Money.parse("2", USD)))
    without = budgets_by_day(rows, zone="UTC", currency="CNY", exchange={}, today=TODAY)
    rated = budgets_by_day(rows, zone="UTC", currency="CNY", exchange={"USD": 7.0}, today=TODAY)
    assert without.ids == ("ads/a",)
    assert rated.amounts[1].tolist() == [14, 14]


def test_amounts_from_before_the_chart_are_in_force_at_its_start() -> None:
    rows = history(("ads/a", at(1) - timedelta(days=60), yuan(10)))
    series = budgets_by_day(rows, zone="UTC", currency="CNY", exchange={}, today=TODAY, days=3)
    assert series.amounts[0].tolist() == [10, 10, 10]
    assert since(TODAY, 10) == datetime(2026, 2, 23, tzinfo=UTC)


def test_the_smallest_budgets_share_a_layer_and_the_sum_stays_whole() -> None:
    rows = history(*((f"ads/{i:02}", at(4), yuan(i + 1)) for i in range(COLOURS + 5)))
    series = budgets_by_day(rows, zone="UTC", currency="CNY", exchange={}, today=TODAY)
    layers, legend = stacked(series, {"ads/14": "the largest"})
    assert len(legend) == COLOURS
    assert legend[0].name == "the largest"
    assert legend[-1].count == 6
    assert layers.sum(axis=0).tolist() == [120, 120]


def test_nothing_known_is_nothing_to_draw() -> None:
    series = budgets_by_day([], zone="UTC", currency="CNY", exchange={}, today=TODAY)
    layers, legend = stacked(series, {})
    assert len(layers) == 0
    assert legend == []
    assert traces(series) == {}


def test_a_sparkline_starts_where_the_amount_is_first_known() -> None:
    rows = history(("ads/a", at(2), yuan(10)), ("ads/b", at(4), yuan(7)), ("ads/a", at(5), yuan(20)))
    drawn = traces(budgets_by_day(rows, zone="UTC", currency="CNY", exchange={}, today=TODAY))
    assert drawn["ads/a"].path.startswith("M2.0 21.0H")
    assert (drawn["ads/a"].last_x, drawn["ads/a"].last_y) == (96.0, 3.0)
    assert drawn["ads/b"].path == "M64.7 12.0H96.0V12.0"  # never changed: a line in the middle


def test_spend_stands_beside_the_plan_of_its_day() -> None:
    reports = Reports.of(
        [
            an_observation(day=date(2026, 3, 3), spend="10"),
            an_observation("ads/c2", day=date(2026, 3, 3), spend="5"),
            an_observation(day=date(2026, 3, 4), spend=None),
            an_observation("us/c1", day=date(2026, 3, 4), spend="3", revenue=None, currency=USD),
        ]
    )
    plans = [
        StoredPlan(PlanId("n"), at(5), "2026-03-05", {"planned": "40.00"}, "proposed"),
        StoredPlan(PlanId("r"), at(4), "2026-03-04", {"planned": "99.00"}, "rejected"),
        StoredPlan(PlanId("o"), at(4), "2026-03-04", {"planned": "30.00"}, "superseded"),
    ]
    series = actual(reports, plans, currency="CNY", exchange={}, today=TODAY)
    assert [day.day for day in series.days] == [3, 4, 5]
    assert series.spent[0] == 15
    assert np.isnan(series.spent[1:]).all()
    assert series.planned[1:].tolist() == [30, 40]
    rated = actual(reports, plans, currency="CNY", exchange={"USD": 7.0}, today=TODAY)
    assert rated.spent[1] == 21
