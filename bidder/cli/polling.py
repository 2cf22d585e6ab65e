"""One poll whose answers are summed by account and day: exactly what the platforms say now, not what is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from bidder.catalog import Account, Budget
from bidder.money import Currency, Money
from bidder.reports import UNKNOWN_MICROS, Reports

if TYPE_CHECKING:
    from bidder.bidding import Lever, LeverReport
    from bidder.config.load import Config
    from bidder.connectors.protocol import AdsReader, BidReader
    from bidder.poll import PollResult
    from bidder.store.protocol import Store

__all__ = ["DayTotal", "poll_accounts"]


@dataclass(frozen=True, slots=True)
class DayTotal:
    """All that an account reported about one of its days. None is what no row says."""

    account: str
    day: date
    currency: Currency
    impressions: int | None
    clicks: int | None
    spend: Money | None
    orders: float | None
    revenue: Money | None
    observed_at: datetime

    def row(self) -> dict[str, Any]:
        """For programs: money as decimal text in the currency's own unit."""
        return {
            "account": self.account,
            "day": self.day.isoformat(),
            "currency": self.currency,
            "impressions": self.impressions,
            "clicks": self.clicks,
            "spend": None if self.spend is None else str(self.spend),
            "orders": self.orders,
            "revenue": None if self.revenue is None else str(self.revenue),
            "observed_at": self.observed_at.isoformat(),
        }


async def poll_accounts(loaded: Config, store: Store) -> tuple[Sequence[PollResult], list[DayTotal]]:
    """Polls into the store; what came of it, and the totals of the accounts whose figures were believed."""
    from bidder.connectors.protocol import BidReader
    from bidder.cycle import Readers, open_inbox, open_readers, poll_now, utc_now
    from bidder.poll_rows import quarantined

    opened = open_readers(loaded)
    readers = [_RememberingBids(one) if isinstance(one, BidReader) else _Remembering(one) for one in opened.ads]
    try:
        inbox = open_inbox(loaded, store, utc_now)
        days = loaded.schedule.lookback_days
        results = await poll_now(Readers(tuple(readers), opened.shops), store, utc_now, days, inbox, loaded.bids)
    finally:
        await opened.close()
    good = {one.account for one in results if one.ok and one.kind == "performance"}
    totals: list[DayTotal] = []
    for reader in readers:
        if reader.account.id in good and reader.reports is not None:
            bad = quarantined(reader.reports, reader.account, utc_now())
            totals += _by_day(reader.reports, reader.account, ~bad)
    return results, sorted(totals, key=lambda one: (one.account, one.day))


class _Remembering:
    """A reader that keeps the figures it was last given."""

    def __init__(self, reader: AdsReader) -> None:
        self._reader = reader
        self.restated_days = int(getattr(reader, "restated_days", 0))
        self.reports: Reports | None = None

    @property
    def account(self) -> Account:
        """The account."""
        return self._reader.account

    async def budgets(self) -> Sequence[Budget]:
        """Every budget."""
        return await self._reader.budgets()

    async def performance(self, first: date, last: date) -> Reports:
        """Figures a row and day."""
        self.reports = await self._reader.performance(first, last)
        return self.reports

    async def close(self) -> None:
        """Releases connections."""
        await self._reader.close()


class _RememberingBids(_Remembering):
    """One that reads bids too."""

    def __init__(self, reader: BidReader) -> None:
        super().__init__(reader)
        self._bids = reader

    async def levers(self) -> Sequence[Lever]:
        """Every bid and target."""
        return await self._bids.levers()

    async def lever_reports(self, first: date, last: date) -> Sequence[LeverReport]:
        """Figures a bid and day."""
        return await self._bids.lever_reports(first, last)


def _by_day(reports: Reports, account: Account, good: Any) -> list[DayTotal]:
    found = []
    for day in np.unique(reports.day[good]).tolist():
        rows = good & (reports.day == day)
        found.append(
            DayTotal(
                account=account.id,
                day=date.fromordinal(int(day) + date(1970, 1, 1).toordinal()),
                currency=account.currency,
                impressions=_count(reports.impressions[rows]),
                clicks=_count(reports.clicks[rows]),
                spend=_money(reports.spend[rows], account.currency),
                orders=_sum(reports.orders[rows]),
                revenue=_money(reports.revenue[rows], account.currency),
                observed_at=datetime.fromtimestamp(float(reports.observed[rows].max()), UTC),
            )
        )
    return found


def _sum(column: Any) -> float | None:
    known = column[~np.isnan(column)]
    if not len(known):
        return None
    value = round(float(known.sum()), 6)
    return int(value) if value.is_integer() else value


def _count(column: Any) -> int | None:
    value = _sum(column)
    return None if value is None else int(value)


def _money(column: Any, currency: Currency) -> Money | None:
    known = [int(micros) for micros in column if micros != UNKNOWN_MICROS]
    return Money(sum(known), currency) if known else None
