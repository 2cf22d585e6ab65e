"""Bids and targets as read, and the intents to write them: the statements behind `lever_store`.

Facts of the lines written here: `bid_intent` has plan, lever, before, after, currency; `bid_outcome` has intent (the
number of that line), plan, lever, result (applied, refused, unresolved), before, after, actual (where known), currency,
reason. Values are millionths of the lever's unit, as decimal text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from bidder.bidding import Lever, LeverId, LeverKind, LeverOutcome, shown
from bidder.ids import AccountId, BudgetId, PlanId, ProductId
from bidder.money import Currency
from bidder.store import intents, journal
from bidder.store.database import instant, micros_of
from bidder.store.lever_protocol import LeverMove
from bidder.store.lever_tables import lever_intents, lever_series, lever_values, levers

__all__ = ["add", "begin", "finish", "history", "last_moves", "moves", "numbers", "readings"]

KEPT = intents.Kept(lever_intents, "write", begun="bid_intent", closed="bid_outcome")


def numbers(connection: Connection, ids: Sequence[LeverId], *, make: bool) -> dict[LeverId, int]:
    """The number of each lever; `make` gives one to those that have none."""
    known = {_id(row): int(row.id) for row in connection.execute(select(lever_series))}
    missing = [one for one in dict.fromkeys(ids) if one not in known] if make else []
    if missing:
        rows = [{"account": one.account, "kind": one.kind.value, "native": one.native} for one in missing]
        connection.execute(insert(lever_series), rows)
        known |= {_id(row): int(row.id) for row in connection.execute(select(lever_series))}
    return known


def readings(connection: Connection) -> list[Lever]:
    """Each as last read, by id."""
    query = select(levers, lever_series).join_from(levers, lever_series, levers.c.series == lever_series.c.id)
    query = query.order_by(lever_series.c.account, lever_series.c.kind, lever_series.c.native)
    return [_lever(row) for row in connection.execute(query)]


def add(connection: Connection, read: Sequence[Lever], read_at: datetime) -> None:
    """Remembers readings. One that is older than what is remembered of its lever is left out."""
    at = micros_of(read_at)
    number = numbers(connection, [one.id for one in read], make=True)
    seen = {row.series: row for row in connection.execute(select(levers))}
    fresh: list[dict[str, Any]] = []
    values: list[dict[str, Any]] = []
    for one in {lever.id: lever for lever in read}.values():
        known = seen.get(number[one.id])
        if known is not None and known.read_at > at:
            continue
        document, series = _document(one), number[one.id]
        row = {"series": series, "now": one.now, "currency": one.currency, "read_at": at, "document": document}
        if known is None:
            fresh.append(row)
        else:
            connection.execute(update(levers).where(levers.c.series == known.series), row)
        if one.now is not None and (known is None or known.now != one.now):
            values.append({"series": series, "read_at": at, "value": one.now})
    if fresh:
        connection.execute(insert(levers), fresh)
    if values:
        connection.execute(insert(lever_values), values)


def history(connection: Connection, since: datetime) -> list[tuple[LeverId, datetime, int]]:
    """Changes of the values since an instant, oldest first."""
    table = lever_values
    query = select(table, lever_series.c.account, lever_series.c.kind, lever_series.c.native)
    query = query.join_from(table, lever_series, table.c.series == lever_series.c.id)
    query = query.where(table.c.read_at >= micros_of(since)).order_by(table.c.read_at, table.c.id)
    return [(_id(row), instant(row.read_at), row.value) for row in connection.execute(query)]


def begin(
    connection: Connection, plan: PlanId, lever: LeverId, currency: Currency, before: int, after: int, at: datetime
) -> LeverMove:
    """The intent with its line."""
    facts = {"plan": plan, "lever": str(lever), "before": shown(before), "after": shown(after), "currency": currency}
    series = numbers(connection, [lever], make=True)[lever]
    row = {"plan": plan, "series": series, "before": before, "after": after, "currency": currency}
    number = intents.begin(connection, KEPT, facts, row, at)
    return LeverMove(number, plan, lever, before, after, currency, at)


def finish(connection: Connection, move: LeverMove, outcome: LeverOutcome, at: datetime, day: int) -> None:
    """What became of a write, with its line; the value that is now known to be in force is remembered."""
    facts = {"plan": move.plan, "lever": str(move.lever), "before": shown(move.before), "after": shown(move.after)}
    facts["currency"] = move.currency
    actual = intents.finish(connection, KEPT, move.number, facts, outcome, shown, at, day)
    if actual is not None:
        series = select(lever_intents.c.series).where(lever_intents.c.number == move.number)
        _in_force(connection, connection.execute(series).scalar_one(), actual, micros_of(at))


def moves(connection: Connection, since: datetime | None = None) -> list[LeverMove]:
    """Every write begun since an instant, oldest first; None: those whose outcome is not known."""
    table = lever_intents
    query = select(table, lever_series.c.account, lever_series.c.kind, lever_series.c.native)
    query = query.join_from(table, lever_series, table.c.series == lever_series.c.id).order_by(table.c.number)
    query = query.where(table.c.status.in_(intents.OPEN) if since is None else table.c.at >= micros_of(since))
    return [_move(row) for row in connection.execute(query)]


def last_moves(connection: Connection) -> Mapping[LeverId, int]:
    """The newest account day on which each was changed by bidder."""
    table = lever_intents
    by = (lever_series.c.account, lever_series.c.kind, lever_series.c.native)
    query = select(*by, func.max(table.c.day).label("day")).join_from(
        table, lever_series, table.c.series == lever_series.c.id
    )
    query = query.where(table.c.status == "applied").group_by(*by).order_by(*by)
    return {_id(row): row.day for row in connection.execute(query)}


def _in_force(connection: Connection, series: int, value: int, at: int) -> None:
    known = connection.execute(select(levers).where(levers.c.series == series)).one_or_none()
    if known is not None and known.read_at > at:
        return
    if known is None or known.now != value:
        connection.execute(insert(lever_values), {"series": series, "read_at": at, "value": value})
    if known is not None:
        connection.execute(update(levers).where(levers.c.series == series).values(now=value, read_at=at))


def _document(lever: Lever) -> str:
    """All that is no column, as canonical JSON. A new field of Lever needs nothing here."""
    said = {one.name: getattr(lever, one.name) for one in fields(Lever)}
    said = {name: value for name, value in said.items() if name not in ("id", "now", "read_at", "currency")}
    return journal.canonical({**said, "budget": None if lever.budget is None else str(lever.budget)})


def _lever(row: Any) -> Lever:
    known = {one.name for one in fields(Lever)}
    said = {name: value for name, value in json.loads(row.document).items() if name in known}
    budget, product = said.get("budget"), said.get("product")
    said["budget"] = None if budget is None else BudgetId.parse(budget)
    said["product"] = None if product is None else ProductId(product)
    lever = Lever(id=_id(row), currency=Currency(row.currency), **said)
    return replace(lever, now=row.now, read_at=instant(row.read_at))


def _move(row: Any) -> LeverMove:
    at = instant(row.at)
    return LeverMove(
        row.number, PlanId(row.plan), _id(row), row.before, row.after, Currency(row.currency), at, row.status
    )


def _id(row: Any) -> LeverId:
    return LeverId(AccountId(row.account), LeverKind(row.kind), row.native)
