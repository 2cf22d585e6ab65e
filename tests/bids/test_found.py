"""Bids as people set them: trusted where nothing but them tells what sells, and given up where orders say otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidder.bids.found import trusted
from bidder.snapshot import FloatArray


def shop(seed: int, bids: int = 60) -> tuple[np.random.Generator, FloatArray, FloatArray]:
    """Luck, orders a click of each bid, and its clicks."""
    random = np.random.default_rng(seed)
    return random, 0.03 * random.lognormal(0.0, 0.6, bids), random.uniform(50, 800, bids).round()


@pytest.mark.parametrize("seed", range(4))
def test_bids_that_follow_what_sells_come_to_be_trusted_and_their_rates_are_taken(seed: int) -> None:
    random, rate, clicks = shop(seed)
    orders = random.poisson(rate * clicks).astype(np.float64)
    trust, found = trusted(orders, clicks, np.log(rate) + 3.0)
    assert trust > 0.9
    assert np.abs(np.log(found / rate)).max() < 0.2, "but for one factor of all of them, which orders tell"


@pytest.mark.parametrize("seed", range(4))
def test_bids_that_do_not_are_given_up(seed: int) -> None:
    random, rate, clicks = shop(seed)
    orders = random.poisson(rate * clicks).astype(np.float64)
    assert trusted(orders, clicks, np.zeros(len(rate)))[0] < 0.01, "one bid for all"
    assert trusted(orders, clicks, np.log(rate) + random.normal(0.0, 0.6, len(rate)))[0] < 0.01, "guesses"


@given(seed=st.integers(0, 99), factor=st.floats(-5.0, 5.0))
def test_only_how_bids_stand_beside_one_another_counts(seed: int, factor: float) -> None:
    random, rate, clicks = shop(seed, 12)
    orders = random.poisson(rate * clicks).astype(np.float64)
    said = np.log(rate) + random.normal(0.0, 0.2, len(rate))
    trust, found = trusted(orders, clicks, said)
    again, same = trusted(orders, clicks, said + factor)
    assert 0 <= trust <= 1
    assert again == pytest.approx(trust, abs=1e-6)
    assert same == pytest.approx(found)
    assert float((found * clicks).sum()) == pytest.approx(float(orders.sum())) or orders.sum() == 0


def test_without_orders_or_bids_nothing_is_trusted_and_nothing_said() -> None:
    _, rate, clicks = shop(1, 5)
    for orders, said in ((np.zeros(5), np.log(rate)), (np.ones(5), np.full(5, np.nan))):
        trust, found = trusted(orders, clicks, said)
        assert trust == 0
        assert np.isnan(found).all()
    one = np.where(np.arange(5) < 4, np.log(rate), np.nan)
    assert np.isnan(trusted(np.ones(5), clicks, one)[1]).tolist() == [False] * 4 + [True]
