"""Budgets as read, and the intents to write them: what is in force, what may be on its way.

Facts of the lines written here: `intent` has plan, budget, before, after, currency; `outcome` has intent (the number of
that line), plan, budget, result (applied, refused, unresolved), before, after, actual (where known), currency, reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, func, insert, or_, select, update

from bidder.catalog import Budget
from bidder.errors import StoreError
from bidder.ids import AccountId, BudgetId, PlanId
from bidder.money import Currency, Money
from bidder.plan import Outcome
from bidder.store import intents, tables
from bidder.store.codec import budget_of, document_of
from bidder.store.database import instant, micros_of
from bidder.store.protocol import BudgetReading, Intent, Write

__all__ = ["add", "begin", "changed_at", "finish", "history", "last_changes", "open_intents", "readings", "writes"]

KEPT = intents.Kept(tables.intents, "intent", begun="intent", closed="outcome")


def readings(connection: Connection) -> list[BudgetReading]:
    """Each budget as last read, by id."""
    table = tables.budgets
    query = select(table).order_by(table.c.account, table.c.native)
    return [_reading(row) for row in connection.execute(query)]


def history(
    connection: Connection, since: datetime, *, standing: bool = False
) -> list[tuple[BudgetId, datetime, Money]]:
    """Changes of the amounts since an instant, oldest first; with `standing` each budget's last before it as well."""
    table, asked = tables.budget_amounts, tables.budget_amounts.c.read_at >= micros_of(since)
    if standing:
        before = select(func.max(table.c.id)).where(~asked).group_by(table.c.account, table.c.native)
        asked = or_(asked, table.c.id.in_(before))
    query = select(table).where(asked).order_by(table.c.read_at, table.c.id)
    return [(_id(row), instant(row.read_at), _money(row.micros, row.currency)) for row in connection.execute(query)]


def add(connection: Connection, budgets: Sequence[Budget], read_at: datetime) -> None:
    """Remembers readings. One that is older than what is remembered of its budget is left out."""
    table, at = tables.budgets, micros_of(read_at)
    seen = {_id(row): row for row in connection.execute(select(table))}
    for budget in {one.id: one for one in budgets}.values():
        known = seen.get(budget.id)
        if known is not None and known.read_at > at:
            continue
        if budget.now is not None and budget.now.currency != budget.currency:
            raise StoreError(f"{budget.id}: is in {budget.currency}, its amount in {budget.now.currency}")
        row = {
            "account": budget.id.account,
            "native": budget.id.native,
            "now": None if budget.now is None else budget.now.micros,
            "currency": budget.currency,
            "read_at": at,
            "document": document_of(replace(budget, read_at=None, now=None)),
        }
        if known is None:
            connection.execute(insert(table), row)
        else:
            connection.execute(update(table).where(_is(table, budget.id)), row)
        if budget.now is not None and (known is None or (known.now, known.currency) != (row["now"], row["currency"])):
            _amount(connection, budget.id, budget.now, at)


def begin(connection: Connection, plan: PlanId, budget: BudgetId, before: Money, after: Money, at: datetime) -> Intent:
    """The intent with its line."""
    if before.currency != after.currency:
        raise StoreError(f"{budget}: from {before.currency} to {after.currency}: one budget has one currency")
    both = {"plan": plan, "currency": after.currency}
    facts = {**both, "budget": str(budget), "before": str(before), "after": str(after)}
    row = {**both, "account": budget.account, "native": budget.native, "before": before.micros, "after": after.micros}
    number = intents.begin(connection, KEPT, facts, row, at)
    return Intent(number, plan, budget, before, after, at)


def finish(connection: Connection, intent: Intent, outcome: Outcome, at: datetime, day: int) -> None:
    """What became of an intent, with its line; the amount that is now known to be in force is remembered."""
    facts = {"plan": intent.plan, "budget": str(intent.budget)}
    facts |= {"before": str(intent.before), "after": str(intent.after), "currency": intent.after.currency}
    actual = intents.finish(connection, KEPT, intent.number, facts, outcome, str, at, day)
    if actual is not None:
        _in_force(connection, intent.budget, actual, micros_of(at))


def open_intents(connection: Connection) -> list[Intent]:
    """Those whose outcome is not known, oldest first."""
    table = tables.intents
    query = select(table).where(table.c.status.in_(intents.OPEN)).order_by(table.c.number)
    return [Intent(*_intended(row)) for row in connection.execute(query)]


def writes(connection: Connection, since: datetime) -> list[Write]:
    """Every intent begun since an instant, oldest first."""
    table = tables.intents
    query = select(table).where(table.c.at >= micros_of(since)).order_by(table.c.number)
    return [Write(*_intended(row), row.status) for row in connection.execute(query)]


def _intended(row: Any) -> tuple[int, PlanId, BudgetId, Money, Money, datetime]:
    """What an intent says: its number, plan, budget, the amounts before and after, and when."""
    before, after = _money(row.before, row.currency), _money(row.after, row.currency)
    return row.number, PlanId(row.plan), _id(row), before, after, instant(row.at)


def last_changes(connection: Connection) -> Mapping[BudgetId, int]:
    """The newest account day on which each budget was changed by bidder."""
    return _newest(connection, tables.intents.c.day)


def changed_at(connection: Connection) -> Mapping[BudgetId, datetime]:
    """The newest instant at which each budget was changed by bidder."""
    return {budget: instant(at) for budget, at in _newest(connection, tables.intents.c.at).items()}


def _newest(connection: Connection, column: Column[int]) -> dict[BudgetId, int]:
    """The largest value of a column among each budget's applied intents."""
    table = tables.intents
    by = (table.c.account, table.c.native)
    query = select(*by, func.max(column).label("newest")).where(table.c.status == "applied")
    return {_id(row): row.newest for row in connection.execute(query.group_by(*by).order_by(*by))}


def _in_force(connection: Connection, budget: BudgetId, amount: Money, at: int) -> None:
    table = tables.budgets
    known = connection.execute(select(table).where(_is(table, budget))).one_or_none()
    if known is not None and known.read_at > at:
        return
    if known is None or (known.now, known.currency) != (amount.micros, amount.currency):
        _amount(connection, budget, amount, at)
    if known is not None and known.currency == amount.currency:
        connection.execute(update(table).where(_is(table, budget)).values(now=amount.micros, read_at=at))


def _amount(connection: Connection, budget: BudgetId, amount: Money, at: int) -> None:
    row = {"account": budget.account, "native": budget.native, "read_at": at}
    connection.execute(insert(tables.budget_amounts), {**row, "micros": amount.micros, "currency": amount.currency})


def _reading(row: Any) -> BudgetReading:
    read_at = instant(row.read_at)
    now = None if row.now is None else _money(row.now, row.currency)
    return BudgetReading(replace(budget_of(row.document), now=now, read_at=read_at), read_at)


def _is(table: Any, budget: BudgetId) -> Any:
    return (table.c.account == budget.account) & (table.c.native == budget.native)


def _id(row: Any) -> BudgetId:
    return BudgetId(AccountId(row.account), row.native)


def _money(micros: int, currency: str) -> Money:
    return Money(micros, Currency(currency))
