"""`launch: {max: 1500, day: 100, days: 7d}`: a purse for testing new products.

Each of the chosen gets at least so much a day for its first days; all of them together never cost more than the purse.
When it is spent they fall to the platform's minimum, until somebody decides what becomes of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator
from typing_extensions import override

from bidder.errors import Source
from bidder.limits import Bounds, Limit, Priority, Quantity, Sense
from bidder.response.curve import Curves
from bidder.rules.amounts import column, in_force, in_shop, minimums, reserve
from bidder.rules.base import Kind
from bidder.rules.spent import committed_since, spent_since
from bidder.snapshot import FloatArray, Snapshot
from bidder.written import AmountOrMinimum, Duration, PositiveAmount

__all__ = ["Launch"]


class Launch(Kind):
    """A purse for testing new products, all that was ever spent on the chosen counted."""

    word: ClassVar[str] = "launch"
    priority: ClassVar[int] = Priority.OWNER_CAP

    max: PositiveAmount
    """At most so much in all for the chosen together, for example `1500`."""
    day: AmountOrMinimum | None = None
    """At least so much a day each while it is tested, for example `100`."""
    days: Duration = timedelta(days=7)
    """How long each is tested, from its first day with spend; whole days."""

    @field_validator("days")
    @classmethod
    def _whole_days(cls, value: timedelta) -> timedelta:
        if value % timedelta(days=1):
            raise ValueError("expected whole days such as 7d")
        return value

    @override
    def unfit(self, *, where: bool, when: bool) -> str | None:
        return None if where else "expected a where, for example {tag: new}: a purse for every budget is a total"

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds | Limit]:
        """What is left of the purse as a cap on the sum; the daily minimum while it lasts."""
        spends = chosen & in_force(snapshot)
        weights, least = spends.astype(np.float64), minimums(snapshot)
        over = np.array([budget.overdelivery for budget in snapshot.budgets], dtype=np.float64)
        out = spent_since(snapshot, 0) + committed_since(snapshot, 0, over)
        left = in_shop(self.max, snapshot) - float(out[chosen].sum()) - float(reserve(snapshot) @ weights)
        yield Limit(name, Quantity.AMOUNT, weights, Sense.AT_MOST, max(left, float(least @ weights)), priority, source)
        if self.day is None:
            return
        tested = spends & (_days_since_first(snapshot) < self.days.days)
        floor = np.where(tested, np.maximum(column(self.day, snapshot), least), 0.0)
        if tested.any() and floor.sum() + float(least @ (weights * ~tested)) <= left:
            yield Bounds(name, np.where(tested, floor, -np.inf), np.full(len(chosen), np.inf), priority, source)


def _days_since_first(snapshot: Snapshot) -> FloatArray:
    """Days from each budget's first day with spend to the decided one; 0 where nothing was spent yet."""
    history = snapshot.history
    rows = (history.spend > 0) & (history.day < snapshot.today)
    first = np.full(len(snapshot.budgets), snapshot.today, dtype=np.int64)
    np.minimum.at(first, history.budget[rows], history.day[rows])
    return np.asarray(snapshot.today - first, dtype=np.float64)
