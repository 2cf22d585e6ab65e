"""Day-to-date totals of one account, and what they grew by: how reports become counters.

Platforms report totals that reset at the account's midnight and are sometimes restated downwards. A counter may only
count growth above the highest total seen of that day (METRICS.md, convention 6). Values stay in memory: a poll brings
the newest days again and again, and only the newest `KEPT_DAYS` of them are followed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidder.instrumentation.families import FIGURES
from bidder.money import MICROS
from bidder.reports import UNKNOWN_MICROS, Reports
from bidder.snapshot import FloatArray, IntArray

__all__ = ["KEPT_DAYS", "DayTotals", "Growth", "to_units"]

KEPT_DAYS = 8
"""Today and a week: late orders of a week still count, and so the week's spend ranks the products."""

_MONEY = np.array([figure in ("spend", "revenue") for figure in FIGURES])
_NOISE = 1e-9  # fractional orders summed in another order differ in the last digits


@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """What one report added: columns in the order of FIGURES, money in micros of the account's currency.

    `account` is (5,); `products` is (n, 5) by the positions of `DayTotals.products`; `restated` says that some
    total was lower than before; `day` is the newest day of the account and `today` (5,) its totals as reported.
    """

    account: FloatArray
    products: FloatArray
    restated: bool
    day: int
    today: FloatArray


class DayTotals:
    """The highest totals seen of each product and of the account, per day."""

    def __init__(self) -> None:
        self.products: dict[str, int] = {}
        self._highest: dict[int, FloatArray] = {}
        self._reported: dict[int, FloatArray] = {}
        self._account: dict[int, FloatArray] = {}
        self._baseline = True

    def remember(self, reports: Reports) -> None:
        """Takes what the store holds from before a restart: growth counts from there."""
        for day, table, _ in self._tables(reports):
            self._raise(day, table)

    def take(self, reports: Reports) -> Growth | None:
        """What this report adds. None for one without rows.

        The first report after a start adds nothing for days of which nothing was remembered: its totals are where
        counting starts, or each restart would show a spike of a day's spend. Later days start from zero; an older day
        that shows up for the first time is such a baseline too.
        """
        tables = self._tables(reports)
        if not tables:
            return None
        account, products, restated = np.zeros(len(FIGURES)), np.zeros((len(self.products), len(FIGURES))), False
        newest_before = max(self._highest, default=0)
        for day, table, present in tables:
            if day not in self._highest and (self._baseline or day <= newest_before):
                self._raise(day, table)
                continue
            before = self._padded(self._highest.get(day))
            reported = self._padded(self._reported.get(day))
            sums = table.sum(axis=0)
            restated |= bool(np.any(table[present] < reported[present] * (1 - _NOISE)))
            restated |= bool(np.any(sums < reported.sum(axis=0) * (1 - _NOISE)))
            products += np.maximum(table - before, 0)
            account += np.maximum(sums - self._account.get(day, np.zeros(len(FIGURES))), 0)
            self._raise(day, table)
        self._baseline = False
        newest = max(day for day, _, _ in tables)
        return Growth(account, products, restated, newest, self._reported[newest].sum(axis=0))

    def week_spend(self) -> FloatArray:
        """Spend of each product over the newest seven days, in micros, by the positions of `products`."""
        newest = max(self._highest, default=0)
        column = FIGURES.index("spend")
        result = np.zeros(len(self.products))
        for day, table in self._highest.items():
            if day > newest - 7:
                result[: len(table)] += table[:, column]
        return result

    def _tables(self, reports: Reports) -> list[tuple[int, FloatArray, IntArray]]:
        """Per day, oldest first: totals (n, 5) by product position, and the positions that the report names."""
        kept = reports.day > max([*self._highest, *reports.day.tolist()], default=0) - KEPT_DAYS
        rows = np.flatnonzero(kept)
        names = [str(name) for name in reports.product[rows]]
        codes = np.array([self.products.setdefault(name, len(self.products)) for name in names], dtype=np.int64)
        money = [np.where(c == UNKNOWN_MICROS, 0, c).astype(float) for c in (reports.spend, reports.revenue)]
        counts = [np.nan_to_num(c) for c in (reports.impressions, reports.clicks, reports.orders)]
        columns = np.column_stack([counts[0], counts[1], money[0], counts[2], money[1]])[rows]
        result = []
        for day in np.unique(reports.day[rows]):
            chosen = reports.day[rows] == day
            table = np.zeros((len(self.products), len(FIGURES)))
            np.add.at(table, codes[chosen], columns[chosen])
            result.append((int(day), table, np.unique(codes[chosen])))
        return result

    def _padded(self, table: FloatArray | None) -> FloatArray:
        result = np.zeros((len(self.products), len(FIGURES)))
        if table is not None:
            result[: len(table)] = table
        return result

    def _raise(self, day: int, table: FloatArray) -> None:
        """Remembers a report of a day, and forgets days too old to matter."""
        self._reported[day] = table
        self._highest[day] = np.maximum(self._padded(self._highest.get(day)), self._padded(table))
        zero = np.zeros(len(FIGURES))
        self._account[day] = np.maximum(self._account.get(day, zero), table.sum(axis=0))
        for old in [d for d in self._highest if d <= max(self._highest) - KEPT_DAYS]:
            del self._highest[old], self._reported[old], self._account[old]


def to_units(figures: FloatArray, rate: float) -> FloatArray:
    """Figures with money in micros of an account → money in units of the reporting currency."""
    return np.where(_MONEY, figures * (rate / MICROS), figures)
