"""`stock: {cover: 7d}`: no more orders a day than what is in stock lasts for.

What is sold out gets the platform's minimum at once, without regard to steps. Stock that was last seen more than a day
ago stops nothing, and neither does a feed that is taken for broken (:mod:`bidder.watch.stock_feed`).
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
from bidder.ids import ProductId
from bidder.limits import Bounds, Priority, Quantity
from bidder.response.curve import Curves
from bidder.rules.amounts import minimums
from bidder.rules.base import Kind
from bidder.rules.inverse import largest_amount
from bidder.snapshot import FloatArray, Snapshot
from bidder.watch.stock_feed import feed_broken, fresh_stock
from bidder.written import Duration

__all__ = ["Stock", "orders_allowed"]


class Stock(Kind):
    """How long what is in stock has to last at the orders that the ads bring."""

    word: ClassVar[str] = "stock"
    priority: ClassVar[int] = Priority.STOCK

    cover: Duration
    """Stock has to last so long, for example `7d`: its pieces over these days are the most orders a day."""

    @field_validator("cover")
    @classmethod
    def _some_time(cls, value: timedelta) -> timedelta:
        if value < timedelta(days=1):
            raise ValueError("expected at least 1d")
        return value

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds]:
        """A cap for each chosen budget of whose every product the stock is known; budgets of one product share it."""
        if feed_broken(snapshot):
            return
        stock = fresh_stock(snapshot)
        days = self.cover / timedelta(days=1)
        allowed = orders_allowed(snapshot, curves, stock, days)
        known = chosen & ~np.isnan(allowed)
        if not known.any():
            return
        most = np.nan_to_num(allowed, nan=np.inf)[:, None]
        cap = largest_amount(lambda x: curves.expected(Quantity.ORDERS, x) <= most, snapshot, curves)
        cap = np.where(np.nan_to_num(allowed, nan=1.0) == 0.0, minimums(snapshot), cap)
        upper = np.where(known, np.maximum(cap, minimums(snapshot)), np.inf)
        yield Bounds(name, np.full(len(chosen), -np.inf), upper, priority, source)


def orders_allowed(snapshot: Snapshot, curves: Curves, stock: dict[ProductId, int], days: float) -> FloatArray:
    """Orders a day that stock allows each budget; NaN where the stock of any of its products is not known.

    The budgets of one product share its stock by what they are expected to sell at their own scale.
    """
    expected = curves.expected(Quantity.ORDERS, curves.scale)
    sellers: dict[ProductId, float] = {}
    counts: dict[ProductId, int] = {}
    for index, budget in enumerate(snapshot.budgets):
        for product in budget.products:
            sellers[product] = sellers.get(product, 0.0) + float(expected[index])
            counts[product] = counts.get(product, 0) + 1
    allowed = np.full(len(snapshot.budgets), np.nan)
    for index, budget in enumerate(snapshot.budgets):
        if not budget.products or any(product not in stock for product in budget.products):
            continue
        parts = (
            float(expected[index]) / sellers[product] if sellers[product] > 0 else 1.0 / counts[product]
            for product in budget.products
        )
        allowed[index] = sum(stock[p] / days * part for p, part in zip(budget.products, parts, strict=True))
    return allowed
