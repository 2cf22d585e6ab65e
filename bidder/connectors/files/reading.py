"""A path → FileReport: which kind of export it is, its columns as days, figures and one currency, its rows summed.

Reports of ads are read here; what the shop did, its orders and its stock in `shop.py`, `orders.py` and `stock.py`.
"""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bidder.connectors.files import archive, columns, currencies, dates, figures, ledger, orders, shop, stock, terms
from bidder.connectors.files.export import FIGURES, Match
from bidder.connectors.files.kinds import EXPORTS
from bidder.connectors.files.report import Faults, FileReport, Progress, ReadOptions, refuse
from bidder.connectors.files.rows import Entities, Figures, observed, summary, texts
from bidder.connectors.files.table import Table, content, load
from bidder.errors import Fault, ImportRefused
from bidder.ids import ALIAS, alias_of
from bidder.money import MICROS, NO_CURRENCY

__all__ = ["read", "read_all"]

_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def read(path: Path, options: ReadOptions, progress: Progress | None = None) -> FileReport:
    """Reads an export whole, or refuses it whole.

    The kind is known by the header, not by the file's name. Raises ImportRefused with what is wrong, each fault at
    file:line:cell, and what to do: no table, an unknown header, cells that are no figures, days or currencies that
    fit two readings, the same row twice, more clicks than impressions. Reading touches nothing else.
    """
    found = read_all(path, options, progress)
    if len(found) != 1:
        refuse(str(path), f"expected one table, was an archive of {len(found)}; unpack it first", 0)
    return found[0]


def read_all(path: Path, options: ReadOptions, progress: Progress | None = None) -> list[FileReport]:
    """Reads a file, or every table of a zip of exports. Raises ImportRefused with the faults of all of them."""
    file = str(path)
    _check_options(file, options)
    data = content(path)
    if not archive.is_archive(data):
        return [_read(file, data, options, progress)]
    tables = archive.members(file, data)
    reports: list[FileReport] = []
    faults: list[Fault] = []
    for place, (name, unpacked) in enumerate(tables):
        try:
            reports.append(_read(name, unpacked, options, None))
        except ImportRefused as e:
            faults.extend(e.faults)
        if progress is not None:
            progress((place + 1) / len(tables))
    if faults:
        raise ImportRefused(faults)
    return reports


def _read(file: str, data: bytes, options: ReadOptions, progress: Progress | None) -> FileReport:
    table = load(file, data, EXPORTS, options.window, progress)
    match table.found.export.subject:
        case "ads":
            report = _ads(file, table, options)
        case "terms":
            report = terms.without_orders(_ads(file, table, options))
        case "activity":
            report = shop.read(file, table, options)
        case "orders":
            report = orders.read(file, table, options)
        case "stock":
            report = stock.read(file, table, options)
        case "ledger":
            report = ledger.read(file, table, options)
    if progress is not None:
        progress(1.0)
    return report


def _ads(file: str, table: Table, options: ReadOptions) -> FileReport:
    export, found = table.found.export, table.found
    faults = Faults(file)
    notes = list(table.notes)
    window = _window(found, options, faults, notes)
    days = columns.days(table, options, faults, notes)

    evidence = currencies.Evidence()
    read_columns = []
    for part, places in zip(export.parts, found.columns, strict=True):
        for name in FIGURES:
            if name in places:
                unknown = export.unknown_words.get(name, frozenset())
                column = figures.read_column(name, places[name], table.columns[places[name]], unknown)
                read_columns.append((part, column))
        columns.money_words(table, places, ("spend", "revenue", "amount"), evidence)
    values = figures.settle([column for _, column in read_columns], table.lines, table.delimiter, evidence, faults)
    values = [
        [0 if one is None else one for one in column] if read.name in export.none_written else column
        for (_, read), column in zip(read_columns, values, strict=True)
    ]
    chinese = any(_CHINESE.search(name) for name in found.header)
    currency = currencies.settle(evidence, options.currency, export.currency, chinese, faults)

    entities = Entities.empty()
    totals = Figures.empty()
    for part, places in zip(export.parts, found.columns, strict=True):
        own = {c.name: v for (p, c), v in zip(read_columns, values, strict=True) if p is part}
        totals.extend(own, len(table.lines))
        entities.extend(texts(table, part, places, days, options.account, faults))
    _check_clicks(table, totals, faults)
    if not any(value is not None for value in totals.columns["spend"]) and not faults:
        faults.add(table.lines[0], 0, "no row says what was spent; export the report with its costs")
    faults.check()
    reports = observed(table, entities, totals, currency, window, options, faults)
    faults.check()
    notes.extend(export.notes)
    notes.extend(columns.remarks(currency, max(days), options))
    return FileReport(
        file=file,
        kind=export.kind,
        reports=reports,
        mapping=columns.mapping(found),
        ignored=columns.ignored(found),
        summary=summary(entities, totals, None if currency == NO_CURRENCY else currency),
        notes=tuple(notes),
        sha256=table.sha256,
    )


def _check_options(file: str, options: ReadOptions) -> None:
    if options.account is not None and not ALIAS.match(options.account):
        refuse(file, f"--account: expected a name like {alias_of(options.account)!r}, was {options.account!r}", 0)
    if options.observed_at.tzinfo is None:
        raise ValueError("expected an aware instant, was a naive one")
    try:
        ZoneInfo(options.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        refuse(file, f"--timezone: expected an IANA zone such as Asia/Shanghai, was {options.timezone!r}", 0)
    if options.year is not None and not dates.EARLIEST <= options.year <= columns.latest(options):
        refuse(file, f"--year: expected {dates.EARLIEST} to {columns.latest(options)}, was {options.year}", 0)
    if options.window is not None and not 0 <= options.window <= 365:
        refuse(file, f"--window: expected days from 0 to 365, was {options.window}", 0)


def _window(found: Match, options: ReadOptions, faults: Faults, notes: list[str]) -> int | None:
    """The attribution window: of the header where it says one, else what a person says."""
    if not found.windows:
        if options.window is None:
            notes.append("the attribution window is not in the file; name it with --window DAYS")
        return options.window
    offered = " and ".join(map(str, found.windows))
    if options.window is not None and options.window not in found.windows:
        faults.add(0, 0, f"--window: the columns are of {offered} days, was {options.window}")
    elif options.window is None and len(found.windows) > 1:
        faults.add(0, 0, f"there are columns of {offered} days of attribution; choose with --window")
    return found.window


def _check_clicks(table: Table, totals: Figures, faults: Faults) -> None:
    """More clicks than impressions in a row, where the kind of report cannot have it."""
    if table.found.export.repeats:
        return  # the day's sums are checked instead
    clicks, impressions = totals.columns["clicks"], totals.columns["impressions"]
    size = len(table.lines)
    for row, (clicked, shown) in enumerate(zip(clicks, impressions, strict=True)):
        if clicked is not None and shown is not None and clicked > shown:
            column = table.found.columns[row // size]["clicks"]
            message = f"clicks: expected at most the impressions ({shown // MICROS}), was {clicked // MICROS}"
            faults.add(table.lines[row % size], column + 1, message)
