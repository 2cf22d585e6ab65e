"""`bidder rules test`: what rules promise, tried; a difference reads as one, and a script can tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bidder.cli.rules import register
from bidder.config.load import load
from bidder.config.rule_tests import read_tests
from bidder.errors import ConfigError
from tests.config.mutations import copy_of_example

RUNNER = CliRunner()


def the_app() -> typer.Typer:
    app = typer.Typer()
    register(app)
    return app


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return copy_of_example(tmp_path / "config")


def run(shop: Path, text: str, *more: str) -> tuple[int, str]:
    file = shop.parent / "own.test.yaml"
    file.write_text(text, "utf-8")
    result = RUNNER.invoke(the_app(), ["rules", "test", str(file), "-c", str(shop), *more])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_the_example_shop_keeps_its_promises(shop: Path) -> None:
    result = RUNNER.invoke(the_app(), ["rules", "test", str(shop.parent / "rules.test.yaml"), "-c", str(shop)])
    assert result.exit_code == 0, result.stdout
    assert "FAIL" not in result.stdout
    assert result.stderr.strip() == "14 passed, 0 failed"


def test_a_rule_that_is_changed_fails_its_test_with_both_amounts(shop: Path) -> None:
    rules = shop.parent / "rules/base.yaml"
    rules.write_text(rules.read_text("utf-8").replace("budget: {max: 60}", "budget: {max: 90}"), "utf-8")
    result = RUNNER.invoke(the_app(), ["rules", "test", str(shop.parent / "rules.test.yaml"), "-c", str(shop)])
    assert result.exit_code == 1
    assert "FAIL  out of season stays cheap" in result.stdout
    assert "wxt/p12  clearance: expected at most 60, was 90.00" in result.stdout


DIFFERENCES = [
    ("at_most: 60", "the rules: expected at most 60, was 130.00"),
    ("at_least: 90, rule: gentle", "gentle: expected at least 90, was 60.00"),
    ("allows: 900", "the rules: expected to allow 900, was at most 130.00"),
    ("selected_by: [clearance]", "expected to be selected by clearance, was not"),
    ("not_selected_by: [gentle]", "expected not to be selected by gentle, was"),
    ("planned: 3", "planned: expected 3.00, was"),
    ("planned: {min: 900}", "planned: expected 900.00 to any amount, was"),
    ("raised: true, cut: true", ": expected true, was false (100.00 → "),
]


@pytest.mark.parametrize(("expected", "told"), DIFFERENCES)
def test_a_difference_says_what_was_expected_and_what_was(shop: Path, expected: str, told: str) -> None:
    text = (
        "- name: x\n"
        "  day: 2026-03-02\n"
        "  rules: [gentle, clearance]\n"
        "  given:\n"
        "    budgets: [{id: new/a, products: [P02, Q], roas: 3, orders: 2.5, clicks: 80, spend: 90, minimum: 5}]\n"
        "    products: [{id: P02, price: 60.5, tags: [a], margin: 0.4}, {id: Q, cover: 20}]\n"
        f"  expect: [{{budget: new/a, {expected}}}]\n"
    )
    code, said = run(shop, text)
    assert code == 1
    assert f"own.test.yaml:7:12  new/a  {told}" in said or told in said


def test_json_has_every_test_and_its_differences(shop: Path) -> None:
    text = "- {name: x, given: {budgets: [{id: a/b, revenue: 300}]}, expect: [{budget: a/b, planned: {max: 1000}}]}\n"
    code, said = run(shop, text, "--json")
    document = json.loads(said)
    assert (code, document["passed"], document["failed"]) == (0, 1, 0)
    assert document["tests"][0]["differences"] == []


def test_no_plan_is_a_difference_and_no_traceback(shop: Path) -> None:
    rules = shop.parent / "rules/base.yaml"
    text = rules.read_text("utf-8")
    rules.write_text(text + "\n- {name: two, cash: {max: 3, days: 1d}}\n", "utf-8")
    case = (
        "- {name: x, given: {budgets: [{id: a/b, minimum: 4000, now: 5000}]}, "
        "expect: [{budget: a/b, planned: {max: 1}}]}\n"
    )
    code, said = run(shop, case)
    assert code == 1
    assert "FAIL  x" in said


FAULTS = [
    ("{}", "expected a list of tests"),
    ("- {name: x}", "1:3  given: is missing"),
    ("- {name: x, given: {budgets: [{id: ab}]}, expect: [{budget: ab, raised: true}]}", "expected account/budget"),
    ("- {name: x, given: {budgets: [{id: a/b}]}, expect: [{budget: a/b}]}", "expected something of it"),
    (
        "- {name: x, given: {budgets: [{id: a/b}]}, expect: [{budget: a/c, cut: true}]}",
        "a/c: no such budget of this test",
    ),
    (
        "- {name: x, given: {budgets: [{id: a/b}]}, expect: [{budget: a/b, rule: gentel, at_most: 5}]}",
        "gentel: no such rule; did you mean gentle?",
    ),
    (
        "- {name: x, given: {budgets: [{id: a/b, roas: 1, revenue: 2}]}, expect: [{budget: a/b, cut: true}]}",
        "expected one of revenue, roas and net_roas",
    ),
    ("- {name: x, given: {budgets: [{id: a/b, rosa: 1}]}, expect: [{budget: a/b, cut: true}]}", "did you mean roas?"),
    ("- 5", "expected a mapping"),
]


@pytest.mark.parametrize(("text", "told"), FAULTS)
def test_a_test_that_cannot_be_read_says_where(shop: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=r"own\.test\.yaml") as refused:
        run(shop, text + "\n")
    assert told in str(refused.value)


def test_a_file_that_is_none_is_said(shop: Path) -> None:
    loaded = load(shop)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_tests(shop.parent / "nowhere.yaml", loaded.policy.rules)
    (shop.parent / "bytes.yaml").write_bytes(b"- name: \xff\xfe\n")
    with pytest.raises(ConfigError, match="UTF-8"):
        read_tests(shop.parent / "bytes.yaml", loaded.policy.rules)
