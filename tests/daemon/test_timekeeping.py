"""Waiting by the wall's clock: until the time comes, somebody stops or somebody asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from bidder.cycle import utc_now
from bidder.daemon.timekeeping import WallClock


@pytest.mark.parametrize("first", ["sleeps", "is called"])
@pytest.mark.parametrize("by", ["stop", "wake"])
async def test_who_is_called_does_not_sleep_out_the_half_minute(first: str, by: str) -> None:
    clock, stop = WallClock(), asyncio.Event()
    call: Callable[[], None] = stop.set if by == "stop" else clock.wake
    if first == "is called":
        call()
    sleeping = asyncio.create_task(clock.sleep_until(utc_now() + timedelta(hours=1), stop))
    if first == "sleeps":
        await asyncio.sleep(0)
        assert not sleeping.done()
        call()
    await asyncio.wait_for(sleeping, 15)


async def test_one_call_wakes_once() -> None:
    clock, stop = WallClock(), asyncio.Event()
    clock.wake()
    await asyncio.wait_for(clock.sleep_until(utc_now() + timedelta(hours=1), stop), 15)
    again = asyncio.create_task(clock.sleep_until(utc_now() + timedelta(hours=1), stop))
    done, _ = await asyncio.wait([again], timeout=0.2)
    assert not done
    stop.set()
    await again


async def test_what_is_past_is_not_waited_for() -> None:
    await asyncio.wait_for(WallClock().sleep_until(utc_now() - timedelta(days=1), asyncio.Event()), 15)
