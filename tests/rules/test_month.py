"""The month's cap: never passed whatever platforms deliver, and nearly spent when they deliver what they are asked."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.catalog import Mode
from bidder.errors import Source
from bidder.ids import BudgetId
from bidder.limits import Bounds, Limit, Priority
from bidder.money import Money
from bidder.rules.month import Month, pace_of_month, weekday_weights
from bidder.snapshot import History, Snapshot, day_number
from tests.builders import CNY, a_budget, a_shop, yuan
from tests.rules.curves import some_curves

PLACE = Source("bidder.yaml", 5, 3)


def month_limits(shop: Snapshot, month: float, **more: Any) -> list[Bounds | Limit]:
    chosen = np.ones(len(shop.budgets), dtype=np.bool_)
    kind = Month.model_validate({"max": month, **more})
    return list(kind.limits(chosen, shop, some_curves(shop), "month", Priority.ABSOLUTE, PLACE))


def room(shop: Snapshot, month: float, day_max: float) -> float:
    """The largest even amount a budget that all limits of the month allow."""
    size = len(shop.budgets)
    most = day_max / size
    upper = np.full(size, most)
    for one in month_limits(shop, month):
        if isinstance(one, Bounds):
            upper = np.minimum(upper, one.upper)
        else:
            most = min(most, one.bound / float(one.weights.sum()))
    return float(min(most, upper.min()))


def a_world(start: date, over: float, minimum: float = 30.0) -> Snapshot:
    shop = a_shop(*(a_budget(f"ads/{n}", now=500.0, days=0, minimum=minimum) for n in range(4)), today=start)
    budgets = tuple(replace(budget, overdelivery=over) for budget in shop.budgets)
    return replace(shop, budgets=budgets)


def run_month(start: date, over: float, delivered: float, hour: float, month: float = 60_000.0, seed: int = 0) -> float:
    """What a month costs with a decision a day at that hour; before it, yesterday's amounts are in force."""
    rng = np.random.default_rng(seed)
    shop = a_world(start, over)
    spent, amount = 0.0, 500.0
    rows: list[tuple[int, int, float]] = []
    for n in range(monthrange(start.year, start.month)[1]):
        day = start.replace(day=1) + timedelta(days=n)
        history = History.of(
            {
                "budget": [row[0] for row in rows],
                "day": [row[1] for row in rows],
                "spend": [row[2] for row in rows],
                "clicks": [row[2] for row in rows],
            }
        )
        as_of = datetime.combine(day, datetime.min.time(), ZoneInfo("UTC")) + timedelta(hours=hour)
        now = yuan(round(amount, 2))
        shop = replace(
            shop,
            day=day,
            as_of=as_of,
            history=history,
            spent_month=Money(round(spent * 1e6), CNY),
            budgets=tuple(replace(budget, now=now) for budget in shop.budgets),
        )
        before, amount = amount, np.floor(max(room(shop, month, 3000.0), 30.0) * 100) / 100
        swing = delivered if delivered == over else delivered * float(rng.uniform(0.85, 1.15))
        in_force = amount if hour <= 1 else max(before, amount)  # the platform may spend the larger one early
        cost = in_force * min(swing, over)
        spent += cost * 4
        rows += [(index, day_number(day), cost) for index in range(4)]
    return spent


@pytest.mark.parametrize("start", [date(2026, 2, 1), date(2026, 9, 1), date(2026, 10, 1), date(2028, 2, 1)])
@pytest.mark.parametrize("hour", [0.0, 9.5])
@pytest.mark.parametrize("over", [1.0, 1.2, 2.0])
def test_the_month_is_never_passed_when_all_is_delivered_that_may_be(start: date, hour: float, over: float) -> None:
    assert run_month(start, over, over, hour) <= 60_000.0 + 1e-6


@pytest.mark.parametrize("over", [1.0, 1.2, 2.0])
@pytest.mark.parametrize("hour", [0.0, 9.5])
def test_the_month_is_nearly_spent_when_platforms_deliver_what_they_are_asked(over: float, hour: float) -> None:
    spent = run_month(date(2026, 9, 1), over, 1.0, hour)
    assert 0.97 * 60_000 <= spent <= 60_000 + 1e-6


@given(over=st.floats(1.0, 2.0), share=st.floats(0.5, 1.0), hour=st.sampled_from([0.0, 9.5]), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=15)
def test_no_delivery_passes_the_month(over: float, share: float, hour: float, seed: int) -> None:
    assert run_month(date(2026, 3, 1), over, over * share, hour, seed=seed) <= 60_000.0 + 1e-6


