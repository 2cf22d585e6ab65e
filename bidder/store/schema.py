"""Brings a database to this program's schema. Alembic is imported only where there is something to migrate.

The copy made before a migration stands beside what is migrated: a file `bidder.db.before-0006`, in PostgreSQL a schema
`public_before_0006` that the older bidder can open as it is.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from bidder.errors import NoStoreYet, StoreError
from bidder.store.database import Database

__all__ = ["HEAD", "LOCATION", "check", "migrate", "number_on"]

HEAD = "0006"
"""The newest revision in `migrations/versions` (a test holds the two together)."""

NUMBERED = {
    "series": "id",
    "labels": "id",
    "activity_series": "id",
    "budget_amounts": "id",
    "plans": "number",
    "lever_series": "id",
    "lever_values": "id",
}
"""Tables whose rows the database numbers."""

LOCATION = Path(__file__).parent / "migrations"

_ONE_AT_A_TIME = Lock()
"""Alembic keeps what it works on in names of a module, the same for all threads: two shops would be mixed up."""


def check(database: Database) -> None:
    """Raises StoreError unless the database is at HEAD: for who only reads."""
    with database.reading() as connection:
        revision = _revision(connection, database)
        others = revision is None and _tables(connection, database)
    if revision is None and database.schema is not None and not others:
        raise NoStoreYet(database.where)
    if revision is None:
        raise StoreError(f"{database.where}: is not a store of bidder; {_elsewhere(database)}")
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
        revision = _revision(connection, database)
        others = revision is None and _tables(connection, database)
    if revision == HEAD:
        return
    if others:
        raise StoreError(f"{database.where}: holds tables of another program; {_elsewhere(database)}")
    if revision is not None:
        _refuse_newer(database, revision)
        if database.path is not None:
            _copy_file(database.path)
    with database.writing() as connection:
        if database.schema is not None:
            _make_schema(connection, database.schema)
        if _revision(connection, database) != revision:
            return  # another process was faster; it held the write lock until it was done
        if revision is not None and database.schema is not None:
            _copy_schema(connection, database, database.schema, revision)
        _upgrade(connection, "head")


def _revision(connection: Connection, database: Database) -> str | None:
    if not inspect(connection).has_table("alembic_version", database.schema):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _tables(connection: Connection, database: Database) -> bool:
    return bool(inspect(connection).get_table_names(database.schema))


def _elsewhere(database: Database) -> str:
    return "name another file" if database.schema is None else "name another schema by ?schema=NAME"


def _refuse_newer(database: Database, revision: str) -> None:
    from alembic.script import ScriptDirectory

    known = {one.revision for one in ScriptDirectory(str(LOCATION)).walk_revisions()}
    if revision not in known:
        raise StoreError(
            f"{database.where}: was written by a newer bidder (schema {revision}, here {HEAD}); "
            "install that version, or put the copy of before its upgrade in its place"
        )


def _upgrade(connection: Connection, to: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(LOCATION).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    with _ONE_AT_A_TIME:
        command.upgrade(config, to)


def _copy_file(path: Path) -> None:
    target = path.with_name(f"{path.name}.before-{HEAD}")
    try:
        # SQLite's own copy: it takes what still stands in the write-ahead log with it
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    except sqlite3.Error as e:
        raise StoreError(f"{target}: the copy before the upgrade cannot be made: {e}; nothing was changed") from e


def _make_schema(connection: Connection, schema: str) -> None:
    if not inspect(connection).has_schema(schema):
        connection.exec_driver_sql(f'CREATE SCHEMA "{schema}"')


def _copy_schema(connection: Connection, database: Database, schema: str, revision: str) -> None:
    """A store of the old revision with the same rows, in the transaction of the upgrade itself."""
    copy = f"{schema}_before_{HEAD}"
    try:
        connection.exec_driver_sql(f'CREATE SCHEMA "{copy}"')
        _work_in(connection, copy)
        _upgrade(connection, revision)
        old = MetaData()
        old.reflect(connection, schema=schema)
        for table in old.sorted_tables:
            if table.name in ("alembic_version", "journal_head"):
                connection.exec_driver_sql(f'DELETE FROM "{copy}"."{table.name}"')  # noqa: S608 - names of our own tables
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            source, target = f'"{schema}"."{table.name}"', f'"{copy}"."{table.name}"'
            connection.exec_driver_sql(f"INSERT INTO {target} ({names}) SELECT {names} FROM {source}")  # noqa: S608 - as above
        number_on(connection, copy)
        _work_in(connection, schema)
    except SQLAlchemyError as e:
        reason = str(getattr(e, "orig", None) or e).splitlines()[0]
        what = f"the copy before the upgrade (schema {copy}) cannot be made: {reason}; nothing was changed"
        raise StoreError(f"{database.where}: {what}") from e


def _work_in(connection: Connection, schema: str) -> None:
    connection.exec_driver_sql(f"SELECT set_config('search_path', '\"{schema}\"', true)")


def number_on(connection: Connection, schema: str) -> None:
    """Lets PostgreSQL's own numbers go on after rows that were copied with theirs."""
    for table, column in NUMBERED.items():
        if inspect(connection).has_table(table, schema):
            name = f'"{schema}"."{table}"'
            connection.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{name}', '{column}'), "  # noqa: S608 - names of our own tables
                f"coalesce((SELECT max({column}) FROM {name}), 0) + 1, false)"
            )
