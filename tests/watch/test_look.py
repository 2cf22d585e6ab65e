"""The watch: quiet where all is quiet, there within a day where tracking broke, blind to names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.snapshot import Snapshot
from bidder.watch.days import AGES, BACK, Days, days_of, shares_of
from bidder.watch.hold import Effect
from bidder.watch.look import Look, look, ping_pong, quarantine
from bidder.watch.tails import found, lower_tail, upper_tail
from tests.builders import TODAY, a_budget, a_shop, an_observation, reports

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAYS = BACK + 91


class World:
    """40 products with weekdays, days that differ by a tenth, and counts by chance."""

    def __init__(
        self, items: int = 40, seed: int = 1, days: int = DAYS, orders: tuple[float, float] = (0.5, 12)
    ) -> None:
        draw = np.random.default_rng(seed)
        shape = (items, days)
        usual = draw.uniform(30, 400, (items, 1))
        rate = draw.uniform(*orders, (items, 1)) / usual
        week = 1 + 0.2 * np.sin(2 * np.pi * np.arange(days) / 7)
        common = draw.normal(1, 0.08, days).clip(0.6, 1.4)
        self.clicks = draw.poisson(usual * week * common * draw.normal(1, 0.1, shape).clip(0.5, 1.5)).astype(float)
        self.impressions = draw.poisson(self.clicks * 30 * draw.normal(1, 0.08, shape).clip(0.6, 1.4)).astype(float)
        self.impressions = np.maximum(self.impressions, self.clicks)
        self.spend = self.clicks * 1.2 * draw.normal(1, 0.06, shape).clip(0.7, 1.3)
        self.orders = draw.poisson(self.clicks * rate * draw.normal(1, 0.08, days).clip(0.6, 1.4)).astype(float)
        self.snapshot: Snapshot = a_shop(*(a_budget(f"ads/c{n:02}", days=0, now=100) for n in range(items)))

    def at(self, day: int, **today: float) -> Days:
        """The figures up to yesterday, `day` − 1."""
        cut = slice(day - BACK, day)
        size = len(self.clicks)
        return Days(
            NOON,
            self.snapshot,
            self.impressions[:, cut],
            self.clicks[:, cut],
            self.spend[:, cut],
            self.orders[:, cut],
            np.full(size, today.get("clicks", np.nan)),
            np.full(size, today.get("spend", np.nan)),
            np.full(size, today.get("orders", np.nan)),
            {"ads": np.ones(15)},  # every order is in by the next morning, and that was learnt
        )


def twice(days: Days) -> Look:
    """Two polls in a row."""
    return look(days, look(days, ()).suspects)


def names(days: Days) -> set[str]:
    return {one.check for one in twice(days).holds}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_90_quiet_days_of_40_products_bring_at_most_one_alert_a_week(seed: int) -> None:
    world, before, alerts = World(seed=seed), set[tuple[str, str]](), 0
    for day in range(BACK, BACK + 90):
        now = {(one.item, one.check) for one in twice(world.at(day)).holds}
        alerts += len(now - before)
        before = now
    assert alerts <= 90 / 7


@pytest.mark.parametrize("a_day", [12.0, 40.0, 200.0])
def test_a_tracking_break_is_found_within_a_day_and_nothing_else_is_said(a_day: float) -> None:
    world = World(items=10, orders=(a_day / 10, a_day / 10 + 0.01), seed=5)
    assert "tracking_break" not in names(world.at(BACK))
    world.orders[:, BACK] = 0
    (hold,) = twice(world.at(BACK + 1)).holds
    assert (hold.check, hold.item, hold.effect) == ("tracking_break", "ads", Effect.STAYS)
    assert "0 on all 10 budgets yesterday" in hold.reason
    # in the course of the day too, as soon as the clicks of the day say so
    whole = World(items=10, orders=(a_day / 10, a_day / 10 + 0.01), seed=6)
    assert "tracking_break" in names(whole.at(BACK, clicks=float(whole.clicks[:, :BACK].mean()) * 1.4, orders=0.0))
    assert "tracking_break" not in names(whole.at(BACK, clicks=3.0, orders=0.0))


def test_a_bad_day_is_no_tracking_break() -> None:
    world = World(items=10, orders=(4, 5), seed=7)
    world.orders[1:, BACK] = 0
    world.orders[0, BACK] = 2
    assert "tracking_break" not in names(world.at(BACK + 1))
    quiet = World(items=10, orders=(4, 5), seed=7)
    for column in (quiet.clicks, quiet.spend, quiet.orders, quiet.impressions):
        column[:, BACK] = 0  # nobody came: that is not tracking
    assert "tracking_break" not in names(quiet.at(BACK + 1))


@pytest.mark.parametrize("factor", [1.6, 0.55])
def test_a_definition_change_is_said_once_and_ends_after_a_day(factor: float) -> None:
    world = World(items=12, orders=(8, 14), seed=8)
    world.orders[:, BACK:] = np.round(world.orders[:, BACK:] * factor)
    (hold,) = [one for one in twice(world.at(BACK + 1)).holds if one.item == "ads"]
    assert hold.check == "definition_change"
    assert hold.until is not None
    assert hold.until - NOON <= timedelta(days=1)
    assert "definition_change" not in names(world.at(BACK + 2)), "the second day is no news"


def test_fewer_orders_are_no_definition_change_before_lateness_is_known() -> None:
    """The first poll of a new shop once found yesterday's orders, still coming in, to be a changed definition."""
    world = World(items=12, orders=(8, 14), seed=8)
    world.orders[:, BACK:] = np.round(world.orders[:, BACK:] * 0.4)
    assert "definition_change" in names(world.at(BACK + 1))
    assert "definition_change" not in names(replace(world.at(BACK + 1), shares={"ads": np.full(15, np.nan)}))
    assert "definition_change" not in names(replace(world.at(BACK + 1), shares={}))


