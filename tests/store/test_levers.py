"""Bids and targets between two passes: as last read, over time, their figures as known when, their writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bidder.bidding import Lever, LeverId, LeverKind, LeverOutcome, LeverReport
from bidder.errors import LeaseTaken, StoreError
from bidder.ids import AccountId, BudgetId, PlanId, ProductId
from bidder.outcome import Applied, Refused, Unresolved
from bidder.performance import Performance
from bidder.store.protocol import Store
from tests.fakes import CNY, yuan
from tests.stores import Stores

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = date(2026, 11, 22)
K1 = LeverId(AccountId("ads"), LeverKind.KEYWORD, "k1")
PLAN = PlanId("7f3c00112233")
FULL = Lever(
    id=K1,
    name="茶叶",
    currency=CNY,
    now=750_000,
    read_at=NOON,
    budget=BudgetId(AccountId("ads"), "c1"),
    campaign="c1",
    ad_group="g1",
    product=ProductId("p1"),
    match="exact",
    minimum=50_000,
    maximum=99_990_000,
    step=10_000,
    active=False,
    inherited="g1",
    first_page=1_200_000,
)
FIGURES = Performance(1000, 50, yuan("12.34"), 2.5, 3.0, yuan(99))


@pytest.fixture
def store(stores: Stores) -> Iterator[Store]:
    opened = stores.new().open()
    yield opened
    opened.close()


def a_report(at: datetime = NOON, day: date = DAY, **more: object) -> LeverReport:
    bare = LeverReport(K1, day, at, FIGURES, rank=2.5, share=0.4, top_share=0.1, value=750_000)
    return replace(bare, **more)  # type: ignore[arg-type]  # whatever field a test wants


def test_everything_that_a_platform_said_of_a_bid_comes_back(store: Store) -> None:
    bare = Lever(LeverId(AccountId("ads"), LeverKind.TARGET_ROAS, "c9"), "全站", CNY)
    assert all(getattr(FULL, one.name) != getattr(bare, one.name) for one in fields(Lever) if one.name != "currency")
    store.add_levers([FULL, bare], NOON)
    assert list(store.levers()) == [FULL, replace(bare, read_at=NOON)]


def test_the_history_of_a_bid_has_its_changes_only(store: Store) -> None:
    for hour, value in enumerate([750_000, 750_000, None, 900_000]):
        store.add_levers([replace(FULL, now=value)], NOON + hour * HOUR)
    store.add_levers([replace(FULL, now=5)], NOON - HOUR)  # read before what is known: nothing new
    assert [(at, value) for _, at, value in store.lever_history(NOON)] == [(NOON, 750_000), (NOON + 3 * HOUR, 900_000)]
    assert store.levers()[0].now == 900_000


def test_what_was_known_of_a_day_at_an_instant_does_not_change_later(store: Store) -> None:
    later = replace(FIGURES, orders=4.0)
    assert store.add_lever_reports([a_report()]) == 1
    assert store.add_lever_reports([a_report(NOON + HOUR)]) == 0, "the same figures say nothing new"
    assert store.add_lever_reports([a_report(NOON + 2 * HOUR, performance=later)]) == 1
    assert list(store.lever_reports(DAY, DAY, NOON + HOUR)) == [a_report()]
    assert list(store.lever_reports(DAY, DAY)) == [a_report(NOON + 2 * HOUR, performance=later)]
    assert list(store.lever_reports(DAY, DAY, NOON - HOUR)) == []
    assert list(store.lever_reports(DAY + timedelta(days=1), DAY + timedelta(days=9))) == []


def test_unknown_figures_stay_unknown(store: Store) -> None:
    unknown = LeverReport(K1, DAY, NOON, Performance())
    store.add_lever_reports([unknown])
    assert list(store.lever_reports(DAY, DAY)) == [unknown]


def test_one_report_with_two_answers_is_refused_whole(store: Store) -> None:
    other = replace(FIGURES, clicks=51)
    with pytest.raises(StoreError, match="two different figures"):
        store.add_lever_reports([a_report(), a_report(performance=other)])
    assert list(store.lever_reports(DAY, DAY)) == []


@pytest.mark.parametrize("share", [-0.1, 1.5, float("inf")])
def test_a_share_that_is_none_never_gets_in(store: Store, share: float) -> None:
    with pytest.raises(StoreError):
        store.add_lever_reports([a_report(share=share)])
    assert list(store.lever_reports(DAY, DAY)) == []


@pytest.mark.parametrize(
    ("outcome", "status", "now"),
    [
        (Applied(900_000), "applied", 900_000),
        (Refused("too low", 750_000), "refused", 750_000),
        (Refused("too low"), "refused", 750_000),
        (Unresolved("no reply"), "unresolved", 750_000),
    ],
)
def test_a_write_is_on_disk_before_it_is_sent_and_closed_by_what_became_of_it(
    store: Store, outcome: LeverOutcome, status: str, now: int
) -> None:
    store.add_levers([FULL], NOON)
    move = store.begin_lever(PLAN, K1, CNY, 750_000, 900_000, NOON)
    assert [one.status for one in store.open_lever_moves()] == ["open"]
    store.finish_lever(move, outcome, NOON + HOUR, 20_780)
    assert [(one.lever, one.before, one.after, one.status) for one in store.lever_moves(NOON)] == [
        (K1, 750_000, 900_000, status)
    ]
    assert len(store.open_lever_moves()) == (status == "unresolved")
    assert store.levers()[0].now == now
    assert store.last_lever_moves() == ({K1: 20_780} if status == "applied" else {})
    said, intent = store.journal(limit=2)
    assert (intent.kind, intent.facts["after"], said.kind, said.facts["result"]) == (
        "bid_intent",
        "0.9",
        "bid_outcome",
        status,
    )
    assert store.verify_journal() is None


def test_a_closed_write_is_not_closed_again(store: Store) -> None:
    move = store.begin_lever(PLAN, K1, CNY, 1, 2, NOON)
    store.finish_lever(move, Applied(2), NOON, 20_780)
    with pytest.raises(StoreError, match="applied already"):
        store.finish_lever(move, Applied(2), NOON, 20_780)


def test_who_lost_the_lease_writes_nothing(stores: Stores) -> None:
    place = stores.new()
    one, other = place.open(), place.open()
    one.take_lease("write", "one", NOON, HOUR)
    other.take_lease("write", "other", NOON + 2 * HOUR, HOUR)
    with pytest.raises(LeaseTaken):
        one.begin_lever(PLAN, K1, CNY, 1, 2, NOON)
    assert list(other.lever_moves(NOON - HOUR)) == []
    one.close()
    other.close()
