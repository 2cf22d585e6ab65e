"""What is held and why, remembered across restarts: a row for each thing that keeps bidder from moving a budget.

A hold lives while what it stands on is seen, or until its time is over; one that a person ended stays ended for a day,
so that the same finding does not come back with the next poll.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from bidder.store import journal
from bidder.store.database import instant, micros_of
from bidder.store.tables import holds
from bidder.watch.hold import Effect, Hold

__all__ = ["REST", "current", "end", "see"]

REST = timedelta(hours=24)
"""For so long a hold that a person ended does not come back."""


def current(connection: Connection, at: datetime | None = None) -> list[Hold]:
    """The holds in force, oldest first; `at` leaves out those whose time is over then."""
    query = select(holds).where(holds.c.ended.is_(None)).order_by(holds.c.since, holds.c.item, holds.c.name)
    found = [_hold(row) for row in connection.execute(query)]
    return [one for one in found if at is None or one.until is None or one.until > at]


def see(
    connection: Connection, seen: Sequence[Hold], at: datetime, checks: Collection[str]
) -> tuple[list[Hold], list[Hold]]:
    """Makes `seen` the findings of these checks; gives what began and what ended by itself, each journaled."""
    now = micros_of(at)
    rows = {(row.item, row.name): row for row in connection.execute(select(holds))}
    fresh = {(one.item, one.check): one for one in seen}
    began: list[Hold] = []
    for key, one in fresh.items():
        row = rows.get(key)
        if row is not None and row.ended is not None and row.by_hand and now - row.ended < REST // _MICRO:
            continue
        until = None if one.until is None else micros_of(one.until)
        values = {"reason": one.reason, "effect": one.effect, "until": until, "ended": None, "by_hand": 0}
        if row is None:
            connection.execute(
                insert(holds), {"item": one.item, "name": one.check, "since": micros_of(one.since), **values}
            )
        elif row.ended is not None:
            connection.execute(update(holds).where(_is(*key)).values(since=micros_of(one.since), **values))
        else:
            connection.execute(update(holds).where(_is(*key)).values(**values))
            continue
        began.append(one)
        journal.append(connection, "alert", at, _facts(one, "began"))
    ended: list[Hold] = []
    for key, row in rows.items():
        if row.ended is not None:
            continue
        over = row.until is not None and row.until <= now
        gone = row.name in checks and key not in fresh and row.until is None
        if over or gone:
            connection.execute(update(holds).where(_is(*key)).values(ended=now, by_hand=0))
            ended.append(_hold(row))
            journal.append(connection, "alert", at, _facts(_hold(row), "ended by itself"))
    _forget(connection, now)
    return began, ended


def end(connection: Connection, item: str, at: datetime, reason: str) -> list[Hold]:
    """Ends every hold of an item by hand, each journaled; gives them."""
    rows = list(connection.execute(select(holds).where(holds.c.ended.is_(None), holds.c.item == item)))
    for row in rows:
        connection.execute(update(holds).where(_is(row.item, row.name)).values(ended=micros_of(at), by_hand=1))
        journal.append(connection, "note", at, {**_facts(_hold(row), "ended by hand"), "by": reason})
    return [_hold(row) for row in rows]


_MICRO = timedelta(microseconds=1)


def _forget(connection: Connection, now: int) -> None:
    connection.execute(delete(holds).where(holds.c.ended.is_not(None), holds.c.ended < now - 2 * (REST // _MICRO)))


def _is(item: str, name: str) -> Any:
    return (holds.c.item == item) & (holds.c.name == name)


def _hold(row: Any) -> Hold:
    until = None if row.until is None else instant(row.until)
    return Hold(row.item, row.name, row.reason, instant(row.since), Effect(row.effect), until)


def _facts(one: Hold, what: str) -> dict[str, Any]:
    return {"what": what, "item": one.item, "check": one.check, "reason": one.reason, "effect": one.effect.value}
