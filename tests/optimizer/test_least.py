"""A cap below what platforms take: money goes down to their minimums at once, and nothing is raised for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.catalog import BudgetStatus, Mode
from bidder.decide import Decision, Policy, decide
from bidder.errors import Source
from bidder.optimizer.least import least_taken, not_below_minimums
from bidder.rules.base import Rule
from bidder.rules.conditions import Condition
from bidder.rules.words import WORDS
from tests.builders import a_budget, a_shop, yuan

PLACE = Source("rules.yaml", 1, 3)


def under_cap(cap: float, now: float = 100.0, **more: float) -> Decision:
    seen = a_shop(*(a_budget(f"ads/{n}", now=now, minimum=10.0, cvr=0.02 + n / 500) for n in range(6)))
    seen = replace(seen, accounts=tuple(replace(one, mode=Mode.APPLY) for one in seen.accounts))
    rules = [Rule("the cap", WORDS["total"].model_validate({"max": cap}), PLACE)]
    for name, least in more.items():
        where = Condition.read({"budget": f"ads/{name[1:]}"})
        rules.append(Rule(f"least of {name}", WORDS["budget"].model_validate({"min": least}), PLACE, where))
    return decide(seen, Policy(tuple(rules)))


def after(decision: Decision) -> list[float]:
    return [change.after.to_float() for change in decision.plan.changes]


@pytest.mark.parametrize("now", [12.0, 30.0, 100.0, 900.0])
@pytest.mark.parametrize("cap", [1.0, 20.0, 59.99])
def test_a_cap_below_the_minimums_cuts_to_the_minimums_and_no_brake_holds_it(cap: float, now: float) -> None:
    decision = under_cap(cap, now)
    assert after(decision) == [10.0] * 6
    assert decision.held == ()
    assert decision.limits.limits[0].bound == cap  # the cap itself is not lifted


def test_a_floor_of_the_owner_does_not_keep_money_above_it() -> None:
    assert after(under_cap(50.0, n0=80.0)) == [10.0] * 6


def test_a_cap_that_can_be_kept_is_kept() -> None:
    assert sum(after(under_cap(60.0))) <= 60.0
    assert sum(after(under_cap(61.0))) <= 61.0


def test_at_the_minimums_nothing_moves_any_more() -> None:
    assert not under_cap(50.0, 10.0).plan.moved


@settings(deadline=None, max_examples=50)
@given(st.floats(1.0, 400.0), st.floats(1.0, 400.0), st.floats(1.0, 60.0))
def test_nothing_is_raised_for_it(now: float, amount: float, minimum: float) -> None:
    (budget,) = a_shop(a_budget("ads/1", now=round(now, 2), minimum=round(minimum, 2))).budgets
    (taken,) = not_below_minimums([yuan(round(amount, 2))], [budget])
    assert budget.now is not None
    if taken != yuan(round(amount, 2)):
        assert taken <= budget.now
        assert taken.micros <= least_taken(budget)


def test_what_is_paused_or_was_never_read_is_left_as_planned() -> None:
    (budget,) = a_shop(a_budget("ads/1", now=100.0, minimum=10.0)).budgets
    for one in (replace(budget, status=BudgetStatus.PAUSED), replace(budget, now=None)):
        assert not_below_minimums([yuan(3)], [one]) == (yuan(3),)
    coarse = replace(budget, minimum=yuan(10.5), step=yuan(1))
    assert not_below_minimums([yuan(3)], [coarse]) == (yuan(11),)
