"""What is particular to SQLite: a file in WAL mode, opened for reading or for writing, and what it says when it cannot.

Writes begin with the write lock (BEGIN IMMEDIATE), so that two processes wait for each other instead of failing
half-way.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from bidder.errors import NoStoreYet, StoreError

__all__ = ["Sqlite"]

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


class Sqlite:
    """A file. Raises StoreError for a place where there can be none."""

    schema = None

    def __init__(self, url: URL, *, read_only: bool) -> None:
        self.path = Path(str(url.database))
        self.where = str(self.path)
        _check_file(self.path, read_only)
        # SQLAlchemy pools connections of a file and lets them change threads: the daemon calls from worker threads.
        # A daemon needs one, at times two; what more is opened when many ask at once is closed again, for each keeps
        # two files and 3 MB
        self.engine = create_engine(
            URL.create("sqlite", database=str(self.path)),
            connect_args={"timeout": WAIT.total_seconds()},
            pool_size=2,
            max_overflow=13,
        )
        _prepare(self.engine, read_only)

    def options(self, *, writes: bool) -> dict[str, Any]:
        """Of a transaction."""
        return {"bidder_writes": writes}

    def said(self, cause: BaseException) -> str:
        """What went wrong, and what to do about it."""
        reason = str(cause)
        advice = next((text for sign, text in ADVICE.items() if sign in reason), "")
        return reason + (f"; {advice}" if advice else "")

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()


def _check_file(path: Path, read_only: bool) -> None:
    if path.is_dir():
        raise StoreError(f"{path}: is a folder; name a file in it")
    if read_only and not path.is_file():
        raise NoStoreYet(str(path))
    if not path.parent.is_dir():
        raise StoreError(f"{path}: its folder does not exist; make it or name another place")


def _prepare(engine: Engine, read_only: bool) -> None:
    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        # 1 MB of pages for each connection: full within days. What is kept longer only fills memory as the store grows,
        # and saves no time, for the system keeps the file's pages as well
        pragmas = ["foreign_keys=ON", "cache_size=-1000", "temp_store=MEMORY"]
        # FULL: an intent must be on disk before its request leaves, also through a power cut
        pragmas += ["query_only=ON"] if read_only else ["journal_mode=WAL", "synchronous=FULL", "recursive_triggers=ON"]
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("bidder_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
