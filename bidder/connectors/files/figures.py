"""Columns of text → exact figures. The decimal sign is settled by all figures of the file together.

A figure is held in millionths, as money is, so that a sum of any number of them is exact. None is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from bidder import activity
from bidder.connectors.files.currencies import SIGN, Evidence, is_money_word
from bidder.connectors.files.report import Faults
from bidder.connectors.files.text import half_width
from bidder.money import MICROS

__all__ = ["LARGEST", "LARGEST_MONEY", "FigureColumn", "Readings", "read_column", "settle"]

LARGEST = 10**15 - 1
"""A count above it is no count of advertising, and a double no longer holds each whole number."""

LARGEST_MONEY = 10**12
"""An amount above it (in major units) is no day of advertising in any currency, and its sum would not fit."""

UNKNOWN = frozenset({"", "-", "--", "—", "–", "na", "n/a", "#n/a", "null", "none"})
"""What exports write for "no figure": unknown, never zero. `nan` is not among them: see Export.unknown_words."""

WHOLE = frozenset({"impressions", "clicks", "visitors", "views", "buyers", "new_buyers", "old_buyers"})
COUNTED = frozenset({"impressions", "clicks", "orders", "units", "stock", *activity.COUNTS})

_PLAIN = re.compile(r"(\d{1,15})\.(\d{1,6})\Z", re.ASCII)
_POINT = re.compile(
    r"(?:[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3}|[1-9]\d{0,2}(?:[ ']\d{3})+|\d+)?(?:\.\d+)?\Z", re.ASCII
)
_COMMA = re.compile(r"(?:[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d{0,2}(?:[ ']\d{3})+|\d+)(?:,\d+)?\Z", re.ASCII)
_SCIENTIFIC = re.compile(r"\d+(?:\.\d+)?e[+-]?\d{1,2}\Z", re.ASCII | re.IGNORECASE)
_AMOUNT = re.compile(
    rf"(?P<before>{SIGN}|[a-z]{{3}})?\s*(?P<number>[\d.,' ]*\d)\s*(?P<after>{SIGN}|[a-z]{{3}})?\Z", re.I
)
_NEGATIVE = re.compile(rf"(?:(?:{SIGN}|[a-z]{{3}})?\s*-|\().*\d", re.IGNORECASE)
_NOT_A_NUMBER = re.compile(r"[+-]?(?:nan|inf|infinity|∞)\Z", re.IGNORECASE)


class Readings(NamedTuple):
    """A cell by both conventions: the point as decimal sign, and the comma. None: not a number by that one."""

    point: int | None
    comma: int | None
    word: str = ""
    """Its currency sign or code."""


@dataclass(slots=True)
class FigureColumn:
    """One column of figures: our name, its position, the cells, and what each different cell may mean."""

    name: str
    position: int
    cells: Sequence[str]
    meanings: Mapping[str, Readings | str | None]
    """For each different text: what it may be; a str is what is wrong with it; None is unknown."""


def read_column(name: str, position: int, cells: Sequence[str], unknown: frozenset[str]) -> FigureColumn:
    """Every different cell of a column once. `unknown` are further words for "no figure" of this kind of export."""
    meanings: dict[str, Readings | str | None] = {}
    for text in set(cells):
        if text.isdigit() and text.isascii() and len(text) <= 15:
            value = int(text) * MICROS
            meanings[text] = Readings(value, value)
        elif (plain := _PLAIN.match(text)) and len(plain[2]) != 3:
            meanings[text] = Readings(int(plain[1]) * MICROS + int(plain[2].ljust(6, "0")), None)
        elif text in unknown:
            meanings[text] = None
        else:
            meanings[text] = _slowly(name, text)
    return FigureColumn(name, position, cells, meanings)


def _slowly(name: str, text: str) -> Readings | str | None:
    """A cell with signs, groups, or something wrong."""
    clean = half_width(text).strip()
    if clean.casefold() in UNKNOWN:
        return None
    what = "a count" if name in COUNTED else "an amount"
    wrong = f"{name}: expected {what}, was {_shown(text)}"
    if _NOT_A_NUMBER.match(clean):
        return f"{name}: expected a finite number, was {_shown(text)}"
    if len(clean) > 40:
        return wrong
    if "%" in clean:
        return f"{wrong}, a percentage"
    if _NEGATIVE.match(clean):
        return f"{name}: expected nothing below zero, was {_shown(text)}"
    if _SCIENTIFIC.match(clean):
        return _checked(name, text, _millionths(clean), None, "")
    found = _AMOUNT.match(clean.removeprefix("+"))
    if found is None:
        return wrong
    words = [word for word in (found["before"], found["after"]) if word]
    if len(words) > 1 and words[0].casefold() != words[1].casefold():
        return wrong
    word = words[0] if words else ""
    if word and not is_money_word(word):
        return wrong
    if word and name in COUNTED:
        return f"{name}: expected a count, was the amount {_shown(text)}"
    number = found["number"].strip()
    by_point = _millionths(re.sub(r"[ ',]", "", number)) if _POINT.match(number) else None
    by_comma = _millionths(re.sub(r"[ '.]", "", number).replace(",", ".")) if _COMMA.match(number) else None
    if by_point is None and by_comma is None:
        return wrong
    return _checked(name, text, by_point, by_comma, word)


def _checked(name: str, text: str, point: int | None, comma: int | None, word: str) -> Readings | str:
    largest = (LARGEST if name in COUNTED else LARGEST_MONEY) * MICROS
    if all(value is None or value > largest for value in (point, comma)):
        return f"{name}: expected at most {largest // MICROS:,}, was {_shown(text)}"
    return Readings(point, comma, word)


def _millionths(number: str) -> int:
    return int((Decimal(number) * MICROS).to_integral_value(ROUND_HALF_EVEN))


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "…")


def settle(
    columns: Sequence[FigureColumn], lines: Sequence[int], delimiter: str, evidence: Evidence, faults: Faults
) -> list[list[int | None]]:
    """The figures of each column in millionths; adds a fault for each cell that is none.

    One convention holds for the whole file. Where cells such as 1.234 fit both and nothing else in the file tells,
    the point is the decimal sign of a file separated by commas, and another file is refused.
    """
    point = _by_point(columns, delimiter, faults, lines)
    return [_values(column, lines, point, evidence, faults) for column in columns]


def _by_point(columns: Sequence[FigureColumn], delimiter: str, faults: Faults, lines: Sequence[int]) -> bool:
    only_point = only_comma = weak_point = weak_comma = 0
    open_cells: list[tuple[FigureColumn, str, Readings]] = []
    for column in columns:
        ungrouped = any(len(text) > 3 and text.isdigit() for text in column.meanings)
        for text, meaning in column.meanings.items():
            if not isinstance(meaning, Readings) or meaning.point == meaning.comma:
                continue
            if meaning.comma is None:
                only_point += 1
            elif meaning.point is None:
                only_comma += 1
            else:
                open_cells.append((column, text, meaning))
                if column.name in WHOLE and not ungrouped:  # a count is whole, so the reading that is decides
                    weak_point += meaning.point % MICROS == 0
                    weak_comma += meaning.comma % MICROS == 0
    if only_point or only_comma:
        return only_point >= only_comma
    if delimiter not in {";", "\t"}:
        # 5.000 clicks are five or five thousand; 5.123 can only be a group, and is told of as no whole number
        open_cells = [
            (column, text, meaning)
            for column, text, meaning in open_cells
            if column.name in WHOLE
            and (meaning.point or 0) % MICROS == 0
            and not any(len(one) > 3 and one.isdigit() for one in column.meanings)
        ]
    elif bool(weak_point) != bool(weak_comma):
        return bool(weak_point)
    for column, text, meaning in open_cells:
        places = [line for line, cell in zip(lines, column.cells, strict=True) if cell == text]
        two = " or ".join(
            f"{Decimal(value) / MICROS:f}" for value in (meaning.point, meaning.comma) if value is not None
        )
        message = f"{column.name}: {text!r} may be {two}; write the file without thousands separators"
        faults.add(min(places), column.position + 1, message)
    return True


def _values(
    column: FigureColumn, lines: Sequence[int], point: bool, evidence: Evidence, faults: Faults
) -> list[int | None]:
    values: dict[str, int | None] = {}
    troubles: dict[str, str] = {}
    words: dict[str, str] = {}
    for text, meaning in column.meanings.items():
        values[text] = None
        if meaning is None:
            continue
        if isinstance(meaning, str):
            troubles[text] = meaning
            continue
        value = meaning.point if point else meaning.comma
        if value is None:
            style = "1,234.56" if point else "1.234,56"
            troubles[text] = f"{column.name}: expected figures as {style} like the rest of the file, was {text!r}"
        elif value > (LARGEST if column.name in COUNTED else LARGEST_MONEY) * MICROS:
            troubles[text] = f"{column.name}: expected a smaller figure, was {text!r}"
        elif column.name in WHOLE and value % MICROS:
            troubles[text] = f"{column.name}: expected a whole number, was {text!r}"
        else:
            values[text] = value
            evidence.decimals |= column.name not in COUNTED and value % MICROS != 0
            if meaning.word:
                words[text] = meaning.word
    if troubles or words:
        for line, cell in zip(lines, column.cells, strict=True):
            if cell in troubles:
                faults.add(line, column.position + 1, troubles[cell])
            if cell in words:
                evidence.add(words[cell], line, column.position + 1)
    return [values[cell] for cell in column.cells]
