"""What is known of stock now: fresh counts, and whether the feed that they come from can be believed.

Used by the watch, by the word `stock` and by the names `product.stock…`. A feed that breaks shows none of anything:
where more than half of all advertised products do, that is taken for the feed's, not the shop's (FAILURES 34). What
shows none is then unknown: nothing is stopped for it, and its budgets stay as they are until the feed is right again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from bidder.catalog import Budget, BudgetStatus, Product
from bidder.ids import ProductId
from bidder.snapshot import Snapshot

__all__ = ["STALE_STOCK", "believed_stock", "broken_feed", "doubtful", "feed_broken", "fresh_stock"]

STALE_STOCK = timedelta(hours=24)
"""Stock that was last seen longer ago says nothing."""

_MOST_SOLD_OUT = 0.5


def fresh_stock(snapshot: Snapshot) -> dict[ProductId, int]:
    """Pieces of each product whose stock is known and not stale. A stock without an instant is taken as of now."""
    return _fresh(snapshot.products, snapshot.as_of)


def feed_broken(snapshot: Snapshot) -> bool:
    """Whether the feed is taken for broken; see :func:`broken_feed`."""
    return broken_feed(snapshot.products, snapshot.budgets, snapshot.as_of) is not None


def broken_feed(products: Sequence[Product], budgets: Sequence[Budget], now: datetime) -> tuple[int, int] | None:
    """How many products show no stock, of how many whose stock is known, where that are more than half; else None.

    Only products that a running budget advertises count, where there are any: what a shop has given up shows none for
    ever.
    """
    stock = _fresh(products, now)
    advertised = {product for one in budgets if one.status is BudgetStatus.ACTIVE for product in one.products}
    pieces = [stock[product] for product in advertised if product in stock] or list(stock.values())
    none = sum(one == 0 for one in pieces)
    return (none, len(pieces)) if len(pieces) > 1 and none > _MOST_SOLD_OUT * len(pieces) else None


def _fresh(products: Sequence[Product], now: datetime) -> dict[ProductId, int]:
    def fresh(product: Product) -> bool:
        return product.stock_at is None or now - product.stock_at <= STALE_STOCK

    return {p.id: max(p.stock, 0) for p in products if p.stock is not None and fresh(p)}


def believed_stock(snapshot: Snapshot) -> list[int | None]:
    """Pieces of each product; None where nobody says, where it is stale, or where a broken feed shows none."""
    stock, broken = fresh_stock(snapshot), feed_broken(snapshot)
    found = (stock.get(product.id) for product in snapshot.products)
    return [None if broken and pieces == 0 else pieces for pieces in found]


def doubtful(snapshot: Snapshot) -> NDArray[np.bool_]:
    """Budgets of which a broken feed shows a product without stock."""
    if not feed_broken(snapshot):
        return np.zeros(len(snapshot.budgets), dtype=np.bool_)
    none = {product for product, pieces in fresh_stock(snapshot).items() if pieces == 0}
    return np.array([not none.isdisjoint(one.products) for one in snapshot.budgets], dtype=np.bool_)
