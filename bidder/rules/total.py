"""`total: {max: 3000}`: a cap on the sum of daily budgets in force; without `where` it is the shop's absolute cap.

`per: week` or `per: month` holds the spend of the running week (from Monday) or calendar month: what is left of it, as
today's cap. Also the cap of `bidder plan --total` and of `budget.day.max` in bidder.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bidder.errors import Source
from bidder.limits import Limit, Priority, Quantity, Sense
from bidder.response.curve import Curves
from bidder.rules.amounts import in_force, in_shop, minimums, reserve, written_by_bidder
from bidder.rules.base import Kind
from bidder.rules.events import purse_is_open
from bidder.rules.groups import By, groups
from bidder.rules.period import today_of_period
from bidder.snapshot import Snapshot
from bidder.written import Amount, PositiveAmount

__all__ = ["DayCap", "Total"]


class Total(Kind):
    """The most that the daily budgets of the chosen may add up to; of all of them, it is never relaxed."""

    word: ClassVar[str] = "total"
    priority: ClassVar[int] = Priority.OWNER_CAP
    priority_of_all: ClassVar[int | None] = Priority.ABSOLUTE

    max: PositiveAmount
    """At most so much in all, for example `3000` or `500 USD`."""
    per: Literal["day", "week", "month"] = "day"
    """In which time: a `day`, a `week` (from Monday) or a calendar `month`."""
    by: By | None = None
    """At most so much for each `channel`, `account`, `platform`, `currency`, `group` or `category` on its own."""

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Limit]:
        """One limit over the chosen budgets in force; a second when some accounts are only observed.

        A plan is not written where bidder only observes, so what it writes elsewhere has to fit beside the amounts
        that stand there today. A cap on each group is no cap on all, and gives way like any other of an owner.
        """
        if self.by is None:
            yield from self._held(chosen, snapshot, name, priority, source)
            return
        for group, members in groups(chosen, snapshot, self.by):
            yield from self._held(members, snapshot, f"{name} ({group})", min(priority, Priority.OWNER_CAP), source)

    def _most(self, snapshot: Snapshot) -> Amount:  # noqa: ARG002 - of every day the same
        return self.max

    def _held(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, name: str, priority: int, source: Source
    ) -> Iterable[Limit]:
        spends = chosen & in_force(snapshot)
        weights = spends.astype(np.float64)
        bound = in_shop(self._most(snapshot), snapshot)
        if self.per != "day":
            bound = today_of_period(snapshot, chosen, bound, self.per)
        bound -= float((reserve(snapshot) * weights).sum())
        if self.per != "day":
            bound = max(bound, float((minimums(snapshot) * weights).sum()))  # nobody can cut below the minimums
        yield Limit(name, Quantity.AMOUNT, weights, Sense.AT_MOST, bound, priority, source)
        observed = spends & ~written_by_bidder(snapshot)
        if observed.any():
            left = bound - float(np.nan_to_num(snapshot.now)[observed].sum())
            acts = (spends & ~observed).astype(np.float64)
            beside = f"{name} (beside accounts that are only observed)"
            yield Limit(beside, Quantity.AMOUNT, acts, Sense.AT_MOST, left, priority, source)


class DayCap(Total):
    """The cap of `budget.day` in bidder.yaml; not a word of rules."""

    event: PositiveAmount | None = None
    """The cap on days of an event that has a purse, from its preheat until budgets are back; else `max` holds then."""

    @override
    def _most(self, snapshot: Snapshot) -> Amount:
        return self.max if self.event is None or not purse_is_open(snapshot) else self.event
