"""Keywords that spend without orders, and those that sell and have no budget left."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from bidder.bids.case import Case
from bidder.bids.diagnose import Finding, FindingKind, diagnose
from bidder.bids.figures import Figures
from tests.bids.cases import BUDGET, DAY, M, a_bid, a_case


def found(case: Case) -> tuple[Finding, ...]:
    return diagnose(case.levers, case.figures, case.worth, case.budgets, case.day, case.late)


OTHERS = [a_bid(f"o{i}", clicks=40, cvr=0.03) for i in range(3)]


def test_spend_without_orders_is_found_once_orders_were_to_be_expected() -> None:
    (one,) = found(a_case(a_bid("bad", clicks=10, cvr=0.0), *OTHERS))
    assert (one.kind, one.lever.name, one.orders) == (FindingKind.SPEND_WITHOUT_ORDERS, "bad", 0)
    assert 7 < one.expected < 9.5
    assert one.spend == 280 * 0.6 * M


def test_few_clicks_without_an_order_are_chance() -> None:
    assert found(a_case(a_bid("few", clicks=2, cvr=0.0), *OTHERS)) == ()


def test_dear_clicks_are_found_sooner() -> None:
    assert len(found(a_case(a_bid("dear", clicks=3, cpc=3.0, cvr=0.0), *OTHERS))) == 1  # 252 for orders that leave 40


def test_orders_without_budget_are_found_where_it_ended_early_on_three_of_seven_days() -> None:
    case = a_case(a_bid("sells", clicks=60, cvr=0.05), a_bid("loses", clicks=60, cvr=0.005), budget=72)

    def ended(days: int) -> list[str]:
        spent = {DAY - timedelta(days=back): (72 if back <= days else 40) * M for back in range(1, 29)}
        facts = replace(case.budgets[BUDGET], spent=spent)
        return [one.lever.name for one in found(replace(case, budgets={BUDGET: facts}))]

    assert ended(2) == []
    assert ended(3) == ["sells"]


def test_targets_and_paused_words_are_left_out_and_nothing_is_found_of_nothing() -> None:
    assert found(a_case(a_bid("bad", clicks=10, cvr=0.0, facts={"active": False}), *OTHERS)) == ()
    assert diagnose([], Figures.of([], [], DAY, 28), {}, {}, DAY) == ()
    case = a_case(a_bid("bad", clicks=10, cvr=0.0), *OTHERS)
    nothing = np.full_like(case.figures.clicks, np.nan)
    assert found(replace(case, figures=replace(case.figures, clicks=nothing, orders=nothing))) == ()


def test_words_that_sell_alike_are_seldom_taken_for_bad() -> None:
    random, false = np.random.default_rng(2), 0
    for _ in range(20):
        case = a_case(*(a_bid(f"k{i}", clicks=8, cvr=0.03) for i in range(20)))
        orders = random.binomial(8, 0.03, case.figures.clicks.shape).astype(float)
        orders[:, :28] = np.nan
        false += len(found(replace(case, figures=replace(case.figures, orders=orders))))
    assert false <= 8  # of 400
