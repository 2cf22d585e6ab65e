"""Figures are exact, the decimal sign is settled by the whole file, and one file has one currency."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.connectors.files.currencies import Evidence
from bidder.connectors.files.figures import read_column, settle
from bidder.connectors.files.report import Faults
from tests.connectors.files.exports import columns, read_text, refusal, table


def millionths(cells: list[str], name: str = "spend", delimiter: str = ",") -> list[int | None] | str:
    """The figures of a column, or why it is refused."""
    faults = Faults("f.csv")
    column = read_column(name, 0, cells, frozenset())
    found = settle([column], range(2, len(cells) + 2), delimiter, Evidence(), faults)[0]
    return "\n".join(message for _, _, message in faults.found) if faults else found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12.50", "12.50"), ("12", "12"), ("0.006", "0.006"), (" 12.5 ", "12.5"), ("+12.5", "12.5"), (".5", "0.5"),
        ("1,234.50", "1234.50"), ("1,00,000.5", "100000.5"), ("1 234.5", "1234.5"), ("1\u00a0234.5", "1234.5"),
        ("1'234.5", "1234.5"), ("Rs.201.68", "201.68"), ("Rs 201", "201"), ("₹1,000", "1000"), ("$1,234", "1234"),
        ("12.5 €", "12.5"), ("12.5元", "12.5"), ("￥12.5", "12.5"), ("１２.５", "12.5"), ("USD 12.5", "12.5"),
        ("12.5 CNY", "12.5"), ("US$12.50", "12.50"), ("1.5e3", "1500"), ("14.217777799999999", "14.217778"),
        ("0012", "12"),
    ],
)  # fmt: skip
def test_a_figure_is_read_exactly(text: str, expected: str) -> None:
    assert millionths([text]) == [int(Decimal(expected) * 10**6)]


@pytest.mark.parametrize("text", ["", "-", "--", "—", "N/A", "NA", "#N/A", "null", " "])
def test_no_figure_is_unknown_and_not_zero(text: str) -> None:
    assert millionths([text, "1"]) == [None, 10**6]


@pytest.mark.parametrize(
    "text",
    ["abc", "1.2.3", "1,2,3", "12,34,56", "1e999", "1e-400", "0x10", "1_000", "12 %", "5.", "$", "€5€x", "1..2", "--5",
     "$5 €", "XYZ 5", "5 5", "٣", "²", "1/2", "=1+1", "nan", "-nan", "∞", "(1)", "-0.01", "5-", "1e16", "ZZZ"],
)  # fmt: skip
def test_what_is_no_figure_is_refused(text: str) -> None:
    assert isinstance(millionths([text]), str)


def as_written(value: Decimal, comma: bool, group: str) -> str:
    whole, _, rest = f"{value:,.2f}".partition(".")
    return whole.replace(",", group) + ("," if comma else ".") + rest


@given(
    values=st.lists(st.decimals(0, 10**9, places=2), min_size=1, max_size=20),
    comma=st.booleans(),
    grouped=st.booleans(),
    delimiter=st.sampled_from([",", ";", "\t"]),
)
@settings(deadline=None, max_examples=200)
def test_two_decimals_are_read_as_written_by_either_convention(
    values: list[Decimal], comma: bool, grouped: bool, delimiter: str
) -> None:
    group = ("." if comma else ",") if grouped else ""
    cells = [as_written(value, comma, group) for value in values]
    assert millionths(cells, delimiter=delimiter) == [int(value * 10**6) for value in values]


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=20), st.sampled_from([",", ".", " ", "'"]))
@settings(deadline=None, max_examples=200)
def test_grouped_counts_are_whole_or_refused_and_never_a_thousandth(values: list[int], group: str) -> None:
    cells = [f"{value:,}".replace(",", group) for value in values]
    for delimiter in (",", ";"):
        found = millionths(cells, "clicks", delimiter)
        assert isinstance(found, str) or found == [value * 10**6 for value in values]


def test_whole_counts_tell_which_mark_groups_the_amounts(tmp_path: Path) -> None:
    header = "date;campaign;impressions;clicks;spend;orders;revenue"
    report = read_text(tmp_path, table(["2026-03-01;tea;12.345;7;1.234;1;2"], header))
    assert report.summary["sums"]["spend"] == 1234
    report = read_text(tmp_path, table(["2026-03-01;tea;12,345;7;1.234;1;2"], header))
    assert report.summary["sums"]["spend"] == 1.23


def test_a_fraction_in_a_count_is_no_grouped_count_in_a_file_of_commas(tmp_path: Path) -> None:
    assert "clicks: expected a whole number, was '12.345'" in refusal(
        tmp_path, table(["2026-03-01,tea,99999,12.345,1,1,2"])
    )


@given(st.lists(st.decimals(0, 10**6, places=6), min_size=1, max_size=50), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=50)
def test_sums_are_exact_whatever_the_order(values: list[Decimal], rng: random.Random) -> None:
    found = millionths([f"{value:.6f}" for value in values])
    assert not isinstance(found, str)
    shuffled = [value for value in found if value is not None]
    rng.shuffle(shuffled)
    assert sum(shuffled) == sum(values) * 10**6


@pytest.mark.parametrize(
    ("header", "cells", "options", "expected"),
    [
        ("spend", ["5"], {}, None),
        ("spend", ["5"], {"currency": "cny"}, "CNY"),
        ("spend", ["$5"], {}, "USD"),
        ("spend", ["$5"], {"currency": "CAD"}, "CAD"),
        ("spend", ["$5", "US$6"], {}, "USD"),
        ("spend", ["$5", "C$6"], {}, "CAD"),
        ("spend", ["£5"], {}, "GBP"),
        ("spend", ["5 €"], {}, "EUR"),
        ("spend", ["Rs.5"], {}, "INR"),
        ("spend", ["Rs.5"], {"currency": "PKR"}, "PKR"),
        ("spend", ["¥5.50"], {}, "CNY"),
        ("spend", ["¥5"], {"currency": "JPY"}, "JPY"),
        ("spend", ["5元"], {}, "CNY"),
        ("spend", ["5 RMB"], {}, "CNY"),
        ("Spend [USD] ", ["5"], {}, "USD"),
        ("SPEND (₹)", ["5"], {}, "INR"),
        ("spend（元）", ["5"], {}, "CNY"),
        ("spend (EUR)", ["5 €", "EUR 6"], {}, "EUR"),
    ],
)
def test_the_currency_is_what_signs_and_headers_say(
    header: str, cells: list[str], options: dict[str, Any], expected: str | None, tmp_path: Path
) -> None:
    rows = [f"2026-03-{number:02},tea,{cell}" for number, cell in enumerate(cells, start=1)]
    report = read_text(tmp_path, table(rows, f"date,campaign,{header}"), **options)
    assert report.summary["currency"] == expected
    assert set(report.reports.currency) == {expected or "XXX"}


def test_a_currency_column_may_have_gaps_and_settles_a_sign(tmp_path: Path) -> None:
    rows = ["2026-03-01,tea,$5,AUD", "2026-03-02,tea,$6,"]
    assert read_text(tmp_path, table(rows, "date,campaign,spend,currency")).summary["currency"] == "AUD"
    rows = ["2026-03-01,tea,5,XXX", "2026-03-02,tea,6,xxx"]
    assert read_text(tmp_path, table(rows, "date,campaign,spend,currency")).summary["currency"] is None


def test_an_unknown_cell_stays_unknown_in_the_columns(tmp_path: Path) -> None:
    found = columns(read_text(tmp_path, table(["2026-03-01,tea,,,5,,", "2026-03-02,tea,9,1,,0,1"])).reports)
    assert found["clicks"] == [None, 1.0]
    assert found["spend"] == [5_000_000, -1]
    assert found["orders"] == [None, 0.0]
