#!/usr/bin/env python3
"""How often the 80 % intervals of the next day hold: in closed-loop worlds and on exports, forecast before each day.

    python -m bench.calibration worlds SHARED [--worlds 0-9] [--salt check] [--volume 1] [--policy even|bidder]
    python -m bench.calibration exports SHARED

SHARED is the folder that holds worlds/ and data/. Each line: the share of budget-days whose orders lay in their
interval, the share of budget-days and of days (all budgets together) whose profit did. Orders are whole numbers: of
few no interval holds just 80 %, so one size lies above, another below, and over many sizes it should be 80 %.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

if __package__ in (None, ""):  # run as a file: the repository root is not on the path yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.closed_loop_policy import Policy
from bidder.response.estimate import ResponseSettings, estimate
from bidder.response.forecast import Forecast, forecast
from bidder.snapshot import Snapshot

__all__ = ["EXPORTS", "Held", "closed_loop", "export", "world_days"]

EXPORTS: tuple[tuple[str, ...], ...] = (
    ("ab_control_test/control_group.csv",),
    ("ab_control_test/test_group.csv",),
    ("ab_fb_adwords_2019/marketing_campaign.csv",),
    ("amazon_sp_umair/Sponsored Products Advertised product report.xlsx",),
    ("amazon_sp_umair/Sponsored Products Campaign report.csv",),
    ("online_ads_2020/online_advertising_performance_data.csv", "--year", "2020"),
    ("taobao_made/plan_report_gb18030.csv",),
    ("taobao_made/scene_report_utf8bom.csv",),
)
"""Files below data/, with the options that they need."""


@dataclass(slots=True)
class Held:
    """Whether intervals held: of budget-days' orders and profit, and of days' profit of all budgets."""

    orders: list[bool] = field(default_factory=list)
    profit: list[bool] = field(default_factory=list)
    together: list[bool] = field(default_factory=list)

    def add(self, other: Held) -> None:
        """Joins the days of another world."""
        self.orders += other.orders
        self.profit += other.profit
        self.together += other.together

    def __str__(self) -> str:
        shares = [f"{np.mean(one):.3f}" if one else "-" for one in (self.orders, self.profit, self.together)]
        return f"orders {shares[0]}, profit {shares[1]} of {len(self.orders)} budget-days; profit of all {shares[2]}"


class Watched(Policy):
    """The product's policy, which keeps what it saw this morning."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Snapshot | None = None

    def snapshot(self, view: Mapping[str, Any]) -> Snapshot:
        """What is known this morning."""
        self.seen = super().snapshot(view)
        return self.seen


def closed_loop(shared: Path) -> ModuleType:
    """The marketplace as a module. Raises FileNotFoundError where it is not there."""
    found = importlib.util.spec_from_file_location("closed_loop", shared / "worlds" / "closed_loop.py")
    if found is None or found.loader is None:
        raise FileNotFoundError(shared / "worlds")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def world_days(market: ModuleType, number: int, *, salt: str, volume: float = 1.0, ours: bool, days: int = 42) -> Held:
    """Plays a world, forecasting each day at the budgets of that day from what was known that morning."""
    world = market.World(number, salt, volume=volume, days=days)
    shop, policy = market.Shop(world), Watched()
    foreseen: list[tuple[int, list[str], Forecast]] = []
    while not shop.done:
        view = shop.view(history=True)
        wanted = policy.decide(view) if ours else None
        snapshot = policy.seen if ours and policy.seen is not None else policy.snapshot(view)
        names = [one.id.native for one in snapshot.budgets]
        amounts = wanted or dict(zip(names, snapshot.now.tolist(), strict=True))
        curves = estimate(snapshot, ResponseSettings())
        foreseen.append((shop.t, names, forecast(curves, np.array([amounts[name] for name in names]))))
        shop.play(amounts)
    held = Held()
    for day, names, expected in foreseen:
        place = [world.ids.index(name) for name in names]
        row = shop.rows[day]
        orders, units = row["orders"].sum(axis=1)[place], row["units"].sum(axis=1)[place]
        worth = (world.price * world.margin * (1 - world.returns))[place]
        profit = units * worth - row["spend"][place]
        held.orders += ((expected.orders_low <= orders) & (orders <= expected.orders_high)).tolist()
        held.profit += ((expected.profit_low <= profit) & (profit <= expected.profit_high)).tolist()
        held.together.append(bool(expected.total[1] <= profit.sum() <= expected.total[2]))
    return held


def export(data: Path, name: str, *options: str) -> dict[str, float]:
    """The calibration that `bidder backtest --history` finds on this file, over all its days."""
    command = [sys.executable, "-m", "bidder", "backtest", "--history", str(data / name), *options]
    command += ["--fitted", "0", "--days", "400", "--json"]
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)["history"]["calibration"]
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("where", choices=["worlds", "exports"])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--worlds", default="0-9")
    parser.add_argument("--salt", default="calibration")
    parser.add_argument("--volume", type=float, default=1.0)
    parser.add_argument("--policy", choices=["even", "bidder"], default="even")
    asked = parser.parse_args()
    if asked.where == "exports":
        for name, *options in EXPORTS:
            found = export(asked.shared / "data", name, *options)
            print(f"{name}: {found}", flush=True)
        return
    market, held = closed_loop(asked.shared), Held()
    first, _, last = asked.worlds.partition("-")
    for number in range(int(first), int(last or first) + 1):
        held.add(world_days(market, number, salt=asked.salt, volume=asked.volume, ours=asked.policy == "bidder"))
    print(f"{asked.policy}, worlds {asked.worlds}, salt {asked.salt}, volume {asked.volume:g}: {held}")


if __name__ == "__main__":
    main()
