"""How unlikely a count is: exact tails of Poisson and negative binomial counts, and the rule of Benjamini and Hochberg.

Pure arithmetic. A count with more noise than chance gives (dispersion φ > 1: variance φ·mean) is negative binomial.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, exp, inf, lgamma, log, sqrt

__all__ = ["found", "lower_tail", "upper_tail"]

EXACT = 2_000
"""Above this mean the normal tail is as good."""

LIKE_CHANCE = 1e-3
"""So little more noise than Poisson is Poisson: log-gammas of huge arguments would lose more than it makes."""


def lower_tail(count: float, mean: float, dispersion: float = 1.0) -> float:
    """P(Y ≤ count)."""
    if mean <= 0:
        return 1.0
    if mean > EXACT:
        return _normal(-(count + 0.5 - mean) / sqrt(mean * max(dispersion, 1.0)))
    return min(1.0, sum(exp(_log_mass(k, mean, dispersion)) for k in range(int(count) + 1)))


def upper_tail(count: float, mean: float, dispersion: float = 1.0) -> float:
    """P(Y ≥ count)."""
    if count <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    if mean > EXACT:
        return _normal((count - 0.5 - mean) / sqrt(mean * max(dispersion, 1.0)))
    # summed upwards, since 1 − P(Y < count) loses everything that is small
    total, k = 0.0, int(count)
    while True:
        mass = exp(_log_mass(k, mean, dispersion))
        total += mass
        k += 1
        if k > mean and mass <= total * 1e-12:
            return min(1.0, total)


def found(chances: Sequence[float], share: float) -> list[bool]:
    """Which of many findings to believe, so that at most this share of the believed ones is chance (B. and H. 1995)."""
    order = sorted(range(len(chances)), key=lambda at: chances[at])
    last = max((rank for rank, at in enumerate(order, 1) if chances[at] <= share * rank / len(order)), default=0)
    believed = set(order[:last])
    return [at in believed for at in range(len(chances))]


def _log_mass(k: int, mean: float, dispersion: float) -> float:
    if dispersion <= 1.0 + LIKE_CHANCE:
        return k * log(mean) - mean - lgamma(k + 1)
    size = mean / (dispersion - 1.0)
    return lgamma(k + size) - lgamma(size) - lgamma(k + 1) - size * log(dispersion) + k * log(1 - 1 / dispersion)


def _normal(z: float) -> float:
    return 0.5 * erfc(z / sqrt(2)) if z < inf else 0.0
