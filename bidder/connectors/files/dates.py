"""Columns of text → days. The order of day and month is settled by the whole column, never cell by cell.

Every way of writing in the column (its shape: separator, length of the year, words) has its candidate readings, and a
reading has to fit all the cells of that shape. Where several fit, the order that another shape of the same column
proves holds for all; else the one under which the days make an unbroken run. Where two still fit, the file is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import get_args

from bidder.connectors.files.report import DateOrder, Faults
from bidder.connectors.files.text import half_width
from bidder.snapshot import day_number

__all__ = ["Written", "days_of", "written"]

EARLIEST = 2000
"""An earlier year is a misread date: no platform of today reported then."""

LATEST = 2099
"""The last year that a two-digit year can be of."""

RUN = 5
"""Days that an unbroken run needs to settle an order."""

FILLED = 0.6
"""A run is unbroken enough when this part of its days has rows (weekends may be missing)."""

ORDERS: tuple[DateOrder, ...] = get_args(DateOrder)

_MONTHS = {
    name: number
    for number, names in enumerate(
        "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sep sept|"
        "october oct|november nov|december dec".split("|"),
        start=1,
    )
    for name in names.split()
}
_YEAR_FIRST = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日)\Z", re.ASCII)
_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})\Z", re.ASCII)
_NUMERIC = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})\Z", re.ASCII)
_MONTH_FIRST = re.compile(r"([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?(?:,? (\d{4}))?\Z", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[ -]([a-z]{3,9})\.?,?(?:[ -](\d{4}|\d{2}))?\Z", re.ASCII)
_MONTH_DAY = re.compile(r"(\d{1,2})月(\d{1,2})日\Z", re.ASCII)
_WEEKDAY = re.compile(r"(?:mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun)(?:day|sday|nesday|rsday|urday)?,? ")
_TIME = re.compile(r"[ t](\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(?: ?(?:z|utc|[+-]\d{2}:?\d{2}))?\Z", re.ASCII)
_RANGE = re.compile(r"(.+?)\s*(?:~|至|\bto\b)\s*(.+)\Z")


@dataclass(frozen=True, slots=True)
class Written:
    """A date as it is written: its shape, and its year, month, day by each order that is possible for the shape."""

    shape: str
    by_order: Mapping[DateOrder, tuple[int, int, int]]


def written(text: str, year: int | None) -> Written | str:
    """One cell, before its order is settled; a str says what is wrong with it."""
    clean = " ".join(half_width(text).casefold().split())
    wrong = f"date: expected a day such as 2026-03-01, was {_shown(text)}"
    if (span := _RANGE.match(clean)) and clean:
        if span[1] != span[2]:
            return f"date: expected one day in a row, was the range {_shown(text)}; export it split by day"
        clean = span[1]
    if time := _TIME.search(clean):
        if time[1].replace("0", "").strip(":."):
            return f"date: expected a day, was the hour {_shown(text)}; export it split by day"
        clean = clean[: time.start()]
    if found := _YEAR_FIRST.match(clean):
        month, day = (found[3], found[4]) if found[3] else (found[5], found[6])
        return Written("year first", {"ymd": (int(found[1]), int(month), int(day))})
    if found := _DIGITS.match(clean):
        return Written("year first", {"ymd": (int(found[1]), int(found[2]), int(found[3]))})
    if found := _NUMERIC.match(clean):
        return _numeric(found)
    worded = _WEEKDAY.sub("", clean, count=1) if clean[:1].isalpha() else clean
    for pattern, month_at, day_at in ((_MONTH_FIRST, 1, 2), (_DAY_FIRST, 2, 1)):
        if (found := pattern.match(worded)) and found[month_at] in _MONTHS:
            return _named(found[3], _MONTHS[found[month_at]], int(found[day_at]), year, text)
    if found := _MONTH_DAY.match(clean):
        return _named(None, int(found[1]), int(found[2]), year, text)
    return wrong


def _numeric(found: re.Match[str]) -> Written:
    first, second, third = int(found[1]), int(found[3]), int(found[4])
    full = third if len(found[4]) == 4 else 2000 + third
    by_order: dict[DateOrder, tuple[int, int, int]] = {"dmy": (full, second, first), "mdy": (full, first, second)}
    if len(found[4]) == 2 and len(found[1]) == 2:
        by_order["ymd"] = (2000 + first, second, third)
    return Written(f"{found[2]}{len(found[4])}", by_order)


def _named(written_year: str | None, month: int, day: int, year: int | None, text: str) -> Written | str:
    if written_year is not None:
        full = int(written_year) if len(written_year) == 4 else 2000 + int(written_year)
        return Written("words", {"ymd": (full, month, day)})
    if year is None:
        return f"date: the year of {_shown(text)} is not in the file; name it, for example --year 2020"
    return Written("words", {"ymd": (year, month, day)})


APART = "\x00"
"""Joins a month and a day from columns of their own: neither may hold it."""


def month_day(text: str, year: int | None) -> Written | str:
    """A month (a name or 1 to 12) and a day in columns of their own, joined by APART."""
    month, _, day = text.partition(APART)
    number = _MONTHS.get(month.strip().casefold())
    if number is None and month.strip().isascii() and month.strip().isdigit():
        number = int(month)
    if number is None:
        return f"month: expected a month, was {_shown(month)}"
    if not (day.strip().isascii() and day.strip().isdigit()):
        return f"day: expected the day of a month, was {_shown(day)}"
    return _named(None, number, int(day), year, f"{month} {day}")


def days_of(
    cells: Sequence[str],
    lines: Sequence[int],
    column: int,
    read: Callable[[str], Written | str],
    latest: int,
    order: DateOrder | None,
    workbook: bool,
    faults: Faults,
) -> list[int]:
    """The day number of each cell. Adds a fault for each cell that is no day, and for an order that is not settled.

    `column` is the cell's number for messages, `latest` the last year that a report may be of, `order` what a person
    says, `workbook` whether true date cells may stand beside text.
    """
    forms: dict[str, Written] = {}
    troubles: dict[str, str] = {}
    first_line: dict[str, int] = {}
    for line, cell in zip(lines, cells, strict=True):
        first_line.setdefault(cell, line)
    for text in first_line:
        form = read(text)
        if isinstance(form, str):
            troubles[text] = form
        else:
            forms[text] = form
    shapes: dict[str, list[str]] = {}
    for text, form in forms.items():
        shapes.setdefault(form.shape, []).append(text)
    chosen: dict[str, DateOrder] = {}
    open_shapes: dict[str, list[DateOrder]] = {}
    numeric = [shape for shape in shapes if shape not in {"year first", "words"}]
    for shape in shapes:
        possible = _candidates([forms[text] for text in shapes[shape]], latest)
        if shape not in numeric:
            chosen[shape] = "ymd"
        elif order is not None:
            chosen[shape] = order
        elif len(possible) == 1:
            chosen[shape] = possible[0]
        elif not possible:
            chosen[shape] = _most(forms, shapes[shape], latest)
        else:
            open_shapes[shape] = possible
    if workbook and numeric and "year first" in shapes:
        text = shapes[numeric[0]][0]
        message = f"date: {text!r} is text while other cells are dates, so day and month may have been swapped"
        faults.add(first_line[text], column, f"{message}; export the file again and do not save it in a spreadsheet")
    elif open_shapes:
        _settle(open_shapes, chosen, forms, shapes, latest)
    for shape, possible in open_shapes.items():
        if shape not in chosen:
            _refuse_two(shapes[shape], possible, forms, first_line, column, faults)
            chosen[shape] = possible[0]
    days: dict[str, int] = {}
    for text, form in forms.items():
        found = form.by_order.get(chosen[form.shape])
        day = _valid(found, latest)
        if day is None:
            troubles[text] = _no_day(text, chosen[form.shape], found, latest)
        else:
            days[text] = day
    if troubles:
        for line, cell in zip(lines, cells, strict=True):
            if cell in troubles:
                faults.add(line, column, troubles[cell])
    return [days.get(cell, 0) for cell in cells]


def _settle(
    open_shapes: Mapping[str, list[DateOrder]],
    chosen: dict[str, DateOrder],
    forms: Mapping[str, Written],
    shapes: Mapping[str, list[str]],
    latest: int,
) -> None:
    """Chooses one order for the open shapes, where the column settles it."""
    proven = {order for shape, order in chosen.items() if shape not in {"year first", "words"}}
    if len(proven) == 1 and all(proven <= set(possible) for possible in open_shapes.values()):
        chosen.update(dict.fromkeys(open_shapes, proven.pop()))
        return
    if proven:
        return  # the shapes that are certain contradict each other or the open ones: no order of the column
    known = [forms[text].by_order[order] for shape, order in chosen.items() for text in shapes[shape]]
    certain = {day for one in known if (day := _valid(one, latest)) is not None}
    readings: dict[DateOrder, frozenset[int]] = {}
    for order in ORDERS:
        if all(order in possible for possible in open_shapes.values()):
            parts = (forms[text].by_order[order] for shape in open_shapes for text in shapes[shape])
            readings[order] = frozenset(day for one in parts if (day := _valid(one, latest)) is not None)
    distinct = set(readings.values())
    if len(distinct) == 1:  # such as 05/05/2026: every order says the same
        chosen.update(dict.fromkeys(open_shapes, next(iter(readings))))
        return
    ranked = sorted(readings, key=lambda order: _span(readings[order] | certain))
    if len(ranked) < 2:
        return
    best, second = ranked[0], ranked[1]
    days, others = readings[best] | certain, readings[second] | certain
    unbroken = len(days) >= RUN and len(days) >= FILLED * _span(days)
    if unbroken and _span(others) > 4 * _span(days) and not _monthly(readings[second]):
        chosen.update(dict.fromkeys(open_shapes, best))


def _monthly(days: Iterable[int]) -> bool:
    """Whether all are the first of a month: a report by month, whose mirror image is a run in January."""
    return all(date.fromordinal(day + date(1970, 1, 1).toordinal()).day == 1 for day in days)


def _span(days: Iterable[int]) -> int:
    ordered = sorted(days)
    return ordered[-1] - ordered[0] + 1 if ordered else 0


def _candidates(forms: Sequence[Written], latest: int) -> list[DateOrder]:
    return [
        order
        for order in ORDERS
        if all(order in form.by_order and _valid(form.by_order[order], latest) is not None for form in forms)
    ]


def _most(forms: Mapping[str, Written], texts: Sequence[str], latest: int) -> DateOrder:
    """The order that fits most, where none fits all: the cells that do not fit it are the faults."""
    return max(ORDERS, key=lambda order: sum(_valid(forms[t].by_order.get(order), latest) is not None for t in texts))


def _valid(parts: tuple[int, int, int] | None, latest: int) -> int | None:
    if parts is None or not EARLIEST <= parts[0] <= latest:
        return None
    try:
        return day_number(date(*parts))
    except ValueError:
        return None


def _no_day(text: str, order: DateOrder, parts: tuple[int, int, int] | None, latest: int) -> str:
    if parts is not None and not EARLIEST <= parts[0] <= latest:
        return f"date: expected a year from {EARLIEST} to {latest}, was {_shown(text)}"
    return f"date: {_shown(text)} is no day of the calendar when read as {_WORDS[order]}"


_WORDS: dict[DateOrder, str] = {"dmy": "day, month, year", "mdy": "month, day, year", "ymd": "year, month, day"}


def _refuse_two(
    texts: Sequence[str],
    possible: Sequence[DateOrder],
    forms: Mapping[str, Written],
    first_line: Mapping[str, int],
    column: int,
    faults: Faults,
) -> None:
    """A fault at the first cell that differs by order, with the day by each; none where all orders agree."""
    differing = [text for text in texts if len({forms[text].by_order[order] for order in possible}) > 1]
    if not differing:
        return
    text = min(differing, key=first_line.__getitem__)
    two = " or ".join(f"{date(*forms[text].by_order[order])} (--dates {order})" for order in possible)
    faults.add(first_line[text], column, f"date: {text!r} may be {two}, and so may the rest of the column; say which")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "…")
