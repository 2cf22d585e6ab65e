"""The dashboards on disk are those that build.py makes, and every metric they ask for exists."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards import build
from tests.conftest import missing

FOLDER = Path(__file__).resolve().parents[2] / "dashboards"
DOCS = FOLDER.parent / "docs" / "metrics.md"
NAME = re.compile(r"\b(?:(?:account|product|source|shop):)?bidder_\w+(?::\w+)*")


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


def test_every_dashboard_is_what_build_makes() -> None:
    made = build.files()
    assert made == build.files()
    assert set(made) == {name for name, _ in dashboards()}
    for name, content in made.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == content, f"run python -m dashboards.build ({name})"


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
    asked |= {
        found
        for _, board in dashboards()
        for one in board["annotations"]["list"]
        for found in NAME.findall(one["expr"])
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


def test_each_dashboard_leads_to_the_others_and_to_the_page() -> None:
    boards = dict(dashboards())
    assert set(boards) == {f"{name}.json" for name in ("shop-today", "decisions", "platforms", "daemon", "many-shops")}
    for name, board in boards.items():
        kinds = {link["type"] for link in board["links"]}
        assert kinds == {"dashboards", "link"}, name
        assert all("bidder" in board["tags"] for link in board["links"] if "bidder" in link["tags"])
        pages = [link["url"] for link in board["links"] if link["type"] == "link"]
        assert pages == ["${page}/", "${page}/plan", "${page}/journal"]
        assert [one["name"] for one in board["annotations"]["list"]] == ["Plan", "Configuration", "Activity", "Stop"]
        assert {one["name"] for one in board["templating"]["list"]} >= {"datasource", "shop", "page"}


def test_the_pages_that_dashboards_lead_to_are_served() -> None:
    served = (FOLDER.parent / "bidder" / "web" / "routes.py").read_text(encoding="utf-8")
    for path in ("/", "/plan", "/journal"):
        assert f'("{path}", "' in served


def test_few_panels_may_be_empty_and_each_says_why() -> None:
    excused = {name: board.get("x-bidder", {}).get("empty_ok", []) for name, board in dashboards()}
    named = {(name, one["panel"]) for name, of in excused.items() for one in of}
    assert named == {
        ("shop-today.json", "Free traffic"),
        ("shop-today.json", "Conversion of the shop"),
        ("shop-today.json", "Revenue of an order"),
        ("shop-today.json", "Refunds"),
        ("decisions.json", "Forecasts that came true"),
        ("decisions.json", "What bidder earned"),
        ("platforms.json", "API version ends"),
        ("daemon.json", "Messages"),
    }
    assert all(one["reason"] for of in excused.values() for one in of)
