"""Small shops for the tests of estimation: one line makes a Snapshot from columns of figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from bidder.catalog import Account, Budget, BudgetStatus, Product
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import Currency, Money
from bidder.snapshot import EPOCH_ORDINAL, FloatArray, History, Snapshot

USD = Currency("USD")
ACCOUNT = AccountId("shop")
DAY0 = 20_000


def a_budget(name: str, *products: str, currency: Currency = USD, **facts: Any) -> Budget:
    """A budget of the shop's account."""
    return Budget(BudgetId(ACCOUNT, name), name, currency, products=tuple(ProductId(one) for one in products), **facts)


def a_shop(
    budgets: Sequence[Budget],
    columns: Mapping[str, Any] | None = None,
    products: Sequence[Product] = (),
    *,
    today: int | None = None,
    seen_after: float | None = 40.0,
    exchange: Mapping[Currency, float] | None = None,
    currency: Currency = USD,
) -> Snapshot:
    """A Snapshot whose decided day is `today` (default: after the last row); figures seen `seen_after` days later."""
    columns = dict(columns or {})
    size = max((len(column) for column in columns.values()), default=0)
    last = int(np.max(columns["day"])) if size else DAY0
    decided = date.fromordinal((last + 1 if today is None else today) + EPOCH_ORDINAL)
    as_of = datetime(decided.year, decided.month, decided.day, tzinfo=UTC) + timedelta(days=seen_after or 0)
    if size and "observed" not in columns and seen_after is not None:
        columns["observed"] = np.full(size, as_of.timestamp())
    return Snapshot.build(
        as_of=as_of,
        day=decided,
        currency=currency,
        accounts=[Account(ACCOUNT, "platform", currency, "UTC")],
        budgets=budgets,
        products=products,
        history=History.of(columns),
        exchange=exchange,
    )


def daily(spend: FloatArray, **figures: FloatArray) -> dict[str, Any]:
    """Columns of History from tables of (budgets, days)."""
    n, days = spend.shape
    columns: dict[str, Any] = {
        "budget": np.repeat(np.arange(n), days),
        "day": np.tile(np.arange(days) + DAY0, n),
        "spend": spend.ravel(),
    }
    return columns | {name: np.broadcast_to(table, spend.shape).ravel() for name, table in figures.items()}


def budgets(n: int, **facts: Any) -> list[Budget]:
    """n budgets b0, b1, … that advertise products p0, p1, …"""
    return [a_budget(f"b{i}", f"p{i}", **facts) for i in range(n)]


def products(n: int, margin: float | None = 0.4, price: float | None = None) -> list[Product]:
    """n products alike."""
    money = None if price is None else Money.parse(str(price), USD)
    return [Product(ProductId(f"p{i}"), margin=margin, price=money) for i in range(n)]


def by_name(snapshot: Snapshot, column: FloatArray) -> FloatArray:
    """A column in Snapshot order, put in the order of the budgets' numbers (b0, b1, …)."""
    names = [int(budget.id.native[1:]) for budget in snapshot.budgets]
    out = np.empty_like(column)
    out[names] = column
    return out


PAUSED = BudgetStatus.PAUSED
