"""What every subject asks of a table's columns: its days, its currency, which column is which."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from bidder.account_day import AccountDay
from bidder.connectors.files import currencies, dates
from bidder.connectors.files.export import Match, spelling
from bidder.connectors.files.report import Faults, ReadOptions
from bidder.connectors.files.table import Table
from bidder.connectors.files.text import half_width
from bidder.money import NO_CURRENCY, Currency
from bidder.snapshot import EPOCH_ORDINAL, day_number

__all__ = ["days", "ignored", "latest", "mapping", "money_words", "place_of", "remarks"]

_PRINTED = {"amount": "budget"}
_DAY = re.compile(
    r"(?<!\d)(20\d{2})(?:([-/._])(\d{1,2})\2(\d{1,2})(?!\d)|年(\d{1,2})月(\d{1,2})日|(\d{2})(\d{2})(?!\d))"
)


def latest(options: ReadOptions) -> int:
    """The last year that a row may be of. Who does not care when the file was seen gives an instant long ago."""
    return options.observed_at.year + 1 if options.observed_at.year >= dates.EARLIEST else dates.LATEST


def place_of(table: Table, name: str) -> int | None:
    """The position of the column that has this name of ours; None where the file has none."""
    return next((columns[name] for columns in table.found.columns if name in columns), None)


def days(table: Table, options: ReadOptions, faults: Faults, notes: list[str]) -> list[int]:
    """The day number of each row; adds faults. A file without days is of one day, which has to be known."""
    workbook = table.delimiter == ""
    place = place_of(table, "date")
    if place is not None:
        return dates.days_of(
            table.columns[place],
            table.lines,
            place + 1,
            lambda text: dates.written(text, options.year),
            latest(options),
            options.dates,
            workbook,
            faults,
        )
    month, day = place_of(table, "month"), place_of(table, "day")
    if month is None or day is None:
        return [_the_day(table, options, faults, notes)] * len(table.lines)
    return dates.days_of(
        [f"{one}{dates.APART}{other}" for one, other in zip(table.columns[month], table.columns[day], strict=True)],
        table.lines,
        day + 1,
        lambda text: dates.month_day(text, options.year),
        latest(options),
        None,
        workbook,
        faults,
    )


def _the_day(table: Table, options: ReadOptions, faults: Faults, notes: list[str]) -> int:
    """The one day of a file that has no column of days."""
    if options.date is not None:
        return day_number(options.date)
    named = [("above the header", " ".join(table.above))]
    if table.found.export.day_in_name:
        named.append(("in the file's name", Path(table.file.replace(":", "/")).name))
    for where, text in named:
        found = _days_in(text)
        if len(found) > 1:
            message = (
                f"the file covers {found[0]} to {found[-1]} in one figure each; export single days, one file a day"
            )
            faults.add(table.header_line, 0, message)
            return 0
        if found:
            notes.append(f"day: {found[0]}, which stands {where}")
            return day_number(found[0])
    faults.add(table.header_line, 0, "the file does not say which day it is of; name it, for example --date 2026-03-01")
    return 0


def _days_in(text: str) -> list[date]:
    found = set()
    for match in _DAY.finditer(text):
        year, _, month, day, chinese_month, chinese_day, plain_month, plain_day = match.groups()
        try:
            found.add(date(int(year), int(month or chinese_month or plain_month), int(day or chinese_day or plain_day)))
        except ValueError:
            continue
    return sorted(found)


def money_words(table: Table, places: Mapping[str, int], names: tuple[str, ...], evidence: currencies.Evidence) -> None:
    """Currencies named in the headers of amounts and in the currency column."""
    for name in names:
        if name in places and (word := currencies.in_header(half_width(table.found.header[places[name]]).strip())):
            evidence.add(word[0], table.header_line, places[name] + 1)
    if "currency" in places:
        cells = table.columns[places["currency"]]
        for text in {cell for cell in cells if cell.strip()}:
            row = cells.index(text)
            evidence.add(text, table.lines[row], places["currency"] + 1)


def remarks(currency: Currency, last: int, options: ReadOptions) -> list[str]:
    """What a person should know of the file's currency and of its last day."""
    found = []
    if currency == NO_CURRENCY:
        found.append("the file names no currency; name it with --currency CODE")
    today = day_number(AccountDay.of(options.observed_at, options.timezone).date)
    if last > today and options.observed_at.year >= dates.EARLIEST:
        found.append("the last days are in the future; are the dates read rightly?")
    elif last == today:
        found.append("the last day is not over; import it again when it is")
    return found


def not_over(table: Table, found: list[int], options: ReadOptions, faults: Faults) -> None:
    """Adds a fault for days that were not over when the file was made: half a day would be taken for a bad one."""
    today = day_number(AccountDay.of(options.observed_at, options.timezone).date)
    for line, day in zip(table.lines, found, strict=True):
        if day >= today:
            name = date.fromordinal(day + EPOCH_ORDINAL)
            faults.add(line, 0, f"{name} is not over; export it tomorrow, without the figures of today (实时)")


def mapping(found: Match) -> dict[str, str]:
    """For each of our names the column it is read from."""
    result: dict[str, str] = {}
    for part, places in zip(found.export.parts, found.columns, strict=True):
        for name, place in places.items():
            printed = _PRINTED.get(name, name)
            if part.budget and len(found.export.parts) > 1 and name not in found.export.columns:
                printed = f"{printed} ({part.budget})"
            result[printed] = found.header[place].strip()
    return result


def ignored(found: Match) -> tuple[str, ...]:
    """The columns that are left out."""
    used = {place for places in found.columns for place in places.values()} | set(found.segments)
    return tuple(name.strip() for place, name in enumerate(found.header) if place not in used and spelling(name))
