"""What lies in the sandbox shop's warehouse: deliveries every two weeks, sales in between, one delivery that fails.

Outside the stock-out the shop keeps enough, so that stock does not change what an ad can sell; it is what the shop
shows, and the stock-out is announced by it: the level falls to nothing on the day before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bidder.connectors.sandbox.shop import CAMPAIGNS, PRODUCTS
from bidder.connectors.sandbox.truth import SEASON
from bidder.connectors.sandbox.world import World

__all__ = ["item"]

_DELIVERY_EVERY = 14
_RUN_DOWN = 12
"""Days over which the level falls when a delivery fails to come."""
_FREE_SALES = 1 / 60
"""Sold a day without ads, as a share of the full stock."""


def item(world: World, today: int, product: int, units_since: Callable[[int, int], int]) -> dict[str, Any]:
    """One product as the shop's back end shows it: money in fen, shares as they are.

    `units_since(day, campaign)` is what a campaign has sold since the beginning of a day.
    """
    goods = PRODUCTS[product]
    e = goods.economics
    stock, restock = _stock(world, today, product, units_since)
    return {
        "item_id": goods.id,
        "title": goods.name,
        "price": round(100 * e.price),
        "cost": round(100 * e.cost),
        "fee_rate": e.fee_rate,
        "ship": round(100 * e.ship),
        "pack": round(100 * e.pack),
        "insurance": round(100 * e.insurance),
        "return_rate": e.return_rate,
        "resale": e.resale,
        "stock": stock,
        "lead_days": goods.lead_days,
        "restock_date": None if restock is None else world.date_of(restock).isoformat(),
        "tags": sorted(goods.tags),
    }


def _stock(world: World, today: int, product: int, units_since: Callable[[int, int], int]) -> tuple[int, int | None]:
    """Pieces, and the day of the next delivery where it is overdue."""
    full, truth = PRODUCTS[product].stock, world.truth
    if product == truth.sold_out and today >= 0:
        until = truth.sold_out_from - today % SEASON
        if -truth.sold_out_days < until <= _RUN_DOWN:
            back = today + until + truth.sold_out_days
            return max(0, full * until // (2 * _RUN_DOWN)), back
    delivered = today - (today + 5 * product) % _DELIVERY_EVERY
    sold = sum(units_since(delivered, i) for i, c in enumerate(CAMPAIGNS) if c.product == PRODUCTS[product].id)
    free = int(full * _FREE_SALES * (today - delivered))
    return max(full // 10, full - free - sold), None
