"""The state survives: several processes see one platform, and a kill at any moment leaves whole files."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.catalog import BudgetStatus
from bidder.connectors.sandbox.state import BrokenState, Edit, FileKeeper, MemoryKeeper, State

AT = datetime(2026, 9, 1, 1, 30, tzinfo=UTC)


def new() -> State:
    return State(5, date(2026, 9, 1), "Asia/Shanghai", AT, AT)


edits = st.builds(
    Edit,
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["search-P01", "feed-P12"]),
    st.none() | st.integers(0, 10**9),
    st.none() | st.sampled_from(BudgetStatus),
)


@given(st.lists(edits, max_size=5))
@settings(deadline=None, max_examples=30)
def test_a_state_reads_as_it_was_written(made: list[Edit]) -> None:
    state = State(5, date(2026, 9, 1), "Asia/Shanghai", AT, AT + timedelta(days=1), tuple(made))
    again = State.from_json(state.to_json())
    assert again.to_json() == state.to_json()
    assert again.edits == state.edits
    assert (again.at, again.wall, again.zone, again.start) == (state.at, state.wall, state.zone, state.start)


@pytest.mark.parametrize("speed", [0.0, 1.0, 3600.0])
def test_the_clock_runs_at_its_speed_and_never_backwards(speed: float) -> None:
    state = new()
    assert state.now(AT + timedelta(seconds=10), speed) == AT + timedelta(seconds=10 * speed)
    assert state.now(AT - timedelta(days=1), speed) == AT


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_change_is_read_back(kind: str, tmp_path: Path) -> None:
    keeper = MemoryKeeper(new) if kind == "memory" else FileKeeper(tmp_path / "deep" / "shop.json", new)
    assert keeper.read().edits == ()
    changed = keeper.change(lambda state: state.edited(Edit(AT, "search-P01", 10_000)))
    assert keeper.read().to_json() == changed.to_json()
    assert len(keeper.read().edits) == 1


def test_two_keepers_of_one_file_see_each_others_changes(tmp_path: Path) -> None:
    one, other = (FileKeeper(tmp_path / "shop.json", new) for _ in range(2))
    for k in range(6):
        (one, other)[k % 2].change(lambda state, k=k: state.edited(Edit(AT, "search-P01", k)))  # type: ignore[misc]  # a default binds the loop's value
        assert [edit.amount for edit in one.read().edits] == list(range(k + 1))
        assert [edit.amount for edit in other.read().edits] == list(range(k + 1))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", "null", '{"version": 2}', new().to_json()[:-20], new().to_json().replace("+00:00", "")],
)
def test_a_file_that_is_no_state_is_named_and_left_alone(text: str, tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    path.write_text(text, encoding="utf-8")
    for attempt in (FileKeeper(path, new).read, lambda: FileKeeper(path, new).change(lambda state: state)):
        with pytest.raises(BrokenState, match=r"shop\.json.*move it away"):
            attempt()
    assert path.read_text(encoding="utf-8") == text


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BrokenState, match="file"):
        FileKeeper(tmp_path / "file" / "shop.json", new).read()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "shop.json.new").mkdir()
    with pytest.raises(BrokenState, match="cannot be written"):
        FileKeeper(tmp_path / "shop.json", new).read()


WRITER = """
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from bidder.connectors.sandbox.state import Edit, FileKeeper, State

at = datetime(2026, 9, 1, tzinfo=UTC)
keeper = FileKeeper(Path(sys.argv[1]), lambda: State(5, date(2026, 9, 1), "Asia/Shanghai", at, at))
for k in range(int(sys.argv[2])):
    keeper.change(lambda state: state.edited(Edit(at, sys.argv[3], k)))
    print(k, flush=True)
"""


def writer(path: Path, changes: int, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(changes), name], stdout=subprocess.PIPE, text=True
    )


def test_writers_in_two_processes_lose_no_change(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    processes = [writer(path, 40, name) for name in ("search-P01", "feed-P12")]
    for process in processes:
        process.communicate(timeout=120)
        assert process.returncode == 0
    found = FileKeeper(path, new).read().edits
    for name in ("search-P01", "feed-P12"):
        assert [edit.amount for edit in found if edit.campaign == name] == list(range(40))


def test_a_kill_in_the_middle_of_a_save_leaves_every_change_that_was_confirmed(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    rng = random.Random(1)
    done = 0
    for _ in range(8):
        process = writer(path, 100_000, "search-P01")
        assert process.stdout is not None
        confirmed = [process.stdout.readline() for _ in range(rng.randrange(1, 6))]  # it is writing now
        end = time.monotonic() + rng.uniform(0, 0.004)
        while time.monotonic() < end:
            pass
        os.kill(process.pid, signal.SIGKILL)
        confirmed += process.communicate(timeout=60)[0].splitlines()
        done += len(confirmed)
        found = FileKeeper(path, new).read().edits
        assert len(found) >= done
        done = len(found)
        assert all(edit.amount is not None for edit in found)
