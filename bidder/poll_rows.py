"""Which rows of an answer can be true, which of those known are missing from it, and up to when it tells. Pure.

Called by `poll` on what a platform or shop has answered, and by the command that sums what was believed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from bidder.account_day import AccountDay
from bidder.activity import COUNTS, MONEY, UNKNOWN, Activity
from bidder.catalog import Account
from bidder.report_rows import rows_of
from bidder.reports import UNKNOWN_MICROS, Reports
from bidder.snapshot import day_number

__all__ = ["cannot_be", "data_at_of", "keys_of", "missing_of", "quarantined"]

AHEAD = timedelta(minutes=5)
"""By how much a platform's clock may be ahead of ours."""


def cannot_be(activity: Activity, account: Account, today: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Rows that cannot be true: absurd figures, another source or currency, a day that has not come."""
    counts = np.column_stack([getattr(activity, name) for name in COUNTS])
    money = np.column_stack([getattr(activity, name) for name in MONEY])
    bad = (np.isinf(counts) | (counts < 0) | (counts >= 1e15)).any(axis=1) | (money < UNKNOWN).any(axis=1)
    bad |= (money != UNKNOWN).any(axis=1) & (activity.currency != account.currency)
    bad |= (activity.source != account.id) | (activity.day < 0) | (activity.day > today)
    return np.asarray(bad, dtype=np.bool_)


def quarantined(reports: Reports, account: Account, now: datetime) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which rows cannot be true: infinite, negative or absurd figures, more clicks than impressions, days or sightings
    in the future, another account or currency, nothing said at all, one key twice with different figures.
    """
    counts = np.column_stack([reports.impressions, reports.clicks, reports.orders, reports.units])
    money = np.column_stack([reports.spend, reports.revenue, reports.amount])
    bad = (np.isinf(counts) | (counts < 0) | (counts >= 1e15)).any(axis=1)
    bad |= (money < UNKNOWN_MICROS).any(axis=1)
    bad |= reports.clicks > reports.impressions  # False where either is unknown
    bad |= ~np.isfinite(reports.observed) | (reports.observed > (now + AHEAD).timestamp())
    bad |= (reports.day < 0) | (reports.day > day_number(AccountDay.of(now, account.timezone).date))
    bad |= reports.account != account.id
    bad |= (money != UNKNOWN_MICROS).any(axis=1) & (reports.currency != account.currency)
    bad |= np.isnan(counts).all(axis=1) & (money[:, :2] == UNKNOWN_MICROS).all(axis=1)
    return np.asarray(bad | _contradicting(reports, counts, money), dtype=np.bool_)


def _contradicting(reports: Reports, counts: Any, money: Any) -> Any:
    seen: dict[tuple[Any, ...], bytes] = {}
    clash = set()
    keys = keys_of(reports, "budget", "campaign", "product", "day", "window", "observed")
    for row, key in enumerate(keys):
        figures = counts[row].tobytes() + money[row].tobytes()
        if seen.setdefault(key, figures) != figures:
            clash.add(key)
    return np.array([key in clash for key in keys], dtype=np.bool_)


def missing_of(
    known: Reports, received: Reports, account: Account, today: int, series: Collection[tuple[Any, ...]]
) -> tuple[int, int]:
    """How many rows of earlier days and of these (campaign, product) the store has that the answer lacks, and of how
    many.
    """
    earlier = rows_of(known, (known.account == account.id) & (known.day < today))
    expected = {key for key in keys_of(earlier, "campaign", "product", "day") if key[:2] in series}
    return len(expected - set(keys_of(received, "campaign", "product", "day"))), len(expected)


def keys_of(reports: Reports, *names: str) -> list[tuple[Any, ...]]:
    """These columns, row by row."""
    return list(zip(*(getattr(reports, name).tolist() for name in names), strict=True))


def data_at_of(reports: Reports, account: Account) -> datetime | None:
    """The newest instant described: the end of the newest day, or when it was seen if that day was not over."""
    if not len(reports):
        return None
    newest = int(reports.day.max())
    seen = datetime.fromtimestamp(float(reports.observed[reports.day == newest].max()), UTC)
    day = AccountDay.of(datetime(1970, 1, 1, 12, tzinfo=UTC), "UTC").next(newest).date
    return min(AccountDay(account.timezone, day).end_at, seen)
