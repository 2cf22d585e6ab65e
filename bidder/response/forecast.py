"""What a plan is expected to bring on the decided day, with 80 % intervals of each budget and of all together.

Called by :mod:`bidder.explain` and :mod:`bidder.backtest`. Variance of a day's orders where m are expected:

    m²·(level_sd² + day_sd²) + luck·m

the doubt about the curve at that amount, what budgets have in common on a day, and each one's own luck (variance over
mean, from the facts of :mod:`bidder.response.luck`). Money adds what an order is worth, each one and on average, and
what platforms really spend. Orders are taken for negative binomial while they are few, sums for Pearson III of their
first three cumulants, quantiles by Wilson & Hilferty (1931). Few orders that vary less than chance (platforms smooth
what they report) are taken for double Poisson (Efron 1986).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidder.limits import Quantity
from bidder.response.curve import Curves
from bidder.response.shapes import bins
from bidder.snapshot import FloatArray

__all__ = ["Forecast", "doubt", "forecast", "order_interval"]

Z_80 = 1.2815515655446004
"""The standard normal's 0.9 quantile: between −z and +z lie 80 %."""

FEW = 12.0
"""Below so many expected orders whole numbers are counted out; above, they are cut half an order inside."""


THIN = 3.0
"""Below so many expected orders profit has steps, one an order, and its interval is that of orders turned to money."""

MOST_COUNTED = 64
LEAST_EXCESS, LEAST_RATIO = 1e-6, 0.15

STEP = 1.02
"""How far spend is moved to see what it changes."""


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Per budget, a day, in the shop's currency: mean and the 10 % and 90 % quantiles; `total` of the profit of all."""

    orders: FloatArray
    orders_low: FloatArray
    orders_high: FloatArray
    revenue: FloatArray
    spend: FloatArray
    profit: FloatArray
    profit_low: FloatArray
    profit_high: FloatArray
    total: tuple[float, float, float]
    """Mean, 10 % and 90 % quantile of all budgets' profit together: what days have in common does not average out."""


def forecast(
    curves: Curves, amounts: FloatArray, *, spent: FloatArray | None = None, known: FloatArray | float = 1.0
) -> Forecast:
    """The day's expectation at these amounts (n,).

    `spent` (n,), NaN where unknown: what was really spent, to judge a day that is over (then no delivery is in doubt).
    `known`: the share of the orders that are to be foreseen, where the last of them have not come in yet.
    """
    given = np.isfinite(spent) if spent is not None else np.zeros(len(curves), dtype=np.bool_)
    money = np.where(given, np.nan_to_num(spent) if spent is not None else 0.0, 0.0)
    spend = np.where(given, money, curves.expected(Quantity.SPEND, amounts))
    orders = curves.expected(Quantity.ORDERS, amounts)
    if given.any():
        orders = np.where(given, _at_spend(curves, money, orders), orders)
    orders = orders * known
    margin, mean = curves.margin_per_order, np.maximum(orders, 1e-12)
    level, luck = _level_var(curves, np.where(given, money, amounts)), _luck(curves)
    common = _fact(curves, "day_sd") ** 2 + _fact(curves, "shop_drift") ** 2
    lately = orders * np.exp(_fact(curves, "shop_lean"))
    low, high = order_interval(lately, np.sqrt(level + _fact(curves, "drift") ** 2 + common), luck)
    low, high = np.minimum(low, orders), np.maximum(high, orders)
    # money: orders are a mixed Poisson number, each of its own worth; cumulants of the sum
    worth = np.expm1(np.minimum(_fact(curves, "order_sd"), 1.0) ** 2)
    unit = curves.facts.get("money_luck", luck + worth)
    shared = np.sqrt(
        np.expm1(
            curves.facts.get("money_day_sd", _fact(curves, "day_sd")) ** 2 + _fact(curves, "money_shop_drift") ** 2
        )
    )
    doubt = np.expm1(level + _fact(curves, "money_drift") ** 2 + _fact(curves, "value_sd") ** 2)
    swing = np.where(given, 0.0, _swing(curves, amounts, orders) * _fact(curves, "spend_sd"))
    own = margin**2 * (mean**2 * doubt + mean * unit) + swing**2
    single = np.minimum(unit, 1 + worth)  # of luck, the part that comes order by order
    mixed = doubt + (unit - single) / mean
    third = margin**3 * mean * (single * (1 + worth) ** 2 + 3 * mixed * mean * single + 2 * mixed**2 * mean**2)
    together = mean * margin * shared
    profit = orders * margin - spend
    below, above = _width(own + together**2, third + 2 * together**3 * shared)
    beside = mean * margin * np.expm1(_fact(curves, "money_shop_lean"))
    below, above = np.maximum(below - beside, 0.0), np.maximum(above + beside, 0.0)
    thin = orders < THIN
    noise = (Z_80 * margin) ** 2 * worth
    cash = np.where(given, 0.0, Z_80 * spend * _fact(curves, "spend_sd")) ** 2
    few_below = (orders - low) * margin + np.sqrt(noise * low + cash)
    few_above = (high - orders) * margin + np.sqrt(noise * high + cash)
    of_all = float(together.sum())
    sums = _width(
        np.array([own.sum() + of_all**2]), np.array([third.sum() + 2 * of_all**3 * float(np.max(shared, initial=0.0))])
    )
    total = float(profit.sum())
    return Forecast(
        orders=orders,
        orders_low=low,
        orders_high=high,
        revenue=orders * curves.revenue_per_order,
        spend=spend,
        profit=profit,
        profit_low=profit - np.where(thin, few_below, below),
        profit_high=profit + np.where(thin, few_above, above),
        total=(
            total,
            total - max(float(sums[0][0]) - float(beside.sum()), 0.0),
            total + max(float(sums[1][0]) + float(beside.sum()), 0.0),
        ),
    )


