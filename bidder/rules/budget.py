"""`budget: {min: 100, max: 150}`: the least and the most of each chosen budget on its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator
from typing_extensions import override

from bidder.errors import Source
from bidder.limits import Bounds, Priority
from bidder.response.curve import Curves
from bidder.rules.amounts import column
from bidder.rules.base import Kind
from bidder.snapshot import Snapshot
from bidder.written import Amount, AmountOrMinimum

__all__ = ["BudgetRange"]


class BudgetRange(Kind):
    """The least and the most of each chosen budget. For their sum see `total`."""

    word: ClassVar[str] = "budget"
    priority: ClassVar[int] = Priority.OWNER_CAP

    min: AmountOrMinimum | None = None
    """At least so much a day each, for example `100`."""
    max: AmountOrMinimum | None = None
    """At most so much a day each, or `minimum`: the platform's own least. Never 0, which may mean no limit there."""

    @model_validator(mode="after")
    def _window(self) -> BudgetRange:
        low, high = self.min, self.max
        if low is None and high is None:
            raise ValueError("expected min or max, was neither")
        same = isinstance(low, Amount) and isinstance(high, Amount) and low.currency == high.currency
        if same and isinstance(low, Amount) and isinstance(high, Amount) and low.value > high.value:
            raise ValueError(f"expected min below max, was {low} above {high}")
        return self

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds]:
        """Bounds for the chosen; a maximum below the platform's minimum means that minimum."""
        bounds = Bounds.open(name, len(chosen), priority, source)
        least = column("minimum", snapshot)
        if self.min is not None:
            bounds.lower[chosen] = column(self.min, snapshot)[chosen]
        if self.max is not None:
            bounds.upper[chosen] = np.maximum(column(self.max, snapshot), least)[chosen]
        yield bounds
