"""Readable worlds in a line or two: `a_shop(a_budget("feed/p1", now=100), days=28)`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import numpy as np

from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget, BudgetStatus, Product
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import Currency, Money, currency_of
from bidder.performance import Observation, Performance
from bidder.reports import Reports
from bidder.snapshot import History, Snapshot, day_number

CNY = currency_of("CNY")
TODAY = date(2026, 3, 2)


def yuan(amount: str | int | float, currency: Currency = CNY) -> Money:
    """Money in a line."""
    return Money.parse(str(amount), currency)


@dataclass(frozen=True)
class ABudget:
    """A budget with steady days behind it."""

    id: str
    now: float | None = 100.0
    spend: float | None = None
    cpc: float = 1.0
    cvr: float = 0.03
    aov: float = 100.0
    days: int = 28
    orders: tuple[float, ...] | None = None
    products: tuple[str, ...] = ()
    channel: str = ""
    minimum: float | None = None
    status: BudgetStatus = BudgetStatus.ACTIVE
    facts: dict[str, object] = field(default_factory=dict)


def a_budget(id_: str, **facts: object) -> ABudget:
    """One budget; `spend` a day is `now` unless said otherwise."""
    return ABudget(id_, **facts)  # type: ignore[arg-type]  # the builder's callers are tests


def a_shop(
    *budgets: ABudget,
    currency: Currency = CNY,
    today: date = TODAY,
    products: tuple[Product, ...] = (),
    spent_month: Money | None = None,
) -> Snapshot:
    """A Snapshot at 06:00 UTC of `today`, with each budget's days ending yesterday."""
    places = {str(product.id): index for index, product in enumerate(products)}
    columns: dict[str, list[float]] = {name: [] for name in _COLUMNS}
    for index, one in enumerate(budgets):
        spend = one.spend if one.spend is not None else (one.now or 0.0)
        for back in range(one.days, 0, -1):
            clicks = spend / one.cpc
            orders = clicks * one.cvr if one.orders is None else one.orders[(one.days - back) % len(one.orders)]
            row = {
                "budget": index,
                "product": places.get(one.products[0], -1) if one.products else -1,
                "day": day_number(today) - back,
                "impressions": round(clicks * 50),
                "clicks": round(clicks),
                "spend": spend,
                "orders": orders,
                "units": orders,
                "revenue": orders * one.aov,
                "amount": one.now if one.now is not None else np.nan,
                "observed": datetime.combine(today, datetime.min.time(), UTC).timestamp(),
            }
            for name, value in row.items():
                columns[name].append(value)
    accounts = {one.id.partition("/")[0] for one in budgets}
    return Snapshot.build(
        as_of=datetime.combine(today, datetime.min.time(), UTC) + timedelta(hours=6),
        day=today,
        currency=currency,
        accounts=[Account(AccountId(name), "sandbox", currency, "UTC") for name in sorted(accounts)],
        budgets=[_budget(one, currency) for one in budgets],
        products=products,
        history=History.of({name: np.array(column) for name, column in columns.items()}),
        spent_month=spent_month,
    )


_COLUMNS = (
    "budget",
    "product",
    "day",
    "impressions",
    "clicks",
    "spend",
    "orders",
    "units",
    "revenue",
    "amount",
    "observed",
)


def _budget(one: ABudget, currency: Currency) -> Budget:
    return Budget(
        id=BudgetId.parse(one.id),
        name=one.id,
        currency=currency,
        now=None if one.now is None else Money.from_float_down(one.now, currency),
        products=tuple(ProductId(product) for product in one.products),
        channel=one.channel,
        minimum=None if one.minimum is None else Money.from_float_down(one.minimum, currency),
        status=one.status,
    )


def an_observation(
    budget: str = "ads/c1",
    day: date = TODAY,
    *,
    product: str | None = None,
    seen: datetime | None = None,
    spend: str | None = "10.00",
    clicks: int | None = 10,
    impressions: int | None = 500,
    orders: float | None = 1.0,
    revenue: str | None = "50.00",
    amount: str | None = None,
    window: int | None = None,
    currency: Currency = CNY,
    zone: str = "UTC",
) -> Observation:
    """One report row."""
    parsed = BudgetId.parse(budget)
    return Observation(
        account=parsed.account,
        budget=parsed,
        campaign=parsed.native,
        product=None if product is None else ProductId(product),
        day=AccountDay(zone, day),
        observed_at=seen or datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC),
        performance=Performance(
            impressions=impressions,
            clicks=clicks,
            spend=None if spend is None else Money.parse(spend, currency),
            orders=orders,
            units=orders,
            revenue=None if revenue is None else Money.parse(revenue, currency),
        ),
        name=parsed.native,
        amount=None if amount is None else Money.parse(amount, currency),
        window=window,
    )


def reports(*observations: Observation) -> Reports:
    """Rows as columns."""
    return Reports.of(observations)
