"""`bidder plan`, `apply`, `explain`, `journal`, `status`, `halt` as a user types them."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from bidder.cli.main import app, exit_code_of
from bidder.errors import BidderError, ConfigError, SolveError, UnsafePlan
from bidder.explain.document import PlanDocument

runner = CliRunner()

SHOP = """
shop: {name: tea-house, currency: CNY, timezone: Asia/Shanghai}
budget: {month: 60000, day: {max: 3000}}
accounts:
  - {name: wxt, platform: sandbox, mode: MODE, timezone: Asia/Shanghai,
     seed: 3, path: platform.json, start: 2026-09-01, speed: 0}
store: sqlite:///bidder.db
schedule: {poll: 6h, decide: {from: "00:30", until: "11:00"}}
"""


def bidder(*words: str, code: int = 0) -> str:
    """Runs the command and returns its stdout; the exit code is part of the promise."""
    result = runner.invoke(app, list(words))
    if isinstance(result.exception, BidderError):
        assert exit_code_of(result.exception) == code, str(result.exception)
        return str(result.exception)
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A generic CSV of two products over four weeks, in a folder without configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIDDER_STORE", f"sqlite:///{tmp_path}/bidder.db")
    monkeypatch.delenv("BIDDER_CONFIG", raising=False)
    lines = ["date,product,spend,impressions,clicks,orders,revenue"]
    for back in range(28, 0, -1):
        day = date(2026, 3, 2) - timedelta(days=back)
        lines.append(f"{day},good,100.00,5000,100,{5 + back % 3},{(5 + back % 3) * 90}.00")
        lines.append(f"{day},poor,100.00,5000,100,{1 + back % 2},{(1 + back % 2) * 60}.00")
    path = tmp_path / "report.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def plan(*words: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(bidder("plan", "--json", *words))
    return shown


def test_a_bare_file_is_enough(history: Path) -> None:
    shown = plan("--history", str(history), "--total", "200", "--currency", "CNY")
    jsonschema.validate(shown, PlanDocument.model_json_schema())
    assert shown["day"] == "2026-03-02"
    assert shown["currency"] == "CNY"
    amounts = {line["id"]: float(line["planned"]) for line in shown["budgets"]}
    assert 60 <= amounts["file/poor"] < amounts["file/good"] <= 130
    assert sum(amounts.values()) <= 200
    assert all(line["reason"] for line in shown["budgets"])
    assert not Path("bidder.db").exists()


def test_a_file_without_a_currency_is_planned_without_one(history: Path) -> None:
    assert plan("--history", str(history), "--total", "200")["currency"] is None


def test_the_same_file_gives_the_same_bytes(history: Path) -> None:
    words = ("plan", "--json", "--history", str(history), "--total", "200")
    assert bidder(*words) == bidder(*words)


def test_the_table_names_every_budget_and_its_reason(history: Path) -> None:
    text = bidder("plan", "--history", str(history), "--total", "200")
    assert "file/good" in text
    assert re.search(r"one more.* here earns", text)


def test_exit_code_ten_tells_that_something_would_move(history: Path) -> None:
    bidder("plan", "--history", str(history), "--total", "200", "--exit-code", code=10)


def test_the_total_may_be_relative_and_is_today_when_nobody_says(history: Path) -> None:
    today = plan("--history", str(history))
    more = plan("--history", str(history), "--what-if", "total=+20%")
    assert float(today["total"]) == 200
    assert float(more["total"]) == 240
    assert float(plan("--history", str(history), "--total=-50")["total"]) == 150


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--total", "abc"], "--total"),
        (["--total=-100%"], "more than 0"),
        (["--total", "nan"], "--total"),
        (["--date", "2.3.2026"], "YYYY-MM-DD"),
        (["--objective", "fame"], "profit, revenue, orders"),
        (["--what-if", "weather=good"], "pin BUDGET=AMOUNT"),
        (["--dates", "mmm"], "dmy, mdy or ymd"),
        (["--currency", "RMB"], "ISO 4217"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(history: Path, words: list[str], says: str) -> None:
    assert says in bidder("plan", "--history", str(history), *words, code=2)


def test_a_missing_file_or_store_is_said(history: Path) -> None:
    assert "nothing.csv" in bidder("plan", "--history", "nothing.csv", code=2)
    bidder("plan", code=1)


def test_from_the_store_as_from_the_file(history: Path) -> None:
    bidder("import", str(history), "--currency", "CNY", "--observed-at", "2026-03-02T00:00:00Z")
    stored = plan("--total", "200")
    bare = plan("--history", str(history), "--total", "200", "--currency", "CNY")
    assert stored["budgets"] == bare["budgets"]
    assert plan("--total", "200") == stored


def test_explain_tells_the_chain(history: Path) -> None:
    words = ("--history", str(history), "--total", "200")
    shown = json.loads(bidder("explain", "good", "--json", *words))
    one = shown["budgets"][0]
    assert one["counts"]["clicks"] == 2800
    assert one["curve"]
    assert one["reason"]
    assert "curve" in bidder("explain", "file/good", *words)
    assert "did you mean" in bidder("explain", "file/god", *words, code=2)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configured shop on the sandbox, polled and decided once by a daemon that was stopped."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BIDDER_STORE", raising=False)
    monkeypatch.delenv("BIDDER_CONFIG", raising=False)
    return tmp_path


def configure(shop: Path, mode: str) -> None:
    (shop / "bidder.yaml").write_text(SHOP.replace("MODE", mode), "utf-8")


def run_once(shop: Path) -> None:
    """One poll and one decision, as the daemon makes them."""
    import asyncio

    from bidder.config.load import load
    from bidder.connectors.sandbox import kind
    from bidder.daemon import Daemon, metrics_for
    from bidder.store import open_store

    async def turns() -> None:
        config = load(shop / "bidder.yaml")
        account, settings = config.accounts[0]
        sandbox = kind.sandbox(account, settings)
        store = open_store(config.store_url)

        class Time:
            def now(self) -> Any:
                return sandbox.clock()

            async def sleep_until(self, at: Any, stop: asyncio.Event) -> None:
                sandbox.advance(at)
                if sandbox.clock().hour >= 17:  # 01:00 in Shanghai
                    stop.set()

        daemon = Daemon(config, store, Time(), metrics_for(config, sandbox.clock()))
        try:
            await daemon.run(asyncio.Event())
        finally:
            store.close()

    asyncio.run(turns())


def test_propose_waits_for_apply_and_apply_reads_back(shop: Path) -> None:
    configure(shop, "propose")
    run_once(shop)
    before = json.loads(bidder("status", "--json"))
    assert before["state"] == "ACTIVE"
    assert before["plan_status"] == "proposed"
    assert "say --yes" in bidder("apply", code=2)
    written = json.loads(bidder("apply", before["plan"][:6], "--yes", "--json"))
    assert written
    assert {one["outcome"] for one in written} == {"Applied"}
    assert all(one["actual"] == one["requested"] for one in written)
    again = json.loads(bidder("apply", before["plan"], "--yes", "--json"))
    assert {one["outcome"] for one in again} <= {"Applied"}
    kinds = [line["kind"] for line in json.loads(bidder("journal", "--json", "-n", "200"))]
    assert kinds.count("intent") == len(written)
    assert "the chain holds" in bidder("journal", "--verify")
    assert "decided" in bidder("journal", "--kind", "decided")


def test_observe_writes_nothing(shop: Path) -> None:
    configure(shop, "observe")
    run_once(shop)
    written = json.loads(bidder("apply", "--yes", "--json", code=1))
    assert {one["outcome"] for one in written} == {"Refused"}
    assert "observe" in written[0]["reason"]


def test_halt_stops_every_write_and_resume_ends_it(shop: Path) -> None:
    configure(shop, "propose")
    run_once(shop)
    assert "HALTED" in bidder("halt", "--reason", "price mistake")
    written = json.loads(bidder("apply", "--yes", "--json", code=1))
    assert {one["outcome"] for one in written} == {"Refused"}
    assert "REDUCING" in bidder("reduce")
    assert "ACTIVE" in bidder("resume")
    assert "state  ACTIVE" in bidder("status")


def test_apply_takes_only_what_the_plan_has(shop: Path) -> None:
    configure(shop, "propose")
    assert "no plan" in bidder("apply", "--yes", code=2)
    run_once(shop)
    assert "no budget wxt/none" in bidder("apply", "--yes", "--only", "wxt/none", code=2)


def test_exit_codes_tell_scripts_what_happened() -> None:
    codes = [exit_code_of(e) for e in (ConfigError([]), UnsafePlan([]), SolveError("x"), BidderError("x"))]
    assert codes == [2, 3, 4, 1]
    assert "bidder 0." in bidder("--version")
