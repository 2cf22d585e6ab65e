"""What holds of every case: bounds, scale, order and names, no numbers, margins (hypothesis)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.bidding import LeverId
from bidder.bids.case import Case
from bidder.bids.figures import Figures
from bidder.bids.propose import propose
from bidder.bids.settings import BidSettings
from bidder.ids import ProductId
from tests.bids.cases import ACCOUNT, BUDGET, ABid, M, a_bid, a_case

BIDS = st.lists(
    st.builds(
        lambda bid, clicks, cvr, worth, product, group, days: a_bid(
            bid=bid / 100, clicks=clicks, cvr=cvr, worth=worth, product=f"p{product}", group=f"g{group}", days=days
        ),
        st.integers(5, 400),
        st.integers(0, 60),
        st.floats(0, 0.2),
        st.floats(-10, 100),
        st.integers(0, 2),
        st.integers(0, 1),
        st.integers(0, 20),
    ),
    min_size=1,
    max_size=9,
).map(lambda found: [replace(one, name=f"k{i}") for i, one in enumerate(found)])


def moved(case: Case) -> Mapping[LeverId, int | None]:
    return {line.lever.id: line.after for line in propose(case).lines}


@settings(max_examples=30, deadline=None)
@given(bids=BIDS, budget=st.integers(1, 500), floor=st.integers(5, 80), cap=st.integers(80, 300))
def test_no_bid_leaves_its_bounds_and_none_moves_by_more_than_its_step(
    bids: list[ABid], budget: int, floor: int, cap: int
) -> None:
    case = a_case(*bids, budget=budget, settings={"floor": floor / 100, "cap": cap / 100})
    for line in propose(case).lines:
        now, after = line.lever.now, line.after
        assert now is not None
        assert after is not None
        low, high = floor * 10_000, cap * 10_000
        assert not line.moves or low <= after <= high
        if low <= now <= high:
            assert abs(after - now) <= 0.2 * now + 1e-6 or abs(after - now) == 10_000


@settings(max_examples=30, deadline=None)
@given(bids=BIDS, budget=st.integers(1, 500), price=st.floats(0, 3))
def test_all_money_a_hundredfold_moves_bids_alike(bids: list[ABid], budget: int, price: float) -> None:
    small = a_case(*bids, budget=budget, price=price)
    figures = small.figures
    large = replace(
        small,
        levers=[replace(one, now=(one.now or 0) * 100, step=1_000_000) for one in small.levers],
        figures=replace(figures, spend=figures.spend * 100, revenue=figures.revenue * 100, value=figures.value * 100),
        worth={lever: one * 100 for lever, one in small.worth.items()},
        budgets={BUDGET: replace(small.budgets[BUDGET], now=budget * M * 100)},
    )
    assert {lever: (one or 0) * 100 for lever, one in moved(small).items()} == moved(large)


@settings(max_examples=30, deadline=None)
@given(bids=BIDS, budget=st.integers(1, 500), seed=st.integers(0, 1000))
def test_neither_names_nor_the_order_of_input_move_a_bid(bids: list[ABid], budget: int, seed: int) -> None:
    case = a_case(*bids, budget=budget)
    order = np.random.default_rng(seed).permutation(len(bids))
    named = {one.id: replace(one.id, native=f"z{seed}-{order[i]}") for i, one in enumerate(case.levers)}
    product = {one.product: ProductId(f"q{i}") for i, one in enumerate(reversed(case.levers))}
    levers = [replace(one, id=named[one.id], product=product[one.product]) for one in case.levers]
    figures = case.figures
    columns = {name: getattr(figures, name)[order] for name in Figures.__slots__ if name != "levers"}
    other = replace(
        case,
        levers=[levers[i] for i in order],
        figures=Figures(tuple(levers[i].id for i in order), **columns),
        worth={named[lever]: one for lever, one in case.worth.items()},
    )
    assert {named[lever]: one for lever, one in moved(case).items()} == moved(other)


@settings(max_examples=25, deadline=None)
@given(bids=BIDS, data=st.data())
def test_what_is_no_number_moves_nothing_and_breaks_nothing(bids: list[ABid], data: Any) -> None:
    case = a_case(*bids, budget=100)
    victim = data.draw(st.sampled_from(["worth", "price", "clicks", "orders", "budget"]))
    nothing = np.full_like(case.figures.clicks, np.nan)
    broken = {
        "worth": replace(case, worth=dict.fromkeys(case.worth, float("nan"))),
        "price": replace(case, budgets={BUDGET: replace(case.budgets[BUDGET], price=float("nan"))}),
        "clicks": replace(case, figures=replace(case.figures, clicks=nothing)),
        "orders": replace(case, figures=replace(case.figures, orders=nothing)),
        "budget": replace(case, budgets={}),
    }[victim]
    assert not propose(broken).moved


@settings(max_examples=30, deadline=None)
@given(bids=BIDS, more=st.floats(1.0, 3.0))
def test_more_left_of_every_order_never_lowers_a_bid_whose_budget_has_room(bids: list[ABid], more: float) -> None:
    case = replace(
        a_case(*bids, budget=1_000_000), settings={ACCOUNT: BidSettings.model_validate({"rest": "1d", "cap": 20})}
    )
    richer = replace(case, worth={lever: one * more if one > 0 else one for lever, one in case.worth.items()})
    before, after = moved(case), moved(richer)
    assert all((after[lever] or 0) >= (before[lever] or 0) for lever in before)
