"""Shrinks the rates of thin budgets towards those of their group.

Called by :mod:`bidder.response.estimate`; the formulas are SCIENCE 1.1, 1.2 and 1.4. Nothing here knows about money:
counts in, rates out. Priors are fitted by marginal likelihood on a grid of strengths and the grid is averaged over, so
that the interval of a rate also carries the doubt about its prior (plug-in intervals are too narrow for 8 items).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidder.response.special import digamma, log_gamma, trigamma
from bidder.snapshot import FloatArray, IntArray

__all__ = ["Shrunk", "click_cost", "fits_binomial", "groups_of", "per_exposure", "per_trial", "raw_rate"]

LEAST_GROUP = 8
"""A group this large has a prior of its own; smaller ones use everybody's (SCIENCE 1.1)."""

FIT_AT_MOST = 2000
"""A prior is fitted on at most about this many items, evenly taken: more would not move it."""

Z_80 = 1.2815515655446004
STRENGTHS = np.exp(np.linspace(np.log(5.0), np.log(20_000.0), 15))
STRENGTH_PRIOR = -0.5 * (np.log(STRENGTHS / 200.0) / 1.5) ** 2
SHAPES = np.exp(np.linspace(np.log(0.3), np.log(100.0), 15))
SHAPE_PRIOR = -0.5 * (np.log(SHAPES / 3.0) / 1.2) ** 2


@dataclass(frozen=True, slots=True, eq=False)
class Shrunk:
    """A rate an item: posterior mean, 80 % interval, and the standard deviation of its log."""

    mean: FloatArray
    low: FloatArray
    high: FloatArray
    log_sd: FloatArray
    prior: FloatArray
    """What each item was pulled towards."""


def raw_rate(over: FloatArray, under: FloatArray) -> FloatArray:
    """over/under, 0 where nothing was tried."""
    return np.divide(over, under, out=np.zeros(np.shape(over)), where=under > 0)


def fits_binomial(successes: FloatArray, trials: FloatArray) -> bool:
    """Whether these can be shares at all: view-through or multiple orders can exceed the clicks (SCIENCE 1.1)."""
    return bool((successes <= trials).all())


def groups_of(labels: Sequence[tuple[str, ...]]) -> IntArray:
    """A number an item: its own group where that has at least 8 items, else 0, everybody.

    Numbers follow the first appearance, so that they depend on the items' order alone and never on the names.
    """
    number: dict[tuple[str, ...], int] = {}
    codes = np.array([number.setdefault(label, len(number) + 1) for label in labels], dtype=np.int64)
    size = np.bincount(codes, minlength=len(number) + 1) if len(codes) else np.zeros(1, dtype=np.int64)
    return np.where(size[codes] >= LEAST_GROUP, codes, 0)


