"""Observations as columns: how they travel between files, platforms, the store and the Snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from bidder.account_day import AccountDay
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import NO_CURRENCY, Currency, Money
from bidder.performance import Observation, Performance
from bidder.snapshot import FloatArray, IntArray, day_number

__all__ = ["UNKNOWN_MICROS", "Reports", "in_currency", "joined"]

UNKNOWN_MICROS = -1
"""An amount that the report does not say. Real amounts of a report are never negative (such rows are refused)."""

TextArray = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Reports:
    """One row per Observation. Text columns are object arrays ("" for none); money is exact micros (-1 unknown).

    `day` counts account days since 1970-01-01, `observed` seconds since 1970-01-01 UTC; counts are NaN when unknown;
    `window` is the attribution window in days (-1: the report does not say).
    """

    account: TextArray
    budget: TextArray
    campaign: TextArray
    product: TextArray
    name: TextArray
    channel: TextArray
    group: TextArray
    zone: TextArray
    currency: TextArray
    day: IntArray
    observed: FloatArray
    impressions: FloatArray
    clicks: FloatArray
    spend: IntArray
    orders: FloatArray
    units: FloatArray
    revenue: IntArray
    amount: IntArray
    window: IntArray

    def __len__(self) -> int:
        return len(self.day)

    @classmethod
    def of(cls, observations: Iterable[Observation]) -> Reports:
        """The same rows as columns, in the given order."""
        rows = list(observations)
        return cls(
            account=_text(o.account for o in rows),
            budget=_text(o.budget.native for o in rows),
            campaign=_text(o.campaign for o in rows),
            product=_text(o.product or "" for o in rows),
            name=_text(o.name for o in rows),
            channel=_text(o.channel for o in rows),
            group=_text(o.group for o in rows),
            zone=_text(o.day.zone for o in rows),
            currency=_text(_currency(o) for o in rows),
            day=np.array([day_number(o.day.date) for o in rows], dtype=np.int64),
            observed=np.array([o.observed_at.timestamp() for o in rows], dtype=np.float64),
            impressions=_counts(o.performance.impressions for o in rows),
            clicks=_counts(o.performance.clicks for o in rows),
            spend=_micros(o.performance.spend for o in rows),
            orders=_counts(o.performance.orders for o in rows),
            units=_counts(o.performance.units for o in rows),
            revenue=_micros(o.performance.revenue for o in rows),
            amount=_micros(o.amount for o in rows),
            window=np.array([-1 if o.window is None else o.window for o in rows], dtype=np.int64),
        )

    def observation(self, row: int) -> Observation:
        """One row as an object, for the edges."""
        currency = Currency(str(self.currency[row]))

        def money(column: IntArray) -> Money | None:
            return None if column[row] == UNKNOWN_MICROS else Money(int(column[row]), currency)

        def count(column: FloatArray) -> float | None:
            return None if np.isnan(column[row]) else float(column[row])

        impressions, clicks = count(self.impressions), count(self.clicks)
        account = AccountId(str(self.account[row]))
        day = date.fromordinal(int(self.day[row]) + date(1970, 1, 1).toordinal())
        return Observation(
            account=account,
            budget=BudgetId(account, str(self.budget[row])),
            campaign=str(self.campaign[row]),
            product=ProductId(str(self.product[row])) if self.product[row] else None,
            day=AccountDay(str(self.zone[row]), day),
            observed_at=datetime.fromtimestamp(float(self.observed[row]), UTC),
            performance=Performance(
                impressions=None if impressions is None else int(impressions),
                clicks=None if clicks is None else int(clicks),
                spend=money(self.spend),
                orders=count(self.orders),
                units=count(self.units),
                revenue=money(self.revenue),
            ),
            name=str(self.name[row]),
            channel=str(self.channel[row]),
            group=str(self.group[row]),
            amount=money(self.amount),
            window=None if self.window[row] < 0 else int(self.window[row]),
        )


def in_currency(reports: Reports, currency: Currency, exchange: Mapping[Currency, float]) -> Reports:
    """All money in one currency, to the nearest micro; rows in another without a rate are left out.

    `exchange`: units of `currency` per unit of another. Rows that name no currency are taken to be in it.
    """
    rates = {str(currency): 1.0, str(NO_CURRENCY): 1.0, **{str(code): rate for code, rate in exchange.items()}}
    codes = set(reports.currency.tolist())
    if codes <= {str(currency)}:
        return reports
    keep = np.array([code in rates for code in reports.currency], dtype=np.bool_)
    kept = {one.name: getattr(reports, one.name)[keep] for one in fields(Reports)}
    rate = np.array([rates[code] for code in kept["currency"]], dtype=np.float64)
    for name in ("spend", "revenue", "amount"):
        micros = kept[name]
        kept[name] = np.where(micros == UNKNOWN_MICROS, micros, np.rint(micros * rate).astype(np.int64))
    kept["currency"] = np.full(len(rate), str(currency), dtype=object)
    return Reports(**kept)


def joined(parts: Sequence[Reports]) -> Reports:
    """The rows of all parts, one after the other."""
    if not parts:
        return Reports.of([])
    return Reports(**{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Reports)})


def _currency(observation: Observation) -> str:
    p = observation.performance
    for amount in (p.spend, p.revenue, observation.amount):
        if amount is not None:
            return amount.currency
    return "XXX"


def _text(values: Iterable[str]) -> TextArray:
    listed = list(values)
    result = np.empty(len(listed), dtype=object)
    result[:] = listed
    return result


def _counts(values: Iterable[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _micros(values: Iterable[Money | None]) -> IntArray:
    return np.array([UNKNOWN_MICROS if value is None else value.micros for value in values], dtype=np.int64)
