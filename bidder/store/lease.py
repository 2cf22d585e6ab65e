"""Leases: who may write, one at a time, with a token that only grows.

`daemon` is held by the one daemon of a shop, `write` by whoever writes budgets just now (the daemon's pass, or a
command beside it). A lease that was not renewed may be taken by another, whose token is one more. The token is asked
for in the very transaction of an intent: whoever was away for too long (a stopped process, a suspended host) finds a
newer one and writes nothing more, whatever its own clock says. Plain SQL of SQLite and PostgreSQL: the row is locked by
the UPDATE that reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bidder.errors import LeaseTaken
from bidder.store.database import instant, micros_of
from bidder.store.protocol import Lease
from bidder.store.tables import leases

__all__ = ["newest", "release", "renew", "take", "verify"]


def take(
    connection: Connection, name: str, holder: str, at: datetime, lasting: timedelta, gone: Callable[[str], bool]
) -> Lease:
    """The lease with the next token, when nobody holds it or its holder is `gone`. Raises LeaseTaken naming it."""
    now, until = micros_of(at), micros_of(at + lasting)
    row = _locked(connection, name)
    if row is None:
        connection.execute(insert(leases), {"name": name, "token": 1, "holder": holder, "until": until})
        return Lease(name, 1, holder, instant(until))
    if row.until > now and not gone(row.holder):
        raise LeaseTaken(name, row.holder, instant(row.until))
    if name == "daemon" and row.until > 0 and row.holder != holder:
        # it was lost, not given back: no intent of its holder can pass any more, so its turn to write is over too
        others = (leases.c.holder == row.holder) & (leases.c.name != name)
        connection.execute(update(leases).where(others).values(until=0))
    token = row.token + 1
    connection.execute(update(leases).where(leases.c.name == name).values(token=token, holder=holder, until=until))
    return Lease(name, token, holder, instant(until))


def renew(connection: Connection, lease: Lease, at: datetime, lasting: timedelta) -> Lease:
    """The same lease for longer. Raises LeaseTaken when another has taken it meanwhile."""
    verify(connection, [lease])
    until = micros_of(at + lasting)
    connection.execute(update(leases).where(leases.c.name == lease.name).values(until=until))
    return Lease(lease.name, lease.token, lease.holder, instant(until))


def verify(connection: Connection, held: Iterable[Lease]) -> None:
    """Raises LeaseTaken unless every one of these has the newest token; they stay locked until the transaction ends."""
    for lease in sorted(held, key=lambda one: one.name):
        row = _locked(connection, lease.name)
        if row is None or row.token != lease.token:
            holder, until = ("nobody", 0) if row is None else (row.holder, row.until)
            raise LeaseTaken(lease.name, holder, instant(until), lost=True)


def release(connection: Connection, lease: Lease) -> None:
    """Lets others take it at once; nothing when another has taken it already."""
    mine = (leases.c.name == lease.name) & (leases.c.token == lease.token)
    connection.execute(update(leases).where(mine).values(until=0))


def newest(connection: Connection, name: str) -> Lease | None:
    """The lease as it stands, expired or not; None when nobody ever took it."""
    row = connection.execute(select(leases).where(leases.c.name == name)).one_or_none()
    return None if row is None else Lease(name, row.token, row.holder, instant(row.until))


def _locked(connection: Connection, name: str) -> Any:
    same = update(leases).where(leases.c.name == name).values(token=leases.c.token)
    return connection.execute(same.returning(leases)).one_or_none()
