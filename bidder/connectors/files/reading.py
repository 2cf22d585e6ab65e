"""A path → FileReport: which kind of export it is, its columns as days, figures and one currency, its rows summed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bidder.account_day import AccountDay
from bidder.connectors.files import currencies, dates, figures
from bidder.connectors.files.export import FIGURES, Match, spelling
from bidder.connectors.files.kinds import EXPORTS
from bidder.connectors.files.report import Faults, FileReport, Progress, ReadOptions, refuse
from bidder.connectors.files.rows import Entities, Figures, observed, summary, texts
from bidder.connectors.files.table import Table, load
from bidder.connectors.files.text import half_width
from bidder.ids import ALIAS, alias_of
from bidder.money import MICROS, NO_CURRENCY, Currency
from bidder.snapshot import day_number

__all__ = ["read"]

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_PRINTED = {"amount": "budget"}


def read(path: Path, options: ReadOptions, progress: Progress | None = None) -> FileReport:
    """Reads an export whole, or refuses it whole.

    The kind is known by the header, not by the file's name. Raises ImportRefused with what is wrong, each fault at
    file:line:cell, and what to do: no table, an unknown header, cells that are no figures, days or currencies that
    fit two readings, the same row twice, more clicks than impressions. Reading touches nothing else.
    """
    file = str(path)
    _check_options(file, options)
    table = load(path, EXPORTS, options.window, progress)
    export, found = table.found.export, table.found
    faults = Faults(file)
    notes = list(table.notes)
    window = _window(found, options, faults, notes)
    days = _days(table, options, _latest(options), faults)

    evidence = currencies.Evidence()
    columns = []
    for part, places in zip(export.parts, found.columns, strict=True):
        for name in FIGURES:
            if name in places:
                unknown = export.unknown_words.get(name, frozenset())
                columns.append((part, figures.read_column(name, places[name], table.columns[places[name]], unknown)))
        _headers_and_codes(table, places, evidence)
    values = figures.settle([column for _, column in columns], table.lines, table.delimiter, evidence, faults)
    chinese = any(_CHINESE.search(name) for name in found.header)
    currency = currencies.settle(evidence, options.currency, export.currency, chinese, faults)

    entities = Entities.empty()
    totals = Figures.empty()
    for part, places in zip(export.parts, found.columns, strict=True):
        own = {c.name: v for (p, c), v in zip(columns, values, strict=True) if p is part}
        totals.extend(own, len(table.lines))
        entities.extend(texts(table, part, places, days, options.account, faults))
    _check_clicks(table, totals, faults)
    if not any(value is not None for value in totals.columns["spend"]) and not faults:
        faults.add(table.lines[0], 0, "no row says what was spent; export the report with its costs")
    faults.check()
    reports = observed(table, entities, totals, currency, window, options, faults)
    faults.check()
    notes.extend(export.notes)
    notes.extend(_remarks(currency, max(days), options))
    if progress is not None:
        progress(1.0)
    return FileReport(
        file=file,
        kind=export.kind,
        reports=reports,
        mapping=_mapping(found),
        ignored=_ignored(found),
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
    if options.year is not None and not dates.EARLIEST <= options.year <= _latest(options):
        refuse(file, f"--year: expected {dates.EARLIEST} to {_latest(options)}, was {options.year}", 0)
    if options.window is not None and not 0 <= options.window <= 365:
        refuse(file, f"--window: expected days from 0 to 365, was {options.window}", 0)


def _latest(options: ReadOptions) -> int:
    """The last year that a row may be of. Who does not care when the file was seen gives an instant long ago."""
    return options.observed_at.year + 1 if options.observed_at.year >= dates.EARLIEST else dates.LATEST


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


def _days(table: Table, options: ReadOptions, latest: int, faults: Faults) -> list[int]:
    places = {name: place for columns in table.found.columns for name, place in columns.items()}
    workbook = table.delimiter == ""
    if "date" in places:
        place = places["date"]
        return dates.days_of(
            table.columns[place],
            table.lines,
            place + 1,
            lambda text: dates.written(text, options.year),
            latest,
            options.dates,
            workbook,
            faults,
        )
    months, days = table.columns[places["month"]], table.columns[places["day"]]
    return dates.days_of(
        [f"{month}{dates.APART}{day}" for month, day in zip(months, days, strict=True)],
        table.lines,
        places["day"] + 1,
        lambda text: dates.month_day(text, options.year),
        latest,
        None,
        workbook,
        faults,
    )


def _headers_and_codes(table: Table, places: Mapping[str, int], evidence: currencies.Evidence) -> None:
    """Currencies named in the headers of amounts and in the currency column."""
    for name in ("spend", "revenue", "amount"):
        if name in places and (word := currencies.in_header(half_width(table.found.header[places[name]]).strip())):
            evidence.add(word[0], table.header_line, places[name] + 1)
    if "currency" in places:
        cells = table.columns[places["currency"]]
        for text in {cell for cell in cells if cell.strip()}:
            row = cells.index(text)
            evidence.add(text, table.lines[row], places["currency"] + 1)


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


def _remarks(currency: Currency, last: int, options: ReadOptions) -> list[str]:
    remarks = []
    if currency == NO_CURRENCY:
        remarks.append("the file names no currency; name it with --currency CODE")
    today = day_number(AccountDay.of(options.observed_at, options.timezone).date)
    if last > today and options.observed_at.year >= dates.EARLIEST:
        remarks.append("the last days are in the future; are the dates read rightly?")
    elif last == today:
        remarks.append("the last day is not over; import it again when it is")
    return remarks


def _mapping(found: Match) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for part, places in zip(found.export.parts, found.columns, strict=True):
        for name, place in places.items():
            printed = _PRINTED.get(name, name)
            if part.budget and name not in found.export.columns:
                printed = f"{printed} ({part.budget})"
            mapping[printed] = found.header[place].strip()
    return mapping


def _ignored(found: Match) -> tuple[str, ...]:
    used = {place for places in found.columns for place in places.values()} | set(found.segments)
    return tuple(name.strip() for place, name in enumerate(found.header) if place not in used and spelling(name))
