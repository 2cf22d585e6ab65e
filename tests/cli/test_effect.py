"""`bidder check --effect`: what a change of rules would do, before it does it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bidder.cli.effect import effect, effect_table, in_force, simulated
from bidder.cli.rules import register
from bidder.config.load import load
from bidder.cycle import decide_now, save
from bidder.decide import Policy
from bidder.errors import Source
from bidder.rules.base import Rule
from bidder.rules.conditions import Condition
from bidder.rules.words import WORDS
from bidder.snapshot import Snapshot
from bidder.store import open_store
from tests.builders import a_budget, a_shop, an_observation, reports
from tests.config.mutations import copy_of_example

RUNNER = CliRunner()


def a_rule(name: str, word: str, written: dict[str, object], where: object = None) -> Rule:
    place = Source("r.yaml", 1, 3)
    return Rule(name, WORDS[word].model_validate(written), place, None if where is None else Condition.read(where))


def shop() -> Snapshot:
    return a_shop(
        a_budget("ads/a", now=100.0, channel="search", minimum=10.0),
        a_budget("ads/b", now=100.0, channel="feed", cvr=0.015, minimum=10.0),
        a_budget("ads/c", now=50.0, channel="feed", cvr=0.02, minimum=10.0),
    )


TOTAL = a_rule("total", "total", {"max": 250})


def test_each_rule_is_tried_alone_on_top_of_those_in_force() -> None:
    old = Policy((TOTAL, a_rule("small", "budget", {"max": 90}), a_rule("gone", "step", {"raise": "0%"})))
    new = Policy(
        (TOTAL, a_rule("small", "budget", {"max": 70}), a_rule("feed", "total", {"max": 100}, {"channel": "feed"}))
    )
    shown = effect(shop(), new, old)
    rows = {row["rule"]: row for row in shown["rules"]}
    assert {name: row["status"] for name, row in rows.items()} == {
        "total": "unchanged",
        "small": "changed",
        "feed": "new",
        "gone": "gone",
    }
    assert rows["feed"]["selects"] == ["ads/b", "ads/c"]
    assert rows["small"]["spend"] < 0
    assert rows["total"]["spend"] == 0.0
    assert shown["all"]["spend"] < 0
    assert -1 < shown["all"]["turnover"] < 1


def test_without_rules_in_force_each_is_taken_away() -> None:
    shown = effect(shop(), Policy((TOTAL, a_rule("small", "budget", {"max": 70}))), None)
    assert shown["all"] is None
    rows = {row["rule"]: row for row in shown["rules"]}
    assert rows["small"]["spend"] < 0
    from rich.console import Console

    console = Console(width=120, record=True, quiet=True)
    console.print(effect_table(shown))


def test_rules_that_leave_no_plan_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    seen = shop()
    stuck = replace(seen, foreign={budget.id: seen.as_of for budget in seen.budgets})
    shown = effect(stuck, Policy((a_rule("total", "total", {"max": 20}),)), Policy((TOTAL,)))
    assert shown["rules"][0]["spend"] is None
    assert shown["all"] is None
    from rich.console import Console

    Console(width=120).print(
        effect_table(
            {
                **shown,
                "simulated": {
                    "worlds": 2,
                    "days": 3,
                    "profit": 1.0,
                    "spend": 0.0,
                    "turnover": 0.1,
                    "profit_interval_80": [0.5, 1.5],
                },
            }
        )
    )
    said = capsys.readouterr().out
    assert "no plan" in said
    assert "over 2 worlds like this shop, 3 days each: profit +1.00 (80 %: +0.50 … +1.50) a day" in said


def test_worlds_like_the_shop_show_the_difference_paired() -> None:
    old = Policy((TOTAL,))
    new = Policy((TOTAL, a_rule("none", "budget", {"max": 12})))
    found = simulated(shop(), new, old, worlds=2, days=4)
    assert found["spend"] < 0
    assert len(found["profit_interval_80"]) == 2
    same = simulated(shop(), old, old, worlds=1, days=2)
    assert (same["profit"], same["spend"]) == (0.0, 0.0)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    path = copy_of_example(tmp_path / "config")
    store = open_store(f"sqlite:///{path.parent}/bidder.db")
    try:
        seen = datetime.now(UTC)
        day = seen.date() - timedelta(days=2)
        rows = (
            an_observation(f"wxt/c{n}", day - timedelta(days=back), seen=seen, zone="Asia/Shanghai")
            for n in (1, 2)
            for back in range(8)
        )
        store.add_reports(reports(*rows))
    finally:
        store.close()
    return path


def run(path: Path, *more: str) -> tuple[str, str]:
    app = typer.Typer()
    register(app)
    result = RUNNER.invoke(app, ["check", "-c", str(path), *more], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def test_the_rules_in_force_are_those_of_the_last_saved_plan(example: Path) -> None:
    loaded = load(example)
    store = open_store(loaded.store_url)
    try:
        assert in_force(store) is None
        save(decide_now(loaded, store, datetime.now(UTC)), store, datetime.now(UTC))
        kept = in_force(store)
        assert kept is not None
        assert [rule.name for rule in kept.rules] == [rule.name for rule in loaded.policy.rules]
        assert [rule.kind for rule in kept.rules] == [rule.kind for rule in loaded.policy.rules]
        assert kept.guard == loaded.policy.guard
        store.set_value("policy", {"digest": "x", "files": [["bidder.yaml", "no: such"]]})
        assert in_force(store) is None
    finally:
        store.close()


def test_check_shows_the_effect_of_an_edit(example: Path) -> None:
    loaded = load(example)
    store = open_store(loaded.store_url)
    try:
        save(decide_now(loaded, store, datetime.now(UTC)), store, datetime.now(UTC))
    finally:
        store.close()
    rules = example.parent / "rules/steps.yaml"
    rules.write_text(rules.read_text("utf-8").replace("raise: 30%, cut: 40%", "raise: 5%, cut: 40%"), "utf-8")
    document = json.loads(run(example, "--effect", "--json")[0])
    changed = [row["rule"] for row in document["effect"]["rules"] if row["status"] != "unchanged"]
    assert changed == ["gentle"]
    said = run(example, "--simulate", "1", "--days", "2")[0]
    assert "against the rules in force" in said
    assert "over 1 worlds like this shop, 2 days each" in said


def test_without_figures_there_is_no_effect_to_show(tmp_path: Path) -> None:
    path = copy_of_example(tmp_path / "config")
    open_store(f"sqlite:///{path.parent}/bidder.db").close()
    assert "no effect can be shown" in run(path, "--effect")[0]
