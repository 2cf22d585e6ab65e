"""A store filled as a daemon fills it: a poll each morning, late orders, budgets and stock as they were read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from bidder.account_day import AccountDay
from bidder.backtest.past import Past, past_of
from bidder.catalog import Account, Budget, BudgetStatus, Mode, Product
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import Money
from bidder.performance import Observation, Performance
from bidder.reports import Reports
from bidder.response.settings import ResponseSettings
from bidder.snapshot import day_number
from bidder.store import open_reader, open_store
from bidder.store.protocol import Store
from tests.builders import CNY, yuan

ACCOUNT = Account(AccountId("ads"), "sandbox", CNY, "UTC", Mode.PROPOSE)
FIRST = date(2026, 3, 2)
NAMES = ("a", "b", "c", "d")
LATE = (0.5, 0.7, 0.8, 0.9, 1.0)
DECIDED_AT = time(9, 30)


def morning(day: date) -> datetime:
    """When that day's poll reads, half an hour before it is decided."""
    return datetime.combine(day, time(9, 0), UTC)


def amount_on(name: str, day: date) -> Money:
    """The budget in force that day: they move now and then."""
    return yuan(100 + 20 * NAMES.index(name) + 10 * ((day_number(day) // 5 + NAMES.index(name)) % 3))


def row(name: str, day: date, seen: datetime, *, orders: float, spend: Money | None = None) -> Observation:
    """One report row."""
    paid = spend or amount_on(name, day)
    clicks = int(paid.to_float() / (1.0 + 0.2 * NAMES.index(name)))
    return Observation(
        account=ACCOUNT.id,
        budget=BudgetId(ACCOUNT.id, name),
        campaign=name,
        product=ProductId(f"p-{name}"),
        day=AccountDay("UTC", day),
        observed_at=seen,
        performance=Performance(
            impressions=clicks * 40,
            clicks=clicks,
            spend=paid,
            orders=float(round(orders)),
            units=float(round(orders)),
            revenue=yuan(round(orders) * 80),
        ),
        amount=amount_on(name, day),
        window=7,
    )


def final_orders(name: str, day: date) -> float:
    """What a day comes to in the end."""
    return 6.0 + 3 * NAMES.index(name) + (day_number(day) * 7 + NAMES.index(name)) % 5


def poll(store: Store, day: date, names: Sequence[str] = NAMES, stock: int = 500) -> None:
    """One morning's reading: the last days at their age, today so far, budgets, stock."""
    seen = morning(day)
    rows = [
        row(name, past, seen, orders=final_orders(name, past) * LATE[min(age, len(LATE) - 1)])
        for name in names
        for age in range(6)
        if (past := day - timedelta(days=age)) >= FIRST
    ]
    store.add_reports(Reports.of(rows))
    store.add_budgets([a_budget(name, amount_on(name, day)) for name in names], seen)
    store.add_products(
        [Product(ProductId(f"p-{name}"), margin=0.4, stock=stock, stock_at=seen) for name in names], seen
    )


def a_budget(name: str, now: Money, status: BudgetStatus = BudgetStatus.ACTIVE) -> Budget:
    """A budget as its platform says it."""
    return Budget(
        id=BudgetId(ACCOUNT.id, name),
        name=name,
        currency=CNY,
        now=now,
        products=(ProductId(f"p-{name}"),),
        minimum=yuan(30),
        step=yuan(1),
        status=status,
    )


def a_store(folder: Path, days: int, name: str = "shop.db") -> str:
    """A store after so many mornings; its address."""
    url = f"sqlite:///{folder / name}"
    store = open_store(url)
    for number in range(1, days + 1):
        poll(store, FIRST + timedelta(days=number))
    store.close()
    return url


def the_past(url: str) -> Past:
    """What the store remembers."""
    reader = open_reader(url)
    try:
        return past_of(
            reader,
            ResponseSettings().late,
            zone="UTC",
            decided_at=DECIDED_AT,
            currency=CNY,
            accounts=(ACCOUNT,),
        )
    finally:
        reader.close()
