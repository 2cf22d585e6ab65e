"""Luck read from odd shops: numbers that no shop has must not make what is read unsound."""

from __future__ import annotations

import numpy as np
import pytest

from bidder.response.luck import luck


@pytest.mark.parametrize("seed", range(8))
def test_one_budget_beside_which_the_others_are_nothing_makes_no_fault(seed: int) -> None:
    random = np.random.default_rng(seed)
    size = 10 ** random.uniform(6, 9)
    expected = np.array([size * random.uniform(0.5, 2.0, 2), random.uniform(1e-9, 1e-3, 2)])
    found = luck(expected, np.array([[0.0, size * random.uniform(0.0, 2.0)], [0.0, 0.0]]))
    assert np.isfinite([*found.own, found.day_sd, *found.drift, found.shop_drift, found.lean]).all()
