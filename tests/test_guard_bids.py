"""The brake of bids: every check holds what it is for and nothing else; none can be taken out unseen."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidder.bidding import Lever, LeverChange, LeverId, LeverKind
from bidder.guard import bids
from bidder.guard.bids import BID_CHECKS, BidLimits, BidLine, guard_bids
from bidder.ids import AccountId, BudgetId
from bidder.money import currency_of
from tests.fakes import CNY

JPY = currency_of("JPY")

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = date(2026, 11, 23)
ADS = AccountId("ads")
LIMITS = BidLimits(floor=500_000, cap=2_000_000, step=0.20, rest=2, target_step=0.08, target_rest=6)


def a_line(
    after: Any = 1_100_000,
    before: int | None = 1_000_000,
    kind: LeverKind = LeverKind.KEYWORD,
    *,
    facts: dict[str, Any] | None = None,
    **more: Any,
) -> BidLine:
    name = LeverId(ADS, kind, "k1")
    lever = Lever(name, "tea", CNY, before, budget=BudgetId(ADS, "b1"), minimum=50_000, maximum=5_000_000, step=10_000)
    line = BidLine(LeverChange(name, before, after), replace(lever, **(facts or {})), LIMITS, NOON, TODAY)
    return replace(line, **more)


def held(line: BidLine) -> set[str]:
    return {one.check for one in guard_bids([line])}


TARGET = LeverKind.TARGET_ROAS
CASES = [
    ("bid_known", a_line(lever=None)),
    ("bid_known", a_line(before=None)),
    ("bid_known", a_line(facts={"now": None})),
    ("bid_known", a_line(facts={"now": 1_050_000})),
    ("bid_sound", a_line(after=1_100_000.0)),
    ("bid_left_alone", a_line(facts={"active": False})),
    ("bid_left_alone", a_line(open=True)),
    ("bid_left_alone", a_line(foreign_at=NOON - timedelta(hours=23))),
    ("bid_platform_takes_it", a_line(facts={"minimum": 1_150_000})),
    ("bid_platform_takes_it", a_line(facts={"maximum": 1_050_000})),
    ("bid_platform_takes_it", a_line(1_105_000)),
    ("bid_platform_takes_it", a_line(3_105_000, 3_000_000, TARGET, facts={"step": None})),
    ("bid_units_plausible", a_line(4_000_000, limits=BidLimits(step=9.0))),
    ("bid_units_plausible", a_line(300_000, limits=BidLimits(step=0.9))),
    ("bid_within_bounds", a_line(2_100_000, 1_900_000)),
    ("bid_within_bounds", a_line(490_000, 550_000)),
    ("bid_within_step", a_line(1_210_000)),
    ("bid_within_step", a_line(790_000)),
    ("bid_within_step", a_line(3_250_000, 3_000_000, TARGET)),
    ("bid_within_step", a_line(3_330_000, 3_000_000, TARGET, limits=BidLimits(target_step=0.5))),
    ("bid_within_step", a_line(1_500_000, 4_500_000, limits=replace(LIMITS, step=0.1))),
    ("bid_rested", a_line(moved=TODAY - timedelta(days=1))),
    ("bid_rested", a_line(moved=TODAY)),
    ("bid_rested", a_line(3_100_000, 3_000_000, TARGET, moved=TODAY - timedelta(days=5))),
    (
        "bid_rested",
        a_line(3_100_000, 3_000_000, TARGET, moved=TODAY - timedelta(days=4), limits=BidLimits(target_rest=1)),
    ),
    ("one_lever_a_day", a_line(budget_moved=True)),
]


@pytest.mark.parametrize(("check", "line"), CASES)
def test_one_check_alone_holds_it(check: str, line: BidLine) -> None:
    assert held(line) == {check}


def test_every_check_is_the_only_one_that_holds_something() -> None:
    assert {check for check, _ in CASES} == {one.__name__ for one in BID_CHECKS}, "taking one out fails a case above"


@pytest.mark.parametrize(
    "line",
    [
        a_line(),
        a_line(1_200_000),
        a_line(800_000),
        a_line(foreign_at=NOON - timedelta(hours=25)),
        a_line(moved=TODAY - timedelta(days=2)),
        a_line(60_000, 50_000, facts={"minimum": None}, limits=BidLimits(step=0.1)),  # one step of the platform
        a_line(2_000_000, 3_000_000),  # down to the cap at once, from far above it
        a_line(2_900_000, 3_000_000),  # or nearer to it
        a_line(500_000, 300_000),
        a_line(2_000_000, 3_000_000, moved=TODAY),
        a_line(3_240_000, 3_000_000, TARGET),
        a_line(2_760_000, 3_000_000, TARGET),
        a_line(3_300_000, 3_000_000, TARGET, limits=BidLimits()),
        a_line(4_000_000, 4_000_000, TARGET),  # floor and cap are of bids
        a_line(3_100_000, 3_000_000, TARGET, moved=TODAY - timedelta(days=6)),
    ],
)
def test_what_keeps_every_limit_passes(line: BidLine) -> None:
    assert held(line) == set()


@pytest.mark.parametrize(
    "line",
    [
        a_line(foreign_at=NOON - timedelta(hours=24)),
        a_line(3_100_000, 3_000_000, TARGET, moved=TODAY - timedelta(days=5), limits=BidLimits(target_rest=1)),
        a_line(3_110_000, 3_000_000, TARGET, facts={"step": None}),  # a hundredth
        a_line(facts={"step": 0}),  # says nothing: the smallest coin
        a_line(facts={"maximum": None}),
        a_line(350_000, 300_000),  # nearer to its floor
        a_line(facts={"maximum": None}, limits=replace(LIMITS, cap=None)),
        a_line(facts={"minimum": None}, limits=replace(LIMITS, floor=None)),
        a_line(facts={"minimum": 1_100_000}),
        a_line(facts={"maximum": 1_100_000}),
        a_line(1_100_001, facts={"step": 1}),
        a_line(2_000_000, 1_900_000),
        a_line(500_000, 550_000),
        a_line(2_100_000, 2_100_000),  # what stays is no breach
        a_line(400_000, 400_000),
        a_line(3_110_000, 3_000_000, TARGET, facts={"step": None, "currency": JPY}),
    ],
)
def test_on_the_very_edge_it_passes(line: BidLine) -> None:
    assert held(line) == set()


@pytest.mark.parametrize(
    ("check", "line"),
    [
        ("bid_left_alone", a_line(foreign_at=NOON - timedelta(hours=24) + timedelta(seconds=1))),
        ("bid_platform_takes_it", a_line(1_110_000, facts={"step": 50_000})),
        ("bid_within_step", a_line(110_000, 100_000, TARGET)),  # not even by one step of the platform
        ("bid_known", a_line(before=None, moved=TODAY - timedelta(days=9))),
        ("bid_known", a_line(2_100_000, before=None)),
        ("bid_known", a_line(lever=None, moved=TODAY - timedelta(days=9))),
        ("bid_platform_takes_it", a_line(facts={"step": None, "currency": JPY})),  # there is no tenth of a yen
        ("bid_within_step", a_line(510_000, 300_000)),  # one step beyond the floor is not the floor
        ("bid_within_step", a_line(1_990_000, 3_000_000)),
        ("bid_rested", a_line(5_000_000, 6_000_000, TARGET, moved=TODAY)),  # a target rests on its way in too
    ],
)
def test_right_beyond_the_edge_one_check_holds_it(check: str, line: BidLine) -> None:
    assert held(line) == {check}


def test_who_stands_on_its_bound_does_not_come_inside() -> None:
    assert "bid_rested" in held(a_line(505_000, 500_000, moved=TODAY))
    assert "bid_rested" in held(a_line(1_995_000, 2_000_000, moved=TODAY))
    assert held(a_line(before=None, moved=TODAY)) == {"bid_known", "bid_rested"}


def test_the_smallest_value_is_one_and_three_times_is_no_wrong_unit() -> None:
    assert "bid_sound" not in held(a_line(1))
    wide = BidLimits(step=9.0)
    assert "bid_units_plausible" not in held(a_line(3_000_000, 1_000_000, limits=wide))
    assert "bid_units_plausible" not in held(a_line(1_000_000, 3_000_000, limits=wide))


@pytest.mark.parametrize(
    "line", [a_line(before=None), a_line(before=None, facts={"now": 1}), a_line(facts={"now": None})]
)
def test_what_was_never_read_is_said_to_be_so(line: BidLine) -> None:
    (reason,) = [one.reason for one in guard_bids([line]) if one.check == "bid_known"]
    assert "never read" in reason


def test_what_is_looked_at_does_not_change_meanwhile() -> None:
    for value, name in ((a_line(), "today"), (LIMITS, "step"), (guard_bids([a_line(lever=None)])[0], "check")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, None)
        assert not hasattr(value, "__dict__")


def test_what_nobody_wrote_is_this() -> None:
    assert BidLimits() == BidLimits(None, None, step=0.20, rest=2, target_step=0.10, target_rest=5)


@pytest.mark.parametrize("after", [0, -10_000, True])
def test_nothing_and_less_are_no_values(after: int) -> None:
    assert "bid_sound" in held(a_line(after))


def test_further_than_its_bound_is_no_way_in() -> None:
    assert held(a_line(1_900_000, 3_000_000)) == {"bid_within_step"}
    assert held(a_line(600_000, 300_000)) == {"bid_within_step"}


def test_a_check_that_breaks_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(line: BidLine) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(bids, "BID_CHECKS", (broken,))
    assert held(a_line()) == {"broken"}


@given(
    before=st.integers(1, 900).map(lambda n: n * 10_000),
    after=st.integers(-5, 900).map(lambda n: n * 10_000),
    step=st.sampled_from([0.05, 0.1, 0.2, 0.5]),
    kind=st.sampled_from(list(LeverKind)),
    moved=st.integers(0, 9),
)
def test_whatever_passes_is_within_bounds_steps_and_rests(
    before: int, after: int, step: float, kind: LeverKind, moved: int
) -> None:
    limits = BidLimits(floor=500_000, cap=2_000_000, step=step)
    line = a_line(after, before, kind, limits=limits, moved=TODAY - timedelta(days=moved))
    if after == before or held(line):
        return
    assert 50_000 <= after <= 5_000_000
    assert after <= 3 * before
    assert before <= 3 * after
    if not kind.bid:
        assert abs(after - before) * 10 <= before
        assert moved >= 5
    elif not line.comes_inside:
        assert abs(after - before) <= max(before * step + 1e-6, 10_000)
        assert moved >= 2
        assert after <= max(2_000_000, before)
        assert after >= min(500_000, before)
