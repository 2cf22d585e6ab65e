"""How long what is in stock lasts at the rate of the last week."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from bidder.activity import WHOLE_DAY, Activity
from bidder.catalog import Product
from bidder.report_rows import finest
from bidder.reports import Reports, TextArray
from bidder.snapshot import FloatArray, IntArray
from bidder.watch.stock_feed import STALE_STOCK

__all__ = ["stock_cover"]

WEEK = 7
DAY = 86400.0


def stock_cover(
    products: Sequence[Product], reports: Reports, activity: Activity, day: int, now: datetime
) -> dict[str, float]:
    """Product → seconds until it is sold out; inf where nothing was sold, 0 where nothing is left.

    A product whose stock is not known, or was last seen a day ago, is left out. The rate is a piece an order, a mean of
    the seven days before `day` (a day number): the shop's own orders or those that the ads report, whichever are more.
    """
    reports = finest(reports)
    own = (activity.traffic == "") & (activity.hour == WHOLE_DAY) & (activity.product != "")
    shop = _most(activity.source[own], activity.product[own], activity.day[own], activity.orders[own], day)
    ads = _most(np.array([""] * len(reports)), reports.product, reports.day, reports.orders, day)
    found = {}
    for one in products:
        if one.stock is None or (one.stock_at is not None and now - one.stock_at > STALE_STOCK):
            continue
        rate = max(shop.get(str(one.id), 0.0), ads.get(str(one.id), 0.0))
        found[str(one.id)] = 0.0 if one.stock <= 0 else one.stock / rate * DAY if rate > 0 else math.inf
    return found


def _most(source: TextArray, product: TextArray, days: IntArray, orders: FloatArray, day: int) -> dict[str, float]:
    """Orders a day of each product, of the source that says most; over the days of the week of which there are rows."""
    rows = (days >= day - WEEK) & (days < day)
    if not rows.any():
        return {}
    length = len(np.unique(days[rows]))
    keys = np.array([f"{a}\0{b}" for a, b in zip(source[rows].tolist(), product[rows].tolist(), strict=True)])
    names, places = np.unique(keys, return_inverse=True)
    sums = np.bincount(places, np.nan_to_num(orders[rows]), len(names)) / length
    most: dict[str, float] = {}
    for name, rate in zip(names.tolist(), sums.tolist(), strict=True):
        goods = name.partition("\0")[2]
        most[goods] = max(rate, most.get(goods, 0.0))
    return most
