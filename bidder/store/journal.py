"""The journal: numbered lines without gaps, each carrying the hash of the line before it.

A line's hash is sha256 over the previous hash and the line as canonical JSON (sorted keys, no spaces, no NaN). The
database refuses to change or delete lines; who goes around it breaks the chain, and `verify` names the first such line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bidder.errors import StoreError
from bidder.store.database import instant, micros_of
from bidder.store.protocol import JournalLine
from bidder.store.tables import journal, journal_head

__all__ = ["KINDS", "append", "canonical", "lines", "verify"]

KINDS = frozenset(
    "imported refused_file polled decided intent outcome typed foreign_edit state approved rejected started stopped "
    "alert note access bid_intent bid_outcome bid_foreign_edit".split()
)
FIRST = "0" * 64
BLOCK = 5_000


def canonical(value: Any) -> str:
    """The one JSON text of a value. Raises StoreError for NaN and for what JSON has no word for."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as e:
        raise StoreError(f"cannot be stored as JSON: {e}") from e


def append(connection: Connection, kind: str, at: datetime, facts: Mapping[str, Any]) -> JournalLine:
    """Adds a line within the caller's transaction."""
    if kind not in KINDS:
        raise StoreError(f"journal: no such kind of line: {kind!r}; there are {', '.join(sorted(KINDS))}")
    text, micros = canonical(dict(facts)), micros_of(at)
    # an update reads it: that takes the head's lock, so that a second writer waits here
    forth = update(journal_head).values(number=journal_head.c.number + 1)
    number, previous = connection.execute(forth.returning(journal_head.c.number, journal_head.c.hash)).one()
    digest = _hash(previous, number, micros, kind, text)
    row = {"number": number, "at": micros, "kind": kind, "facts": text, "previous_hash": previous, "hash": digest}
    connection.execute(insert(journal), row)
    connection.execute(update(journal_head).values(hash=digest))
    return JournalLine(number, instant(micros), kind, json.loads(text), previous, digest)


def lines(
    connection: Connection, limit: int | None, kind: str | None, since: datetime | None = None
) -> list[JournalLine]:
    """Newest first."""
    query = select(journal).order_by(journal.c.number.desc()).limit(limit)
    if kind is not None:
        query = query.where(journal.c.kind == kind)
    if since is not None:
        query = query.where(journal.c.at >= micros_of(since))
    return [
        JournalLine(row.number, instant(row.at), row.kind, json.loads(row.facts), row.previous_hash, row.hash)
        for row in connection.execute(query)
    ]


def verify(connection: Connection) -> str | None:
    """None when every line carries the hash of the one before and the newest is the one remembered as newest."""
    expected, previous = 0, FIRST
    for row in connection.execution_options(yield_per=BLOCK).execute(select(journal).order_by(journal.c.number)):
        expected += 1
        if row.number != expected:
            return f"line {expected} is missing"
        if row.previous_hash != previous:
            return f"line {row.number} does not carry the hash of the line before it"
        if row.hash != _hash(previous, row.number, row.at, row.kind, row.facts):
            return f"line {row.number} is not what was written"
        previous = row.hash
    number, newest = connection.execute(select(journal_head.c.number, journal_head.c.hash)).one()
    if number > expected:
        return f"line {expected + 1} is missing"
    return None if (number, newest) == (expected, previous) else f"line {expected} is not the one remembered as newest"


def _hash(previous: str, number: int, at: int, kind: str, facts: str) -> str:
    # the canonical JSON of the line, with the facts exactly as they are stored
    line = f'{{"at":{at},"facts":{facts},"kind":"{kind}","number":{number}}}'
    return sha256(f"{previous}\n{line}".encode()).hexdigest()
