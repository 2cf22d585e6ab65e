"""`share: {min: 40%, max: 70%}`: the part of the day's total that the chosen budgets get together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator
from typing_extensions import override

from bidder.errors import Source
from bidder.limits import Limit, Priority, Quantity, Sense
from bidder.response.curve import Curves
from bidder.rules.amounts import in_force
from bidder.rules.base import Kind
from bidder.rules.groups import By, groups
from bidder.snapshot import Snapshot
from bidder.written import Fraction, show_percent

__all__ = ["Share"]


class Share(Kind):
    """The part of the day's total that the chosen budgets get together."""

    word: ClassVar[str] = "share"
    priority: ClassVar[int] = Priority.WISH

    min: Fraction | None = None
    """At least this part, for example `40%`."""
    max: Fraction | None = None
    """At most this part, for example `70%`."""
    by: By | None = None
    """At most this part for each `channel`, `account`, `platform`, `currency`, `group` or `category` on its own."""

    @model_validator(mode="after")
    def _window(self) -> Share:
        if self.min is None and self.max is None:
            raise ValueError("expected min or max, was neither")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"expected min below max, was {show_percent(self.min)} above {show_percent(self.max)}")
        if self.by is not None and self.min is not None:
            raise ValueError("min: a least part of every group is not offered; write a rule for each that needs one")
        if self.max == 0.0:
            raise ValueError("max: expected more than 0%, was 0%; write budget: {max: minimum} for the least")
        return self

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Limit]:
        """Σ chosen − part·Σ all, at most or at least 0: linear in the amounts."""
        if self.by is None:
            yield from self._held(chosen, snapshot, name, priority, source)
            return
        for group, members in groups(chosen, snapshot, self.by):
            yield from self._held(members, snapshot, f"{name} ({group})", priority, source)

    def _held(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, name: str, priority: int, source: Source
    ) -> Iterable[Limit]:
        spends = in_force(snapshot)
        group = (chosen & spends).astype(np.float64)
        if not group.any() or not (spends & ~chosen).any():
            return  # a part of nothing, or all of it: nothing to hold
        for part, sense in ((self.min, Sense.AT_LEAST), (self.max, Sense.AT_MOST)):
            if part is not None:
                weights = group - part * spends
                yield Limit(name, Quantity.AMOUNT, weights, sense, 0.0, priority, source)
