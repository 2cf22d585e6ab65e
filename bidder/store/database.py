"""Opens the database, SQLite or PostgreSQL, and makes a StoreError of whatever goes wrong in it.

What is particular to either is in `sqlite` and `postgresql`: how a write happens alone, what an error means. To all
others a database is two kinds of transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from bidder.errors import StoreError

__all__ = ["Database", "instant", "micros_of"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EXPECTED = "expected a URL such as sqlite:///bidder.db or postgresql://user@host/database"


def micros_of(at: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, exactly. Raises StoreError for a naive instant."""
    if at.tzinfo is None:
        raise StoreError(f"expected an aware instant, was {at.isoformat()}")
    return (at - EPOCH) // timedelta(microseconds=1)


def instant(micros: int) -> datetime:
    """The UTC instant that many microseconds after 1970-01-01."""
    return EPOCH + timedelta(microseconds=micros)


class _Backend(Protocol):
    """What SQLite and PostgreSQL each know of themselves."""

    where: str
    engine: Engine

    @property
    def path(self) -> Path | None: ...

    @property
    def schema(self) -> str | None: ...

    def options(self, *, writes: bool) -> dict[str, Any]: ...

    def said(self, cause: BaseException) -> str: ...

    def close(self) -> None: ...


class Database:
    """One database: reading and writing transactions, whose failures are StoreErrors naming the place."""

    def __init__(self, url: str, *, read_only: bool) -> None:
        self._backend = _opened(_parsed(url), read_only)
        self._shared = threading.local()
        self.where = self._backend.where
        """For messages; without a password."""
        self.path = self._backend.path
        """The file of SQLite."""
        self.schema = self._backend.schema
        """Where in PostgreSQL the shop's tables are."""
        self.engine = self._backend.engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database; within `as_one` of this thread, that one's."""
        shared: Connection | None = getattr(self._shared, "connection", None)
        if shared is not None:
            yield shared
            return
        with self._transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def as_one(self) -> Iterator[None]:
        """Whatever this thread reads meanwhile, it reads in one transaction: of one state, and begun once."""
        with self.reading() as connection:
            before, self._shared.connection = getattr(self._shared, "connection", None), connection
            try:
                yield
            finally:
                self._shared.connection = before

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its start and is on disk when it ends; all of it or nothing."""
        with self._transaction(writes=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        try:
            with self.engine.connect() as plain:
                connection = plain.execution_options(**self._backend.options(writes=writes))
                with connection.begin():
                    yield connection
        except (SQLAlchemyError, OSError) as e:
            cause = getattr(e, "orig", None) or e
            raise StoreError(f"{self.where}: {self._backend.said(cause)}") from e

    def close(self) -> None:
        """Closes its connections."""
        self._backend.close()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as e:
        # the text is not shown: what cannot be parsed may hold a password
        raise StoreError(f"store: {EXPECTED}") from e
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreError(f"store: expected a file such as sqlite:///bidder.db, was {url!r}")
    return parsed


def _opened(url: URL, read_only: bool) -> _Backend:
    try:
        match url.get_backend_name():
            case "sqlite":
                from bidder.store.sqlite import Sqlite

                return Sqlite(url, read_only=read_only)
            case "postgresql" | "postgres":
                from bidder.store.postgresql import Postgresql

                return Postgresql(url, read_only=read_only)
    except (ImportError, NoSuchModuleError) as e:
        what = "the driver is not installed: pip install 'bidder[postgresql]'"
        raise StoreError(f"{url.render_as_string(hide_password=True)}: {what}") from e
    raise StoreError(f"store: no such store: {url.drivername}; {EXPECTED}")
