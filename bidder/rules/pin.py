"""`pin: {at: now}` or `pin: {at: 200}`: the chosen budgets stay at an amount that a person chose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bidder.errors import Source
from bidder.limits import Bounds, Priority
from bidder.response.curve import Curves
from bidder.rules.amounts import column, minimums
from bidder.rules.base import Kind
from bidder.snapshot import Snapshot
from bidder.written import NOW, AmountOrNow

__all__ = ["Pin"]


class Pin(Kind):
    """The chosen budgets stay where a person put them; caps, stock and platforms still rank above."""

    word: ClassVar[str] = "pin"
    priority: ClassVar[int] = Priority.OWNER_CAP

    at: AmountOrNow
    """`now` for the amount in force, or an amount each, for example `200`."""

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds]:
        """Both sides at the amount; nothing where the amount in force was never read."""
        amounts = snapshot.now if self.at == NOW else np.maximum(column(self.at, snapshot), minimums(snapshot))
        held = chosen & ~np.isnan(amounts)
        yield Bounds(name, np.where(held, amounts, -np.inf), np.where(held, amounts, np.inf), priority, source)
