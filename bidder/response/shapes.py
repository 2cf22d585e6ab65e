"""Candidate shapes of response, each 1 at the usual spend, on one grid of relative spend.

Called by :mod:`bidder.response.mixture`. Relative spend r is spend over the budget's own scale, so that one table
serves every budget. Forms are SCIENCE 3.2: exponential saturation, Hill, power; and Hill with an exponent above 1 for
products that need a minimum spend before anything sells. A concave shape is placed by its elasticity at r = 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidder.snapshot import FloatArray, IntArray

__all__ = ["KNOTS", "Shapes", "bins", "candidates", "histogram"]

KNOTS: FloatArray = np.exp(np.linspace(np.log(0.02), np.log(50.0), 99))
"""Relative spends at which every curve is tabled: 8 % apart."""

START_UP_BEND, START_UP_SPREAD = 1.0, 0.6
"""Where an S shape bends, in usual spends, and the spread of its log: who keeps spending has found the part that pays,
and a steep start must not be carried on far above all that was ever spent."""

LOG_FIRST, LOG_STEP = float(np.log(KNOTS[0])), float(np.log(KNOTS[1] / KNOTS[0]))


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """J candidates: value and slope at the knots (J, B), elasticity at r = 1 (J,) and prior weight (J,, sum 1)."""

    value: FloatArray
    slope: FloatArray
    elasticity: FloatArray
    prior: FloatArray


def bins(relative: FloatArray) -> tuple[IntArray, FloatArray]:
    """(knot to the left, share of the knot to the right) of each relative spend, in log spend; the ends hold on."""
    place = (np.log(np.maximum(relative, 1e-300)) - LOG_FIRST) / LOG_STEP
    place = np.clip(place, 0.0, len(KNOTS) - 1.000001)
    left = place.astype(np.int64)
    return left, place - left


def histogram(left: IntArray, share: FloatArray, weight: FloatArray) -> FloatArray:
    """Sums of `weight` (n, T) per budget and knot (n, B), each day split between the two knots beside it.

    Any sum over days of a function tabled at the knots then is a product with this.
    """
    n, size = len(left), len(KNOTS)
    base = (np.arange(n)[:, None] * size + left).ravel()
    flat = np.bincount(base, (weight * (1 - share)).ravel(), n * size)
    flat += np.bincount(base + 1, (weight * share).ravel(), n * size + 1)[: n * size]
    return np.asarray(flat.reshape(n, size), dtype=np.float64)


def candidates(elasticity: float, spread: float, start_up: float) -> Shapes:
    """The grid of shapes; prior weights from a logit-normal elasticity (SCIENCE 3.3) and the share of S shapes."""
    center = np.log(elasticity / (1 - elasticity))
    parts: list[tuple[FloatArray, FloatArray, float, float]] = []  # value, slope, elasticity, weight

    def density(e: float) -> float:
        return float(np.exp(-0.5 * ((np.log(e / (1 - e)) - center) / spread) ** 2))

    logits = center + spread * np.linspace(-2.1, 2.1, 9)
    targets = (1 / (1 + np.exp(-logits))).tolist()
    weight = np.array([density(e) for e in targets])
    weight /= weight.sum()
    for e, w in zip(targets, weight.tolist(), strict=True):
        parts.append((*_hill(_bend_of_hill(e, 1.0), 1.0), e, 0.25 * w))
        parts.append((*_hill(_bend_of_hill(0.75 * e, 0.75), 0.75), 0.75 * e, 0.25 * w))
        parts.append((*_exponential(e), e, 0.25 * w))
        parts.append((*_power(e), e, 0.25 * w))
    concave = len(parts)
    bends = np.exp(np.linspace(np.log(0.25), np.log(2.0), 6)).tolist()
    for k in (1.4, 1.8, 2.4):
        for bend in bends:
            around = float(np.exp(-0.5 * (np.log(bend / START_UP_BEND) / START_UP_SPREAD) ** 2))
            parts.append((*_hill(bend, k), k * bend**k / (1 + bend**k), around))
    prior = np.array([part[3] for part in parts])
    prior[:concave] *= (1 - start_up) / prior[:concave].sum()
    prior[concave:] *= start_up / prior[concave:].sum()
    return Shapes(
        value=np.array([part[0] for part in parts]),
        slope=np.array([part[1] for part in parts]),
        elasticity=np.array([part[2] for part in parts]),
        prior=prior,
    )


def _hill(bend: float, k: float) -> tuple[FloatArray, FloatArray]:
    """r^k/(bend^k + r^k) over its value at 1, with slope."""
    top = 1 + bend**k
    bottom = bend**k + KNOTS**k
    return top * KNOTS**k / bottom, top * k * bend**k * KNOTS ** (k - 1) / bottom**2


def _bend_of_hill(elasticity: float, k: float) -> float:
    """The half-saturation with this elasticity at 1: ε = k·bend^k/(1 + bend^k)."""
    share = elasticity / k
    return float((share / (1 - share)) ** (1 / k))


def _exponential(elasticity: float) -> tuple[FloatArray, FloatArray]:
    """(1 − e^{−ur})/(1 − e^{−u}) with u/(e^u − 1) = ε."""
    low, high = 1e-6, 50.0
    for _ in range(80):
        u = (low + high) / 2
        if u / np.expm1(u) > elasticity:
            low = u
        else:
            high = u
    return -np.expm1(-u * KNOTS) / -np.expm1(-u), u * np.exp(-u * KNOTS) / -np.expm1(-u)


def _power(elasticity: float) -> tuple[FloatArray, FloatArray]:
    """r^ε."""
    return KNOTS**elasticity, elasticity * KNOTS ** (elasticity - 1)
