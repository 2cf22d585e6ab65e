"""`bidder import` stores whole files or nothing, once, and says what it understood."""

from __future__ import annotations

import json
import os
import pty
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bidder.errors import BidderError, ImportRefused
from bidder.store import open_reader
from tests.cli.importer import app

ROOT = Path(__file__).resolve().parents[2]
HEADER = "date,campaign,impressions,clicks,spend,orders\n"


@pytest.fixture(autouse=True)
def _no_configuration_but_the_test_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("BIDDER_CONFIG", "BIDDER_STORE"):
        monkeypatch.delenv(name, raising=False)


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'bidder.db'}"


def imported(folder: Path, *arguments: object) -> list[dict[str, Any]]:
    """What `--json` says; stdout must hold nothing else."""
    result = CliRunner().invoke(app, ["import", "--json", "--store", url(folder), *map(str, arguments)])
    if result.exception is not None and isinstance(result.exception, BidderError):
        raise result.exception
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert isinstance(found, list)
    return found


def a_file(folder: Path, rows: str, name: str = "report.csv") -> Path:
    path = folder / name
    path.write_text(HEADER + rows)
    return path


SETS = [
    ("amazon_sp_umair/Sponsored Products Advertised product report.xlsx", "expected.json"),
    ("amazon_sp_umair/Sponsored Products Campaign report.csv", "expected-campaigns.json"),
    ("online_ads_2020/online_advertising_performance_data.csv", "expected.json"),
    ("ab_fb_adwords_2019/marketing_campaign.csv", "expected.json"),
    ("taobao_made/plan_report_gb18030.csv", "expected.json"),
    ("taobao_made/scene_report_utf8bom.csv", "expected-scene.json"),
]


@pytest.mark.parametrize(("name", "expected"), SETS)
def test_json_of_a_set_has_each_key_of_its_expected_totals(
    shared_dir: Path, tmp_path: Path, name: str, expected: str
) -> None:
    path = shared_dir / "data" / name
    (found,) = imported(tmp_path, path, "--year", 2020)
    assert found.pop("file") == str(path)
    assert found.pop("new_rows") == found["entity_days"]
    assert found.pop("kind")
    assert found == json.loads((path.parent / expected).read_text())


def test_importing_all_sets_twice_adds_nothing(shared_dir: Path, tmp_path: Path) -> None:
    files = [shared_dir / "data" / name for name, _ in SETS]
    files += sorted((shared_dir / "data/ab_control_test").glob("*.csv"))
    first = imported(tmp_path, *files, "--year", 2020)
    again = imported(tmp_path, *files, "--year", 2020)
    assert sum(one["new_rows"] for one in first) == sum(one["entity_days"] for one in first)
    assert [one["new_rows"] for one in again] == [0] * len(files)
    saved = open_reader(url(tmp_path))
    lines = saved.journal(kind="imported")
    assert len(lines) == 2 * len(files)
    assert saved.verify_journal() is None
    assert lines[-1].facts["file"] == files[0].name
    assert lines[-1].facts["kind"] == "amazon_sp_advertised_product"
    assert len(lines[-1].facts["sha256"]) == 64
    assert (lines[-1].facts["rows"], lines[-1].facts["new_rows"], lines[0].facts["new_rows"]) == (265, 265, 0)


def test_the_same_file_twice_in_one_command_counts_once(tmp_path: Path) -> None:
    path = a_file(tmp_path, "2026-03-01,tea,10,1,5,0\n")
    assert [one["new_rows"] for one in imported(tmp_path, path, path)] == [1, 0]


