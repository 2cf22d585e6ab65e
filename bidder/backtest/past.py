"""A shop's own past as it was known then: the Snapshot of any earlier day, without a figure that came later.

With a store every version of every figure has its instant, and a day is decided on what had been seen by its decision
instant. A file, or a store that was filled in one go, has one version only: then days before the decided one are
shown, and their orders, which the file knows complete, are reduced to what is usually known at that age.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget, BudgetStatus, Product
from bidder.config.rates import Rates
from bidder.cycle import FOREIGN_EDIT_REST, HISTORY_DAYS, LATE_DAYS
from bidder.errors import ConfigError, Fault
from bidder.gather import Known, gather
from bidder.ids import BudgetId
from bidder.money import Currency, Money
from bidder.report_rows import last_day
from bidder.reports import UNKNOWN_MICROS, Reports
from bidder.response.delay import default_curve
from bidder.snapshot import EPOCH_ORDINAL, FloatArray, IntArray, Snapshot, day_number
from bidder.store.protocol import BudgetReading, JournalLine, StoreReader

__all__ = ["Past", "complete", "past_of", "past_of_files"]

LEAST_HISTORY = 7
"""Days with figures before the first day that is replayed."""

SOON = 3.0
"""Figures first seen within so many days of their day were read as they came, and have a memory."""

RATES_LAST = timedelta(days=3650)
"""In a replay an old rate is no reason to hold: what is written today is what is left of the rates of then."""

SPENT_LATELY = 7
"""A budget that is off today but spent within so many days before a past one was on then."""


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """Everything that was ever reported, and when. `versions` is sorted by key, day and instant."""

    versions: Reports
    remembers: bool
    """Whether versions have their instants; else there is one of each, and orders are reduced by age."""
    late: tuple[float, ...]
    zone: str = "UTC"
    decided_at: time = time(0, 0)
    """When a day is decided, in `zone`."""
    currency: Currency | None = None
    accounts: tuple[Account, ...] = ()
    readings: tuple[BudgetReading, ...] = ()
    amounts: tuple[tuple[BudgetId, datetime, Money], ...] = ()
    products: tuple[Product, ...] = ()
    outcomes: tuple[JournalLine, ...] = ()
    foreign: tuple[JournalLine, ...] = ()
    rates: Rates = field(default_factory=Rates)
    """Dated exchange rates: a day is decided at those of its own time."""
    _last: NDArray[np.bool_] = field(init=False, repr=False)
    """Marks the newest version of each key and day."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_last", np.append(~_same_key(self.versions), True)[: len(self.versions)])

    def instant(self, day: date) -> datetime:
        """When that day was decided, or would have been."""
        return datetime.combine(day, self.decided_at, ZoneInfo(self.zone)).astimezone(UTC)

    def days(self) -> Sequence[date]:
        """The days that can be replayed: enough was known, and what came of them has been reported."""
        if not len(self.versions):
            return []
        first = int(self.versions.day.min()) + LEAST_HISTORY
        if self.remembers:
            begun = AccountDay.of(datetime.fromtimestamp(float(self.versions.observed.min()), UTC), self.zone)
            first = max(first, day_number(begun.date) + 1)
        listed = [date.fromordinal(day + EPOCH_ORDINAL) for day in range(first, last_day(self.versions) + 1)]
        if not self.remembers:
            return listed
        return [day for day in listed if len(set(self._seen(day).day.tolist())) >= LEAST_HISTORY]

    def final(self) -> Reports:
        """The newest version of everything: outcomes, never an input of a past decision."""
        return _rows(self.versions, self._last)

    def snapshot(self, day: date) -> Snapshot:
        """What was known at the decision instant of that day. Raises ConfigError when nothing was."""
        instant = self.instant(day)
        reports = self._seen(day)
        if not len(reports):
            raise ConfigError([Fault(None, f"nothing was known yet on {day}")])
        currency = self.currency if self.accounts else None
        return gather(reports, self._known(reports, day, instant), currency=currency, day=day, as_of=instant)

    def now(self) -> Snapshot:
        """All that is known, for the day after the last reported one."""
        reports = self.final()
        day = date.fromordinal(last_day(reports) + 1 + EPOCH_ORDINAL)
        if not self.remembers:
            return self.snapshot(day)
        newest = datetime.fromtimestamp(float(self.versions.observed.max()), UTC)
        instant = max(self.instant(day), newest)
        currency = self.currency if self.accounts else None
        return gather(reports, self._known(reports, day, instant), currency=currency, day=day, as_of=instant)

    def _seen(self, day: date) -> Reports:
        """The rows of earlier days, as known at the decision instant."""
        number = day_number(day)
        window = (self.versions.day < number) & (self.versions.day >= number - HISTORY_DAYS)
        if self.remembers:
            seen = self.versions.observed <= self.instant(day).timestamp()
            # the newest seen of its key and day: the next version of it is another key's or came later
            following = np.append(seen[1:] & _same_key(self.versions), False)[: len(seen)]
            return _rows(self.versions, window & seen & ~following)
        return _younger(_rows(self.versions, window & self._last), self.instant(day), number, self.late)

    def _known(self, reports: Reports, day: date, instant: datetime) -> Known:
        """Budgets, products and changes as they stood at the instant."""
        in_force = {budget: amount for budget, at, amount in self.amounts if at <= instant}
        spent = _spent_lately(reports, day_number(day))
        budgets = [_then(one, in_force.get(one.budget.id), spent) for one in self.readings]
        exchange = self.rates.at(day, RATES_LAST)
        return Known(
            accounts=self.accounts,
            exchange=exchange.rates,
            exchange_days=exchange.days,
            budgets=[one for one in budgets if one is not None],
            products=[_without_stock(one) for one in self.products],
            changed=self._changed(instant),
            foreign={
                BudgetId.parse(str(line.facts["budget"])): line.at
                for line in self.foreign
                if timedelta(0) <= instant - line.at < FOREIGN_EDIT_REST
            },
            amounts=self.amounts,
            versions=self._readings(day, instant) if self.remembers else None,
        )

    def _readings(self, day: date, instant: datetime) -> Reports:
        """Every reading of the last weeks' rows that was there at the instant."""
        number = day_number(day)
        window = (self.versions.day < number) & (self.versions.day >= number - LATE_DAYS)
        return _rows(self.versions, window & (self.versions.observed <= instant.timestamp()))

    def _changed(self, instant: datetime) -> Mapping[BudgetId, int]:
        changed: dict[BudgetId, int] = {}
        for line in self.outcomes:
            if line.at <= instant and line.facts["result"] == "applied":
                budget = BudgetId.parse(str(line.facts["budget"]))
                changed[budget] = max(changed.get(budget, 0), day_number(AccountDay.of(line.at, self.zone).date))
        return changed


