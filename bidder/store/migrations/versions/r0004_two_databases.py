"""Text that sorts by its bytes in PostgreSQL too, as in SQLite; and indexes for what is asked all the time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TEXTS = {
    "activity": "zone currency",
    "activity_events": "name",
    "activity_series": "source product traffic",
    "budget_amounts": "account native currency",
    "budgets": "account native currency document",
    "holds": "item name reason effect",
    "intents": "plan account native currency status",
    "journal": "kind facts previous_hash hash",
    "journal_head": "hash",
    "labels": "name channel grouping zone currency",
    "leases": "name holder",
    "memory": "key value",
    "plans": "id day status document",
    "products": "id document",
    "series": "account budget campaign product",
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # the order of names must not depend on the language that the server was installed in
        for table, columns in TEXTS.items():
            for column in columns.split():
                op.alter_column(table, column, type_=sa.Text(collation="C"))
    op.create_index("plans_decided_at", "plans", ["decided_at", "number"])
    op.create_index("intents_at", "intents", ["at"])
