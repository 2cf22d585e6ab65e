"""Bytes → text → rows of a CSV: encoding, then delimiter, each by what is in the file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from bidder.connectors.files.report import Progress, refuse

__all__ = ["DELIMITERS", "decode", "half_width", "rows"]

DELIMITERS = (",", ";", "\t")

_HALF_WIDTH = {0xFF01 + place: 0x21 + place for place in range(94)} | {
    ord("￥"): "¥",
    ord("￡"): "£",
    ord("₨"): "Rs",
    ord("−"): "-",
    ord("’"): "'",
    **dict.fromkeys((0xA0, 0x2007, 0x2009, 0x202F, 0x3000), " "),
}

_ALPHABETS = [
    frozenset(map(chr, range(first, last + 1)))
    for first, last in ((0xC0, 0x24F), (0x370, 0x3FF), (0x400, 0x45F), (0x5D0, 0x5F4), (0x600, 0x6FF))
]
"""Latin, Greek, Cyrillic, Hebrew, Arabic: those that UTF-8 writes in two bytes and that shops use."""

_JUNK = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")
_NO_TABLE = {
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive: unpack it first",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"Rar!": "a RAR archive: unpack it first",
    b"7z\xbc\xaf": "a 7z archive: unpack it first",
    b"SQLite format 3": "a database",
    b"\x7fELF": "a program",
}


def half_width(text: str) -> str:
    """Full-width signs and digits as ASCII, and every kind of space as a space. Nothing else changes: ² is no 2."""
    return text if text.isascii() else text.translate(_HALF_WIDTH)


def decode(file: str, data: bytes, *, markup: bool = False) -> str:
    """The text of a file in UTF-8, UTF-16 (with its mark) or GB18030. Refuses what is no text.

    `markup`: a page is wanted; elsewhere it is refused.
    """
    if not data.strip():
        refuse(file, "the file is empty; export it again")
    for start, what in _NO_TABLE.items():
        if data.startswith(start):
            refuse(file, f"expected a table (CSV, XLSX or XLS), was {what}")
    text = _decoded(file, data)
    if junk := _JUNK.search(text):
        line = text.count("\n", 0, junk.start()) + 1
        refuse(file, f"expected a table as text, was binary data (character {ord(junk[0]):#04x})", line)
    if not markup and text.lstrip()[:200].casefold().startswith(("<!doctype", "<html", "<?xml", "<table", "{", "[{")):
        refuse(file, "expected a table (CSV, XLSX or XLS), was a page or a document; save it as CSV or XLSX", 1)
    if not text.strip():
        refuse(file, "the file is empty; export it again")
    return text


def _decoded(file: str, data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            refuse(file, "the file begins like UTF-16 and is not; export it again as UTF-8")
    try:
        text, line = data.decode("utf-8-sig"), 1
    except UnicodeDecodeError as e:
        text, line = "", data.count(b"\n", 0, e.start) + 1
    # A few Chinese characters in GB18030 are UTF-8 by chance (元 would be Ԫ): then of letters that no shop mixes.
    if text and (text.isascii() or _plausible(text)):
        return text
    # In GB18030 text most high bytes come in pairs; in Latin text they stand alone, and some of it would decode.
    if b"\x00" not in data and re.search(rb"[\x80-\xff]{2}", data):
        try:
            return data.decode("gb18030")
        except UnicodeDecodeError:
            pass
    return text or refuse(
        file, "expected text in UTF-8, UTF-16 or GB18030, was something else; save the file as UTF-8", line
    )


def _plausible(text: str) -> bool:
    """Whether what was decoded as UTF-8 is in letters of one alphabet, or of Asia (which are never there by chance)."""
    letters = {character for character in text if character > "\xbf"}
    if any(character > "\u07ff" for character in letters):
        return True
    alphabets = {next((place for place, letters_of in enumerate(_ALPHABETS) if c in letters_of), -1) for c in letters}
    return -1 not in alphabets and len(alphabets) <= 1


def rows(
    file: str, text: str, delimiter: str, limit: int | None = None, progress: Progress | None = None
) -> Iterator[tuple[int, Sequence[str]]]:
    """Line and cells of each row that is not blank. Refuses a quote that is not closed, naming its line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    # newline="" keeps line ends inside quotes; the reader itself counts lines
    line, count, size = 1, 0, max(text.count("\n"), 1)
    try:
        for cells in reader:
            if any(cells) and any(cell.strip() for cell in cells):
                yield line, cells
                count += 1
                if count == limit:
                    return
                if progress is not None and count % 10_000 == 0:
                    progress(min(line / size, 1.0))
            line = reader.line_num + 1
    except csv.Error as e:
        refuse(file, f"the cells of this line cannot be told apart ({e}); look for a quote that is not closed", line)
