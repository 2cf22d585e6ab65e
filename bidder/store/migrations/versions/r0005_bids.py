"""Bids and targets: as last read, their values over time, their figures as known when, and their writes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

COUNTS = ("impressions", "clicks", "orders", "units")
MICROS = ("spend", "revenue")
SHARES = ("share", "top_share")

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "lever_series",
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("account", "kind", "native")),
        sa.UniqueConstraint("account", "kind", "native", name="lever_series_key"),
    )
    op.create_table(
        "levers",
        sa.Column("series", sa.Integer, sa.ForeignKey("lever_series.id"), primary_key=True, autoincrement=False),
        sa.Column("now", sa.BigInteger),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("read_at", sa.BigInteger, nullable=False),
        sa.Column("document", TEXT, nullable=False),
    )
    op.create_table(
        "lever_values",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("series", sa.Integer, sa.ForeignKey("lever_series.id"), nullable=False),
        sa.Column("read_at", sa.BigInteger, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.create_index("lever_values_read_at", "lever_values", ["read_at"])
    op.create_table(
        "lever_reports",
        sa.Column("series", sa.Integer, sa.ForeignKey("lever_series.id"), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column("observed", sa.BigInteger, primary_key=True),
        sa.Column("currency", TEXT, nullable=False),
        *(sa.Column(name, sa.Float) for name in COUNTS),
        *(sa.Column(name, sa.BigInteger) for name in MICROS),
        sa.Column("rank", sa.Float),
        *(sa.Column(name, sa.Float) for name in SHARES),
        sa.Column("value", sa.BigInteger),
        *(sa.CheckConstraint(f"{name} >= 0 AND {name} < 1e15", name=f"lever_reports_{name}") for name in COUNTS),
        *(sa.CheckConstraint(f"{name} >= 0", name=f"lever_reports_{name}") for name in MICROS),
        *(sa.CheckConstraint(f"{name} >= 0 AND {name} <= 1", name=f"lever_reports_{name}") for name in SHARES),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lever_intents",
        sa.Column("number", sa.Integer, sa.ForeignKey("journal.number"), primary_key=True, autoincrement=False),
        sa.Column("plan", TEXT, nullable=False),
        sa.Column("series", sa.Integer, sa.ForeignKey("lever_series.id"), nullable=False),
        sa.Column("before", sa.BigInteger, nullable=False),
        sa.Column("after", sa.BigInteger, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("day", sa.Integer),
    )
    op.create_index("lever_intents_status", "lever_intents", ["status"])
    op.create_index("lever_intents_at", "lever_intents", ["at"])
    _refuse_edits("lever_reports")


def _refuse_edits(table: str) -> None:
    """The database itself refuses to change or delete what is only ever appended."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
    )
