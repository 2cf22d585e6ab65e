"""XLSX and XLS → rows of text. A workbook is weighed before it is opened: a bomb is refused without unpacking it.

The reader (calamine) unpacks whole sheets into memory and lays out every cell up to the last one used, so what it
would need is known from outside first: the sizes in the archive's directory, that they are true, and the far corner.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bidder.connectors.files.report import refuse

__all__ = ["XLS_MAGIC", "ZIP_MAGIC", "sheets"]

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
XLS_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

LARGEST_UNPACKED = 300 * 1024 * 1024
"""Bytes of all parts together; an export of 10^5 rows has a tenth of it."""

LARGEST_PACKED = 64 * 1024 * 1024
MOST_PARTS = 2_000
MOST_CELLS = 5_000_000
MOST_TEXT = 1 << 30
"""Bytes that all cells of text would need if each held the longest text: the reader copies a shared text to each."""

_CHUNK = 1 << 20
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,3})(\d{1,8})["']""")
_SHARED = re.compile(rb"""\bt\s*=\s*["']s["']""")
_END_OF_TEXT = b"</si>"

_DAMAGE = (zipfile.BadZipFile, OSError, ValueError, OverflowError, NotImplementedError, RuntimeError, struct.error)
"""What reading a damaged archive may raise: places that are nowhere, names that are no text, unknown versions."""


@dataclass(slots=True)
class Weight:
    """What a workbook would need: its far corner, its cells of shared text, the bytes of the longest shared text."""

    rows: int = 0
    columns: int = 0
    shared: int = 0
    longest: int = 0
    _since_text: int = 0

    def add(self, text: bytes, before: int) -> None:
        """A piece of a part; its first `before` bytes end the piece before it."""
        for letters, digits in _PLACE.findall(text):
            self.rows = max(self.rows, int(digits))
            if letters:
                self.columns = max(self.columns, _column(letters))
        self.shared += len(_SHARED.findall(text))  # those across two pieces count twice, which is harmless
        first, *others = text.split(_END_OF_TEXT)
        if others:
            self.longest = max(self.longest, self._since_text + len(first) - before, *map(len, others[:-1]))
            self._since_text = len(others[-1])
        else:
            self._since_text += len(text) - before

    def next_part(self) -> None:
        """Another part begins."""
        self._since_text = 0


def sheets(file: str, data: bytes) -> list[tuple[str, list[tuple[int, list[str]]]]]:
    """Name, and line and cells of each row that is not blank, of every sheet. Refuses what is no sound workbook."""
    if len(data) > LARGEST_PACKED:
        refuse(file, f"expected a workbook of at most {LARGEST_PACKED >> 20} MB; export fewer days or a CSV")
    if data.startswith(ZIP_MAGIC):
        _weigh(file, data)
    import python_calamine  # late: most commands open no workbook

    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        return [
            (name, [(line, _texts(cells)) for line, cells in _filled(workbook.get_sheet_by_name(name).to_python())])
            for name in workbook.sheet_names
        ]
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as e:  # a panic of the reader is a BaseException; nothing but this file can be the cause
        reason = str(e).strip().splitlines()[0][:120] if str(e).strip() else type(e).__name__
        refuse(file, f"the workbook cannot be read ({reason}); it is damaged or protected: export it again")


def _weigh(file: str, data: bytes) -> None:
    """Refuses an archive that is no workbook, is truncated, or would need too much memory once unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except _DAMAGE as e:
        refuse(file, f"the workbook is damaged or cut off ({e}); download it again")
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in {name.lower().replace("\\", "/") for name in names}:
        inside = ", ".join(sorted(names)[:3]) or "nothing"
        refuse(file, f"expected an XLSX workbook, was an archive of {inside}; unpack it first")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > LARGEST_UNPACKED or len(parts) > MOST_PARTS:
        megabytes, most = unpacked / 2**20, LARGEST_UNPACKED >> 20
        refuse(file, f"the workbook would unpack to {megabytes:,.0f} MB, at most {most} MB is taken; export fewer days")
    weight = Weight()
    try:
        for part in parts:
            _weigh_part(file, io.BytesIO(data), part, weight)
    except _DAMAGE as e:
        refuse(file, f"the workbook is damaged or cut off ({e}); download it again")
    if weight.rows * weight.columns > MOST_CELLS:
        message = (
            f"a sheet has a cell in row {weight.rows:,} and one in column {weight.columns:,}, too large to lay out"
        )
        refuse(file, f"{message}; delete what stands far out, or export again")
    if weight.shared * weight.longest > MOST_TEXT:
        message = f"{weight.shared:,} cells of text, one of {weight.longest:,} bytes, are too much to lay out"
        refuse(file, f"{message}; export fewer days or a CSV")


def _weigh_part(file: str, opened: io.BytesIO, part: zipfile.ZipInfo, weight: Weight) -> None:
    """Unpacks a part piece by piece, keeping none, and never beyond the size it claims."""
    weight.next_part()
    opened.seek(part.header_offset)
    header = opened.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        refuse(file, f"the workbook is damaged ({part.filename} is not where it should be); download it again")
    opened.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
    if part.compress_type == zipfile.ZIP_STORED:
        inflate = None
    elif part.compress_type == zipfile.ZIP_DEFLATED:
        inflate = zlib.decompressobj(-15)
    else:
        refuse(file, f"the workbook is packed in a way that no spreadsheet uses ({part.filename}); save it again")
    left, size, tail = part.compress_size, 0, b""
    while left > 0 and (raw := opened.read(min(_CHUNK, left))):
        left -= len(raw)
        while raw:
            try:
                piece = raw if inflate is None else inflate.decompress(raw, _CHUNK)
            except zlib.error as e:
                refuse(file, f"the workbook is damaged ({part.filename}: {e}); download it again")
            raw = b"" if inflate is None else inflate.unconsumed_tail
            size += len(piece)
            if size > part.file_size:
                refuse(file, f"the workbook lies about its size ({part.filename}); it is not opened")
            if inflate is not None and not piece:
                break
            text = tail + piece
            weight.add(text, len(tail))
            tail = text[-24:]
    size += 0 if inflate is None else len(inflate.flush(1024))
    if left > 0 or size < part.file_size:
        refuse(file, f"the workbook is cut off ({part.filename}); download it again")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _filled(cells: list[list[Any]]) -> list[tuple[int, list[Any]]]:
    return [(line, row) for line, row in enumerate(cells, start=1) if any(cell not in ("", None) for cell in row)]


def _texts(cells: Sequence[Any]) -> list[str]:
    return [_text(cell) for cell in cells]


def _text(cell: Any) -> str:
    """A cell as a CSV would have it: days in ISO form, numbers with a point."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, int | float):
        return _number(float(cell))
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(" ")
    if isinstance(cell, dt.date):
        return cell.isoformat()
    return str(cell)


def _number(value: float) -> str:
    if abs(value) >= 1e15:
        return f"{value:e}"  # more digits than a double holds: an id that has lost its last ones
    if value == int(value):
        return str(int(value))
    text = repr(value)
    if "e" in text:
        text = f"{value:.12f}"
    # three decimals could be taken for thousands where other cells are text with a decimal comma; this is a number
    return text + "0" if len(text.partition(".")[2]) == 3 else text
