"""Alembic revisions of the store, run by `bidder.store.schema`. A published revision is never edited."""
