"""The watched inbox: whole files once, half-written ones later, broken ones aside; nothing there stops the daemon."""

from __future__ import annotations

import json
import os
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bidder.catalog import Account, Mode
from bidder.errors import StoreError
from bidder.ids import AccountId
from bidder.intake.inbox import Inbox, InboxResult, Watched
from bidder.money import Currency
from bidder.store import open_store
from bidder.store.protocol import Store

NOW = datetime.now(UTC)
DAY = (NOW - timedelta(days=2)).date().isoformat()
TODAY = NOW.astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat()
JZT = Account(AccountId("jzt"), "files", Currency("CNY"), "Asia/Shanghai", Mode.MANUAL)
GOODS = "统计日期,商品ID,商品访客数,支付金额\n"
ADS = "日期,计划ID,计划名称,展现数,点击数,总费用,总订单行,总订单金额\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'bidder.db'}")
    yield opened
    opened.close()


def inbox(folder: Path, store: Store, *, quiet: float = 1.0) -> Inbox:
    advisor = Watched("advisor", (folder / "advisor" / "*",), "Asia/Shanghai", ads=JZT)
    jzt = Watched("jzt", (folder / "jzt" / "*",), "Asia/Shanghai", account=JZT, window=15)
    return Inbox((advisor, jzt), store, lambda: NOW, folder / "budgets.csv", (JZT,), quiet=quiet)


