"""31: writes that go round in circles trip a breaker: nothing is written for a day, and it is said why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bidder.apply import WriteResult, apply_changes
from bidder.guard.breaker import Written, flapping
from bidder.ids import PlanId
from bidder.plan import Applied, Change
from bidder.store.protocol import Store
from tests.fakes import FakePlatform, new_store, yuan

AT = datetime(2026, 11, 23, 6, tzinfo=UTC)


async def write(
    platform: FakePlatform, store: Store, plan: str, to: int, at: datetime, *, approved: bool = False
) -> WriteResult:
    (result,) = await apply_changes(
        PlanId(plan),
        [Change(platform.id("b1"), platform.amounts["b1"], yuan(to))],
        store=store,
        writers={platform.account.id: platform},
        accounts={platform.account.id: platform.account},
        cap=yuan(10_000),
        clock=lambda: at,
        budgets_in_force=platform.in_force(),
        approved=approved,
    )
    return result


async def test_a_forced_flap_stops_within_the_day_for_a_day(tmp_path: Path) -> None:
    store, platform = new_store(tmp_path), FakePlatform.of({"b1": 100, "b2": 9_000})
    results = []
    for n in range(20):
        other = 101 if platform.amounts["b1"] == yuan(100) else 100
        results.append(await write(platform, store, f"p{n}", other, AT + timedelta(minutes=n)))
    assert sum(isinstance(one.outcome, Applied) for one in results) == 6
    assert len(platform.writes) == 6
    assert "flapping" in results[-1].reason
    (hold,) = store.holds(AT)
    assert (hold.item, hold.check) == ("shop", "flapping")
    by_hand = await write(platform, store, "hand", 99, AT + timedelta(hours=1), approved=True)
    assert isinstance(by_hand.outcome, Applied), "a person may"
    again = await write(platform, store, "next", 98, AT + timedelta(hours=25))
    assert isinstance(again.outcome, Applied)
    store.close()


def test_money_that_goes_to_and_fro_trips_it_but_one_plan_never_does() -> None:
    budgets = [FakePlatform.of({}).id(f"b{n}") for n in range(4)]
    one_plan = [Written(PlanId("p"), b, yuan(100), yuan(40)) for b in budgets]
    force = [yuan(100)] * 4
    assert flapping(one_plan, force) is None
    two = [*one_plan[:2], Written(PlanId("q"), budgets[0], yuan(40), yuan(130))]
    assert "2 plans moved 210.00 of 400.00" in str(flapping(two, force))
    assert flapping(two, [yuan(1000)]) is None
    assert flapping([], []) is None
