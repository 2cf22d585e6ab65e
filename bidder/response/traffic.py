"""What clicks per spend say: how much of the saturation they show, and how traffic has moved since.

Called by :mod:`bidder.response.mixture`. For budget i and day t

    log(clicks/spend) = m_it + e_t + θ (log g_j(r_it) − log r_it) + noise,    m_it = m_i,t−1 + walk

a local-level model: the cost of a click may wander, a day may be common to all (e_t), and what is left answers to
spend. The filter is linear and its gains do not depend on the shape, so it runs once over the figures and once over
every candidate's column; the innovations then give the exact regression (Kalman filter; Harvey 1989).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bidder.response.shapes import KNOTS
from bidder.response.witness import Witness
from bidder.snapshot import FloatArray, IntArray

__all__ = ["THETA", "Steadiness", "Traffic", "evidence", "level", "steadiness"]

THETA: FloatArray = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
"""Candidate shares of the saturation that clicks show; the rest shows in conversion."""

NOISES: FloatArray = np.array([0.05, 0.1, 0.2, 0.35]) ** 2
"""Candidate variances of a day's log clicks per spend beyond counting."""

WALKS: FloatArray = np.array([0.0, 0.01, 0.025, 0.06]) ** 2
"""Candidate variances of one day's step of its level."""

COMMONS: FloatArray = np.array([0.01, 0.04, 0.15, 0.5]) ** 2
"""Candidate variances of what a day has in common."""

UNKNOWN = 25.0
"""Variance of the level before the first day: nothing known."""

FIT_AT_MOST = 400
CHUNK = 2048
COMPACT_FROM = 20_000
"""From this many budgets on the sums are kept in single precision."""


@dataclass(frozen=True, slots=True)
class Steadiness:
    """The shop's own variances: a day's noise, a day's step of the level, what a day has in common."""

    noise: float
    walk: float
    common: float


@dataclass(frozen=True, slots=True, eq=False)
class Traffic:
    """`since` (n, T): how much more traffic a unit of spend brings now than on that day (log, 0 where nothing is known
    to move); `now` (n,): log clicks per unit of spend at the scale; `variance` (n,): of `now`; `seen` (n,): whether any
    day showed clicks."""

    since: FloatArray
    now: FloatArray
    variance: FloatArray
    seen: NDArray[np.bool_]


