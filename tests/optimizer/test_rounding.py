"""Whole steps: every limit kept, the absolute caps exactly, the same for the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.catalog import Account, Budget
from bidder.ids import AccountId, BudgetId
from bidder.limits import Limit, Limits, Priority, Quantity, Sense
from bidder.money import Currency, Money
from bidder.optimizer.rounding import round_amounts, whole_steps
from bidder.plan import Allocation, Certificate, Price
from bidder.snapshot import FloatArray, History, Snapshot
from tests.optimizer.shops import between, group, only, total

CNY, JPY, KWD, USD = Currency("CNY"), Currency("JPY"), Currency("KWD"), Currency("USD")


def an_allocation(amounts: Sequence[float] | FloatArray, limits: Limits, relaxed: float = 0.0) -> Allocation:
    """Just these amounts; each limit relaxed by `relaxed`."""
    column = np.asarray(amounts, dtype=np.float64)
    prices = tuple(Price(one.rule, 0.0, False, relaxed) for one in limits.limits)
    return Allocation(column, 0.0, 0.0, column, prices, (), 0.0, Certificate("optimal", 0.0))


def a_snapshot(currency: Currency, *budgets: Budget, exchange: dict[Currency, float] | None = None) -> Snapshot:
    """Budgets in the order given (their names keep it where figures are equal)."""
    return Snapshot(
        dt.datetime(2026, 5, 1, tzinfo=dt.UTC),
        dt.date(2026, 5, 1),
        currency,
        (Account(AccountId("a"), "sandbox", currency, "UTC"),),
        budgets,
        (),
        History.empty(),
        Money.zero(currency),
        exchange or {},
    )


def a_budget(currency: Currency = CNY, now: str | None = None, step: str | None = None) -> Budget:
    """A budget with its amount in force and the platform's step."""
    return Budget(
        BudgetId(AccountId("a"), "b"),
        "b",
        currency,
        now=None if now is None else Money.parse(now, currency),
        step=None if step is None else Money.parse(step, currency),
    )


def rounded(amounts: Sequence[float], limits: Limits, *budgets: Budget, relaxed: float = 0.0) -> list[str]:
    """The amounts as text."""
    snapshot = a_snapshot(budgets[0].currency, *budgets)
    return [str(money) for money in round_amounts(an_allocation(amounts, limits, relaxed), limits, snapshot)]


@pytest.mark.parametrize(("currency", "step"), [(JPY, 1_000_000), (CNY, 10_000), (KWD, 1_000)])
def test_the_sum_never_passes_the_total_and_wastes_less_than_a_step_each(currency: Currency, step: int) -> None:
    random = np.random.default_rng(step)
    for _ in range(1_000):
        size = int(random.integers(1, 25))
        amounts = random.lognormal(3.0, 1.0, size)
        bound = float(np.round(amounts.sum(), 3))
        amounts *= min(1.0, bound / amounts.sum())
        limits = only(total(size, bound), size=size)
        micros = whole_steps(
            an_allocation(amounts, limits), limits, np.ones(size), np.full(size, step), np.full(size, -1)
        )
        assert int(micros.sum()) <= round(bound * 1e6)
        assert (micros % step == 0).all()
        assert (np.abs(micros - amounts * 1e6) < step).all()
        assert bound * 1e6 - int(micros.sum()) < 2 * step


def test_what_is_left_goes_to_those_that_lost_most() -> None:
    limits = only(total(3, 100.0), size=3)
    assert rounded([33.337, 33.331, 33.332], limits, *[a_budget()] * 3) == ["33.34", "33.33", "33.33"]


def test_two_alike_stay_equal_though_a_step_is_left() -> None:
    limits = only(total(2, 100.01), size=2)
    assert rounded([50.005, 50.005], limits, a_budget(), a_budget()) == ["50.00", "50.00"]


def test_a_budget_that_should_not_move_keeps_its_amount_though_it_is_off_the_step() -> None:
    limits = only(total(2, 200.0), size=2)
    budgets = [a_budget(now="33.337", step="1"), a_budget(now="50", step="1")]
    assert rounded([33.337 * (1 + 1e-12), 60.7], limits, *budgets) == ["33.337", "60.00"]


def test_a_platform_that_takes_whole_tens_gets_them() -> None:
    assert rounded([44.9, 55.1], only(total(2, 100.0), size=2), *[a_budget(step="10")] * 2) == ["40.00", "60.00"]


