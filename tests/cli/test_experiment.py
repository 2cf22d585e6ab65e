"""`bidder experiment` and `bidder experiment plan` as typed, from what bidder.yaml says to the digest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bidder.cli.main import app
from bidder.config.load import load
from bidder.errors import ConfigError
from bidder.rules.holdout import Holdout
from bidder.rules.switchback import Switchback

SHOP = """
shop: {name: tea-house, title: 半日闲茶铺, currency: CNY, timezone: Asia/Shanghai}
budget: {day: {max: 30000}}
accounts:
  - {name: wxt, platform: sandbox, mode: apply, timezone: Asia/Shanghai, seed: 3, path: platform.json}
store: sqlite:///bidder.db
rules: [rules.yaml]
"""


def bidder(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("BIDDER_STORE", "BIDDER_LISTEN", "BIDDER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "rules.yaml").write_text("[]\n", "utf-8")
    return tmp_path


def written(folder: Path, experiment: str) -> None:
    (folder / "bidder.yaml").write_text(SHOP + experiment, "utf-8")


def test_a_shop_too_small_is_told_so_before_and_its_plan_goes_on(folder: Path) -> None:
    written(folder, "experiment: {holdout: 10%}\n")
    assert bidder("poll").exit_code == 0
    told = bidder("experiment", "plan", "--lang", "en")
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    assert lines[0] == "holdout of 28 days: 1 products left alone, 6 moved by bidder"
    assert lines[-1].startswith("it does not begin: only 7 draws are possible: no effect, however large")
    assert "对照组 28 天" in bidder("experiment", "plan").stdout
    shown = json.loads(bidder("experiment", "plan", "--json").stdout)
    assert (shown["alone"], shown["others"], shown["draws"]) == (1, 6, 7)
    assert all(one["smallest"] is None for one in shown["visible"])
    assert shown["by_counts"] > 0
    assert "has not begun" in bidder("experiment").stdout
    assert json.loads(bidder("experiment", "--json").stdout) is None
    planned = json.loads(bidder("plan", "--json").stdout)
    assert not any(one["rule"] == "experiment" for one in planned["limits"])
    assert "only 7 draws" in bidder("experiment", "--lang", "en").stdout
    digest = bidder("digest", "--lang", "en")
    assert "What bidder earns is being measured: only 7 draws" in digest.stdout
    assert json.loads(bidder("digest", "--json").stdout)["experiment"]["kind"] == "holdout"


def test_without_an_experiment_it_says_what_to_write(folder: Path) -> None:
    for off in ("", "experiment: {holdout: 0%}\n"):
        written(folder, off)
        assert bidder("poll").exit_code == 0
        for words in (("experiment",), ("experiment", "plan")):
            with pytest.raises(ConfigError, match="write experiment"):
                raise bidder(*words).exception


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("{holdout: 10}", "expected a share such as 10%"),
        ("{holdout: 60%}", "at most 50%"),
        ("{holdout: 10%, switchback: {}}", "expected holdout or switchback"),
        ("{switchback: {block: 36h}}", "expected whole days"),
        ("{switchback: {block: 7d, washout: 7d}}", "washout: expected less than block"),
        ("{switchback: {block: 14d, weeks: 4}}", "expected at least 4 blocks, were 2"),
        ("{holdout: {share: 10%, week: 4}}", "week: no such key; did you mean weeks?"),
        ("{hold: 10%}", "did you mean holdout?"),
    ],
)
def test_what_is_no_experiment_is_refused_with_its_place(folder: Path, said: str, fault: str) -> None:
    written(folder, f"experiment: {said}\n")
    with pytest.raises(ConfigError) as refused:
        load(folder / "bidder.yaml")
    assert fault in str(refused.value)
    assert "bidder.yaml:8:" in str(refused.value)


def test_two_experiments_at_once_are_refused(folder: Path) -> None:
    written(folder, "experiment: {holdout: 10%}\n")
    (folder / "rules.yaml").write_text("- {name: proof, holdout: {share: 20%}}\n", "utf-8")
    with pytest.raises(ConfigError, match="one experiment at a time"):
        load(folder / "bidder.yaml")


def test_the_section_is_the_rule_of_that_name(folder: Path) -> None:
    written(folder, "experiment: {holdout: {share: 20%, weeks: 6, from: 2026-12-01, seed: 7}}\n")
    (rule,) = [one for one in load(folder / "bidder.yaml").policy.rules if one.name == "experiment"]
    assert isinstance(rule.kind, Holdout)
    assert (rule.kind.share, rule.kind.weeks, str(rule.kind.from_), rule.kind.seed) == (0.2, 6, "2026-12-01", 7)
    assert (rule.source.line, rule.source.column) == (8, 14)
    written(folder, "experiment: {switchback: {block: 3d, weeks: 4, washout: 1d}}\n")
    (rule,) = [one for one in load(folder / "bidder.yaml").policy.rules if one.name == "experiment"]
    assert isinstance(rule.kind, Switchback)
    assert rule.kind.blocks == 9
