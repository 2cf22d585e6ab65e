"""Workbooks are read like CSVs; one that is damaged or would need too much memory is refused before it is opened."""

from __future__ import annotations

import io
import random
import struct
import time
import zipfile
import zlib
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest

from bidder.errors import ImportRefused
from tests.connectors.files.exports import columns, read_text, refusal, table

SHEET = "xl/worksheets/sheet1.xml"
ROWS: list[list[object]] = [
    ["date", "campaign", "impressions", "clicks", "spend"],
    [date(2026, 3, 1), "tea", 1000, 50, 12.5],
    [datetime(2026, 3, 2), "tea", 1000, 50, 1.125],
]


def workbook(rows: list[list[object]], title: str = "Sheet") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def repacked(data: bytes, **parts: bytes) -> bytes:
    """The same archive with other contents for parts (named by their last word) or parts added."""
    saved = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts.pop(Path(name).stem, b"") or old.read(name))
        for name, content in parts.items():
            new.writestr(f"xl/{name}.xml", content)
    return saved.getvalue()


def test_a_workbook_reads_like_the_same_csv(tmp_path: Path) -> None:
    same = table(
        ["2026-03-01,tea,1000,50,12.5", "2026-03-02,tea,1000,50,1.125"], "date,campaign,impressions,clicks,spend"
    )
    book = read_text(tmp_path, workbook(ROWS))
    assert columns(book.reports) == columns(read_text(tmp_path, same).reports)


def test_numbers_and_text_that_look_like_numbers_are_both_read(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["商品排行", None, None, None, None, None],
        [None],
        ["日期", "商品ID", "计划ID", "花费", "展现量", "点击量"],
        ["2026-03-01", 752790000001, 82520000001, "1,234.50", "10,000", "-"],
        ["2026-03-02", "752790000001", "82520000001", 2, 100, 3],
        ["合计", None, None, 1236.5, 10100, 3],
    ]
    report = read_text(tmp_path, workbook(rows))
    assert report.kind == "taobao_item"
    assert set(report.reports.product) == {"752790000001"}
    assert report.summary["sums"]["spend"] == 1236.5
    assert report.summary["missing_cells"] == 1


def test_an_id_with_more_digits_than_a_number_holds_is_refused(tmp_path: Path) -> None:
    rows: list[list[object]] = [["date", "campaign", "spend"], [date(2026, 3, 1), 12345678901234567890, 5]]
    assert "campaign: expected an id, was '1.234568e+19', shortened" in refusal(tmp_path, workbook(rows))


def test_dates_beside_text_that_might_be_swapped_are_refused(tmp_path: Path) -> None:
    rows: list[list[object]] = [["date", "campaign", "spend"], [date(2026, 2, 1), "a", 5], ["13/02/2026", "a", 5]]
    assert "day and month may have been swapped" in refusal(tmp_path, workbook(rows))


def test_other_sheets_are_left_out_and_told(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(ROWS, "Data")))
    book.create_sheet("Notes", 0)["A1"] = "made by hand"
    saved = io.BytesIO()
    book.save(saved)
    assert "sheet 'Notes' was left out" in read_text(tmp_path, saved.getvalue()).notes


def test_a_workbook_without_a_table_is_refused(tmp_path: Path) -> None:
    assert "report.csv:1  the workbook is empty" in refusal(tmp_path, workbook([]))
    assert "the header is of no known export; found: a, b" in refusal(tmp_path, workbook([["a", "b"], [1, 2]]))
    assert "there are no rows below the header" in refusal(tmp_path, workbook(ROWS[:1]))
    assert "report.csv:2:5  spend: expected nothing below zero" in refusal(
        tmp_path, workbook([ROWS[0], [date(2026, 3, 1), "tea", 10, 1, -5]])
    )


@pytest.mark.parametrize("part", [0.01, 0.3, 0.6, 0.95, 0.999])
def test_a_truncated_workbook_is_refused(part: float, tmp_path: Path) -> None:
    data = workbook(ROWS)
    assert "the workbook is damaged or cut off" in refusal(tmp_path, data[: int(len(data) * part)])


