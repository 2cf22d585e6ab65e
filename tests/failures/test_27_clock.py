"""27: a wall clock that was set holds everything, and says so; one that runs true holds nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bidder.apply import apply_changes
from bidder.daemon.timekeeping import ClockWatch
from bidder.daemon.watching import clock_hold
from bidder.ids import PlanId
from bidder.plan import Change
from tests.fakes import FakePlatform, new_store, yuan

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Host:
    """A wall clock and a steady one."""

    def __init__(self) -> None:
        self.wall, self.steady = NOON, 1000.0

    def pass_by(self, seconds: float, step: timedelta = timedelta(0)) -> None:
        self.steady += seconds
        self.wall += timedelta(seconds=seconds) + step


@pytest.mark.parametrize("step", [timedelta(days=1), timedelta(days=-1), timedelta(minutes=6)])
async def test_a_step_of_the_clock_stops_every_write_until_it_is_right_again(tmp_path: Path, step: timedelta) -> None:
    host, store, platform = Host(), new_store(tmp_path), FakePlatform.of({"b1": 100})
    watch = ClockWatch(lambda: host.wall, lambda: host.steady)
    host.pass_by(3600)
    assert watch.stepped() is None
    clock_hold(store, watch.stepped(), host.wall)
    assert store.holds() == []
    host.pass_by(30, step)
    clock_hold(store, watch.stepped(), host.wall)
    (hold,) = store.holds()
    assert (hold.item, hold.check) == ("shop", "clock")

    async def write() -> str:
        (result,) = await apply_changes(
            PlanId("p"),
            [Change(platform.id("b1"), yuan(100), yuan(90))],
            store=store,
            writers={platform.account.id: platform},
            accounts={platform.account.id: platform.account},
            cap=yuan(100),
            clock=lambda: host.wall,
        )
        return result.reason

    assert "clock was set" in await write()
    assert platform.writes == []
    host.pass_by(30, -step)
    clock_hold(store, watch.stepped(), host.wall)
    assert store.holds() == []
    assert await write() == "read back"
    assert [line.facts["what"] for line in store.journal(kind="alert")] == ["ended by itself", "began"]
    store.close()


def test_a_host_that_slept_has_a_clock_that_is_right() -> None:
    host = Host()
    watch = ClockWatch(lambda: host.wall, lambda: host.steady)
    host.pass_by(3 * 86_400)  # the steady clock goes on in sleep
    assert watch.stepped() is None
    assert ClockWatch().stepped() is None
