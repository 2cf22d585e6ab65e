"""Scoring: what a policy earned by the hidden truth, beside an even split of the same money in the same shop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.connectors.sandbox import even_split, even_split_profit, score
from bidder.connectors.sandbox.score import DEFAULT_START
from bidder.connectors.sandbox.shop import CAMPAIGNS, PRODUCT_INDEX, PRODUCTS
from bidder.connectors.sandbox.truth import WARM_UP, best_split, draw
from bidder.connectors.sandbox.world import Step, World
from bidder.money import Currency, Money

N = len(CAMPAIGNS)
DAYS = 60
Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def yuan(amount: int) -> Money:
    return Money.parse(amount, Currency("CNY"))


@given(st.integers(0, 20_000))
@settings(deadline=None)
def test_an_even_split_is_whole_yuan_at_the_minimum_or_more_and_sums_to_the_total(total: int) -> None:
    split = even_split(yuan(total))
    amounts = [amount.to_float() for amount in split.values()]
    assert all(amount >= 30 and amount == int(amount) for amount in amounts)
    assert max(amounts, default=0) - min(amounts, default=0) <= 1
    assert sum(amounts) == (total if total >= 30 else 0)
    assert len(split) == min(N, total // 30)


def test_the_even_split_of_a_seed_is_the_same_every_time() -> None:
    one = even_split_profit(4, DAYS, yuan(2_000))
    assert one == even_split_profit(4, DAYS, yuan(2_000))
    assert one == score(4, DAYS, [even_split(yuan(2_000))] * DAYS)
    assert one == even_split_profit(4, DAYS, [yuan(2_000)] * DAYS)
    assert one.days == DAYS
    assert one.spend <= 2_000 * 1.2 * DAYS


def test_what_is_left_out_is_off() -> None:
    nothing = score(0, 3, [{}] * 3)
    assert (nothing.profit, nothing.spend) == (0.0, 0.0)
    one = score(0, 3, [{"search-P01": yuan(100)}] * 3)
    assert 0 < one.spend <= 360


def test_scoring_asks_for_what_it_needs() -> None:
    with pytest.raises(ValueError, match="3 days, were 2"):
        score(0, 3, [{}] * 2)
    with pytest.raises(ValueError, match="expected CNY, was USD"):
        score(0, 1, [{"search-P01": Money.parse(100, Currency("USD"))}])


def test_only_days_from_the_start_on_count_and_weekdays_are_the_calendars() -> None:
    split = [even_split(yuan(2_000))] * 14
    assert score(0, 7, split).spend < score(0, 14, split).spend
    assert score(0, 7, split, date(2026, 9, 1)) != score(0, 7, split, date(2026, 9, 3))


# Policies that know nothing but the reports: what they earn says whether a world can be learned at all.
Policy = Callable[[Floats, Floats], Floats]


def by_return(profit: Floats, spend: Floats) -> Floats:
    return profit / np.maximum(spend, 1)


def by_both(profit: Floats, spend: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(profit, 1) * np.maximum(spend, 1)))


def played(seed: int, policy: Policy, total: int = 2_000) -> Sequence[Mapping[str, Money]]:
    """The budgets of a policy that weighs campaigns by their last 7 days as reported, in steps of at most 30 %."""
    world, runs, budgets = World(seed, DEFAULT_START), {}, []
    margin = np.array([PRODUCTS[PRODUCT_INDEX[c.product]].economics.margin for c in CAMPAIGNS])
    for day in range(-7, 0):
        runs.update({(day, i): world.run(day, i, [Step(0.0, world.habits(day)[i])]) for i in range(N)})
    now = np.array(world.habits(0), dtype=np.float64)
    for day in range(DAYS):
        seen = [[runs[d, i].figures(day - d + 0.4) for i in range(N)] for d in range(day - 7, day)]
        earned = np.array([[f.revenue for f in row] for row in seen]).sum(axis=0) / 100 * margin
        weight = policy(earned, np.array([[f.spend for f in row] for row in seen]).sum(axis=0) / 100)
        wanted = np.clip(total * weight / weight.sum(), 0.6 * now, 1.3 * now)
        now = np.maximum(30.0, np.floor(wanted * min(1.0, total / wanted.sum())))
        while now.sum() > total:
            now[now.argmax()] -= 1
        budgets.append({c.id: yuan(int(now[i])) for i, c in enumerate(CAMPAIGNS)})
        runs.update({(day, i): world.run(day, i, [Step(0.0, float(now[i]))]) for i in range(N)})
    return budgets


def test_worlds_leave_room_and_are_not_made_for_one_policy() -> None:
    """Seeds 0–9: the even split earns, the best fixed split earns 15–75 % more, simple learners find part of it."""
    best, simple = [], []
    for seed in range(10):
        even = even_split_profit(seed, DAYS, yuan(2_000))
        assert 0.2 < even.profit / even.spend < 1.0
        _, split = best_split(draw(seed).usual_profit, N, 2_000)
        fixed = score(seed, DAYS, [{c.id: yuan(split[i]) for i, c in enumerate(CAMPAIGNS)}] * DAYS)
        best.append(fixed.profit / even.profit - 1)
    for seed in range(4):
        even = even_split_profit(seed, DAYS, yuan(2_000))
        simple += [score(seed, DAYS, played(seed, p)).profit / even.profit - 1 for p in (by_return, by_both)]
    assert min(best) >= 0.15
    assert max(best) <= 0.75
    assert 0.25 <= np.mean(best) <= 0.55
    assert min(simple) > 0
    assert np.mean(simple) < np.mean(best)


def test_the_warm_up_is_long_enough_for_a_first_plan() -> None:
    assert WARM_UP == 28
