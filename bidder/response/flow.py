"""Clicks a day against spend, followed from day to day: which shape each budget has, and where its level stands now.

Called by :mod:`bidder.response.moving`. For budget i, day t and candidate shape j

    log clicks_it = level_ij,t + log g_j(r_it) + day_t + noise,    level_ij,t = level_ij,t−1 + walk

one Kalman filter a shape (Harvey 1989). The likelihood of a day has Student tails, and two surprises to the same side
open the gain: a cost per click can jump. The shapes' prior is re-estimated over all budgets, and the cost of a click
where it is cheapest is alike within a channel: that ties the bend of a curve to its level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidder.response.shapes import KNOTS, Shapes
from bidder.snapshot import FloatArray, IntArray

__all__ = ["Flow", "bends", "follow_clicks"]

BENDS: FloatArray = np.exp(np.linspace(np.log(0.2), np.log(15.0), 11))
"""Where a curve bends, in usual spends."""

BEND_MIDDLE, BEND_SPREAD = 3.0, 1.2
EXPONENTIAL, HILL, START_UP = 0.35, 0.57, 0.08
"""Expected shares of the forms: 1 − e^{−x}, x^0.9/(1 + x^0.9), x²/(1 + x²)."""

PSEUDO = 20.0
"""Budgets that the prior of the shapes counts for."""

WALK, NOISE, COMMON = 0.02, 0.25, 0.07
"""Standard deviations of log clicks: a level's step a day; a day's noise; what all have in common."""

WEEKDAY = 0.03
TAILS = 10.0
CHEAPEST, CHANNEL = 0.35, 0.35
"""How much the cheapest cost of a click differs (log) between budgets of a channel, and between channels."""

EVENT_NOISE = 0.15
WARM = 2
"""First days that say nothing about noise."""

ROUNDS, PASSES = 2, 5
UNKNOWN = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """`weight` (n, J) of shapes; `level` (n, J) log clicks at the scale now given the shape, `variance` (n,) of it."""

    weight: FloatArray
    level: FloatArray
    variance: FloatArray
    noise: float
    prior: FloatArray


def bends() -> Shapes:
    """The candidates: three forms at eleven bends, each 1 at the scale."""
    parts: list[tuple[FloatArray, FloatArray]] = []
    for form in (0.0, 0.9, 2.0):
        for bend in BENDS.tolist():
            if form == 0.0:
                x = KNOTS / bend
                top = -float(np.expm1(-1 / bend))
                parts.append((-np.expm1(-x) / top, np.exp(-x) / bend / top))
            else:
                power, middle = KNOTS**form, bend**form
                top = 1 / (1 + middle)
                parts.append(
                    (power / (power + middle) / top, form * power / KNOTS * middle / (power + middle) ** 2 / top)
                )
    around = np.exp(-0.5 * (np.log(BENDS / BEND_MIDDLE) / BEND_SPREAD) ** 2)
    around /= around.sum()
    value, slope = np.array([one[0] for one in parts]), np.array([one[1] for one in parts])
    elasticity = np.array([np.interp(0.0, np.log(KNOTS), row) for row in slope])
    return Shapes(value, slope, elasticity, np.concatenate([w * around for w in (EXPONENTIAL, HILL, START_UP)]))


def follow_clicks(
    log_clicks: FloatArray,
    counting: FloatArray,
    known: NDArray[np.bool_],
    log_shape: FloatArray,
    shapes: Shapes,
    scale: FloatArray,
    channel: IntArray,
    weekday: IntArray,
    event: NDArray[np.bool_],
) -> Flow:
    """The filter over (n, T) days; `log_shape` (n, T, J) is log g at each day's spend, `counting` figures' variance.

    `event` (T,) are days on which traffic is nobody's usual: they say less.
    """
    n, length = log_clicks.shape
    cheapest = np.log((shapes.value / KNOTS).max(axis=1)) - np.log(scale)[:, None]
    noise, week, day, prior = NOISE, np.zeros(7), np.zeros(length), shapes.prior
    weight, level, variance = np.zeros((n, len(prior))), np.zeros((n, len(prior))), np.zeros(n)
    for turn in range(ROUNDS):
        blur = noise**2 + counting + np.where(event, EVENT_NOISE**2, 0.0)
        adjusted = (log_clicks - week[weekday] - day)[:, :, None] - log_shape
        level, variance, score, surprise, spread = _filter(adjusted, blur, known)
        weight, prior = _weigh(score, level + cheapest, shapes.prior, channel, np.asarray(known.any(axis=1)))
        mean = np.einsum("ntj,nj->nt", surprise, weight)
        square = np.einsum("ntj,nj->nt", surprise**2, weight) / spread
        use = known & ~event
        use[:, :WARM] = False
        if turn < ROUNDS - 1:
            noise *= float(np.sqrt((np.minimum(square[use], 9.0).sum() + 20) / (use.sum() + 20)))
            of_day = np.where(use, mean, 0.0).sum(axis=0)
            seen = np.bincount(weekday, use.sum(axis=0), 7)
            week = np.bincount(weekday, of_day, 7) / (seen + (noise / WEEKDAY) ** 2)
            week -= week.mean()
            day = of_day / (use.sum(axis=0) + (noise / COMMON) ** 2)
    return Flow(weight, level, variance, noise, prior)


def _filter(
    figures: FloatArray, blur: FloatArray, known: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """(level (n, J), its variance (n,), log likelihood (n, J), surprises (n, T, J), their variances (n, T))."""
    n, length, size = figures.shape
    level, variance, score = np.zeros((n, size)), np.full(n, UNKNOWN), np.zeros((n, size))
    surprises, spreads = np.zeros((n, length, size)), np.ones((n, length))
    before, started = np.zeros((n, size)), np.zeros(n, dtype=np.bool_)
    for t in range(length):
        seen = known[:, t]
        first, later = seen & ~started, seen & started
        variance = np.where(started, variance + WALK**2, variance)
        total = variance + blur[:, t]
        surprise = np.where(seen[:, None], figures[:, t] - level, 0.0)
        standard = surprise / np.sqrt(total)[:, None]
        gain = (variance / total)[:, None] * np.minimum(1.0, 2.5 / np.maximum(np.abs(standard), 1e-9))
        jumped = (np.abs(standard) > 1.5) & (np.abs(before) > 1.5) & (standard * before > 0) & later[:, None]
        gain = np.where(jumped, np.maximum(gain, 0.6), gain)
        gain = np.where(first[:, None], 1.0, gain)
        tail = -0.5 * (TAILS + 1) * np.log1p(standard**2 / TAILS) - 0.5 * np.log(total)[:, None]
        score += np.where(later[:, None], tail, 0.0)
        surprises[:, t] = np.where(later[:, None], surprise, 0.0)
        spreads[:, t] = total
        level = level + gain * surprise
        shrunk = np.where(first, blur[:, t], (1 - variance / total) * variance)
        shrunk = np.where(jumped.mean(axis=1) > 0.5, np.maximum(shrunk, 0.6 * blur[:, t]), shrunk)
        variance = np.where(seen, shrunk, variance)
        before = np.where(later[:, None], standard, before)
        started |= seen
    return level, variance, score, surprises, spreads


def _weigh(
    score: FloatArray, cheapest: FloatArray, prior: FloatArray, channel: IntArray, seen: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Posterior weights (n, J), and the prior re-estimated over all budgets that were `seen` (n,)."""
    n, pooled, beside = int(seen.sum()), prior, np.zeros_like(score)
    weight = score
    size = int(channel.max(initial=0)) + 1
    lean = (CHEAPEST / CHANNEL) ** 2
    for _ in range(PASSES):
        logs = np.log(pooled + 1e-12) + score + beside
        weight = np.exp(logs - logs.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        pooled = (PSEUDO * prior + weight[seen].sum(axis=0)) / (PSEUDO + n)
        own = np.where(seen, (weight * cheapest).sum(axis=1), 0.0)
        middle = np.bincount(channel, own, size) + lean * own.sum() / max(n, 1)
        middle /= np.bincount(channel, seen, size) + lean
        beside = np.where(seen[:, None], -0.5 * ((cheapest - middle[channel][:, None]) / CHEAPEST) ** 2, 0.0)
    return weight, pooled
