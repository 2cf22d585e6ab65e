"""`cpa: {max: 35}`: no more money than keeps the cost of an order, on average."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bidder.errors import Source
from bidder.limits import Bounds, Priority, Quantity
from bidder.response.curve import Curves
from bidder.rules.amounts import in_shop, minimums
from bidder.rules.base import Kind
from bidder.rules.inverse import largest_amount
from bidder.snapshot import FloatArray, Snapshot
from bidder.written import PositiveAmount

__all__ = ["Cpa"]


class Cpa(Kind):
    """No more money than keeps the cost of an order: expected spend over expected orders of each chosen budget."""

    word: ClassVar[str] = "cpa"
    priority: ClassVar[int] = Priority.TARGET

    max: PositiveAmount
    """At most so much ad money an order, for example `35`."""

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds]:
        """A cap for each chosen budget where its average cost of an order meets the most; never below its minimum."""
        most = in_shop(self.max, snapshot)

        def cheap(amounts: FloatArray) -> NDArray[np.bool_]:
            spend, orders = curves.expected(Quantity.SPEND, amounts), curves.expected(Quantity.ORDERS, amounts)
            return np.asarray(spend <= most * orders)

        cap = np.maximum(largest_amount(cheap, snapshot, curves), minimums(snapshot))
        yield Bounds(name, np.full(len(chosen), -np.inf), np.where(chosen, cap, np.inf), priority, source)
