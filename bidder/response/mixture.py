"""Which shape each budget's response has: a posterior over candidates, their prior re-estimated over all budgets.

Called by :mod:`bidder.response.learn` (SCIENCE 3.2, 3.3). Orders and clicks are two witnesses of one shape; clicks
show a part θ of the saturation, orders all of it. The weights of shapes and of θ are fitted by EM (empirical Bayes)
with a fixed number of pseudo-budgets behind their prior, so that five products do not make a theory.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bidder.response.traffic import THETA
from bidder.snapshot import FloatArray

__all__ = ["THETA_PRIOR", "click_scores", "order_scores", "pooled", "posterior"]

PSEUDO = 30.0
"""Budgets that the prior weights of shapes and of θ count for."""

THETA_PRIOR: FloatArray = np.array([0.05, 0.12, 0.25, 0.33, 0.25])
PASSES = 20
CHUNK = 4096

Scores = NDArray[np.float32]


def order_scores(
    log_orders: FloatArray,
    exposure: FloatArray,
    seen: FloatArray,
    dispersion: FloatArray,
    expected: FloatArray,
    alpha: float,
) -> FloatArray:
    """log P(orders | shape) up to a constant of the budget (n, J), the level integrated out.

    `log_orders` is Σ orders·log g_j, `exposure` Σ exposure·g_j, `seen` Σ orders; over-dispersion tempers all three.
    """
    top = alpha + seen / dispersion
    rate = (alpha / expected)[:, None] + exposure / dispersion[:, None]
    return np.asarray(log_orders / dispersion[:, None] - top[:, None] * np.log(rate))


def click_scores(cross: FloatArray, square: FloatArray) -> Scores:
    """log P(clicks | shape, θ) up to a constant of the budget (n, J, θ), from the sums of innovations."""
    theta = THETA.astype(np.float32)
    return np.asarray(
        cross.astype(np.float32)[:, :, None] * theta - square.astype(np.float32)[:, :, None] * (theta**2 / 2)
    )


def pooled(orders: FloatArray, clicks: Scores, shape_prior: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The weights of shapes (J,) and of θ that explain all these budgets."""
    prior, theta_prior = shape_prior.copy(), THETA_PRIOR.copy()
    n = len(orders)
    score = orders[:, :, None] + clicks
    score = np.exp(score - score.max(axis=(1, 2), keepdims=True)) if n else score
    flat = score.reshape(n, score.shape[1] * score.shape[2])  # also of no budgets
    for _ in range(PASSES if n else 0):
        # the sums over all posteriors, none of them written out
        scale = np.maximum(flat @ np.outer(prior, theta_prior).ravel(), 1e-300)
        counted = ((1.0 / scale) @ flat).reshape(len(prior), len(theta_prior))
        by_shape, by_theta = prior * (counted @ theta_prior), theta_prior * (prior @ counted)
        prior = (by_shape + PSEUDO * shape_prior) / (n + PSEUDO)
        theta_prior = (by_theta + PSEUDO * THETA_PRIOR) / (n + PSEUDO)
    return prior, theta_prior


def posterior(
    orders: FloatArray, clicks: Scores, prior: FloatArray, theta_prior: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Posterior weights of the shapes (n, J) and posterior mean of θ (n,)."""
    n = len(orders)
    weight, theta = np.empty(orders.shape), np.empty(n)
    both = np.log(prior)[:, None] + np.log(theta_prior)
    for start in range(0, n, CHUNK):
        rows = slice(start, start + CHUNK)
        score = orders[rows, :, None] + clicks[rows] + both
        score = np.exp(score - score.max(axis=(1, 2), keepdims=True))
        total = score.sum(axis=(1, 2))
        weight[rows] = score.sum(axis=2) / total[:, None]
        theta[rows] = (score.sum(axis=1) @ THETA) / total
    return weight, theta
