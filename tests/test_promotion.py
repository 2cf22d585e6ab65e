"""An event by the hour: which phase holds, an hour early for a burst, through short gaps, the strongest of several."""

from __future__ import annotations

import pytest

from bidder.ids import ProductId
from bidder.promotion import Phase, moments
from tests.builders_events import an_event, utc

BIG = an_event(
    "618",
    ("store_up", "2026-05-06", "2026-05-16"),
    ("burst", "2026-05-16 20:00", "2026-05-18"),
    ("steady", "2026-05-18", "2026-06-15"),
    ("preheat", "2026-06-15", "2026-06-17"),
    ("burst", "2026-06-17 20:00", "2026-06-19"),
    ("recover", "2026-06-19", "2026-06-29"),
    ("refunds", "2026-06-21", "2026-07-14"),
)


@pytest.mark.parametrize(
    ("at", "phase"),
    [
        ("2026-05-05 23:59", None),
        ("2026-05-06", Phase.STORE_UP),
        ("2026-05-16 10:00", Phase.STORE_UP),  # until the burst: orders hold back most of all then
        ("2026-05-16 18:59", Phase.STORE_UP),
        ("2026-05-16 19:00", Phase.BURST),  # an hour early
        ("2026-05-17 23:59", Phase.BURST),
        ("2026-05-18", Phase.STEADY),
        ("2026-06-16", Phase.PREHEAT),
        ("2026-06-17 18:00", Phase.PREHEAT),
        ("2026-06-18", Phase.BURST),
        ("2026-06-22", Phase.RECOVER),  # refunds go on beside it
        ("2026-07-01", Phase.REFUNDS),
        ("2026-07-14", None),
    ],
)
def test_the_phase_of_an_hour(at: str, phase: Phase | None) -> None:
    span = BIG.at(utc(at))
    assert (None if span is None else span.phase) is phase


def test_a_gap_of_more_than_a_day_is_an_ordinary_time() -> None:
    event = an_event("x", ("preheat", "2026-03-01", "2026-03-02"), ("burst", "2026-03-04", "2026-03-05"))
    assert event.at(utc("2026-03-02 12:00")) is None


def test_decisions_are_asked_for_where_phases_begin_and_end() -> None:
    found = moments([BIG])
    assert utc("2026-06-17 19:00") in found
    assert utc("2026-06-19") in found
    assert utc("2026-06-17 20:00") not in found  # everything is in force by then
    assert utc("2026-07-14") not in found  # refunds move no budget
    assert list(found) == sorted(found)
    assert (BIG.opens, BIG.closes) == (utc("2026-05-06"), utc("2026-07-14"))


def test_an_event_is_about_its_goods_or_about_the_whole_shop() -> None:
    some = an_event("x", ("burst", "2026-03-04", "2026-03-05"), products=("P1",))
    assert some.covers([ProductId("P1"), ProductId("P2")])
    assert not some.covers([])
    assert BIG.covers([])


def test_phases_have_their_part_of_a_bursts_lift() -> None:
    assert BIG.lift_of(Phase.BURST, 3.0) == 3.0
    assert BIG.lift_of(Phase.ENCORE, 3.0) == pytest.approx(2.2)
    assert BIG.lift_of(Phase.PREHEAT, 3.0) == 1.0
