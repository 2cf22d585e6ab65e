"""Years of many shops in one DuckDB file, for questions that a store is not asked: totals over long times and shops.

A store keeps every version of every figure of one shop; here is one row a (series, day), as known when it was archived,
in columns, sorted by series and day: a question reads only the blocks that it needs. An archive is made again from the
stores; nothing is decided from it. One process writes at a time (extra: history).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bidder.errors import NoStoreYet, StoreError
from bidder.reports import UNKNOWN_MICROS, Reports

__all__ = ["BY", "History", "SeriesKey", "Totals"]

COUNTS = ("impressions", "clicks", "orders", "units")
MICROS = ("spend", "revenue", "amount")
FIGURES = (*COUNTS, *MICROS)

TABLES = (
    """CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, shop TEXT NOT NULL, account TEXT NOT NULL, budget TEXT NOT NULL, campaign TEXT NOT NULL,
    product TEXT NOT NULL, "window" INTEGER NOT NULL, currency TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS days (
    series INTEGER NOT NULL, day INTEGER NOT NULL, impressions DOUBLE, clicks DOUBLE, orders DOUBLE, units DOUBLE,
    spend BIGINT, revenue BIGINT, amount BIGINT)""",
)
"""Days since 1970-01-01, money in micros, NULL unknown: as in the store."""

BY = ("shop", "account", "product", "budget")
"""What totals may be of."""


class SeriesKey(NamedTuple):
    """What a figure is about, apart from the day; "" and -1 where it is not said."""

    shop: str
    account: str
    budget: str
    campaign: str
    product: str
    window: int
    currency: str


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over days of what has one name in one currency; None: unknown on all of them. Money in micros."""

    name: str
    currency: str
    days: int
    clicks: float | None
    orders: float | None
    spend: int | None
    revenue: int | None


class History:
    """An archive in a file. Raises StoreError for one that cannot be opened or written; ImportError without DuckDB."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        try:
            import duckdb
        except ImportError as e:
            raise StoreError(f"{path}: DuckDB is not installed: pip install 'bidder[history]'") from e
        self._errors = duckdb.Error
        self._path = path
        if read_only and not path.is_file():
            raise NoStoreYet(str(path))
        with self._named():
            self._connection = duckdb.connect(str(path), read_only=read_only)
            if not read_only:
                for one in TABLES:
                    self._ask(one)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except self._errors as e:
            raise StoreError(f"{self._path}: {str(e).splitlines()[0]}") from e

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """All of it or nothing."""
        with self._named():
            self._connection.begin()
            try:
                yield
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.commit()

    def _ask(self, said: str, given: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        # all of the answer is fetched: until then DuckDB takes nothing else on this connection
        return self._connection.execute(said, list(given)).fetchall()

    def keep(self, shop: str, reports: Reports, since_day: int) -> int:
        """Puts these rows in the place of all that is known of the shop from that day on; gives their number.

        `reports` has one row a key and day: the newest known, as a store gives it.
        """
        late = reports.day >= since_day
        names = (reports.account, reports.budget, reports.campaign, reports.product, reports.window, reports.currency)
        keys = [SeriesKey(shop, *key) for key in zip(*(column[late].tolist() for column in names), strict=True)]
        with self._writing():
            known = self._series(keys)
            series = np.array([known[key] for key in keys], dtype=np.int32)
            self._ask(
                "DELETE FROM days WHERE day >= ? AND series IN (SELECT id FROM series WHERE shop = ?)",
                [since_day, shop],
            )
            order = np.lexsort((reports.day[late], series))
            columns = {name: getattr(reports, name)[late][order] for name in ("day", *FIGURES)}
            self._add({"series": series[order], **columns})
        return len(keys)

    def series(self, keys: Sequence[SeriesKey]) -> Mapping[SeriesKey, int]:
        """The number of each key, made where it is new; of many shops at once where many are loaded."""
        with self._writing():
            return self._series(keys)

    def load(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Appends many rows at once, of series that have numbers: `series`, `day` and the figures as in Reports."""
        with self._writing():
            self._add(columns)

    def _series(self, keys: Sequence[SeriesKey]) -> Mapping[SeriesKey, int]:
        shops = sorted({key.shop for key in keys})
        names = ", ".join(f'"{name}"' for name in SeriesKey._fields)
        asked = f"SELECT {names}, id FROM series WHERE list_contains(?, shop)"  # noqa: S608 - our own names
        known = {SeriesKey(*row[:-1]): int(row[-1]) for row in self._ask(asked, [shops])}
        missing = [key for key in dict.fromkeys(keys) if key not in known]
        if missing:
            first = int(self._ask("SELECT coalesce(max(id), 0) FROM series")[0][0]) + 1
            rows = {
                name: np.array(column)
                for name, column in zip(SeriesKey._fields, zip(*missing, strict=True), strict=True)
            }
            self._insert("series", {"id": np.arange(first, first + len(missing), dtype=np.int32), **rows})
            known |= {key: first + place for place, key in enumerate(missing)}
        return known

    def _add(self, columns: Mapping[str, NDArray[Any]]) -> None:
        counts = [f"CASE WHEN isnan({name}) THEN NULL ELSE {name} END" for name in COUNTS]
        micros = [f"nullif({name}, {UNKNOWN_MICROS})" for name in MICROS]
        self._insert("days", columns, ", ".join(["series", "day", *counts, *micros]))

    def _insert(self, table: str, columns: Mapping[str, NDArray[Any]], select: str = "*") -> None:
        self._connection.register("new_rows", dict(columns))
        try:
            self._ask(f"INSERT INTO {table} SELECT {select} FROM new_rows")  # noqa: S608 - our own names
        finally:
            self._connection.unregister("new_rows")

    def totals(self, first_day: int, last_day: int, *, shop: str | None = None, by: str = "product") -> list[Totals]:
        """Sums over these days, the most spent first; `by` is one of BY."""
        if by not in BY:
            raise ValueError(f"totals by {by}")
        where = "" if shop is None else "AND s.shop = ?"
        asked = f"""SELECT s.{by}, s.currency, count(DISTINCT d.day), sum(d.clicks), sum(d.orders),
            CAST(sum(d.spend) AS BIGINT), CAST(sum(d.revenue) AS BIGINT)
            FROM days d JOIN series s ON s.id = d.series WHERE d.day BETWEEN ? AND ? {where}
            GROUP BY ALL ORDER BY sum(d.spend) DESC NULLS LAST, 1, 2"""  # noqa: S608 - `by` is one of BY
        with self._named():
            given = [first_day, last_day, *([] if shop is None else [shop])]
            return [Totals(*row) for row in self._ask(asked, given)]

    def shops(self) -> list[str]:
        """Whose days are here."""
        with self._named():
            return [row[0] for row in self._ask("SELECT DISTINCT shop FROM series ORDER BY 1")]

    def forget(self, before_day: int) -> int:
        """Lets go of days before that one, and of their room; how many rows."""
        with self._writing():
            gone = int(self._ask("SELECT count(*) FROM days WHERE day < ?", [before_day])[0][0])
            self._ask("DELETE FROM days WHERE day < ?", [before_day])
        with self._named():
            self._ask("CHECKPOINT")
        return gone

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()
