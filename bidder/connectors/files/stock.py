"""Columns of a stock list (聚水潭, 旺店通, 万里牛 …) → Products with their stock and cost, as seen now."""

from __future__ import annotations

from dataclasses import replace

from bidder.account_day import AccountDay
from bidder.activity import Activity
from bidder.catalog import Product
from bidder.connectors.files import columns
from bidder.connectors.files.report import Faults, FileReport, ReadOptions
from bidder.connectors.files.shop import ids, sums
from bidder.connectors.files.table import Table
from bidder.ids import ProductId
from bidder.money import MICROS, NO_CURRENCY, Money
from bidder.reports import Reports

__all__ = ["read"]


def read(file: str, table: Table, options: ReadOptions) -> FileReport:
    """Stock by product; the rows of one code (its sizes, its warehouses) are summed. Raises ImportRefused."""
    faults, notes = Faults(file), list(table.notes)
    table = _oversold(table, notes)
    values, currency = sums(table, options, faults)
    codes, names = ids(table, faults), table.found.columns[0].get("name")
    found: dict[str, Product] = {}
    unknown = 0
    for row, code in enumerate(codes):
        stock, cost = values["stock"][row], values.get("cost", [None] * len(codes))[row]
        if stock is None:
            unknown += 1
            continue
        if stock % MICROS:
            faults.add(table.lines[row], 0, f"stock: expected whole pieces, was {stock / MICROS:g}")
        known = found.get(code)
        pieces = stock // MICROS + (0 if known is None or known.stock is None else known.stock)
        priced = Money(cost, currency) if cost is not None else None
        if known is not None:
            found[code] = replace(known, stock=pieces, cost=priced if known.cost in (None, priced) else None)
            continue
        name = "" if names is None else table.columns[names][row].strip()
        found[code] = Product(ProductId(code), name, cost=priced, stock=pieces, stock_at=options.observed_at)
    if not found and not faults:
        faults.add(table.header_line, 0, "no row says how many pieces there are; export the list with its stock")
    faults.check()
    if unknown:
        notes.append(f"{unknown} rows without a stock were left out")
    day = AccountDay.of(options.observed_at, options.timezone).date.isoformat()
    total = sum(one.stock or 0 for one in found.values())
    return FileReport(
        file=file,
        kind=table.found.export.kind,
        reports=Reports.of([]),
        mapping=columns.mapping(table.found),
        ignored=columns.ignored(table.found),
        summary={
            "rows": len(codes),
            "entities": len(found),
            "first_date": day,
            "last_date": day,
            "days_with_rows": 1,
            "currency": None if currency == NO_CURRENCY else currency,
            "missing_cells": unknown,
            "sums": {"stock": float(total)},
        },
        notes=(*notes, *table.found.export.notes),
        sha256=table.sha256,
        activity=Activity.empty(),
        products=tuple(found.values()),
    )


def _oversold(table: Table, notes: list[str]) -> Table:
    """Stock below zero is what was sold and is not there: none is left."""
    place = table.found.columns[0]["stock"]
    cells = [cell.strip() for cell in table.columns[place]]
    below = [row for row, cell in enumerate(cells) if cell[:1] in "-−" and cell[1:].replace(".", "").isdigit()]
    if not below:
        return table
    notes.append(f"{len(below)} rows with a stock below zero are taken as none left")
    for row in below:
        cells[row] = "0"
    return replace(table, columns=[cells if at == place else column for at, column in enumerate(table.columns)])
