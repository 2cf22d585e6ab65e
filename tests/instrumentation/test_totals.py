"""Day-to-date totals become counters that only growth moves, whatever a platform restates."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.instrumentation.families import FIGURES
from bidder.instrumentation.totals import KEPT_DAYS, DayTotals, to_units
from bidder.reports import Reports
from tests.builders import TODAY, an_observation

SPEND = FIGURES.index("spend")


def a_report(*rows: tuple[str, date, str]) -> Reports:
    """(product, day, spend) each."""
    return Reports.of([an_observation(day=day, product=product, spend=spend) for product, day, spend in rows])


def grown(totals: DayTotals, *rows: tuple[str, date, str]) -> float:
    growth = totals.take(a_report(*rows))
    assert growth is not None
    return float(to_units(growth.account, 1.0)[SPEND])


def test_the_first_report_after_a_start_is_where_counting_begins() -> None:
    totals = DayTotals()
    assert grown(totals, ("P1", TODAY, "40")) == 0
    assert grown(totals, ("P1", TODAY, "55")) == 15


def test_what_the_store_remembers_is_where_counting_goes_on() -> None:
    totals = DayTotals()
    totals.remember(a_report(("P1", TODAY, "40")))
    assert grown(totals, ("P1", TODAY, "55")) == 15


def test_a_new_day_counts_from_nothing_and_yesterdays_last_hour_still_counts() -> None:
    totals, tomorrow = DayTotals(), TODAY + timedelta(days=1)
    grown(totals, ("P1", TODAY, "90"))
    assert grown(totals, ("P1", TODAY, "100"), ("P1", tomorrow, "3")) == 13


def test_an_older_day_seen_for_the_first_time_is_no_spike() -> None:
    totals = DayTotals()
    grown(totals, ("P1", TODAY, "10"))
    assert grown(totals, ("P1", TODAY - timedelta(days=1), "500"), ("P1", TODAY, "11")) == 1


def test_days_too_old_are_left_out() -> None:
    totals = DayTotals()
    grown(totals, ("P1", TODAY, "10"))
    assert totals.take(a_report(("P1", TODAY - timedelta(days=KEPT_DAYS), "500"))) is None


def test_a_restatement_adds_nothing_and_growth_counts_above_the_highest_only() -> None:
    totals = DayTotals()
    grown(totals, ("P1", TODAY, "100"))
    fallen = totals.take(a_report(("P1", TODAY, "80")))
    assert fallen is not None
    assert fallen.restated
    assert fallen.account[SPEND] == 0
    assert fallen.today[SPEND] == 80e6  # the gauge shows what is reported
    assert grown(totals, ("P1", TODAY, "95")) == 0
    assert grown(totals, ("P1", TODAY, "101")) == 1


def test_a_sale_moved_between_products_is_a_restatement_though_the_account_stands_still() -> None:
    totals = DayTotals()
    grown(totals, ("P1", TODAY, "50"), ("P2", TODAY, "50"))
    moved = totals.take(a_report(("P1", TODAY, "40"), ("P2", TODAY, "60")))
    assert moved is not None
    assert moved.restated
    assert moved.account[SPEND] == 0
    assert moved.products[totals.products["P2"], SPEND] == 10e6


def test_fractions_summed_in_another_order_are_no_restatement() -> None:
    totals = DayTotals()
    rows = [an_observation(budget=f"ads/c{i}", product="P1", orders=orders) for i, orders in enumerate((0.1, 0.2, 0.3))]
    totals.take(Reports.of(rows))
    again = totals.take(Reports.of(rows[::-1]))
    assert again is not None
    assert not again.restated


def test_an_empty_report_and_unknown_figures_add_nothing() -> None:
    totals = DayTotals()
    assert totals.take(a_report()) is None
    unknown = Reports.of([an_observation(spend=None, revenue=None, clicks=None, impressions=None, orders=None)])
    growth = totals.take(unknown)
    assert growth is not None
    assert not growth.today.any()


def test_the_week_ranks_by_seven_days() -> None:
    totals = DayTotals()
    rows = [("P1", TODAY - timedelta(days=back), "1") for back in range(8)]
    totals.take(a_report(*rows, ("P2", TODAY, "5")))
    week = dict(zip(totals.products, totals.week_spend() / 1e6, strict=True))
    assert week == {"P1": 7.0, "P2": 5.0}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 500), min_size=1, max_size=20))
def test_a_counter_is_the_sum_of_new_highs(spends: list[int]) -> None:
    totals, counted = DayTotals(), 0.0
    for spend in spends:
        before, counted = counted, counted + grown(totals, ("P1", TODAY, str(spend)))
        assert counted >= before
    highs = np.maximum.accumulate(spends)
    assert counted == pytest.approx(sum(b - a for a, b in pairwise(highs.tolist())))
