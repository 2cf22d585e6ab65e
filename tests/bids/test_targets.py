"""Targets of campaigns that steer themselves: a tenth at most, five days of rest, only where the budget has room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bidder.bidding import LeverKind
from bidder.bids.case import Case, Moved, Proposal, Why
from bidder.bids.propose import propose
from tests.bids.cases import BUDGET, DAY, M, a_bid, a_case

ROAS, CPA = LeverKind.TARGET_ROAS, LeverKind.TARGET_CPA


def a_target(
    kind: LeverKind = ROAS, bid: float = 4.0, spent: float = 60.0, amount: float = 100.0, **facts: object
) -> Case:
    """A campaign that spends 60 of 100 a day on 2 orders, each leaving 100."""
    figures: dict[str, Any] = {"orders": 2.0, "worth": 100.0, **facts}
    one = a_bid(kind=kind, bid=bid, clicks=60, cpc=1.0, **figures)
    days = {DAY - timedelta(days=back): round(spent * M) for back in range(1, 29)}
    return a_case(one, budget=amount, facts={"spent": days})


def only(case: Case) -> Proposal:
    (line,) = propose(case).lines
    return line


def test_while_the_last_unit_earns_and_the_budget_has_room_the_target_asks_for_less() -> None:
    line = only(a_target())  # 0.65 × 200 / 60 = 2.2 for the last unit
    assert (line.why, line.after) == (Why.TARGET_LOOSER, 3_600_000)


def test_a_cost_per_order_is_loosened_upwards() -> None:
    line = only(a_target(CPA, bid=30.0))
    assert (line.why, line.after) == (Why.TARGET_LOOSER, 33_000_000)


def test_where_the_last_unit_does_not_earn_itself_back_the_target_asks_for_more() -> None:
    assert only(a_target(worth=20.0)).after == 4_400_000
    assert only(a_target(CPA, bid=30.0, worth=20.0)).after == 27_000_000
    assert only(a_target(worth=-1.0)).why is Why.TARGET_TIGHTER


def test_what_the_money_earns_elsewhere_counts() -> None:
    case = a_target()
    assert only(replace(case, budgets={BUDGET: replace(case.budgets[BUDGET], price=4.0)})).after == 4_400_000


def test_a_budget_that_binds_is_the_lever_and_one_that_has_room_is_none() -> None:
    bound, free = a_target(spent=99.0), a_target()
    assert only(bound).why is Why.BUDGET_BINDS
    assert propose(bound).idle == ()
    assert propose(free).idle == (BUDGET,)


@pytest.mark.parametrize("back", [1, 2, 3])
def test_three_days_with_room_are_asked_for(back: int) -> None:
    case = a_target()
    spent = {**case.budgets[BUDGET].spent, DAY - timedelta(days=back): 99 * M}
    assert only(replace(case, budgets={BUDGET: replace(case.budgets[BUDGET], spent=spent)})).why is Why.BUDGET_BINDS


def test_a_target_rests_five_days() -> None:
    case = a_target()
    for days, why in ((1, Why.RESTS), (4, Why.RESTS), (5, Why.TARGET_LOOSER)):
        moved = {case.levers[0].id: [Moved(DAY - timedelta(days=days), 4_400_000, 4_000_000)]}
        assert only(replace(case, moves=moved)).why is why


@pytest.mark.parametrize(
    ("facts", "case", "why"),
    [
        ({"moves": True}, {}, Why.BUDGET_MOVES),
        ({"price": float("nan")}, {}, Why.NO_BUDGET),
        ({}, {"worth": {}}, Why.NO_MARGIN),
        ({}, {"budgets": {}}, Why.NO_BUDGET),
    ],
)
def test_never_both_on_a_day_and_nothing_where_a_figure_lacks(
    facts: Mapping[str, Any], case: Mapping[str, Any], why: Why
) -> None:
    made = a_target()
    made = replace(made, budgets={BUDGET: replace(made.budgets[BUDGET], **facts)})
    assert only(replace(made, **case)).why is why


def test_few_orders_say_nothing_of_a_return() -> None:
    assert only(a_target(orders=0.2)).why is Why.FEW_CLICKS


def test_a_target_stays_on_the_platforms_step_and_inside_its_bounds() -> None:
    assert only(a_target(facts={"minimum": 3_800_000})).after == 3_800_000
    assert not only(a_target(facts={"step": 500_000})).moves, "never by more than a tenth"
    assert only(a_target(facts={"step": 300_000}, bid=4.2)).after == 3_900_000
