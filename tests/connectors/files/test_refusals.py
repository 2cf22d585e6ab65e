"""What cannot be used is refused whole, with the place and what to do. Never a traceback."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.connectors.files.exports import HEADER, read_text, refusal, table

OK = "2026-03-01,tea,1000,50,12.50,3,99.00"

BAD: dict[str, tuple[str | bytes, str]] = {
    "empty": (b"", r"report.csv:1  the file is empty"),
    "blank": (b" \r\n\r\n", r"report.csv:1  the file is empty"),
    "commas": (b",,,\n,,,\n", r"report.csv:1  no row has anything in it"),
    "header only": (HEADER, "report.csv:1  there are no rows below the header"),
    "header and blank lines": (HEADER + "\n\n,,,,,,\n", "there are no rows below the header"),
    "unknown header": ("foo,bar\n1,2\n", "report.csv:1  the header is of no known export; found: foo, bar. Known are:"),
    "nearly a header": (
        table([OK], HEADER.replace("spend", "spent")),
        "missing: spend; 'spent' looks like spend: rename it",
    ),
    "no day column": ("campaign,spend\na,1\n", "missing: date"),
    "NaN": (table(["2026-03-01,tea,1000,50,NaN,3,99"]), "report.csv:2:5  spend: expected a finite number, was 'NaN'"),
    "Inf": (table([OK, "2026-03-02,tea,1000,50,5,Infinity,9"]), "report.csv:3:6  orders: expected a finite number"),
    "negative spend": (table(["2026-03-01,tea,1000,50,-0.01,3,99"]), "report.csv:2:5  spend: expected nothing below"),
    "negative in brackets": (table(["2026-03-01,tea,1000,50,(5.00),3,99"]), "2:5  spend: expected nothing below"),
    "negative clicks": (table(["2026-03-01,tea,1000,-1,5,3,99"]), "2:4  clicks: expected nothing below zero"),
    "clicks over impressions": (
        table(["2026-03-01,tea,10,11,5,3,99"]),
        "report.csv:2:4  clicks: expected at most the impressions (10), was 11",
    ),
    "fractional clicks": (table(["2026-03-01,tea,10,1.5,5,3,99"]), "2:4  clicks: expected a whole number, was '1.5'"),
    "absurd spend": (table(["2026-03-01,tea,10,1,1e16,3,99"]), "2:5  spend: expected at most 1,000,000,000,000"),
    "absurd clicks": (table(["2026-03-01,tea,9999999999999999,1,1,3,99"]), "2:3  impressions: expected at most 999,"),
    "absurd digits": (table(["2026-03-01,tea,10,1," + "9" * 41 + ",3,99"]), "2:5  spend: expected an amount, was"),
    "percent for money": (table(["2026-03-01,tea,10,1,5%,3,99"]), "2:5  spend: expected an amount, was '5%'"),
    "money for a count": (table(["2026-03-01,tea,$10,1,5,3,99"]), "2:3  impressions: expected a count, was the amount"),
    "ten thousands": (table(["2026-03-01,tea,10,1,1.2万,3,99"]), "2:5  spend: expected an amount, was '1.2万'"),
    "words": (table(["2026-03-01,tea,ten,1,5,3,99"]), "2:3  impressions: expected a count, was 'ten'"),
    "unit in the header": (table([OK], HEADER.replace("spend", "spend (cents)")), "missing: spend"),
    "no such day": (table(["2026-02-30,tea,10,1,5,3,99"]), "2:1  date: '2026-02-30' is no day of the calendar"),
    "no day": (table(["yesterday,tea,10,1,5,3,99"]), "2:1  date: expected a day such as 2026-03-01, was 'yesterday'"),
    "long ago": (table(["1970-01-01,tea,10,1,5,3,99"]), "2:1  date: expected a year from 2000 to 2027"),
    "an hour": (table(["2026-03-01 14:00,tea,10,1,5,3,99"]), "2:1  date: expected a day, was the hour"),
    "a range": (table(["2026-03-01 ~ 2026-03-07,tea,10,1,5,3,99"]), "2:1  date: expected one day in a row, was the"),
    "two readings": (
        table(["03/04/2026,tea,10,1,5,3,99"]),
        "report.csv:2:1  date: '03/04/2026' may be 2026-04-03 (--dates dmy) or 2026-03-04 (--dates mdy)",
    ),
    "two currencies by sign": (
        table(["2026-03-01,tea,10,1,$5,3,99", "2026-03-02,tea,10,1,5 €,3,99"]),
        "report.csv:3:5  expected one currency in a file, was the sign '$' (line 2) and the sign '€' here",
    ),
    "two currencies by code": (
        table(["2026-03-01,tea,5,CNY", "2026-03-02,tea,5,USD"], "date,campaign,spend,currency"),
        "report.csv:3:4  expected one currency in a file, was CNY (report.csv:2) and USD (report.csv:3)",
    ),
    "no such currency": (table(["2026-03-01,tea,5,ABC"], "date,campaign,spend,currency"), "2:4  expected an ISO 4217"),
    "a sign of two currencies": (table(["2026-03-01,tea,10,1,¥5,3,99"]), "--currency CNY or --currency JPY"),
    "a short line": (table(["2026-03-01,tea,10,1"]), "report.csv:2  expected 7 cells as in the header, was 4"),
    "a long line": (table([OK + ",7"]), "report.csv:2  expected 7 cells as in the header, was 8"),
    "a quote that is not closed": (table(['2026-03-01,"tea,10,1,5,3,99', OK]), "report.csv:2  the cells of this line"),
    "a quote in a quote": (table(['2026-03-01,"te"a,10,1,5,3,99']), "report.csv:2  the cells of this line"),
    "only a broken quote": ('"abc\ndef', "report.csv:1  the cells of this line cannot be told apart"),
    "the same row twice": (table([OK, OK]), "report.csv:3  'tea' on 2026-03-01 is already on line 2; keep one"),
    "neither product nor campaign": (table(["2026-03-01,,10,1,5,3,99"]), "2:2  expected a campaign, was an empty cell"),
    "no spend anywhere": (table(["2026-03-01,tea,10,1,,3,99"]), "no row says what was spent"),
    "a column twice": (table(["2026-03-01,tea,1,2"], "date,campaign,spend,Spend"), "1:4  the column 'Spend' is there"),
    "an id that lost its digits": (table(["2026-03-01,8.252E+10,1,1,5,3,99"]), "2:2  campaign: expected an id, was"),
    "a name without end": (table(["2026-03-01," + "x" * 501 + ",1,1,5,3,99"]), "2:2  expected a name of at most 500"),
    "a bad account": (
        table(["2026-03-01,a,5,My Shop"], "date,campaign,spend,account"),
        "2:4  account: expected a name",
    ),
    "NUL": (table(["2026-03-01,t\0a,10,1,5,3,99"]), "report.csv:2  expected a table as text, was binary data"),
    "noise": (random.Random(7).randbytes(4000), "report.csv:1  expected"),
    "latin text": (table(["2026-03-01,café,10,1,5,3,99"]).encode("latin-1"), "report.csv:2  expected text in UTF-8"),
    "a broken mark": (b"\xff\xfea", "report.csv:1  the file begins like UTF-16 and is not"),
    "a page": (b"<html><p>1</p></html>", "was a page or a document"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"0" * 50, "expected a table (CSV, XLSX or XLS), was a picture"),
    "mixed decimal signs": (
        table(["2026-03-01;tea;10;1;1.234,50;3;9", "2026-03-02;tea;10;1;1,234.50;3;9"], HEADER.replace(",", ";")),
        "spend: expected figures as 1,234.56 like the rest of the file, was '1.234,50'",
    ),
    "thousands or decimals": (
        table(["2026-03-01;tea;10;1;1.234;3;9"], HEADER.replace(",", ";")),
        "report.csv:2:5  spend: '1.234' may be 1.234 or 1234; write the file without thousands separators",
    ),
    "a placement report": (
        "Date,Campaign Name,Placement,Impressions,Clicks,Spend,7 Day Total Orders (#)\n1,2,3,4,5,6,7\n",
        "it is a report by search term, keyword or placement; export the Advertised product report",
    ),
    "sums beyond any number": (
        "month,day,campaign_number,displays,cost,clicks,post_click_conversions\n"
        + "April,1,a,10,999999999999,1,0\n" * 10,
        "report.csv:2  spend: the rows of this day add up to more than can be",
    ),
    "a day with more clicks than impressions": (
        "month,day,campaign_number,displays,cost,clicks,post_click_conversions\nApril,1,a,1,1,2,0\nMay,2,a,1,1,1,0\n",
        "report.csv:2  clicks: this campaign's day has 2 of 1 impressions",
    ),
    "a month that is none": (
        "month,day,campaign_number,displays,cost,clicks,post_click_conversions\nAvril,x,a,1,1,1,0\n",
        "report.csv:2:2  month: expected a month, was 'Avril'",
    ),
    "a day of a month that is none": (
        "month,day,campaign_number,displays,cost,clicks,post_click_conversions\nApril,x,a,1,1,1,0\n",
        "report.csv:2:2  day: expected the day of a month, was 'x'",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_at_its_place(name: str, tmp_path: Path) -> None:
    content, message = BAD[name]
    assert message in refusal(tmp_path, content, year=2020)


def test_the_clean_row_that_the_bad_ones_are_made_of_is_taken(tmp_path: Path) -> None:
    assert read_text(tmp_path, table([OK])).summary["sums"]["spend"] == 12.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"account": "My Shop"}, "--account: expected a name like 'my-shop'"),
        ({"timezone": "Mars/Base"}, "--timezone: expected an IANA zone"),
        ({"timezone": "../../etc/passwd"}, "--timezone: expected an IANA zone"),
        ({"year": 20}, "--year: expected 2000 to 2027"),
        ({"window": -1}, "--window: expected days from 0 to 365"),
        ({"currency": "yuan"}, "--currency: expected an ISO 4217 currency"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, object], message: str, tmp_path: Path) -> None:
    assert message in refusal(tmp_path, table([OK]), **options)


def test_what_a_person_says_against_the_file_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, table(["2026-03-01,tea,10,1,€5,3,9"]), currency="USD")
    assert "expected one currency in a file, was USD (--currency) and the sign '€' here" in message


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    from bidder.connectors.files import read
    from bidder.errors import ImportRefused
    from tests.connectors.files.exports import OPTIONS

    with pytest.raises(ImportRefused, match="there is no such file"):
        read(tmp_path / "nothing.csv", OPTIONS)
    with pytest.raises(ImportRefused, match="expected a file, was a folder"):
        read(tmp_path, OPTIONS)


def test_many_faults_are_listed_in_part_and_counted(tmp_path: Path) -> None:
    rows = [f"2026-03-01,tea {number},10,1,x{number},3,9" for number in range(500)]
    lines = refusal(tmp_path, table(rows)).splitlines()
    assert len(lines) <= 20
    assert lines[-1].endswith("faults more, in all 500")


def test_faults_of_different_kinds_are_all_shown(tmp_path: Path) -> None:
    found = refusal(tmp_path, table(["x,tea,10,1,5,3,9", "2026-03-01,tea,-10,1,y,3,9"]))
    assert [line.split("  ")[0] for line in found.splitlines()] == [
        "report.csv:2:1",
        "report.csv:3:3",
        "report.csv:3:5",
    ]
