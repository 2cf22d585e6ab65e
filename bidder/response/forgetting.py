"""How fast this shop's results change: how much an older day still counts for today's level (SCIENCE 5.6).

Called by :mod:`bidder.response.learn`. Each candidate half-life forecasts every day from the days before it
(a discounted Gamma-Poisson filter; West & Harrison 1997); those that forecast well weigh more.
"""

from __future__ import annotations

import numpy as np

from bidder.response.special import log_gamma
from bidder.snapshot import FloatArray

__all__ = ["day_weights"]

HALF_LIVES: FloatArray = np.array([7.0, 14.0, 28.0, 56.0, 112.0, np.inf])
"""Candidate half-lives in days."""

PRIOR: FloatArray = np.full(len(HALF_LIVES), 1 / len(HALF_LIVES))
"""No belief in any of them before the shop has shown how fast it changes (SCIENCE 5.6: 0.90 to 0.98 a day do alike)."""

FIT_AT_MOST = 500


def day_weights(orders: FloatArray, expected: FloatArray, alpha: float) -> FloatArray:
    """(T,) weight of each day, 1 on the last: the mean over half-lives of 2^(−age/half-life).

    `orders` and `expected` (n, T): seen, and expected at the prior's level; both already tempered by over-dispersion.
    """
    length = orders.shape[1]
    keep = 0.5 ** (1.0 / HALF_LIVES)
    chance = PRIOR * np.exp(_score(orders, expected, alpha, keep))
    chance /= chance.sum()
    back = np.arange(length - 1, -1, -1, dtype=np.float64)
    return np.asarray(keep ** back[:, None] @ chance)


def _score(orders: FloatArray, expected: FloatArray, alpha: float, keep: FloatArray) -> FloatArray:
    """Log predictive likelihood of each half-life, the best at 0."""
    rows = slice(None, None, max(1, len(orders) // FIT_AT_MOST))
    k, e = orders[rows], np.maximum(expected[rows], 0.0)
    n, length = k.shape
    shape, rate = np.full((n, len(keep)), alpha), np.full((n, len(keep)), alpha)
    score = np.zeros(len(keep))
    for t in range(length):
        usual, seen = e[:, t, None], k[:, t, None]
        use = usual > 0
        total = rate + usual
        gain = log_gamma(seen + shape) - log_gamma(shape) + shape * np.log(rate / total)
        gain = gain + seen * np.log(np.where(use, usual, 1.0) / total)
        score = score + np.where(use, gain, 0.0).sum(axis=0)
        shape = alpha + keep * (shape - alpha) + np.where(use, seen, 0.0)
        rate = alpha + keep * (rate - alpha) + np.where(use, usual, 0.0)
    return score - score.max() if n else score
