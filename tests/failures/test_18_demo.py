"""18, 28 (and 29): a shop whose daemon is killed again and again goes on where it was: no day twice, no step twice."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bidder.errors import StoreError
from bidder.store import open_reader
from bidder.store.protocol import StoreReader
from tests.failures.processes import ROOT, environment, until

EVER = datetime(1970, 1, 1, tzinfo=UTC)


def decided(folder: Path) -> list[tuple[str, str]]:
    """(day, plan) of every decision, oldest first; nothing while there is no store yet."""
    if not (folder / "bidder.db").exists():
        return []
    try:
        store: StoreReader = open_reader(f"sqlite:///{folder}/bidder.db")
    except StoreError:  # it is just being made
        return []
    try:
        lines = store.journal(limit=10_000, kind="decided")
        return [(str(one.facts["day"]), str(one.facts["plan"])) for one in reversed(lines)]
    finally:
        store.close()


def demo(folder: Path) -> list[str]:
    """The command as typed."""
    words = ["demo", "--dir", str(folder), "--speed", "max", "--listen", "127.0.0.1:0"]
    return [sys.executable, "-m", "bidder", *words]


def kill_often(folder: Path, times: int, seed: int) -> None:
    """Starts the demo on the folder's shop, lets it decide one to three days, and kills it; so often."""
    draw = random.Random(seed)
    for _ in range(times):
        before = len(decided(folder))
        nothing = subprocess.DEVNULL
        process = subprocess.Popen(demo(folder), cwd=ROOT, env=environment(), stdout=nothing, stderr=nothing)
        try:
            wanted = before + draw.randint(1, 3)
            until(partial(_far_enough, folder, wanted, process), 1200)  # a busy host takes a minute a day
            assert process.poll() is None, "it ended by itself"
        finally:
            process.kill()
            process.wait()


def _far_enough(folder: Path, wanted: int, process: subprocess.Popen[bytes]) -> bool:
    return len(decided(folder)) >= wanted or process.poll() is not None


def goes_on(folder: Path, times: int, seed: int) -> None:
    kill_often(folder, times, seed)
    killed = decided(folder)
    words = ["--days", "2", "--json"]
    ended = subprocess.run([*demo(folder), *words], cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["cap_breaches"] == 0
    made = decided(folder)
    assert made[: len(killed)] == killed, "nothing of before is forgotten"
    assert len(made) > len(killed)
    days = sorted({date.fromisoformat(day) for day, _ in made})
    assert [day for day, _ in made] == sorted(day for day, _ in made), "time goes on"
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))], "no day is left out"
    assert len(days) >= times
    day_of = {plan: day for day, plan in made}
    store = open_reader(f"sqlite:///{folder}/bidder.db")
    writes = store.writes(EVER)
    plans: dict[str, set[str]] = {}
    for one in writes:
        plans.setdefault(day_of[one.plan], set()).add(one.plan)
    assert all(len(of_day) == 1 for of_day in plans.values()), "one plan a day is written"
    steps = [(one.plan, one.budget) for one in writes]
    assert len(steps) == len(set(steps)), "no step twice"
    for one in writes:
        assert one.after.micros <= one.before.micros * 3
    assert store.verify_journal() is None
    in_force = {str(one.budget.id): one.budget.now for one in store.budgets()}
    last = {str(one.budget): one.after for one in writes if one.status == "applied"}
    for name, amount in last.items():
        now = in_force[name]
        assert now is not None
        assert now.micros == amount.micros, "what was noted last is in force"
    assert store.open_intents() == []
    store.close()


def test_the_demo_killed_three_times_goes_on_where_it_was(tmp_path: Path) -> None:
    goes_on(tmp_path, 3, 1)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_the_demo_killed_twenty_times_goes_on_where_it_was(tmp_path: Path) -> None:
    goes_on(tmp_path, 20, 2)
