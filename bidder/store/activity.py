"""The shop's activity in and out of the database: versions of files, and pushed messages counted once each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection, and_, delete, func, insert, select, update

from bidder.activity import COUNTS, MONEY, UNKNOWN, WHOLE_DAY, Activity, Pushed
from bidder.errors import StoreError
from bidder.store.database import micros_of
from bidder.store.protocol import Taken
from bidder.store.tables import activity, activity_events, activity_series

__all__ = ["add", "add_events", "forget_events", "known"]

FIGURES = (*COUNTS, *MONEY)
SECOND = 1_000_000
HOUR = 3600 * SECOND
"""Of a figure that is pushed all day one version an hour is kept: the newest of each."""
MILLION = 1_000_000
LAST_DAY = 200_000
_EPOCH = 719_163  # ordinal of 1970-01-01

Key = tuple[int, int, int]
"""Series, day, hour."""


def add(connection: Connection, new: Activity) -> int:
    """Inserts the rows that say something new; gives their number. Raises StoreError for figures that cannot be.

    Nothing new is a row that equals the newest known of its key; a row seen earlier than that one is kept in its place
    unless an equal one stands before it.
    """
    if not len(new):
        return 0
    _refuse_impossible(new)
    series = _ids(connection, list(zip(new.source.tolist(), new.product.tolist(), new.traffic.tolist(), strict=True)))
    keys = list(zip(series, new.day.tolist(), new.hour.tolist(), strict=True))
    observed = np.rint(new.observed * SECOND).astype(np.int64).tolist()
    figures = [dict(zip(("zone", "currency", *FIGURES), one, strict=True)) for one in _figures(new)]
    versions = _versions(connection, set(series), int(new.day.min()), int(new.day.max()))
    fresh: list[dict[str, Any]] = []
    for row in sorted(range(len(new)), key=observed.__getitem__):
        history = versions.setdefault(keys[row], {})
        before = [at for at in history if at <= observed[row]]
        at = observed[row]
        if (before and history[max(before)] == figures[row]) or history.get(max(history, default=0)) == figures[row]:
            continue
        while at in history:
            at += 1  # another file of the very same instant: kept as a microsecond after it
        history[at] = figures[row]
        fresh.append({**dict(zip(("series", "day", "hour"), keys[row], strict=True)), "observed": at, **figures[row]})
    if fresh:
        connection.execute(insert(activity), fresh)
    return len(fresh)


def known(connection: Connection, as_of: datetime | None, since_day: int | None) -> Activity:
    """The newest version at `as_of` of every key, sorted by source, product, traffic, day and hour."""
    keys = ("series", "day", "hour")
    newest = select(*(activity.c[name] for name in keys), func.max(activity.c.observed).label("observed"))
    if as_of is not None:
        newest = newest.where(activity.c.observed <= micros_of(as_of))
    if since_day is not None:
        # every series is named so that SQLite seeks in the key (series, day, …) and does not read all years
        newest = newest.where(activity.c.day >= since_day, activity.c.series.in_(select(activity_series.c.id)))
    last = newest.group_by(*(activity.c[name] for name in keys)).subquery()
    names = [activity_series.c[name] for name in ("source", "product", "traffic")]
    columns = [activity.c[name] for name in ("zone", "currency", "day", "hour", "observed", *FIGURES)]
    query = (
        select(*names, *columns)
        .join_from(last, activity, and_(*(activity.c[name] == last.c[name] for name in (*keys, "observed"))))
        .join(activity_series, activity_series.c.id == activity.c.series)
        .order_by(*names, activity.c.day, activity.c.hour)
    )
    return _activity(connection.execute(query).all())


def add_events(connection: Connection, events: Sequence[Pushed], received: datetime) -> list[Taken]:
    """Takes messages in their order; gives what became of each. The days they touch get a new version.

    A running total's message is stale when a newer one of its day is known; a message of a source that says what was
    added is stale only beside the same instant with a higher sequence.
    """
    results: list[Taken] = []
    touched: dict[tuple[int, int], Pushed] = {}
    series = _ids(connection, [(one.source, one.product or "", one.traffic) for one in events])
    ledger = _Ledger(connection, [(number, one) for number, one in zip(series, events, strict=True)])
    for number, one in zip(series, events, strict=True):
        outcomes = [ledger.take(number, one, name, value) for name, value in one.values.items()]
        result: Taken = "accepted" if "accepted" in outcomes else "stale" if "stale" in outcomes else "duplicate"
        if result == "accepted":
            touched[number, _day(one)] = one
        results.append(result)
    ledger.save()
    _new_versions(connection, touched, micros_of(received))
    return results


def forget_events(connection: Connection, before_day: int) -> None:
    """Forgets messages of days before that one: from then on such a message would count twice, so none is taken."""
    connection.execute(delete(activity_events).where(activity_events.c.day < before_day))


class _Ledger:
    """The messages that bear on a batch: what is known, and what the batch changes."""

    def __init__(self, connection: Connection, batch: Sequence[tuple[int, Pushed]]) -> None:
        self._connection = connection
        self._known: dict[tuple[int, int, str, int], tuple[int, int, int]] = {}  # → value, sequence, hour
        self._newest: dict[tuple[int, int, str], int] = {}
        self._changed: set[tuple[int, int, str, int]] = set()
        self._stored: set[tuple[int, int, str, int]] = set()
        table = activity_events
        running = {(number, _day(one)) for number, one in batch if one.running}
        added: dict[tuple[int, int], set[int]] = {}
        for number, one in batch:
            if not one.running:
                added.setdefault((number, _day(one)), set()).add(micros_of(one.at))
        for number, day in running:
            self._load(select(table).where(table.c.series == number, table.c.day == day))
        for (number, day), instants in added.items():
            for part in _parts(sorted(instants), 500):
                query = select(table).where(table.c.series == number, table.c.day == day, table.c.at.in_(part))
                self._load(query)

    def _load(self, query: Any) -> None:
        for row in self._connection.execute(query):
            key = (row.series, row.day, row.name, row.at)
            self._known[key] = (row.value, row.sequence, row.hour)
            self._stored.add(key)
            short = key[:3]
            self._newest[short] = max(row.at, self._newest.get(short, row.at))

    def take(self, number: int, one: Pushed, name: str, value: int) -> Taken:
        """One figure of one message."""
        short, at = (number, _day(one), name), micros_of(one.at)
        key = (*short, at)
        newest = self._newest.get(short)
        if one.running and newest is not None and at < newest:
            return "stale"
        known = self._known.get(key)
        if known is not None:
            if known[0] == value:
                return "duplicate"
            if one.sequence < known[1]:
                return "stale"
        self._known[key] = (value, one.sequence, one.at.astimezone(ZoneInfo(one.day.zone)).hour)
        self._changed.add(key)
        if one.running and newest is not None and at > newest:
            self._changed.discard((*short, newest))
            self._known.pop((*short, newest), None)
        self._newest[short] = at if newest is None else max(at, newest)
        return "accepted"

    def save(self) -> None:
        """Writes what changed: a running total keeps its newest message alone."""
        table = activity_events
        gone = self._stored - self._known.keys()
        for key in gone | (self._changed & self._stored):
            where = [table.c[name] == value for name, value in zip(("series", "day", "name", "at"), key, strict=True)]
            self._connection.execute(delete(table).where(*where))
        rows = [
            {
                **dict(zip(("series", "day", "name", "at"), key, strict=True)),
                **dict(zip(("value", "sequence", "hour"), self._known[key], strict=True)),
            }
            for key in sorted(self._changed)
        ]
        if rows:
            self._connection.execute(insert(table), rows)


def _new_versions(connection: Connection, touched: Mapping[tuple[int, int], Pushed], at: int) -> None:
    """The day's figures (and for sources that say what was added, the hours') after a batch."""
    table = activity_events
    for (number, day), one in touched.items():
        here = [table.c.series == number, table.c.day == day]
        if one.running:
            rows = [(WHOLE_DAY, row.name, row.value) for row in connection.execute(select(table).where(*here))]
        else:
            columns = [table.c.hour, table.c.name, func.sum(table.c.value)]
            rows = [
                (int(hour), str(name), int(total))
                for hour, name, total in connection.execute(
                    select(*columns).where(*here).group_by(table.c.hour, table.c.name)
                )
            ]
            for name in {name for _, name, _ in rows}:
                rows.append((WHOLE_DAY, name, sum(total for _, other, total in rows if other == name)))
        by_hour: dict[int, dict[str, Any]] = {}
        for hour, name, total in rows:
            value = total / MILLION if name in COUNTS else total
            by_hour.setdefault(hour, dict.fromkeys(FIGURES))[name] = value
        for hour, figures in by_hour.items():
            values = {"zone": one.day.zone, "currency": one.currency, **figures}
            _put(connection, (number, day, hour), values, at)


def _put(connection: Connection, key: Key, values: Mapping[str, Any], at: int) -> None:
    """Adds a version; the last one makes room for it when it is itself within an hour of the one before."""
    here = [activity.c[name] == value for name, value in zip(("series", "day", "hour"), key, strict=True)]
    query = select(activity).where(*here).order_by(activity.c.observed.desc()).limit(2)
    last = [row._mapping for row in connection.execute(query)]
    if last and all(last[0][name] == value for name, value in values.items()):
        return
    at = max(at, last[0]["observed"] + 1) if last else at
    if len(last) == 2 and last[0]["observed"] - last[1]["observed"] < HOUR:
        where = [*here, activity.c.observed == last[0]["observed"]]
        connection.execute(update(activity).where(*where).values(observed=at, **values))
        return
    row = dict(zip(("series", "day", "hour"), key, strict=True))
    connection.execute(insert(activity), {**row, "observed": at, **values})


def _ids(connection: Connection, rows: Sequence[tuple[str, str, str]]) -> list[int]:
    """The id of each row's series, made where it is new."""
    table = activity_series
    names = ("source", "product", "traffic")
    sources = sorted({row[0] for row in rows})

    def read() -> dict[tuple[str, str, str], int]:
        found = connection.execute(select(table).where(table.c.source.in_(sources)))
        return {(row.source, row.product, row.traffic): row.id for row in found}

    by_key = read()
    missing = [row for row in dict.fromkeys(rows) if row not in by_key]
    if missing:
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in missing])
        by_key = read()
    return [by_key[row] for row in rows]


