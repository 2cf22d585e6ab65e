"""Moves a shop's saved state from one store into another: every row, then counts, digests of the rows and the chain.

One transaction reads the source, so that it is one state of it, and one writes the target: all of it or nothing. The
leases come along as over, with their tokens, which must only grow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select

from bidder.errors import LeaseTaken, StoreError
from bidder.store import (
    journal,
    lever_tables,  # noqa: F401 - their tables are copied too: they are in the metadata once this is imported
    schema,
    tables,
)
from bidder.store.database import Database, instant, micros_of

__all__ = ["Moved", "copy"]

BLOCK = 5_000


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of one table."""

    table: str
    rows: int
    digest: str
    """The first digits of a SHA-256 over its rows: the same in both."""


def copy(source_url: str, target_url: str, at: datetime, gone: Callable[[str], bool]) -> list[Moved]:
    """Copies all of it and compares; a line for each table.

    Raises LeaseTaken when a bidder runs on either (`gone` says of a holder that it has ended), StoreError when the
    target holds anything already, when the source's chain is broken, or when the two differ in the end.
    """
    source = Database(source_url, read_only=True)
    try:
        schema.check(source)
        target = Database(target_url, read_only=False)
        try:
            schema.migrate(target)
            with source.reading() as old, target.writing() as new:
                _nobody_writes(old, at, gone)
                _nobody_writes(new, at, gone)
                _empty(new, target)
                moved = [_table(old, new, table, target) for table in tables.metadata.sorted_tables]
                if target.schema is not None:
                    schema.number_on(new, target.schema)
                fault = journal.verify(new)
                if fault is not None:
                    raise StoreError(f"{source.where}: the journal's chain is broken: {fault}; nothing was kept")
                return moved
        finally:
            target.close()
    finally:
        source.close()


def _nobody_writes(connection: Connection, at: datetime, gone: Callable[[str], bool]) -> None:
    for row in connection.execute(select(tables.leases)):
        if row.until > micros_of(at) and not gone(row.holder):
            raise LeaseTaken(row.name, row.holder, instant(row.until))


def _empty(connection: Connection, target: Database) -> None:
    for table in tables.metadata.sorted_tables:
        if table is tables.journal_head:
            continue
        count = _count(connection, table)
        if count:
            raise StoreError(f"{target.where}: holds {count} rows in {table.name} already; name an empty store")
    connection.execute(delete(tables.journal_head))


def _table(old: Connection, new: Connection, table: Table, target: Database) -> Moved:
    digest, rows = sha256(), 0
    for block in _blocks(old, table):
        for row in block:
            digest.update(_line(row))
        rows += len(block)
        if table is tables.leases:
            block = [{**row, "until": 0} for row in block]
        new.execute(insert(table), block)
    # leases are changed on the way
    if table is not tables.leases:
        again, count = sha256(), 0
        for block in _blocks(new, table):
            for row in block:
                again.update(_line(row))
            count += len(block)
        if (count, again.digest()) != (rows, digest.digest()):
            what = f"{table.name} did not arrive as it was ({count} of {rows} rows); nothing was kept"
            raise StoreError(f"{target.where}: {what}")
    return Moved(table.name, rows, digest.hexdigest()[:16])


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _blocks(connection: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    """The rows in the order of the key, which both databases sort alike."""
    query = select(table).order_by(*table.primary_key.columns)
    result = connection.execute(query.execution_options(yield_per=BLOCK))
    for rows in result.mappings().partitions():
        yield [dict(row) for row in rows]


def _line(row: dict[str, Any]) -> bytes:
    return repr(tuple(row.values())).encode()
