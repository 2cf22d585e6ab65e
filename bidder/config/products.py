"""products.csv: what the shop sells, what it costs, and the margin of an order computed from both.

Columns: id (needed), name, price (average paid), cost, fee_rate, ship, pack, insurance, overhead, return_rate, resale,
stock, lead_days, restock_date, tags, category, campaigns. An empty cell is unknown. Money is in the shop's currency,
rates are fractions or percentages. The formulas are those of :mod:`bidder.economics`. `campaigns` are numbers of
campaigns (separated by spaces) where a platform does not say which product they advertise.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from bidder.catalog import Product
from bidder.economics import UnitEconomics
from bidder.errors import Fault, Source
from bidder.ids import ProductId
from bidder.money import Currency, Money
from bidder.written import did_you_mean

__all__ = ["COLUMNS", "Sheet", "read_products"]

COSTS = ("fee_rate", "ship", "pack", "insurance", "return_rate", "resale")
RARE_COSTS = ("overhead",)
"""Costs that many shops do not reckon by order: without their column nothing is said."""
COLUMNS = (
    *("id", "name", "price", "cost", *COSTS, *RARE_COSTS),
    *("stock", "lead_days", "restock_date", "tags", "category", "campaigns"),
)
"""Every column; the order is free, and only id is needed."""

_MOST = Decimal(10) ** 9


@dataclass(slots=True)
class Sheet:
    """What was read, and what was wrong with it."""

    products: list[Product] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)


def read_products(content: bytes, file: str, currency: Currency) -> Sheet:
    """The products of a CSV file (UTF-8, or GB18030 as Chinese Excel writes it), every fault with its place."""
    sheet = Sheet()
    text = _decoded(content)
    if text is None:
        sheet.faults.append(Fault(Source(file), "expected a CSV file in UTF-8, was something else"))
        return sheet
    rows = _rows(text)
    header = next(rows, None)
    if header is None:
        sheet.faults.append(Fault(Source(file, 1, 1), f"expected a header line such as {','.join(COLUMNS)}"))
        return sheet
    places = _header(header, file, sheet)
    if "id" not in places or sheet.faults:
        return sheet
    missing = [name for name in ("price", "cost", *COSTS) if name not in places]
    if missing:
        taken = "unknown, so no margin is known" if {"price", "cost"} & set(missing) else "0 (resale as 1)"
        sheet.warnings.append(Fault(Source(file, 1, 1), f"no column {', '.join(missing)}: taken as {taken}"))
    seen: dict[str, int] = {}
    for row in rows:
        if not any(cell.strip() for cell in row.cells):
            continue
        if len(row.cells) != len(header.cells):
            what = f"expected {len(header.cells)} cells as in the header, was {len(row.cells)}"
            sheet.faults.append(Fault(Source(file, row.line, 1), what))
            continue
        product = _product(_Reader(row, places, file, sheet.faults), currency)
        if product is None:
            continue
        if product.id in seen:
            place = Source(file, row.line, row.column(places["id"]))
            sheet.faults.append(Fault(place, f"{product.id}: stands in line {seen[product.id]} already"))
            continue
        seen[product.id] = row.line
        sheet.products.append(product)
        _say_unknown(product, places, Source(file, row.line, 1), sheet)
    return sheet


def _say_unknown(product: Product, places: Mapping[str, int], place: Source, sheet: Sheet) -> None:
    if product.margin is None and {"price", "cost"} <= set(places):
        sheet.warnings.append(Fault(place, f"{product.id}: price or cost is unknown, so its margin is"))
    elif product.margin is not None and product.margin <= 0:
        sheet.warnings.append(Fault(place, f"{product.id}: an order leaves nothing before ads; no ROAS is enough"))
    empty = [name for name in (product.economics.unknown if product.economics is not None else ()) if name in places]
    if empty:  # a missing column is said once, for all
        sheet.warnings.append(Fault(place, f"{product.id}: {', '.join(empty)} is unknown, reckoned as no cost"))


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    text: str
    cells: list[str]

    def column(self, index: int) -> int:
        """The character at which a cell begins, from 1."""
        start = 0
        for cell in self.cells[: index + 1]:
            found = self.text.find(cell, start) if cell else start
            at = max(found, start)
            start = at + len(cell)
            start += self.text[start : start + 1] == '"'
            start += self.text[start : start + 1] == ","
        return at + 1


def _decoded(content: bytes) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\x00" in text else text
    return None


def _rows(text: str) -> Iterator[_Row]:
    lines = text.splitlines(keepends=True)
    reader = csv.reader(io.StringIO(text, newline=""))
    before = 0
    for cells in reader:
        first, before = before, reader.line_num
        if cells:
            yield _Row(first + 1, "".join(lines[first:before]) if first < len(lines) else "", cells)


def _header(header: _Row, file: str, sheet: Sheet) -> dict[str, int]:
    places: dict[str, int] = {}
    for index, cell in enumerate(header.cells):
        name, place = cell.strip().lower(), Source(file, header.line, header.column(index))
        if name in places:
            sheet.faults.append(Fault(place, f"{name}: this column stands twice"))
        elif name in COLUMNS:
            places[name] = index
        else:
            near = did_you_mean(name, COLUMNS)
            if near:
                sheet.faults.append(Fault(place, f"{cell.strip()}: no such column{near}"))
            else:
                sheet.warnings.append(Fault(place, f"{cell.strip() or 'a column without name'}: left out, not known"))
    if "id" not in places and not sheet.faults:
        sheet.faults.append(Fault(Source(file, header.line, 1), f"no column id; known are {', '.join(COLUMNS)}"))
    return places


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the cells of one row; a cell that cannot be is a fault and counts as unknown."""

    row: _Row
    places: Mapping[str, int]
    file: str
    faults: list[Fault]

    def text(self, name: str) -> str:
        return self.row.cells[self.places[name]].strip() if name in self.places else ""

    def read(self, name: str, convert: Callable[[str], Any]) -> Any:
        text = self.text(name)
        if not text:
            return None
        try:
            return convert(text)
        except ValueError as e:
            self.fault(name, str(e))
            return None

    def fault(self, name: str, message: str) -> None:
        place = Source(self.file, self.row.line, self.row.column(self.places[name]))
        self.faults.append(Fault(place, f"{name}: {message}"))


