"""A zip of exports, as consoles hand them out → its tables. A bomb is refused before it fills the memory."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from bidder.connectors.files.report import refuse
from bidder.connectors.files.workbook import ZIP_MAGIC

__all__ = ["is_archive", "members"]

LARGEST_PACKED = 64 * 1024 * 1024
LARGEST = 256 * 1024 * 1024
"""Bytes of all members together, unpacked."""

MOST_MEMBERS = 50
_TABLES = (".csv", ".xlsx", ".xls", ".tsv", ".txt")
_UTF8_NAME = 0x800
_DAMAGE = (zipfile.BadZipFile, zlib.error, OSError, ValueError, OverflowError, NotImplementedError, RuntimeError,
           struct.error, EOFError)  # fmt: skip
"""What reading a damaged archive may raise; a protected one is a RuntimeError."""


def is_archive(data: bytes) -> bool:
    """Whether the bytes are a zip that is no workbook."""
    if not data.startswith(ZIP_MAGIC):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {name.lower().replace("\\", "/") for name in archive.namelist()}
    except _DAMAGE:
        return False  # the reader of workbooks says what is wrong with it
    return "xl/workbook.xml" not in names and any(name.endswith(_TABLES) for name in names)


def members(file: str, data: bytes) -> list[tuple[str, bytes]]:
    """Name (`x.zip:report.csv`) and bytes of each table in the archive; other files are left out.

    Raises ImportRefused for what is damaged, protected, or more than a person downloads.
    """
    if len(data) > LARGEST_PACKED:
        refuse(file, f"expected an archive of at most {LARGEST_PACKED >> 20} MB; export fewer days at a time")
    found: list[tuple[str, bytes]] = []
    left = LARGEST
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            tables = [one for one in archive.infolist() if _is_table(_name(one))]
            if len(tables) > MOST_MEMBERS:
                refuse(
                    file, f"expected at most {MOST_MEMBERS} tables in an archive, was {len(tables)}; unpack it first"
                )
            for one in tables:
                with archive.open(one) as opened:
                    unpacked = opened.read(left + 1)  # never more, whatever the directory claims
                if len(unpacked) > left:
                    refuse(
                        file, f"the archive would unpack to more than {LARGEST >> 20} MB; export fewer days at a time"
                    )
                left -= len(unpacked)
                found.append((f"{file}:{_name(one)}", unpacked))
    except _DAMAGE as e:
        refuse(file, f"the archive is damaged or protected ({e}); download it again")
    return found


def _is_table(name: str) -> bool:
    base = name.replace("\\", "/").rpartition("/")[2]
    return name.lower().endswith(_TABLES) and not base.startswith(".") and "__MACOSX" not in name


def _name(one: zipfile.ZipInfo) -> str:
    """The name as the console wrote it: older packers write GB18030, which zipfile takes for the PC's code page."""
    if one.flag_bits & _UTF8_NAME:
        return one.filename
    try:
        return one.filename.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return one.filename
