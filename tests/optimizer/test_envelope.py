"""Envelopes: above the points, concave, and touching them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bidder.optimizer import envelope
from bidder.optimizer.envelope import concave, on_envelope, slopes

heights = arrays(np.float64, (3, 7), elements=st.floats(-100, 100))


@pytest.mark.parametrize("few", [500, 0], ids=["row by row", "many at once"])
@settings(deadline=None, max_examples=40)
@given(y=heights, gaps=arrays(np.float64, (3, 6), elements=st.sampled_from([0.5, 1.0, 3.0])))
def test_the_envelope_is_the_least_concave_curve_above(few: int, y: np.ndarray, gaps: np.ndarray) -> None:
    x = np.concatenate([np.zeros((3, 1)), np.cumsum(gaps, axis=1)], axis=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(envelope, "FEW", few)
        hull = concave(x, y)
    assert (hull >= y - 1e-9).all()
    slope = slopes(x, hull)[1]
    assert (np.diff(slope, axis=1) <= 1e-7).all()
    np.testing.assert_allclose(hull[:, [0, -1]], y[:, [0, -1]])
    touching = np.isclose(hull, y, atol=1e-9)
    bends = np.abs(np.diff(slope, axis=1)) > 1e-6
    assert touching[:, 1:-1][bends].all()


def test_points_on_one_spot_have_no_slope() -> None:
    x = np.array([[0.0, 1.0, 1.0, 2.0]])
    y = np.array([[0.0, 5.0, 5.0, 6.0]])
    np.testing.assert_allclose(concave(x, y), y)
    assert slopes(x, y)[1].tolist() == [[5.0, 0.0, 1.0]]


def test_another_quantity_is_mixed_where_the_envelope_mixes() -> None:
    x, y = np.array([[0.0, 1.0, 2.0, 3.0]]), np.array([[0.0, 0.0, 4.0, 5.0]])
    other = np.array([[0.0, 9.0, 2.0, 3.0]])
    assert on_envelope(x, y, concave(x, y), other).tolist() == [[0.0, 1.0, 2.0, 3.0]]
    assert on_envelope(x, concave(x, y), concave(x, y), other) is other
