"""The figures that the watch looks at: budgets × days, the day that has begun, and how late orders come.

Made of a Snapshot (days before the decided one) and of what platforms say of today so far.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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

__all__ = ["BACK", "Days", "days_of", "shares_of"]

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
        mine = (versions.account == account.id) & ~np.isnan(versions.orders)
        in_time, final = np.zeros(AGES), np.zeros(AGES)
        by_key: dict[tuple[str, str, int], list[tuple[float, float]]] = {}
        for row in np.flatnonzero(mine).tolist():
            key = (str(versions.campaign[row]), str(versions.product[row]), int(versions.day[row]))
            by_key.setdefault(key, []).append((float(versions.observed[row]), float(versions.orders[row])))
        zero = AccountDay(account.timezone, snapshot.day)
        for (_, _, day), seen in by_key.items():
            seen.sort()
            end = zero.next(day - snapshot.today).end_at
            if seen[0][0] > (end + timedelta(days=1)).timestamp() or now < end + RIPE:
                continue
            for age in range(AGES):
                until = end + timedelta(days=age)
                if until > now:
                    break
                known = [orders for at, orders in seen if at <= until.timestamp() + 6 * 3600]
                in_time[age] += known[-1] if known else 0.0
                final[age] += seen[-1][1]
        enough = final >= 20
        found[account.id] = np.where(enough, np.minimum(1.0, in_time / np.maximum(final, 1.0)), np.nan)
    return found