def test_more_of_everything_is_a_good_day_and_no_definition_change() -> None:
    world = World(items=12, orders=(8, 14), seed=8)
    for column in (world.clicks, world.orders, world.impressions, world.spend):
        column[:, BACK] = np.round(column[:, BACK] * 1.8)
    assert "definition_change" not in names(world.at(BACK + 1))


def test_a_count_that_chance_does_not_give_is_held_at_the_second_poll() -> None:
    world = World(items=20, orders=(10, 14), seed=9)
    world.orders[3, BACK] = 0
    days = world.at(BACK + 1)
    first = look(days, ())
    assert not [one for one in first.holds if one.check == "count"]
    (hold,) = [one for one in look(days, first.suspects).holds if one.check == "count"]
    assert hold.item == str(days.snapshot.budgets[3].id)
    few = World(items=20, orders=(3, 3.01), seed=9)
    few.orders[3, BACK] = 0  # 0 on 3 expected has p = 0.05
    assert "count" not in names(few.at(BACK + 1))


@pytest.mark.parametrize("check", ["anomaly_cpc", "anomaly_ctr"])
def test_a_rate_unlike_its_weekdays_is_held(check: str) -> None:
    world = World(items=20, seed=10)
    (world.spend if check == "anomaly_cpc" else world.impressions)[4, BACK] *= 3
    (hold,) = [one for one in twice(world.at(BACK + 1)).holds if one.check == check]
    assert hold.item == str(world.snapshot.budgets[4].id)


@pytest.mark.parametrize(("orders", "within"), [(3.5, 21), (10.0, 9), (30.0, 5)])
def test_a_halving_is_found_in_time_and_lets_the_budget_only_fall(orders: float, within: int) -> None:
    late = []
    for seed in range(8):
        world = World(items=1, orders=(orders, orders + 0.01), seed=30 + seed, days=BACK + 40)
        draw = np.random.default_rng(seed)
        world.orders[:, BACK:] = draw.binomial(world.orders[:, BACK:].astype(int), 0.5)
        when = [
            day - BACK
            for day in range(BACK + 1, BACK + 40)
            if any(one.check == "change_point" for one in twice(world.at(day)).holds)
        ]
        late.append(when[0] if when else 99)
    assert np.median(late) <= within


def test_spend_of_twice_what_the_day_allows_restricts_the_account() -> None:
    world = World(items=4)
    (hold,) = twice(world.at(BACK, spend=101.0)).holds  # 404 of 400 a day at noon
    assert (hold.check, hold.effect) == ("overspend", Effect.LOWERS)
    assert hold.until is not None
    assert not twice(world.at(BACK, spend=90.0)).holds


def test_bad_rows_and_ping_pong() -> None:
    (bad,) = quarantine({"ads/a": (3, 10), "ads/b": (2, 10), "ads/c": (0, 0)}, NOON)
    assert (bad.item, bad.check) == ("ads/a", "quarantine")
    (theirs,) = ping_pong({"ads/a": 2, "ads/b": 3}, NOON)
    assert (theirs.item, theirs.check) == ("ads/b", "ping_pong")


