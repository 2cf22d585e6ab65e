"""47: thousands of cycles, and no more memory, handles or disk than at the beginning."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.failures.processes import ROOT, environment
from tests.stores import Stores

A_DAY = {"sqlite": 22_000, "postgresql": 44_000}
"""Bytes a day that docs/store.md promises for this shop, and a fifth more: eight budgets, polled every two hours."""


def soaked(folder: Path, url: str, cycles: int, every: int) -> list[dict[str, Any]]:
    """What the daemon held after every so many cycles; last, how its journal stands."""
    command = [sys.executable, "-m", "tests.failures.soaking", str(folder), url, str(cycles), str(every)]
    said = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    return [json.loads(line) for line in said.stdout.splitlines()]


def test_four_days_of_cycles_hold_no_more_handles_and_grow_as_documented(tmp_path: Path, stores: Stores) -> None:
    *held, end = soaked(tmp_path, stores.new().url, 48, 12)
    assert end == {"chain": None, "open": 0}
    assert [one["cycle"] for one in held] == [12, 24, 36, 48]
    assert held[-1]["decided"] - held[0]["decided"] == 3, "once a day"
    assert max(one["files"] for one in held[1:]) <= held[0]["files"] + 3, "files and connections"
    assert max(one["threads"] for one in held) <= 24
    assert held[-1]["rss"] - held[0]["rss"] < 40_000_000, "beside the history that fills up"
    assert held[-1]["lines"] - held[0]["lines"] < 4 * 60, "lines of the journal a day"


@pytest.mark.chaos
def test_twenty_thousand_cycles_hold_no_more_than_two_thousand(tmp_path: Path, stores: Stores) -> None:
    place = stores.new()
    *held, end = soaked(tmp_path, place.url, 20_000, 500)
    assert end == {"chain": None, "open": 0}
    full = [one for one in held if one["cycle"] >= 2_000]  # 150 days: what is looked back on is as long as it gets
    middle = sorted(one["rss"] for one in full)[len(full) // 2]
    assert all(abs(one["rss"] - middle) <= 0.05 * middle for one in full), [one["rss"] for one in full]
    assert max(one["files"] for one in full) - min(one["files"] for one in full) <= 2
    assert max(one["threads"] for one in full) - min(one["threads"] for one in full) <= 2
    days = (full[-1]["decided"] - full[0]["decided"]) or 1
    assert (full[-1]["database"] - full[0]["database"]) / days <= A_DAY[place.url.partition(":")[0]]
