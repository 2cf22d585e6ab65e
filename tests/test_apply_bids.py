"""Writing bids safely: brake, intent, comparison, read-back; whatever the platform does, and whoever else writes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bidder.apply_bids import BidResult, apply_bids, settle_bids
from bidder.bidding import LeverChange, LeverKind, LeverOutcome
from bidder.catalog import Mode
from bidder.errors import StoreError
from bidder.guard.bids import BidLimits
from bidder.ids import PlanId
from bidder.outcome import Applied, Refused, Unresolved
from bidder.plan import State
from bidder.store.protocol import Store
from bidder.watch.hold import BIDS, SHOP, Effect, Hold
from tests.fake_bids import FakeBids, millionths
from tests.fakes import CNY, FakePlatform, Fault, Killed, TickingClock, an_account, new_store, yuan

PLAN = PlanId("7f3c00112233")
BIDS_NOW = {"k1": "1.00", "k2": "2.00"}
DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock()


async def write(
    platform: FakeBids, store: Store, changes: Sequence[LeverChange], clock: TickingClock, **more: object
) -> dict[str, BidResult]:
    if not store.levers():
        store.add_levers(await platform.levers(), clock())
    account = platform.account
    options: dict[str, object] = {
        "writers": {account.id: platform},
        "accounts": {account.id: account},
        "limits": {account.id: BidLimits()},
        **more,
    }
    results = await apply_bids(PLAN, changes, store=store, clock=clock, **options)  # type: ignore[arg-type]  # a test's
    assert [one.lever for one in results] == [one.lever for one in changes if one.moves]
    return {one.lever.native: one for one in results}


async def test_bids_are_applied_read_back_and_journaled(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(BIDS_NOW)
    results = await write(platform, store, [platform.change("k1", "1.20"), platform.change("k2", "1.80")], clock)
    assert {name: one.outcome for name, one in results.items()} == {
        "k1": Applied(millionths("1.20")),
        "k2": Applied(millionths("1.80")),
    }
    assert platform.bid_calls == [
        (call, name, value)
        for name, bid in (("k2", "1.80"), ("k1", "1.20"))  # what spends less comes first
        for call, value in (("read", None), ("set", millionths(bid)), ("read", None))
    ]
    kinds = [line.kind for line in reversed(store.journal())]
    assert kinds == ["bid_intent", "bid_outcome"] * 2
    assert {one.id.native: one.now for one in store.levers()} == platform.bids
    assert results["k1"].row() == {
        "budget": "ads/keyword:k1",
        "requested": "1.2",
        "outcome": "Applied",
        "actual": "1.2",
        "reason": "read back",
    }
    assert store.verify_journal() is None


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.NONE, Applied(1_200_000)),
        (Fault.REFUSED, Refused("not today", 1_000_000)),
        (Fault.REFUSED_FALSELY, Applied(1_200_000)),
        (Fault.LOST_APPLIED, Applied(1_200_000)),
        (Fault.LOST, Unresolved("no reply; 1 is in force now")),
        (Fault.IGNORED, Unresolved("said to be taken, but 1 is in force")),
        (Fault.SLOW, Applied(1_200_000)),
        (Fault.RAISED, Unresolved("said to be taken, but 1.32 is in force")),
        (Fault.HUNDREDFOLD, Unresolved("said to be taken, but 120 is in force")),
        (Fault.THROWS, Unresolved("ConnectionResetError; 1 is in force now")),
        (Fault.THROWS_APPLIED, Applied(1_200_000)),
        (Fault.UNREADABLE, Unresolved("could not be read back: ads: read: no answer")),
    ],
)
async def test_only_what_is_read_back_counts_as_done(
    store: Store, clock: TickingClock, fault: Fault, expected: LeverOutcome
) -> None:
    platform = FakeBids.with_bids(BIDS_NOW, [fault])
    result = (await write(platform, store, [platform.change("k1", "1.20")], clock))["k1"]
    assert result.outcome == expected
    assert len(platform.bid_writes) == 1, "never sent again blindly"
    assert len(store.open_lever_moves()) == isinstance(expected, Unresolved)


@pytest.mark.parametrize(
    ("in_force", "expected"),
    [
        ("1.20", Applied(1_200_000)),
        ("1.00", Refused("it never landed: the old value is in force", 1_000_000)),
        ("1.50", Refused("neither 1 nor 1.2, but 1.5 is in force", 1_500_000)),
    ],
)
async def test_an_unknown_write_stays_pinned_until_a_read_back_settles_it(
    store: Store, clock: TickingClock, in_force: str, expected: LeverOutcome
) -> None:
    platform = FakeBids.with_bids(BIDS_NOW, [Fault.LOST])
    await write(platform, store, [platform.change("k1", "1.20")], clock)
    again = (await write(platform, store, [platform.change("k1", "1.10")], clock))["k1"]
    assert "its last write has no known outcome" in again.reason
    assert len(platform.bid_writes) == 1
    platform.bids["k1"] = millionths(in_force)
    settled = await settle_bids(store, {platform.account.id: platform}, clock)
    assert [one.outcome for one in settled] == [expected]
    assert store.open_lever_moves() == []
    assert store.levers()[0].now == millionths(in_force)
    assert len(store.journal(kind="bid_foreign_edit")) == (in_force == "1.50")


async def test_what_cannot_be_read_stays_open(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(BIDS_NOW, [Fault.LOST])
    await write(platform, store, [platform.change("k1", "1.20")], clock)
    platform.failing.add("read_lever")
    (settled,) = await settle_bids(store, {platform.account.id: platform}, clock)
    assert isinstance(settled.outcome, Unresolved)
    (nobody,) = await settle_bids(store, {}, clock)
    assert isinstance(nobody.outcome, Unresolved)
    assert len(store.open_lever_moves()) == 1


async def test_somebody_elses_edit_stays_for_a_day(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(BIDS_NOW)
    store.add_levers(await platform.levers(), clock())
    platform.bids["k1"] = millionths("1.50")
    refused = (await write(platform, store, [platform.change("k1", "1.20", before="1.00")], clock))["k1"]
    assert refused.reason == "moved since: 1 was read, 1.5 is in force"
    assert store.levers()[0].now == millionths("1.50"), "it is what is in force now"
    later = (await write(platform, store, [platform.change("k1", "1.60")], clock))["k1"]
    assert "somebody else moved it within 24 h" in later.reason
    clock.now += DAY + timedelta(minutes=1)
    assert (await write(platform, store, [platform.change("k1", "1.60")], clock))["k1"].outcome == Applied(1_600_000)


@pytest.mark.parametrize(
    ("mode", "approved", "reason"),
    [
        (Mode.OBSERVE, False, "in observe"),
        (Mode.OBSERVE, True, "in observe"),
        (Mode.MANUAL, True, "is manual"),
        (Mode.PROPOSE, False, "in propose"),
        (Mode.PROPOSE, True, None),
        (Mode.APPLY, False, None),
    ],
)
async def test_only_where_the_mode_lets_it(
    store: Store, clock: TickingClock, mode: Mode, approved: bool, reason: str | None
) -> None:
    platform = FakeBids.with_bids(BIDS_NOW, fake_account=an_account(mode=mode))
    result = (await write(platform, store, [platform.change("k1", "1.20")], clock, approved=approved))["k1"]
    assert bool(platform.bid_writes) == (reason is None)
    assert reason is None or reason in result.reason


async def test_where_bids_are_off_or_not_offered_nothing_is_written(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(BIDS_NOW)
    changes = [platform.change("k1", "1.20")]
    off = await write(platform, store, changes, clock, limits={})
    assert "bids are off" in off["k1"].reason
    plain = FakePlatform.of({"b1": 100})
    none = await write(platform, store, changes, clock, writers={platform.account.id: plain})
    assert "offers none" in none["k1"].reason
    unknown = await write(platform, store, changes, clock, accounts={})
    assert "not configured" in unknown["k1"].reason
    assert platform.bid_writes == []


@pytest.mark.parametrize(
    ("state", "written"), [(State.ACTIVE, ["t1", "k2", "k1"]), (State.REDUCING, ["t1", "k2"]), (State.HALTED, [])]
)
async def test_reducing_lets_only_what_spends_less_and_halted_nothing(
    store: Store, clock: TickingClock, state: State, written: list[str]
) -> None:
    platform = FakeBids.with_bids({**BIDS_NOW, "t1": "3.00"}, kinds={"t1": LeverKind.TARGET_ROAS})
    store.set_state(state, clock(), "a test")
    changes = [platform.change("k1", "1.20"), platform.change("t1", "3.30"), platform.change("k2", "1.80")]
    await write(platform, store, changes, clock)
    assert sorted(name for name, _ in platform.bid_writes) == sorted(written)


@pytest.mark.parametrize(
    ("item", "effect", "written"),
    [
        (BIDS, Effect.STAYS, []),
        (SHOP, Effect.STAYS, []),
        ("ads", Effect.STAYS, []),
        ("ads/b1", Effect.STAYS, []),
        ("ads/b1", Effect.LOWERS, ["k2"]),
        ("ads/b9", Effect.STAYS, ["k2", "k1"]),
        ("ads/keyword:k1", Effect.STAYS, ["k2"]),
    ],
)
async def test_what_the_watch_holds_is_not_written(
    store: Store, clock: TickingClock, item: str, effect: Effect, written: list[str]
) -> None:
    platform = FakeBids.with_bids(BIDS_NOW)
    store.see_holds([Hold(item, "alarm", "odd", clock(), effect)], clock(), ())
    await write(platform, store, [platform.change("k1", "1.20"), platform.change("k2", "1.80")], clock)
    assert [name for name, _ in platform.bid_writes] == written


async def test_budget_and_bid_do_not_move_one_unit_on_a_day(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(BIDS_NOW)
    intent = store.begin(PLAN, platform.id("b1"), yuan(100), yuan(120), clock())
    held = (await write(platform, store, [platform.change("k1", "1.20")], clock))["k1"]
    assert "one of the two moves on a day" in held.reason
    store.finish(intent, Applied(yuan(120)), clock(), 1)
    assert "one of the two" in (await write(platform, store, [platform.change("k1", "1.20")], clock))["k1"].reason
    clock.now += DAY
    await write(platform, store, [platform.change("k1", "1.20")], clock)
    assert len(platform.bid_writes) == 1


async def test_the_platforms_own_facts_count_as_they_are_now(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(BIDS_NOW)
    store.add_levers(await platform.levers(), clock())
    for fact, reason in (
        ({"active": False}, "paused"),
        ({"minimum": 1_300_000}, "at least 1.3"),
        ({"maximum": 1_100_000}, "at most 1.1"),
        ({"currency": "USD"}, "unit suspect"),
    ):
        platform.lever_facts["k1"] = fact
        assert reason in (await write(platform, store, [platform.change("k1", "1.20")], clock))["k1"].reason
    platform.lever_facts.clear()
    del platform.bids["k1"]
    gone = (await write(platform, store, [platform.change("k1", "1.20", before="1.00")], clock))["k1"]
    assert "could not be read before the write: ads: read: no such bid" in gone.reason
    assert platform.bid_writes == []


async def test_what_is_in_force_already_is_not_sent(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(BIDS_NOW)
    store.add_levers(await platform.levers(), clock())
    platform.bids["k1"] = millionths("1.20")
    result = (await write(platform, store, [platform.change("k1", "1.20", before="1.00")], clock))["k1"]
    assert (result.outcome, platform.bid_writes) == (Applied(1_200_000), [])
    assert store.levers()[0].now == millionths("1.20")


async def test_flapping_stops_all_bids_for_a_day_but_no_budget(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(BIDS_NOW)
    for before, after in ((1_000_000, 1_200_000), (1_200_000, 1_000_000)):
        move = store.begin_lever(PLAN, platform.lever_id("k1"), CNY, before, after, clock())
        store.finish_lever(move, Applied(after), clock(), 1)
    held = (await write(platform, store, [platform.change("k2", "1.80")], clock))["k2"]
    assert "bids_flapping" in held.reason
    (hold,) = store.holds(clock())
    assert not hold.covers(platform.id("b1"))
    clock.now += DAY + timedelta(minutes=1)
    assert (await write(platform, store, [platform.change("k2", "1.80")], clock))["k2"].outcome == Applied(1_800_000)


async def test_a_platform_that_counts_edits_is_not_asked_too_often(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(BIDS_NOW, [Fault.REFUSED])
    platform.bid_edits_an_hour = 1  # type: ignore[attr-defined]  # as a writer may have it
    await write(platform, store, [platform.change("k1", "1.20")], clock)
    await write(platform, store, [platform.change("k1", "1.20")], clock)
    assert len(platform.bid_writes) == 2, "a refusal changed nothing and is not counted"
    store.set_value("edits:ads/keyword:k2", [clock().isoformat()])
    assert "would lock it" in (await write(platform, store, [platform.change("k2", "1.80")], clock))["k2"].reason


async def test_a_platform_that_hangs_is_asked_once(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(BIDS_NOW)
    store.add_levers(await platform.levers(), clock())

    async def hangs(lever: object) -> None:
        platform.bid_calls.append(("read", "?", None))
        await asyncio.sleep(3600)

    platform.read_lever = hangs  # type: ignore[method-assign,assignment]  # this read never answers
    results = await write(
        platform,
        store,
        [platform.change("k1", "1.20"), platform.change("k2", "1.80")],
        clock,
        patience=timedelta(seconds=0.05),
    )
    assert len(platform.bid_calls) == 1
    assert "gave no answer in time" in results["k1"].reason


async def test_going_back_is_not_held_by_step_or_rest_but_by_all_else(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids({"k1": "2.00"})
    move = store.begin_lever(PLAN, platform.lever_id("k1"), CNY, 1_000_000, 2_000_000, clock())
    store.finish_lever(move, Applied(2_000_000), clock(), 20_780)
    back = [platform.change("k1", "1.00")]
    assert (await write(platform, store, back, clock))["k1"].outcome != Applied(1_000_000)
    assert (await write(platform, store, back, clock, back=True))["k1"].outcome == Applied(1_000_000)
    far = (await write(platform, store, [platform.change("k1", "0.30")], clock, back=True))["k1"]
    assert "a wrong unit?" in far.reason


@pytest.mark.parametrize("kills", [0, 1, 2])
async def test_killed_anywhere_the_next_start_knows_what_is_in_force(
    store: Store, clock: TickingClock, kills: int
) -> None:
    platform = FakeBids.with_bids({"k1": 1, "k2": 2, "k3": 3}, kill_bids_after=kills)
    changes = [platform.change(name, bid) for name, bid in (("k1", "1.20"), ("k2", "1.80"), ("k3", "2.70"))]
    with pytest.raises(Killed):
        await write(platform, store, changes, clock)
    assert len(store.open_lever_moves()) == 1, "the intent was on disk before the request"
    platform.kill_bids_after = None
    await settle_bids(store, {platform.account.id: platform}, clock)
    assert {one.id.native: one.now for one in store.levers()} == platform.bids
    assert store.open_lever_moves() == []
    assert len(platform.bid_writes) == kills, "nothing is sent twice"


async def test_who_cannot_journal_does_not_write(store: Store, clock: TickingClock) -> None:
    platform = FakeBids.with_bids(BIDS_NOW)
    store.add_levers(await platform.levers(), clock())
    change = replace(platform.change("k1", "1.20"), lever=platform.lever_id("k1"))

    def full(*_: object) -> None:
        raise StoreError("disk full")

    store.begin_lever = full  # type: ignore[method-assign,assignment]  # the disk is full
    with pytest.raises(StoreError):
        await write(platform, store, [change], clock)
    assert platform.bid_writes == []
