"""`cash: {max: 20000, days: 15d}`: money that is out at one time, until the platform pays the sales out.

Ads are paid at once and sales after so many days, so the spend of that many days is what the shop has to lend itself.
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
from bidder.limits import Limit, Priority, Quantity, Sense
from bidder.response.curve import Curves
from bidder.rules.amounts import in_force, in_shop, minimums, reserve
from bidder.rules.base import Kind
from bidder.rules.spent import committed_since, spent_since
from bidder.snapshot import Snapshot
from bidder.written import Duration, PositiveAmount

__all__ = ["Cash"]

FASTEST = 1.3
"""A day takes at most so many times its even part, so that a full purse is not emptied in one day."""


class Cash(Kind):
    """The most ad money that is out at one time, until the platform pays the sales out."""

    word: ClassVar[str] = "cash"
    priority: ClassVar[int] = Priority.OWNER_CAP
    priority_of_all: ClassVar[int | None] = Priority.ABSOLUTE

    max: PositiveAmount
    """At most so much out at one time, for example `20000`."""
    days: Duration
    """How long the platform takes to pay out, for example `15d`; whole days."""

    @field_validator("days")
    @classmethod
    def _whole_days(cls, value: timedelta) -> timedelta:
        if value % timedelta(days=1) or not timedelta(days=1) <= value <= timedelta(days=90):
            raise ValueError("expected whole days from 1d to 90d")
        return value

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Limit]:
        """Today's part of what is left of the money; never below the minimums, which nobody can cut."""
        spends = (chosen & in_force(snapshot)).astype(np.float64)
        over = np.array([budget.overdelivery for budget in snapshot.budgets], dtype=np.float64)
        first = snapshot.today - (self.days.days - 1)
        out = spent_since(snapshot, first) + committed_since(snapshot, first, over)
        most = in_shop(self.max, snapshot)
        left = min(most - float(out[chosen].sum()), FASTEST * most / self.days.days)
        bound = max(left - float(reserve(snapshot) @ spends), float(minimums(snapshot) @ spends))
        yield Limit(name, Quantity.AMOUNT, spends, Sense.AT_MOST, bound, priority, source)
