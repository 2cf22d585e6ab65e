"""examples/own-connector: a package of its own, installed beside bidder, keeps the contract and obeys commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bidder.connectors.protocol import AdsReader, BudgetWriter
from bidder.connectors.registry import kind, names
from bidder.money import MICROS
from bidder.testing import WriteFault
from tests.connectors.http.shops import bidder, history, served, shop

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "own-connector"
ZONE = "Europe/Berlin"


def installed(folder: Path) -> Path:
    """What an installer leaves: the module, and beside it what its pyproject says of it. No network, no build."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))
    about, modules = project["project"], project["tool"]["setuptools"]["py-modules"]
    site = folder / "site"
    site.mkdir()
    for name in modules:
        shutil.copy(EXAMPLE / f"{name}.py", site)
    info = site / f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {about['version']}\n")
    lines = []
    for group, points in about["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return site


@pytest.fixture
def wall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The platform on a socket, and a shop's folder that names it."""
    monkeypatch.syspath_prepend(str(installed(tmp_path)))
    monkeypatch.syspath_prepend(str(EXAMPLE / "tests"))
    monkeypatch.chdir(tmp_path)
    for name in ("BIDDER_CONFIG", "BIDDER_STORE"):
        monkeypatch.delenv(name, raising=False)
    server: Any = import_module("posterwall_server")
    monkeypatch.setenv("WALL_KEY", server.KEY)
    made: Any = server.FakePosterwall()
    made.advance(datetime.now(UTC))
    holder: Any = SimpleNamespace(server=made)
    with served(holder):
        history(made)
        own = {"name": "wall", "platform": "posterwall", "mode": "propose", "timezone": ZONE, "base_url": made.url}
        shop(tmp_path, [{**own, "credentials": {"key": {"env": "WALL_KEY"}}}], zone=ZONE, currency="EUR")
        yield made
    for name in ("posterwall_server", "bidder_posterwall"):
        sys.modules.pop(name, None)


def test_poll_plan_and_apply_reach_a_platform_that_bidder_was_not_shipped_with(wall: Any, tmp_path: Path) -> None:
    assert "posterwall" in names()
    assert "3 active" in bidder("check", "--online").stdout
    rows = bidder("poll", "--json").json
    yesterday = [one.performance for one in wall.rows if one.day.isoformat() == rows[-1]["day"]]
    assert rows[-1]["account"] == "wall"
    assert rows[-1]["spend"] == f"{sum(one.spend.micros for one in yesterday) / MICROS:.2f}"
    lines = bidder("plan", "--json").json["budgets"]
    moved = {line["id"]: line["planned"] for line in lines if line["now"] != line["planned"]}
    assert moved
    assert wall.mutations == 0, "what only looks sends nothing that changes"
    written = bidder("apply", "--yes", "--json").json
    assert {one["budget"]: one["actual"] for one in written} == moved
    assert {str(one): str(wall.in_force(one)) for one in wall.budgets if str(one) in moved} == moved
    assert wall.mutations == len(moved)
    wall.fail_next_write(WriteFault.LOST_REPLY)
    (said,) = bidder("set", str(wall.budgets[0]), "90.00", "--json").json
    assert (said["outcome"], str(wall.in_force(wall.budgets[0]))) == ("Applied", "90.00")


def test_its_pieces_are_what_the_protocols_ask_for(wall: Any) -> None:
    opened = kind("posterwall")
    settings = opened.settings.model_validate({"credentials": {"key": "canary-poster-key"}, "base_url": wall.url})
    assert isinstance(opened.reader(wall.account, settings), AdsReader)
    assert isinstance(opened.writer(wall.account, settings), BudgetWriter)
    assert "canary-poster-key" not in repr(settings)


def test_a_process_of_its_own_finds_it_where_it_was_installed(wall: Any, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), str(ROOT)])}
    with_it = subprocess.run(
        [sys.executable, "-m", "bidder", "check"], env=env, capture_output=True, text=True, timeout=120
    )
    assert with_it.returncode == 0, with_it.stdout + with_it.stderr
    env["PYTHONPATH"] = str(ROOT)
    without = subprocess.run(
        [sys.executable, "-m", "bidder", "check"], env=env, capture_output=True, text=True, timeout=120
    )
    assert without.returncode == 2
    assert "no such connector 'posterwall'" in without.stdout + without.stderr


def test_its_own_tests_pass_every_case_of_the_contract() -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(EXAMPLE), str(EXAMPLE / "tests"), str(ROOT)])}
    words = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--rootdir", str(EXAMPLE), "-c", os.devnull]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *words, str(EXAMPLE / "tests")],
        env={name: value for name, value in env.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stdout[-4000:]
    assert " passed" in ran.stdout
    assert " failed" not in ran.stdout
