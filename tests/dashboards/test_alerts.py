"""The alert rules are sound, each is seen firing and quiet, and a rule that is broken is noticed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import missing

FOLDER = Path(__file__).resolve().parents[2] / "dashboards"
TESTS = ("alerts.test.yml", "alerts-long.test.yml")


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def promtool(*arguments: str, folder: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    if shutil.which("promtool") is None:
        missing("promtool (Debian package prometheus)")
    return subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.mark.service
def test_the_rules_are_sound() -> None:
    done = promtool("check", "rules", "alerts.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.service
@pytest.mark.parametrize("file", TESTS)
def test_every_alert_fires_when_it_should_and_only_then(file: str) -> None:
    done = promtool("test", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.service
@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("> max by (shop, platform, account) (bidder_budget_day_limit)",
         "> 2 * max by (shop, platform, account) (bidder_budget_day_limit)"),
        ("> 1.3 * max", "> 1.0 * max"),
        ('bidder_state{state="HALTED"} == 1\n        for: 5m', 'bidder_state{state="HALTED"} == 1\n        for: 0m'),
        ("or absent(up{job=\"bidder\"})", ""),
        ("(bidder_product_stock_cover_seconds) < 86400", "(bidder_product_stock_cover_seconds) <= 86400"),
        ("(bidder_product_budget_applied) > 0", "(bidder_product_budget_applied) >= 0"),
    ],
)  # fmt: skip
def test_a_rule_that_was_weakened_fails_its_test(good: str, bad: str, tmp_path: Path) -> None:
    text = (FOLDER / "alerts.yml").read_text(encoding="utf-8")
    assert good in text
    (tmp_path / "alerts.yml").write_text(text.replace(good, bad), encoding="utf-8")
    shutil.copy(FOLDER / TESTS[0], tmp_path)
    assert promtool("test", "rules", TESTS[0], folder=tmp_path).returncode != 0


def test_every_alert_has_a_firing_and_a_quiet_case() -> None:
    cases: dict[str, set[bool]] = {}
    for file in TESTS:
        for test in yaml.safe_load((FOLDER / file).read_text(encoding="utf-8"))["tests"]:
            for case in test.get("alert_rule_test", []):
                cases.setdefault(case["alertname"], set()).add(bool(case.get("exp_alerts")))
    assert {rule["alert"] for rule in rules() if "alert" in rule} == set(cases)
    assert {name for name, kinds in cases.items() if kinds != {True, False}} == set()


def test_alerts_speak_by_the_guide() -> None:
    for rule in rules():
        if "alert" in rule:
            assert rule["labels"]["severity"] in ("critical", "warning", "info")
            assert rule["labels"]["service"] == "bidder"
            assert "{{" not in rule["annotations"]["summary"], "figures belong in the description"
            assert rule["annotations"]["description"]
