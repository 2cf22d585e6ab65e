"""The most that may be in force: each budget at the larger of its possible amounts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bidder.exposure import Exposure
from bidder.ids import AccountId, BudgetId
from bidder.money import Money
from tests.fakes import CNY, yuan

B1, B2 = (BudgetId(AccountId("ads"), name) for name in ("b1", "b2"))


def test_a_budget_of_unknown_outcome_counts_as_its_larger_amount_also_when_less_is_asked() -> None:
    exposure = Exposure({B1: yuan(100), B2: yuan(50)}, yuan(200), CNY, {})
    exposure.count(B1, yuan(100), yuan(160))
    assert exposure.total == yuan(210).micros
    assert exposure.lacks_room(B1, yuan(120)) == "the budgets could add up to 210.00 CNY, at most 200.00 CNY is allowed"


def test_a_budget_that_was_not_counted_needs_room_of_its_own() -> None:
    exposure = Exposure({B1: yuan(100)}, yuan(150), CNY, {})
    assert exposure.lacks_room(B2, yuan(50)) is None
    assert exposure.lacks_room(B2, yuan("50.01")) is not None


@given(st.lists(st.integers(0, 10**12), max_size=5), st.integers(0, 10**12), st.integers(0, 10**13))
def test_room_is_given_exactly_up_to_the_cap(others: list[int], wanted: int, cap: int) -> None:
    in_force = {BudgetId(AccountId("ads"), str(place)): Money(micros, CNY) for place, micros in enumerate(others)}
    room = Exposure(in_force, Money(cap, CNY), CNY, {}).lacks_room(B1, Money(wanted, CNY)) is None
    assert room == (sum(others) + wanted <= cap)
