"""The learner: which shape each budget's response has, at which level, on which kind of day (SCIENCE 3.2 to 3.5).

Called by :mod:`bidder.response.estimate`. For budget i, day t, with relative spend r:

    orders_it ~ Poisson(a_i · d_t · w_t · F_t · g_j(r_it)),   a_i ~ Gamma(α, α/μ_i)
    log(clicks_it/spend_it) = c_i + e_t + θ (log g_j(r_it) − log r_it) + noise

g_j is a candidate shape, d_t and e_t what is common to a day (weekday, season, promotion), w_t how much the day still
counts, F_t how complete its orders are. Clicks show a part θ of the saturation, with far less noise than orders.
The weights of shapes and of θ are re-estimated over all budgets (empirical Bayes) with a fixed number of
pseudo-budgets behind their prior. What comes out is a posterior over shapes, and the mean curve over it: maximising
the mean curve is what maximises the expected result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidder.response.shapes import KNOTS, Shapes, histogram
from bidder.response.special import log_gamma
from bidder.snapshot import FloatArray, IntArray

__all__ = ["Days", "Fit", "fit"]

PSEUDO = 30.0
"""Budgets that the prior weights of shapes and of θ count for."""

FIT_AT_MOST = 2000
"""The pooled priors are fitted on at most about this many budgets, evenly taken."""

CHUNK = 4096
ROUNDS = 3
PASSES = 20

THETA: FloatArray = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
THETA_PRIOR: FloatArray = np.array([0.1, 0.2, 0.3, 0.25, 0.15])
ALPHAS: FloatArray = np.exp(np.linspace(np.log(0.5), np.log(12.0), 9))

DAY_SD = 0.15
"""Expected spread of the days' common factors (log)."""


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """The panel as the learner needs it: (n, T) columns without any NaN, 0 where a day is not used."""

    left: IntArray
    share: FloatArray
    live: FloatArray
    """How much the day counts, 0 when unused."""
    exposure: FloatArray
    """live × completeness: the share of the day's orders that counts and could be known."""
    orders: FloatArray
    """Seen orders × live weight."""
    cost: FloatArray
    """log(clicks/spend), by clicks or impressions; 0 where unknown."""
    precision: FloatArray
    """1/variance of that; 0 where unknown."""
    weekday: IntArray
    expected: FloatArray
    """(n,) orders a day expected at the scale before any of its own data (the level's prior mean)."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Posterior of every budget: weights over shapes (n, J), mean level given the shape (n, J), and what is pooled."""

    weight: FloatArray
    level: FloatArray
    level_cv: FloatArray
    dispersion: FloatArray
    day_factor: FloatArray
    shape_prior: FloatArray
    theta_prior: FloatArray
    theta: FloatArray
    """(n,) posterior mean of θ."""
    alpha: float


