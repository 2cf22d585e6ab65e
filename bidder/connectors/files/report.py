"""What reading a file asks and gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, NoReturn

from bidder.activity import Activity
from bidder.catalog import Product
from bidder.errors import Fault, ImportRefused, Source
from bidder.reports import Reports

__all__ = ["DateOrder", "Faults", "FileReport", "Progress", "ReadOptions", "refuse"]

DateOrder = Literal["dmy", "mdy", "ymd"]
Progress = Callable[[float], None]
"""Called with the part of a file that is done, 0 to 1."""

LISTED = 20
"""Faults that are printed; the rest is a number. A person mends the first few and tries again."""

ALIKE = 3
"""Of faults that differ in their cell alone, these many are printed: they most often have one cause."""

_VARYING = re.compile(r"'[^']*'|\d+")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a person says about a file that the file does not say itself.

    `account` is the alias that the rows are stored under (None: the platform's name); `currency` an ISO 4217 code;
    `year` for files whose days have none; `dates` the order of day and month; `window` the attribution window in
    days; `timezone` the account's IANA zone; `observed_at` the aware instant at which the file was seen.
    """

    account: str | None
    currency: str | None
    year: int | None
    dates: DateOrder | None
    window: int | None
    timezone: str
    observed_at: datetime
    date: date | None = None
    """The day of a file that has no column of days."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file as it was understood. `summary` has the keys of an `expected.json`; its sums are over the file's rows.

    `mapping` gives for each of our names the column it was read from; `ignored` are the columns left out.
    """

    file: str
    kind: str
    reports: Reports
    mapping: Mapping[str, str]
    ignored: tuple[str, ...]
    summary: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    sha256: str = ""
    """Of the bytes that were read."""
    activity: Activity = field(default_factory=Activity.empty)
    """What the file says of the shop itself."""
    products: tuple[Product, ...] = ()
    """What the file says of products: stock, cost."""


@dataclass(slots=True)
class Faults:
    """Collects what is wrong in a file, so that a person sees it at once and not one by one."""

    file: str
    found: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, line: int, column: int, message: str) -> None:
        """Line and column (the cell's number in its line) count from 1; 0 is unknown."""
        self.found.append((line, column, message))

    def __bool__(self) -> bool:
        return bool(self.found)

    def check(self) -> None:
        """Raises ImportRefused with the first faults by place, if there are any."""
        if not self.found:
            return
        ordered = sorted(set(self.found))
        shown: list[tuple[int, int, str]] = []
        alike: dict[tuple[int, str], int] = {}
        for line, column, message in ordered:
            sort = (column, _VARYING.sub("", message))
            alike[sort] = alike.get(sort, 0) + 1
            if alike[sort] <= ALIKE and len(shown) < LISTED:
                shown.append((line, column, message))
        left = len(ordered) - len(shown)
        if left:
            line, column, message = shown[-1]
            shown[-1] = (line, column, f"{message} … and {left:,} faults more, in all {len(ordered):,}")
        raise ImportRefused(Fault(Source(self.file, line, column), message) for line, column, message in shown)


def refuse(file: str, message: str, line: int = 1) -> NoReturn:
    """Raises ImportRefused with one fault; one of the whole file stands at its first line (0: at none)."""
    raise ImportRefused([Fault(Source(file, line), message)])
