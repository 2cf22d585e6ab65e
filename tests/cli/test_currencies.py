"""Two accounts in two currencies through the commands: polled, planned, applied, journaled, each in its own money."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bidder.cli.main import app
from bidder.errors import UnsafePlan

CONFIG = """
shop: {{name: two, currency: CNY, timezone: Asia/Shanghai}}
budget: {{day: {{max: 21000}}}}
{rates}
accounts:
  - {{name: cn, platform: sandbox, mode: apply, seed: 1, path: cn.json, timezone: Asia/Shanghai}}
  - name: us
    platform: sandbox
    mode: apply
    timezone: Asia/Shanghai
    currency: USD
    money: USD
    seed: 2
    path: us.json
rules: [rules.yaml]
"""
RULES = "- {name: america, where: {account: us}, total: {max: 1900 USD}}\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BIDDER_CONFIG", raising=False)
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    written(tmp_path, days_old=1)
    return tmp_path


def written(folder: Path, days_old: int | None) -> None:
    day = (datetime.now(UTC) - timedelta(days=days_old or 0)).date()
    rates = "" if days_old is None else f"rates: {{USD: {{CNY: 7.1, date: {day}}}}}"
    (folder / "bidder.yaml").write_text(CONFIG.format(rates=rates), "utf-8")


def run(*words: str, code: int = 0) -> Result:
    told = CliRunner().invoke(app, list(words))
    assert told.exit_code == code, told.output
    return told


def planned() -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(run("plan", "--json").stdout)
    return shown


def test_two_currencies_in_one_plan_from_poll_to_read_back(shop: Path) -> None:
    run("poll")
    plan = planned()
    lines = {line["id"]: line for line in plan["budgets"]}
    us = [line for line in lines.values() if line["id"].startswith("us/")]
    assert {line["currency"] for line in us} == {"USD"}
    assert all(line["shop"]["rate"] == 7.1 for line in us)
    assert all(line["shop"] is None for line in lines.values() if line["id"].startswith("cn/"))
    dollars = sum(Decimal(line["planned"]) for line in us)
    yuan = sum(Decimal(line["planned"]) for line in lines.values() if line["id"].startswith("cn/"))
    assert dollars <= 1900
    assert dollars * Decimal("7.1") + yuan <= 21000
    assert abs(Decimal(plan["planned"]) - (dollars * Decimal("7.1") + yuan)) < Decimal("0.02")
    told = run("plan").stdout
    assert f"1 USD is 7.1 CNY, of {plan['rates'][0]['on']}: {dollars:.2f} USD planned" in told

    applied = json.loads(run("apply", "--yes", "--json").stdout)
    moved = {line["id"] for line in lines.values() if line["now"] != line["planned"]}
    assert {one["budget"] for one in applied if one["outcome"] == "Applied"} == moved
    assert any(one.startswith("us/") for one in moved)
    assert any(one.startswith("cn/") for one in moved)
    (kept,) = (one for one in json.loads(run("journal", "--json", "--kind", "note").stdout) if "rates" in str(one))
    one = next(line for line in us if line["id"] in moved)
    assert f"{one['planned']} USD = {one['shop']['planned']} CNY" in str(kept)
    assert "7.1" in str(kept)

    run("poll")
    after = {line["id"]: line["now"] for line in planned()["budgets"]}
    assert all(after[one] == lines[one]["planned"] for one in moved)  # native amounts, to the cent


def test_a_stale_rate_keeps_that_account_and_lets_the_other_move(shop: Path) -> None:
    written(shop, days_old=20)
    run("poll")
    plan = planned()
    moved = {line["id"].partition("/")[0] for line in plan["budgets"] if line["now"] != line["planned"]}
    assert moved == {"cn"}
    assert any("the rate of USD is of" in note and "at most 3 days" in note for note in plan["notes"])


def test_without_a_rate_nothing_is_written_anywhere(shop: Path) -> None:
    (shop / "rules.yaml").write_text("- {name: gentle, step: {max: 20%}}\n", "utf-8")
    written(shop, days_old=None)
    assert "no rate from USD to the shop's CNY" in run("check").output
    run("poll")
    plan = planned()
    assert [hold["check"] for hold in plan["holds"] if hold["budget"] is None] == ["rates_known"]
    assert {line["id"].partition("/")[0] for line in plan["budgets"]} == {"cn"}
    refused = CliRunner().invoke(app, ["apply", "--yes"])
    assert isinstance(refused.exception, UnsafePlan)


def test_amounts_set_by_hand_count_at_the_rate(shop: Path) -> None:
    """1,960 USD and 1,960 CNY in force are 15,876 CNY: 590 USD more do not fit under 18,000, ten more do."""
    path = shop / "bidder.yaml"
    path.write_text(path.read_text("utf-8").replace("21000", "18000"), "utf-8")
    run("poll")
    (much,) = json.loads(run("set", "us/search-P01", "890", "--json", code=1).stdout)
    assert much["outcome"] == "Refused"
    assert "could add up to 20065.00 CNY, at most 18000.00 CNY" in much["reason"]
    (little,) = json.loads(run("set", "us/search-P01", "310", "--json").stdout)
    assert little["outcome"] == "Applied"


def test_a_store_that_was_another_shops_in_other_money_serves_this_one(shop: Path) -> None:
    """No rate is known for what the other shop spent: it is not this shop's, and nothing of it stops a command."""
    other = CONFIG.format(rates="").replace("{{name: two, currency: CNY", "{{name: one, currency: USD")
    first = "\n".join(line for line in other.splitlines() if "name: cn" not in line)
    (shop / "other.yaml").write_text(first.replace("currency: CNY", "currency: USD"), "utf-8")
    run("poll", "--config", "other.yaml")
    lines = CONFIG.format(rates="").splitlines()
    kept = [line for line in lines if not line.startswith(("  - name: us", "    ", "rules:"))]
    (shop / "bidder.yaml").write_text("\n".join([*kept, "budget: {day: {max: 21000}, month: 600000}"]).replace(
        "budget: {day: {max: 21000}}\n", ""), "utf-8")  # fmt: skip
    run("poll")
    assert "cannot be read" not in run("check", "--online").output
    assert {line["id"].partition("/")[0] for line in planned()["budgets"]} == {"cn"}
    for words in (
        ["explain", "cn/search-P01"],
        ["digest"],
        ["status"],
        ["journal"],
        ["backtest", "--days", "8", "--fitted", "2", "--jobs", "1"],
        ["check", "--effect"],
    ):
        run(*words)
    assert json.loads(run("set", "cn/search-P01", "140", "--json").stdout)[0]["outcome"] == "Applied"
