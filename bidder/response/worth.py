"""What an order is worth: revenue per order and the contribution left of it before ad spend.

Called by :mod:`bidder.response.estimate`. Order values follow SCIENCE 1.3: logs, winsorised, pulled to the shop's.
What nobody knows is taken as neutral and said: without any margin profit is revenue less spend, without any price an
order counts 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bidder.catalog import Product
from bidder.response.panel import Panel
from bidder.snapshot import FloatArray, Snapshot

__all__ = ["Worth", "worth"]

SHRINK_ORDERS = 5.0
"""Orders of a budget that weigh as much as the shop's mean (SCIENCE 1.3), until the data say otherwise."""

WINSOR = 3.0
"""A day's order value counts at most this many times the 95th percentile of values beside their own product's."""

SPREAD_DAYS = 10.0
"""Days with orders at which a budget's own spread of order values weighs as much as the shop's."""

LEAST_SPREAD, MOST_SPREAD = 1e-4, 2.0
"""Bounds of the variance of one order's log value: below, prices count as fixed; above, figures count as broken."""


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """Per order of each budget, in the shop's currency. `log_sd` is the standard deviation of the log of both;
    `order_sd` that of the log of one order's value beside the mean.

    `source`: 3 seen revenue, 2 the product's price, 1 the shop's mean, 0 nothing known of money.
    `margin_known`: 1 the product's own, 0.5 the shop's mean margin, 0 none known and taken as 1.
    """

    revenue: FloatArray
    margin: FloatArray
    log_sd: FloatArray
    order_sd: FloatArray
    source: FloatArray
    margin_known: FloatArray


def worth(snapshot: Snapshot, table: Panel) -> Worth:
    """Order values and margins of every budget."""
    price = _of_products(snapshot, lambda p: p.price.to_float() * snapshot.rate(p.price.currency) if p.price else None)
    priced = bool(np.isfinite(price).all()) and bool((price > 0).all())
    value, log_sd, order_sd, seen = _order_value(table, np.log(price) if priced else np.zeros(len(price)))
    known_price = price[np.isfinite(price)]
    typical = float(np.exp(np.log(known_price).mean())) if len(known_price) else np.nan
    source = np.where(seen, 3.0, np.where(np.isfinite(price), 2.0, 1.0))
    revenue = np.where(seen, value, np.where(np.isfinite(price), price, np.where(np.isfinite(value), value, typical)))
    nothing = ~np.isfinite(revenue)
    revenue, source = np.where(nothing, 1.0, revenue), np.where(nothing, 0.0, source)
    margin = _margin(snapshot, table)
    known = np.isfinite(margin)
    elsewhere = float(margin[known].mean()) if known.any() else 1.0
    margin_known = np.where(known, 1.0, 0.5 if known.any() else 0.0)
    share = np.where(known, margin, elsewhere)
    return Worth(revenue, revenue * share, log_sd, order_sd, source, margin_known)