def test_a_newer_report_of_a_day_is_kept_beside_the_older(tmp_path: Path) -> None:
    early, late = "2026-03-02T09:00:00+08:00", "2026-03-09T09:00:00+08:00"
    path = a_file(tmp_path, "2026-03-01,tea,10,1,5,0\n2026-03-02,tea,10,1,5,0\n")
    assert imported(tmp_path, path, "--observed-at", early)[0]["new_rows"] == 2
    a_file(tmp_path, "2026-03-01,tea,10,1,5,3\n2026-03-02,tea,10,1,5,0\n")
    assert imported(tmp_path, path, "--observed-at", late)[0]["new_rows"] == 1
    saved = open_reader(url(tmp_path))
    assert saved.reports().orders.tolist() == [3, 0]
    assert saved.reports(as_of=datetime(2026, 3, 5, tzinfo=UTC)).orders.tolist() == [0, 0]
    assert len(saved.report_versions()) == 3


def test_one_bad_file_stores_nothing_of_the_others(tmp_path: Path) -> None:
    good = a_file(tmp_path, "2026-03-01,tea,10,1,5,0\n")
    bad = a_file(tmp_path, "2026-03-01,tea,10,1,-5,0\n", "bad.csv")
    worse = a_file(tmp_path, "", "worse.csv")
    with pytest.raises(ImportRefused) as e:
        imported(tmp_path, good, bad, worse)
    assert [str(fault.source).removeprefix(str(tmp_path)) for fault in e.value.faults] == [
        "/bad.csv:2:5",
        "/worse.csv:1",
    ]
    assert not (tmp_path / "bidder.db").exists()


def test_an_answer_is_remembered_so_that_no_second_series_begins(tmp_path: Path) -> None:
    path = a_file(tmp_path, "2026-03-01,tea,10,1,5,0\n")
    assert imported(tmp_path, path, "--window", 15, "--currency", "CNY")[0]["new_rows"] == 1
    (again,) = imported(tmp_path, path)
    assert (again["new_rows"], again["currency"]) == (0, "CNY")
    found = open_reader(url(tmp_path)).reports()
    assert (found.window.tolist(), found.currency.tolist()) == ([15], ["CNY"])
    a_file(tmp_path, "2026-03-02,tea,10,1,€5,0\n")
    assert imported(tmp_path, path)[0]["currency"] == "EUR"


def test_the_account_and_zone_that_are_said_are_stored(tmp_path: Path) -> None:
    path = a_file(tmp_path, "03/04/2026,tea,10,1,5,0\n")
    imported(tmp_path, path, "--account", "ztc", "--timezone", "Asia/Shanghai", "--dates", "dmy")
    only = open_reader(url(tmp_path)).reports().observation(0)
    assert (str(only.budget), only.day.zone, only.day.date.isoformat()) == ("ztc/tea", "Asia/Shanghai", "2026-04-03")


@pytest.mark.parametrize("text", ["yesterday", "2026-03-01T09:00:00", "2026-03-01"])
def test_an_instant_without_its_zone_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(BidderError, match="--observed-at  expected an instant with its zone"):
        imported(tmp_path, a_file(tmp_path, "2026-03-01,tea,10,1,5,0\n"), "--observed-at", text)


def test_the_table_shows_kind_columns_totals_and_what_was_left_out(shared_dir: Path, tmp_path: Path) -> None:
    path = shared_dir / "data" / SETS[1][0]
    result = CliRunner().invoke(app, ["import", "--store", url(tmp_path), str(path)])
    assert result.exit_code == 0, result.output
    for part in ("amazon_sp_campaign", "14 Day Total Sales (₹)", "47,108.12", "Last Year Spend", "182 new rows stored"):
        assert part in result.stdout
    assert "\x1b[" not in result.stdout


def test_without_options_the_configuration_says_store_and_zone(tmp_path: Path) -> None:
    (tmp_path / "bidder.yaml").write_text("shop: {name: tea, timezone: Asia/Tokyo}\nstore: sqlite:///tea.db\n")
    path = a_file(tmp_path, "2026-03-01,tea,10,1,5,0\n")
    result = CliRunner().invoke(app, ["import", str(path)])
    assert result.exit_code == 0, result.output
    assert set(open_reader(f"sqlite:///{tmp_path / 'tea.db'}").reports().zone) == {"Asia/Tokyo"}


