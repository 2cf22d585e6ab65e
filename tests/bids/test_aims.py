"""Where bids should be: not below what their clicks cost while one may be worth that, and near what is trusted."""

from __future__ import annotations

import numpy as np
import pytest

from bidder.bids.aims import EDGE, Bids, aims
from bidder.bids.case import BudgetFacts
from bidder.bids.landscape import Landscape
from bidder.bids.value import Conversion
from bidder.snapshot import FloatArray

MICRO = 1_000_000.0
DAYS = 14


def columns(
    click: float, cost: float, *, bid: float = 1.0, sd: float = 0.2, trust: float = 0.0, count: int = 4
) -> Bids:
    """So many bids alike, each with ten clicks a day at that cost; a click is worth `click`."""
    one, table = np.ones(count), np.ones((count, DAYS))
    rates = Conversion(0.03 * one, 0.03 * one, sd * one, 0.0 * one, 140 * one, 4 * one, 560 * one, trust)
    shape = Landscape(1.0 * one)
    numbers = np.arange(count)
    return Bids(
        bid * MICRO * one,
        click * MICRO * one,
        one,
        numbers,
        rates,
        shape,
        10 * cost * MICRO * table,
        10 * table,
        MICRO * table,
    )


def wished(all_: Bids, amount: float) -> tuple[float, FloatArray]:
    none = np.zeros(DAYS, dtype=np.bool_)
    price, wish = aims(all_, np.arange(len(all_.now)), BudgetFacts(round(amount * MICRO)), none, amount * MICRO)
    return price, wish / MICRO


@pytest.mark.parametrize(("click", "held"), [(0.8, True), (0.4, False)])
def test_a_bid_stays_above_what_clicks_cost_as_long_as_one_may_be_worth_it(click: float, held: bool) -> None:
    wish = wished(columns(click, 0.85), 1000.0)[1]
    assert (wish == pytest.approx(EDGE * 0.85)) is held
    assert held or (wish < 0.6).all()


def test_a_bid_at_its_edge_is_not_raised_by_it() -> None:
    assert wished(columns(0.9, 1.0), 1000.0)[1].max() <= 1.0


@pytest.mark.parametrize(("over", "moves"), [(1.04, False), (1.5, True)])
def test_bids_that_are_trusted_move_together_only_by_what_a_day_surely_wants(over: float, moves: bool) -> None:
    amount = 4 * 10 * 0.5 / over
    sure = wished(columns(1.0, 0.5, trust=1.0, sd=0.0), amount)[0]
    plain = wished(columns(1.0, 0.5, trust=0.0, sd=0.0), amount)[0]
    assert plain > 1.005
    assert (sure == pytest.approx(1.0, abs=1e-6)) is not moves
    assert not moves or sure == pytest.approx(plain, rel=0.02), "well beyond the doubt it counts whole"
