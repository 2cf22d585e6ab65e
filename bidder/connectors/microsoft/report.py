"""A report as Microsoft's store gives it: one CSV in a ZIP, with or without lines before and after. Pure.

Columns are found by their names in the header, which may stand below lines about the report; a copyright line at the
end is none of the rows. What is empty in a row is left out of it: it is unknown and not zero.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib

__all__ = ["LARGEST_REPORT", "unpacked"]

LARGEST_REPORT = 256 << 20
"""Bytes of a report after decompression."""

_BY_DAY = "TimePeriod"
"""The column that every report by day has: where it stands is the header."""
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_FOOTER = re.compile(r"\W{0,3}\s*\d{4} Microsoft Corporation")


def unpacked(body: bytes) -> tuple[list[str], list[dict[str, str]]]:
    """The columns of a report by day, and its rows. Raises ValueError in words when it cannot be read whole."""
    lines = csv.reader(io.StringIO(_text(body), newline=""), strict=True)
    header: list[str] | None = None
    rows = []
    try:
        for cells in lines:
            if header is None:
                header = cells if _BY_DAY in cells else None
            elif any(cells) and not (len(cells) == 1 and _FOOTER.match(cells[0])):
                if len(cells) != len(header):
                    raise ValueError(f"line {lines.line_num} has {len(cells)} cells, its header {len(header)}")
                rows.append({name: _plain(cell) for name, cell in zip(header, cells, strict=True) if cell.strip()})
    except csv.Error as e:
        raise ValueError(f"line {lines.line_num}: {e}") from e
    if header is None:
        raise ValueError(f"no header with a column {_BY_DAY}")
    return header, rows


def _text(body: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            files = [one for one in archive.infolist() if not one.is_dir()]
            if len(files) != 1:
                raise ValueError(f"expected one file in the archive, were {len(files)}")
            if files[0].file_size > LARGEST_REPORT:
                raise ValueError(f"the report is larger than {LARGEST_REPORT >> 20} MiB")
            with archive.open(files[0]) as file:
                plain = file.read(LARGEST_REPORT + 1)  # a size in the archive's directory is only what it says
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as e:
        raise ValueError(f"the file ({len(body)} bytes) is no archive that can be read") from e
    if len(plain) > LARGEST_REPORT:
        raise ValueError(f"the report is larger than {LARGEST_REPORT >> 20} MiB")
    try:
        return plain.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise ValueError("the report is not in UTF-8") from e


def _plain(cell: str) -> str:
    """The cell, a number without the commas between its thousands."""
    text = cell.strip()
    return text.replace(",", "") if _GROUPED.fullmatch(text) else text
