"""Builders of small exports for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from bidder.connectors.files import FileReport, ReadOptions, read
from bidder.errors import ImportRefused
from bidder.reports import Reports

SEEN_AT = datetime(2026, 11, 1, 8, tzinfo=UTC)
OPTIONS = ReadOptions(
    account=None, currency=None, year=None, dates=None, window=None, timezone="Asia/Shanghai", observed_at=SEEN_AT
)
HEADER = "date,campaign,impressions,clicks,spend,orders,revenue"


def written(folder: Path, text: str | bytes, name: str = "report.csv") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def table(rows: Iterable[str], header: str = HEADER) -> str:
    """A CSV of these lines below the header."""
    return "\n".join([header, *rows]) + "\n"


def read_text(folder: Path, text: str | bytes, **options: Any) -> FileReport:
    """What is read from a file with this content."""
    return read(written(folder, text), replace(OPTIONS, **options))


def refusal(folder: Path, text: str | bytes, **options: Any) -> str:
    """Why a file with this content is refused, without the path of its folder."""
    path = written(folder, text)
    try:
        report = read(path, replace(OPTIONS, **options))
    except ImportRefused as e:
        return str(e).replace(str(path), "report.csv")
    raise AssertionError(f"expected a refusal, was {report.summary}")


def columns(reports: Reports) -> dict[str, list[Any]]:
    """All columns as lists in which unknown equals unknown."""
    found = {}
    for name in Reports.__dataclass_fields__:
        values = getattr(reports, name).tolist()
        found[name] = [None if isinstance(value, float) and np.isnan(value) else value for value in values]
    return found
