"""The first schema: reports, budgets, products, plans, journal, intents, memory."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

COUNTS = ("impressions", "clicks", "orders", "units")
MICROS = ("spend", "revenue", "amount")


def upgrade() -> None:
    _figures()
    _catalogue()
    _journal()
    for table in ("journal", "reports"):
        _refuse_edits(table)


def _figures() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("account", "budget", "campaign", "product")),
        sa.Column("window", sa.Integer, nullable=False),
        sa.UniqueConstraint("account", "budget", "campaign", "product", "window", name="series_key"),
    )
    words = ("name", "channel", "grouping", "zone", "currency")
    op.create_table(
        "labels",
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in words),
        sa.UniqueConstraint(*words, name="labels_key"),
    )
    op.create_table(
        "reports",
        sa.Column("series", sa.Integer, sa.ForeignKey("series.id"), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column("observed", sa.BigInteger, primary_key=True),
        sa.Column("label", sa.Integer, sa.ForeignKey("labels.id"), nullable=False),
        *(sa.Column(name, sa.Float) for name in COUNTS),
        *(sa.Column(name, sa.BigInteger) for name in MICROS),
        *(sa.CheckConstraint(f"{name} >= 0 AND {name} < 1e15", name=f"reports_{name}") for name in COUNTS),
        *(sa.CheckConstraint(f"{name} >= 0", name=f"reports_{name}") for name in MICROS),
        sqlite_with_rowid=False,
    )


def _catalogue() -> None:
    op.create_table(
        "budgets",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("native", sa.Text, primary_key=True),
        sa.Column("now", sa.BigInteger),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("read_at", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "budget_amounts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("native", sa.Text, nullable=False),
        sa.Column("read_at", sa.BigInteger, nullable=False),
        sa.Column("micros", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
    )
    op.create_index("budget_amounts_read_at", "budget_amounts", ["read_at"])
    op.create_table(
        "products",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("read_at", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "plans",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("decided_at", sa.BigInteger, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.UniqueConstraint("id", name="plans_id"),
    )
    op.create_table(
        "memory",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("previous_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.create_index("journal_kind", "journal", ["kind", "number"])
    head = op.create_table(
        "journal_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "number": 0, "hash": "0" * 64}])
    op.create_table(
        "intents",
        sa.Column("number", sa.Integer, sa.ForeignKey("journal.number"), primary_key=True, autoincrement=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("native", sa.Text, nullable=False),
        sa.Column("before", sa.BigInteger, nullable=False),
        sa.Column("after", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("day", sa.Integer),
    )
    op.create_index("intents_status", "intents", ["status"])


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
