"""20: a platform that takes four edits an hour of a budget is never asked for a fifth."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from bidder.apply import apply_changes
from bidder.ids import PlanId
from bidder.plan import Applied, Change
from tests.failures.conftest import MIDNIGHT
from tests.fakes import FakePlatform, new_store, yuan


class Four(FakePlatform):
    """Locks a budget that is changed a fifth time within the hour."""

    edits_an_hour = 4


async def test_20_no_call_is_refused_for_being_too_often(tmp_path: Path) -> None:
    store, platform = new_store(tmp_path), Four.of({"b1": 100})
    taken = []
    for minute in range(0, 180, 5):
        now = platform.amounts["b1"]
        other = yuan(101) if now == yuan(100) else yuan(100)
        at = MIDNIGHT + timedelta(minutes=minute)
        (result,) = await apply_changes(
            PlanId(f"p{minute}"),
            [Change(platform.id("b1"), now, other)],
            store=store,
            writers={platform.account.id: platform},
            accounts={platform.account.id: platform.account},
            cap=yuan(1000),
            clock=lambda at=at: at,  # type: ignore[misc]  # bound now
            approved=True,
        )
        if isinstance(result.outcome, Applied):
            taken.append(at)
    assert len(taken) >= 8
    for one in taken:
        assert sum(one <= other < one + timedelta(hours=1) for other in taken) <= 4
    assert len(platform.writes) == len(taken), "what would be refused was not asked"
    store.close()
