"""Asking for bids: only where they are on, what cannot be true left out, edits of others seen, a gap not believed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bidder.bidding import LeverReport
from bidder.ids import PlanId
from bidder.money import Currency, Money
from bidder.outcome import Applied
from bidder.performance import Performance
from bidder.poll import PollResult, poll
from bidder.poll_bids import FIGURES_EVERY
from bidder.store.protocol import Store
from tests.fake_bids import FakeBids, millionths
from tests.fakes import CNY, TickingClock, new_store, yuan

TODAY = date(2026, 11, 23)
FIVE = {f"k{n}": n for n in range(1, 6)}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock()


def a_row(platform: FakeBids, name: str, age: int, clock: TickingClock, **more: object) -> LeverReport:
    figures = replace(Performance(100, 10, yuan(5), 1.0, None, yuan(50)), **more)  # type: ignore[arg-type]  # a test's
    return LeverReport(platform.lever_id(name), TODAY - timedelta(days=age), clock.now, figures, share=0.5)


async def polled(store: Store, platform: FakeBids, clock: TickingClock, *, on: bool = True) -> PollResult | None:
    bids = [platform.account.id] if on else []
    results = await poll([platform], [], store, clock=clock, days=30, bids=bids)
    return next((one for one in results if one.kind == "bids"), None)


async def test_bids_and_their_figures_are_remembered_where_bids_are_on(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(FIVE)
    platform.lever_rows = [a_row(platform, "k1", age, clock) for age in (1, 2, 3)]
    assert await polled(store, platform, clock, on=False) is None
    assert store.levers() == []
    result = await polled(store, platform, clock)
    assert result is not None
    assert (result.ok, result.rows, result.new, result.quarantined) == (True, 8, 3, 0)
    assert {one.id.native: one.now for one in store.levers()} == platform.bids
    assert len(store.lever_reports(TODAY - timedelta(days=9), TODAY)) == 3
    assert [one["kind"] for one in store.journal(limit=1)[0].facts["results"]] == ["budgets", "performance", "bids"]


async def test_what_cannot_be_true_is_left_out_and_counted(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(FIVE)
    platform.lever_rows = [
        a_row(platform, "k1", 1, clock),
        a_row(platform, "k2", 1, clock, clicks=-1),
        a_row(platform, "k2", 2, clock, clicks=101),
        a_row(platform, "k2", 3, clock, orders=float("nan")),
        a_row(platform, "k2", 4, clock, spend=yuan(-1)),
        a_row(platform, "k2", 5, clock, spend=Money(1, Currency("USD")), revenue=None),
        replace(a_row(platform, "k2", 6, clock), share=1.5),
        replace(a_row(platform, "k2", 7, clock), top_share=float("inf")),
        replace(a_row(platform, "k2", 8, clock), performance=Performance()),
        replace(a_row(platform, "k2", 9, clock), rank=-1.0),
    ]
    result = await polled(store, platform, clock)
    assert result is not None
    assert (result.ok, result.quarantined) == (True, 9)
    assert [one.lever.native for one in store.lever_reports(TODAY - timedelta(days=30), TODAY)] == ["k1"]


async def test_somebody_elses_edit_is_journaled_once(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(FIVE)
    await polled(store, platform, clock)
    platform.bids["k1"] = millionths("1.50")
    for _ in range(2):
        await polled(store, platform, clock)
    (line,) = store.journal(kind="bid_foreign_edit")
    assert (line.facts["lever"], line.facts["expected"], line.facts["found"]) == ("ads/keyword:k1", "1", "1.5")


async def test_a_list_that_is_older_than_a_write_shows_no_edit_of_others(
    store: Store, clock: TickingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = FakeBids.with_bids(FIVE)
    await polled(store, platform, clock)
    listing = platform.levers

    async def written_meanwhile() -> object:
        found = await listing()
        move = store.begin_lever(PlanId("p"), platform.lever_id("k1"), CNY, 1_000_000, 1_200_000, clock())
        store.finish_lever(move, Applied(1_200_000), clock(), 1)
        return found

    monkeypatch.setattr(platform, "levers", written_meanwhile)
    await polled(store, platform, clock)
    assert store.journal(kind="bid_foreign_edit") == []
    assert {one.id.native: one.now for one in store.levers()}["k1"] == 1_200_000


async def test_what_a_write_of_unknown_outcome_may_have_set_is_ours(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(FIVE)
    await polled(store, platform, clock)
    store.begin_lever(PlanId("p"), platform.lever_id("k1"), CNY, 1_000_000, 1_200_000, clock())
    platform.bids["k1"] = 1_200_000
    await polled(store, platform, clock)
    assert store.journal(kind="bid_foreign_edit") == []


async def test_a_bid_that_is_no_longer_listed_takes_no_part(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(FIVE)
    await polled(store, platform, clock)
    del platform.bids["k1"]
    await polled(store, platform, clock)
    assert [one.id.native for one in store.levers() if not one.active] == ["k1"]


async def test_half_of_the_bids_gone_is_not_believed(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(FIVE)
    await polled(store, platform, clock)
    for name in ("k1", "k2", "k3"):
        del platform.bids[name]
    result = await polled(store, platform, clock)
    assert result is not None
    assert not result.ok
    assert "3 of 5 bids are missing" in result.reason
    assert all(one.active for one in store.levers())


async def test_half_of_the_figures_gone_is_not_believed(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(FIVE)
    platform.lever_rows = [a_row(platform, name, 1, clock) for name in FIVE]
    await polled(store, platform, clock)
    clock.now += FIGURES_EVERY
    platform.lever_rows = [a_row(platform, "k1", 1, clock, orders=9.0)]
    result = await polled(store, platform, clock)
    assert result is not None
    assert "4 of 5 rows of earlier days are missing" in result.reason
    assert {one.performance.orders for one in store.lever_reports(TODAY - timedelta(days=3), TODAY)} == {1.0}


async def test_figures_are_asked_for_every_three_hours_and_on_a_new_day_bids_each_time(
    store: Store, clock: TickingClock
) -> None:
    platform = FakeBids.with_bids(FIVE)
    with_figures = []
    for hours in (0, 1, 2, 3.1, 16, 17, 18):  # from six in the morning: the last is midnight
        clock.now = TickingClock.now + timedelta(hours=hours)
        platform.asked.clear()
        await polled(store, platform, clock)
        assert platform.asked[0] == "bids"
        if "figures" in platform.asked:
            with_figures.append(hours)
    assert with_figures == [0, 3.1, 16, 18]
    for damaged in ("junk", ["2026-11-23"], 5):
        store.set_value("bid_figures ads", damaged)
        platform.asked.clear()
        await polled(store, platform, clock)
        assert platform.asked == ["bids", "figures"]


@pytest.mark.parametrize("question", ["bids", "bid_reports"])
async def test_bids_that_cannot_be_read_stop_no_budget(store: Store, clock: TickingClock, question: str) -> None:
    platform = FakeBids.with_bids(FIVE, failing={question})
    results = await poll([platform], [], store, clock=clock, days=30, bids=[platform.account.id])
    assert {one.kind: one.ok for one in results} == {"budgets": True, "performance": True, "bids": False}


async def test_another_currency_is_not_believed(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(FIVE, lever_facts={"k1": {"currency": "USD"}})
    result = await polled(store, platform, clock)
    assert result is not None
    assert (result.ok, result.reason) == (False, "is in USD, expected CNY")
    assert store.levers() == []
