"""The example: a marketplace that bidder does not know, with faults, driven by `bidder run` from YAML alone."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "02-rest-yaml"
PATIENCE = 900.0
"""Seconds: a run waits a second for each 429, on a machine that may be busy."""


def for_world() -> ModuleType:
    spec = importlib.util.spec_from_file_location("for_world", EXAMPLE / "for_world.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def marketplace(shared: Path, folder: Path, *words: str) -> Iterator[str]:
    """The served world's address; what it was asked is in `requests.log`."""
    command = [sys.executable, str(shared / "worlds" / "closed_loop.py"), "--serve", "0", *words]
    with (
        (folder / "requests.log").open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found is not None
            yield found[0]
        finally:
            process.kill()


def driven(shared: Path, folder: Path, *words: str) -> dict[str, Any]:
    """A whole world through `bidder run`, which ends by itself; the marketplace's score, and what was written."""
    helper = for_world()
    with marketplace(shared, folder, "--faults", "0.1", *words) as url:
        config = helper.fitted(helper.asked(f"{url}/v1/day"), url, folder)
        env = {name: value for name, value in os.environ.items() if not name.startswith("BIDDER_")}
        bidder = [sys.executable, "-m", "bidder"]
        ran = subprocess.run(
            [*bidder, "run", "--config", str(config)], cwd=folder, env=env, capture_output=True, timeout=PATIENCE
        )
        assert ran.returncode == 0, ran.stderr.decode()[-2000:]
        score: dict[str, Any] = helper.asked(f"{url}/v1/score")
        told = subprocess.run(
            [*bidder, "journal", "--config", str(config), "--json", "-n", "100000"],
            cwd=folder,
            env=env,
            capture_output=True,
            check=True,
        )
    journal = json.loads(told.stdout)
    asked = (folder / "requests.log").read_text("utf-8").splitlines()
    score["put"] = sum('"PUT /v1/budgets' in line and '" 200' in line for line in asked)
    score["faults"] = sum('" 429' in line or '" 503' in line for line in asked)
    score["intents"] = [line for line in journal if line["kind"] == "intent"]
    score["applied"] = [line for line in journal if line["kind"] == "outcome" and line["facts"]["result"] == "applied"]
    return score


def in_process(shared: Path, *words: str) -> float:
    """The uplift of the same description without a wire."""
    command = [sys.executable, str(shared / "worlds" / "closed_loop.py"), "--policy", "in_process:Policy"]
    command += ["--no-oracle", "--json", *words]
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{EXAMPLE}"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=PATIENCE)
    found = json.loads(done.stdout)["summary"][0]
    assert (found["errors"], found["violations"]) == (0, 0)
    return float(found["mean"])


def kept(score: dict[str, Any]) -> None:
    """No rule was broken, and each write that was meant is one that the marketplace took."""
    assert score["violations"] == 0, score["notes"]
    assert score["faults"] > 0
    assert score["put"] == len(score["applied"]) == len(score["intents"]) > 0
    once = {(line["facts"]["plan"], line["facts"]["budget"]) for line in score["intents"]}
    assert len(once) == len(score["intents"]), "a budget is written once a plan"


def test_a_short_run_by_yaml_alone_does_what_the_same_rules_do_without_a_wire(shared_dir: Path, tmp_path: Path) -> None:
    words = ("--world", "3", "--days", "10", "--products", "3")
    score = driven(shared_dir, tmp_path, *words)
    kept(score)
    assert score["days"] == 10
    assert abs(score["uplift_pct"] - in_process(shared_dir, "--worlds", "3", *words[2:])) <= 2.0


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("world", ["0", "3", "5"])
def test_a_whole_world_by_yaml_alone_is_within_two_points(shared_dir: Path, tmp_path: Path, world: str) -> None:
    started = time.monotonic()
    score = driven(shared_dir, tmp_path, "--world", world)
    kept(score)
    same = in_process(shared_dir, "--worlds", world)
    words = f"over HTTP {score['uplift_pct']:.2f} %, in process {same:.2f} %"
    print(f"world {world}: {words}, {score['put']} writes, {time.monotonic() - started:.0f} s")
    assert abs(score["uplift_pct"] - same) <= 2.0, words