def steadiness(witness: Witness, log_relative: FloatArray) -> Steadiness:
    """The variances by their evidence over the shop's budgets, with a middling slope taken out."""
    rows = slice(None, None, max(1, len(witness.cost) // FIT_AT_MOST))
    y = (witness.cost - witness.usual[:, None] + 0.25 * log_relative)[rows]
    counting, known = witness.counting[rows], witness.known[rows]
    noise, walk, shared = (grid.ravel() for grid in np.meshgrid(NOISES, WALKS, COMMONS, indexing="ij"))
    n, length = y.shape
    mean, variance = np.zeros((n, len(noise))), np.full((n, len(noise)), UNKNOWN)
    # a shop is steady until it shows otherwise
    score = -0.5 * (np.log(noise / 0.01) / 2.0) ** 2 - walk / 0.03**2
    for t in range(length):
        seen = known[:, t, None]
        total = variance + noise + counting[:, t, None]
        surprise = np.where(seen, y[:, t, None] - mean, 0.0)
        precision = np.where(seen & (variance < UNKNOWN), 1.0 / total, 0.0)
        weight, pull = precision.sum(axis=0), (precision * surprise).sum(axis=0)
        # the day's common part integrated out: Woodbury on one shared column
        alone = np.where(precision > 0, np.log(total) + surprise**2 / total, 0.0).sum(axis=0)
        score = score - 0.5 * (alone + np.log1p(shared * weight) - pull**2 / (weight + 1 / shared))
        gain = np.where(seen, variance / total, 0.0)
        mean = mean + gain * (surprise - np.where(precision > 0, pull / (weight + 1 / shared), 0.0))
        variance = variance * (1 - gain) + np.where(variance >= UNKNOWN, 0.0, walk)
    chance = np.exp(score - score.max())
    chance /= chance.sum()
    return Steadiness(*(float(one @ chance) for one in (noise, walk, shared)))


def evidence(
    witness: Witness, left: IntArray, share: FloatArray, log_value: FloatArray, steady: Steadiness
) -> tuple[FloatArray, FloatArray]:
    """Σ of products of innovations over their variance: figures × candidate and candidate² (n, J).

    log P(clicks | shape j, θ) = θ·first − θ²·second/2 + const. A budget wilder than the shop counts less.
    """
    n, length = witness.cost.shape
    kind: np.dtype[np.floating[Any]] = np.dtype(np.float32 if n >= COMPACT_FROM else np.float64)
    columns = (log_value - np.log(KNOTS)).T.astype(kind)  # (B, J): log g − log r
    count = columns.shape[1]
    with_y = np.zeros((n, count + 1), dtype=kind)  # the last column is the figures themselves
    mean, sums = np.zeros_like(with_y), np.zeros((2, n, count), dtype=kind)
    variance, wild = np.full(n, UNKNOWN), np.zeros(n)
    blocks = [slice(start, start + CHUNK) for start in range(0, n, CHUNK)]
    for t in range(length):
        known = witness.known[:, t]
        total = variance + steady.noise + witness.counting[:, t]
        gain = np.where(known, variance / total, 0.0)
        first = variance >= UNKNOWN  # nothing to compare with yet
        precision = np.where(known & ~first, 1.0 / total, 0.0)
        weight, rise = precision.astype(kind)[:, None], gain.astype(kind)[:, None]
        pull = np.zeros(count + 1)
        for rows in blocks:
            at, part = left[rows, t], share[rows, t, None].astype(kind)
            here = with_y[rows]
            here[:, :-1] = columns[at] + (columns[at + 1] - columns[at]) * part
            here[:, -1] = witness.cost[rows, t] - witness.usual[rows]
            here -= mean[rows]
            pull += weight[rows, 0] @ here
        shift = (pull / (precision.sum() + 1 / steady.common)).astype(kind)
        for rows in blocks:
            here = with_y[rows]
            here -= np.where(first[rows, None], 0, shift)
            weighed = weight[rows] * here
            sums[0, rows] += weighed[:, :-1] * here[:, -1:]
            sums[1, rows] += weighed[:, :-1] * here[:, :-1]
            wild[rows] += weighed[:, -1] * here[:, -1]
            mean[rows] += rise[rows] * here
        variance = variance * (1 - gain) + np.where(first, 0.0, steady.walk)
    days = np.maximum(witness.known.sum(axis=1) - 2, 0)
    inflated = np.maximum((wild + 10.0) / (days + 10.0), 1.0)[:, None]
    return np.asarray(sums[0] / inflated, dtype=np.float64), np.asarray(sums[1] / inflated, dtype=np.float64)


def level(witness: Witness, saturation: FloatArray, steady: Steadiness) -> Traffic:
    """Where traffic stands now and stood on each day, `saturation` (n, T) = θ (log g − log r) taken out."""
    n, length = witness.cost.shape
    # a day's figures side by side: the filter goes from day to day over all budgets
    y = np.ascontiguousarray((witness.cost - witness.usual[:, None] - saturation).T)
    shown, counting = np.ascontiguousarray(witness.known.T), np.ascontiguousarray(witness.counting.T)
    means, variances = np.zeros((length, n)), np.zeros((length, n))
    mean, variance = np.zeros(n), np.full(n, UNKNOWN)
    for t in range(length):
        known = shown[t]
        total = variance + steady.noise + counting[t]
        precision = np.where(known & (variance < UNKNOWN), 1.0 / total, 0.0)
        surprise = np.where(known, y[t] - mean, 0.0)
        common = float(precision @ surprise) / (float(precision.sum()) + 1 / steady.common)
        gain = np.where(known, variance / total, 0.0)
        mean = mean + gain * (surprise - np.where(variance < UNKNOWN, common, 0.0))
        variance = variance * (1 - gain)
        means[t], variances[t] = mean, variance
        variance = variance + np.where(variance >= UNKNOWN, 0.0, steady.walk)
    smooth = means.copy()
    for t in range(length - 2, -1, -1):  # Rauch, Tung & Striebel: past days in the light of later ones
        back = np.where(variances[t] < UNKNOWN, variances[t] / (variances[t] + steady.walk), 1.0)
        smooth[t] += back * (smooth[t + 1] - means[t])
    seen = np.asarray(witness.known.any(axis=1), dtype=np.bool_)
    since = np.ascontiguousarray(np.where(seen, mean - smooth, 0.0).T)
    return Traffic(since, mean + witness.usual, variance, seen)
