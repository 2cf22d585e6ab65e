"""`margin: {min: 15%}`: products whose orders leave less than this before ads get the platform's minimum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bidder.errors import Source
from bidder.limits import Bounds, Priority
from bidder.response.curve import Curves
from bidder.rules.amounts import minimums
from bidder.rules.base import Kind
from bidder.snapshot import Snapshot
from bidder.written import Fraction

__all__ = ["Margin"]


class Margin(Kind):
    """The least contribution of an order over its price, before ads, below which a product is not pushed."""

    word: ClassVar[str] = "margin"
    priority: ClassVar[int] = Priority.OWNER_CAP

    min: Fraction
    """At least this margin, for example `15%`."""

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds]:
        """The platform's minimum where every product is known to be below; an unknown margin is not."""
        margins = {product.id: product.margin for product in snapshot.products}
        bounds = Bounds.open(name, len(chosen), priority, source)
        least = minimums(snapshot)
        for index, budget in enumerate(snapshot.budgets):
            known = [margins.get(product) for product in budget.products]
            if chosen[index] and known and all(margin is not None and margin < self.min for margin in known):
                bounds.upper[index] = least[index]
        yield bounds
