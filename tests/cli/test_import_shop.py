"""`bidder import` of what shops download: days that are asked for once, zips, stock, and another shop's file."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bidder.cli.main import app
from bidder.errors import BidderError, ConfigError, ImportRefused
from bidder.store import open_reader

SEEN = "2026-10-03T09:00:00+08:00"
BUSINESS = (
    '"(Parent) ASIN","(Child) ASIN","Sessions - Total","Units Ordered","Ordered Product Sales"\n'
    '"B0A","B0A1","1,200","31","$1,234.56"\n'
)
PLAN = "日期,计划ID,计划名称,花费,展现量,点击量,总成交笔数,总成交金额\n2026-10-01,{n},计划,50,1000,20,2,99\n"


@pytest.fixture(autouse=True)
def nothing_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("BIDDER_CONFIG", "BIDDER_STORE"):
        monkeypatch.delenv(name, raising=False)


def ran(folder: Path, *words: object) -> Any:
    store = f"sqlite:///{folder / 'bidder.db'}"
    result = CliRunner().invoke(app, ["import", "--store", store, "--observed-at", SEEN, *map(str, words)])
    if isinstance(result.exception, BidderError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout) if "--json" in words else result.stdout


def test_a_day_that_was_answered_for_a_file_is_remembered_for_that_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "BusinessReport.csv"
    path.write_text(BUSINESS, "utf-8")
    with pytest.raises(ImportRefused, match="does not say which day it is of; name it, for example --date"):
        ran(tmp_path, "--json", path)
    (first,) = ran(tmp_path, "--json", "--date", "2026-10-01", path)
    assert (first["kind"], first["new_rows"], first["first_date"]) == ("amazon_business_asin", 1, "2026-10-01")
    assert first["sums"]["revenue"] == 1234.56
    assert ran(tmp_path, "--json", path)[0]["new_rows"] == 0
    path.write_text(BUSINESS.replace("31", "32"), "utf-8")
    with pytest.raises(ImportRefused, match="does not say which day"):
        ran(tmp_path, "--json", path)
    with pytest.raises(ConfigError, match="expected YYYY-MM-DD, was 'today'"):
        ran(tmp_path, "--json", "--date", "today", path)


def test_a_zip_is_stored_whole_with_a_line_for_each_table(tmp_path: Path) -> None:
    path = tmp_path / "万相台.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for n in (1, 2):
            packed.writestr(f"{n}.csv", PLAN.format(n=n))
    found = ran(tmp_path, "--json", "--window", "15", path)
    assert [one["file"].rpartition(":")[2] for one in found] == ["1.csv", "2.csv"]
    reader = open_reader(f"sqlite:///{tmp_path / 'bidder.db'}")
    assert sorted(line.facts["file"] for line in reader.journal(kind="imported")) == [
        "万相台.zip:1.csv",
        "万相台.zip:2.csv",
    ]
    assert reader.reports().window.tolist() == [15, 15]
    reader.close()


def test_stock_renews_what_it_says_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "库存.csv"
    path.write_text("商品编码,商品名称,可用数,成本价\nA,红茶,5,19.5\n", "utf-8")
    assert ran(tmp_path, "--json", path)[0]["sums"] == {"stock": 5.0}
    path.write_text("商品编码,可用数\nA,3\n", "utf-8")
    assert "1 new rows stored" in ran(tmp_path, path)
    reader = open_reader(f"sqlite:///{tmp_path / 'bidder.db'}")
    (one,) = reader.products()
    assert (one.stock, one.name, str(one.cost)) == (3, "红茶", "19.50")
    reader.close()


def test_the_file_of_another_shop_is_refused_unless_it_is_meant(tmp_path: Path) -> None:
    header = "统计日期,商品ID,商品访客数,支付金额\n"
    mine, other = tmp_path / "mine.csv", tmp_path / "other.csv"
    mine.write_text(header + "".join(f"2026-10-01,P{n},5,10\n" for n in range(4)), "utf-8")
    other.write_text(header + "".join(f"2026-10-01,Q{n},5,10\n" for n in range(4)), "utf-8")
    shown = ran(tmp_path, mine)
    assert "advisor_goods" in shown
    assert "revenue (CNY)" in shown
    with pytest.raises(ImportRefused, match="is it another shop's file"):
        ran(tmp_path, other)
    assert ran(tmp_path, "--json", "--account", "second", other)[0]["new_rows"] == 4
