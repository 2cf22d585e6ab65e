"""`explore: {part: 5%, products: 2, min: 60}`: a little money to find out what a budget would bring (SCIENCE 5.2).

It goes to one or two budgets at a time, in turn, as so much each that something can be seen; what is least known comes
first. A turn lasts some days, so that steps can lead there. The floor is below every rule: it overrides no maximum.
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
from bidder.rules.amounts import in_force, in_shop, minimums
from bidder.rules.base import Kind
from bidder.snapshot import IntArray, Snapshot
from bidder.written import Duration, Fraction, PositiveAmount, show_percent

__all__ = ["Explore"]

MOST = 0.10
"""A larger part than this is no exploration (SCIENCE 5.2: 3 to 10 %)."""


class Explore(Kind):
    """A little of the day's money for one or two of the chosen budgets at a time, in turn."""

    word: ClassVar[str] = "explore"
    priority: ClassVar[int] = Priority.TRIAL

    part: Fraction = 0.05
    """This part of what is in force today, at most 10%."""
    budgets: int = Field(default=2, ge=1, le=10, strict=True)
    """At most so many at a time."""
    min: PositiveAmount | None = None
    """At least so much each, for example `60`: less shows nothing. Without it, twice the platform's minimum."""
    turn: Duration = timedelta(days=4)
    """How long each is tried; whole days."""

    @field_validator("part")
    @classmethod
    def _a_little(cls, value: float) -> float:
        if not 0 < value <= MOST:
            raise ValueError(f"expected more than 0% and at most {show_percent(MOST)}, was {show_percent(value)}")
        return value

    @field_validator("turn")
    @classmethod
    def _whole_days(cls, value: timedelta) -> timedelta:
        if value % timedelta(days=1):
            raise ValueError("expected whole days such as 4d")
        return value

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds]:
        """A floor for those whose turn it is; nothing that a person wrote above it is touched."""
        now, least = snapshot.now, minimums(snapshot)
        able = np.flatnonzero(chosen & in_force(snapshot) & ~np.isnan(now))
        extra = self.part * float(np.nan_to_num(now)[in_force(snapshot)].sum())
        enough = np.full(len(now), np.inf) if self.min is None else np.full(len(now), in_shop(self.min, snapshot))
        enough = np.where(np.isinf(enough), 2 * least, np.maximum(enough, least))
        bounds = Bounds.open(name, len(chosen), priority, source)
        tried = _turn(able, curves, snapshot.today // self.turn.days)[: self.budgets].tolist()
        for number, place in enumerate(tried):
            if now[place] < enough[place]:
                given = min(float(enough[place] - now[place]), extra)
            else:  # what is large already is only nudged, and leaves the others their part
                given = min(self.part * float(now[place]), extra / (len(tried) - number))
            if given <= 0:
                break
            bounds.lower[place] = now[place] + given
            extra -= given
        if np.isfinite(bounds.lower).any():
            yield bounds


def _turn(able: IntArray, curves: Curves, number: int) -> IntArray:
    """The budgets in the order of this turn: by how little their slope is known, going on where the last turn ended.

    Golden-ratio steps over the ranks: every rank comes, however ranks shift from day to day.
    """
    if not len(able):
        return able
    ranked = able[np.argsort(-curves.slope_sd[able], kind="stable")]
    start = int(number * 0.6180339887498949 % 1.0 * len(ranked))
    return np.roll(ranked, -start)
