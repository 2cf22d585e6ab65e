"""What was known when: every version kept, nothing counted twice, no look into the future."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bidder.errors import StoreError
from bidder.performance import Observation
from bidder.reports import Reports
from bidder.snapshot import day_number
from bidder.store.protocol import Store
from tests.fakes import an_account, observed, same
from tests.stores import Stores

ADS = an_account()
DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    opened = stores.new().open()
    yield opened
    opened.close()


def rows(store: Store, as_of: datetime | None = None) -> dict[tuple[str, str], float | None]:
    found = store.reports(as_of)
    listed = [found.observation(index) for index in range(len(found))]
    return {(row.campaign, row.day.date.isoformat()): row.performance.orders for row in listed}


def test_a_report_comes_back_as_it_went_in(store: Store) -> None:
    full = replace(
        observed(ADS, DAY, NOON, product="p1", spend="12.345678", orders=0.5, window=7),
        name="茶", channel="search", group="hot",
    )  # fmt: skip
    bare = observed(ADS, DAY, NOON, campaign="c2", impressions=None, clicks=None, spend=None, orders=2.0)
    given_in = Reports.of([full, replace(bare, day=replace(bare.day, zone="Asia/Shanghai"))])
    assert store.add_reports(given_in) == 2
    assert same(store.reports(), given_in)
    assert store.reports().observation(0) == full


def test_importing_twice_adds_nothing(store: Store) -> None:
    first = Reports.of([observed(ADS, DAY, NOON), observed(ADS, DAY, NOON, campaign="c2")])
    later = Reports.of([observed(ADS, DAY, NOON + HOUR), observed(ADS, DAY, NOON + HOUR, campaign="c2")])
    assert store.add_reports(first) == 2
    assert store.add_reports(first) == 0
    assert store.add_reports(later) == 0
    assert len(store.report_versions()) == 2


def test_a_restated_day_is_kept_beside_what_was_known_before(store: Store) -> None:
    store.add_reports(Reports.of([observed(ADS, DAY, NOON, orders=10)]))
    assert store.add_reports(Reports.of([observed(ADS, DAY, NOON + HOUR, orders=13)])) == 1
    key = ("c1", DAY.isoformat())
    assert rows(store) == {key: 13}
    assert rows(store, NOON + HOUR - timedelta(microseconds=1)) == {key: 10}
    assert rows(store, NOON - timedelta(microseconds=1)) == {}
    assert store.report_versions().orders.tolist() == [10, 13]


def test_an_older_report_that_differs_becomes_history(store: Store) -> None:
    store.add_reports(Reports.of([observed(ADS, DAY, NOON, orders=13)]))
    assert store.add_reports(Reports.of([observed(ADS, DAY, NOON - HOUR, orders=10)])) == 1
    assert store.add_reports(Reports.of([observed(ADS, DAY, NOON - HOUR / 2, orders=10)])) == 0, "known by then"
    assert rows(store) == {("c1", DAY.isoformat()): 13}
    assert rows(store, NOON - HOUR) == {("c1", DAY.isoformat()): 10}


def test_figures_that_come_back_to_an_earlier_state_are_a_new_version(store: Store) -> None:
    for hours, orders in enumerate([10, 13, 10]):
        assert store.add_reports(Reports.of([observed(ADS, DAY, NOON + hours * HOUR, orders=orders)])) == 1


def test_two_reports_of_one_instant_are_both_kept_and_the_later_call_wins(store: Store) -> None:
    for orders in (10, 13, 12):
        assert store.add_reports(Reports.of([observed(ADS, DAY, NOON, orders=orders)])) == 1
    for orders in (10, 13, 12):
        assert store.add_reports(Reports.of([observed(ADS, DAY, NOON, orders=orders)])) == 0
    assert rows(store) == {("c1", DAY.isoformat()): 12}
    assert rows(store, NOON) == {("c1", DAY.isoformat()): 10}


def test_one_report_cannot_give_a_key_two_different_figures(store: Store) -> None:
    twice = Reports.of([observed(ADS, DAY, NOON, orders=1), observed(ADS, DAY, NOON, orders=2)])
    with pytest.raises(StoreError, match=r"ads/c1 on 2026-11-22: one report has two different figures"):
        store.add_reports(twice)
    assert len(store.reports()) == 0
    assert store.add_reports(Reports.of([observed(ADS, DAY, NOON)] * 3)) == 1


def test_unknown_is_not_zero(store: Store) -> None:
    store.add_reports(Reports.of([observed(ADS, DAY, NOON, orders=None)]))
    assert store.add_reports(Reports.of([observed(ADS, DAY, NOON + HOUR, orders=0)])) == 1
    assert np.isnan(store.reports(NOON).orders[0])
    assert store.reports().orders[0] == 0


@pytest.mark.parametrize("what", ["product", "window", "campaign", "day"])
def test_each_part_of_the_key_keeps_rows_apart(store: Store, what: str) -> None:
    other = {"product": "p1", "window": 7, "campaign": "c2", "day": DAY - timedelta(1)}[what]
    more: dict[str, object] = {} if what == "day" else {what: other}
    second = observed(ADS, other if isinstance(other, date) else DAY, NOON, **more)  # type: ignore[arg-type]  # one of four
    assert store.add_reports(Reports.of([observed(ADS, DAY, NOON), second])) == 2
    assert len(store.reports()) == 2


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("impressions", -1.0),
        ("clicks", np.inf),
        ("orders", -np.inf),
        ("units", 1e15),
        ("spend", -2),
        ("revenue", -(10**12)),
        ("observed", np.nan),
        ("day", -1),
        ("day", 10**9),
    ],
)
def test_what_cannot_be_is_refused_whole_and_named(store: Store, column: str, value: float) -> None:
    reports = Reports.of([observed(ADS, DAY, NOON), observed(ADS, DAY, NOON, campaign="c2")])
    getattr(reports, column)[1] = value
    with pytest.raises(StoreError, match=rf"{column} cannot be .*nothing was stored"):
        store.add_reports(reports)
    assert len(store.report_versions()) == 0


def test_older_days_can_be_left_out(store: Store) -> None:
    store.add_reports(Reports.of([observed(ADS, DAY - timedelta(back), NOON) for back in range(10)]))
    since = day_number(DAY) - 2
    assert sorted(store.reports(since_day=since).day.tolist()) == [since, since + 1, since + 2]
    assert len(store.report_versions(since_day=since)) == 3
    assert len(store.reports(NOON, since)) == 3


def test_rows_come_out_in_the_order_of_their_names_not_of_arrival(stores: Stores) -> None:
    listed = [observed(ADS, DAY - timedelta(d), NOON, campaign=c) for c in ("a", "b", "c") for d in range(3)]
    one, two = stores.new().open(), stores.new().open()
    for row in listed:
        one.add_reports(Reports.of([row]))
    two.add_reports(Reports.of(reversed(listed)))
    assert same(one.reports(), two.reports())
    one.close()
    two.close()


def test_an_empty_report_is_no_error(store: Store) -> None:
    assert store.add_reports(Reports.of([])) == 0
    assert len(store.reports()) == len(store.report_versions()) == 0
    assert {one.name: getattr(store.reports(), one.name).dtype.kind for one in fields(Reports)} == {
        one.name: getattr(Reports.of([]), one.name).dtype.kind for one in fields(Reports)
    }


SIGHTINGS = st.lists(
    st.builds(
        lambda campaign, back, seen, orders: observed(
            ADS, DAY - timedelta(back), NOON + seen * HOUR, campaign=campaign, orders=orders
        ),
        st.sampled_from(["c1", "c2"]),
        st.integers(0, 1),
        st.integers(0, 6),
        st.sampled_from([None, 0.0, 1.0, 2.0]),
    ),
    max_size=12,
)


def without_clashes(listed: list[Observation]) -> list[Observation]:
    return list({(row.campaign, row.day, row.observed_at): row for row in listed}.values())


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SIGHTINGS, SIGHTINGS, st.integers(-1, 6))
def test_a_later_observation_never_changes_what_was_known_earlier(
    stores: Stores, first: list[Observation], later: list[Observation], hours: int
) -> None:
    as_of = NOON + hours * HOUR + timedelta(minutes=30)
    store = stores.new().open()
    store.add_reports(Reports.of(without_clashes(first)))
    before = store.reports(as_of)
    store.add_reports(Reports.of([row for row in without_clashes(later) if row.observed_at > as_of]))
    assert same(store.reports(as_of), before)
    store.close()


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SIGHTINGS)
def test_as_of_gives_the_newest_sighting_of_each_key_when_reports_come_in_order(
    stores: Stores, listed: list[Observation]
) -> None:
    listed = sorted(without_clashes(listed), key=lambda row: row.observed_at)
    store = stores.new().open()
    for row in listed:
        store.add_reports(Reports.of([row]))
    again = store.add_reports(Reports.of(listed))
    for hours in range(7):
        as_of = NOON + hours * HOUR
        expected = {
            (r.campaign, r.day.date.isoformat()): r.performance.orders for r in listed if r.observed_at <= as_of
        }
        assert rows(store, as_of) == expected
    assert again == 0
    store.close()


def test_forty_products_and_ninety_days_in_several_versions_are_read_in_sixty_milliseconds(
    store: Store, stores: Stores
) -> None:
    size = 40 * 90
    place = np.arange(size)
    base = Reports.of([observed(ADS, DAY, NOON)])
    columns = {one.name: np.repeat(getattr(base, one.name), size) for one in fields(Reports)}
    columns["campaign"] = np.array([f"c{i % 40}" for i in place], dtype=object)
    columns["budget"] = columns["campaign"]
    columns["day"] = day_number(DAY) - place // 40
    for version in range(4):
        store.add_reports(
            Reports(**{**columns, "observed": columns["observed"] + version, "spend": columns["spend"] + version})
        )
    took = []
    for _ in range(5):
        started = time.process_time()
        found = store.reports()
        took.append(time.process_time() - started)
    assert len(found) == size
    assert found.spend.tolist() == [5_000_003] * size
    assert stores.server is not None or min(took) <= 0.060, "of the processor, which others may keep busy"
