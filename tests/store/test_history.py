"""Years of many shops in one file: what was archived is what the store knew, and questions of one shop see it alone."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bidder.cli.main import app
from bidder.errors import NoStoreYet, StoreError
from bidder.performance import Observation
from bidder.reports import Reports
from bidder.snapshot import day_number
from bidder.store import open_store
from bidder.store.history import History, SeriesKey
from tests.failures.processes import make_shop
from tests.fakes import an_account, new_store, observed

ADS = an_account()
DAY = date(2026, 11, 22)
TODAY = day_number(DAY)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    opened = History(tmp_path / "history.duckdb")
    yield opened
    opened.close()


def rows(days: int, spend: int = 5, seen: datetime = NOON) -> Reports:
    """Two products on so many days back."""

    def row(product: str, back: int) -> Observation:
        day, name = DAY - timedelta(back), f"c{product}"
        return observed(ADS, day, seen, campaign=name, product=product, spend=str(spend + back))

    return Reports.of([row(product, back) for product in ("P1", "P2") for back in range(days)])


def test_totals_are_those_of_the_store(history: History, tmp_path: Path) -> None:
    store = new_store(tmp_path)
    store.add_reports(rows(10))
    store.add_reports(rows(3, spend=7, seen=NOON + timedelta(hours=1)))  # restated
    known = store.reports()
    assert history.keep("tea", known, 0) == 20
    late = known.day >= TODAY - 4
    found = history.totals(TODAY - 4, TODAY, by="shop")
    assert [(one.name, one.currency, one.days) for one in found] == [("tea", "CNY", 5)]
    assert found[0].spend == int(known.spend[late].sum())
    assert found[0].clicks == known.clicks[late].sum()
    assert found[0].revenue is None, "unknown on all days is not zero"
    store.close()


def test_archiving_again_changes_nothing_and_a_restated_day_takes_the_place_of_the_old(history: History) -> None:
    for _ in range(2):
        history.keep("tea", rows(10), 0)
    first = history.totals(0, TODAY)
    assert [(one.name, one.days) for one in first] == [("P1", 10), ("P2", 10)]
    history.keep("tea", rows(10, spend=6), TODAY - 1)
    again = history.totals(0, TODAY)
    assert [one.spend for one in again] == [one.spend + 2_000_000 for one in first if one.spend is not None]


def test_a_question_of_one_shop_sees_it_alone(history: History) -> None:
    shops = [f"shop{number}" for number in range(5)]
    for number, shop in enumerate(random.Random(1).sample(shops, 5)):
        history.keep(shop, rows(3, spend=number), 0)
    assert history.shops() == shops
    each = {shop: history.totals(0, TODAY, shop=shop) for shop in shops}
    assert all(len(found) == 2 for found in each.values())
    every = history.totals(0, TODAY, by="shop")
    assert {one.name: one.spend for one in every} == {
        shop: sum(one.spend or 0 for one in found) for shop, found in each.items()
    }
    assert history.totals(0, TODAY, shop="nobody") == []


def test_what_is_older_than_its_time_is_let_go(history: History) -> None:
    history.keep("tea", rows(10), 0)
    assert history.forget(TODAY - 2) == 14
    assert [one.days for one in history.totals(0, TODAY)] == [3, 3]


def test_columns_are_loaded_as_they_are(history: History) -> None:
    key = SeriesKey("tea", "ads", "b", "c", "P", -1, "CNY")
    number = history.series([key])[key]
    size = 1000
    columns: dict[str, np.ndarray[tuple[int], np.dtype[np.int64 | np.float64 | np.int32]]]
    columns = {name: np.full(size, 2.0) for name in ("impressions", "clicks", "units")}
    columns |= {name: np.full(size, 3_000_000) for name in ("spend", "revenue", "amount")}
    columns |= {
        "series": np.full(size, number, dtype=np.int32),
        "day": np.arange(size),
        "orders": np.full(size, np.nan),
    }
    history.load(columns)
    (found,) = history.totals(100, 199, shop="tea")
    assert (found.days, found.clicks, found.orders, found.spend) == (100, 200.0, None, 300_000_000)


def test_what_cannot_be_opened_is_said(tmp_path: Path, history: History) -> None:
    with pytest.raises(NoStoreYet):
        History(tmp_path / "nowhere.duckdb", read_only=True)
    (tmp_path / "else.duckdb").write_bytes(b"something else" * 1000)
    with pytest.raises(StoreError, match=r"else\.duckdb: "):
        History(tmp_path / "else.duckdb")


def test_the_commands_archive_a_shop_and_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BIDDER_STORE", raising=False)
    make_shop(tmp_path)
    today = datetime.now(UTC)
    store = open_store("sqlite:///bidder.db")
    day = today.date() - timedelta(1)
    store.add_reports(Reports.of([observed(ADS, day, today, product="P1", spend="12.34", clicks=7)]))
    store.close()
    for _ in range(2):
        said = CliRunner().invoke(app, ["store", "archive", "history.duckdb", "--keep", "400"])
        assert said.stdout == "tea-house: 1 rows archived, 0 old ones let go\n", said.exception
    found = CliRunner().invoke(app, ["store", "totals", "history.duckdb", "--shop", "tea-house", "--json"])
    assert json.loads(found.stdout) == [
        {"name": "P1", "currency": "CNY", "days": 1, "clicks": 7.0, "orders": 1.0, "spend": "12.34", "revenue": None}
    ]
    shown = CliRunner().invoke(app, ["store", "totals", "history.duckdb", "--by", "shop"])
    assert "tea-house" in shown.stdout
    wrong = CliRunner().invoke(app, ["store", "totals", "history.duckdb", "--by", "weather"])
    assert "expected shop, account, product, budget" in str(wrong.exception)