def _versions(connection: Connection, series: set[int], first: int, last: int) -> dict[Key, dict[int, dict[str, Any]]]:
    """The figures of these series and days by key and instant."""
    found: dict[Key, dict[int, dict[str, Any]]] = {}
    for part in _parts(sorted(series), 500):
        query = select(activity).where(activity.c.day.between(first, last), activity.c.series.in_(part))
        for row in connection.execute(query):
            values = {name: getattr(row, name) for name in ("zone", "currency", *FIGURES)}
            found.setdefault((row.series, row.day, row.hour), {})[row.observed] = values
    return found


def _figures(new: Activity) -> Iterable[tuple[Any, ...]]:
    columns = [new.zone.tolist(), new.currency.tolist()]
    columns += [[None if value != value else value for value in getattr(new, name).tolist()] for name in COUNTS]
    columns += [[None if value == UNKNOWN else value for value in getattr(new, name).tolist()] for name in MONEY]
    return zip(*columns, strict=True)


def _activity(rows: Sequence[Any]) -> Activity:
    names = ("source", "product", "traffic", "zone", "currency", "day", "hour", "observed", *FIGURES)
    columns: dict[str, Any] = {}
    for place, name in enumerate(names):
        values = [row[place] for row in rows]
        if place < 5:
            columns[name] = np.empty(len(values), dtype=object)
            columns[name][:] = values
        elif name in COUNTS:
            columns[name] = np.array([np.nan if one is None else one for one in values], dtype=np.float64)
        else:
            columns[name] = np.array([UNKNOWN if one is None else one for one in values], dtype=np.int64)
    return Activity(**{**columns, "observed": columns["observed"] / SECOND})


def _refuse_impossible(new: Activity) -> None:
    checks = [("day", (new.day < 0) | (new.day > LAST_DAY)), ("observed", ~np.isfinite(new.observed))]
    checks += [("hour", (new.hour < WHOLE_DAY) | (new.hour > 23))]
    checks += [(name, (getattr(new, name) < 0) | (getattr(new, name) >= 1e15)) for name in COUNTS]
    checks += [(name, getattr(new, name) < UNKNOWN) for name in MONEY]
    for name, bad in checks:
        if bad.any():
            row = int(np.argmax(bad))
            what = f"{new.source[row]} {new.product[row] or 'shop'} on {np.datetime64(int(new.day[row]), 'D')}"
            raise StoreError(f"{what}: {name} cannot be {getattr(new, name)[row]}; nothing was stored")


def _day(one: Pushed) -> int:
    return one.day.date.toordinal() - _EPOCH


def _parts(values: Sequence[int], size: int) -> Iterable[Sequence[int]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
