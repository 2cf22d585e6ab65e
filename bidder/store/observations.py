"""Reports in and out of the database: columns on both sides, every version kept.

A version is one state of the figures of a (series, day) from `observed` on. What was known at an instant is, for each
such pair, the newest version at or before it; adding versions observed later never changes that answer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, insert, select

from bidder.errors import StoreError
from bidder.reports import UNKNOWN_MICROS, Reports
from bidder.store.database import micros_of
from bidder.store.tables import COUNTS, MICROS, labels, reports, series

__all__ = ["add", "known", "versions"]

SERIES = ("account", "budget", "campaign", "product", "window")
LABELS = ("name", "channel", "group", "zone", "currency")
FIGURES = (*COUNTS, *MICROS)
LAST_DAY = 200_000
BLOCK = 50_000
SECOND = 1_000_000

Figures = tuple[Any, ...]


class Version(NamedTuple):
    """What was known from `observed` on: zone, currency, counts, micros (None: unknown)."""

    observed: int
    figures: Figures


def add(connection: Connection, new: Reports) -> int:
    """Inserts the rows that say something new; gives their number. Raises StoreError for figures that cannot be.

    Nothing new is a row whose figures equal the newest known of its key, or those known at its own instant. An instant
    holds one version: another one of the same instant, from a later call, is kept as a microsecond after it.
    """
    if not len(new):
        return 0
    _refuse_impossible(new)
    series_ids = _ids(connection, series, SERIES, _tuples(new, SERIES))
    label_ids = _ids(connection, labels, LABELS, _tuples(new, LABELS))
    history = _history(connection, int(new.day.min()), int(new.day.max()), set(new.account.tolist()))
    observed = np.rint(new.observed * SECOND).astype(np.int64).tolist()
    figures = _figure_tuples(new)
    fresh: list[dict[str, Any]] = []
    given: dict[tuple[int, int, int], Figures] = {}
    keys = list(zip(series_ids, new.day.tolist(), observed, strict=True))
    for row in sorted(range(len(new)), key=observed.__getitem__):
        if given.setdefault(keys[row], figures[row]) != figures[row]:
            raise StoreError(f"{_named(new, row)}: one report has two different figures for it; give it once")
        series_id, day, at = keys[row]
        instant = _place(history.setdefault((series_id, day), []), Version(at, figures[row]))
        if instant is not None:
            values = dict(zip(FIGURES, figures[row][2:], strict=True))
            fresh.append({"series": series_id, "day": day, "observed": instant, "label": label_ids[row], **values})
    for start in range(0, len(fresh), BLOCK):
        connection.execute(insert(reports), fresh[start : start + BLOCK])
    return len(fresh)


def _place(history: list[Version], new: Version) -> int | None:
    """Puts a version into the history of its key (sorted by instant); its instant, or None when it adds nothing."""
    if history and history[-1].figures == new.figures:
        return None
    place = bisect_right(history, new.observed, key=lambda one: one.observed)
    at = new.observed
    if place and history[place - 1].figures == new.figures:
        return None
    if place and history[place - 1].observed == at:
        at += 1
        while place < len(history) and history[place].observed == at:
            if history[place].figures == new.figures:
                return None
            place, at = place + 1, at + 1
    history.insert(place, Version(at, new.figures))
    return at


def known(connection: Connection, as_of: datetime | None, since_day: int | None) -> Reports:
    """The newest version at `as_of` of every key, sorted by key and day."""
    newest = select(reports.c.series, reports.c.day, func.max(reports.c.observed).label("observed"))
    if as_of is not None:
        newest = newest.where(reports.c.observed <= micros_of(as_of))
    if since_day is not None:
        newest = newest.where(_since(since_day))
    last = newest.group_by(reports.c.series, reports.c.day).subquery()
    same = and_(*(reports.c[name] == last.c[name] for name in ("series", "day", "observed")))
    return _read(connection, select(*_columns()).join_from(last, reports, same))


def versions(connection: Connection, since_day: int | None) -> Reports:
    """Every version, sorted by key, day and instant."""
    query = select(*_columns())
    if since_day is not None:
        query = query.where(_since(since_day))
    return _read(connection, query)


def _since(day: int) -> ColumnElement[bool]:
    """Rows from that day on. Naming every series lets SQLite seek in the key (series, day, …), not read all years."""
    return and_(reports.c.day >= day, reports.c.series.in_(select(series.c.id)))


def _columns() -> list[Any]:
    plain = [reports.c[name] for name in ("series", "label", "day", "observed", *COUNTS)]
    return [*plain, *(func.coalesce(reports.c[name], UNKNOWN_MICROS).label(name) for name in MICROS)]


def _read(connection: Connection, query: Select[Any]) -> Reports:
    # raw tuples of the driver: SQLAlchemy's rows would cost more than the query
    result = connection.execute(query)
    cursor: Any = result.cursor
    blocks = []
    while rows := cursor.fetchmany(BLOCK):
        columns = list(zip(*rows, strict=True))
        floats = {len(SERIES) - 1 + index for index in range(len(COUNTS))}
        blocks.append([np.array(c, dtype=np.float64 if i in floats else np.int64) for i, c in enumerate(columns)])
    result.close()
    size = 4 + len(FIGURES)
    found = [np.concatenate(parts) for parts in zip(*blocks, strict=True)] or [np.empty(0, np.int64)] * size
    return _reports(found, _words(connection, series, SERIES), _words(connection, labels, LABELS))


def _reports(found: list[NDArray[Any]], keys: dict[int, tuple[Any, ...]], words: dict[int, tuple[Any, ...]]) -> Reports:
    series_id, label_id, day, observed = found[:4]
    # a rank by names, not the order of arrival: the same content always comes out in the same order
    rank = {number: place for place, number in enumerate(sorted(keys, key=keys.__getitem__))}
    order = np.lexsort((observed, day, _looked_up(series_id, rank, np.int64)))
    series_id, label_id, day, observed, *figures = (column[order] for column in found)
    columns: dict[str, Any] = {}
    for place, name in enumerate(SERIES):
        kind = np.int64 if name == "window" else object
        columns[name] = _looked_up(series_id, {number: key[place] for number, key in keys.items()}, kind)
    for place, name in enumerate(LABELS):
        columns[name] = _looked_up(label_id, {number: key[place] for number, key in words.items()}, object)
    columns |= zip(COUNTS, (column.astype(np.float64) for column in figures[: len(COUNTS)]), strict=True)
    columns |= zip(MICROS, figures[len(COUNTS) :], strict=True)
    return Reports(**columns, day=day, observed=observed / SECOND)


def _looked_up(ids: NDArray[Any], values: dict[int, Any], kind: Any) -> NDArray[Any]:
    """`values[id]` for a whole column."""
    table = np.zeros(max(values, default=0) + 1, dtype=kind)
    if values:
        table[list(values)] = list(values.values())
    return table[ids.astype(np.int64)]


def _words(connection: Connection, table: Table, names: Sequence[str]) -> dict[int, tuple[Any, ...]]:
    columns = [table.c[_column(name)] for name in names]
    return {row[0]: tuple(row[1:]) for row in connection.execute(select(table.c.id, *columns))}


def _ids(connection: Connection, table: Table, names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> list[int]:
    """The id of each row's key, made where it is new."""
    rows = list(rows)
    by_key = {key: number for number, key in _words(connection, table, names).items()}
    missing = [key for key in dict.fromkeys(rows) if key not in by_key]
    if missing:
        columns = [_column(name) for name in names]
        connection.execute(insert(table), [dict(zip(columns, key, strict=True)) for key in missing])
        by_key = {key: number for number, key in _words(connection, table, names).items()}
    return [by_key[key] for key in rows]


