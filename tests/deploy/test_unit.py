"""deploy/bidder.service, as systemd itself judges it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import missing

UNIT = Path(__file__).parents[2] / "deploy" / "bidder.service"
WORST = 2.0
"""Exposure as `systemd-analyze security` counts it: 0 is nothing, 10 everything. It was 1.4 when this was written."""


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        missing("systemd-analyze (Debian package systemd)")
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=60)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that is there."""
    text = UNIT.read_text("utf-8")
    assert "ExecStart=/opt/bidder/bin/bidder run" in text
    path = tmp_path / UNIT.name
    path.write_text(text.replace("/opt/bidder/bin/bidder", sys.executable), "utf-8")
    return path


@pytest.mark.service
def test_systemd_finds_no_fault_in_the_unit_and_one_in_a_broken_one(unit: Path) -> None:
    done = analyze("verify", "--man=no", str(unit))
    ours = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, ours) == (0, [])
    unit.write_text(unit.read_text("utf-8").replace("Type=notify", "Type=notfy"), "utf-8")
    assert unit.name in analyze("verify", "--man=no", str(unit)).stderr


@pytest.mark.service
def test_the_unit_is_hardened(unit: Path) -> None:
    done = analyze("security", "--offline=true", "--no-pager", str(unit))
    found = re.search(r"exposure level for bidder\.service: ([\d.]+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) <= WORST


def test_a_unit_that_ended_is_started_again_and_faults_of_the_configuration_are_not_tried_again() -> None:
    lines = UNIT.read_text("utf-8").splitlines()
    for line in (
        "Type=notify",
        "WatchdogSec=60",
        "Restart=on-failure",
        "RestartPreventExitStatus=2",
        "DynamicUser=yes",
    ):
        assert line in lines
    assert any(line.startswith("LoadCredential=") for line in lines)
