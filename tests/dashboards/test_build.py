"""The dashboards on disk are those that build.py makes, and every metric they ask for exists."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.conftest import missing

FOLDER = Path(__file__).resolve().parents[2] / "dashboards"
DOCS = FOLDER.parent / "docs" / "metrics.md"
NAME = re.compile(r"\b(?:(?:account|product|source|shop):)?bidder_\w+(?::\w+)*")


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = spec_from_file_location("dashboards_build", FOLDER / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def dashboards() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(FOLDER.glob("*.json")):
        yield path.name, json.loads(path.read_text(encoding="utf-8"))


def known() -> set[str]:
    """Names that Prometheus has: exported ones, histogram parts, and those of recording rules."""
    names = set()
    for line in DOCS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 3 and cells[1].startswith("bidder_"):
            parts = ("_bucket", "_sum", "_count") if cells[2] == "histogram" else ("",)
            names |= {f"{cells[1]}{part}" for part in parts}
    rules = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))
    return names | {rule["record"] for group in rules["groups"] for rule in group["rules"] if "record" in rule}


def test_every_dashboard_is_what_build_makes(build: ModuleType) -> None:
    made = build.files()
    assert made == build.files()
    assert set(made) == {name for name, _ in dashboards()}
    for name, content in made.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == content, f"run python dashboards/build.py ({name})"


def test_every_panel_has_a_unit_a_description_and_the_variable_as_its_source() -> None:
    for name, board in dashboards():
        for panel in board["panels"]:
            if panel["type"] == "row":
                continue
            assert panel["fieldConfig"]["defaults"]["unit"], (name, panel["title"])
            assert panel["description"], (name, panel["title"])
            assert panel["datasource"]["uid"] == "${datasource}", (name, panel["title"])


def test_what_dashboards_and_rules_ask_for_exists() -> None:
    names = known()
    asked = {
        found
        for _, board in dashboards()
        for panel in board["panels"]
        for query in panel.get("targets", [])
        for found in NAME.findall(query["expr"])
    }
    rules = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))
    asked |= {found for group in rules["groups"] for rule in group["rules"] for found in NAME.findall(rule["expr"])}
    assert asked
    assert asked - names == set()


@pytest.mark.service
def test_the_checker_finds_no_fault(shared_dir: Path) -> None:
    if shutil.which("promtool") is None:
        missing("promtool (Debian package prometheus)")
    checker = shared_dir / "ops" / "check_dashboards.py"
    done = subprocess.run(
        [sys.executable, str(checker), str(FOLDER), "--lint-only"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
