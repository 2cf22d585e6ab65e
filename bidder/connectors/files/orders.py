"""Rows of orders (a row a piece of an order, the order's own figures on its first row) → the shop's days.

Whose orders they are is never read: columns of people are left where they are. The day is the day of payment in the
account's zone; revenue is what was paid for goods, after discounts and before freight and tax.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from bidder.account_day import AccountDay
from bidder.activity import Activity, ShopActivity
from bidder.connectors.files import dates
from bidder.connectors.files.report import Faults, FileReport, ReadOptions
from bidder.connectors.files.shop import file_report, sums
from bidder.connectors.files.table import Table
from bidder.ids import ProductId
from bidder.money import MICROS, Currency, Money
from bidder.snapshot import EPOCH_ORDINAL, day_number

__all__ = ["PAID", "read", "shared"]

PAID = frozenset({"paid", "partially_paid", "partially_refunded", "refunded"})
"""Financial statuses of orders that were paid; pending, authorized and voided ones are none yet or never."""

_ZONE = re.compile(r" ([+-]\d{2}):?(\d{2})\Z")

Key = tuple[int, str]
"""Day number and product, "" for the whole shop."""


def read(file: str, table: Table, options: ReadOptions) -> FileReport:
    """The shop's days and its products' days. Raises ImportRefused."""
    faults, notes = Faults(file), list(table.notes)
    values, currency = sums(table, options, faults)
    firsts = _firsts(table, faults)
    days = _days(table, firsts, options, faults)
    faults.check()
    totals: dict[Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    today = day_number(AccountDay.of(options.observed_at, options.timezone).date)
    unpaid = late = 0
    for rows in firsts:
        status = _cell(table, "status", rows[0]).casefold().replace(" ", "_")
        if status and status not in PAID:
            unpaid += 1
            continue
        if days[rows[0]] == today:
            late += 1
            continue
        paid_for = values["subtotal"][rows[0]]
        if paid_for is None:
            what = "subtotal: expected what was paid for the goods, was an empty cell"
            faults.add(table.lines[rows[0]], table.found.columns[0]["subtotal"] + 1, what)
            continue
        shop = totals[days[rows[0]], ""]
        shop["orders"] += MICROS
        shop["revenue"] += paid_for
        if "refunded" in values:
            shop["refunds"] += values["refunded"][rows[0]] or 0
        _pieces(table, rows, days[rows[0]], paid_for, values, totals)
    faults.check()
    if unpaid:
        notes.append(f"{unpaid} orders that are not paid were left out")
    if late:
        notes.append(f"{late} orders of today were left out: the day is not over")
    notes.append("people's names and addresses were not read; buyers are unknown")
    activity = _activity(totals, table, currency, options)
    return file_report(file, table, activity, currency, tuple(notes), options)


def _pieces(
    table: Table,
    rows: Sequence[int],
    day: int,
    paid_for: int,
    values: Mapping[str, Sequence[int | None]],
    totals: dict[Key, dict[str, int]],
) -> None:
    """The units of an order, and its money shared among its products by their prices."""
    units = [values["units"][row] or 0 for row in rows]
    prices = values.get("price", [None] * len(table.lines))
    worth = [(prices[row] or 0) * number // MICROS for row, number in zip(rows, units, strict=True)]
    totals[day, ""]["units"] += sum(units)
    for row, number, part in zip(rows, units, shared(paid_for, worth), strict=True):
        product = _cell(table, "product", row)
        if product:
            one = totals[day, product]
            one["units"] += number
            one["revenue"] += part
    for product in {_cell(table, "product", row) for row in rows} - {""}:
        totals[day, product]["orders"] += MICROS


def shared(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount in parts by weights, to the last unit: what rounding leaves goes to the largest remainders."""
    total = sum(weights)
    if total <= 0:
        return [0] * len(weights)
    parts = [amount * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda at: (-(amount * weights[at] % total), at))
    for at in order[: amount - sum(parts)]:
        parts[at] += 1
    return parts


def _firsts(table: Table, faults: Faults) -> list[list[int]]:
    """The rows of each order, its first one first."""
    place = table.found.columns[0]["order"]
    by_order: dict[str, list[int]] = {}
    for row, cell in enumerate(table.columns[place]):
        if not cell.strip():
            faults.add(table.lines[row], place + 1, "order: expected its number, was an empty cell")
        by_order.setdefault(cell.strip(), []).append(row)
    return list(by_order.values())


def _days(table: Table, orders: Sequence[Sequence[int]], options: ReadOptions, faults: Faults) -> dict[int, int]:
    """The day of payment of each order's first row, in the account's zone."""
    places = table.found.columns[0]
    found: dict[int, int] = {}
    today = day_number(AccountDay.of(options.observed_at, options.timezone).date)
    for rows in orders:
        text = _cell(table, "date", rows[0]) or _cell(table, "created", rows[0])
        day = _day(text, options.timezone)
        if day is None:
            what = f"date: expected an instant such as 2026-03-01 09:30:00 +0800, was {text[:40]!r}"
            faults.add(table.lines[rows[0]], places.get("date", places.get("created", 0)) + 1, what)
            continue
        if day <= today or options.observed_at.year < dates.EARLIEST:
            found[rows[0]] = day
        else:
            faults.add(table.lines[rows[0]], places.get("date", 0) + 1, f"date: {text[:10]} is in the future")
    return found


def _day(text: str, zone: str) -> int | None:
    try:
        at = datetime.fromisoformat(_ZONE.sub(r"\1:\2", text.strip()))
    except ValueError:
        return None
    if at.year < dates.EARLIEST:
        return None
    return day_number(at.date() if at.tzinfo is None else AccountDay.of(at, zone).date)


def _cell(table: Table, name: str, row: int) -> str:
    place = table.found.columns[0].get(name)
    return "" if place is None else table.columns[place][row].strip()


def _activity(
    totals: Mapping[Key, Mapping[str, int]], table: Table, currency: Currency, options: ReadOptions
) -> Activity:
    source = options.account or table.found.export.parts[0].account
    rows = []
    for (day, product), figures in sorted(totals.items()):
        rows.append(
            ShopActivity(
                source=source,
                product=ProductId(product) if product else None,
                day=AccountDay(options.timezone, date.fromordinal(day + EPOCH_ORDINAL)),
                observed_at=options.observed_at,
                counts={name: figures[name] / MICROS for name in ("orders", "units") if name in figures},
                money={name: Money(figures[name], currency) for name in ("revenue", "refunds") if name in figures},
            )
        )
    return Activity.of(rows)
