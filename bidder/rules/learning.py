"""`learning: {}`: budgets of which too little is known yet are not judged: no cut, and only small raises.

Few orders are no judgement (学习中): a budget counts as learning until it has so many orders, clicks or days with
spend. What caps, stock or a target's own brake ask is done all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator
from typing_extensions import override

from bidder.errors import Source
from bidder.limits import Bounds, Priority
from bidder.response.curve import Curves
from bidder.rules.amounts import in_force, minimums
from bidder.rules.base import Kind
from bidder.snapshot import Snapshot
from bidder.written import Duration, Fraction, PercentAbove

__all__ = ["Learning", "is_learning"]


class Learning(Kind):
    """Budgets of which too little is known yet are left to learn."""

    word: ClassVar[str] = "learning"
    priority: ClassVar[int] = Priority.STEP

    days: Duration = timedelta(days=7)
    """Learning ends after so many days with spend; whole days."""
    clicks: int = Field(default=150, ge=1, strict=True)
    """or with so many clicks"""
    orders: int = Field(default=20, ge=1, strict=True)
    """or with so many orders."""
    raise_: PercentAbove = Field(default=0.20, alias="raise")
    """At most this part up a day while it learns."""
    cut: Fraction = 0.0
    """At most this part down a day while it learns."""

    @field_validator("days")
    @classmethod
    def _whole_days(cls, value: timedelta) -> timedelta:
        if value % timedelta(days=1):
            raise ValueError("expected whole days such as 7d")
        return value

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds]:
        """Bounds around the amounts in force of those that learn."""
        now, least = snapshot.now, minimums(snapshot)
        held = chosen & in_force(snapshot) & ~np.isnan(now)
        held &= is_learning(snapshot, self.days.days, self.clicks, self.orders)
        if not held.any():
            return
        upper = np.where(held, now + self.raise_ * np.maximum(now, least), np.inf)
        yield Bounds(name, np.where(held, now * (1 - self.cut), -np.inf), upper, priority, source)


def is_learning(snapshot: Snapshot, days: int, clicks: float, orders: float) -> NDArray[np.bool_]:
    """Budgets with fewer days of spend, fewer clicks and fewer orders than these."""
    history = snapshot.history
    rows = (history.day < snapshot.today) & (history.spend > 0)
    size = len(snapshot.budgets)
    seen = np.unique(np.stack([history.budget[rows], history.day[rows]]), axis=1)[0] if rows.any() else []
    past = history.day < snapshot.today
    places = history.budget[past]
    clicked = np.bincount(places, np.nan_to_num(history.clicks[past]), size)
    ordered = np.bincount(places, np.nan_to_num(history.orders[past]), size)
    active = np.bincount(np.asarray(seen, dtype=np.int64), minlength=size)
    return np.asarray((active < days) & (clicked < clicks) & (ordered < orders))