def test_a_store_that_is_said_changes_nothing_about_the_zone(tmp_path: Path) -> None:
    (tmp_path / "bidder.yaml").write_text("shop: {name: tea, timezone: Asia/Tokyo}\n")
    imported(tmp_path, a_file(tmp_path, "2026-03-01,tea,10,1,5,0\n"))
    assert set(open_reader(url(tmp_path)).reports().zone) == {"Asia/Tokyo"}


def test_without_any_configuration_the_store_is_in_this_folder_and_the_zone_utc(tmp_path: Path) -> None:
    path = a_file(tmp_path, "2026-03-01,tea,10,1,5,0\n")
    result = CliRunner().invoke(app, ["import", str(path)])
    assert result.exit_code == 0, result.output
    assert set(open_reader(url(tmp_path)).reports().zone) == {"UTC"}


def run(*arguments: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.cli.importer", "import", *arguments],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_bad_input_ends_with_exit_code_2_one_message_and_no_traceback(tmp_path: Path) -> None:
    path = a_file(tmp_path, "2026-03-01,tea,10,1,NaN,0\n")
    process = run("--json", "--store", url(tmp_path), str(path))
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err == f"{path}:2:5  spend: expected a finite number, was 'NaN'\n"


def test_a_long_file_shows_its_progress_on_a_terminal_and_stdout_stays_json(tmp_path: Path) -> None:
    rows = [f"2026-03-{day:02},camp {number},100,10,5.25,1" for day in range(1, 29) for number in range(2500)]
    path = a_file(tmp_path, "\n".join(rows), "long.csv")
    terminal, end = pty.openpty()
    process = run("--json", "--store", url(tmp_path), str(path), stderr=end)
    os.close(end)
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(terminal)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(out)[0]["new_rows"] == len(rows)
    assert b"long.csv" in shown


@pytest.mark.parametrize("times", [7, pytest.param(60, marks=[pytest.mark.chaos, pytest.mark.timeout(1200)])])
def test_a_kill_at_any_moment_leaves_whole_files_or_nothing(tmp_path: Path, times: int) -> None:
    rng = random.Random(9)
    files = []
    for number in range(3):
        rows = [
            f"2026-{month:02}-{day:02},camp {number}-{c},{day * 100},{day},{day}.50,1"
            for month in range(1, 3)
            for day in range(1, 29)
            for c in range(30)
        ]
        files.append(str(a_file(tmp_path, "\n".join(rows), f"report{number}.csv")))
    whole = 3 * 2 * 28 * 30

    def stored(folder: Path) -> int:
        if not (folder / "bidder.db").exists():
            return 0
        try:
            saved = open_reader(url(folder))
        except BidderError:
            return 0  # killed while the tables were made: the next import goes on from there
        assert saved.verify_journal() is None
        count = len(saved.report_versions())
        assert len(saved.journal(kind="imported")) == (3 if count else 0)
        return count

    began = time.monotonic()
    process = run("--json", "--store", url(tmp_path), *files)
    process.communicate(timeout=120)
    length = time.monotonic() - began
    assert process.returncode == 0
    assert stored(tmp_path) == whole
    seen = []
    for number in range(times):
        folder = tmp_path / str(number)
        folder.mkdir()
        process = run("--json", "--store", url(folder), *files)
        try:
            process.communicate(timeout=rng.uniform(0.3, 1.0) * length)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        seen.append(stored(folder))
        assert seen[-1] in {0, whole}
    again = run("--json", "--store", url(tmp_path / str(times - 1)), *files)
    out, _ = again.communicate(timeout=120)
    assert again.returncode == 0
    assert sum(one["new_rows"] for one in json.loads(out)) == whole - seen[-1]
    assert 0 in seen