def per_trial(successes: FloatArray, trials: FloatArray, group: IntArray, fallback: float) -> Shrunk:
    """Beta-Binomial rates: successes a trial (CTR, CVR). `fallback` is the prior where nobody has a trial.

    Where an item has more successes than trials the whole set is treated as counts an exposure instead.
    """
    if not fits_binomial(successes, trials):
        return per_exposure(successes, trials, group, fallback)

    def evidence(k: FloatArray, n: FloatArray, mean: FloatArray) -> FloatArray:
        a, b = STRENGTHS * mean, STRENGTHS * (1 - mean)
        k, n = k[:, None], n[:, None]
        top = log_gamma(k + a) + log_gamma(n - k + b) - log_gamma(n + STRENGTHS)
        return np.asarray((top - (log_gamma(a) + log_gamma(b) - log_gamma(STRENGTHS))).sum(axis=0))

    def pulled(k: FloatArray, n: FloatArray, mean: FloatArray) -> FloatArray:
        return np.asarray((k[:, None] + STRENGTHS * mean) / (n[:, None] + STRENGTHS))

    def moments(k: FloatArray, n: FloatArray, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
        a, b = k[:, None] + STRENGTHS * mean, (n - k)[:, None] + STRENGTHS * (1 - mean)
        return digamma(a) - digamma(b), trigamma(a) + trigamma(b)

    return _average(successes, trials, group, fallback, STRENGTH_PRIOR, evidence, pulled, moments, logit=True)


def per_exposure(counts: FloatArray, exposure: FloatArray, group: IntArray, fallback: float) -> Shrunk:
    """Gamma-Poisson rates: counts an exposure (orders a click, orders a unit of spend)."""

    def evidence(k: FloatArray, e: FloatArray, mean: FloatArray) -> FloatArray:
        k, odds = k[:, None], e[:, None] * mean / SHAPES
        return np.asarray(
            (log_gamma(k + SHAPES) - log_gamma(SHAPES) + k * np.log(odds + 1e-300) - (k + SHAPES) * np.log1p(odds)).sum(
                axis=0
            )
        )

    def pulled(k: FloatArray, e: FloatArray, mean: FloatArray) -> FloatArray:
        return np.asarray((k[:, None] + SHAPES) / (e[:, None] + SHAPES / mean))

    def moments(k: FloatArray, e: FloatArray, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
        shape = k[:, None] + SHAPES
        return digamma(shape) - np.log(e[:, None] + SHAPES / mean), trigamma(shape)

    return _average(counts, exposure, group, fallback, SHAPE_PRIOR, evidence, pulled, moments, logit=False)


Evidence = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
Moments = Callable[[FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


def _average(
    counts: FloatArray,
    exposure: FloatArray,
    group: IntArray,
    fallback: float,
    log_prior: FloatArray,
    evidence: Evidence,
    pulled: Evidence,
    moments: Moments,
    *,
    logit: bool,
) -> Shrunk:
    """The posterior of each item, averaged over the grid of prior strengths that its group's evidence weighs."""
    n = len(counts)
    mean, center, spread, prior = np.zeros(n), np.zeros(n), np.ones(n), np.zeros(n)
    tried = exposure > 0
    ceiling = 0.999 if logit else np.inf
    overall = fallback
    if tried.any():  # with nothing counted at all, half a count
        overall = min(max(float(counts[tried].sum()), 0.5) / float(exposure[tried].sum()), ceiling)
    for code in np.unique(group):
        rows = group == code
        grid_mean, weight = _fit(
            counts[tried & rows], exposure[tried & rows], overall, ceiling, log_prior, evidence, pulled
        )
        k, e = counts[rows], exposure[rows]
        mean[rows] = pulled(k, e, grid_mean) @ weight
        middle, variance = moments(k, e, grid_mean)
        center[rows] = middle @ weight
        spread[rows] = (variance + middle**2) @ weight - center[rows] ** 2
        # the prior's mean is itself known from so many items only: without this 8 items' intervals are too narrow
        spread[rows] *= 1 + 2 / max(int((tried & rows).sum()), 1)
        prior[rows] = grid_mean @ weight
    sd = np.sqrt(np.maximum(spread, 1e-12))
    low, high = center - Z_80 * sd, center + Z_80 * sd
    if logit:
        low, high = 1 / (1 + np.exp(np.minimum(-low, 700))), 1 / (1 + np.exp(np.minimum(-high, 700)))
        return Shrunk(mean, low, high, sd * (1 - mean), prior)
    return Shrunk(mean, np.exp(low), np.exp(high), sd, prior)


def _fit(
    counts: FloatArray,
    exposure: FloatArray,
    overall: float,
    ceiling: float,
    log_prior: FloatArray,
    evidence: Evidence,
    pulled: Evidence,
) -> tuple[FloatArray, FloatArray]:
    """For each strength of the grid the best prior mean, and the strengths' posterior weights."""
    mean = np.full(len(log_prior), overall)
    stride = max(1, len(counts) // FIT_AT_MOST)
    k, e = counts[::stride], exposure[::stride]
    if len(k):
        for _ in range(12):  # EM: the prior's mean is the mean of the posterior means
            mean = np.clip(pulled(k, e, mean).mean(axis=0), overall / 100, ceiling)
    weight = log_prior + (evidence(k, e, mean) if len(k) else 0.0)
    weight = np.exp(weight - weight.max())
    return mean, weight / weight.sum()


def click_cost(spend: FloatArray, clicks: FloatArray, group: IntArray) -> FloatArray:
    """CPC an item: its log pulled to the group's with weight n/(n + 20) on its own (SCIENCE 1.4).

    NaN where no item of the shop has both spend and clicks.
    """
    seen: NDArray[np.bool_] = (spend > 0) & (clicks > 0)
    if not seen.any():
        return np.full(len(spend), np.nan)
    own = np.log(np.where(seen, spend, 1.0) / np.where(seen, clicks, 1.0))
    everybody = float(np.average(own[seen], weights=clicks[seen] / (clicks[seen] + 20)))
    center = np.full(len(spend), everybody)
    for code in np.unique(group):
        rows = seen & (group == code)
        if rows.any():
            center[group == code] = np.average(own[rows], weights=clicks[rows] / (clicks[rows] + 20))
    weight = np.where(seen, clicks / (clicks + 20), 0.0)
    return np.asarray(np.exp(weight * np.where(seen, own, 0.0) + (1 - weight) * center))
