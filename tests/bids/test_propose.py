"""A bid goes to what a click is worth beside the price of its budget's money, and stays where anything is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from bidder.bids.case import Case, Moved, Proposal, Why
from bidder.bids.figures import Figures
from bidder.bids.propose import propose
from tests.bids.cases import BUDGET, DAY, M, a_bid, a_case


def only(case: Case) -> Proposal:
    (line,) = propose(case).lines
    return line


def bid(line: Proposal) -> float:
    assert line.after is not None
    return line.after / M


def test_a_click_that_is_worth_more_than_is_bid_is_bid_up_by_a_step() -> None:
    line = only(a_case(a_bid(bid=0.5, cvr=0.03, worth=40)))  # worth 1.2
    assert line.why is Why.WORTH_MORE
    assert bid(line) == pytest.approx(0.6)
    assert line.click / M == pytest.approx(1.2, rel=0.05)
    assert line.low < line.click < line.high


def test_a_click_that_is_worth_less_is_bid_down_by_a_step() -> None:
    line = only(a_case(a_bid(bid=2.0, cvr=0.03, worth=40)))
    assert line.why is Why.WORTH_LESS
    assert bid(line) == pytest.approx(1.6)


def test_a_bid_at_its_worth_stays() -> None:
    assert only(a_case(a_bid(bid=1.2, cvr=0.03, worth=40))).why is Why.NEAR


def test_the_keep_share_is_the_part_that_may_be_bid() -> None:
    line = only(a_case(a_bid(bid=1.2, cvr=0.03, worth=40), settings={"keep_share": "50%"}))
    assert bid(line) == pytest.approx(0.96)
    assert line.click / M == pytest.approx(0.6, rel=0.05)


def test_where_the_budget_is_used_up_bids_fall_though_a_click_is_worth_more() -> None:
    line = only(a_case(a_bid(bid=1.0, clicks=100, cvr=0.05, worth=40), budget=60))  # spends 60 of 60, worth 2
    assert (line.why, line.price > 1) == (Why.MONEY_DEAR, True)
    assert bid(line) < 1.0


def test_where_the_budget_is_not_used_up_its_price_counts_for_nothing() -> None:
    free, priced = (only(a_case(a_bid(bid=0.5), budget=1000, price=one)) for one in (0.0, 3.0))
    assert bid(free) == bid(priced)
    assert priced.price == 1.0


def test_where_the_budget_binds_a_click_is_divided_by_what_the_money_earns_elsewhere() -> None:
    case = a_case(a_bid(bid=1.0, clicks=100, cvr=0.2, worth=40), budget=60, price=5.0)
    assert only(case).price >= 6.0 * 0.99


def test_a_product_whose_orders_leave_nothing_goes_to_its_floor() -> None:
    line = only(a_case(a_bid(bid=1.0, worth=-5.0), settings={"floor": 0.9}))
    assert line.why is Why.NO_WORTH
    assert bid(line) == pytest.approx(0.9)


def test_a_keyword_that_sells_is_bid_above_one_that_does_not() -> None:
    case = a_case(a_bid("sells", cvr=0.08, clicks=60), a_bid("looks", cvr=0.0, clicks=60), *_others(8))
    sells, looks, *_ = propose(case).lines
    assert bid(sells) > 1.0 > bid(looks)


def test_a_thin_keyword_is_believed_to_be_like_its_product() -> None:
    case = a_case(a_bid("thin", clicks=1, orders=0.0, bid=1.2), *_others(8))
    thin = propose(case).lines[0]
    assert thin.cvr == pytest.approx(0.03, rel=0.25)  # 28 clicks without an order say little


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"active": False}, Why.PAUSED),
        ({"now": None}, Why.UNKNOWN),
        ({"inherited": "g"}, Why.UNKNOWN),
        ({"budget": None}, Why.NO_BUDGET),
        ({"minimum": 3 * M, "maximum": 2 * M}, Why.CLASH),
    ],
)
def test_what_is_not_known_or_not_to_be_moved_stays_and_says_why(facts: dict[str, Any], why: Why) -> None:
    line = only(a_case(a_bid(bid=0.5, facts=facts)))
    assert (line.why, line.moves) == (why, False)


@pytest.mark.parametrize("worth", [float("nan"), float("inf")])
def test_a_contribution_that_is_no_number_holds(worth: float) -> None:
    assert only(a_case(a_bid(bid=0.5, worth=worth))).why is Why.NO_MARGIN


def test_a_margin_that_nobody_gave_holds() -> None:
    assert only(replace(a_case(a_bid(bid=0.5)), worth={})).why is Why.NO_MARGIN


@pytest.mark.parametrize("price", [float("nan"), float("inf")])
def test_a_price_of_money_that_is_not_known_holds(price: float) -> None:
    assert only(a_case(a_bid(bid=0.5), price=price)).why is Why.NO_BUDGET


def test_a_budget_that_nobody_knows_or_whose_amount_was_never_read_holds() -> None:
    assert only(a_case(a_bid(bid=0.5), budget=None)).why is Why.NO_BUDGET
    assert only(replace(a_case(a_bid(bid=0.5)), budgets={})).why is Why.NO_BUDGET


def test_a_unit_whose_budget_moves_today_has_no_bid_move() -> None:
    assert only(a_case(a_bid(bid=0.5), facts={"moves": True})).why is Why.BUDGET_MOVES


def test_reports_that_are_old_hold() -> None:
    case = a_case(a_bid(bid=0.5))
    late = replace(case, day=DAY + timedelta(days=4))
    blank = np.full_like(case.figures.clicks[:, :4], np.nan)
    figures = case.figures
    names = ("clicks", "spend", "orders", "revenue", "impressions", "value", "rank")
    shifted = Figures(figures.levers, *(np.hstack([getattr(figures, name)[:, 4:], blank]) for name in names))
    assert only(replace(late, figures=shifted)).why is Why.STALE


def test_figures_that_are_no_numbers_hold() -> None:
    case = a_case(a_bid(bid=0.5))
    nothing = np.full_like(case.figures.clicks, np.nan)
    for broken in (replace(case.figures, clicks=nothing), replace(case.figures, orders=nothing)):
        assert not only(replace(case, figures=broken)).moves


def test_few_clicks_of_a_bid_and_its_product_hold_and_few_of_the_bid_alone_halve_the_step() -> None:
    assert only(a_case(a_bid(bid=0.5, clicks=2, days=4))).why is Why.FEW_CLICKS
    thin = propose(a_case(a_bid("thin", clicks=1, days=9, orders=0.0, bid=0.3), *_others(8, 4.0))).lines[0]
    assert bid(thin) == pytest.approx(0.33)


def test_a_bid_rests_after_a_move_and_turns_back_no_sooner_than_in_four_days() -> None:
    case = a_case(one := a_bid(bid=0.5))

    def why(days: int, before: int, after: int) -> Why:
        return only(replace(case, moves={one.id: [Moved(DAY - timedelta(days=days), before, after)]})).why

    assert why(1, 400_000, 500_000) is Why.RESTS
    assert why(2, 400_000, 500_000) is Why.WORTH_MORE
    assert why(3, 600_000, 500_000) is Why.TURNS
    assert why(4, 600_000, 500_000) is Why.WORTH_MORE


def test_a_bid_that_moved_today_does_not_move_again() -> None:
    case = a_case(one := a_bid(bid=0.5))
    assert only(replace(case, moves={one.id: [Moved(DAY, 400_000, 500_000)]})).why is Why.RESTS


def test_the_first_page_is_bid_for_as_far_as_a_click_is_worth_it() -> None:
    def at(costs: float, **settings: Any) -> Proposal:
        bids = a_bid(bid=1.0, clicks=100, cvr=0.05, worth=40, facts={"first_page": round(costs * M)})  # worth 2
        return only(a_case(bids, budget=60, settings=settings))

    assert at(1.15).after is not None
    assert bid(at(1.15)) < 1.0  # the money is dear
    wanted = at(1.15, first_page=True)
    assert wanted.why is Why.GOAL
    assert bid(wanted) == pytest.approx(1.15)
    assert at(9.0, first_page=True).wish / M == pytest.approx(2.0, rel=0.15)


def test_a_position_behind_the_goal_is_bid_up_and_one_at_the_goal_is_kept() -> None:
    def at(rank: float) -> Proposal:
        one = a_bid(bid=1.0, clicks=100, cvr=0.05, worth=40, rank=rank)
        return only(a_case(one, budget=60, settings={"rank": 3}))

    assert at(5.0).why is Why.GOAL
    assert bid(at(5.0)) == pytest.approx(1.2)
    assert not at(3.0).moves
    assert bid(at(1.5)) < 1.0


def test_a_bid_outside_what_a_person_wrote_goes_inside() -> None:
    line = only(a_case(a_bid(bid=2.0), settings={"cap": 1.5}))
    assert (line.why, bid(line)) == (Why.BOUNDS, 1.5)
    assert propose(a_case(a_bid(bid=2.0), settings={"cap": 1.5})).changes[0].reason == "bounds"


def test_changes_are_those_that_move_by_id() -> None:
    made = propose(a_case(a_bid("b", bid=0.5), a_bid("a", bid=0.5), a_bid("c", facts={"active": False})))
    assert [one.lever.native for one in made.changes] == ["a", "b"]
    assert all(one.moves and one.before == 500_000 for one in made.changes)


def test_one_budget_has_one_price_of_money() -> None:
    lines = propose(a_case(a_bid("a", clicks=80), a_bid("b", clicks=80), budget=90)).lines
    assert lines[0].price == lines[1].price > 1
    assert all(line.lever.budget == BUDGET for line in lines)


def _others(count: int, unlike: float = 1.0) -> list[Any]:
    """They sell alike; every second is bid for `unlike` times as much as the rest."""
    return [a_bid(f"o{i}", clicks=40, cvr=0.03, bid=1.2 * (unlike if i % 2 else 1.0)) for i in range(count)]
