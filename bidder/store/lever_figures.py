"""Reports on bids and targets in and out of the database: every version kept, as in `observations`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, insert, select

from bidder.bidding import LeverId, LeverKind, LeverReport
from bidder.errors import StoreError
from bidder.ids import AccountId
from bidder.money import Currency, Money
from bidder.performance import Performance
from bidder.store.database import instant, micros_of
from bidder.store.lever_tables import LEVER_MICROS, SHARES, lever_reports, lever_series
from bidder.store.levers import numbers
from bidder.store.tables import COUNTS

__all__ = ["add", "known"]

FIGURES = ("currency", *COUNTS, *LEVER_MICROS, "rank", *SHARES, "value")
EPOCH = date(1970, 1, 1)
BLOCK = 10_000


def add(connection: Connection, reports: Sequence[LeverReport]) -> int:
    """Inserts what says something new; gives their number. Raises StoreError for one report with two answers.

    Nothing new are figures that equal the newest known of their lever and day. An older sighting than the newest is
    left out: reports are added as they are read.
    """
    if not reports:
        return 0
    number = numbers(connection, [one.lever for one in reports], make=True)
    days = [(one.day - EPOCH).days for one in reports]
    newest = _newest(connection, min(days), max(days))
    fresh: dict[tuple[int, int, int], dict[str, Any]] = {}
    for one, day in sorted(zip(reports, days, strict=True), key=lambda pair: pair[0].observed_at):
        series, observed, row = number[one.lever], micros_of(one.observed_at), _figures(one)
        said = fresh.get((series, day, observed))
        if said is not None and any(said[name] != row[name] for name in FIGURES):
            raise StoreError(f"{one.lever} on {one.day}: one report has two different figures for it; give it once")
        known_at, known_row = newest.get((series, day), (-1, None))
        if known_row == tuple(row[name] for name in FIGURES) or observed <= known_at:
            continue
        newest[series, day] = (observed, tuple(row[name] for name in FIGURES))
        fresh[series, day, observed] = {"series": series, "day": day, "observed": observed, **row}
    rows = list(fresh.values())
    for start in range(0, len(rows), BLOCK):
        connection.execute(insert(lever_reports), rows[start : start + BLOCK])
    return len(rows)


def known(connection: Connection, first: date, last: date, as_of: datetime | None) -> list[LeverReport]:
    """The newest version at `as_of` of each lever and day, by lever and day."""
    table, series = lever_reports, lever_series
    query = select(table, series.c.account, series.c.kind, series.c.native).join_from(
        table, series, table.c.series == series.c.id
    )
    query = _at(query, (first - EPOCH).days, (last - EPOCH).days, as_of)
    query = query.order_by(series.c.account, series.c.kind, series.c.native, table.c.day)
    return [_report(row) for row in connection.execute(query)]


def _at(query: Any, first: int, last: int, as_of: datetime | None) -> Any:
    """The query, of the newest version alone."""
    table = lever_reports
    newest = select(table.c.series, table.c.day, func.max(table.c.observed).label("observed"))
    newest = newest.where(table.c.day.between(first, last))
    if as_of is not None:
        newest = newest.where(table.c.observed <= micros_of(as_of))
    only = newest.group_by(table.c.series, table.c.day).subquery()
    same = and_(*(table.c[name] == only.c[name] for name in ("series", "day", "observed")))
    return query.join(only, same)


def _newest(connection: Connection, first: int, last: int) -> dict[tuple[int, int], tuple[int, tuple[Any, ...]]]:
    query = _at(select(lever_reports), first, last, None)
    return {
        (row.series, row.day): (row.observed, tuple(getattr(row, name) for name in FIGURES))
        for row in connection.execute(query)
    }


def _figures(one: LeverReport) -> dict[str, Any]:
    p = one.performance
    money = [amount for amount in (p.spend, p.revenue) if amount is not None]
    if len({amount.currency for amount in money}) > 1:
        raise StoreError(f"{one.lever} on {one.day}: spend and revenue are in different currencies")
    counts = {name: getattr(p, name) for name in COUNTS}
    return {
        "currency": money[0].currency if money else "",
        **{name: None if value is None else float(value) for name, value in counts.items()},
        "spend": None if p.spend is None else p.spend.micros,
        "revenue": None if p.revenue is None else p.revenue.micros,
        "rank": one.rank,
        "share": one.share,
        "top_share": one.top_share,
        "value": one.value,
    }


def _report(row: Any) -> LeverReport:
    currency = Currency(row.currency)
    performance = Performance(
        impressions=None if row.impressions is None else int(row.impressions),
        clicks=None if row.clicks is None else int(row.clicks),
        spend=None if row.spend is None else Money(row.spend, currency),
        orders=row.orders,
        units=row.units,
        revenue=None if row.revenue is None else Money(row.revenue, currency),
    )
    return LeverReport(
        lever=LeverId(AccountId(row.account), LeverKind(row.kind), row.native),
        day=EPOCH + timedelta(days=row.day),
        observed_at=instant(row.observed),
        performance=performance,
        rank=row.rank,
        share=row.share,
        top_share=row.top_share,
        value=row.value,
    )
