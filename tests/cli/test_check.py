"""`bidder check` and `bidder schema` as a person and a script see them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bidder.cli.rules import register
from bidder.config.schema import SCHEMAS, schema_text
from bidder.errors import ConfigError
from bidder.store import open_store
from tests.builders import an_observation, reports
from tests.config.mutations import copy_of_example

RUNNER = CliRunner()


def the_app() -> typer.Typer:
    app = typer.Typer()
    register(app)
    return app


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return copy_of_example(tmp_path / "config")


def test_an_example_in_order_says_so_and_exits_zero(shop: Path) -> None:
    result = RUNNER.invoke(the_app(), ["check", "--config", str(shop)])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "in order; 1 accounts, 21 rules, 12 products; 0 warnings" in result.stderr


def test_every_fault_is_a_line_sorted_by_place_and_the_exit_code_is_two(shop: Path) -> None:
    text = shop.read_text("utf-8").replace("store:", "stroe:").replace("shop:", "shp:")
    shop.write_text(text, "utf-8")
    result = RUNNER.invoke(the_app(), ["check", "-c", str(shop)])
    assert result.exit_code == 2
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    assert "bidder.yaml:3:1  shp: no such key; did you mean shop?" in lines[0]
    assert "stroe: no such key; did you mean store?" in lines[1]
    assert "2 faults" in result.stderr
    assert "Traceback" not in result.output


def test_json_holds_places_and_messages(shop: Path) -> None:
    good = json.loads(RUNNER.invoke(the_app(), ["check", "-c", str(shop), "--json"]).stdout)
    assert good["ok"] is True
    assert len(good["digest"]) == 16
    shop.write_text("shp: {}\n", "utf-8")
    result = RUNNER.invoke(the_app(), ["check", "-c", str(shop), "--json"])
    bad = json.loads(result.stdout)
    assert result.exit_code == 2
    assert bad["ok"] is False
    assert bad["digest"] is None
    assert bad["faults"] == [
        {"file": str(shop), "line": 1, "column": 1, "message": "shp: no such key; did you mean shop?"}
    ]


def test_a_warning_does_not_fail_and_says_that_it_is_one(shop: Path) -> None:
    rules = shop.parent / "rules/base.yaml"
    rules.write_text(rules.read_text("utf-8").replace("{tag: new}", "{tag: nwe}", 1), "utf-8")
    result = RUNNER.invoke(the_app(), ["check", "-c", str(shop)])
    assert result.exit_code == 0
    assert "new products get a test: this where selects nothing  (warning)" in result.stdout
    assert "1 warnings" in result.stderr


def _with_history(shop: Path) -> None:
    store = open_store(f"sqlite:///{shop.parent}/bidder.db")
    try:
        seen = datetime.now(UTC)
        day = seen.date() - timedelta(days=2)
        rows = (an_observation(f"wxt/c{n}", day, seen=seen, zone="Asia/Shanghai") for n in (1, 2))
        store.add_reports(reports(*rows))
    finally:
        store.close()


def test_what_a_where_selects_is_looked_at_on_the_stores_figures(shop: Path) -> None:
    _with_history(shop)
    rules = shop.parent / "rules/steps.yaml"
    rules.write_text("- {name: s, where: {channel: serach}, step: {max: 20%}}\n", "utf-8")
    result = RUNNER.invoke(the_app(), ["check", "-c", str(shop)])
    assert result.exit_code == 0
    assert "s: this where selects nothing  (warning)" in result.stdout


def test_without_a_file_the_defaults_are_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = RUNNER.invoke(the_app(), ["check"], env={"BIDDER_CONFIG": ""})
    assert result.exit_code == 0
    assert "no bidder.yaml here: defaults" in result.stderr


def test_a_store_without_anything_says_nothing(shop: Path) -> None:
    open_store(f"sqlite:///{shop.parent}/bidder.db").close()
    result = RUNNER.invoke(the_app(), ["check", "-c", str(shop)])
    assert result.exit_code == 0
    assert result.stdout == ""


def test_a_store_that_cannot_be_read_is_said_and_does_not_fail(shop: Path) -> None:
    (shop.parent / "bidder.db").write_text("this is no database, " * 100, "utf-8")
    result = RUNNER.invoke(the_app(), ["check", "-c", str(shop)])
    assert result.exit_code == 0
    assert "the store's figures could not be used" in result.stdout


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_schema_prints_what_is_committed(name: str) -> None:
    result = RUNNER.invoke(the_app(), ["schema", name])
    assert result.exit_code == 0
    assert result.stdout == schema_text(name)


def test_schema_names_what_there_is() -> None:
    assert "rules" in RUNNER.invoke(the_app(), ["schema"]).stdout
    failed = RUNNER.invoke(the_app(), ["schema", "no-such"])
    assert isinstance(failed.exception, ConfigError)
    assert "expected one of bidder, agency, rules, tests" in str(failed.exception)
