"""The parts of a bid: shrunk conversion, late orders, the landscape, the price of money, steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidder.bidding import LeverKind
from bidder.bids import pace
from bidder.bids.case import Moved, Why
from bidder.bids.figures import Figures
from bidder.bids.landscape import landscape
from bidder.bids.propose import propose
from bidder.bids.steps import Room, stepped
from bidder.bids.value import completeness, conversion
from bidder.response.delay import default_curve
from bidder.response.settings import ResponseSettings
from tests.bids.cases import DAY, a_bid, a_case, lever, reports

LATE = ResponseSettings().late


def table(clicks: np.ndarray, orders: np.ndarray, spend: np.ndarray | None = None, bid: float = 1.0) -> Figures:
    """Figures without names."""
    nothing = np.full(clicks.shape, np.nan)
    paid = clicks * 0.5 if spend is None else spend
    return Figures((), clicks, paid, orders, nothing, nothing, np.full(clicks.shape, bid), nothing)


def test_shrunk_conversion_is_nearer_the_truth_than_counts_and_than_one_rate_for_all() -> None:
    errors = []
    for seed in range(8):
        random = np.random.default_rng(seed)
        product = np.repeat(np.arange(20), 10)
        truth = 0.03 * random.lognormal(0, 0.4, 20)[product] * random.lognormal(0, 0.5, 200)
        clicks = random.poisson(random.lognormal(2.0, 1.0, 200)[:, None], (200, 28)).astype(float)
        orders = random.binomial(clicks.astype(int), np.minimum(truth, 0.5)[:, None]).astype(float)
        found = conversion(table(clicks, orders), product, product, (1.0,))
        raw = orders.sum(axis=1) / np.maximum(clicks.sum(axis=1), 1)
        pooled = np.full(200, orders.sum() / clicks.sum())
        errors.append([np.sqrt(((one - truth) ** 2).mean()) for one in (found.rate, raw, pooled)])
    shrunk, raw, pooled = np.mean(errors, axis=0)
    assert shrunk < 0.8 * raw
    assert shrunk < 0.8 * pooled


def test_bids_that_people_set_are_followed_as_far_as_they_go_with_what_sells() -> None:
    random = np.random.default_rng(5)
    product = np.repeat(np.arange(20), 10)
    truth = 0.03 * random.lognormal(0, 0.6, 200)
    clicks = np.full((200, 14), 8.0)
    orders = random.binomial(8, truth[:, None], (200, 14)).astype(float)

    def off(guess: np.ndarray | None) -> float:
        found = conversion(table(clicks, orders), product, product, (1.0,), guess)
        return float(np.abs(np.log(found.rate / truth)).mean())

    knowing, nothing, guessing = off(np.log(truth)), off(None), off(random.normal(0, 0.6, 200))
    assert knowing < 0.75 * nothing
    assert guessing < 1.1 * nothing


def test_late_orders_are_learnt_from_the_shops_own_days() -> None:
    curve = np.array([0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 1.0])
    clicks = np.full((40, 56), 200.0)
    part = curve[np.clip(np.arange(55, -1, -1), 0, 14)]
    found = completeness(table(clicks, clicks * 0.05 * part), LATE)
    assert found[-1] == pytest.approx(0.2, abs=0.08)
    assert (np.diff(found) <= 1e-12).all()
    nothing = completeness(table(clicks[:, :10], clicks[:, :10] * 0.0), LATE)
    assert nothing[-1] == pytest.approx(default_curve(LATE)[0])


def test_clicks_grow_with_the_bid_as_click_cost_below_it_says() -> None:
    clicks = np.full((5, 28), 40.0)
    none = np.zeros(clicks.shape, dtype=bool)
    at = {cpc: landscape(table(clicks, clicks, clicks * cpc), none).clicks[0] for cpc in (0.4, 0.5, 0.75)}
    assert at[0.5] == pytest.approx(1.0)
    assert at[0.75] == pytest.approx(3.0)
    assert at[0.4] == pytest.approx(2 / 3)


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_moves_of_bids_teach_how_clicks_answer(power: float) -> None:
    random = np.random.default_rng(3)
    bids = np.exp(np.cumsum(random.choice([-0.2, 0.0, 0.2], (60, 28)), axis=1))
    luck = random.lognormal(0, 0.3, 28)
    clicks = random.poisson(30 * bids**power * luck).astype(float)
    figures = table(clicks, clicks, clicks * bids * 0.5)
    moved = Figures((), figures.clicks, figures.spend, clicks, clicks, clicks, bids, clicks)
    found = landscape(moved, np.zeros(bids.shape, dtype=bool))
    assert found.clicks[0] == pytest.approx(power, rel=0.15)
    assert found.cost(np.array([2.0] * 60))[0] == pytest.approx(2 ** (1 + found.clicks[0]))


def test_days_that_ended_early_say_that_more_was_wanted() -> None:
    cost, none = np.full(14, 100.0), np.zeros(14, dtype=bool)
    assert pace.wanted_a_day(cost, none, 100.0) == pytest.approx(100.0)
    assert pace.wanted_a_day(cost, ~none, 100.0) > 115
    assert np.isnan(pace.wanted_a_day(np.full(14, np.nan), none, 100.0))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_what_was_wanted_is_found_behind_a_budget(share: float) -> None:
    random = np.random.default_rng(1)
    found = []
    for _ in range(25):
        wanted = 100 * random.lognormal(0, 0.25, 28)
        amount = float(np.quantile(wanted, 1 - share))
        found.append(pace.wanted_a_day(np.minimum(wanted, amount), wanted >= amount, amount))
    assert float(np.mean(found)) == pytest.approx(100, rel=0.12)


def test_the_price_of_money_is_what_makes_cost_meet_the_budget() -> None:
    assert pace.price_of_money(lambda price: 200 / price**2, 50.0, 1.0) == pytest.approx(2.0)
    assert pace.price_of_money(lambda price: 40 / price, 50.0, 1.0) == 1.0
    assert pace.price_of_money(lambda price: 40 / price, 50.0, 3.0) == 3.0


@given(
    now=st.integers(1, 500).map(lambda one: one * 10_000),
    wish=st.floats(1e3, 1e8),
    low=st.integers(1, 400_000),
    width=st.integers(0, 10_000_000),
    step=st.floats(0.01, 0.5),
    ago=st.integers(0, 9),
    before=st.integers(1, 500).map(lambda one: one * 10_000),
)
def test_a_step_stays_in_bounds_and_steps_and_never_turns_back_soon(
    now: int, wish: float, low: int, width: int, step: float, ago: int, before: int
) -> None:
    room = Room(low, low + width, step, timedelta(days=2), 10_000)
    moves = [Moved(DAY - timedelta(days=ago), before, now)] if before != now else []
    after, why = stepped(now, wish, room, DAY, moves)
    if after == now:
        assert why is not None
        return
    inside = low <= now <= low + width
    if why is not Why.BOUNDS:
        assert low <= after <= low + width
        assert abs(after - now) <= max(step * now * (1 + 1e-9), room.grain)
        assert (after > now) == (wish > now)
        assert not moves or ago >= 2
        assert not moves or (after > now) == (now > before) or ago >= 4
    else:
        assert not inside or low + width < 10_000 + low
        assert abs(after - np.clip(now, low, low + width)) <= room.grain
    assert after % room.grain == 0


def test_a_platforms_step_that_is_coarser_than_ours_is_taken_whole() -> None:
    room = Room(10_000, None, 0.1, timedelta(days=2), 10_000)
    assert stepped(50_000, 90_000.0, room, DAY, []) == (60_000, None)
    assert stepped(50_000, 55_000.0, room, DAY, []) == (50_000, Why.NEAR)


def test_of_two_reports_of_a_day_the_newer_counts_and_what_is_left_out_is_zero() -> None:
    one, other = a_bid("k", clicks=30), a_bid("z", clicks=50)
    first = reports(one)
    newer = [
        type(first[0])(r.lever, r.day, r.observed_at + timedelta(hours=1), reports(other)[i].performance, value=r.value)
        for i, r in enumerate(first)
    ]
    levers = [lever(one), lever(other)]
    both = Figures.of(levers, [*newer, *first], DAY, 28)
    assert (both.clicks[0] == 50).all()
    assert (both.clicks[1] == 0).all()
    then = Figures.of(levers, [*newer, *first], DAY, 28, first[0].observed_at)
    assert (then.clicks[0] == 30).all()
    assert np.isnan(Figures.of(levers, [], DAY, 28).clicks).all()
    assert a_case(one).figures.days == 56


def test_words_without_a_bid_of_their_own_count_for_the_ad_group_whose_bid_holds() -> None:
    group = a_bid("g1", kind=LeverKind.AD_GROUP, clicks=0, bid=0.5)
    heir = a_bid("w", clicks=30, facts={"inherited": "g1", "now": None})
    own = a_bid("own", clicks=30, cvr=0.0, bid=1.2)
    head, word, _ = propose(a_case(group, heir, own)).lines
    assert (head.clicks, head.after) == (840, 600_000)
    assert head.cvr > 0.02
    assert (word.why, word.moves) == (Why.UNKNOWN, False)


def test_an_ad_groups_bid_that_no_word_uses_stays() -> None:
    unused = propose(a_case(a_bid("g1", kind=LeverKind.AD_GROUP, clicks=0, bid=0.5), a_bid("own", clicks=60))).lines[0]
    assert unused.why is Why.FEW_CLICKS


def test_bids_of_past_days_are_told_by_own_moves_where_reports_do_not_say() -> None:
    one = a_bid("k", bid=1.0, days=6)
    levers = [lever(one)]
    silent = [replace(report, value=None) for report in reports(one)]
    figures = Figures.of(levers, silent, DAY, 6)
    moves = {
        one.id: [Moved(DAY - timedelta(days=4), 500_000, 800_000), Moved(DAY - timedelta(days=2), 800_000, 1_000_000)]
    }
    past = figures.in_force(levers, moves, DAY)[0] / 1e6
    assert past.tolist() == [0.5, 0.5, 0.8, 0.8, 1.0, 1.0]
    assert (Figures.of(levers, reports(one), DAY, 6).in_force(levers, moves, DAY) == 1_000_000).all()
