"""Shops whose curves are known, in a line or two: what the optimizer's tests allocate for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidder.limits import Bounds, Limit, Limits, Priority, Quantity, Sense
from bidder.response.curve import Curves
from bidder.snapshot import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Saturating:
    """Orders a·(1 − e^(−x/c)), or a·r^h/(1 + r^h) with r = x/c where `bend` is h; spend up to `reach`."""

    most: FloatArray
    half: FloatArray
    bend: FloatArray
    reach: FloatArray

    def orders(self, amounts: FloatArray) -> FloatArray:
        ratio = self.spend(amounts) / self.half[:, None]
        bend = np.where(np.isnan(self.bend), 1.0, self.bend)[:, None]
        hill = ratio**bend / (1.0 + ratio**bend)
        return self.most[:, None] * np.where(np.isnan(self.bend)[:, None], -np.expm1(-ratio), hill)

    def spend(self, amounts: FloatArray) -> FloatArray:
        return np.minimum(amounts, self.reach[:, None])

    def clicks(self, amounts: FloatArray) -> FloatArray:
        return self.spend(amounts) * 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Shop:
    """Curves with the amounts in force."""

    curves: Curves
    now: FloatArray


def a_shop(
    *,
    most: list[float] | FloatArray,
    half: list[float] | FloatArray,
    bend: list[float] | FloatArray | None = None,
    margin: list[float] | FloatArray | float = 30.0,
    reach: list[float] | FloatArray | None = None,
    now: list[float] | FloatArray | None = None,
    scale: list[float] | FloatArray | None = None,
    sd: float = 0.5,
) -> Shop:
    """A shop with one budget for each entry; exponential saturation unless `bend` says Hill."""
    top = np.asarray(most, dtype=np.float64)
    size = len(top)
    column = np.asarray(half, dtype=np.float64)
    far = np.full(size, np.inf) if reach is None else np.asarray(reach, dtype=np.float64)
    earn = np.broadcast_to(np.asarray(margin, dtype=np.float64), (size,)).copy()
    known = np.full(size, np.nan) if now is None else np.asarray(now, dtype=np.float64)
    curves = Curves(
        response=Saturating(top, column, np.full(size, np.nan) if bend is None else np.asarray(bend, float), far),
        revenue_per_order=2.5 * earn,
        margin_per_order=earn,
        scale=np.asarray(scale, dtype=np.float64) if scale is not None else np.where(np.isnan(known), column, known),
        reach=far,
        log_sd=np.full(size, 0.7 * sd),
        slope_sd=np.full(size, sd),
        state=("active",) * size,
        facts={},
    )
    return Shop(curves, known)


def random_shop(seed: int, size: int = 20, *, hill: bool = False) -> Shop:
    """Lognormal sizes, returns and saturations; amounts in force unknown."""
    random = np.random.default_rng(seed)
    half = 40.0 * np.exp(random.normal(0.0, 0.8, size))
    return a_shop(
        most=half * np.exp(random.normal(-2.2, 0.5, size)),
        half=half,
        bend=random.uniform(0.6, 1.0, size) if hill else None,
        margin=np.exp(random.normal(3.3, 0.4, size)),
    )


def total(size: int, bound: float, priority: int = Priority.ABSOLUTE, rule: str = "day total") -> Limit:
    """The cap on the sum of all amounts."""
    return Limit(rule, Quantity.AMOUNT, np.ones(size), Sense.AT_MOST, bound, priority)


def group(members: list[int], size: int, sense: Sense, bound: float, priority: int, rule: str = "group") -> Limit:
    """A bound on the sum of some amounts."""
    weights = np.zeros(size)
    weights[members] = 1.0
    return Limit(rule, Quantity.AMOUNT, weights, sense, bound, priority)


def between(
    size: int,
    lower: float | list[float] | FloatArray,
    upper: float | list[float] | FloatArray,
    priority: int = Priority.OWNER_CAP,
    rule: str = "cap",
) -> Bounds:
    """One box for all budgets, or one each."""
    return Bounds(
        rule, np.broadcast_to(lower, (size,)).astype(float), np.broadcast_to(upper, (size,)).astype(float), priority
    )


def only(*parts: Limit | Bounds, size: int) -> Limits:
    """Limits from whatever there is."""
    return Limits(
        size,
        tuple(one for one in parts if isinstance(one, Bounds)),
        tuple(one for one in parts if isinstance(one, Limit)),
    )


def water_filling(shop: Shop, lower: FloatArray, upper: FloatArray, bound: float) -> FloatArray:
    """The exact optimum under one total and boxes: equal slopes, by bisection of the price and of every amount."""
    curves = shop.curves

    def slope(amounts: FloatArray) -> FloatArray:
        step = 1e-6 * curves.scale
        points = np.stack([np.maximum(amounts - step, 0.0), amounts + step], axis=1)
        orders = curves.response.orders(points)
        gain = (orders[:, 1] - orders[:, 0]) * curves.margin_per_order / (points[:, 1] - points[:, 0])
        return np.asarray(gain - np.where(amounts < shop.curves.reach, 1.0, 0.0))

    def at(price: float) -> FloatArray:
        low, high = lower.copy(), upper.copy()
        for _ in range(60):
            middle = 0.5 * (low + high)
            more = slope(middle) > price
            low, high = np.where(more, middle, low), np.where(more, high, middle)
        return np.asarray(0.5 * (low + high))

    cheap, dear = 0.0, 1e4
    if at(0.0).sum() <= bound:
        return at(0.0)
    for _ in range(60):
        price = 0.5 * (cheap + dear)
        cheap, dear = (price, dear) if at(price).sum() > bound else (cheap, price)
    return at(dear)
