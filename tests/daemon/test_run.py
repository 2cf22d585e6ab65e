"""The daemon as a process: ready, told to stop, started again; the demo from start to end."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bidder.cli.main import app
from bidder.errors import ConfigError
from tests.failures.processes import spent

SHOP = """
shop: {name: tea-house, currency: CNY, timezone: Asia/Shanghai}
budget: {month: 60000, day: {max: 3000}}
accounts:
  - {name: wxt, platform: sandbox, mode: apply, timezone: Asia/Shanghai, seed: 3, path: platform.json}
store: sqlite:///bidder.db
web: {listen: "127.0.0.1:0"}
schedule: {poll: 30m, decide: {from: "00:00", until: "00:01"}}
"""


def environment() -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("BIDDER_")}
    return {**clean, "PYTHONUNBUFFERED": "1"}


@contextmanager
def running(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`bidder …` as a child process, and its page's address."""
    command = [sys.executable, "-m", "bidder", *words]
    with subprocess.Popen(
        command, cwd=folder, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            found = None
            while found is None:
                line = process.stderr.readline()
                assert line, f"ended with {process.wait()}"
                found = re.search(r"http://\S+/", line)
            yield process, found[0]
        finally:
            process.kill()


def get(url: str, seconds: float = 30.0) -> str:
    """The page, as soon as it answers with 200."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as reply:
                return str(reply.read().decode())
        except OSError:
            if time.monotonic() > deadline:
                raise


def stop(process: subprocess.Popen[str]) -> float:
    """SIGTERM, and the processor time until the process has ended with exit code 0: what a busy host does not stretch.

    A loop with nothing to do sleeps half a minute. One that slept on would not be gone in two thirds of it, however
    busy the host is.
    """
    used, others = spent(process), resource.getrusage(resource.RUSAGE_CHILDREN)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    with_it = resource.getrusage(resource.RUSAGE_CHILDREN)
    return with_it.ru_utime + with_it.ru_stime - others.ru_utime - others.ru_stime - used


def test_the_daemon_decides_stops_at_once_and_goes_on_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "bidder.yaml").write_text(SHOP, "utf-8")
    with running(tmp_path, "run") as (process, url):
        get(url + "-/ready")
        plan = json.loads(get(url + "api/v1/plan"))
        assert plan["budgets"]
        assert plan["holds"] == []  # what the first poll read counts as known
        assert "bidder_plan_timestamp_seconds" in get(url + "metrics")
        assert stop(process) < 1.0
    with running(tmp_path, "run") as (process, url):
        get(url + "-/ready")
        assert json.loads(get(url + "api/v1/plan"))["plan"] == plan["plan"]  # one decision an account day
        assert stop(process) < 1.0
    told = subprocess.run(
        [sys.executable, "-m", "bidder", "journal", "--json", "-n", "500"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    kinds = [line["kind"] for line in json.loads(told.stdout)]
    assert kinds.count("started") == kinds.count("stopped") == 2
    assert kinds.count("decided") == 1


def test_a_daemon_without_accounts_or_with_a_taken_port_says_so(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bidder", *words]
        return subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60)

    nobody = run("run")
    assert nobody.returncode == 2
    assert "no accounts" in nobody.stderr
    (tmp_path / "bidder.yaml").write_text(SHOP, "utf-8")
    with running(tmp_path, "run") as (process, url):
        taken = run("demo", "--days", "1", "--speed", "max", "--listen", url.removeprefix("http://").strip("/"))
        assert taken.returncode == 1
        assert "--listen" in taken.stderr
        assert "Traceback" not in taken.stderr
        stop(process)


def demo(tmp_path: Path, *words: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "bidder", "demo", "--speed", "max", "--json", "--listen", "127.0.0.1:0", *words],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    shown: dict[str, object] = json.loads(done.stdout)
    return shown


@pytest.mark.parametrize("seed", [7, *(pytest.param(one, marks=pytest.mark.chaos) for one in range(2, 6))])
def test_the_demo_ends_by_itself_and_beats_an_even_split(tmp_path: Path, seed: int) -> None:
    shown = demo(tmp_path, "--days", "25", "--seed", str(seed))
    assert (shown["days"], shown["seed"], shown["cap_breaches"]) == (25, seed, 0)
    assert float(str(shown["profit"])) >= float(str(shown["profit_even_split"]))
    assert float(str(shown["spend"])) > 0


def test_a_demo_with_a_folder_goes_on_from_there(tmp_path: Path) -> None:
    first = demo(tmp_path, "--days", "2", "--dir", "kept")
    second = demo(tmp_path, "--days", "3", "--dir", "kept")
    assert float(str(second["spend"])) > float(str(first["spend"]))
    assert second["days"] == 5


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "fast", "inf"])
def test_a_speed_that_is_none_is_refused(speed: str) -> None:
    refused = CliRunner().invoke(app, ["demo", "--speed", speed])
    assert isinstance(refused.exception, ConfigError)
    assert "--speed" in str(refused.exception)
