"""The closed-loop policy keeps every rule of the marketplace, and its money earns more than an even split's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("volume", ["1.0", "0.2"])
def test_a_short_run_breaks_no_rule_and_beats_the_even_split(shared_dir: Path, volume: str) -> None:
    world = shared_dir / "worlds" / "closed_loop.py"
    command = [sys.executable, str(world), "--worlds", "0-1", "--salt", "promise", "--days", "16", "--volume", volume]
    command += ["--policy", "bench.closed_loop_policy:Policy", "--no-oracle", "--json"]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, env={"PYTHONPATH": str(root)}, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)["summary"][0]
    assert found["violations"] == 0
    assert found["errors"] == 0
    assert found["mean"] > 0
