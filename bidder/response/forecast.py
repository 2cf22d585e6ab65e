"""What a plan is expected to bring on the decided day, with an 80 % interval.

Called by :mod:`bidder.explain`. The interval joins the doubts: how well the curve is known (`Curves.log_sd`), what a
day has in common (the fact `day_sd`), and the luck of one day's orders (Poisson, times the fact `dispersion`). A Gamma
distribution with that mean and variance stands for all; its quantiles by Wilson & Hilferty (1931).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidder.limits import Quantity
from bidder.response.curve import Curves
from bidder.snapshot import FloatArray

__all__ = ["Forecast", "day_interval", "forecast", "order_interval"]

Z_80 = 1.2815515655446004
"""The standard normal's 0.9 quantile: between −z and +z lie 80 %."""


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Per budget, a day, in the shop's currency: mean and the 10 % and 90 % quantiles."""

    orders: FloatArray
    revenue: FloatArray
    spend: FloatArray
    profit: FloatArray
    profit_low: FloatArray
    profit_high: FloatArray


def forecast(curves: Curves, amounts: FloatArray) -> Forecast:
    """The day's expectation at these amounts (n,)."""
    orders = curves.expected(Quantity.ORDERS, amounts)
    spend = curves.expected(Quantity.SPEND, amounts)
    low, high = day_interval(curves, orders)
    return Forecast(
        orders=orders,
        revenue=orders * curves.revenue_per_order,
        spend=spend,
        profit=orders * curves.margin_per_order - spend,
        profit_low=low * curves.margin_per_order - spend,
        profit_high=high * curves.margin_per_order - spend,
    )


def day_interval(curves: Curves, orders: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The 10 % and 90 % quantiles of a day's orders where `orders` (n,) are expected, all doubts joined."""
    nothing = np.zeros(len(curves))
    day_sd, dispersion = curves.facts.get("day_sd", nothing), curves.facts.get("dispersion", nothing + 1)
    return order_interval(orders, np.sqrt(curves.log_sd**2 + day_sd**2), dispersion)


def order_interval(
    orders: FloatArray, log_sd: FloatArray, dispersion: FloatArray | float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """The 10 % and 90 % quantiles of one day's orders; both 0 where nothing is expected.

    `dispersion` is the variance of a day's orders over their mean when the mean is known (1: Poisson). The lower one is
    a whole number, as orders are: where half an order is expected, none at all is nothing unusual.

    Orders of a thin budget are so skewed that nine days of ten can lie below the mean; the interval then reaches up to
    the mean, since a mean outside its own interval reads as an error.
    """
    positive = orders > 0
    mean = np.where(positive, orders, 1.0)
    variance_ratio = np.expm1(log_sd**2) + dispersion / mean  # squared coefficient of variation: doubt and luck
    spread = np.sqrt(variance_ratio)
    low = mean * np.maximum(1 - variance_ratio / 9 - Z_80 * spread / 3, 0) ** 3
    high = mean * np.maximum(1 - variance_ratio / 9 + Z_80 * spread / 3, 0) ** 3
    return np.where(positive, np.floor(np.minimum(low, mean)), 0.0), np.where(positive, np.maximum(high, mean), 0.0)