def _product(cells: _Reader, currency: Currency) -> Product | None:
    if not cells.text("id"):
        cells.fault("id", "expected the shop's item id or SKU, was nothing")
        return None
    price, cost = cells.read("price", _above_zero), cells.read("cost", _amount)
    return_rate = cells.read("return_rate", _share)
    costs = {name: cells.read(name, _amount) for name in ("ship", "pack", "insurance", "overhead")}
    costs |= {name: cells.read(name, _share) for name in ("fee_rate", "resale")}
    costs["return_rate"] = return_rate
    economics = None
    if price is not None and cost is not None:
        known: dict[str, Any] = {name: float(value) for name, value in costs.items() if value is not None}
        unknown = tuple(name for name in COSTS if name not in known)
        unknown += tuple(name for name in RARE_COSTS if name not in known and name in cells.places)
        economics = UnitEconomics(float(price), float(cost), unknown=unknown, **known)
    return Product(
        id=ProductId(cells.text("id")),
        name=cells.text("name"),
        price=None if price is None else Money.parse(price, currency),
        cost=None if cost is None else Money.parse(cost, currency),
        margin=None if economics is None else economics.margin,
        return_rate=None if return_rate is None else float(return_rate),
        stock=cells.read("stock", _whole),
        lead_days=cells.read("lead_days", _whole),
        restock_date=cells.read("restock_date", _date),
        tags=frozenset(_words(cells.text("tags"))),
        category=cells.text("category"),
        campaigns=tuple(sorted(set(_words(cells.text("campaigns"))))),
        economics=economics,
    )


def _words(text: str) -> list[str]:
    return text.replace(";", " ").replace("|", " ").split()


def _number(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or "_" in text:
        hint = "; write thousands without separators" if "," in text else ""
        raise ValueError(f"expected a number, was {text!r}{hint}")
    return value


def _amount(text: str) -> Decimal:
    value = _number(text)
    if not 0 <= value <= _MOST:
        raise ValueError(f"expected an amount of money from 0, was {text!r}")
    if value * 1_000_000 % 1:
        raise ValueError(f"expected at most 6 decimals, was {text!r}")
    return value


def _above_zero(text: str) -> Decimal:
    value = _amount(text)
    if value == 0:
        raise ValueError("expected more than 0, was 0; leave the cell empty when it is unknown")
    return value


def _share(text: str) -> Decimal:
    percent = text.endswith("%")
    value = _number(text.removesuffix("%").strip())
    value = value / 100 if percent else value
    if not 0 <= value <= 1:
        hint = f"; write {text}% or {value / 100:f}" if 1 < value <= 100 and not percent else ""
        raise ValueError(f"expected a share from 0 to 1, was {text!r}{hint}")
    return value


def _whole(text: str) -> int:
    value = _number(text)
    if value != value.to_integral_value() or not 0 <= value <= _MOST:
        raise ValueError(f"expected a whole number from 0, was {text!r}")
    return int(value)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as e:
        raise ValueError(f"expected a date such as 2026-11-11, was {text!r}") from e
