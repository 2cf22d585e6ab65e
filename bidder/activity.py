"""What the shop itself did: visitors, paid orders, buyers, sales and refunds, by product, day and source of traffic.

A ShopActivity is what one source said about one day (or one hour of it); `Activity` is many of them as columns, in
which they travel between files, pushes, the store and the Snapshot. Stands beside `performance`, which is about ads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bidder.account_day import AccountDay
from bidder.ids import ProductId
from bidder.money import Currency, Money

__all__ = ["COUNTS", "MONEY", "UNKNOWN", "WHOLE_DAY", "Activity", "Pushed", "ShopActivity", "joined"]

COUNTS = ("visitors", "views", "carts", "favourites", "orders", "buyers", "units", "new_buyers", "old_buyers")
"""What is counted. `carts` are pieces put into the cart, `orders` paid orders, `old_buyers` those who bought before."""

MONEY = ("revenue", "refunds")
"""What is paid (before refunds) and what is paid back on that day."""

WHOLE_DAY = -1
"""The hour of a figure that is of the whole day."""

UNKNOWN = -1
"""Money that the source does not say."""

_EPOCH = date(1970, 1, 1).toordinal()

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
TextArray = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class ShopActivity:
    """What one source said about a product (None: the whole shop) on one day, and when it was seen.

    `traffic` is where the visitors came from, "" for all together; `hour` 0 to 23, None for the whole day. A figure
    that is missing in `counts` and `money` is unknown, which is not zero. The whole day is not the sum of the hours
    and the shop is not the sum of its products: each is taken as its source says it.
    """

    source: str
    product: ProductId | None
    day: AccountDay
    observed_at: datetime
    counts: Mapping[str, float] = field(default_factory=dict)
    money: Mapping[str, Money] = field(default_factory=dict)
    traffic: str = ""
    hour: int | None = None

    @property
    def conversion(self) -> float | None:
        """Paid buyers over visitors, 支付转化率."""
        return _over(self.counts.get("buyers"), self.counts.get("visitors"))

    @property
    def average_order(self) -> float | None:
        """Revenue over paid orders, 笔单价."""
        return _over(_float(self.money.get("revenue")), self.counts.get("orders"))

    @property
    def average_buyer(self) -> float | None:
        """Revenue over paid buyers, 客单价."""
        return _over(_float(self.money.get("revenue")), self.counts.get("buyers"))


@dataclass(frozen=True, slots=True)
class Pushed:
    """One message of a source that pushes: figures of a product (None: the shop) as they were at an instant.

    `values` holds our names (COUNTS, MONEY) in millionths, so that sums are exact. A `running` source says the day's
    total so far, so its newest message of a day holds; another says what was added, and its day is the sum. The same
    (source, product, traffic, instant, name) again is the same figure: the message with the higher `sequence` holds.
    """

    source: str
    product: ProductId | None
    day: AccountDay
    at: datetime
    values: Mapping[str, int]
    currency: Currency
    running: bool
    traffic: str = ""
    sequence: int = 0


def _over(over: float | None, under: float | None) -> float | None:
    return None if over is None or not under else over / under


def _float(amount: Money | None) -> float | None:
    return None if amount is None else amount.to_float()


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """One row per ShopActivity. Text columns are object arrays; counts are NaN, money (exact micros) -1 when unknown.

    `product` is "" for the whole shop; `day` counts account days since 1970-01-01, `observed` seconds since then UTC;
    `hour` is WHOLE_DAY or 0 to 23.
    """

    source: TextArray
    product: TextArray
    traffic: TextArray
    zone: TextArray
    currency: TextArray
    day: IntArray
    hour: IntArray
    observed: FloatArray
    visitors: FloatArray
    views: FloatArray
    carts: FloatArray
    favourites: FloatArray
    orders: FloatArray
    buyers: FloatArray
    units: FloatArray
    new_buyers: FloatArray
    old_buyers: FloatArray
    revenue: IntArray
    refunds: IntArray

    def __len__(self) -> int:
        return len(self.day)

    @classmethod
    def empty(cls) -> Activity:
        """No rows."""
        return cls.of([])

    @classmethod
    def of(cls, rows: Iterable[ShopActivity]) -> Activity:
        """The same rows as columns, in the given order."""
        listed = list(rows)
        figures: dict[str, Any] = {name: _floats([one.counts.get(name) for one in listed]) for name in COUNTS}
        figures |= {name: _micros([one.money.get(name) for one in listed]) for name in MONEY}
        return cls(
            source=_texts([one.source for one in listed]),
            product=_texts([one.product or "" for one in listed]),
            traffic=_texts([one.traffic for one in listed]),
            zone=_texts([one.day.zone for one in listed]),
            currency=_texts([next((amount.currency for amount in one.money.values()), "XXX") for one in listed]),
            day=np.array([one.day.date.toordinal() - _EPOCH for one in listed], dtype=np.int64),
            hour=np.array([WHOLE_DAY if one.hour is None else one.hour for one in listed], dtype=np.int64),
            observed=np.array([one.observed_at.timestamp() for one in listed], dtype=np.float64),
            **figures,
        )

    def row(self, place: int) -> ShopActivity:
        """One row as an object."""
        currency = Currency(str(self.currency[place]))
        counts = {name: float(getattr(self, name)[place]) for name in COUNTS}
        money = {name: int(getattr(self, name)[place]) for name in MONEY}
        day = date.fromordinal(int(self.day[place]) + _EPOCH)
        return ShopActivity(
            source=str(self.source[place]),
            product=ProductId(str(self.product[place])) if self.product[place] else None,
            day=AccountDay(str(self.zone[place]), day),
            observed_at=datetime.fromtimestamp(float(self.observed[place]), UTC),
            counts={name: value for name, value in counts.items() if value == value},
            money={name: Money(value, currency) for name, value in money.items() if value != UNKNOWN},
            traffic=str(self.traffic[place]),
            hour=None if self.hour[place] == WHOLE_DAY else int(self.hour[place]),
        )

    def rows(self) -> list[ShopActivity]:
        """All rows as objects, for the edges."""
        return [self.row(place) for place in range(len(self))]

    def select(self, mask: NDArray[np.bool_]) -> Activity:
        """The rows where the mask holds."""
        return Activity(**{one.name: getattr(self, one.name)[mask] for one in fields(self)})


def joined(parts: Sequence[Activity]) -> Activity:
    """The rows of all parts, one after the other."""
    if not parts:
        return Activity.empty()
    columns = {one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Activity)}
    return Activity(**columns)


def _texts(values: Sequence[str]) -> TextArray:
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result


def _floats(values: Sequence[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _micros(values: Sequence[Money | None]) -> IntArray:
    return np.array([UNKNOWN if value is None else value.micros for value in values], dtype=np.int64)
