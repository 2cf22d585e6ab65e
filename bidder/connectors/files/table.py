"""A file → the header of a known export and the rows below it, whether it is a CSV or a workbook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import NoReturn

from bidder.connectors.files import markup, workbook
from bidder.connectors.files import text as texts
from bidder.connectors.files.export import Export, Match, Near, did_you_mean, match, nearest, spelling
from bidder.connectors.files.report import Faults, Progress, refuse
from bidder.errors import ImportRefused

__all__ = ["Table", "content", "load"]

LARGEST = 256 * 1024 * 1024
MOST_ROWS = 2_000_000
ABOVE_HEADER = 20
"""Rows above the header in which titles and notes may stand."""

TOTALS = frozenset({"total", "total:", "totals", "grand total", "合计", "总计", "汇总", "总和"})


@dataclass(frozen=True, slots=True)
class Table:
    """Cells by column, below a header that is known. `lines` count from 1 in the file; `delimiter` "" in a workbook."""

    file: str
    found: Match
    columns: Sequence[Sequence[str]]
    lines: Sequence[int]
    header_line: int
    delimiter: str
    notes: tuple[str, ...]
    sha256: str = ""
    """Of the file's bytes."""
    above: tuple[str, ...] = ()
    """The cells above the header: titles and notes."""


Row = tuple[int, Sequence[str]]


def content(path: Path) -> bytes:
    """The bytes of a file. Raises ImportRefused for what is not there, is no file or too large."""
    file = str(path)
    try:
        if not path.exists():
            refuse(file, "there is no such file", 0)
        if not path.is_file():
            refuse(file, "expected a file, was a folder or a device", 0)
        with path.open("rb") as opened:
            data = opened.read(LARGEST + 1)  # once: what is weighed, read and hashed is the same
    except OSError as e:
        refuse(file, f"the file cannot be read ({e.strerror or e})", 0)
    if len(data) > LARGEST:
        refuse(file, f"expected a file of at most {LARGEST >> 20} MB; export fewer days at a time")
    return data


def load(
    file: str, data: bytes, exports: Sequence[Export], window: int | None, progress: Progress | None = None
) -> Table:
    """The table in these bytes. Raises ImportRefused: no table, an unknown header, ragged lines.

    A page that a console saved as `.xls` is a table too.
    """
    digest = sha256(data).hexdigest()
    if data.startswith((*workbook.ZIP_MAGIC, workbook.XLS_MAGIC)):
        return replace(_from_workbook(file, data, exports, window), sha256=digest)
    if markup.is_markup(data):
        return replace(_from_markup(file, data, exports, window), sha256=digest)
    return replace(_from_text(file, texts.decode(file, data), exports, window, progress), sha256=digest)


def _from_markup(file: str, data: bytes, exports: Sequence[Export], window: int | None) -> Table:
    rows = markup.rows(file, texts.decode(file, data, markup=True))
    at = _header(rows[:ABOVE_HEADER], exports, window)
    if at is None:
        return _unknown(file, rows[:ABOVE_HEADER], exports)
    width = len(rows[at[0]][1])
    return _table(file, [(line, [*cells, *[""] * (width - len(cells))]) for line, cells in rows], at[0], at[1], ",", ())


def _from_text(file: str, text: str, exports: Sequence[Export], window: int | None, progress: Progress | None) -> Table:
    beginnings: list[list[Row]] = []
    for delimiter in texts.DELIMITERS:
        beginning: list[Row] = []
        with suppress(ImportRefused):  # a quote that is not closed is told of when the delimiter is known
            beginning.extend(texts.rows(file, text, delimiter, ABOVE_HEADER))
        beginnings.append(beginning)
        at = _header(beginning, exports, window)
        if at is not None:
            rows = texts.rows(file, text, delimiter, None, progress)
            return _table(file, rows, at[0], at[1], delimiter, ())
    widest = max(beginnings, key=lambda rows: max((len(cells) for _, cells in rows), default=0))
    if not widest:
        list(texts.rows(file, text, texts.DELIMITERS[0], 1))  # says what is wrong with the first line
    if not any(character.isalnum() for _, cells in widest for cell in cells for character in cell):
        refuse(file, "no row has anything in it; export it again")
    return _unknown(file, widest, exports)


def _from_workbook(file: str, data: bytes, exports: Sequence[Export], window: int | None) -> Table:
    sheets = workbook.sheets(file, data)
    filled = [(name, rows) for name, rows in sheets if rows]
    if not filled:
        refuse(file, "the workbook is empty; export it again")
    for name, rows in filled:
        at = _header(rows[:ABOVE_HEADER], exports, window)
        if at is not None:
            others = [f"sheet {other!r} was left out" for other, _ in filled if other != name]
            return _table(file, rows, at[0], at[1], "", tuple(others))
    return _unknown(file, filled[0][1][:ABOVE_HEADER], exports)


