"""`tacos: {max: 15%}`: ad spend over the shop's sales (费比), month to date.

Today may cost its part of today's sales, and closes a part of the gap that the month has so far, so that the month ends
at the most that is allowed. Not held during platform activities, when money goes out before sales come in.

Sales are what the shop itself reports, free traffic included. Where it reports none the rule holds nothing, and the
plan says so: those that ads claim are a part of them, and a cap on that part would starve the shop.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator
from typing_extensions import override

from bidder.errors import Source
from bidder.limits import Limit, Priority, Quantity, Sense
from bidder.response.curve import Curves
from bidder.response.own_sales import own_sales
from bidder.rules.amounts import in_force, minimums, reserve
from bidder.rules.base import Kind
from bidder.rules.events import event_phase
from bidder.rules.spent import committed_since, spent_since
from bidder.snapshot import FloatArray, Snapshot, day_number
from bidder.written import Fraction

__all__ = ["Tacos", "sales_by_day"]

RECENT = 28
"""Days that say what an ordinary day sells."""

_SLOWEST, _FASTEST = 0.7, 1.3


class Tacos(Kind):
    """The most of the shop's sales that ads may cost (费比), month to date; not held during platform activities."""

    word: ClassVar[str] = "tacos"
    priority: ClassVar[int] = Priority.TARGET

    max: Fraction
    """At most this part of sales, for example `15%`."""

    @field_validator("max")
    @classmethod
    def _some(cls, value: float) -> float:
        if value <= 0:
            raise ValueError("expected more than 0%, was 0%")
        return value

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Limit]:
        """A cap on the sum of the chosen; none where no sales are known. Never below what nobody can cut."""
        if event_phase(snapshot):
            return
        first = day_number(snapshot.day.replace(day=1))
        begins = min(first, snapshot.today - RECENT)
        sales = sales_by_day(snapshot, chosen, begins)
        recent = sales[-RECENT:]
        if not np.isfinite(recent).any():
            return
        usual = float(np.nanmean(recent))
        this_month = sales[first - begins :]
        sold = float(np.where(np.isfinite(this_month), this_month, usual).sum())
        over = np.array([budget.overdelivery for budget in snapshot.budgets], dtype=np.float64)
        out = spent_since(snapshot, first) + committed_since(snapshot, first, over)
        gap = self.max * sold - float(out[chosen].sum())
        days_left = monthrange(snapshot.day.year, snapshot.day.month)[1] - snapshot.day.day + 1
        part = self.max * usual
        today = min(max(part + gap / days_left, _SLOWEST * part), _FASTEST * part)
        weights = (chosen & in_force(snapshot)).astype(np.float64)
        bound = max(today - float(reserve(snapshot) @ weights), float(minimums(snapshot) @ weights))
        yield Limit(name, Quantity.AMOUNT, weights, Sense.AT_MOST, bound, priority, source)


def sales_by_day(snapshot: Snapshot, chosen: NDArray[np.bool_], first: int) -> FloatArray:
    """Sales of each day from day number `first` to the one before the decided day; NaN where unknown.

    Of the whole shop where every budget is chosen, else of the products of the chosen. Two sources of one figure are
    two views of it, so the larger holds and they are not added up.
    """
    shop = _of_activity(snapshot, first, None) if chosen.all() else np.full(snapshot.today - first, np.nan)
    if np.isfinite(shop).any():
        return shop
    products = {str(p) for budget, mine in zip(snapshot.budgets, chosen, strict=True) if mine for p in budget.products}
    return _of_activity(snapshot, first, products)


def _of_activity(snapshot: Snapshot, first: int, products: set[str] | None) -> FloatArray:
    """From the shop's own reports: its total (None), or the sum over these products."""
    rates = {snapshot.currency: 1.0, **snapshot.exchange}
    return own_sales(snapshot.activity, first, snapshot.today, rates, products)
