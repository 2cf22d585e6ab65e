"""What the contract's cases are made of: how one runs, rows to plant, errors to expect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Protocol, TypeVar

from bidder.account_day import AccountDay
from bidder.catalog import Budget
from bidder.errors import ConnectorError
from bidder.ids import BudgetId
from bidder.money import Money, minor_unit
from bidder.performance import Performance
from bidder.reports import Reports
from bidder.testing.platform import FakePlatform, ReadFault, Row

__all__ = [
    "a_row",
    "another_amount",
    "case",
    "day_of",
    "days_of",
    "error_of",
    "fails_to_read",
    "first_budget",
    "restated",
]


P = TypeVar("P", bound=FakePlatform)


class _Contract(Protocol):
    def platform(self) -> Any: ...


def case(check: Callable[[Any, P], Coroutine[Any, Any, None]]) -> Callable[[Any], None]:
    """A test method that needs no fixture and no plugin: a new platform, the check, the platform closed."""

    def test(self: _Contract) -> None:
        async def run() -> None:
            platform = self.platform()
            await platform.start()
            try:
                await check(self, platform)
            finally:
                await platform.close()

        asyncio.run(run())

    test.__name__, test.__doc__ = check.__name__, check.__doc__
    return test


def day_of(platform: FakePlatform, age: int) -> date:
    """The account day that many days before the running one."""
    return AccountDay.of(platform.now(), platform.account.timezone).next(-age).date


def a_row(
    platform: FakePlatform,
    age: int,
    budget: int = 0,
    *,
    clicks: int = 40,
    spend: int = 4_321,
    orders: int = 2,
    revenue: int = 23_456,
) -> Row:
    """A row of so many days ago; money in minor units."""
    unit, currency, chosen = minor_unit(platform.account.currency), platform.account.currency, platform.budgets[budget]
    figures = Performance(
        impressions=clicks * 30,
        clicks=clicks,
        spend=Money(spend * unit, currency),
        orders=float(orders),
        units=float(orders),
        revenue=Money(revenue * unit, currency),
    )
    figures = replace(figures, **dict.fromkeys(getattr(platform, "lacks", ())))
    return Row(day_of(platform, age), chosen, platform.product(chosen), figures)


def restated(platform: FakePlatform, day: date, *, orders: int) -> Row:
    """The row of that day with other orders."""
    row = a_row(platform, 0, orders=orders)
    return Row(day, row.budget, row.product, row.performance)


def days_of(reports: Reports) -> list[date]:
    """The days of its rows, sorted."""
    epoch = date(1970, 1, 1)
    return [epoch + timedelta(days=int(day)) for day in sorted(reports.day)]


async def first_budget(platform: FakePlatform) -> Budget:
    """The budget that a case writes, as the connector reads it."""
    return await platform.writer().read(platform.budgets[0])


async def another_amount(platform: FakePlatform, budget: BudgetId) -> Money:
    """An amount that the platform takes and that is not in force: a few steps more."""
    step = (await platform.writer().read(budget)).step or Money(
        minor_unit(platform.account.currency), platform.account.currency
    )
    return platform.in_force(budget) + Money(37 * step.micros, step.currency)


async def error_of(reading: Awaitable[object]) -> ConnectorError:
    """The error that this must raise."""
    try:
        found = await reading
    except ConnectorError as e:
        error = e
    else:
        raise AssertionError(f"expected a ConnectorError, was {found!r}")
    assert error.account, "an error names its account"
    assert error.operation, "an error names its operation"
    assert error.reason, "an error says what happened"
    return error


async def fails_to_read(platform: FakePlatform, fault: ReadFault, *, waiting_helps: bool | None = None) -> None:
    """Every kind of read fails under this fault, with an error that says whether to come again."""
    day = day_of(platform, 1)
    platform.report([a_row(platform, 1)])
    reads: list[Callable[[], Awaitable[object]]] = [
        lambda: platform.reader().budgets(),
        lambda: platform.reader().performance(day, day),
        lambda: platform.writer().read(platform.budgets[0]),
    ]
    for read in reads:
        platform.fail_next_read(fault)
        error = await error_of(read())
        assert waiting_helps is None or error.waiting_helps == waiting_helps, f"{fault}: does waiting help?"
