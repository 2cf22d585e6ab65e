"""What is particular to PostgreSQL: how a shop's schema is reached, how its writers wait for each other, what it says.

A shop has a schema of its own (`?schema=tea_house` in the URL; without it `public`), so that one database holds many.
Every transaction sets its search path and its patience for itself: nothing depends on what a session said before, and
shops share connections, also behind a pooler. A write first takes the schema's advisory lock and so happens alone, as
SQLite's BEGIN IMMEDIATE makes it; it then reads what was committed before it. A read sees one state (REPEATABLE READ).
"""

from __future__ import annotations

import re
from hashlib import sha256
from threading import Lock
from typing import Any

from psycopg import OperationalError
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from bidder.errors import StoreError

__all__ = ["DEFAULT_SCHEMA", "Postgresql"]

DEFAULT_SCHEMA = "public"
WAIT_SECONDS = 10
"""How long a write waits for another's."""

ABANDONED_SECONDS = 60
"""A transaction that nobody has spoken in for so long is ended: its process was stopped, or its host is gone."""

SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")

RENEWED = 900
"""Seconds after which a connection is made anew: the server keeps what each has touched, many shops make that much."""

ADVICE = {
    "53100": "free some space; bidder goes on by itself when there is room",
    "53300": "let it take more connections (max_connections)",
    "28P01": "the password is wrong or missing: give it by store: {env: NAME}, or in ~/.pgpass",
    "28000": "let this role connect (pg_hba.conf)",
    "3D000": "make the database first: createdb",
    "42501": "let this role make tables there: GRANT CREATE, or name a schema of its own by ?schema=NAME",
    "42P01": "the schema is not a store of bidder; name another one",
    "55P03": f"another program has been writing for more than {WAIT_SECONDS} s; stop it and try again",
    "25006": "it is a standby or read-only: name the server that may be written",
    "25P03": "this process was away in the middle of a write, which was taken back; it goes on by itself",
    "57P01": "the server was stopped; bidder goes on by itself when it is there again",
    "57P03": "the server is starting or stopping; bidder goes on by itself when it is there again",
}
"""By SQLSTATE."""

SIGNS = {
    "password authentication failed": ADVICE["28P01"],
    "no password supplied": ADVICE["28P01"],
    "pg_hba.conf": ADVICE["28000"],
    "too many clients": ADVICE["53300"],
    "remaining connection slots": ADVICE["53300"],
    "starting up": ADVICE["57P03"],
    "shutting down": ADVICE["57P03"],
    "not yet accepting connections": ADVICE["57P03"],
}
"""What is said before there is a connection comes without a SQLSTATE."""

UNREACHABLE = "check that the server runs and can be reached; bidder goes on by itself when it is there again"


class Postgresql:
    """A schema on a server. Raises StoreError for a name that cannot be one; ImportError without the driver."""

    path = None

    def __init__(self, url: URL, *, read_only: bool) -> None:
        schema = url.query.get("schema", DEFAULT_SCHEMA)
        if not isinstance(schema, str) or not SCHEMA.fullmatch(schema):
            raise StoreError(f"store: schema: expected one name of a-z, 0-9 and _, was {schema!r}")
        self.schema: str | None = schema
        self.where = url.render_as_string(hide_password=True)
        self._url = url.set(drivername="postgresql+psycopg").difference_update_query(["schema"])
        self.engine = _Shared.take(self._url)
        self._read_only = read_only
        self._open = True

    def options(self, *, writes: bool) -> dict[str, Any]:
        """Of a transaction; one that only reads sees one state from its first statement to its last."""
        kept = {"bidder_schema": self.schema, "bidder_writes": writes}
        if not writes:
            return {**kept, "isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        return {**kept, "postgresql_readonly": True} if self._read_only else kept

    def said(self, cause: BaseException) -> str:
        """What went wrong, in a line, and what to do about it."""
        lines = [line.strip() for line in str(cause).splitlines()]
        kept = [line for line in lines if line and not line.startswith(("LINE ", "^", "CONTEXT:", "PL/pgSQL"))]
        advice = _advice(cause)
        return ("; ".join(kept[:2]) or type(cause).__name__) + (f"; {advice}" if advice else "")

    def close(self) -> None:
        """Closes the connections when no other shop of this process needs them."""
        if self._open:
            self._open = False
            _Shared.give_back(self._url)


class _Shared:
    """The engines of this process, one for each server and role: its shops share the connections."""

    _engines: dict[URL, tuple[Engine, int]] = {}  # noqa: RUF012 - one registry for the process is the point
    _lock = Lock()

    @classmethod
    def take(cls, url: URL) -> Engine:
        """The engine of this address, made when nobody holds it."""
        with cls._lock:
            engine, users = cls._engines.get(url) or (_engine(url), 0)
            cls._engines[url] = (engine, users + 1)
            return engine

    @classmethod
    def give_back(cls, url: URL) -> None:
        """Closes the connections when nobody else needs them."""
        with cls._lock:
            engine, users = cls._engines.pop(url)
            if users > 1:
                cls._engines[url] = (engine, users - 1)
                return
        engine.dispose()


def _engine(url: URL) -> Engine:
    defaults: dict[str, Any] = {
        "connect_timeout": 10,
        "application_name": "bidder",
        "client_encoding": "utf8",
        # a server that vanishes without a word is noticed, also in the middle of a query
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }
    arguments = {key: value for key, value in defaults.items() if key not in url.query}
    engine = create_engine(
        url, pool_pre_ping=True, pool_size=5, max_overflow=10, pool_recycle=RENEWED, connect_args=arguments
    )

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        schema = connection.get_execution_options().get("bidder_schema")
        if schema is not None:
            _begin(connection, schema, writes=bool(connection.get_execution_options().get("bidder_writes")))

    return engine


def _begin(connection: Connection, schema: str, *, writes: bool) -> None:
    """The first statement of a transaction: where it works, how long it waits, and a write's turn."""
    asked = f"set_config('search_path', '\"{schema}\"', true)"
    if writes:
        key = int.from_bytes(sha256(f"bidder/{schema}".encode()).digest()[:8], "big", signed=True)
        asked += (
            f", set_config('lock_timeout', '{WAIT_SECONDS}s', true)"
            f", set_config('idle_in_transaction_session_timeout', '{ABANDONED_SECONDS}s', true)"
            # an intent must be on the disk before its request leaves, whatever the server does by default
            ", set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')"
            " THEN 'on' ELSE current_setting('synchronous_commit') END, true)"
            f", pg_advisory_xact_lock({key})"
        )
    connection.exec_driver_sql(f"SELECT {asked}")


def _advice(error: BaseException | None) -> str:
    """What to do about an error of the driver; "" where only the message helps."""
    state = getattr(error, "sqlstate", None)
    if state in ADVICE:
        return ADVICE[state]
    text = str(error)
    found = next((what for sign, what in SIGNS.items() if sign in text), None)
    if found is None and 'database "' in text and "does not exist" in text:
        found = ADVICE["3D000"]
    lost = isinstance(error, OperationalError) and (not state or state[:2] in {"08", "57"})
    return found or (UNREACHABLE if lost else "")
