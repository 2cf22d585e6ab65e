"""Brings a database to this program's schema. Alembic is imported only where there is something to migrate.

The copy made before a migration stands beside the file: `bidder.db.before-0003`.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from bidder.errors import StoreError
from bidder.store.database import Database

__all__ = ["HEAD", "LOCATION", "check", "migrate"]

HEAD = "0003"
"""The newest revision in `migrations/versions` (a test holds the two together)."""

LOCATION = Path(__file__).parent / "migrations"


def check(database: Database) -> None:
    """Raises StoreError unless the database is at HEAD: for who only reads."""
    with database.reading() as connection:
        revision = _revision(connection)
    if revision is None:
        raise StoreError(f"{database.where}: is not a store of bidder; name another file")
    if revision != HEAD:
        _refuse_newer(database, revision)
        raise StoreError(
            f"{database.where}: was written by an older bidder (schema {revision}, here {HEAD}); "
            "`bidder run` or any other command that writes brings it up to date"
        )


def migrate(database: Database) -> None:
    """Brings the database to HEAD in one transaction; makes the tables of an empty one.

    Raises StoreError for a database of a newer bidder or of another program.
    """
    with database.reading() as connection:
        revision = _revision(connection)
        tables = set(inspect(connection).get_table_names()) if revision is None else set()
    if revision == HEAD:
        return
    if revision is None and tables:
        raise StoreError(f"{database.where}: holds tables of another program; name another file")
    if revision is not None:
        _refuse_newer(database, revision)
        if database.path is not None:
            _copy(database.path)
    with database.writing() as connection:
        if _revision(connection) != revision:
            return  # another process was faster; it held the write lock until it was done
        _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _refuse_newer(database: Database, revision: str) -> None:
    from alembic.script import ScriptDirectory

    known = {one.revision for one in ScriptDirectory(str(LOCATION)).walk_revisions()}
    if revision not in known:
        raise StoreError(
            f"{database.where}: was written by a newer bidder (schema {revision}, here {HEAD}); "
            "install that version, or put the copy of before its upgrade in its place"
        )


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(LOCATION).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _copy(path: Path) -> None:
    target = path.with_name(f"{path.name}.before-{HEAD}")
    try:
        # SQLite's own copy: it takes what still stands in the write-ahead log with it
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    except sqlite3.Error as e:
        raise StoreError(f"{target}: the copy before the upgrade cannot be made: {e}; nothing was changed") from e