def _column(name: str) -> str:
    return "grouping" if name == "group" else name  # `group` is a word of SQL


def _tuples(new: Reports, names: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    return zip(*(getattr(new, name).tolist() for name in names), strict=True)


def _figure_tuples(new: Reports) -> list[Figures]:
    columns = [new.zone.tolist(), new.currency.tolist()]
    columns += [[None if value != value else value for value in getattr(new, name).tolist()] for name in COUNTS]
    columns += [[None if v == UNKNOWN_MICROS else v for v in getattr(new, name).tolist()] for name in MICROS]
    return list(zip(*columns, strict=True))


def _history(connection: Connection, first: int, last: int, accounts: set[str]) -> dict[tuple[int, int], list[Version]]:
    """The versions of these days and accounts by key, oldest first."""
    columns = [reports.c.series, reports.c.day, reports.c.observed, labels.c.zone, labels.c.currency]
    query = (
        select(*columns, *(reports.c[name] for name in FIGURES))
        .join_from(reports, labels, reports.c.label == labels.c.id)
        .join(series, reports.c.series == series.c.id)
        .where(reports.c.day.between(first, last), series.c.account.in_(sorted(accounts)))
        .order_by(reports.c.series, reports.c.day, reports.c.observed)
    )
    found: dict[tuple[int, int], list[Version]] = {}
    result = connection.execute(query)
    cursor: Any = result.cursor  # raw tuples here as well
    while rows := cursor.fetchmany(BLOCK):
        for row in rows:
            found.setdefault(row[:2], []).append(Version(row[2], row[3:]))
    result.close()
    return found


def _refuse_impossible(new: Reports) -> None:
    checks = [("day", (new.day < 0) | (new.day > LAST_DAY)), ("observed", ~np.isfinite(new.observed))]
    checks += [(name, (getattr(new, name) < 0) | (getattr(new, name) >= 1e15)) for name in COUNTS]
    checks += [(name, getattr(new, name) < UNKNOWN_MICROS) for name in MICROS]
    for name, bad in checks:
        if bad.any():
            row = int(np.argmax(bad))
            raise StoreError(f"{_named(new, row)}: {name} cannot be {getattr(new, name)[row]}; nothing was stored")


def _named(new: Reports, row: int) -> str:
    day = np.datetime64(int(new.day[row]), "D")
    return f"{new.account[row]}/{new.campaign[row]} {new.product[row]} on {day}".replace("  ", " ")