def test_floors_come_first_and_the_absolute_cap_last() -> None:
    kept = only(total(2, 100.0), between(2, [33.333, 0.0], 90.0), size=2)
    assert rounded([33.333, 66.667], kept, a_budget(), a_budget()) == ["33.34", "66.66"]
    short = only(total(3, 100.0), between(3, 33.333, 90.0), size=3)
    assert rounded([33.333, 33.333, 33.333], short, *[a_budget()] * 3) == ["33.33", "33.33", "33.33"]


def test_a_maximum_off_the_step_is_not_passed() -> None:
    assert rounded([30.5, 1.0], only(total(2, 90.0), between(2, 0.0, 30.5), size=2), *[a_budget(step="1")] * 2) == [
        "30.00",
        "1.00",
    ]


def test_a_group_floor_survives_rounding_down() -> None:
    floor = group([0, 1], 3, Sense.AT_LEAST, 50.0, Priority.WISH)
    limits = only(total(3, 100.0), floor, size=3)
    assert rounded([25.004, 24.996, 50.0], limits, *[a_budget()] * 3) == ["25.00", "25.00", "50.00"]


def test_a_share_cap_survives_rounding() -> None:
    share = Limit("share", Quantity.AMOUNT, np.array([0.5, -0.5]), Sense.AT_MOST, 0.0, Priority.WISH)
    limits = only(share, total(2, 21.0), size=2)
    assert rounded([10.4, 10.4], limits, a_budget(step="1"), a_budget()) == ["10.00", "10.40"]
    assert rounded([10.6, 10.2], limits, a_budget(step="1"), a_budget(step="1"), relaxed=0.2) == ["10.00", "10.00"]


def test_a_cap_that_amounts_in_force_break_by_a_little_takes_a_step_back() -> None:
    limits = only(total(2, 66.0), size=2)
    budgets = [a_budget(now="33.004"), a_budget(now="33.004")]
    assert rounded([33.004, 33.004], limits, *budgets) == ["33.00", "33.00"]


def test_limits_that_are_not_absolute_do_not_push_below_a_floor() -> None:
    cap = group([0], 1, Sense.AT_MOST, 20.0, Priority.WISH)
    limits = only(cap, between(1, 20.004, 30.0), size=1)
    assert rounded([20.004], limits, a_budget()) == ["20.01"]


def test_expectations_are_left_to_the_optimizer() -> None:
    limits = only(Limit("orders", Quantity.ORDERS, np.ones(1), Sense.AT_MOST, 0.1, Priority.STOCK), size=1)
    assert rounded([12.345], limits, a_budget()) == ["12.34"]


def test_budgets_in_another_currency_are_written_in_it_and_the_total_holds_in_the_shop_s() -> None:
    limits = only(total(2, 1000.0), size=2)
    snapshot = a_snapshot(CNY, a_budget(CNY), a_budget(USD), exchange={USD: 7.1234})
    mine, theirs = round_amounts(an_allocation([500.0, 500.0], limits), limits, snapshot)
    assert (mine.currency, theirs.currency) == (CNY, USD)
    assert str(theirs) == "70.19"
    assert mine.to_float() + 7.1234 * theirs.to_float() <= 1000.0


def test_nothing_to_round_is_nothing() -> None:
    limits = only(size=0)
    assert round_amounts(an_allocation([], limits), limits, a_snapshot(CNY)) == ()


@settings(deadline=None, max_examples=150)
@given(data=st.data(), size=st.integers(1, 8), step=st.sampled_from([1_000, 10_000, 1_000_000, 5_000_000]))
def test_every_limit_holds_after_rounding(data: st.DataObject, size: int, step: int) -> None:
    amounts = np.array(data.draw(st.lists(st.floats(0.0, 500.0), min_size=size, max_size=size)))
    members = data.draw(st.lists(st.integers(0, size - 1), unique=True))
    cap = group(members, size, Sense.AT_MOST, float(amounts[members].sum()), Priority.OWNER_CAP)
    lower = np.floor(amounts * data.draw(st.floats(0.0, 1.0)))
    upper = np.ceil(amounts * data.draw(st.floats(1.0, 2.0)))
    limits = only(total(size, float(amounts.sum())), cap, between(size, lower, upper), size=size)
    micros = whole_steps(an_allocation(amounts, limits), limits, np.ones(size), np.full(size, step), np.full(size, -1))
    assert int(micros.sum()) <= np.floor(amounts.sum() * 1e6 + 1e-3)
    assert int(micros[members].sum()) <= np.floor(amounts[members].sum() * 1e6 + 1e-3)
    assert (micros >= 0).all()
    assert (micros <= np.maximum(upper, step / 1e6) * 1e6).all()
    if step <= 1_000_000 and float(amounts.sum()) > lower.sum() + 1.0 and not members:
        assert (micros >= lower * 1e6 - 1).all()
