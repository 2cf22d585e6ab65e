"""The saved state: what was reported, decided and written. Opened here; what may be asked is in `protocol`.

SQLite in WAL mode or PostgreSQL, by one URL. Nothing heavy is imported before a store is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bidder.store.protocol import Store, StoreReader

__all__ = ["open_reader", "open_store"]


def open_store(url: str) -> Store:
    """Opens the store for reading and writing; makes it, or brings it to this program's schema, when needed.

    `url` is SQLAlchemy's, such as `sqlite:///bidder.db`. Before an existing SQLite file is migrated a copy is made
    beside it. Raises StoreError for what cannot be opened or was written by a newer program.
    """
    from bidder.store.sql import SqlStore

    return SqlStore(url)


def open_reader(url: str) -> StoreReader:
    """Opens the store for reading only. Raises StoreError when there is none: a reader makes no file."""
    from bidder.store.sql import SqlReader

    return SqlReader(url)
