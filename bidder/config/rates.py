"""Exchange rates as a person writes them: `rates` in bidder.yaml, inline or as a CSV file; what they say of a day.

A rate is shop currency per unit of another, and holds from its date until the next one. None is guessed, turned round
or crossed: what is not written is missing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from bidder.errors import Fault, Source
from bidder.money import Currency, currency_of
from bidder.written import did_you_mean

__all__ = ["Exchange", "Quote", "Rates", "WrittenRates", "read_rates"]

COLUMNS = ("date", "currency", "rate")
_LEAST, _MOST = Decimal("0.000001"), Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Quote:
    """One unit of a currency was worth `rate` units of `into` from `day` on."""

    into: Currency
    rate: Decimal
    day: date


@dataclass(frozen=True, slots=True)
class Exchange:
    """The rates of one day: shop currency per unit of another, the day each is of, and why one is too old to act on."""

    rates: Mapping[Currency, float] = field(default_factory=dict)
    days: Mapping[Currency, date] = field(default_factory=dict)
    stale: Mapping[Currency, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rates:
    """Every rate that is written, by currency, oldest first."""

    quotes: Mapping[Currency, tuple[Quote, ...]] = field(default_factory=dict)

    def at(self, day: date, after: timedelta) -> Exchange:
        """The newest rates of `day` or before it; one that is older than `after` still counts, and is stale."""
        found = {code: [one for one in quotes if one.day <= day] for code, quotes in self.quotes.items()}
        newest = {code: quotes[-1] for code, quotes in found.items() if quotes}
        stale = {
            code: f"the rate of {code} is of {one.day}, {(day - one.day).days} days old, at most {after.days} days"
            for code, one in newest.items()
            if day - one.day > after
        }
        return Exchange(
            {code: float(one.rate) for code, one in newest.items()},
            {code: one.day for code, one in newest.items()},
            stale,
        )


def _rate(value: Any) -> Decimal:
    try:
        rate = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
    except InvalidOperation:
        rate = Decimal("NaN")
    if not rate.is_finite() or not _LEAST <= rate <= _MOST:
        raise ValueError(f"expected a rate above 0 such as 7.1, was {value}")
    return rate


def _date(value: Any) -> date:
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError as e:
        raise ValueError(f"date: expected a day such as 2026-11-01, was {value}") from e


def _quotes(value: Any) -> tuple[Quote, ...]:
    """`{CNY: 7.1, date: 2026-11-01}`, or a list of such."""
    if isinstance(value, tuple):
        return value
    found = []
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, dict) or "date" not in one or len(one) != 2:
            raise ValueError("expected a rate with its date such as {CNY: 7.1, date: 2026-11-01}")
        code = next(key for key in one if key != "date")
        found.append(Quote(currency_of(str(code)), _rate(one[code]), _date(one["date"])))
    return tuple(found)


def _is_file(value: Any) -> str:
    return "file" if isinstance(value, str) else "inline"


_QUOTE_SCHEMA = {
    "type": "object",
    "properties": {"date": {"type": "string", "format": "date"}},
    "patternProperties": {"^[A-Za-z]{3}$": {"type": "number", "exclusiveMinimum": 0}},
    "required": ["date"],
    "additionalProperties": False,
    "minProperties": 2,
    "maxProperties": 2,
}
_Quotes = Annotated[
    tuple[Quote, ...],
    BeforeValidator(_quotes),
    WithJsonSchema({"anyOf": [_QUOTE_SCHEMA, {"type": "array", "items": _QUOTE_SCHEMA, "minItems": 1}]}),
]

WrittenRates = Annotated[
    Annotated[Annotated[str, Field(min_length=1)], Tag("file")] | Annotated[dict[str, _Quotes], Tag("inline")],
    Discriminator(_is_file),
]
"""Rates by currency, or the name of a CSV file."""


def read_rates(
    written: str | Mapping[str, Sequence[Quote]], content: bytes | None, file: str, place: Source, shop: Currency
) -> tuple[Rates, list[Fault]]:
    """The rates into the shop's currency, and what is wrong with them; `content` is that of the file they name."""
    faults: list[Fault] = []
    listed: list[tuple[Currency, Quote, Source]] = []
    if isinstance(written, str):
        listed.extend(_rows(content or b"", file, shop, faults))
    else:
        for name, quotes in written.items():
            try:
                listed.extend((currency_of(name), one, place) for one in quotes)
            except ValueError as e:
                faults.append(Fault(place, f"rates.{name}: {e}"))
    found: dict[Currency, dict[date, Quote]] = {}
    for code, one, at in listed:
        if code == shop or one.into != shop:
            faults.append(Fault(at, f"rates.{code}: expected {shop} for one unit of another currency, was {one.into}"))
        elif one.day in found.setdefault(code, {}):
            faults.append(Fault(at, f"rates.{code}: there are two rates of {one.day}"))
        else:
            found[code][one.day] = one
    ordered = {code: tuple(days[day] for day in sorted(days)) for code, days in sorted(found.items())}
    return Rates(ordered), faults


def _rows(content: bytes, file: str, shop: Currency, faults: list[Fault]) -> Iterable[tuple[Currency, Quote, Source]]:
    """The lines of a CSV file with date, currency and rate."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        faults.append(Fault(Source(file), "expected a CSV file in UTF-8, was something else"))
        return
    rows = csv.reader(io.StringIO(text, newline=""))
    header = [cell.strip().lower() for cell in next(rows, [])]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        hint = did_you_mean(missing[0], set(header) - set(COLUMNS)) if header else ""
        faults.append(
            Fault(Source(file, 1, 1), f"expected the columns date,currency,rate; {missing[0]} is missing{hint}")
        )
        return
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        at = Source(file, rows.line_num, 1)
        cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
        try:
            if len(row) != len(header):
                raise ValueError(f"expected {len(header)} cells, was {len(row)}")
            yield currency_of(cells["currency"]), Quote(shop, _rate(cells["rate"]), _date(cells["date"])), at
        except ValueError as e:
            faults.append(Fault(at, f"rates: {e}"))
