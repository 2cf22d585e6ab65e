"""10^5 rows with cells gone wrong: a file is refused with a place, or read exactly right. Never anything else."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bidder.connectors.files import FileReport, read
from bidder.errors import ImportRefused
from bidder.snapshot import day_number
from tests.connectors.files.exports import OPTIONS

ROWS = 100_000
ROWS_A_FILE = 100
NAMES = ("date", "campaign", "impressions", "clicks", "spend", "orders", "revenue")

REFUSED_MONEY = [
    "NaN", "nan", "inf", "-Infinity", "-1", "-0.01", "(3)", "abc", "5%", "1e16", "9" * 30, "1.2.3", "12,34,5", "0x1F",
    "=A1", "1/2", "\u0663", "5 5", "--1", "1e999", "<script>", "1;2", "٪", "1.2万",
]  # fmt: skip
REFUSED_COUNT = [*REFUSED_MONEY, "$5", "10 €", "1000000000000000"]
REFUSED_WHOLE = [*REFUSED_COUNT, "1.5", "0.1"]
REFUSED_DATE = ["", "NaN", "2026-02-30", "2026-13-01", "1970-01-01", "2099-01-01", "20260230", "today", "46000", "1/2"]


@dataclass
class Case:
    """A file with some cells gone wrong: its text, and what it holds, or that it must be refused."""

    lines: list[list[str]]
    truth: dict[tuple[str, int], dict[str, Decimal | None]] = field(default_factory=dict)
    refused: bool = False


def a_case(rng: random.Random) -> Case:
    """A clean file of which up to three cells are changed, half of the changes harmless."""
    case = Case([])
    first = date(2026, 1, 1) + timedelta(days=rng.randrange(200))
    for row in range(ROWS_A_FILE):
        day, campaign = first + timedelta(days=row // 4), f"camp {row % 4}"
        shown = rng.randrange(100_000)
        figures: dict[str, Decimal | None] = {
            "impressions": Decimal(shown),
            "clicks": Decimal(rng.randint(0, shown)),
            "spend": Decimal(rng.randrange(10**7)) / 100,
            "orders": Decimal(rng.randrange(50)),
            "revenue": Decimal(rng.randrange(10**8)) / 100,
        }
        case.truth[campaign, day_number(day)] = figures
        case.lines.append([day.isoformat(), campaign, *(str(value) for value in figures.values())])
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        change(case, rng.randrange(ROWS_A_FILE), rng)
    return case


def change(case: Case, row: int, rng: random.Random) -> None:
    """Changes one cell or line, and the truth with it."""
    line = case.lines[row]
    day, campaign = first_day(case, row), f"camp {row % 4}"
    figures = case.truth[campaign, day]
    name = rng.choice(NAMES)
    place = NAMES.index(name)
    if len(line) != len(NAMES):
        return
    if rng.random() < 0.5 and name in figures and line[place] == str(figures[name]):
        harmless(line, place, name, figures, rng)
        return
    case.refused = True
    match name:
        case "date":
            line[place] = rng.choice(REFUSED_DATE)
        case "campaign":
            line[place] = rng.choice(["", "  ", "1.2E+11", "x" * 600])
        case "impressions":
            line[place] = rng.choice(REFUSED_WHOLE)
        case "clicks":
            line[place] = rng.choice(REFUSED_WHOLE)
        case "orders":
            line[place] = rng.choice(REFUSED_COUNT)
        case _:
            line[place] = rng.choice(REFUSED_MONEY)
    if rng.random() < 0.1:
        del line[-1]


def harmless(line: list[str], place: int, name: str, figures: dict[str, Decimal | None], rng: random.Random) -> None:
    """Another way to write the same figure, or no figure."""
    value = figures[name]
    assert value is not None
    way = rng.randrange(4)
    if way == 0:
        line[place] = rng.choice(["", "-", "N/A", "--"])
        figures[name] = None
    elif way == 1:
        line[place] = f"  {value} "
    elif way == 2:
        line[place] = f"{value:,}"
    elif name in {"spend", "revenue"}:
        line[place] = rng.choice([f"{value:.6f}", f"￥{value:.2f}", f"{value:.2f}元", f"CNY {value:.2f}"])


def first_day(case: Case, row: int) -> int:
    return min(day for _, day in case.truth) + row // 4


def text_of(case: Case) -> str:
    quoted = [[f'"{cell}"' if "," in cell else cell for cell in line] for line in case.lines]
    return "\n".join(",".join(line) for line in [list(NAMES), *quoted])


def check_right(report: FileReport, case: Case) -> None:
    assert len(report.reports) == len(case.truth)
    for row in range(len(report.reports)):
        seen = report.reports.observation(row)
        figures = case.truth[seen.campaign, day_number(seen.day.date)]
        for name, expected in figures.items():
            found = getattr(seen.performance, name)
            found = found.to_decimal() if name in {"spend", "revenue"} and found is not None else found
            assert found == expected, (name, row)


def test_a_hundred_thousand_fuzzed_rows_are_refused_or_exactly_right(tmp_path: Path) -> None:
    rng = random.Random(20261101)
    path = tmp_path / "fuzzed.csv"
    refused = 0
    for number in range(ROWS // ROWS_A_FILE):
        case = a_case(rng)
        path.write_text(text_of(case), encoding=rng.choice(["utf-8", "utf-8-sig", "gb18030", "utf-16"]))
        message = ""
        try:
            check_right(read(path, OPTIONS), case)
        except ImportRefused as e:
            message = str(e)
        assert bool(message) == case.refused, (number, message)
        assert all(re.match(rf"{re.escape(str(path))}:\d+(:\d+)?  \S", line) for line in message.splitlines()), message
        refused += case.refused
    assert 200 < refused < 800


@pytest.mark.parametrize("seed", range(4))
def test_flipped_cut_and_repeated_bytes_never_give_figures_that_cannot_be(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    path = tmp_path / "fuzzed.csv"
    for _ in range(100):
        data = bytearray(text_of(a_case(rng)).encode(rng.choice(["utf-8", "gb18030", "utf-16"])))
        for _ in range(rng.randint(1, 6)):
            place = rng.randrange(len(data))
            match rng.randrange(4):
                case 0:
                    data[place] = rng.randrange(256)
                case 1:
                    del data[place : place + rng.randrange(200)]
                case 2:
                    data[place:place] = data[place : place + rng.randrange(200)]
                case _:
                    data[place:place] = rng.choice([b'"', b"\n", b";", b"\t", b"\0", b"\xff", b",,"])
        path.write_bytes(bytes(data))
        try:
            report = read(path, OPTIONS).reports
        except ImportRefused:
            continue
        assert (report.spend >= -1).all()
        assert not (report.clicks > report.impressions).any()
        assert not (report.clicks < 0).any()
        assert len(set(zip(report.budget, report.product, report.day.tolist(), strict=True))) == len(report)