def _order_value(table: Panel, anchor: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, np.ndarray]:
    """Revenue per order a budget, the standard deviation of its log and of one order's, and where orders were seen.

    What budgets are pulled to is the shop's value beside `anchor` (n,): the log of a budget's price where every price
    is known (then pieces per order are alike, and a dear product is not taken for a cheap one), else 0.
    The value is NaN everywhere when no order of the shop has revenue.
    """
    n = table.shape[0]
    orders, revenue = np.nan_to_num(table.orders), np.nan_to_num(table.revenue)
    paid = (orders > 0) & (revenue > 0)
    count = np.where(paid, orders, 0.0).sum(axis=1)
    if not paid.any():
        return np.full(n, np.nan), np.full(n, 0.5), np.zeros(n), np.zeros(n, dtype=bool)
    log_value = np.zeros_like(orders)
    log_value[paid] = (np.log(np.where(paid, revenue, 1.0) / np.where(paid, orders, 1.0)) - anchor[:, None])[paid]
    weight = np.where(paid, orders, 0.0)
    middle = _weighted_median(log_value, weight)
    beside = log_value - middle[:, None]
    ceiling = float(np.quantile(beside[paid], 0.95)) + np.log(WINSOR)
    beside = np.clip(beside, -ceiling, ceiling)
    days = paid.sum(axis=1)
    own = (weight * beside).sum(axis=1) / np.maximum(count, 1e-12)
    # the spread of one order's log value: a day with k orders shows it divided by √k
    excess = np.where(paid, weight * (beside - own[:, None]) ** 2, 0.0).sum()
    within = float(excess / max((days[days > 0] - 1).sum(), 1)) if (days > 1).any() else 0.25
    within = min(max(within, LEAST_SPREAD), MOST_SPREAD)
    own_excess = np.where(paid, weight * (beside - own[:, None]) ** 2, 0.0).sum(axis=1)
    of_own = (own_excess + SPREAD_DAYS * within) / (np.maximum(days - 1, 0) + SPREAD_DAYS)
    # E log of a mean of k values lies s²/2k below the log of the expected value: given back day by day
    lift = (weight * np.where(paid, within / 2 / np.maximum(orders, 1.0), 0.0)).sum(axis=1) / np.maximum(count, 1e-12)
    center = middle + own + lift
    has = count > 0
    shop = float(np.average(center[has], weights=count[has] / (count[has] + SHRINK_ORDERS)))
    between = float(np.average((center[has] - shop) ** 2, weights=count[has] / (count[has] + SHRINK_ORDERS)))
    between = max(between - within * float((1 / count[has]).mean()) * 0.5, 0.0)
    # five orders' worth by default; the measured ratio takes over as more budgets speak
    speaking = int(has.sum())
    ratio = within / max(between, within / 50)
    kappa = (SHRINK_ORDERS * 8 + ratio * speaking) / (8 + speaking)
    pulled = (count * np.where(has, center, 0.0) + kappa * shop) / (count + kappa)
    log_sd = np.sqrt(within / (count + kappa))
    return np.exp(pulled + anchor), log_sd, np.sqrt(np.minimum(of_own, MOST_SPREAD)), has


def _weighted_median(values: FloatArray, weight: FloatArray) -> FloatArray:
    """The weighted median of each row; 0 where a row has no weight."""
    order = np.argsort(values, axis=1, kind="stable")
    ranked, heavy = np.take_along_axis(values, order, axis=1), np.take_along_axis(weight, order, axis=1)
    reached = np.cumsum(heavy, axis=1) >= heavy.sum(axis=1, keepdims=True) / 2
    at = np.argmax(reached & (heavy > 0), axis=1)
    return np.asarray(np.where(heavy.sum(axis=1) > 0, ranked[np.arange(len(values)), at], 0.0))


def _margin(snapshot: Snapshot, table: Panel) -> FloatArray:
    """Margin of each budget: its products' margins weighted by what they sold; NaN where none is known."""
    n = len(snapshot.budgets)
    plain = _of_products(snapshot, lambda p: p.margin)
    own = np.array([p.margin if p.margin is not None else np.nan for p in snapshot.products] + [np.nan])
    own = np.where(np.isfinite(own), own, np.nan)
    history = snapshot.history
    of_row = own[history.product]  # -1, no product, is the NaN at the end
    sold = np.where(history.revenue > 0, history.revenue, np.where(history.orders > 0, history.orders, 0.0))
    use = np.isfinite(of_row) & np.isfinite(sold) & (history.day < snapshot.today) & (history.day >= table.first)
    top = np.bincount(history.budget[use], sold[use] * of_row[use], n)
    bottom = np.bincount(history.budget[use], sold[use], n)
    # thin budgets lean on the plain mean over their products
    lean = np.where(np.isfinite(plain), 0.05 * max(float(bottom.mean()), 1e-9) if n else 0.0, 0.0)
    with_plain = top + lean * np.where(np.isfinite(plain), plain, 0.0)
    weight = bottom + lean
    return np.asarray(np.divide(with_plain, weight, out=np.full(n, np.nan), where=weight > 0))


def _of_products(snapshot: Snapshot, fact: Callable[[Product], float | None]) -> FloatArray:
    """The plain mean of a fact over each budget's products; NaN where none of them has it."""
    by_id = {product.id: fact(product) for product in snapshot.products}
    out = np.full(len(snapshot.budgets), np.nan)
    for index, budget in enumerate(snapshot.budgets):
        known = [value for value in (by_id.get(p) for p in budget.products) if value is not None and np.isfinite(value)]
        if known:
            out[index] = float(np.mean(sorted(known)))
    return out
