"""Refunds of an event are no quality problem; what goes beyond them is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.snapshot import FloatArray, day_number
from bidder.watch.diagnose import Funnel, diagnose
from bidder.watch.refunds import LONGEST, expected_refunds, sold_at_event
from tests.builders_events import an_event

FIRST = day_number(date(2026, 5, 1))
EVENT = an_event(
    "618", ("preheat", "2026-06-15", "2026-06-17"), ("burst", "2026-06-17", "2026-06-19"), products=("P1",)
)
BURST = slice(47, 49)


def lived(
    more: float, broken: float = 1.0, days: int = 62, seed: int = 0, rate: float = 0.06
) -> tuple[FloatArray, ...]:
    """Sales and refunds by day; refunds come in by a curve that is not ours, `broken` times as many at the end."""
    rng = np.random.default_rng(seed)
    paid = rng.uniform(800, 1_200, days)
    paid[BURST] *= 6
    back = np.zeros(days + 40)
    for day in range(-30, days):
        sold = paid[day] if day >= 0 else 1_000.0
        times = more if BURST.start <= day < BURST.stop else 1.0
        for age, part in ((3, 0.2), (6, 0.3), (9, 0.25), (13, 0.15), (19, 0.1)):
            if day + age >= 0:
                back[day + age] += part * rate * times * sold
    back = back[:days] * rng.uniform(0.9, 1.1, days)
    back[-7:] *= broken
    return paid, back


def test_days_at_the_events_price_are_those_whose_sales_come_back_more_often() -> None:
    times = sold_at_event((EVENT, replace(EVENT, refunds=3.0, products=None)), "P2", "UTC", FIRST, 62)
    assert np.flatnonzero(times != 1).tolist() == [47, 48]
    assert times[47] == 3.0
    assert sold_at_event((EVENT,), "P1", "UTC", FIRST, 62)[47] == 2.0
    assert (sold_at_event((EVENT,), "P2", "UTC", FIRST, 62) == 1).all()


@settings(deadline=None, max_examples=30)
@given(more=st.floats(1.3, 2.2), seed=st.integers(0, 99), days=st.integers(55, 70))
def test_the_wave_after_an_event_is_expected(more: float, seed: int, days: int) -> None:
    paid, back = lived(more, days=days, seed=seed)
    times = sold_at_event((EVENT,), "P1", "UTC", FIRST, days)
    expected = expected_refunds(paid, back, times, 7)
    assert expected is not None
    assert back[-7:].sum() < 1.5 * expected  # what an alert asks for


def test_half_as_much_again_goes_beyond_it() -> None:
    times = sold_at_event((EVENT,), "P1", "UTC", FIRST, 62)
    paid, back = lived(2.0, broken=2.5)
    expected = expected_refunds(paid, back, times, 7)
    assert expected is not None
    assert back[-7:].sum() > 1.5 * expected


def test_without_an_event_in_reach_nothing_is_expected_of_one() -> None:
    paid, back = lived(1.0)
    assert expected_refunds(paid, back, np.ones(62), 7) is None
    long_ago = np.ones(62 + LONGEST + 30)
    long_ago[3] = 2.0
    assert expected_refunds(np.full(len(long_ago), 100.0), np.full(len(long_ago), 6.0), long_ago, 7) is None


@pytest.mark.parametrize(("expected", "found"), [(None, ["refunds"]), (1_900.0, [])])
def test_a_digest_does_not_call_an_events_refunds_a_fault(expected: float | None, found: list[str]) -> None:
    usual = Funnel("P2", "b", 14, refunded=600.0, paid=10_000.0, paid_orders=100)
    wave = Funnel("P1", "a", 14, refunded=2_000.0, paid=10_000.0, paid_orders=100, expected_refunds=expected)
    assert [one.kind for one in diagnose([wave, usual])] == found
