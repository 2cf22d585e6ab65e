"""80 % intervals of the next day hold 72 to 88 of 100 times, in closed-loop worlds and on exports (rolling origin)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.calibration import EXPORTS, Held, closed_loop, export, world_days


def within(held: Held) -> None:
    for share in (held.orders, held.profit, held.together):
        slack = 2 * np.sqrt(0.8 * 0.2 / len(share))  # of so many days the share itself is known no better
        assert 0.72 - slack <= np.mean(share) <= 0.88 + slack, str(held)
    for share in (held.orders, held.profit):
        assert 0.72 <= np.mean(share) <= 0.88, str(held)


def test_intervals_of_a_short_run_hold(shared_dir: Path) -> None:
    market, held = closed_loop(shared_dir), Held()
    for number in range(2):
        held.add(world_days(market, number, salt="intervals", ours=False, days=20))
    within(held)


@pytest.mark.chaos
@pytest.mark.parametrize(("ours", "volume"), [(False, 1.0), (True, 1.0), (True, 0.2)])
def test_intervals_hold_in_closed_loop_worlds(shared_dir: Path, ours: bool, volume: float) -> None:
    market, held = closed_loop(shared_dir), Held()
    for number in range(5):
        held.add(world_days(market, number, salt="long", volume=volume, ours=ours))
    within(held)


@pytest.mark.chaos
@pytest.mark.parametrize("file", EXPORTS, ids=[name for name, *_ in EXPORTS])
def test_intervals_hold_on_exports(shared_dir: Path, file: tuple[str, ...]) -> None:
    name, *options = file
    found = export(shared_dir / "data", name, *options)
    for share, days in (("orders_covered", "budget_days"), ("profit_covered", "days")):
        slack = 2 * np.sqrt(0.8 * 0.2 / found[days])
        assert 0.72 - slack <= found[share] <= 0.88 + slack, found
