"""Texts with places to fill: `/v1/report?from={first}` in a call, `{budget}` and `{amount}` in a write.

`{first}` and `{last}` are account days, both included; `{last+1}` is the day after. A day is written as the
description says under `dates`, or as the place says: `{first:%d.%m.%Y}`, `{first:utc}` (the instant at which the day
begins, as 2026-09-30T16:00:00Z), `{first:seconds}`, `{first:millis}`. `{amount}` alone is a number, `{amount:text}`
text. `{{` and `}}` are braces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any

from bidder.account_day import AccountDay

__all__ = ["DAYS", "Day", "Number", "Place", "filled", "places", "places_in", "written_day"]

DAYS = ("first", "last")
_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_INSIDE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)([+-]\d{1,3})?(?::(.+))?\Z", re.DOTALL)
_DAY_WORDS = ("utc", "seconds", "millis")


@dataclass(frozen=True, slots=True)
class Place:
    """One `{name+1:spec}`."""

    name: str
    shift: int = 0
    spec: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A day that fills a place, as the description writes days."""

    day: AccountDay
    format: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number that fills a place."""

    value: Decimal

    @property
    def json(self) -> int | float:
        """As JSON takes it: whole where it is whole; a float prints the same digits again."""
        return int(self.value) if self.value == self.value.to_integral_value() else float(self.value)

    @property
    def text(self) -> str:
        """As text, without an exponent."""
        return format(self.value.normalize() if self.value else Decimal(0), "f")


Values = Mapping[str, "str | Day | Number"]


def places(text: str) -> list[Place]:
    """The places of a text. Raises ValueError for a brace that stands alone and for a place that is none."""
    found = []
    for match in _PLACE.finditer(text):
        if match[0] in ("{{", "}}"):
            continue
        if match[1] is None:
            raise ValueError(f"{text!r}: a brace alone; write {match[0] * 2} for one, or close it")
        inside = _INSIDE.match(match[1].strip())
        if inside is None:
            raise ValueError(f"{text!r}: {{{match[1]}}} is no place to fill; expected one such as {{budget}}")
        name, shift, spec = inside[1], int(inside[2] or 0), inside[3] or ""
        if name in DAYS:
            if spec and spec not in _DAY_WORDS and "%" not in spec:
                raise ValueError(f"{text!r}: {spec!r} is no way to write a day; expected one such as %Y%m%d or utc")
        elif shift or (spec and (name, spec) != ("amount", "text")):
            raise ValueError(f"{text!r}: {{{match[1]}}} cannot be written so; expected {{{name}}}")
        found.append(Place(name, shift, spec))
    return found


def places_in(value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text in a value of YAML with its path; keys count as texts too."""
    if isinstance(value, str):
        yield (), value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield (str(key),), str(key)
            for path, text in places_in(inner):
                yield (str(key), *path), text
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            for path, text in places_in(inner):
                yield (index, *path), text


def filled(value: Any, values: Values, quoted: Callable[[str], str] = str) -> Any:
    """The value with its places filled. A text that is one place of a number becomes that number."""
    if isinstance(value, str):
        match = _PLACE.fullmatch(value)
        if match is not None and match[1] is not None:
            (place,) = places(value)
            given = values[place.name]
            if isinstance(given, Number) and not place.spec:
                return given.json
        return _text(value, values, quoted)
    if isinstance(value, Mapping):
        return {_text(str(key), values, quoted): filled(inner, values, quoted) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [filled(inner, values, quoted) for inner in value]
    return value


def _text(text: str, values: Values, quoted: Callable[[str], str]) -> str:
    def put(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        inside = _INSIDE.match(match[1].strip())
        assert inside is not None, "places were checked when the file was read"
        given = values[inside[1]]
        if isinstance(given, Day):
            return quoted(written_day(given.day.next(int(inside[2] or 0)), inside[3] or given.format))
        return quoted(given.text if isinstance(given, Number) else given)

    return _PLACE.sub(put, text)


def written_day(day: AccountDay, style: str) -> str:
    """An account day as a platform wants it written."""
    match style:
        case "utc":
            return f"{day.start_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        case "seconds":
            return str(int(day.start_at.timestamp()))
        case "millis":
            return str(int(day.start_at.timestamp()) * 1000)
    return day.date.strftime(style)


def days_between(zone: str, first: date, last: date) -> Iterator[AccountDay]:
    """Every account day from the first to the last."""
    for number in range((last - first).days + 1):
        yield AccountDay(zone, first + timedelta(days=number))
