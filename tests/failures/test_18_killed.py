"""16, 17, 18: killed at random points of apply cycles, on a platform that loses replies and requests."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bidder.apply import settle
from bidder.apply_bids import settle_bids
from bidder.catalog import Budget
from bidder.ids import BudgetId
from bidder.money import MICROS, Money
from bidder.plan import Outcome
from bidder.turn import gone, holder
from tests.failures.bid_killing import BidsOf
from tests.failures.killing import CAP, Platform, kill_often, serving
from tests.fakes import CNY, an_account
from tests.stores import Place, Stores


class Reader:
    """The platform as it is."""

    def __init__(self, platform: Platform) -> None:
        self.account = an_account()
        self._platform = platform

    async def read(self, budget: BudgetId) -> Budget:
        return Budget(budget, budget.native, CNY, Money(self._platform.amounts[budget.native] * MICROS, CNY))

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        raise AssertionError("settling writes nothing")

    async def close(self) -> None:
        return None


async def survives(place: Place, times: int, seed: int) -> None:
    platform = Platform(seed)
    with serving(platform) as port:
        kill_often(place.url, platform, port, times, seed, requests=5)
    store = place.open()
    await settle(store, {an_account().id: Reader(platform)}, lambda: datetime.now(UTC))
    assert store.open_intents() == [], "every intent is closed"
    assert store.verify_journal() is None
    assert platform.most <= CAP, "at no instant more than the cap"
    assert len(platform.applied) > times // 4, "it did write"
    writes = store.writes(datetime(1970, 1, 1, tzinfo=UTC))
    begun = {(one.budget.native, one.before.micros // MICROS, one.after.micros // MICROS) for one in writes}
    assert {one for one in platform.applied if one[1] != one[2]} <= begun, "nothing was sent that was not noted before"
    steps = [(one.plan, one.budget) for one in writes]
    assert len(steps) == len(set(steps)), "no step twice"
    last = {one.budget.native: one.after for one in writes if one.status == "applied"}
    for name, amount in last.items():
        assert platform.amounts[name] * MICROS == amount.micros, "what was noted is what is in force"
    store.close()


async def test_killed_10_times_on_each_store_the_platform_is_as_the_journal_says(stores: Stores) -> None:
    await survives(stores.new(), 10, seed=1)


async def test_killed_10_times_bids_are_as_the_journal_says(stores: Stores) -> None:
    place, platform = stores.new(), Platform(seed=3)
    with serving(platform) as port:
        program = ("-m", "tests.failures.bid_killing")
        kill_often(place.url, platform, port, 10, 3, program, requests=7)
        store = place.open()
        platform.faulty = False
        await settle_bids(store, {an_account().id: BidsOf(port)}, lambda: datetime.now(UTC))
    assert store.open_lever_moves() == [], "every intent is closed"
    assert store.verify_journal() is None
    assert len(platform.applied) > 2, "it did write"
    moves = store.lever_moves(datetime(1970, 1, 1, tzinfo=UTC))
    begun = {(one.lever.native, one.before // MICROS, one.after // MICROS) for one in moves}
    assert {one for one in platform.applied if one[1] != one[2]} <= begun, "nothing was sent that was not noted before"
    steps = [(one.plan, one.lever) for one in moves]
    assert len(steps) == len(set(steps)), "no step twice"
    for name, value in {one.lever.native: one.after for one in moves if one.status == "applied"}.items():
        assert platform.amounts[name] * MICROS == value, "what was noted is what is in force"
    store.close()


@pytest.mark.chaos
async def test_killed_200_times_the_platform_is_as_the_journal_says(stores: Stores) -> None:
    await survives(stores.new(), 200, seed=2)


def test_a_lease_of_a_process_that_ended_is_not_waited_for() -> None:
    me = holder()
    assert not gone(me)
    assert gone(me[:-1] + ("1" if me[-1] != "1" else "2")), "another process has the number by now"
    assert not gone("process 1 on another-host, started 12345678:1")
    assert not gone("somebody")
