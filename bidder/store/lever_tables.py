"""The tables of bids and targets: each as last read, its values over time, its figures as known when, its writes.

Values are millionths of a lever's own unit (money a click, money an order, a ratio). The rest is as in `tables`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
)

from bidder.store.tables import COUNTS, Text, metadata

__all__ = [
    "LEVER_MICROS",
    "SHARES",
    "lever_intents",
    "lever_reports",
    "lever_series",
    "lever_values",
    "levers",
]

LEVER_MICROS = ("spend", "revenue")
"""Columns of a lever's report that are money in micros; NULL is unknown."""

SHARES = ("share", "top_share")
"""Columns of a lever's report that are parts of a whole; NULL where the platform does not say."""

lever_series = Table(
    "lever_series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("native", Text, nullable=False),
    UniqueConstraint("account", "kind", "native", name="lever_series_key"),
)
"""Each bid and target that was ever seen, by the number that the other tables know it by."""

levers = Table(
    "levers",
    metadata,
    Column("series", Integer, ForeignKey("lever_series.id"), primary_key=True, autoincrement=False),
    Column("now", BigInteger),
    Column("currency", Text, nullable=False),
    Column("read_at", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)
"""Each as last read."""

lever_values = Table(
    "lever_values",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("series", Integer, ForeignKey("lever_series.id"), nullable=False),
    Column("read_at", BigInteger, nullable=False),
    Column("value", BigInteger, nullable=False),
    Index("lever_values_read_at", "read_at"),
)
"""One row whenever another value was read than before."""

lever_reports = Table(
    "lever_reports",
    metadata,
    Column("series", Integer, ForeignKey("lever_series.id"), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("observed", BigInteger, primary_key=True),
    Column("currency", Text, nullable=False),
    *(Column(name, Float) for name in COUNTS),
    *(Column(name, BigInteger) for name in LEVER_MICROS),
    Column("rank", Float),
    *(Column(name, Float) for name in SHARES),
    Column("value", BigInteger),
    *(CheckConstraint(f"{name} >= 0 AND {name} < 1e15", name=f"lever_reports_{name}") for name in COUNTS),
    *(CheckConstraint(f"{name} >= 0", name=f"lever_reports_{name}") for name in LEVER_MICROS),
    *(CheckConstraint(f"{name} >= 0 AND {name} <= 1", name=f"lever_reports_{name}") for name in SHARES),
    sqlite_with_rowid=False,
)
"""Every version of every figure; never changed, never deleted (triggers)."""

lever_intents = Table(
    "lever_intents",
    metadata,
    Column("number", Integer, ForeignKey("journal.number"), primary_key=True, autoincrement=False),
    Column("plan", Text, nullable=False),
    Column("series", Integer, ForeignKey("lever_series.id"), nullable=False),
    Column("before", BigInteger, nullable=False),
    Column("after", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("day", Integer),
    Index("lever_intents_status", "status"),
    Index("lever_intents_at", "at"),
)
"""Where each write stands: open, unresolved, applied or refused. How it got there is in the journal."""