def drop(path: Path, content: str | bytes, *, seconds_ago: float = 3600) -> Path:
    """A file as a browser leaves it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    changed = time.time() - seconds_ago
    os.utime(path, (changed, changed))
    return path


def look(one: Inbox) -> dict[str, InboxResult]:
    return {watched.name: one.look_into(watched) for watched in one.watched}


def test_two_files_are_a_useful_day_and_each_counts_once(tmp_path: Path, store: Store) -> None:
    drop(tmp_path / "advisor/商品排行.csv", f"{GOODS}{DAY},P01,100,900\n{DAY},P02,50,300\n")
    drop(tmp_path / "advisor/京准通.csv", f"{ADS}{DAY},7,快车,1000,50,60.5,3,270\n")
    box = inbox(tmp_path, store)
    first = look(box)["advisor"]
    assert (first.ok, first.files, first.rows, first.new) == (True, 2, 3, 3)
    assert first.data_at is not None
    assert look(box)["advisor"].files == 0
    again = inbox(tmp_path, store)
    drop(tmp_path / "advisor/copy of it.csv", f"{GOODS}{DAY},P01,100,900\n{DAY},P02,50,300\n")
    assert look(again)["advisor"].files == 0, "known by its content, under any name and after a restart"
    reports = store.reports()
    assert reports.account.tolist() == ["jzt"], "ads in the shop's folder are of the one account of files"
    assert store.activity().source.tolist() == ["advisor", "advisor"]
    assert [line.facts["kind"] for line in store.journal(kind="imported")] == [
        "advisor_goods",
        "jd_jingzhuntong",
    ] or len(store.journal(kind="imported")) == 2


def test_reports_of_an_account_get_its_window_and_its_currency(tmp_path: Path, store: Store) -> None:
    drop(tmp_path / "jzt/a.csv", f"{ADS}{DAY},7,快车,1000,50,60.5,3,270\n")
    assert look(inbox(tmp_path, store))["jzt"].new == 1
    assert store.reports().window.tolist() == [15]
    drop(tmp_path / "jzt/b.csv", f"Day,Campaign,Cost,Impr.,Clicks,Currency code\n{DAY},x,5,100,2,USD\n")
    result = look(inbox(tmp_path, store))["jzt"]
    assert (result.ok, result.quarantined) == (False, 1)
    assert "is in USD, account jzt in CNY" in result.reason


def test_a_half_written_file_waits(tmp_path: Path, store: Store) -> None:
    whole = f"{GOODS}{DAY},P01,100,900\n{DAY},P02,50,300\n".encode()
    path = drop(tmp_path / "advisor/x.csv", whole[:-20], seconds_ago=0)
    box = inbox(tmp_path, store)
    assert look(box)["advisor"].waiting == 1
    drop(path, whole[:40], seconds_ago=5)  # quiet for a moment, yet no table: still being written
    assert (look(box)["advisor"].waiting, path.exists()) == (1, True)
    drop(path, whole)
    assert (look(box)["advisor"].files, len(store.activity())) == (1, 2)


async def test_a_file_that_just_came_is_given_a_moment(tmp_path: Path, store: Store) -> None:
    drop(tmp_path / "advisor/x.csv", f"{GOODS}{DAY},P01,100,900\n", seconds_ago=0)
    found = await inbox(tmp_path, store, quiet=0.05).look()
    assert [(one.name, one.files) for one in found] == [("advisor", 1), ("jzt", 0)]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("x.csv", b"foo,bar\n1,2\n", "of no known export"),
        ("x.xlsx", b"PK\x03\x04 cut off", "damaged or cut off"),
        ("x.csv", f"{GOODS}{DAY},P01,-5,900\n".encode(), "expected nothing below zero"),
        ("x.csv", f"{GOODS}{TODAY},P01,5,900\n".encode(), "is not over"),
    ],
)
def test_a_broken_file_is_set_aside_with_a_note_and_the_next_is_read(
    name: str, content: bytes, reason: str, tmp_path: Path, store: Store
) -> None:
    drop(tmp_path / "advisor" / name, content, seconds_ago=7200)
    drop(tmp_path / "advisor/good.csv", f"{GOODS}{DAY},P01,100,900\n")
    result = look(inbox(tmp_path, store))["advisor"]
    assert (result.ok, result.quarantined, result.files) == (False, 1, 1)
    assert reason in result.reason
    assert not (tmp_path / "advisor" / name).exists()
    assert (tmp_path / "advisor/refused" / name).read_bytes() == content
    assert reason in (tmp_path / f"advisor/refused/{name}.why.txt").read_text(encoding="utf-8")
    (line,) = store.journal(kind="refused_file")
    assert (line.facts["source"], line.facts["file"]) == ("advisor", name)
    again = look(inbox(tmp_path, store))["advisor"]
    assert (again.ok, again.quarantined) == (True, 0)


def test_a_zip_is_read_and_leftovers_of_downloads_are_not(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "jzt/报表.zip"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.csv", f"{ADS}{DAY},7,快车,1000,50,60.5,3,270\n")
    drop(path, path.read_bytes())
    for name in ("y.csv.crdownload", "~$z.xlsx", ".hidden.csv", "w.part"):
        drop(tmp_path / "jzt" / name, b"junk", seconds_ago=9999)
    result = look(inbox(tmp_path, store))["jzt"]
    assert (result.ok, result.files, result.new) == (True, 1, 1)


def test_a_later_download_restates_an_earlier_one_whatever_their_names(tmp_path: Path, store: Store) -> None:
    drop(tmp_path / "advisor/a.csv", f"{GOODS}{DAY},P01,120,990\n", seconds_ago=60)
    drop(tmp_path / "advisor/b.csv", f"{GOODS}{DAY},P01,100,900\n", seconds_ago=7200)
    look(inbox(tmp_path, store))
    assert store.activity().visitors.tolist() == [120]


def test_the_file_of_another_shop_is_refused(tmp_path: Path, store: Store) -> None:
    mine = "".join(f"{DAY},P0{n},100,900\n" for n in range(4))
    drop(tmp_path / "advisor/a.csv", GOODS + mine, seconds_ago=7200)
    box = inbox(tmp_path, store)
    assert look(box)["advisor"].ok
    drop(tmp_path / "advisor/b.csv", GOODS + mine.replace("P0", "Q0"), seconds_ago=3600)
    result = look(box)["advisor"]
    assert "is it another shop's file?" in result.reason
    assert len(store.activity()) == 4


def test_a_folder_that_cannot_be_is_an_error_and_no_end(tmp_path: Path, store: Store) -> None:
    (tmp_path / "advisor").write_text("a file, not a folder")
    result = look(inbox(tmp_path, store))["advisor"]
    assert (result.ok, result.error) == (False, "connect")


def test_a_store_that_fails_is_told_of_and_the_file_stays(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop(tmp_path / "advisor/a.csv", f"{GOODS}{DAY},P01,100,900\n")

    def full(*_: object) -> None:
        raise StoreError("disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(store, "import_files", full)
        with pytest.raises(StoreError):
            look(inbox(tmp_path, store))
    assert path.exists()
    assert look(inbox(tmp_path, store))["advisor"].files == 1


def test_budgets_are_taken_when_their_file_changes_and_kept_when_it_is_broken(tmp_path: Path, store: Store) -> None:
    sheet = tmp_path / "budgets.csv"
    drop(sheet, "budget,amount,name,products\njzt/7,300,快车,P01 P02\n", seconds_ago=600)
    box = inbox(tmp_path, store)
    box.read_budgets()
    (one,) = store.budgets()
    assert (str(one.budget.id), str(one.budget.now), one.budget.products) == ("jzt/7", "300.00", ("P01", "P02"))
    assert str(one.budget.step) == "1.00"
    drop(sheet, "budget,amount\njzt/7,0\n", seconds_ago=300)
    box.read_budgets()
    assert str(store.budgets()[0].budget.now) == "300.00"
    drop(sheet, "budget,amount\njzt/7,350\n", seconds_ago=10)
    box.read_budgets()
    assert str(store.budgets()[0].budget.now) == "350.00"
    sheet.unlink()
    box.read_budgets()
    assert json.dumps([str(one.budget.now) for one in store.budgets()]) == '["350.00"]'
