"""The tables of the saved state, as the newest revision in `migrations/` leaves them (a test holds the two together).

Instants are microseconds since 1970-01-01 UTC, days are days since 1970-01-01, money is integer micros beside its
currency, documents are JSON text: types that SQLite and PostgreSQL have alike. Text sorts by its bytes in both.
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
    MetaData,
    Table,
    UniqueConstraint,
)
from sqlalchemy import Text as _Text

__all__ = [
    "ACTIVITY_COUNTS",
    "ACTIVITY_MICROS",
    "COUNTS",
    "MICROS",
    "activity",
    "activity_events",
    "activity_series",
    "budget_amounts",
    "budgets",
    "holds",
    "intents",
    "journal",
    "journal_head",
    "labels",
    "leases",
    "memory",
    "metadata",
    "plans",
    "products",
    "reports",
    "series",
]

metadata = MetaData()

Text = _Text().with_variant(_Text(collation="C"), "postgresql")

COUNTS = ("impressions", "clicks", "orders", "units")
"""Columns of a report that count; NULL is unknown."""

MICROS = ("spend", "revenue", "amount")
"""Columns of a report that are money in micros; NULL is unknown."""

series = Table(
    "series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", Text, nullable=False),
    Column("budget", Text, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("window", Integer, nullable=False),
    UniqueConstraint("account", "budget", "campaign", "product", "window", name="series_key"),
)
"""What a figure is about, apart from the day. `window` is the attribution window in days, -1 when not said."""

labels = Table(
    "labels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("grouping", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("currency", Text, nullable=False),
    UniqueConstraint("name", "channel", "grouping", "zone", "currency", name="labels_key"),
)
"""The words that many rows share."""

reports = Table(
    "reports",
    metadata,
    Column("series", Integer, ForeignKey("series.id"), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("observed", BigInteger, primary_key=True),
    Column("label", Integer, ForeignKey("labels.id"), nullable=False),
    *(Column(name, Float) for name in COUNTS),
    *(Column(name, BigInteger) for name in MICROS),
    # NaN fails these in PostgreSQL (it counts as larger than every number); SQLite cannot hold it
    *(CheckConstraint(f"{name} >= 0 AND {name} < 1e15", name=f"reports_{name}") for name in COUNTS),
    *(CheckConstraint(f"{name} >= 0", name=f"reports_{name}") for name in MICROS),
    sqlite_with_rowid=False,  # stored in the order of its key, in which it is read
)
"""Every version of every figure; never changed, never deleted (triggers)."""

budgets = Table(
    "budgets",
    metadata,
    Column("account", Text, primary_key=True),
    Column("native", Text, primary_key=True),
    Column("now", BigInteger),
    Column("currency", Text, nullable=False),
    Column("read_at", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)
"""Each budget as last read."""

budget_amounts = Table(
    "budget_amounts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", Text, nullable=False),
    Column("native", Text, nullable=False),
    Column("read_at", BigInteger, nullable=False),
    Column("micros", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Index("budget_amounts_read_at", "read_at"),
)
"""One row whenever another amount was read than before."""

products = Table(
    "products",
    metadata,
    Column("id", Text, primary_key=True),
    Column("read_at", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)

plans = Table(
    "plans",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Column("day", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("document", Text, nullable=False),
    UniqueConstraint("id", name="plans_id"),
    Index("plans_decided_at", "decided_at", "number"),
)

journal = Table(
    "journal",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("journal_kind", "kind", "number"),
)
"""Append-only (triggers); the chain of hashes shows what went around them."""

journal_head = Table(
    "journal_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("hash", Text, nullable=False),
)
"""One row: the newest line. Whoever appends updates it first, so that two never take the same number."""

intents = Table(
    "intents",
    metadata,
    Column("number", Integer, ForeignKey("journal.number"), primary_key=True, autoincrement=False),
    Column("plan", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("native", Text, nullable=False),
    Column("before", BigInteger, nullable=False),
    Column("after", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("day", Integer),
    Index("intents_status", "status"),
    Index("intents_at", "at"),
)
"""Where each write stands: open, unresolved, applied or refused. How it got there is in the journal."""

memory = Table(
    "memory",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Small JSON values remembered across restarts."""

ACTIVITY_COUNTS = ("visitors", "views", "carts", "favourites", "orders", "buyers", "units", "new_buyers", "old_buyers")
"""Columns of a shop's activity that count; NULL is unknown."""

ACTIVITY_MICROS = ("revenue", "refunds")
"""Columns of a shop's activity that are money in micros; NULL is unknown."""

activity_series = Table(
    "activity_series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("traffic", Text, nullable=False),
    UniqueConstraint("source", "product", "traffic", name="activity_series_key"),
)
"""What a figure of the shop is about: a product ("" the whole shop) and where its visitors came from ("" anywhere)."""

activity = Table(
    "activity",
    metadata,
    Column("series", Integer, ForeignKey("activity_series.id"), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("observed", BigInteger, primary_key=True),
    Column("zone", Text, nullable=False),
    Column("currency", Text, nullable=False),
    *(Column(name, Float) for name in ACTIVITY_COUNTS),
    *(Column(name, BigInteger) for name in ACTIVITY_MICROS),
    *(CheckConstraint(f"{name} >= 0 AND {name} < 1e15", name=f"activity_{name}") for name in ACTIVITY_COUNTS),
    *(CheckConstraint(f"{name} >= 0", name=f"activity_{name}") for name in ACTIVITY_MICROS),
    sqlite_with_rowid=False,
)
"""Every version of every figure of a file; of a pushed figure, which moves all day, one version an hour."""

activity_events = Table(
    "activity_events",
    metadata,
    Column("series", Integer, ForeignKey("activity_series.id"), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("hour", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("value", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""What was pushed lately, in millionths: by it a message that comes twice counts once."""

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("token", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)
"""Who may write until when; `token` grows by one with every holder."""

holds = Table(
    "holds",
    metadata,
    Column("item", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("effect", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("ended", BigInteger),
    Column("by_hand", Integer, nullable=False),
)
"""What is held (`shop`, an account, a budget) by which check (`name`); ended ones stay two days."""

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("name", "role", "shops", "hash", "created_by")),
    Column("created_at", BigInteger, nullable=False),
    *(Column(name, BigInteger) for name in ("expires_at", "revoked_at", "used_at")),
)
"""Who may look at which shops and act on them; `hash` is that of the token's secret, which stands nowhere."""
