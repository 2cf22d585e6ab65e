"""A real Prometheus scrapes the running demo, and every panel of every dashboard has something to show."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "dashboards"
SECONDS = 16

pytestmark = pytest.mark.service


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a demo whose days tick twice a second, with its first plan made."""
    home = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "bidder", "demo", "--listen", "127.0.0.1:0", "--speed", "2"]
    with (home / "log").open("w+") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=home, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        try:
            yield _address(process, home / "log")
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where the demo listens, once `/api/v1/plan` has a plan."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text(encoding="utf-8"))
        if found is not None:
            try:
                with urllib.request.urlopen(f"{found[0]}/api/v1/plan", timeout=5):
                    return found[0]
            except OSError:
                pass  # no plan yet
        time.sleep(0.1)
    raise AssertionError(f"the demo made no plan:\n{log.read_text(encoding='utf-8')[-3000:]}")


def test_what_the_demo_exports_is_clean_and_fills_every_panel(demo: str, shared_dir: Path) -> None:
    """One test, so that several workers do not start several demos."""
    for binary in ("prometheus", "promtool"):
        if shutil.which(binary) is None:
            missing(f"{binary} (Debian package prometheus)")
    with urllib.request.urlopen(f"{demo}/metrics", timeout=10) as answer:
        body = answer.read()
    checked = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, timeout=30)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
    checker = shared_dir / "ops" / "check_dashboards.py"
    command = [sys.executable, str(checker), str(FOLDER), "--metrics-url", f"{demo}/metrics"]
    command += ["--rules", str(FOLDER / "alerts.yml"), "--seconds", str(SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
