"""Which daily amount was in force on a reported day, where the report does not say: from the amounts as read back.

Called by `gather`. Without it spend could not be told from demand: a day that used up its amount shows that demand was
at least that, one far below it shows what demand allows (SCIENCE 3.1), and most platforms' reports name no amounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np

from bidder.account_day import AccountDay
from bidder.ids import BudgetId
from bidder.money import Money
from bidder.reports import UNKNOWN_MICROS, Reports
from bidder.snapshot import EPOCH_ORDINAL, IntArray

__all__ = ["AmountRead", "with_amounts"]

AmountRead = tuple[BudgetId, datetime, Money]
"""A budget, when another amount than before was read of it, and that amount."""

_SECONDS = 1 << 33
"""More than there are seconds since 1970: a budget's place times this, plus seconds, sorts by budget, then time."""


def with_amounts(reports: Reports, read: Sequence[AmountRead], as_of: datetime | None = None) -> Reports:
    """The same rows; those that name no amount get the one that was in force for the longest part of the day.

    `read` are changes of amounts, oldest first; those after `as_of` are not looked at. A day of which the longest part
    lies before a budget's first reading, or whose figures are in another currency than its amount, keeps none. Days are
    the rows' own account days.
    """
    if as_of is not None:
        read = [one for one in read if one[1] <= as_of]
    asked = reports.amount == UNKNOWN_MICROS
    if not read or not asked.any():
        return reports
    place = {budget: at for at, budget in enumerate(dict.fromkeys(budget for budget, _, _ in read))}
    code = np.array([place[budget] for budget, _, _ in read], dtype=np.int64)
    at = np.array([int(seen.timestamp()) for _, seen, _ in read], dtype=np.int64)
    order = np.lexsort((np.arange(len(read)), at, code))
    micros = np.array([amount.micros for _, _, amount in read], dtype=np.int64)[order]
    currency = np.array([amount.currency for _, _, amount in read], dtype=object)[order]
    code, at = code[order], at[order]
    keys = code * _SECONDS + at

    pairs = zip(reports.account.tolist(), reports.budget.tolist(), strict=True)
    named = {(str(budget.account), budget.native): number for budget, number in place.items()}
    row_code = np.array([named.get(pair, -1) for pair in pairs], dtype=np.int64)
    asked &= row_code >= 0
    start, end = _bounds(reports)
    if as_of is not None:
        end = np.minimum(end, int(as_of.timestamp()))
    first = np.searchsorted(keys, row_code * _SECONDS + start, side="right") - 1  # in force as the day begins
    last = np.searchsorted(keys, row_code * _SECONDS + end, side="left") - 1  # as it ends
    known = (first >= 0) & (code[np.maximum(first, 0)] == row_code)
    chosen = np.where(known, first, -1)
    changed = asked & (last > first) & (code[np.maximum(last, 0)] == row_code)
    for row in np.flatnonzero(changed).tolist():
        chosen[row] = _longest(at, code, int(row_code[row]), int(first[row]), int(last[row]), start[row], end[row])
    found = asked & (chosen >= 0)
    found[found] = currency[chosen[found]] == reports.currency[found]
    amount = reports.amount.copy()
    amount[found] = micros[chosen[found]]
    return replace(reports, amount=amount)


def _longest(at: IntArray, code: IntArray, budget: int, first: int, last: int, start: int, end: int) -> int:
    """The reading that held for the longest part of the day, the later of equals; -1 where none was known for it."""
    known = first >= 0 and code[first] == budget
    inside = [one for one in range(first + 1, last + 1) if code[one] == budget]
    numbers = [first if known else -1, *inside]
    begins = [int(start), *(int(at[one]) for one in inside)]
    lengths = [until - since for since, until in zip(begins, [*begins[1:], int(end)], strict=True)]
    return max(zip(lengths, range(len(numbers)), numbers, strict=True))[2]


def _bounds(reports: Reports) -> tuple[IntArray, IntArray]:
    """First instant of each row's account day and of the next, seconds since 1970-01-01 UTC."""
    start, end = np.zeros(len(reports), dtype=np.int64), np.zeros(len(reports), dtype=np.int64)
    zones, zone = np.unique(reports.zone.astype(str), return_inverse=True)
    days, day = np.unique(reports.day, return_inverse=True)
    pairs, row = np.unique(zone * len(days) + day, return_inverse=True)
    table = np.zeros((len(pairs), 2), dtype=np.int64)
    for place, pair in enumerate(pairs.tolist()):
        one = AccountDay(str(zones[pair // len(days)]), date.fromordinal(int(days[pair % len(days)]) + EPOCH_ORDINAL))
        table[place] = _seconds(one.start_at), _seconds(one.end_at)
    start[:], end[:] = table[row, 0], table[row, 1]
    return start, end


def _seconds(instant: datetime) -> int:
    return int(instant.astimezone(UTC).timestamp())