def test_an_archive_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w") as archive:
        archive.writestr("计划报表.pdf", "日期")
    assert "was an archive of 计划报表.pdf; unpack it first" in refusal(tmp_path, saved.getvalue())


def test_an_old_workbook_that_is_damaged_is_refused(tmp_path: Path) -> None:
    data = bytes.fromhex("d0cf11e0a1b11ae1") + random.Random(3).randbytes(3000)
    assert "the workbook cannot be read" in refusal(tmp_path, data)


def bomb(size: int) -> bytes:
    """A workbook whose sheet unpacks to `size` bytes or a little more, made without packing them all."""
    block = b"<row/>" * 1_000_000
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)  # such pieces may be repeated
    times = size // len(block) + 1
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr(SHEET, packed * times + b"\x03\x00")
    data = bytearray(saved.getvalue())
    local, central = data.index(b"PK\x03\x04", 1), data.rindex(b"PK\x01\x02")
    struct.pack_into("<H", data, local + 8, zipfile.ZIP_DEFLATED)
    struct.pack_into("<I", data, local + 22, len(block) * times)
    struct.pack_into("<H", data, central + 10, zipfile.ZIP_DEFLATED)
    struct.pack_into("<I", data, central + 24, len(block) * times)
    return bytes(data)


def test_a_workbook_of_two_gigabytes_is_refused_in_well_under_a_second(tmp_path: Path) -> None:
    data = bomb(2 * 10**9)
    assert len(data) < 10_000_000
    began = time.process_time()  # which others do not stretch
    assert "the workbook would unpack to 1,9" in refusal(tmp_path, data)
    assert time.process_time() - began < 0.9


def test_the_bomb_is_a_sound_archive_when_small(tmp_path: Path) -> None:
    assert "the workbook cannot be read" in refusal(tmp_path, bomb(1_000_000))


def test_a_workbook_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    data = repacked(workbook(ROWS), sheet1=b"<worksheet><sheetData>" + b" " * 50_000_000)
    size = zipfile.ZipFile(io.BytesIO(data)).getinfo(SHEET).file_size
    lying = data.replace(struct.pack("<I", size), struct.pack("<I", 5000))
    began = time.process_time()  # which others do not stretch
    assert "the workbook lies about its size (xl/worksheets/sheet1.xml)" in refusal(tmp_path, lying)
    assert time.process_time() - began < 0.9


def test_a_cell_far_out_is_refused_since_all_before_it_would_be_laid_out(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(ROWS)))
    book.worksheets[0]["XFD1048576"] = 1
    saved = io.BytesIO()
    book.save(saved)
    assert "a sheet has a cell in row 1,048,576 and one in column 16,384" in refusal(tmp_path, saved.getvalue())


def test_a_short_text_that_many_cells_share_is_weighed_as_often(tmp_path: Path) -> None:
    cells = b"".join(b'<c r="A%d" t="s"><v>0</v></c>' % row for row in range(1, 60_000))
    text = b"<sst><si><t>" + b"x" * 30_000 + b"</t></si></sst>"
    message = refusal(tmp_path, repacked(workbook(ROWS), sheet1=b"<worksheet>" + cells, sharedStrings=text))
    assert "cells of text, one of 30," in message


def test_flipped_bytes_are_refused_or_change_nothing_that_matters(tmp_path: Path) -> None:
    rng = random.Random(11)
    data = workbook(ROWS)
    taken = 0
    for _ in range(150):
        broken = bytearray(data)
        for _ in range(rng.randint(1, 12)):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        try:
            report = read_text(tmp_path, bytes(broken))
        except ImportRefused:
            continue
        taken += 1
        assert report.summary["rows"] in {1, 2}
    assert taken < 75


def test_the_observation_is_of_the_instant_that_was_said(tmp_path: Path) -> None:
    seen = datetime(2026, 5, 5, 5, tzinfo=UTC)
    assert read_text(tmp_path, workbook(ROWS), observed_at=seen).reports.observation(0).observed_at == seen
