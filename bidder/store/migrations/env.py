"""Alembic's entry: runs the revisions on the connection that `bidder.store.schema` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from bidder.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
context.run_migrations()