def fit(days: Days, shapes: Shapes) -> Fit:
    """The posterior of every budget. Shapes (n, T) in, (n, J) out."""
    n, length = days.orders.shape
    count = len(shapes.prior)
    ranked = np.arange(0, n, max(1, n // FIT_AT_MOST))
    log_value = np.log(np.maximum(shapes.value, 1e-12))
    seen = days.orders.sum(axis=1)
    log_orders = histogram(days.left, days.share, days.orders) @ log_value.T  # Σ o·log g
    clicks = _click_evidence(days, log_value)
    alpha = _level_spread(seen, days.expected * (histogram(days.left, days.share, days.exposure) @ KNOTS**0.6))
    factor = np.ones(length)
    dispersion = np.ones(n)
    prior, theta_prior = shapes.prior.copy(), THETA_PRIOR.copy()
    weight, level = np.tile(prior, (n, 1)), np.zeros((n, count))
    theta = np.full(n, float(THETA @ THETA_PRIOR))
    for _ in range(ROUNDS):
        exposure = histogram(days.left, days.share, days.exposure * factor) @ shapes.value.T
        evidence = _order_evidence(log_orders, exposure, seen, dispersion, days.expected, alpha)
        prior, theta_prior = _pooled(evidence[ranked], clicks[ranked], shapes.prior)
        weight, theta = _posterior(evidence, clicks, prior, theta_prior)
        top = alpha + seen / dispersion
        level = top[:, None] / ((alpha / days.expected)[:, None] + exposure / dispersion[:, None])
        expected = _at(days, (weight * level) @ shapes.value) * days.exposure
        factor = _day_factors(days, expected)
        dispersion = _dispersion(days, expected * factor)
    return Fit(
        weight=weight,
        level=level,
        level_cv=1 / np.sqrt(alpha + seen / dispersion),
        dispersion=dispersion,
        day_factor=factor,
        shape_prior=prior,
        theta_prior=theta_prior,
        theta=theta,
        alpha=alpha,
    )


def _at(days: Days, table: FloatArray) -> FloatArray:
    """A function tabled at the knots (n, B), read at each day's relative spend (n, T)."""
    low = np.take_along_axis(table, days.left, axis=1)
    high = np.take_along_axis(table, days.left + 1, axis=1)
    return np.asarray(low + (high - low) * days.share)


def _level_spread(seen: FloatArray, expected: FloatArray) -> float:
    """α: how alike the budgets' levels are, by the negative-binomial likelihood of their totals."""
    use = expected > 0
    k, m = seen[use][:, None], expected[use][:, None]
    if not len(k):
        return 3.0
    a = ALPHAS[None, :]
    score = (log_gamma(k + a) - log_gamma(a)).sum(axis=0)
    score = score + (a * np.log(a / (a + m)) + k * np.log(m / (a + m))).sum(axis=0)
    score = score - 0.5 * (np.log(ALPHAS / 3.0) / 1.0) ** 2
    share = np.exp(score - score.max())
    return float((share * ALPHAS).sum() / share.sum())


def _order_evidence(
    log_orders: FloatArray,
    exposure: FloatArray,
    seen: FloatArray,
    dispersion: FloatArray,
    expected: FloatArray,
    alpha: float,
) -> FloatArray:
    """log P(orders | shape), the level integrated out (n, J); over-dispersion tempers it."""
    top = alpha + seen / dispersion
    rate = (alpha / expected)[:, None] + exposure / dispersion[:, None]
    return np.asarray(log_orders / dispersion[:, None] - top[:, None] * np.log(rate))


def _click_evidence(days: Days, log_value: FloatArray) -> NDArray[np.float32]:
    """log P(clicks | shape, θ), cost per click and days' factors regressed out: (n, J, θ)."""
    n = len(days.left)
    total = np.maximum(days.precision.sum(axis=1), 1e-12)
    z = log_value - np.log(KNOTS)  # (J, B)
    y = days.cost - ((days.precision * days.cost).sum(axis=1) / total)[:, None]
    by_day = days.precision.sum(axis=0)
    common = (days.precision * y).sum(axis=0) / np.maximum(by_day, 1e-12) * (by_day / (by_day + 200.0))
    y = y - common
    y = y - ((days.precision * y).sum(axis=1) / total)[:, None]
    binned = histogram(days.left, days.share, days.precision)
    mean_z = (binned @ z.T) / total[:, None]
    zy = histogram(days.left, days.share, days.precision * y) @ z.T
    zz = np.maximum(binned @ (z**2).T - total[:, None] * mean_z**2, 0.0)
    freedom = np.maximum((days.precision > 0).sum(axis=1) - 2, 1)
    inflated = np.maximum((days.precision * y**2).sum(axis=1) / freedom, 1.0)
    result: NDArray[np.float32] = np.empty((n, len(log_value), len(THETA)), dtype=np.float32)
    for index, theta in enumerate(THETA.tolist()):
        result[:, :, index] = (theta * zy - 0.5 * theta**2 * zz) / inflated[:, None]
    return result


def _pooled(
    evidence: FloatArray, clicks: NDArray[np.float32], shape_prior: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The weights of shapes and of θ that explain all budgets, by EM."""
    prior, theta_prior = shape_prior.copy(), THETA_PRIOR.copy()
    n = len(evidence)
    score = evidence[:, :, None] + clicks
    score = np.exp(score - score.max(axis=(1, 2), keepdims=True))
    for _ in range(PASSES if n else 0):
        per_theta = np.einsum("njt,j->nt", score, prior)
        scale = per_theta @ theta_prior
        by_theta = (per_theta * theta_prior) / scale[:, None]
        by_shape = (score @ theta_prior) * prior / scale[:, None]
        prior = (by_shape.sum(axis=0) + PSEUDO * shape_prior) / (n + PSEUDO)
        theta_prior = (by_theta.sum(axis=0) + PSEUDO * THETA_PRIOR) / (n + PSEUDO)
    return prior, theta_prior


def _posterior(
    evidence: FloatArray, clicks: NDArray[np.float32], prior: FloatArray, theta_prior: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Posterior weights of the shapes (n, J) and posterior mean of θ (n,)."""
    n = len(evidence)
    weight, theta = np.empty(evidence.shape), np.empty(n)
    for start in range(0, n, CHUNK):
        rows = slice(start, start + CHUNK)
        score = evidence[rows, :, None] + clicks[rows]
        score = np.exp(score - score.max(axis=(1, 2), keepdims=True))
        score *= prior[:, None] * theta_prior
        total = np.maximum(score.sum(axis=(1, 2)), 1e-300)
        weight[rows] = score.sum(axis=2) / total[:, None]
        theta[rows] = (score.sum(axis=1) @ THETA) / total
    return weight, theta


def _day_factors(days: Days, expected: FloatArray) -> FloatArray:
    """What is common to each day, pulled to its weekday's factor with 1/DAY_SD² pseudo-orders; mean 1 over the week."""
    seen, usual = days.orders.sum(axis=0), expected.sum(axis=0)
    pseudo = 1 / DAY_SD**2
    week_seen = np.bincount(days.weekday, seen, 7)
    week_usual = np.bincount(days.weekday, usual, 7)
    week = (week_seen + pseudo) / (week_usual + pseudo)
    factor = (seen + pseudo * week[days.weekday]) / (usual + pseudo)
    return np.asarray(factor / week[days.weekday].mean())


def _dispersion(days: Days, expected: FloatArray) -> FloatArray:
    """φ ≥ 1: how much wilder than Poisson a budget's days are, pulled to 1.2 with 30 days."""
    live = days.exposure > 0
    count = live.sum(axis=1)
    ratio = np.where(live, (days.orders - expected) ** 2 / np.maximum(expected, 0.05), 0.0).sum(axis=1)
    own = np.maximum(ratio / np.maximum(count - 1, 1), 1.0)
    return np.asarray((own * count + 1.2 * 30) / (count + 30))
