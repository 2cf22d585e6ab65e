"""The history as a table: one row a budget, one column a day, in the shop's currency.

Called first by :mod:`bidder.response.estimate`. Only days before the decided one are in it: today is partial (SCIENCE
10b). What cannot be a figure (negative, infinite) is unknown here, as NaN is.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from bidder.ids import AccountId
from bidder.snapshot import FloatArray, History, IntArray, Snapshot

__all__ = ["Panel", "day_age", "panel"]

DAY_SECONDS = 86_400.0
LEAST, MOST = 1e-9, 1e15
"""Figures below are 0, figures above are no figures: no report of a shop has them, and their squares stay finite."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Figures of (n budgets, T days); NaN is unknown. Column 0 is day number `first`; the last is the day before today.

    `live` marks days on which money was spent; `age` is how many days after the day's start its figures were last read
    (SCIENCE 2.1: 0 on the day itself).
    """

    first: int
    impressions: FloatArray
    clicks: FloatArray
    spend: FloatArray
    orders: FloatArray
    revenue: FloatArray
    amount: FloatArray
    age: FloatArray
    live: NDArray[np.bool_]

    @property
    def shape(self) -> tuple[int, int]:
        """(budgets, days)."""
        n, days = self.spend.shape
        return n, days

    @property
    def weekday(self) -> IntArray:
        """0 Monday … 6 Sunday of each column."""
        return (np.arange(self.shape[1]) + self.first + 3) % 7  # 1970-01-01 was a Thursday

    @property
    def back(self) -> FloatArray:
        """How many days each column lies before the last one."""
        return np.arange(self.shape[1] - 1, -1, -1, dtype=np.float64)


def panel(snapshot: Snapshot, window: int) -> Panel:
    """The last `window` days before the decided one. Raises KeyError when a currency has no rate."""
    n, today = len(snapshot.budgets), snapshot.today
    history = snapshot.history
    history = history.select((history.day < today) & (history.day >= today - window))
    first = int(history.day.min()) if len(history) else today - 1
    days = today - first
    rate = np.array([snapshot.rate(budget.currency) for budget in snapshot.budgets], dtype=np.float64)
    row_rate = rate[history.budget] if n else np.zeros(0)
    history = _steady(history)
    cell = history.budget * days + (history.day - first)
    starts = np.flatnonzero(np.diff(cell, prepend=-1)) if len(cell) else np.zeros(0, dtype=np.int64)
    place = cell[starts]

    def summed(column: FloatArray) -> FloatArray:
        out = np.full(n * days, np.nan)
        if len(starts):
            known = (column >= 0) & (column <= MOST)  # NaN and infinity are neither
            total = np.add.reduceat(np.where(known & (column >= LEAST), column, 0.0), starts)
            out[place] = np.where(np.add.reduceat(known, starts, dtype=np.int64) > 0, total, np.nan)
        return out.reshape(n, days)

    def largest(column: FloatArray) -> FloatArray:
        out = np.full(n * days, np.nan)
        if len(starts):
            out[place] = np.fmax.reduceat(np.where((column >= LEAST) & (column <= MOST), column, np.nan), starts)
        return out.reshape(n, days)

    orders = np.where(np.isfinite(history.orders), history.orders, history.units)
    spend = summed(history.spend * row_rate)
    live = np.nan_to_num(spend) > 0
    return Panel(
        first=first,
        impressions=summed(history.impressions),
        clicks=summed(history.clicks),
        spend=spend,
        orders=summed(orders),
        revenue=summed(history.revenue * row_rate),
        amount=largest(history.amount * row_rate),
        age=_read_again(snapshot, largest(day_age(snapshot, history) + 0.5) - 0.5),  # `largest` takes 0 for unknown
        live=live,
    )


def day_age(snapshot: Snapshot, history: History) -> FloatArray:
    """Days from the start of each row's day (in its account's zone) to when it was seen; unknown: seen now."""
    offset = np.zeros(len(snapshot.budgets))
    by_account = {
        account.id: snapshot.as_of.astimezone(ZoneInfo(account.timezone)).utcoffset() for account in snapshot.accounts
    }
    for index, budget in enumerate(snapshot.budgets):
        shift = by_account.get(budget.id.account)
        offset[index] = shift.total_seconds() if shift is not None else 0.0
    now = snapshot.as_of.timestamp()
    seen = np.where(np.isfinite(history.observed), history.observed, now)
    local = (seen + offset[history.budget]) / DAY_SECONDS if len(history) else np.zeros(0)
    return np.maximum(np.floor(local - history.day), 0.0)


def _read_again(snapshot: Snapshot, age: FloatArray) -> FloatArray:
    """Ages (n, T), where a later reading of the account's older days shows that this day was read again too.

    A reading that found a day unchanged leaves no row behind; readings cover the last days without gaps, so one that
    changed an older day has also seen this one.
    """
    number: dict[AccountId, int] = {}
    account = np.array([number.setdefault(b.id.account, len(number)) for b in snapshot.budgets], dtype=np.int64)
    days = np.arange(age.shape[1], dtype=np.float64)
    latest = np.full((len(number), age.shape[1]), -np.inf)
    np.maximum.at(latest, account, np.where(np.isfinite(age), age + days, -np.inf))
    latest = np.maximum.accumulate(latest, axis=1)
    return np.where(np.isfinite(age), np.maximum(age, latest[account] - days), np.nan)


def _steady(history: History) -> History:
    """Rows that share a budget, day and product in the order of their figures, so that sums are the same bits."""
    if len(history) < 2:
        return history
    same = ((np.diff(history.budget) == 0) & (np.diff(history.day) == 0) & (np.diff(history.product) == 0)).any()
    if not same:
        return history
    figures = ("amount", "revenue", "units", "orders", "spend", "clicks", "impressions", "product", "day", "budget")
    order = np.lexsort([getattr(history, name) for name in figures])
    return History.of({name: getattr(history, name)[order] for name in (*figures, "observed")})