def past_of(store: StoreReader, late: tuple[float, ...], **settings: Any) -> Past:
    """The past that a store remembers; `settings` are those of Past that a configuration says (zone, accounts, …)."""
    versions = store.report_versions()
    remembers = bool(len(versions)) and _read_as_they_came(versions)
    past = Past(versions=versions, remembers=False, late=late, **settings)
    if not remembers:
        return past
    read = replace(
        past,
        remembers=True,
        readings=tuple(store.budgets()),
        amounts=tuple(store.budget_history(datetime.fromtimestamp(0, UTC))),
        products=(*past.products, *(p for p in store.products() if p.id not in {q.id for q in past.products})),
        outcomes=tuple(store.journal(kind="outcome")),
        foreign=tuple(store.journal(kind="foreign_edit")),
    )
    return read if len(read.days()) >= LEAST_HISTORY else past


def past_of_files(reports: Reports, late: tuple[float, ...]) -> Past:
    """The past that exports tell: one version of each figure."""
    keys = ("account", "budget", "campaign", "product")
    names = list(zip(*(getattr(reports, name).tolist() for name in keys), strict=True))
    rank = {name: place for place, name in enumerate(sorted(set(names)))}
    order = np.lexsort((reports.day, reports.window, np.array([rank[name] for name in names], dtype=np.int64)))
    return Past(versions=_rows(reports, order), remembers=False, late=late)


def _read_as_they_came(versions: Reports) -> bool:
    """Whether some days were first seen within three days of their end."""
    first = np.append(True, ~_same_key(versions))
    age = versions.observed / 86_400.0 - versions.day - 1.0
    fresh = set(versions.day[first & (age <= SOON)].tolist())
    return len(fresh) > LEAST_HISTORY


def _same_key(versions: Reports) -> NDArray[np.bool_]:
    """For each row but the last: whether the next is another version of the same figures."""
    same = np.diff(versions.day) == 0
    for name in ("account", "budget", "campaign", "product", "window"):
        column = getattr(versions, name)
        same &= np.asarray(column[1:] == column[:-1], dtype=np.bool_)
    return np.asarray(same, dtype=np.bool_)


def _rows(reports: Reports, mask: NDArray[np.bool_] | IntArray) -> Reports:
    return Reports(**{name: getattr(reports, name)[mask] for name in Reports.__slots__})


def _younger(reports: Reports, instant: datetime, day: int, late: tuple[float, ...]) -> Reports:
    """One-version figures as they may have stood at an instant: late orders taken off, in expectation."""
    if not len(reports):
        return reports
    then = np.maximum(day - reports.day, 0).astype(np.float64)
    kept = complete(then, late) / complete(np.maximum(_age(reports), then), late)

    def money(column: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where(column == UNKNOWN_MICROS, UNKNOWN_MICROS, np.round(column * kept)).astype(np.int64)

    return replace(
        reports,
        orders=reports.orders * kept,
        units=reports.units * kept,
        revenue=money(reports.revenue),
        observed=np.full(len(reports), instant.timestamp()),
    )


def complete(age: FloatArray, late: tuple[float, ...]) -> FloatArray:
    """The share of a day's orders that is usually known at these ages in days."""
    curve = default_curve(late)
    return np.asarray(curve[np.clip(age, 0, len(curve) - 1).astype(np.int64)], dtype=np.float64)


def _age(reports: Reports) -> FloatArray:
    return np.asarray(np.floor(reports.observed / 86_400.0 - reports.day + 1e-6), dtype=np.float64)


def _spent_lately(reports: Reports, day: int) -> set[tuple[str, str]]:
    rows = (reports.day >= day - SPENT_LATELY) & (reports.spend > 0)
    return set(zip(reports.account[rows].tolist(), reports.budget[rows].tolist(), strict=True))


def _then(reading: BudgetReading, amount: Money | None, spent: set[tuple[str, str]]) -> Budget | None:
    """A budget with the amount in force then; None: it had not been read yet. Survivors alone would flatter."""
    if amount is None:
        return None
    one = reading.budget
    status = BudgetStatus.ACTIVE if (one.id.account, one.id.native) in spent else one.status
    return replace(one, now=amount, status=status)


def _without_stock(product: Product) -> Product:
    """Only the newest reading of stock is kept, so what it was then is unknown, and never today's."""
    return replace(product, stock=None, stock_at=None, restock_date=None)
