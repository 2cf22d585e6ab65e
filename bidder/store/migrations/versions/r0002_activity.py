"""The shop's own activity: its figures by product, day and source of traffic, and what was pushed lately."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

COUNTS = ("visitors", "views", "carts", "favourites", "orders", "buyers", "units", "new_buyers", "old_buyers")
MICROS = ("revenue", "refunds")


def upgrade() -> None:
    op.create_table(
        "activity_series",
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("source", "product", "traffic")),
        sa.UniqueConstraint("source", "product", "traffic", name="activity_series_key"),
    )
    op.create_table(
        "activity",
        sa.Column("series", sa.Integer, sa.ForeignKey("activity_series.id"), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column("hour", sa.Integer, primary_key=True),
        sa.Column("observed", sa.BigInteger, primary_key=True),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        *(sa.Column(name, sa.Float) for name in COUNTS),
        *(sa.Column(name, sa.BigInteger) for name in MICROS),
        *(sa.CheckConstraint(f"{name} >= 0 AND {name} < 1e15", name=f"activity_{name}") for name in COUNTS),
        *(sa.CheckConstraint(f"{name} >= 0", name=f"activity_{name}") for name in MICROS),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "activity_events",
        sa.Column("series", sa.Integer, sa.ForeignKey("activity_series.id"), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, primary_key=True),
        sa.Column("hour", sa.Integer, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
