"""Columns of what a shop did (生意参谋, Business Reports) → Activity: a row per product, traffic and day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from bidder import activity
from bidder.account_day import AccountDay
from bidder.activity import Activity, ShopActivity
from bidder.connectors.files import columns, currencies, figures
from bidder.connectors.files.export import SUBJECTS
from bidder.connectors.files.report import Faults, FileReport, ReadOptions
from bidder.connectors.files.table import Table
from bidder.ids import ProductId
from bidder.money import MICROS, NO_CURRENCY, Currency, Money
from bidder.reports import Reports
from bidder.snapshot import EPOCH_ORDINAL

__all__ = ["file_report", "ids", "read", "sums"]

ALL = frozenset({"", "-", "--", "汇总", "全部", "总计", "合计", "所有"})
"""What a node of a tree writes below itself when it means all that is below it."""

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_SHORTENED = re.compile(r"\d+(?:\.\d+)?e\+\d+\Z", re.IGNORECASE)
LONGEST = 200


def read(file: str, table: Table, options: ReadOptions) -> FileReport:
    """What the shop did, by day. Raises ImportRefused; figures of a day that is not over are refused."""
    export = table.found.export
    faults, notes = Faults(file), list(table.notes)
    days = columns.days(table, options, faults, notes)
    columns.not_over(table, days, options, faults)
    values, currency = sums(table, options, faults)
    products = ids(table, faults)
    traffic = _traffic(table, days)
    seen: dict[tuple[str, str, int], int] = {}
    rows: list[ShopActivity] = []
    for row, line in enumerate(table.lines):
        if traffic[row] is None:
            continue
        key = (products[row], traffic[row] or "", days[row])
        if key in seen:
            name = "/".join(one for one in key[:2] if one) or "the shop"
            faults.add(line, 0, f"{name} on this day is already on line {seen[key]}; keep one of the two")
        seen[key] = line
        counts = {name: values[name][row] for name in activity.COUNTS if name in values}
        money = {name: values[name][row] for name in activity.MONEY if name in values}
        rows.append(
            ShopActivity(
                source=options.account or export.parts[0].account,
                product=ProductId(products[row]) if products[row] else None,
                day=AccountDay(options.timezone, date.fromordinal(days[row] + EPOCH_ORDINAL)),
                observed_at=options.observed_at,
                counts={name: value / MICROS for name, value in counts.items() if value is not None},
                money={name: Money(value, currency) for name, value in money.items() if value is not None},
                traffic=traffic[row] or "",
            )
        )
    left = len(table.lines) - len(rows)
    if left:
        notes.append(f"{left} rows are the sum of rows below them and were left out")
    faults.check()
    return file_report(file, table, Activity.of(rows), currency, tuple(notes), options)


def sums(table: Table, options: ReadOptions, faults: Faults) -> tuple[dict[str, list[int | None]], Currency]:
    """The figures of each of our names in millionths, and the currency of those that are money."""
    export, found = table.found.export, table.found
    places = found.columns[0]
    evidence = currencies.Evidence()
    names = [name for name in SUBJECTS[export.subject] if name in places]
    read_columns = [
        figures.read_column(
            name, places[name], table.columns[places[name]], export.unknown_words.get(name, frozenset())
        )
        for name in names
    ]
    money = tuple(name for name in names if name not in figures.COUNTED)
    columns.money_words(table, places, money, evidence)
    settled = figures.settle(read_columns, table.lines, table.delimiter, evidence, faults)
    chinese = any(_CHINESE.search(name) for name in found.header)
    currency = currencies.settle(evidence, options.currency, export.currency, chinese, faults)
    return dict(zip(names, settled, strict=True)), currency


def ids(table: Table, faults: Faults, name: str = "product") -> list[str]:
    """The product of each row; "" throughout where the export is of the whole shop. Adds faults."""
    place = table.found.columns[0].get(name)
    if place is None:
        return [""] * len(table.lines)
    result = []
    for line, cell in zip(table.lines, table.columns[place], strict=True):
        text = cell.strip()
        if not text:
            faults.add(line, place + 1, f"{name}: expected an id, was an empty cell")
        elif _SHORTENED.match(text):
            what = f"{name}: expected an id, was {text!r}, shortened by a spreadsheet; export it again, unopened"
            faults.add(line, place + 1, what)
        elif len(text) > LONGEST:
            faults.add(line, place + 1, f"{name}: expected at most {LONGEST} characters, was {len(text)}")
        result.append(text)
    return result


def _traffic(table: Table, days: Sequence[int]) -> list[str | None]:
    """Where each row's visitors came from; None for a node of the tree that others stand below."""
    places = table.found.segments if table.found.export.path else ()
    if not places:
        return [""] * len(table.lines)
    paths: list[tuple[int, tuple[str, ...]]] = []
    for row, day in enumerate(days):
        path: list[str] = []
        for place in places:
            word = table.columns[place][row].strip()
            if word in ALL or (path and word == path[-1]):
                break
            path.append(word[:LONGEST])
        paths.append((day, tuple(path)))
    parents = {(day, path[:size]) for day, path in paths for size in range(len(path))}
    return [None if one in parents else "/".join(one[1]) for one in paths]


def file_report(
    file: str, table: Table, found: Activity, currency: Currency, notes: tuple[str, ...], options: ReadOptions
) -> FileReport:
    """The file as it was understood."""
    days = sorted(set(found.day.tolist()))
    summary: dict[str, Any] = {
        "rows": len(found),
        "entities": len({*zip(found.product.tolist(), found.traffic.tolist(), strict=True)}),
        "first_date": date.fromordinal(days[0] + EPOCH_ORDINAL).isoformat() if days else None,
        "last_date": date.fromordinal(days[-1] + EPOCH_ORDINAL).isoformat() if days else None,
        "days_with_rows": len(days),
        "currency": None if currency == NO_CURRENCY else currency,
        "missing_cells": _missing(found),
        "sums": _totals(found),
    }
    remarks = columns.remarks(currency, days[-1], options) if days else []
    return FileReport(
        file=file,
        kind=table.found.export.kind,
        reports=Reports.of([]),
        mapping=columns.mapping(table.found),
        ignored=columns.ignored(table.found),
        summary=summary,
        notes=(*notes, *table.found.export.notes, *remarks),
        sha256=table.sha256,
        activity=found,
    )


def _totals(found: Activity) -> dict[str, float | None]:
    """Of the shop where its own rows are there beside those of products, which are part of it."""
    whole = found.product == ""
    if whole.any() and not whole.all():
        found = found.select(whole)
    totals: dict[str, float | None] = {}
    for name in activity.COUNTS:
        known = [value for value in getattr(found, name).tolist() if value == value]
        totals[name] = round(sum(known), 2) if known else None
    for name in activity.MONEY:
        amounts = [value for value in getattr(found, name).tolist() if value != activity.UNKNOWN]
        totals[name] = round(sum(amounts) / MICROS, 2) if amounts else None
    return totals


def _missing(found: Activity) -> int:
    missing = 0
    for name in (*activity.COUNTS, *activity.MONEY):
        column = getattr(found, name).tolist()
        empty = sum(1 for value in column if value != value or value == activity.UNKNOWN)
        missing += 0 if empty == len(column) else empty
    return missing