def _header(rows: Iterable[Row], exports: Sequence[Export], window: int | None) -> tuple[int, Match] | None:
    """How many rows stand above the header, and what it is."""
    for above, (_, cells) in enumerate(rows):
        found = match(cells, exports, window)
        if found is not None:
            return above, found
    return None


def _table(file: str, rows: Iterable[Row], above: int, found: Match, delimiter: str, notes: tuple[str, ...]) -> Table:
    rows = iter(rows)
    titles = tuple(cell.strip() for _, cells in islice(rows, above) for cell in cells if cell.strip())
    header_line, header = next(rows)
    body: Iterable[Row] = rows
    faults = Faults(file)
    _check_header(header, header_line, found, faults)
    width = len(header)
    used = {place for columns in found.columns for place in columns.values()}
    dated = [columns[name] for columns in found.columns for name in ("date", "month") if name in columns]
    day_at = dated[0] if dated else -1
    wanted = [
        (place, words) for word, words in found.export.only.items() if (place := _place(header, word)) is not None
    ]
    narrower = 0
    kept: list[Sequence[str]] = []
    lines: list[int] = []
    totals: list[int] = []
    for line, cells in body:
        if len(cells) != width:
            if len(cells) < width or any(cells[width:]):
                faults.add(line, 0, f"expected {width} cells as in the header, was {len(cells)}")
                continue
            cells = cells[:width]
        day = cells[day_at] if day_at >= 0 else ""
        if (day[:1].isalpha() and _total_word(day)) or (day.strip(" -") == "" and _is_total(cells, used)):
            totals.append(line)
            continue
        if any(cells[place].strip() not in words for place, words in wanted):
            narrower += 1
            continue
        if len(kept) == MOST_ROWS:
            faults.add(line, 0, f"expected at most {MOST_ROWS:,} rows; export fewer days at a time")
            break
        kept.append(cells)
        lines.append(line)
    if not kept and not faults:
        faults.add(header_line, 0, "there are no rows below the header; export a period that has figures")
    faults.check()
    if totals:
        notes = (*notes, f"line {totals[0]} is a total and was left out" + f" ({len(totals)} such)" * (len(totals) > 1))
    if narrower:
        notes = (*notes, f"{narrower:,} rows that split others further were left out")
    return Table(file, found, list(zip(*kept, strict=True)), lines, header_line, delimiter, notes, above=titles)


def _total_word(cell: str) -> bool:
    word = cell.strip().casefold()
    return word in TOTALS or word.startswith("total: ")


def _is_total(cells: Sequence[str], used: set[int]) -> bool:
    """A line without a day that says it is a total."""
    return any(_total_word(cell) for place, cell in enumerate(cells) if place in used or place == 0)


def _place(header: Sequence[str], word: str) -> int | None:
    return next((place for place, name in enumerate(header) if spelling(name) == word), None)


def _check_header(header: Sequence[str], line: int, found: Match, faults: Faults) -> None:
    """Two columns of one name: which is meant cannot be known."""
    used = {spelling(header[place]) for columns in found.columns for place in columns.values()}
    seen: dict[str, int] = {}
    for place, name in enumerate(header):
        word = spelling(name)
        if word in used and word in seen:
            message = f"the column {name.strip()!r} is there twice (also cell {seen[word] + 1}); delete one"
            faults.add(line, place + 1, message)
        seen.setdefault(word, place)


def _unknown(file: str, rows: Sequence[Row], exports: Sequence[Export]) -> NoReturn:
    """Refuses a header that is of no kind, naming the nearest and what is missing."""
    best: tuple[Near, Row] | None = None
    for row in rows:
        near = nearest(row[1], exports)
        if near is not None and (best is None or near.share > best[0].share):
            best = (near, row)
    line, cells = best[1] if best else rows[0]
    names = ", ".join(cell.strip()[:40] for cell in cells[:12] if cell.strip())
    more = f" and {len(cells) - 12} more" if len(cells) > 12 else ""
    found = f"the header is of no known export; found: {names[:300]}{more}"
    if best is None:
        titles = "; ".join(export.title for export in exports)
        refuse(file, f"{found}. Known are: {titles}", line)
    near = best[0]
    if near.unlike:
        refuse(file, f"{found}. Nearest is {near.export.title}, but {near.unlike}", line)
    hints = [f"{hint!r} looks like {name}" for name in near.missing if (hint := did_you_mean(cells, name))]
    meant = f"; {', '.join(hints)}: rename it" if hints else ""
    refuse(file, f"{found}. Nearest is {near.export.title}; missing: {', '.join(near.missing)}{meant}", line)
