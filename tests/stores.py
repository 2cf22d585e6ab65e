"""Both kinds of store for one test: what is promised of the saved state holds on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from bidder.store import open_reader, open_store
from bidder.store.protocol import Store, StoreReader
from tests.fakes import empty_database
from tests.postgres import PostgresServer

__all__ = ["Place", "Stores"]


@dataclass(frozen=True)
class Place:
    """Where one saved state is."""

    url: str

    def open(self) -> Store:
        """For reading and writing."""
        return open_store(self.url)

    def reader(self) -> StoreReader:
        """For reading."""
        return open_reader(self.url)

    @property
    def on_postgresql(self) -> bool:
        """Which of the two."""
        return self.url.startswith("postgresql:")

    def execute(self, *statements: str) -> list[tuple[Any, ...]]:
        """As somebody with the database in hand would; the rows of the last statement."""
        rows: list[tuple[Any, ...]] = []
        with self.by_hand() as connection:
            for statement in statements:
                found = connection.execute(statement)
                rows = found.fetchall() if found.description is not None else []
        return rows

    @contextmanager
    def by_hand(self) -> Iterator[Any]:
        """A connection of the driver's own; kept when the block ends well."""
        if self.on_postgresql:
            with psycopg.connect(self.url) as one:
                yield one
        else:
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as two, two:
                two.execute("PRAGMA recursive_triggers=ON")  # as the store sets it
                yield two


class Stores:
    """Places for new stores of one kind."""

    def __init__(self, folder: Path, server: PostgresServer | None) -> None:
        self._folder, self.server = folder, server
        self._made: list[str] = []

    def new(self) -> Place:
        """An empty store, migrated."""
        if self.server is None:
            path = self._folder / f"{uuid4().hex}.db"
            path.write_bytes(empty_database())
            return Place(f"sqlite:///{path}")
        self._made.append(self.server.new_database())
        return Place(self._made[-1])

    def bare(self) -> Place:
        """A place where there is nothing yet."""
        if self.server is None:
            return Place(f"sqlite:///{self._folder / uuid4().hex}.db")
        self._made.append(self.server.bare_database())
        return Place(self._made[-1])

    def close(self) -> None:
        """Drops what was made on the server."""
        for url in self._made:
            assert self.server is not None
            self.server.drop(url)
