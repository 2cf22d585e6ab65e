"""What the shop itself did, as counters and ratios.

Several sources may describe one shop: for each day and figure the largest is taken, never the sum. A source that says
nothing of the whole shop is taken by the sum of its products.
"""

from __future__ import annotations

import numpy as np

from bidder.activity import UNKNOWN, WHOLE_DAY, Activity
from bidder.instrumentation.families import Families

__all__ = ["ShopOwnFigures"]

WEEK = 7
"""Days over which what was paid back is held against what was paid."""

PAID_WORDS = ("付费", "推广", "直通车", "引力魔方", "万相台", "paid", "ads", "cpc")
"""Words of sources of traffic that are paid for."""

Day = dict[str, float]


class ShopOwnFigures:
    """One shop's; called under the lock of :class:`bidder.instrumentation.metrics.Metrics`."""

    def __init__(self, families: Families, shop: str) -> None:
        self._families = families
        self._shop = shop
        self._highest: dict[tuple[int, str], float] = {}
        self._known = False
        families.shop_visitors.labels(shop)
        families.shop_orders.labels(shop)

    def remembered(self, activity: Activity) -> None:
        """What the store knows at a start: counters go on from there."""
        for day, figures in _days(activity).items():
            for name in ("visitors", "orders"):
                if name in figures:
                    self._highest[day, name] = max(figures[name], self._highest.get((day, name), 0.0))
        self._known = True

    def reported(self, activity: Activity) -> None:
        """The newest figures of the last days. Without `remembered` the first call is the baseline."""
        if not self._known:
            self.remembered(activity)
        days = _days(activity)
        for day, figures in days.items():
            for name, counter in (("visitors", self._families.shop_visitors), ("orders", self._families.shop_orders)):
                value, before = figures.get(name), self._highest.get((day, name), 0.0)
                if value is not None and value > before:
                    counter.labels(self._shop).inc(value - before)
                    self._highest[day, name] = value
        for key in [one for one in self._highest if days and one[0] < min(days)]:
            del self._highest[key]
        self._ratios(days, activity)

    def _ratios(self, days: dict[int, Day], activity: Activity) -> None:
        f = self._families
        week = [days[day] for day in sorted(days) if day > max(days) - WEEK]
        for newest in reversed(week):
            if newest.get("visitors") and "buyers" in newest:
                f.shop_conversion.labels(self._shop).set(newest["buyers"] / newest["visitors"])
                break
        for newest in reversed(week):
            if newest.get("orders") and "revenue" in newest:
                f.shop_average_order.labels(self._shop).set(newest["revenue"] / newest["orders"])
                break
        both = [one for one in week if "refunds" in one and "revenue" in one]
        paid = sum(one["revenue"] for one in both)
        if paid > 0:
            f.shop_refunds.labels(self._shop).set(sum(one["refunds"] for one in both) / paid)
        free = _free(activity)
        if free is not None:
            f.shop_free_traffic.labels(self._shop).set(free)


def _days(activity: Activity) -> dict[int, Day]:
    """The shop's figures of each day."""
    whole = (activity.traffic == "") & (activity.hour == WHOLE_DAY)
    columns = {name: getattr(activity, name) for name in ("visitors", "orders", "buyers")}
    for name in ("revenue", "refunds"):
        micros = getattr(activity, name)
        columns[name] = np.where(micros == UNKNOWN, np.nan, micros / 1e6)
    found: dict[int, Day] = {}
    keys = list(zip(activity.source.tolist(), activity.day.tolist(), strict=True))
    for source, day in dict.fromkeys(key for key, chosen in zip(keys, whole.tolist(), strict=True) if chosen):
        rows = whole & (activity.source == source) & (activity.day == day)
        own = rows & (activity.product == "")
        for name, column in columns.items():
            values = column[own] if own.any() else column[rows]
            values = values[~np.isnan(values)]
            if len(values):
                figures = found.setdefault(int(day), {})
                figures[name] = max(float(values.sum()), figures.get(name, 0.0))
    return found


def _free(activity: Activity) -> float | None:
    """The share of visitors who were not paid for, on the newest day of which sources of traffic are known."""
    rows = (activity.traffic != "") & (activity.product == "") & (activity.hour == WHOLE_DAY)
    rows &= ~np.isnan(activity.visitors)
    if not rows.any():
        return None
    rows &= activity.day == activity.day[rows].max()
    visitors = activity.visitors[rows]
    paid = np.array([any(word in text.casefold() for word in PAID_WORDS) for text in activity.traffic[rows].tolist()])
    total = float(visitors.sum())
    return float(visitors[~paid].sum()) / total if total else None
