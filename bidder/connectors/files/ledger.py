"""Lines of an advertiser's purse → what was spent and credited by day. Looked at, not stored: no campaign is named.

A line's sign or its 收支类型 says whether money went out or came in; the purse pays what its red packets do not.
"""

from __future__ import annotations

from datetime import date, timedelta

from bidder.activity import Activity
from bidder.connectors.files import columns, currencies, figures
from bidder.connectors.files.report import Faults, FileReport, ReadOptions
from bidder.connectors.files.table import Table
from bidder.money import MICROS
from bidder.reports import Reports
from bidder.snapshot import EPOCH_ORDINAL

__all__ = ["read"]

OUT = ("支出", "消耗", "扣款", "扣费", "花费", "划出", "转出")
IN = ("收入", "充值", "红包", "返还", "退款", "退回", "划入", "转入", "赠送", "补贴")
SHOWN = 3


def read(file: str, table: Table, options: ReadOptions) -> FileReport:
    """Spent and credited by day, as notes and sums. Raises ImportRefused, also for a line that says neither."""
    faults, notes = Faults(file), list(table.notes)
    places = table.found.columns[0]
    days = columns.days(table, options, faults, notes)
    signed = [_signed(cell) for cell in table.columns[places["paid"]]]
    column = figures.read_column("amount", places["paid"], [text for _, text in signed], frozenset())
    evidence = currencies.Evidence()
    columns.money_words(table, places, ("paid",), evidence)
    (amounts,) = figures.settle([column], table.lines, table.delimiter, evidence, faults)
    spent: dict[int, int] = {}
    credited: dict[int, int] = {}
    for row, (line, day, amount) in enumerate(zip(table.lines, days, amounts, strict=True)):
        word = table.columns[places["direction"]][row].strip()
        out = _is_out(word, negative=signed[row][0])
        if out is None:
            faults.add(line, places["direction"] + 1, f"direction: expected 支出 or 收入, was {word[:40]!r}")
        elif amount is None:
            faults.add(line, places["paid"] + 1, "paid: expected an amount, was an empty cell")
        else:
            of = spent if out else credited
            of[day] = of.get(day, 0) + amount
    faults.check()
    currency = currencies.settle(evidence, options.currency, table.found.export.currency, True, faults)
    faults.check()
    listed = sorted({*spent, *credited})
    dates = [date.fromordinal(EPOCH_ORDINAL) + timedelta(days=day) for day in listed]
    said = ", ".join(f"{_date(day)} {spent[day] / MICROS:,.2f}" for day in sorted(spent, reverse=True)[:SHOWN])
    notes.append(
        f"spent {sum(spent.values()) / MICROS:,.2f} {currency} on {len(spent)} days, "
        f"credited {sum(credited.values()) / MICROS:,.2f}" + (f"; the newest days: {said}" if said else "")
    )
    notes.append("a purse names no campaigns: its lines are looked at, not stored; compare them with what reports say")
    return FileReport(
        file=file,
        kind=table.found.export.kind,
        reports=Reports.of([]),
        mapping=columns.mapping(table.found),
        ignored=columns.ignored(table.found),
        summary={
            "rows": len(table.lines),
            "entities": 1,
            "first_date": dates[0].isoformat(),
            "last_date": dates[-1].isoformat(),
            "days_with_rows": len(listed),
            "currency": currency,
            "missing_cells": 0,
            "sums": {
                "spent": round(sum(spent.values()) / MICROS, 2),
                "credited": round(sum(credited.values()) / MICROS, 2),
            },
        },
        notes=tuple(notes),
        sha256=table.sha256,
        activity=Activity.empty(),
    )


def _date(day: int) -> str:
    return date.fromordinal(EPOCH_ORDINAL + day).isoformat()


def _signed(cell: str) -> tuple[bool, str]:
    """Whether money went out by its sign, and the amount without it."""
    text = cell.strip()
    return text[:1] in ("-", "−"), text.lstrip("+-−") if len(text) > 1 else text


def _is_out(word: str, *, negative: bool) -> bool | None:
    """Whether a line is spending; None when neither its word nor its sign says so."""
    if any(one in word for one in IN):
        return False
    if negative or any(one in word for one in OUT):
        return True
    return None
