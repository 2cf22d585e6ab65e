"""Tables of curves: smooth, concave, 0 at 0, between the knots as at them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bidder.response import table as module
from bidder.response.shapes import KNOTS, bins, histogram
from bidder.response.table import Table, TableResponse, concave, tabled

RISING = arrays(np.float64, (3, len(KNOTS)), elements=st.floats(0, 10)).map(lambda rise: np.cumsum(rise, axis=1))


@settings(deadline=None, max_examples=40)
@given(RISING)
def test_the_envelope_is_concave_and_above(value: np.ndarray) -> None:
    hull = concave(value)
    top = value.max() + 1e-300
    assert (hull >= value - 1e-12 * top).all()
    slope = np.diff(hull, axis=1, prepend=0.0) / np.diff(KNOTS, prepend=0.0)
    assert (np.diff(slope, axis=1) <= 1e-9 * top / KNOTS[0]).all()
    assert (concave(hull) <= hull + 1e-9 * top).all()


@settings(deadline=None, max_examples=40)
@given(RISING, st.floats(0.0, 80.0), st.floats(0.0, 80.0))
def test_a_table_is_nondecreasing_and_concave_between_any_points(value: np.ndarray, a: float, b: float) -> None:
    curve = tabled(value)
    x = np.array([[0.0, a, (a + b) / 2, b]] * 3)
    y = curve.at(x)
    top = value.max() + 1e-300
    assert (y[:, 0] == 0).all()
    assert ((y[:, 3] - y[:, 1]) * (b - a) >= -1e-9 * top).all()
    assert (y[:, 2] >= (y[:, 1] + y[:, 3]) / 2 - 1e-9 * top).all()


def test_a_smooth_curve_is_kept_to_a_thousandth() -> None:
    for power in (0.3, 0.6, 0.9):
        x = np.exp(np.linspace(np.log(0.05), np.log(20), 200))[None, :]
        assert tabled(KNOTS[None, :] ** power).at(x) == pytest.approx(x**power, rel=2e-3)


def test_below_the_first_knot_is_a_line_and_beyond_the_last_is_flat() -> None:
    curve = tabled(np.minimum(KNOTS, 5.0)[None, :])
    assert curve.at(np.array([[0.0, KNOTS[0] / 2, KNOTS[0]]])) == pytest.approx(
        np.array([[0.0, KNOTS[0] / 2, KNOTS[0]]])
    )
    assert np.ptp(curve.at(np.array([[50.0, 500.0]]))) == pytest.approx(0.0, abs=1e-12)


def test_many_budgets_are_kept_in_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COMPACT_FROM", 2)
    small = tabled(KNOTS[None, :] ** 0.5 * np.ones((2, 1)))
    assert small.value.dtype == np.float32
    assert small.at(np.array([[4.0], [9.0]])) == pytest.approx(np.array([[2.0], [3.0]]), rel=2e-3)


def test_spend_is_never_above_the_amount() -> None:
    ones = Table(KNOTS[None, :] * 1.01, np.full((1, len(KNOTS)), 1.01))
    response = TableResponse(np.array([10.0]), ones, ones, ones)
    assert response.spend(np.array([[0.0, 3.0, 40.0]])).tolist() == [[0.0, 3.0, 40.0]]


def test_sums_over_days_are_products_with_the_histogram() -> None:
    relative = np.array([[0.5, 1.0, 2.0], [0.001, 7.7, 1e9]])
    left, share = bins(relative)
    weight = np.array([[1.0, 2.0, 3.0], [0.5, 0.0, 1.0]])
    table = histogram(left, share, weight)
    assert table.sum(axis=1) == pytest.approx(weight.sum(axis=1))
    logs = table @ np.log(KNOTS)
    assert logs[0] == pytest.approx((weight[0] * np.log(relative[0])).sum())
    assert logs[1] == pytest.approx(0.5 * np.log(KNOTS[0]) + np.log(KNOTS[-1]), rel=1e-5)
