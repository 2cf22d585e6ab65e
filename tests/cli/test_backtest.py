"""`bidder backtest` and `explain` of a saved plan, as a user types them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import jsonschema
import pytest

from bidder.backtest.document import BacktestDocument
from bidder.store import open_reader
from tests.cli.test_plan import bidder


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three products over five weeks, in a folder without configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BIDDER_CONFIG", raising=False)
    monkeypatch.setenv("BIDDER_STORE", f"sqlite:///{tmp_path}/bidder.db")
    lines = ["date,product,spend,impressions,clicks,orders,revenue,budget"]
    for back in range(35, 0, -1):
        day = date(2026, 3, 2) - timedelta(days=back)
        for place, name in enumerate(("茶", "pot", "cup")):
            orders = 3 * (place + 1) + back % 4
            lines.append(f"{day},{name},{90 + back % 7}.00,4000,100,{orders},{orders * 60}.00,100.00")
    path = tmp_path / "report.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_a_file_is_replayed_and_worlds_are_drawn_from_it(report: Path, tmp_path: Path) -> None:
    words = ["backtest", "--history", str(report), "--days", "4", "--fitted", "2", "--jobs", "1"]
    shown = json.loads(bidder(*words, "--json", "--picture", str(tmp_path / "one.svg")))
    jsonschema.validate(shown, BacktestDocument.model_json_schema())
    assert shown["history"]["days"] == 4
    assert not shown["history"]["as_of"]
    assert any("one version" in note for note in shown["notes"])
    part = shown["worlds"][0]
    assert part["ground"] == "fitted"
    assert [one["policy"] for one in part["policies"]] == ["bidder", "even", "keep", "roi28"]
    assert all(one["cap_breaches"] == 0 for one in part["policies"])
    bidder(*words, "--picture", str(tmp_path / "two.svg"))
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert json.loads(bidder(*words, "--json")) == shown


def test_sandbox_worlds_need_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = bidder(
        "backtest", "--worlds", "0,2", "--days", "2", "--against", "even", "--picture", "a.png", "--jobs", "2"
    )
    assert "even split" in text
    assert "yesterday" not in text
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert not list(tmp_path.glob("*.db"))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--worlds", "9-0"], "--worlds"),
        (["--worlds", "a"], "--worlds"),
        (["--worlds", "99999999999"], "--worlds"),
        (["--worlds", "0", "--against", "evn"], "did you mean even"),
        (["--worlds", "0", "--picture", "a.gif"], ".svg or .png"),
        (["--worlds", "0", "--total", "lots"], "--total"),
        (["--worlds", "0", "--total", "-5"], "more than 0"),
        (["--history", "nothing.csv"], "nothing.csv"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(report: Path, words: list[str], says: str) -> None:
    assert says in bidder("backtest", *words, code=2)


def test_a_past_of_a_few_days_is_too_short(report: Path) -> None:
    lines = report.read_text("utf-8").splitlines()
    report.write_text("\n".join(lines[: 1 + 3 * 5]) + "\n", "utf-8")
    assert "too short a past" in bidder("backtest", "--history", str(report), code=2)


def test_explain_makes_the_newest_saved_plan_again_to_the_cent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its changes were written, so that today's amounts are no longer those it started from."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BIDDER_STORE", raising=False)
    bidder("demo", "--days", "2", "--speed", "max", "--listen", "127.0.0.1:0", "--dir", str(tmp_path))
    config = str(tmp_path / "bidder.yaml")
    saved = open_reader(f"sqlite:///{tmp_path / 'bidder.db'}")
    stored = saved.plan()
    saved.close()
    assert stored is not None
    line = next(one for one in stored.document["budgets"] if one["now"] != one["planned"])
    shown = json.loads(bidder("explain", line["id"], "--config", config, "--json"))
    assert shown["notes"] == []
    assert shown["plan"] == stored.id
    one = shown["budgets"][0]
    assert (one["now"], one["planned"], one["reason"]) == (line["now"], line["planned"], line["reason"])
    rules = tmp_path / "rules.yaml"
    rules.write_text(rules.read_text("utf-8").replace("max: 75%", "max: 60%"), "utf-8")
    changed = json.loads(bidder("explain", line["id"], "--config", config, "--json"))
    assert stored.id in changed["notes"][0]
    assert "days of this shop" in bidder("backtest", "--config", config, "--fitted", "0", "--days", "2")
