"""Writing money safely: intent, comparison, read-back; the cap holds at every instant, whatever the platform does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.account_day import AccountDay
from bidder.apply import WriteResult, apply_changes, settle
from bidder.bidding import Lever, LeverId, LeverKind
from bidder.catalog import Account, Budget, BudgetStatus, Mode
from bidder.errors import StoreError
from bidder.ids import AccountId, PlanId
from bidder.money import Currency, Money
from bidder.plan import Applied, Change, Outcome, Refused, State, Unresolved
from bidder.store.protocol import Store
from tests.fakes import FakePlatform, Fault, Killed, TickingClock, an_account, new_store, yuan

PLAN = PlanId("7f3c00112233")
NOW = {"b1": 100, "b2": 200, "b3": 300}
USD = Currency("USD")
SIX_HUNDRED = yuan(600)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


def changes_of(platform: FakePlatform, after: Mapping[str, str | int]) -> list[Change]:
    return [Change(platform.id(name), platform.amounts.get(name), yuan(amount)) for name, amount in after.items()]


async def write(
    platform: FakePlatform,
    store: Store,
    after: Mapping[str, str | int] | list[Change],
    *,
    cap: Money | None = SIX_HUNDRED,
    **more: object,
) -> dict[str, WriteResult]:
    changes = after if isinstance(after, list) else changes_of(platform, after)
    options: dict[str, object] = {
        "writers": {platform.account.id: platform},
        "accounts": {platform.account.id: platform.account},
        "budgets_in_force": platform.in_force(),
        "clock": TickingClock(),
        **more,
    }
    results = await apply_changes(PLAN, changes, store=store, cap=cap, **options)  # type: ignore[arg-type]  # a test's
    assert [result.budget for result in results] == [change.budget for change in changes if change.moves]
    return {result.budget.native: result for result in results}


def kinds(store: Store) -> list[str]:
    return [line.kind for line in reversed(store.journal())]


async def test_a_plan_is_applied_read_back_and_journaled(store: Store) -> None:
    platform = FakePlatform.of(NOW)
    store.add_budgets(await platform.budgets(), TickingClock()())
    results = await write(platform, store, {"b1": 150, "b2": 150, "b3": 300})
    assert {name: result.outcome for name, result in results.items()} == {
        "b1": Applied(yuan(150)),
        "b2": Applied(yuan(150)),
    }
    assert platform.amounts == {"b1": yuan(150), "b2": yuan(150), "b3": yuan(300)}
    assert kinds(store) == ["intent", "outcome", "intent", "outcome"]
    assert {one.budget.id.native: one.budget.now for one in store.budgets()} == platform.amounts
    assert set(store.last_changes()) == {platform.id("b1"), platform.id("b2")}
    assert store.open_intents() == []


async def test_decreases_come_first_and_each_is_read_back_before_the_next_write(store: Store) -> None:
    platform = FakePlatform.of(NOW)
    await write(platform, store, {"b1": 120, "b2": 190, "b3": 290})
    assert [(call, name) for call, name, _ in platform.calls] == [
        (call, name) for name in ("b2", "b3", "b1") for call in ("read", "set", "read")
    ]


async def test_nothing_to_do_asks_nobody(store: Store) -> None:
    platform = FakePlatform.of(NOW)
    assert await write(platform, store, {"b1": 100}) == {}
    assert platform.calls == []


@pytest.mark.parametrize(
    ("fault", "expected", "actual"),
    [
        (Fault.NONE, Applied(yuan(90)), "90.00"),
        (Fault.REFUSED, Refused("not today", yuan(100)), "100.00"),
        (Fault.REFUSED_FALSELY, Applied(yuan(90)), "90.00"),
        (Fault.LOST_APPLIED, Applied(yuan(90)), "90.00"),
        (Fault.LOST, Unresolved("no reply; 100.00 is in force now"), "100.00"),
        (Fault.IGNORED, Unresolved("said to be taken, but 100.00 is in force"), "100.00"),
        (Fault.SLOW, Applied(yuan(90)), "90.00"),
        (Fault.RAISED, Unresolved("said to be taken, but 99.00 is in force"), "99.00"),
        (Fault.HUNDREDFOLD, Unresolved("said to be taken, but 9000.00 is in force"), "9000.00"),
        (Fault.THROWS, Unresolved("ConnectionResetError; 100.00 is in force now"), "100.00"),
        (Fault.THROWS_APPLIED, Applied(yuan(90)), "90.00"),
        (Fault.UNREADABLE, Unresolved("could not be read back: ads: read: no answer"), None),
    ],
)
async def test_only_what_is_read_back_counts_as_done(
    store: Store, fault: Fault, expected: Outcome, actual: str | None
) -> None:
    platform = FakePlatform.of(NOW, [fault])
    result = (await write(platform, store, {"b1": 90}))["b1"]
    assert result.outcome == expected
    assert (None if result.actual is None else str(result.actual)) == actual
    assert len(platform.writes) == 1, "never sent again blindly"
    assert len(store.open_intents()) == isinstance(expected, Unresolved)
    assert store.journal()[0].facts["result"] == type(expected).__name__.lower()


async def test_a_refusal_stands_also_when_the_read_back_fails(store: Store) -> None:
    platform = FakePlatform.of(NOW, [Fault.REFUSED])
    platform.facts["b1"] = {}

    async def fails_after_the_write(budget: object) -> Budget:
        if platform.writes:
            raise ConnectionError
        return (await platform.budgets())[0]

    platform.read = fails_after_the_write  # type: ignore[method-assign]  # only this read is to fail
    result = (await write(platform, store, {"b1": 90}))["b1"]
    assert result.outcome == Refused("not today")
    assert store.open_intents() == []


async def test_a_platform_may_round_to_its_own_step(store: Store) -> None:
    platform = FakePlatform.of(NOW, facts={"b1": {"step": yuan(10)}}, script=[])
    asked = [Change(platform.id("b1"), yuan(100), yuan(118))]

    async def rounds(budget: object, amount: Money) -> Outcome:
        platform.amounts["b1"] = yuan(110)
        return Applied(amount)

    platform.set = rounds  # type: ignore[method-assign]  # a platform that rounds down
    result = (await write(platform, store, asked, cap=yuan(700)))["b1"]
    assert result.outcome == Applied(yuan(110))


async def test_a_move_smaller_than_the_step_is_not_taken_for_done_when_nothing_moved(store: Store) -> None:
    platform = FakePlatform.of(NOW, [Fault.IGNORED], facts={"b1": {"step": yuan(10)}})
    assert isinstance((await write(platform, store, {"b1": 95}))["b1"].outcome, Unresolved)


async def test_a_hanging_platform_is_given_up_on(store: Store) -> None:
    platform = FakePlatform.of(NOW)

    async def hangs(*_: object) -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError

    platform.set = hangs  # type: ignore[assignment,method-assign]  # it never answers
    result = (await write(platform, store, {"b1": 90}, patience=timedelta(milliseconds=20)))["b1"]
    assert result.outcome == Unresolved("no answer in time; 100.00 is in force now")


async def test_what_a_connector_throws_is_not_quoted(store: Store) -> None:
    platform = FakePlatform.of(NOW, [Fault.THROWS])
    await write(platform, store, {"b1": 90})
    assert "secret" not in repr(store.journal())


# ---------------------------------------------------------------- who may write


@pytest.mark.parametrize(
    ("mode", "approved", "says"),
    [
        (Mode.OBSERVE, True, "is in observe"),
        (Mode.MANUAL, True, "bidder todo"),
        (Mode.PROPOSE, False, "is in propose"),
        (Mode.PROPOSE, True, None),
        (Mode.APPLY, False, None),
    ],
)
async def test_the_mode_of_the_account_decides(store: Store, mode: Mode, approved: bool, says: str | None) -> None:
    platform = FakePlatform.of(NOW, fake_account=an_account(mode=mode))
    result = (await write(platform, store, {"b1": 90}, approved=approved))["b1"]
    if says is None:
        assert result.outcome == Applied(yuan(90))
    else:
        assert isinstance(result.outcome, Refused)
        assert says in result.reason
        assert platform.calls == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"accounts": {}}, "account ads is not configured"),
        ({"writers": {}}, "account ads has no writer"),
        ({"accounts": {AccountId("ads"): an_account(currency=USD)}}, "amount is in CNY, account ads in USD"),
    ],
)
async def test_an_account_that_cannot_be_written_is_refused(store: Store, more: dict[str, Any], says: str) -> None:
    platform = FakePlatform.of(NOW)
    result = (await write(platform, store, {"b1": 90}, **more))["b1"]
    assert isinstance(result.outcome, Refused)
    assert says in result.reason
    assert platform.calls == []


@pytest.mark.parametrize(("state", "written"), [(State.HALTED, []), (State.REDUCING, ["b2"])])
async def test_the_state_decides(store: Store, state: State, written: list[str]) -> None:
    platform = FakePlatform.of(NOW)
    store.set_state(state, TickingClock()(), "by hand")
    results = await write(platform, store, {"b1": 110, "b2": 150})
    assert [name for name, _ in platform.writes] == written
    assert all(state.value in r.reason for name, r in results.items() if name not in written)


@pytest.mark.parametrize("question", ["read", "set"])
async def test_the_kill_switch_stops_a_pass_in_the_middle(store: Store, question: str) -> None:
    platform = FakePlatform.of(NOW)
    ask = getattr(platform, question)

    async def throws_the_switch(*asked: object) -> object:
        store.set_state(State.HALTED, TickingClock()(), "by hand")
        return await ask(*asked)

    setattr(platform, question, throws_the_switch)
    results = await write(platform, store, {"b1": 110, "b2": 150, "b3": 250})
    assert len(platform.writes) == (1 if question == "set" else 0)
    assert "HALTED" in results["b1"].reason


# ---------------------------------------------------------------- what may be written


async def test_a_budget_that_somebody_moved_is_left_alone(store: Store) -> None:
    platform = FakePlatform.of(NOW)
    changes = changes_of(platform, {"b1": 90})
    platform.edit_by_hand("b1", 150)
    result = (await write(platform, store, changes, cap=yuan(900)))["b1"]
    assert result.outcome == Refused("moved since: 100.00 was read, 150.00 is in force", yuan(150))
    assert platform.writes == []
    edit = store.journal(kind="foreign_edit")[0]
    assert edit.facts == {
        "budget": "ads/b1", "expected": "100.00", "found": "150.00", "currency": "CNY", "seen": "apply"
    }  # fmt: skip
    assert store.budgets()[0].budget.now == yuan(150), "taken as what is in force"


async def test_a_hand_edit_leaves_less_room_for_others(store: Store) -> None:
    platform = FakePlatform.of(NOW)
    changes = changes_of(platform, {"b1": 90, "b2": 210})
    in_force = platform.in_force()
    platform.edit_by_hand("b1", 110)
    results = await write(platform, store, changes, cap=yuan(605), budgets_in_force=in_force)
    assert "could add up to 620.00 CNY, at most 605.00 CNY" in results["b2"].reason
    assert platform.writes == []


async def test_an_amount_that_is_there_already_is_not_sent_again(store: Store) -> None:
    platform = FakePlatform.of(NOW)
    changes = changes_of(platform, {"b1": 90})
    platform.edit_by_hand("b1", 90)
    result = (await write(platform, store, changes))["b1"]
    assert (result.outcome, result.reason) == (Applied(yuan(90)), "was in force already")
    assert kinds(store) == []


@pytest.mark.parametrize(
    ("change", "facts", "says"),
    [
        (Change(FakePlatform.of(NOW).id("b1"), None, yuan(90)), {}, "was never read"),
        ((100, 301), {}, "unit suspect: from 100.00 to 301.00"),
        ((100, 33), {}, "unit suspect: from 100.00 to 33.00"),
        ((100, 0), {}, "is not an amount"),
        ((100, -5), {}, "is not an amount"),
        ((100, 90), {"minimum": yuan(95)}, "takes at least 95.00"),
        ((100, 110), {"maximum": yuan(105)}, "takes at most 105.00"),
        ((100, 110), {"status": BudgetStatus.PAUSED}, "a paused budget is not raised"),
        ((100, 90), {"status": BudgetStatus.REMOVED}, "has removed it"),
        ((100, 90), {"now": None}, "was never read"),
        ((100, 90), {"now": Money(100_000_000, USD)}, "unit suspect: CNY is to be set where the platform has USD"),
        ((1, 90), {}, "moved since: 1.00 was read, 100.00 is in force; unit suspect"),
    ],
)
async def test_an_amount_that_cannot_be_right_is_not_sent(
    store: Store, change: Change | tuple[int, int], facts: dict[str, object], says: str
) -> None:
    platform = FakePlatform.of(NOW, facts={"b1": facts})
    if isinstance(change, tuple):
        change = Change(platform.id("b1"), yuan(change[0]), yuan(change[1]))
    result = (await write(platform, store, [change], cap=yuan(10_000)))["b1"]
    assert isinstance(result.outcome, Refused)
    assert says in result.reason
    assert platform.writes == []
    assert store.journal(kind="outcome")[0].facts["result"] == "refused"


async def test_stopping_money_may_fall_below_a_third(store: Store) -> None:
    platform = FakePlatform.of(NOW)
    results = await write(platform, store, {"b1": 10, "b2": 601}, cap=yuan(9_999), stopping={platform.id("b1")})
    assert results["b1"].outcome == Applied(yuan(10))
    assert isinstance(results["b2"].outcome, Refused)


async def test_a_paused_budget_may_be_lowered(store: Store) -> None:
    platform = FakePlatform.of(NOW, facts={"b1": {"status": BudgetStatus.PAUSED}})
    assert (await write(platform, store, {"b1": 90}))["b1"].outcome == Applied(yuan(90))


async def test_what_cannot_be_read_is_not_written(store: Store) -> None:
    platform = FakePlatform.of(NOW, failing={"read"})
    result = (await write(platform, store, {"b1": 90}))["b1"]
    assert result.outcome == Refused("could not be read before the write: ads: read: no answer")
    assert platform.writes == []


# ---------------------------------------------------------------- the cap


async def test_an_increase_waits_for_money_that_was_really_freed(store: Store) -> None:
    platform = FakePlatform.of(NOW, [Fault.IGNORED])
    results = await write(platform, store, {"b1": 150, "b2": 150})
    assert isinstance(results["b2"].outcome, Unresolved)
    assert results["b1"].outcome == Refused(
        "the budgets could add up to 650.00 CNY, at most 600.00 CNY is allowed", yuan(100)
    )


async def test_a_raised_write_counts_as_what_was_read_back(store: Store) -> None:
    platform = FakePlatform.of(NOW, [Fault.RAISED])
    results = await write(platform, store, {"b1": 200, "b2": 210}, cap=yuan(720))
    assert results["b1"].actual == yuan(220)
    assert "could add up to 730.00 CNY" in results["b2"].reason


async def test_a_lost_increase_keeps_its_room_since_it_may_still_land(store: Store) -> None:
    platform = FakePlatform.of(NOW, [Fault.LOST])
    results = await write(platform, store, {"b1": 150, "b2": 250}, cap=yuan(660))
    assert isinstance(results["b1"].outcome, Unresolved)
    assert "could add up to 700.00 CNY" in results["b2"].reason


async def test_without_a_cap_the_sum_may_not_rise(store: Store) -> None:
    platform = FakePlatform.of(NOW)
    results = await write(platform, store, {"b1": 150, "b2": 150, "b3": 301}, cap=None)
    assert [type(results[name].outcome) for name in ("b1", "b2", "b3")] == [Applied, Applied, Refused]


async def test_a_write_of_unknown_outcome_counts_as_the_larger_and_pins_its_budget(store: Store) -> None:
    platform = FakePlatform.of(NOW)
    store.begin(PLAN, platform.id("b1"), yuan(100), yuan(150), TickingClock()())
    results = await write(platform, store, {"b1": 90, "b2": 201}, cap=yuan(650))
    assert results["b1"].reason == "an earlier write (journal line 1) has no known outcome yet"
    assert "could add up to 651.00 CNY" in results["b2"].reason
    assert platform.writes == []


async def test_the_sum_is_kept_in_the_currency_of_the_cap(store: Store) -> None:
    platform = FakePlatform.of(NOW)
    cap, rate = Money.parse("84", USD), {Currency("CNY"): 0.14}
    results = await write(platform, store, {"b1": 90, "b2": 210}, cap=cap, exchange=rate)
    assert all(isinstance(result.outcome, Applied) for result in results.values())
    results = await write(platform, store, {"b1": 91}, cap=cap, exchange=rate)
    assert "could add up to 84.14 USD, at most 84.00 USD" in results["b1"].reason


@pytest.mark.parametrize("rate", [None, 0.0, -1.0, float("nan"), float("inf")])
async def test_without_an_exchange_rate_only_decreases_are_written(store: Store, rate: float | None) -> None:
    platform, exchange = FakePlatform.of(NOW), {} if rate is None else {yuan(1).currency: rate}
    results = await write(platform, store, {"b1": 90, "b2": 210}, cap=Money.parse("900", USD), exchange=exchange)
    assert results["b1"].outcome == Applied(yuan(90))
    assert "an exchange rate is missing" in results["b2"].reason


async def test_what_is_in_force_comes_from_the_store_when_not_given(store: Store) -> None:
    platform = FakePlatform.of(NOW, facts={"b3": {"status": BudgetStatus.PAUSED}})
    store.add_budgets(await platform.budgets(), TickingClock()())
    elsewhere = replace((await platform.budgets())[0], id=replace(platform.id("b1"), account=AccountId("other")))
    store.add_budgets([elsewhere], TickingClock()())
    results = await write(platform, store, {"b1": 150, "b2": 201}, cap=yuan(350), budgets_in_force=None)
    assert results["b1"].outcome == Applied(yuan(150)), "the paused one and the other account's do not count"
    assert "could add up to 351.00 CNY" in results["b2"].reason


AMOUNTS = st.integers(10, 1000)
FAULTS = st.sampled_from([one for one in Fault if one is not Fault.KILLED_APPLIED])


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(AMOUNTS, st.floats(0.34, 2.9)), min_size=1, max_size=5),
    st.lists(FAULTS, max_size=5),
    st.floats(0.5, 1.5),
    st.one_of(st.none(), st.integers(0, 4)),
)
def test_the_cap_holds_at_every_instant_whatever_the_platform_does(
    plan: list[tuple[int, float]], faults: list[Fault], share: float, killed: int | None
) -> None:
    platform = FakePlatform.of({f"b{place}": now for place, (now, _) in enumerate(plan)}, faults, kill_after=killed)
    after = {f"b{place}": int(now * factor) for place, (now, factor) in enumerate(plan)}
    cap = Money(int(platform.total * share), yuan(1).currency)
    started, before = platform.total, dict(platform.amounts)
    with TemporaryDirectory() as folder:
        store = new_store(Path(folder))
        try:
            asyncio.run(write(platform, store, after, cap=cap))
        except Killed:
            assert killed is not None
        for (_, last), (fault, most) in pairwise([(Fault.NONE, started), *platform.steps]):
            assert most <= max(cap.micros, last) or fault in (Fault.RAISED, Fault.HUNDREDFOLD)
        sent = [amount > before[name] for name, amount in platform.writes]
        assert sent == sorted(sent), "no decrease after an increase"
        assert len({name for name, _ in platform.writes}) == len(platform.writes), "each is sent once"
        assert store.verify_journal() is None
        store.close()


# ---------------------------------------------------------------- crashes


@pytest.mark.parametrize("landed", [False, True])
@pytest.mark.parametrize("kill", range(4))
async def test_killed_at_any_write_the_plan_is_finished_without_repeating_a_step(
    store: Store, kill: int, landed: bool
) -> None:
    after = {"b1": 150, "b2": 250, "b3": 210, "b4": 40}
    platform = FakePlatform.of({**NOW, "b4": 50})
    changes, clock = changes_of(platform, after), TickingClock()
    if landed:
        platform.script.extend([Fault.NONE] * kill + [Fault.KILLED_APPLIED])
    else:
        platform.kill_after = kill
    with pytest.raises(Killed):
        await write(platform, store, changes, cap=yuan(650), clock=clock)
    assert len(store.open_intents()) == 1
    platform.kill_after = None
    settled = await settle(store, {platform.account.id: platform}, clock)
    assert [type(result.outcome) for result in settled] == [Applied if landed else Refused]
    assert store.open_intents() == []
    results = await write(platform, store, changes, cap=yuan(650), clock=clock)
    assert all(isinstance(result.outcome, Applied) for result in results.values())
    assert platform.amounts == {name: yuan(amount) for name, amount in after.items()}
    assert len(platform.writes) == len(after), "nothing that had landed was sent again"
    assert all(most <= yuan(650).micros for _, most in platform.steps)


@pytest.mark.parametrize(
    ("in_force", "expected"),
    [
        ("150", Applied(yuan(150))),
        ("100", Refused("it never landed: the old amount is in force", yuan(100))),
        ("130", Refused("neither 100.00 nor 150.00, but 130.00 is in force", yuan(130))),
    ],
)
async def test_a_write_of_unknown_outcome_is_settled_by_what_is_in_force(
    store: Store, in_force: str, expected: Outcome
) -> None:
    platform = FakePlatform.of({"b1": in_force})
    intent = store.begin(PLAN, platform.id("b1"), yuan(100), yuan(150), TickingClock()())
    store.finish(intent, Unresolved("no reply"), TickingClock()(), 20_780)
    results = await settle(store, {platform.account.id: platform}, TickingClock())
    assert [(result.outcome, result.actual) for result in results] == [(expected, yuan(in_force))]
    assert store.open_intents() == []
    assert len(store.journal(kind="foreign_edit")) == (in_force == "130")
    assert bool(store.last_changes()) == (in_force == "150")


async def test_what_cannot_be_read_back_stays_open(store: Store) -> None:
    platform = FakePlatform.of(NOW, failing={"read"})
    store.begin(PLAN, platform.id("b1"), yuan(100), yuan(150), TickingClock()())
    for writers in ({}, {platform.account.id: platform}):
        results = await settle(store, writers, TickingClock())
        assert [type(result.outcome) for result in results] == [Unresolved]
    platform.failing, platform.facts = set(), {"b1": {"now": None}}
    results = await settle(store, {platform.account.id: platform}, TickingClock())
    assert results[0].reason == "it has no amount in CNY"
    assert len(store.open_intents()) == 1
    assert kinds(store) == ["intent"], "nothing is journaled while nothing is known"


@pytest.mark.parametrize("operation", ["state", "open_intents", "begin", "append"])
async def test_who_cannot_journal_does_not_write(store: Store, monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    platform = FakePlatform.of(NOW)

    def disk_full(*_: object, **__: object) -> None:
        raise StoreError("bidder.db: database or disk is full")

    monkeypatch.setattr(store, operation, disk_full)
    changes = changes_of(platform, {"b1": 90, "b2": 150})
    if operation == "append":
        platform.edit_by_hand("b1", 120)  # would have to be journaled before anything else
    with pytest.raises(StoreError, match="disk is full"):
        await write(platform, store, changes)
    assert platform.writes == []


async def test_an_outcome_that_cannot_be_saved_leaves_its_intent_open_and_ends_the_pass(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = FakePlatform.of(NOW)
    with monkeypatch.context() as patch:

        def disk_full(*_: object) -> None:
            raise StoreError("bidder.db: database or disk is full")

        patch.setattr(store, "finish", disk_full)
        with pytest.raises(StoreError):
            await write(platform, store, {"b1": 90, "b2": 150})
    assert len(platform.writes) == 1
    assert [intent.budget.native for intent in store.open_intents()] == ["b1"]


async def test_a_cancelled_pass_leaves_its_intent_open(store: Store) -> None:
    platform, sent = FakePlatform.of(NOW), asyncio.Event()

    async def hangs(*_: object) -> Outcome:
        sent.set()
        await asyncio.Event().wait()
        raise AssertionError

    platform.set = hangs  # type: ignore[assignment,method-assign]  # it never answers
    writing = asyncio.create_task(write(platform, store, {"b1": 90}))
    await sent.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert len(store.open_intents()) == 1


def account_in(zone: str) -> Account:
    return an_account(zone=zone)


async def test_the_day_of_a_change_is_the_accounts(store: Store) -> None:
    clock = TickingClock()
    clock.now = clock.now.replace(hour=20)  # four in the morning of the next day in Shanghai
    platform = FakePlatform.of(NOW, fake_account=account_in("Asia/Shanghai"))
    await write(platform, store, {"b1": 90}, clock=clock)
    east = store.last_changes()[platform.id("b1")]
    platform.fake_account = account_in("UTC")
    await write(platform, store, {"b2": 190}, clock=clock)
    assert east == store.last_changes()[platform.id("b2")] + 1


async def test_a_budget_of_which_a_bid_moved_today_is_not_raised_until_tomorrow(store: Store) -> None:
    clock, platform = TickingClock(), FakePlatform.of(NOW)
    bid = Lever(LeverId(platform.account.id, LeverKind.KEYWORD, "k1"), "tea", Currency("CNY"), 1_000_000)
    store.add_levers([replace(bid, budget=platform.id("b1"))], clock())
    store.begin_lever(PLAN, bid.id, bid.currency, 1_000_000, 1_100_000, clock())
    more: dict[str, Any] = {"cap": yuan(10_000), "raise_once": True, "clock": clock}
    results = await write(platform, store, {"b1": 110, "b2": 210}, **more)
    assert results["b1"].reason == "a bid or target of it moved today: one of the two moves on a day"
    assert platform.amounts == {"b1": yuan(100), "b2": yuan(210), "b3": yuan(300)}
    assert (await write(platform, store, {"b1": 90}, **more))["b1"].outcome == Applied(yuan(90)), "it may fall"
    clock.now = AccountDay.of(clock(), platform.account.timezone).end_at
    assert (await write(platform, store, {"b1": 99}, **more))["b1"].outcome == Applied(yuan(99))