@given(st.floats(0.01, 300), st.integers(0, 400), st.floats(1, 4))
@settings(deadline=None, max_examples=50)
def test_tails_are_chances_and_share_one_point(mean: float, count: int, noise: float) -> None:
    low, high = lower_tail(count, mean, noise), upper_tail(count, mean, noise)
    assert 0 <= low <= 1
    assert 0 <= high <= 1
    assert low + upper_tail(count + 1, mean, noise) == pytest.approx(1, abs=1e-7)


def test_tails_by_hand() -> None:
    assert lower_tail(0, 3) == pytest.approx(0.0498, abs=1e-4)
    assert upper_tail(1, 3) == pytest.approx(0.9502, abs=1e-4)
    assert lower_tail(2_900, 3_000) == pytest.approx(0.0347, abs=1e-3)
    assert upper_tail(3_100, 3_000) == pytest.approx(0.0347, abs=1e-3)
    assert upper_tail(0, 3) == lower_tail(0, 0) == 1.0
    assert upper_tail(1, 0) == 0.0
    assert found([0.001, 0.9, 0.02], 0.05) == [True, False, True]
    assert found([], 0.05) == []


def test_days_are_summed_by_budget_and_orders_that_come_late_are_learnt() -> None:
    shop = a_shop(a_budget("ads/c1", days=10), a_budget("ads/c2", days=3))
    rows = [an_observation("ads/c1", TODAY, spend="7", clicks=3, orders=0), an_observation("ads/zz", TODAY)]
    rows.append(an_observation("ads/c1", TODAY - timedelta(days=1), spend="9"))
    seen = []
    for back in range(20, 3, -1):
        day = TODAY - timedelta(days=back)
        end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        seen.append(an_observation("ads/c1", day, seen=end + timedelta(hours=1), orders=5))
        seen.append(an_observation("ads/c1", day, seen=end + timedelta(days=2), orders=10))
        seen.append(an_observation("ads/file", day, seen=NOON, orders=10))
    days = days_of(shop, reports(*rows), reports(*seen), NOON)
    place = shop.position(an_observation("ads/c1").budget)
    assert np.isnan(days.clicks[place, :-10]).all()
    assert days.clicks[place, -1] == 100
    assert days.today_spend[place] == 7
    assert np.isnan(days.today_spend[1 - place])
    assert days.share("ads", 0) == days.share("ads", 1) == pytest.approx(0.5, abs=0.01)
    assert days.share("ads", 2) == days.share("ads", 30) == pytest.approx(1.0)
    assert days.share("other", 0) == 1.0
    assert 0 < days.passed(shop.accounts[0]) < 1
    assert twice(replace(days, now=NOON)).holds == []


def _plainly(rows: list[tuple[int, int, datetime, float]], now: datetime) -> tuple[list[float], list[float]]:
    """(in by then, at last) of each age, asked of every reading anew: (item, day, when, orders)."""
    in_time, final = [0.0] * AGES, [0.0] * AGES
    for item, back in sorted({(item, back) for item, back, _, _ in rows}):
        seen = sorted((at, orders) for other, day, at, orders in rows if (other, day) == (item, back))
        end = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC) - timedelta(days=back - 1)
        if seen[0][0] > end + timedelta(days=1) or now < end + timedelta(days=7):
            continue
        for age in range(AGES):
            until = end + timedelta(days=age)
            if until <= now:
                known = [orders for at, orders in seen if at <= until + timedelta(hours=6)]
                in_time[age] += known[-1] if known else 0.0
                final[age] += seen[-1][1]
    return in_time, final


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, 20), st.integers(0, 480), st.integers(0, 40)),
        min_size=1,
        max_size=60,
        unique_by=lambda one: one[:3],
    )
)
def test_how_late_orders_come_is_what_every_reading_of_every_day_says(drawn: list[tuple[int, int, int, int]]) -> None:
    shop = a_shop(*(a_budget(f"ads/c{item}", days=3) for item in range(3)))
    midnight = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)
    rows = [
        (item, back, midnight + timedelta(hours=hours) - timedelta(days=back), float(orders))
        for item, back, hours, orders in drawn
        if midnight + timedelta(hours=hours) - timedelta(days=back) <= NOON
    ]
    if not rows:
        return
    read = [
        an_observation(f"ads/c{item}", TODAY - timedelta(days=back), seen=at, orders=orders)
        for item, back, at, orders in rows
    ]
    shares = shares_of(reports(*read), shop, NOON)["ads"]
    in_time, final = _plainly(rows, NOON)
    for age in range(AGES):
        if final[age] < 20:
            assert np.isnan(shares[age])
        else:
            assert shares[age] == min(1.0, in_time[age] / final[age])
