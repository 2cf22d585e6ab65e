"""21: the highest budget of a day counts, so a budget is raised once a day; a day of plans never adds a second one."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bidder.apply import apply_changes
from bidder.ids import PlanId
from bidder.plan import Change
from tests.failures.conftest import MIDNIGHT
from tests.failures.shop import Shop
from tests.fakes import FakePlatform, new_store, yuan


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(80, 125)), min_size=1, max_size=5))
def test_21_no_day_of_plans_raises_a_budget_twice(plans: list[tuple[int, int]]) -> None:
    asyncio.run(_a_day(plans))


async def _a_day(plans: list[tuple[int, int]]) -> None:
    with TemporaryDirectory() as folder:
        store, platform = new_store(Path(folder)), FakePlatform.of({f"b{n}": 100 for n in range(3)})
        raised: dict[str, int] = {}
        for hour, (place, percent) in enumerate(plans):
            name = f"b{place}"
            now = platform.amounts[name]
            after = yuan(max(1, now.micros * percent // 100 // 1_000_000))
            await apply_changes(
                PlanId(f"p{hour}"),
                [Change(platform.id(name), now, after)],
                store=store,
                writers={platform.account.id: platform},
                accounts={platform.account.id: platform.account},
                cap=yuan(10_000),
                clock=lambda hour=hour: MIDNIGHT + timedelta(hours=hour),  # type: ignore[misc]  # bound now
                raise_once=True,
            )
            raised[name] = raised.get(name, 0) + (platform.amounts[name] > now)
        store.close()
    assert all(times <= 1 for times in raised.values())


def test_21_deciding_a_day_anew_after_a_confirmation_is_no_second_step(live: Shop) -> None:
    before = {name: float(amount) for name, amount in live.amounts("meta").items()}
    live.live(hours=3)
    live.store.set_value("decided_day", None)  # as `bidder confirm` does
    live.live(hours=3)
    assert len(live.lines("decided")) == 2
    for name, amount in live.amounts("meta").items():
        assert float(amount) <= before[name] * 1.3 + 0.01, "the limit of a day is one of the calendar"
