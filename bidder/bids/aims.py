"""Where each bid of a budget should be, before steps and rests: its click's value beside the price of that money.

A move that is no larger than the doubt about it is none: the bid in force is as good a guess. Called by `propose`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import copysign, exp, isfinite, log

import numpy as np
from numpy.typing import NDArray

from bidder.bids import pace
from bidder.bids.case import BudgetFacts
from bidder.bids.landscape import Landscape
from bidder.bids.value import Conversion
from bidder.snapshot import FloatArray, IntArray

__all__ = ["Bids", "aims"]

DOUBT = 1.0
"""So many standard deviations of what sets a bid apart from its budget's others are left out of its move: that far the
bid in force is as good a guess (soft threshold, Donoho & Johnstone 1994; SCIENCE 5.1)."""

DOUBT_TOGETHER = 0.5
"""Likewise of what all bids of a budget have in common, which is known better and which λ corrects."""

FARTHEST = 3.0
"""Costs are forecast for bids of at most so many times today's, up or down."""

FIRM = 3.0
"""From so many times its doubt on, what a day wants beside its amount counts whole (firm shrinkage, Gao and Bruce
1997)."""

EDGE = 1.03
"""A bid is not lowered below so many times what its clicks cost, while one may be worth that: there, most are lost at
once, and all of them where the price is a reserve."""

EDGE_DOUBT = 1.0
"""So many standard deviations above its estimate a click may be worth more."""

SEEN = 0.5
"""Clicks, of late, without which what they cost is not known."""


@dataclass(frozen=True, slots=True, eq=False)
class Bids:
    """The bids of a case as columns."""

    now: FloatArray
    click: FloatArray
    worth: FloatArray
    product: IntArray
    rates: Conversion
    shape: Landscape
    spend: FloatArray
    clicks: FloatArray
    value: FloatArray


def aims(
    all_: Bids, rows: IntArray, facts: BudgetFacts | None, ended: NDArray[np.bool_], amount: float
) -> tuple[float, FloatArray]:
    """1 + λ of a budget, and where each of its bids should be; NaN where that is not known."""
    nothing = np.full(len(rows), np.nan)
    if facts is None or not isfinite(facts.price) or not isfinite(amount):
        return float("nan"), nothing
    now, click = all_.now[rows], all_.click[rows]
    use = np.isfinite(now) & np.isfinite(click) & (click > 0)
    if not use.any():
        return 1.0 + max(facts.price, 0.0), np.where(np.isfinite(click), 0.0, np.nan)
    ratio = now[:, None] / np.where(all_.value[rows] > 0, all_.value[rows], np.nan)
    power = 1 + all_.shape.clicks[rows]
    costs = all_.spend[rows] * np.clip(ratio, 1 / FARTHEST, FARTHEST) ** power[:, None]
    day = np.where(np.isfinite(costs).any(axis=0), np.nansum(np.where(use[:, None], costs, 0.0), axis=0), np.nan)
    recent = 0.5 ** (np.arange(len(day) - 1, -1, -1) / pace.HALF_LIFE)
    weight = np.where(use, np.nan_to_num(costs) @ recent, 0.0)
    weight = weight / weight.sum() if weight.sum() > 0 else use / use.sum()
    apart = np.where(use, np.log(np.where(use, click, 1.0)) - np.log(np.where(use, now, 1.0)), 0.0)
    common = np.asarray((weight * apart).sum())
    doubt = DOUBT * np.hypot(all_.rates.own_sd[rows], all_.rates.shared_sd[rows])
    alone = np.where(use, apart - common, 0.0)
    together = DOUBT_TOGETHER * np.sqrt((weight**2 * all_.rates.own_sd[rows] ** 2).sum() + _pooled(all_, rows, weight))
    sure = np.where(use, now, 1.0) * np.exp(_soft(common, together) + _soft(alone, doubt))
    wanted = _surely(pace.wanted_a_day(day, ended, amount), amount, recent[np.isfinite(day)], all_.rates.trust)
    bound = float((recent[-7:] * ended[-7:]).sum() / recent[-7:].sum())
    least = 1.0 + max(facts.price, 0.0) * bound

    def cost_at(price: float) -> float:
        to = np.clip(sure / price / np.where(use, now, 1.0), 1 / FARTHEST, FARTHEST)
        return wanted * float((weight * np.where(use, to, 1.0) ** power).sum())

    price = pace.price_of_money(cost_at, amount, least) if isfinite(wanted) else least
    wish = _above_the_edge(all_, rows, np.where(use, sure / price, 0.0), price, recent)
    return price, np.where(use, wish, np.where(np.isfinite(click), 0.0, np.nan))


def _surely(wanted: float, amount: float, weight: FloatArray, trust: float) -> float:
    """What a day would cost, nearer to the amount by its doubt as far as the bids as found are trusted.

    Who set each bid right beside the others has mostly set them right beside the budget too.
    """
    if not isfinite(wanted) or amount <= 0 or not weight.sum() > 0:
        return wanted
    doubt = trust * pace.DAY_SD * float(np.sqrt((weight**2).sum()) / weight.sum())
    apart = log(wanted / amount)
    if abs(apart) >= FIRM * doubt:
        return wanted
    return amount * exp(copysign(max(abs(apart) - doubt, 0.0) * FIRM / (FIRM - 1), apart))


def _above_the_edge(all_: Bids, rows: IntArray, wish: FloatArray, price: float, recent: FloatArray) -> FloatArray:
    """The wishes, none below what clicks cost while one may be worth that."""
    now, rates = all_.now[rows], all_.rates
    clicks = np.nan_to_num(all_.clicks[rows]) @ recent
    cost = np.nan_to_num(all_.spend[rows]) @ recent / np.maximum(clicks, SEEN)
    edge = EDGE * cost
    most = all_.click[rows] * np.exp(EDGE_DOUBT * np.hypot(rates.own_sd[rows], rates.shared_sd[rows])) / price
    held = (clicks > SEEN) & (now >= cost) & (wish < edge) & (most > edge)
    return np.where(held, np.minimum(edge, now), wish)


def _pooled(all_: Bids, rows: IntArray, weight: FloatArray) -> float:
    """Variance of the mean of what products have in common: of one product all of it, of many little."""
    product, shared = all_.product[rows], all_.rates.shared_sd[rows]
    share = np.bincount(product, weight)
    sd = np.bincount(product, weight * shared) / np.maximum(share, 1e-12)
    return float((share**2 * sd**2).sum())


def _soft(value: FloatArray, doubt: FloatArray) -> FloatArray:
    """The value less the doubt about it; 0 where that is larger."""
    return np.asarray(np.sign(value) * np.maximum(np.abs(value) - doubt, 0.0))
