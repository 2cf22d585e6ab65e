"""The figures that the watch looks at: budgets × days, the day that has begun, and how late orders come.

Made of a Snapshot (days before the decided one) and of what platforms say of today so far.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from bidder.account_day import AccountDay
from bidder.catalog import Account, BudgetStatus
from bidder.ids import BudgetId
from bidder.money import MICROS
from bidder.reports import Reports
from bidder.snapshot import FloatArray, Snapshot

__all__ = ["AGES", "BACK", "Days", "days_of", "shares_of"]

BACK = 63
"""Days that are looked at."""

RIPE = timedelta(days=7)
"""A younger day's newest reading is not its last: it cannot tell which part was in."""

AGES = 15
"""Days after which no more orders are expected to come in."""


@dataclass(frozen=True, eq=False)
class Days:
    """Columns of (budgets, BACK) in Snapshot order, the last day yesterday; NaN where nothing was reported.

    `today_*` are (budgets,), NaN likewise; `passed` is the part of the account day that is over, 0 to 1. `shares` says
    of each account which part of the orders of a day of age 0, 1, 2, … (in days) is reported by now (NaN: not learnt).
    """

    now: datetime
    snapshot: Snapshot
    impressions: FloatArray
    clicks: FloatArray
    spend: FloatArray
    orders: FloatArray
    today_clicks: FloatArray
    today_spend: FloatArray
    today_orders: FloatArray
    shares: Mapping[str, FloatArray]

    def accounts(self) -> Iterator[tuple[Account, NDArray[np.int64]]]:
        """Each account with the positions of its active budgets."""
        for account in self.snapshot.accounts:
            mine = [
                place
                for place, one in enumerate(self.snapshot.budgets)
                if one.id.account == account.id and one.status is BudgetStatus.ACTIVE
            ]
            if mine:
                yield account, np.array(mine, dtype=np.int64)

    def share(self, account: str, age: int) -> float:
        """Which part of the orders is in after so many days; 1 where nothing is known."""
        known = self.shares.get(account)
        share = 1.0 if known is None else float(known[min(age, AGES - 1)])
        return 1.0 if np.isnan(share) else share

    def learnt(self, account: str, age: int) -> bool:
        """Whether it has been seen how late orders of that age come in."""
        known = self.shares.get(account)
        return known is not None and not np.isnan(known[min(age, AGES - 1)])

    def passed(self, account: Account) -> float:
        """The part of the account's day that is over."""
        day = AccountDay.of(self.now, account.timezone)
        return (self.now - day.start_at) / (day.end_at - day.start_at)


def days_of(snapshot: Snapshot, today: Reports, versions: Reports, now: datetime) -> Days:
    """Sums the figures by budget and day. Money in each budget's own currency."""
    size, history = len(snapshot.budgets), snapshot.history
    first = snapshot.today - BACK
    rows = (history.day >= first) & (history.day < snapshot.today)
    places, columns = history.budget[rows], history.day[rows] - first

    def table(values: FloatArray) -> FloatArray:
        known = ~np.isnan(values[rows])
        sums, seen = np.zeros((size, BACK)), np.zeros((size, BACK), dtype=np.bool_)
        np.add.at(sums, (places[known], columns[known]), values[rows][known])
        seen[places[known], columns[known]] = True
        return np.where(seen, sums, np.nan)

    position = {one.id: place for place, one in enumerate(snapshot.budgets)}
    sums = {name: np.full(size, np.nan) for name in ("clicks", "spend", "orders")}
    zones = {account.id: AccountDay.of(now, account.timezone) for account in snapshot.accounts}
    for row in range(len(today)):
        one = today.observation(row)
        place = position.get(BudgetId(one.account, one.budget.native))
        if place is None or one.account not in zones or one.day.date != zones[one.account].date:
            continue
        spend = one.performance.spend
        said = (one.performance.clicks, None if spend is None else spend.micros / MICROS, one.performance.orders)
        for name, value in zip(sums, said, strict=True):
            if value is not None:
                sums[name][place] = np.nansum([sums[name][place], value])
    return Days(
        now,
        snapshot,
        table(history.impressions),
        table(history.clicks),
        table(history.spend),
        table(history.orders),
        sums["clicks"],
        sums["spend"],
        sums["orders"],
        shares_of(versions, snapshot, now),
    )


def shares_of(versions: Reports, snapshot: Snapshot, now: datetime) -> dict[str, FloatArray]:
    """Which part of a day's orders was in after 0, 1, 2, … days, learnt from how they came in lately.

    Days whose first reading is older than a day say nothing (a file brought them). Pooled over all days of an account.
    """
    found: dict[str, FloatArray] = {}
    for account in snapshot.accounts:
        zero = AccountDay(account.timezone, snapshot.day)
        ends = {day: zero.next(day - snapshot.today).end_at for day in set(versions.day.tolist())}
        ends = {day: end for day, end in ends.items() if now >= end + RIPE}
        in_time, final = [0.0] * AGES, [0.0] * AGES
        looked = {day: _looked(end, now) for day, end in ends.items()}
        for day, seen in _by_key(versions, account.id, ends):
            seen.sort()
            at = [instant for instant, _ in seen]
            if at[0] > (ends[day] + timedelta(days=1)).timestamp():
                continue
            for age, until in enumerate(looked[day]):
                known = bisect_right(at, until)
                in_time[age] += seen[known - 1][1] if known else 0.0
                final[age] += seen[-1][1]
        enough = np.array(final) >= 20
        found[account.id] = np.where(enough, np.minimum(1.0, np.array(in_time) / np.maximum(final, 1.0)), np.nan)
    return found


def _looked(end: datetime, now: datetime) -> list[float]:
    """Until when a reading tells what was in 0, 1, 2, … days after the day's end: seconds since 1970-01-01 UTC."""
    untils = (end + timedelta(days=age) for age in range(AGES))
    return [until.timestamp() + 6 * 3600 for until in untils if until <= now]


def _by_key(versions: Reports, account: str, days: Collection[int]) -> Iterator[tuple[int, list[tuple[float, float]]]]:
    """Of each campaign, product and day its readings: (when, orders)."""
    mine = (versions.account == account) & ~np.isnan(versions.orders) & np.isin(versions.day, list(days))
    names = (versions.campaign, versions.product, versions.day, versions.observed, versions.orders)
    by_key: dict[tuple[str, str, int], list[tuple[float, float]]] = {}
    for campaign, product, day, at, orders in zip(*(column[mine].tolist() for column in names), strict=True):
        by_key.setdefault((campaign, product, day), []).append((at, orders))
    for (_, _, day), seen in by_key.items():
        yield day, seen
