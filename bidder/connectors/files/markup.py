"""A page or an XML document that a console saved under the name `.xls`: its first table as rows of text."""

from __future__ import annotations

from collections.abc import Sequence
from html.parser import HTMLParser

from bidder.connectors.files.report import refuse

__all__ = ["is_markup", "rows"]

MOST_CELLS = 5_000_000
MOST_COLUMNS = 1_000

_ROWS = frozenset({"tr", "row"})
_CELLS = frozenset({"td", "th", "cell"})
_STARTS = (b"<!doctype", b"<html", b"<?xml", b"<table", b"<meta", b"<head", b"<!--")


def is_markup(data: bytes) -> bool:
    """Whether the bytes begin as HTML or XML does (also in UTF-16)."""
    start = data[:400].replace(b"\x00", b"").lstrip(b"\xff\xfe\xef\xbb\xbf \t\r\n").lower()
    return start.startswith(_STARTS)


def rows(file: str, text: str) -> list[tuple[int, Sequence[str]]]:
    """Number and cells of each row of the first table that is not blank. Refuses a page without a table."""
    parser = _Table(file)
    parser.feed(text)
    parser.close()
    parser.end_row()
    if not parser.rows:
        refuse(file, "expected a table (CSV, XLSX or XLS), was a page or a document; save it as CSV or XLSX", 1)
    width = max(len(cells) for _, cells in parser.rows)
    if width * len(parser.rows) > MOST_CELLS:
        refuse(file, f"the page has {len(parser.rows):,} rows of {width:,} cells; export fewer days or a CSV")
    return parser.rows


class _Table(HTMLParser):
    """Rows of HTML tables and of SpreadsheetML. Entities are those of HTML: nothing of the document defines more."""

    def __init__(self, file: str) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[tuple[int, Sequence[str]]] = []
        self._file = file
        self._cells: list[str] | None = None
        self._text: list[str] | None = None
        self._span = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = tag.rpartition(":")[2]
        if name in _ROWS:
            self.end_row()
            self._cells = []
        elif name in _CELLS and self._cells is not None:
            self._end_cell()
            given = {key.rpartition(":")[2]: value or "" for key, value in attrs}
            at = self._number(given.get("index", ""))
            if at > len(self._cells) + 1:  # SpreadsheetML leaves blank cells out
                self._cells.extend([""] * (at - 1 - len(self._cells)))
            self._span = max(1, self._number(given.get("colspan", "")), 1 + self._number(given.get("mergeacross", "")))
            self._text = []
        elif name == "br" and self._text is not None:
            self._text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name in _CELLS:
            self._end_cell()
        elif name in _ROWS:
            self.end_row()

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def end_row(self) -> None:
        """Keeps the row under way, unless it is blank."""
        self._end_cell()
        if self._cells and any(self._cells):
            self.rows.append((len(self.rows) + 1, self._cells))
        self._cells = None

    def _end_cell(self) -> None:
        if self._cells is None or self._text is None:
            return
        text = " ".join("".join(self._text).split())
        if text.endswith("T00:00:00.000"):  # a day of SpreadsheetML
            text = text[:10]
        self._cells.extend([text, *[""] * (self._span - 1)])
        self._text, self._span = None, 1
        if len(self._cells) > MOST_COLUMNS:
            refuse(self._file, f"a row has more than {MOST_COLUMNS:,} cells; export it again", len(self.rows) + 1)

    def _number(self, text: str) -> int:
        return min(int(text), MOST_COLUMNS + 1) if text.isascii() and text.isdigit() and len(text) < 9 else 0
