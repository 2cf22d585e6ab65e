"""The price of a budget's money as its bids see it: 1 + λ, by which what a click is worth is divided.

With one budget over many bids the best of them are value/(1 + λ) with one λ for all (Lagrange; as pacing multipliers of
second-price auctions: Balseiro & Gur 2019, Conitzer et al. 2022). λ is 0 where bids at full value do not use the budget
up; else it is what makes an ordinary day's cost meet the budget, since bids above that buy the same clicks dearer and
end the day early. Days on which the budget ended early say only that more was wanted (a censored mean, Tobin 1958).
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from bidder.response.special import normal_cdf
from bidder.snapshot import FloatArray

__all__ = ["BOUND", "price_of_money", "wanted_a_day"]

BOUND = 0.95
"""A budget that was used to this part has bound."""

DAY_SD = 0.25
"""Spread of a day's wanted cost from day to day, of its log."""

HALF_LIFE = 5.0
"""Days after which a day counts half: how much is wanted follows the season and the others' bids."""

LARGEST = 50.0
"""1 + λ is looked for up to this."""


def wanted_a_day(cost: FloatArray, ended: NDArray[np.bool_], amount: float) -> float:
    """What today's bids would cost on an ordinary day without a budget, NaN where nothing is known.

    `cost` (days,) is each day's at today's bids, NaN unknown; on days that `ended` early it is the least that it would
    have been. One day at the budget is known beforehand, so that days that all ended early do not say "without end".
    """
    known = np.isfinite(cost) & (cost > 0)
    if not known.any() or amount <= 0:
        return float("nan")
    weight = 0.5 ** (np.arange(len(cost) - 1, -1, -1) / HALF_LIFE)
    y, w, cut = np.log(cost[known]), weight[known], ended[known]
    whole = w.sum() + 1.0
    center = (float((w * y).sum()) + log(amount)) / whole
    for _ in range(40):
        filled = np.where(cut, center + DAY_SD * _hazard((y - center) / DAY_SD), y)
        center = (float((w * filled).sum()) + log(amount)) / whole
    return exp(center)


def price_of_money(cost_at: Callable[[float], float], amount: float, least: float) -> float:
    """1 + λ at which a day costs `amount`; `least` where it costs less there. `cost_at` falls as 1 + λ rises."""
    if not cost_at(least) > amount:
        return least
    low, high = log(least), log(max(LARGEST, least))
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if cost_at(exp(middle)) > amount else (low, middle)
    return exp(high)


def _hazard(z: FloatArray) -> FloatArray:
    """φ(z)/(1 − Φ(z)): by how many deviations a normal value lies above its mean on average, once above z."""
    z = np.clip(z, -6.0, 6.0)
    return np.asarray(np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi) / normal_cdf(-z))