def _width(variance: FloatArray, third: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far the 10 % and 90 % quantiles lie below and above the mean (Pearson III by Wilson & Hilferty)."""
    spread = np.sqrt(variance)
    skew = np.clip(np.divide(third, variance * spread, out=np.zeros_like(spread), where=spread > 0), 1e-6, 4.0)

    def quantile(z: float) -> FloatArray:
        cubed = np.maximum(1 + skew * z / 6 - skew**2 / 36, 0.0) ** 3
        return np.asarray(spread * np.maximum(2 / skew * (cubed - 1), -2 / skew))

    return np.maximum(-quantile(-Z_80), 0.0), np.maximum(quantile(Z_80), 0.0)


def doubt(curves: Curves, amounts: FloatArray) -> FloatArray:
    """How surely the curve itself is known at these amounts (n,): the standard deviation of the log of its orders."""
    return np.sqrt(_level_var(curves, amounts))


def order_interval(
    orders: FloatArray, log_sd: FloatArray, dispersion: FloatArray | float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """The whole numbers between which one day's orders lie in (nearest to) 80 % of cases; both 0 where none are due.

    `dispersion` is the variance of a day's orders over their mean when the mean is known (1: Poisson). Of few orders
    no whole numbers hold just 80 %: those are taken that come nearest, with the tails as even as that allows.
    A mean outside its own interval reads as an error: the upper end is never below it.
    """
    mean = np.maximum(orders, 1e-12)
    ratio = np.expm1(log_sd**2) + dispersion / mean  # squared coefficient of variation
    below, above = _width(mean**2 * ratio, 2 * (mean**2 * ratio) ** 2 / mean)
    # a whole number stands for half an order on either side of it
    low, high = np.round(np.maximum(mean - below + 0.5, 0.0)), np.round(mean + above - 0.5)
    few = np.flatnonzero((orders > 0) & (orders < FEW))
    if len(few):
        low[few], high[few] = _nearest(mean[few], (ratio * mean)[few])
    positive = orders > 0
    return np.where(positive, np.minimum(low, mean), 0.0), np.where(positive, np.maximum(high, mean), 0.0)


def _nearest(mean: FloatArray, ratio: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ends (n,) of the whole numbers that hold nearest to 80 % of a count of this mean and variance over mean."""
    chance = np.where(ratio > 1, _wild(mean, ratio), _calm(mean, ratio))
    upto = np.cumsum(chance, axis=0)
    column = np.arange(len(mean))
    low = (upto <= 0.1).sum(axis=0)  # fewer than `low` in at most a tenth of cases
    high = np.maximum((upto < 0.9).sum(axis=0), low)
    best, ends = np.full(len(mean), np.inf), (low, high)
    for up, down in ((0, 0), (0, 1), (1, 0), (1, 1)):
        first, last = low + up, np.minimum(high - down, MOST_COUNTED - 1)
        held = upto[last, column] - np.where(first > 0, upto[np.maximum(first, 1) - 1, column], 0.0)
        off = np.where((first <= last) & (first <= mean), np.abs(held - 0.8), np.inf)
        nearer = off < best - 1e-9
        best = np.where(nearer, off, best)
        ends = np.where(nearer, first, ends[0]), np.where(nearer, last, ends[1])
    return ends[0].astype(np.float64), ends[1].astype(np.float64)


def _wild(mean: FloatArray, ratio: FloatArray) -> FloatArray:
    """Chances (numbers, n) of a negative binomial."""
    excess = np.maximum((ratio - 1) / mean, LEAST_EXCESS)
    size = 1 / excess
    part = mean / (size + mean)
    chance = np.empty((MOST_COUNTED, len(mean)))
    chance[0] = np.exp(-size * np.log1p(mean * excess))
    for k in range(1, MOST_COUNTED):
        chance[k] = chance[k - 1] * (k - 1 + size) / k * part
    return chance


def _calm(mean: FloatArray, ratio: FloatArray) -> FloatArray:
    """Chances (numbers, n) of a double Poisson: e^−k·k^k/k!·(e·mean/k)^(k/ratio), normalised."""
    k = np.arange(MOST_COUNTED, dtype=np.float64)[:, None]
    log_k = np.log(np.maximum(k, 1.0))
    each = k * (1 + np.log(mean) - log_k) / np.clip(ratio, LEAST_RATIO, 1.0)
    score = k * log_k - k - np.cumsum(log_k, axis=0) + each
    chance = np.exp(score - score.max(axis=0))
    return np.asarray(chance / chance.sum(axis=0))


def _fact(curves: Curves, name: str, otherwise: float = 0.0) -> FloatArray:
    return curves.facts.get(name, np.full(len(curves), otherwise))


def _luck(curves: Curves) -> FloatArray:
    return curves.facts.get("luck", _fact(curves, "dispersion", 1.0))


def _at_spend(curves: Curves, money: FloatArray, otherwise: FloatArray) -> FloatArray:
    """Orders expected (n,) where this was really spent: no chance that demand fell short is left."""
    one = curves.posterior
    if one is None:
        return otherwise
    left, share = bins(money / curves.scale)
    row = np.arange(len(money))
    table = (one.weight * one.level) @ one.shapes
    return np.asarray(table[row, left] * (1 - share) + table[row, left + 1] * share)


def _level_var(curves: Curves, amounts: FloatArray) -> FloatArray:
    """Variance of the log of the orders that are expected at these amounts (n,); far from the usual spend it grows."""
    one = curves.posterior
    if one is None:
        return np.asarray(
            np.minimum(_fact(curves, "level_sd") if "level_sd" in curves.facts else curves.log_sd, 2.0) ** 2
        )
    left, share = bins(amounts / curves.scale)
    shape = one.shapes[:, left] * (1 - share) + one.shapes[:, left + 1] * share  # (J, n)
    level = one.level * shape.T
    mean = np.maximum((one.weight * level).sum(axis=1), 1e-300)
    # the level was counted from orders taken to be as wild as `dispersion` says, at least Poisson
    calm = np.minimum(_luck(curves) / _fact(curves, "dispersion", 1.0), 1.0)
    return np.asarray((one.weight * (level / mean[:, None] - 1) ** 2).sum(axis=1) + one.level_cv**2 * calm)


def _swing(curves: Curves, amounts: FloatArray, orders: FloatArray) -> FloatArray:
    """What one more in log spend changes of the profit (n,)."""
    more = curves.expected(Quantity.ORDERS, amounts * STEP) - curves.expected(Quantity.ORDERS, amounts)
    rise = np.minimum(np.maximum(more, 0.0) / (STEP - 1), orders)
    return np.asarray(rise * curves.margin_per_order - curves.expected(Quantity.SPEND, amounts))
