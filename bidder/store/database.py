"""Opens the database, and makes a StoreError of whatever goes wrong in it. All that is particular to SQLite is here.

Writes begin with the write lock (BEGIN IMMEDIATE), so that two processes wait for each other instead of failing
half-way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from bidder.errors import StoreError

__all__ = ["Database", "instant", "micros_of"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WAIT = timedelta(seconds=10)
"""How long a write waits for another process's write."""

ADVICE = {
    "disk is full": "free some space; bidder goes on by itself when there is room",
    "disk I/O error": "look after the disk; nothing is written to a platform meanwhile",
    "readonly": "let this user write the file and its folder",
    "unable to open": "check that the folder exists and that this user may read it",
    "locked": f"another program has been writing for more than {WAIT.total_seconds():.0f} s; stop it and try again",
    "malformed": "the file is damaged; put a backup in its place",
    "not a database": "the file is not a store of bidder; name another one",
    "no such table": "the file is not a store of bidder; name another one",
    "append-only": "what is written there is never changed",
}


def micros_of(at: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, exactly. Raises StoreError for a naive instant."""
    if at.tzinfo is None:
        raise StoreError(f"expected an aware instant, was {at.isoformat()}")
    return (at - EPOCH) // timedelta(microseconds=1)


def instant(micros: int) -> datetime:
    """The UTC instant that many microseconds after 1970-01-01."""
    return EPOCH + timedelta(microseconds=micros)


class Database:
    """One database: reading and writing transactions, whose failures are StoreErrors naming the place."""

    def __init__(self, url: str, *, read_only: bool) -> None:
        self.url = _parsed(url)
        self.path = _path(self.url)
        self.where = str(self.path or self.url.render_as_string(hide_password=True))
        if self.path is not None:
            _check_file(self.path, read_only)
        self.engine = self._engine(read_only)

    def _engine(self, read_only: bool) -> Engine:
        # SQLAlchemy pools connections of a file and lets them change threads: the daemon calls from worker threads
        try:
            if self.path is None:
                return create_engine(self.url, pool_pre_ping=True)
            engine = create_engine(
                URL.create("sqlite", database=str(self.path)), connect_args={"timeout": WAIT.total_seconds()}
            )
        except (ImportError, NoSuchModuleError) as e:
            raise StoreError(f"{self.where}: the driver of this database is not installed: {e}") from e
        _prepare_sqlite(engine, read_only)
        return engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database."""
        with self._named(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its start and is on disk when it ends; all of it or nothing."""
        with self._named(), self.engine.connect() as plain:
            connection = plain.execution_options(bidder_writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError) as e:
            reason = str(getattr(e, "orig", None) or e)
            advice = next((text for sign, text in ADVICE.items() if sign in reason), "")
            raise StoreError(f"{self.where}: {reason}" + (f"; {advice}" if advice else "")) from e

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as e:
        # the text is not shown: what cannot be parsed may hold a password
        raise StoreError("store: expected a URL such as sqlite:///bidder.db") from e
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreError(f"store: expected a file such as sqlite:///bidder.db, was {url!r}")
    return parsed


def _path(url: URL) -> Path | None:
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def _check_file(path: Path, read_only: bool) -> None:
    if path.is_dir():
        raise StoreError(f"{path}: is a folder; name a file in it")
    if read_only and not path.is_file():
        raise StoreError(f"{path}: there is no store yet; `bidder import FILE` or `bidder run` makes one")
    if not path.parent.is_dir():
        raise StoreError(f"{path}: its folder does not exist; make it or name another place")


def _prepare_sqlite(engine: Engine, read_only: bool) -> None:
    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        pragmas = ["foreign_keys=ON", "cache_size=-16000", "temp_store=MEMORY"]
        # FULL: an intent must be on disk before its request leaves, also through a power cut
        pragmas += ["query_only=ON"] if read_only else ["journal_mode=WAL", "synchronous=FULL", "recursive_triggers=ON"]
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("bidder_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