def test_what_a_week_lost_is_made_up_within_the_clamp() -> None:
    late = replace(a_world(date(2026, 9, 16), 1.0), spent_month=yuan(15_000))
    pace = pace_of_month(late, 60_000.0, np.ones(4))
    assert pace.plan_today == pytest.approx(2000.0)
    assert pace.today == pytest.approx(2600.0)  # 45 000 / 15 days is 3 000, at most 1.3 of the plan
    early = replace(late, spent_month=yuan(45_000))
    assert pace_of_month(early, 60_000.0, np.ones(4)).today == pytest.approx(1400.0)


def test_nothing_left_means_the_least_that_platforms_take() -> None:
    over = replace(a_world(date(2026, 9, 16), 1.0), spent_month=yuan(70_000))
    limits = [one for one in month_limits(over, 60_000.0) if isinstance(one, Limit)]
    assert [one.bound for one in limits] == [120.0, 120.0]


def test_a_day_without_figures_is_reckoned_as_spent() -> None:
    shop = a_shop(a_budget("ads/a", days=20), today=date(2026, 9, 16), spent_month=yuan(1_500))
    assert pace_of_month(shop, 60_000.0, np.ones(1)).committed == 0.0
    gone = replace(shop, history=shop.history.select(shop.history.day < shop.today - 2))
    assert pace_of_month(gone, 60_000.0, np.array([1.2])).committed == pytest.approx(2 * 100 * 1.2)
    first = replace(gone, day=date(2026, 9, 1), history=shop.history.select(shop.history.day < 0))
    assert pace_of_month(first, 60_000.0, np.ones(1)).committed == 0.0


def test_days_of_last_month_are_not_this_months() -> None:
    shop = a_shop(a_budget("ads/a", days=20), today=date(2026, 9, 2))
    gone = replace(shop, history=shop.history.select(shop.history.day < shop.today - 5))
    assert pace_of_month(gone, 60_000.0, np.ones(1)).committed == pytest.approx(100.0)


def test_weekdays_weigh_by_what_was_spent_on_them_but_not_wildly() -> None:
    today = date(2026, 9, 14)
    shop = a_shop(a_budget("ads/a", days=56), today=today)
    weekend = np.array([(day + 3) % 7 >= 5 for day in shop.history.day])  # 1970-01-01 was a Thursday
    spend = np.where(weekend, 200.0, 100.0)
    weights = weekday_weights(replace(shop, history=replace(shop.history, spend=spend)))
    assert weights.mean() == pytest.approx(1.0)
    assert weights[5] == pytest.approx(weights[6], rel=0.05)
    assert 1.2 < weights[5] / weights[0] < 2.0
    assert weekday_weights(replace(shop, history=History.empty())) == pytest.approx(np.ones(7))


def test_growth_is_no_weekday() -> None:
    shop = a_shop(a_budget("ads/a", days=56), today=date(2026, 9, 14))
    growing = 100.0 * 1.02 ** (shop.history.day - shop.history.day.min())
    weights = weekday_weights(replace(shop, history=replace(shop.history, spend=growing)))
    assert weights == pytest.approx(np.ones(7), abs=0.02)


def test_a_written_overdelivery_is_the_least_that_is_reckoned_with() -> None:
    shop = a_world(date(2026, 9, 16), 1.2)
    weights = [one.weights[0] for one in month_limits(shop, 60_000.0, overdelivery="150%") if isinstance(one, Limit)]
    assert weights == [1.0, 1.5]
    weights = [one.weights[0] for one in month_limits(shop, 60_000.0, overdelivery="110%") if isinstance(one, Limit)]
    assert weights == [1.0, 1.2]


def test_an_unresolved_write_takes_room() -> None:
    shop = a_world(date(2026, 9, 16), 1.0)
    open_ = replace(shop, unresolved={BudgetId.parse("ads/0"): yuan(700)})
    before, after = (
        [one.bound for one in month_limits(one, 60_000.0) if isinstance(one, Limit)] for one in (shop, open_)
    )
    assert after == pytest.approx([bound - 200.0 for bound in before])


def test_on_the_last_days_money_may_go_but_not_wander() -> None:
    last = replace(a_world(date(2026, 9, 30), 1.2), spent_month=yuan(58_000), day=date(2026, 9, 30))
    bounds = [one for one in month_limits(last, 60_000.0) if isinstance(one, Bounds)]
    assert len(bounds) == 1
    assert bounds[0].upper == pytest.approx(np.full(4, 500.0))
    early = replace(last, as_of=datetime(2026, 9, 30, 0, 30, tzinfo=ZoneInfo("UTC")))
    assert not [one for one in month_limits(early, 60_000.0) if isinstance(one, Bounds)]
    observed = replace(last, accounts=tuple(replace(one, mode=Mode.OBSERVE) for one in last.accounts))
    assert [one for one in month_limits(observed, 60_000.0) if isinstance(one, Bounds)]
