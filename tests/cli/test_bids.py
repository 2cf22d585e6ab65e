"""`bidder plan`, `explain` and `digest` with keywords in the store: what to bid for them, which are worth a look."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bidder.bidding import Lever, LeverId, LeverKind, LeverReport
from bidder.cli.main import app
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import MICROS, Currency, Money
from bidder.performance import Performance
from bidder.store import open_store

CNY, ACCOUNT = Currency("CNY"), AccountId("ztc")

SHOP = """
shop: {name: tea-house, currency: CNY, timezone: UTC}
budget: {day: {max: 400}}
accounts: [{name: ztc, platform: files, mode: manual, path: inbox/*.csv}]
products: products.csv
rules: [rules.yaml]
bids: propose
store: sqlite:///bidder.db
"""

WORDS = {
    "大红袍礼盒": (2.0, 60, 3),
    "岩茶": (2.0, 60, 0),
    "茶": (0.5, 1, 0),
}
"""Keyword: bid, clicks and orders a day."""


def bidder(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """28 days of two products, of which one is searched by three words."""
    folder = tmp_path_factory.mktemp("bids")
    (folder / "bidder.yaml").write_text(SHOP, "utf-8")
    (folder / "rules.yaml").write_text("", "utf-8")
    (folder / "products.csv").write_text("id,name,price,cost\nP1,红袍,100,40\nP2,白茶,100,40\n", "utf-8")
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=back) for back in range(28, 0, -1)]
    rows = ["date,account,campaign,product,spend,impressions,clicks,orders,revenue,budget"]
    for day in days:
        rows.append(f"{day},ztc,c1,P1,120.00,5000,121,3,300,120.00")
        rows.append(f"{day},ztc,c2,P2,60.00,5000,60,2,200,100.00")
    (folder / "report.csv").write_text("\n".join(rows) + "\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("BIDDER_STORE", raising=False)
        patch.delenv("BIDDER_CONFIG", raising=False)
        bidder("import", "report.csv", "--currency", "CNY")
        store = open_store("sqlite:///bidder.db")
        try:
            budget = next(one for one in store.reports().budget if one.endswith("c1"))
            keep(store, BudgetId(ACCOUNT, str(budget)), days)
        finally:
            store.close()
    return folder


def keep(store: Any, budget: BudgetId, days: list[date]) -> None:
    """The words and their days."""
    now = datetime.now(UTC)
    ids = {word: LeverId(ACCOUNT, LeverKind.KEYWORD, str(place)) for place, word in enumerate(WORDS)}
    levers = [
        Lever(one, word, CNY, round(WORDS[word][0] * MICROS), budget=budget, product=ProductId("P1"), step=10_000)
        for word, one in ids.items()
    ]
    store.add_levers(levers, now)
    store.add_lever_reports(
        [
            LeverReport(
                ids[word],
                day,
                now,
                Performance(20 * clicks, clicks, Money(clicks * MICROS, CNY), float(orders)),
                value=round(bid * MICROS),
            )
            for word, (bid, clicks, orders) in WORDS.items()
            for day in days
        ]
    )


@pytest.fixture
def here(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(shop)
    monkeypatch.delenv("BIDDER_STORE", raising=False)
    monkeypatch.delenv("BIDDER_CONFIG", raising=False)
    return shop


def test_a_plan_shows_what_bids_should_be_and_says_why_the_others_stay(here: Path) -> None:
    (here / "rules.yaml").write_text("- {name: still, pin: {at: now}}\n", "utf-8")
    shown = json.loads(bidder("plan", "--json"))
    lines = {one["name"]: one for one in shown["bids"]}
    assert (lines["岩茶"]["now"], lines["岩茶"]["planned"], lines["岩茶"]["reason"]) == ("2", "1.6", "worth_less")
    assert float(lines["大红袍礼盒"]["planned"]) > 2
    assert lines["大红袍礼盒"]["low"] < lines["大红袍礼盒"]["click"] < lines["大红袍礼盒"]["high"]
    assert "a click is worth 3.18, more than is bid" in bidder("plan").replace("\n", " ")


def test_a_unit_whose_budget_moves_today_has_no_bids_to_move(here: Path) -> None:
    (here / "rules.yaml").write_text("- {name: less, budget: {max: 90}}\n", "utf-8")
    shown = json.loads(bidder("plan", "--json"))
    assert shown["bids"] == []
    assert "3 bids stay: budget moves today 3" in shown["notes"]


def test_explain_shows_bids_and_what_is_worth_a_look(here: Path) -> None:
    shown = json.loads(bidder("explain", "P1", "--json"))
    assert {one["name"] for one in shown["bids"]} == set(WORDS)
    assert [(one["kind"], one["name"]) for one in shown["keywords"]] == [
        ("orders_without_budget", "大红袍礼盒"),
        ("spend_without_orders", "岩茶"),
    ]
    text = bidder("explain", "P1")
    assert "(a click is worth 3.18; 80 %: " in text
    assert "“岩茶” spent 1680.00 on 1680 clicks in 28 days without an order" in text
    assert "its budget ended early on 7 of 7 days" in text
    assert "岩茶" not in bidder("explain", "P2")


def test_explain_knows_a_keyword_by_its_word(here: Path) -> None:
    shown = json.loads(bidder("explain", "岩茶", "--json"))
    assert [one["name"] for one in shown["bids"]] == ["岩茶"]
    assert [one["id"].partition("/")[2] for one in shown["budgets"]] == ["c1"]
    assert [one["kind"] for one in shown["keywords"]] == ["spend_without_orders"]


def test_the_digest_names_keywords_in_both_languages(here: Path) -> None:
    assert "「岩茶」28 天花 1680.00、点击 1680 次没有一单" in bidder("digest", "--lang", "zh")
    assert "“岩茶” spent 1680.00 on 1680 clicks in 28 days" in bidder("digest", "--lang", "en")
