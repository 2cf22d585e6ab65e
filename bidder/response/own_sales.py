"""What the shop itself sold, beside what platforms claim: two of them claim one order, or one that came by itself.

Attributed sales may not add up to more than the shop sold. Where they do, over the last weeks together, all of them are
taken for the more, and estimation sees each divided by it (FAILURES 10). Single days are not held against each other:
platforms count an order on the day of its click, the shop on the day that it was paid.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace

import numpy as np

from bidder.activity import UNKNOWN, WHOLE_DAY, Activity
from bidder.money import MICROS, NO_CURRENCY, Currency
from bidder.snapshot import FloatArray, History, IntArray, Snapshot

__all__ = ["DAYS", "claimed_by_day", "claimed_over_sold", "overlap", "own_sales", "within_own_sales"]

DAYS = 28
"""So many days before the decided one are summed."""
LEAST_DAYS = 7
"""Of fewer days that both sides know nothing is said."""


def own_sales(
    activity: Activity, first: int, today: int, rates: Mapping[Currency, float], products: Set[str] | None = None
) -> FloatArray:
    """The shop's sales of each day number from `first` to the one before `today`; NaN where unknown.

    Its total (None), or the sum over these products. `rates` turn into the shop's currency, itself among them; what has
    none does not count. Two sources of one figure are two views of it, so the larger holds and they are not added up.
    """
    figures: dict[tuple[int, str], float] = {}
    rows = (activity.day >= first) & (activity.day < today) & (activity.hour == WHOLE_DAY)
    for place in np.flatnonzero(rows & (activity.revenue != UNKNOWN)).tolist():
        product = str(activity.product[place])
        if activity.traffic[place] or (product != "" if products is None else product not in products):
            continue
        currency = Currency(str(activity.currency[place]))
        if currency != NO_CURRENCY and currency not in rates:
            continue
        rate = 1.0 if currency == NO_CURRENCY else rates[currency]
        key = (int(activity.day[place]) - first, product)
        figures[key] = max(figures.get(key, 0.0), int(activity.revenue[place]) / MICROS * rate)
    sales = np.full(today - first, np.nan)
    for (day, _), amount in sorted(figures.items()):
        sales[day] = amount if np.isnan(sales[day]) else sales[day] + amount
    return sales


def claimed_over_sold(claimed: FloatArray, sold: FloatArray) -> float | None:
    """Σ of what platforms claim over Σ of what the shop sold, on the days of which both are known; None for too few."""
    both = np.isfinite(claimed) & np.isfinite(sold)
    if int(both.sum()) < LEAST_DAYS or float(sold[both].sum()) <= 0:
        return None
    return float(claimed[both].sum()) / float(sold[both].sum())


def claimed_by_day(day: IntArray, revenue: FloatArray, first: int, today: int) -> FloatArray:
    """Attributed revenue (the shop's currency) of each day number from `first` to before `today`; NaN where no row."""
    rows = (day >= first) & (day < today) & np.isfinite(revenue)
    sums = np.bincount(day[rows] - first, revenue[rows], today - first)
    return np.where(np.bincount(day[rows] - first, minlength=today - first) > 0, sums, np.nan)


def overlap(snapshot: Snapshot) -> float | None:
    """Attributed sales over the shop's own, the last DAYS together; None where the shop's are not known."""
    if not len(snapshot.activity):
        return None
    first, history = snapshot.today - DAYS, snapshot.history
    rates = {snapshot.currency: 1.0, **snapshot.exchange}
    rate = np.array([rates.get(one.currency, np.nan) for one in snapshot.budgets], dtype=np.float64)
    revenue = history.revenue * rate[history.budget] if len(history) else history.revenue
    claimed = claimed_by_day(history.day, revenue, first, snapshot.today)
    return claimed_over_sold(claimed, own_sales(snapshot.activity, first, snapshot.today, rates))


def within_own_sales(snapshot: Snapshot) -> Snapshot:
    """The same, attributed orders and sales brought down to what the shop sold where they pass it."""
    over = overlap(snapshot)
    if over is None or over <= 1.0:
        return snapshot
    return replace(snapshot, history=_divided(snapshot.history, over), versions=_divided(snapshot.versions, over))


def _divided(history: History, over: float) -> History:
    return replace(history, orders=history.orders / over, units=history.units / over, revenue=history.revenue / over)
