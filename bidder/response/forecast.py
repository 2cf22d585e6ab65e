"""What a plan is expected to bring on the decided day, with an 80 % interval.

Called by :mod:`bidder.explain`. The interval joins two doubts: how well the curve is known (`Curves.log_sd`), and the
luck of one day's orders (Poisson). A Gamma distribution with that mean and variance stands for both; its quantiles by
Wilson & Hilferty (1931).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidder.limits import Quantity
from bidder.response.curve import Curves
from bidder.snapshot import FloatArray

__all__ = ["Forecast", "forecast"]

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
    low, high = order_interval(orders, curves.log_sd)
    return Forecast(
        orders=orders,
        revenue=orders * curves.revenue_per_order,
        spend=spend,
        profit=orders * curves.margin_per_order - spend,
        profit_low=low * curves.margin_per_order - spend,
        profit_high=high * curves.margin_per_order - spend,
    )


def order_interval(orders: FloatArray, log_sd: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The 10 % and 90 % quantiles of one day's orders; both 0 where nothing is expected.

    Orders of a thin budget are so skewed that nine days of ten can lie below the mean; the interval then reaches up to
    the mean, since a mean outside its own interval reads as an error.
    """
    positive = orders > 0
    mean = np.where(positive, orders, 1.0)
    variance_ratio = np.expm1(log_sd**2) + 1 / mean  # squared coefficient of variation: doubt and Poisson luck
    spread = np.sqrt(variance_ratio)
    low = mean * np.maximum(1 - variance_ratio / 9 - Z_80 * spread / 3, 0) ** 3
    high = mean * np.maximum(1 - variance_ratio / 9 + Z_80 * spread / 3, 0) ** 3
    return np.where(positive, np.minimum(low, mean), 0.0), np.where(positive, np.maximum(high, mean), 0.0)
