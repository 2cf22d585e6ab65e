"""The life of an intent to write, whatever is written: on disk with its line in the journal, closed by its outcome.

The statements of `budgets` and `levers` are made of these. Both tables have number, status and day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeVar, assert_never

from sqlalchemy import Connection, Table, insert, select, update

from bidder.errors import StoreError
from bidder.outcome import Applied, OutcomeOf, Refused, Unresolved
from bidder.store import journal
from bidder.store.database import micros_of

__all__ = ["OPEN", "Kept", "begin", "finish"]

V = TypeVar("V")

OPEN = ("open", "unresolved")
"""Status of what has no known outcome."""


class Kept(NamedTuple):
    """Where the intents of one kind are kept, how one is called, and the kinds of their lines in the journal."""

    table: Table
    name: str
    begun: str
    closed: str


def begin(connection: Connection, kept: Kept, facts: Mapping[str, Any], row: Mapping[str, Any], at: datetime) -> int:
    """Journals its line and keeps the intent under the number of that, which it gives."""
    line = journal.append(connection, kept.begun, at, facts)
    whole = {**row, "number": line.number, "at": micros_of(at), "status": "open", "day": None}
    connection.execute(insert(kept.table), whole)
    return line.number


def finish(
    connection: Connection,
    kept: Kept,
    number: int,
    facts: Mapping[str, Any],
    outcome: OutcomeOf[V],
    shown: Callable[[V], str],
    at: datetime,
    day: int,
) -> V | None:
    """Journals what became of it, in a line with `facts`; gives what is in force now, where that is known.

    Raises StoreError when it is closed already, or there is none.
    """
    table = kept.table
    status = connection.execute(select(table.c.status).where(table.c.number == number)).scalar()
    if status not in OPEN:
        item = facts.get("budget", facts.get("lever"))
        what = f"there is no such {kept.name}" if status is None else f"it is {status} already"
        raise StoreError(f"{kept.name} {number} of {item}: {what}")
    said: dict[str, Any] = {**facts, "intent": number}
    actual: V | None = None
    match outcome:
        case Applied(value):
            said["result"], actual = "applied", value
        case Refused(reason, found):
            said["result"], actual, said["reason"] = "refused", found, reason
        case Unresolved(reason):
            said["result"], said["reason"] = "unresolved", reason
        case _:
            assert_never(outcome)
    if actual is not None:
        said["actual"] = shown(actual)
    journal.append(connection, kept.closed, at, said)
    connection.execute(update(table).where(table.c.number == number).values(status=said["result"], day=day))
    return actual
