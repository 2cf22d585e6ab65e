"""The learner: at which level and with which shape each budget answers to spend, on an ordinary day from now on.

Called by :mod:`bidder.response.estimate` (SCIENCE 1.2, 3.2 to 3.5). For budget i, day t, relative spend r:

    orders_it ~ Poisson(a_i · d_t · F_t · e^{−since_it} · g_j(r_it)),   a_i ~ Gamma(α, α/μ_i)

g_j is a candidate shape, d_t what is common to a day (weekday, season, promotion: regressed out, so that budgets that
follow demand do not inflate slopes), F_t how complete its orders are, since_it how much traffic has moved since. The
mean curve over the posterior is what is handed on: maximising it maximises the expected result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidder.response import mixture, traffic
from bidder.response.forgetting import day_weights
from bidder.response.shapes import KNOTS, Shapes, histogram
from bidder.response.special import log_gamma
from bidder.response.traffic import Traffic
from bidder.response.witness import Witness
from bidder.snapshot import FloatArray, IntArray

__all__ = ["Days", "Fit", "learn"]

FIT_AT_MOST = 2000
"""Pooled priors are fitted on at most about this many budgets, evenly taken."""

CHUNK = 2048
ROUNDS = 3
ALPHAS: FloatArray = np.exp(np.linspace(np.log(0.5), np.log(12.0), 9))

DAY_SD, DAY_SD_DAYS = 0.15, 10.0
"""Expected spread of the days' common factors (log), and the days that this expectation counts for."""

USUAL_DISPERSION, DISPERSION_DAYS = 1.2, 30.0
"""Over-dispersion before any is seen, and the days that a shop's usual one counts for beside a budget's own."""

USUAL_WILDNESS, WILDNESS_SD = 0.1, 0.22
"""Expected κ, the excess of a day's variance over Poisson per squared mean, and how uncertain that is."""


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """The panel as the learner needs it: (n, T) columns without any NaN, 0 where a day is not used."""

    left: IntArray
    share: FloatArray
    exposure: FloatArray
    """Completeness of the day's orders; 0 where nothing was spent or orders are unknown."""
    orders: FloatArray
    weekday: IntArray
    expected: FloatArray
    """(n,) orders a day expected at the scale before any of its own data (the level's prior mean)."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """The posterior of every budget, and what is common to them."""

    weight: FloatArray
    """(n, J) over shapes."""
    level: FloatArray
    """(n, J) orders a day at the scale now, given the shape."""
    level_cv: FloatArray
    """(n,) the level's posterior standard deviation over its mean."""
    theta: FloatArray
    """(n,) share of the saturation that clicks show."""
    dispersion: FloatArray
    """(n,) ≥ 1: how much wilder than Poisson its days are."""
    traffic: Traffic
    day_factor: FloatArray
    """(T,) what was common to each day, 1 on an ordinary one."""
    week: FloatArray
    """(7,) factor of each weekday, Monday first, mean 1."""
    shape_prior: FloatArray
    theta_prior: FloatArray
    day_weight: FloatArray
    """(T,) how much each day counts for the level."""
    day_sd: float = DAY_SD
    """Standard deviation of the log of what a day has in common, weekdays included: luck that no budget escapes."""


def learn(days: Days, witness: Witness, shapes: Shapes, half_life: float | None) -> Fit:
    """The posterior of every budget; `half_life` (days) None: as the shop's own history says."""
    n, length = days.orders.shape
    log_value = np.log(np.maximum(shapes.value, 1e-12))
    log_knots = np.log(KNOTS)
    log_relative = log_knots[days.left] + (log_knots[days.left + 1] - log_knots[days.left]) * days.share
    steady = traffic.steadiness(witness, log_relative)
    clicks = mixture.click_scores(*traffic.evidence(witness, days.left, days.share, log_value, steady))
    seen = days.orders.sum(axis=1)
    log_orders = _summed(days, days.orders, log_value)  # Σ o·log g
    alpha = _level_spread(seen, days.expected * _summed(days, days.exposure, KNOTS**0.6))
    ranked = slice(None, None, max(1, n // FIT_AT_MOST))
    dispersion = np.full(n, USUAL_DISPERSION)
    # days first, with everybody at the prior's shape: budgets that follow demand must not make slopes of it (3.5)
    exposure = _summed(days, days.exposure, shapes.value)
    level = _level(seen, exposure, dispersion, days.expected, alpha)
    bare = _read(days, shapes.prior * level, shapes)[0] * days.exposure
    factor, week, common = _day_factors(days, bare, dispersion)
    move = Traffic(np.zeros((n, length)), np.zeros(n), np.ones(n), np.zeros(n, dtype=np.bool_))
    day_weight = np.ones(length)
    for turn in range(ROUNDS):
        usual = days.exposure * factor * np.exp(-np.clip(move.since, -3.0, 3.0))
        exposure = _summed(days, usual, shapes.value)
        scores = mixture.order_scores(log_orders, exposure, seen, dispersion, days.expected, alpha)
        prior, theta_prior = mixture.pooled(scores[ranked], clicks[ranked], shapes.prior)
        weight, theta = mixture.posterior(scores, clicks, prior, theta_prior)
        level = _level(seen, exposure, dispersion, days.expected, alpha)
        brings, log_rise = _read(days, weight * level, shapes)
        fitted, saturation = brings * usual, log_rise - log_relative
        move = traffic.level(witness, theta[:, None] * saturation, steady)
        bare = fitted / factor
        factor, week, common = _day_factors(days, bare, dispersion)
        dispersion = _dispersion(days, bare * factor)
        if turn == ROUNDS - 2:  # once levels and days are about right
            at_prior = bare * factor * (days.expected / (weight * level).sum(axis=1))[:, None]
            if half_life is None:
                day_weight = day_weights(days.orders / dispersion[:, None], at_prior / dispersion[:, None], alpha)
            else:
                day_weight = 0.5 ** (np.arange(length - 1, -1, -1, dtype=np.float64) / half_life)
    usual = days.exposure * factor * np.exp(-np.clip(move.since, -3.0, 3.0)) * day_weight
    exposure = _summed(days, usual, shapes.value)
    counted = (days.orders * day_weight).sum(axis=1)
    level = _level(counted, exposure, dispersion, days.expected, alpha)
    return Fit(
        weight=weight,
        level=level,
        level_cv=1 / np.sqrt(alpha + counted / dispersion),
        theta=theta,
        dispersion=dispersion,
        traffic=move,
        day_factor=factor,
        week=week,
        shape_prior=prior,
        theta_prior=theta_prior,
        day_weight=day_weight,
        day_sd=float(np.sqrt(common)),
    )


def _summed(days: Days, weight: FloatArray, values: FloatArray) -> FloatArray:
    """Σ over each budget's days of `weight` (n, T) times functions tabled at the knots (J, B): (n, J); of one: (n,)."""
    return np.concatenate(
        [histogram(days.left[rows], days.share[rows], weight[rows]) @ values.T for rows in _chunks(len(weight))]
    )


def _read(days: Days, mixed: FloatArray, shapes: Shapes) -> tuple[FloatArray, FloatArray]:
    """The curves that a mixture of shapes (n, J) gives, read at each day's relative spend (n, T): the value, and the
    log of it beside the value at the scale, each straight between the knots."""
    value, log_rise = np.empty(days.share.shape), np.empty(days.share.shape)
    for rows in _chunks(len(mixed)):
        curve = mixed[rows] @ shapes.value
        share, size = days.share[rows], curve.shape[1]
        left = days.left[rows] + np.arange(0, len(curve) * size, size)[:, None]
        low, high = curve.ravel()[left], curve.ravel()[left + 1]
        value[rows] = low + (high - low) * share
        at_scale = mixed[rows].sum(axis=1)[:, None]
        low, high = np.log(low / at_scale), np.log(high / at_scale)
        log_rise[rows] = low + (high - low) * share
    return value, log_rise


def _chunks(size: int) -> list[slice]:
    """Rows that are worked on at a time, so that what is in between stays in the processor's cache."""
    return [slice(start, start + CHUNK) for start in range(0, max(size, 1), CHUNK)]


def _level(
    seen: FloatArray, exposure: FloatArray, dispersion: FloatArray, expected: FloatArray, alpha: float
) -> FloatArray:
    """Posterior mean of the level given each shape (n, J): Gamma-Poisson, over-dispersion tempering the counts."""
    top = alpha + seen / dispersion
    return np.asarray(top[:, None] / ((alpha / expected)[:, None] + exposure / dispersion[:, None]))


def _level_spread(seen: FloatArray, expected: FloatArray) -> float:
    """α: how alike the budgets' levels are, by the negative-binomial likelihood of their totals."""
    use = expected > 0
    k, m = seen[use][:, None], expected[use][:, None]
    a = ALPHAS[None, :]
    score = (log_gamma(k + a) - log_gamma(a) + a * np.log(a / (a + m)) + k * np.log(m / (a + m))).sum(axis=0)
    score = score - 0.5 * np.log(ALPHAS / 3.0) ** 2
    share = np.exp(score - score.max())
    return float((share * ALPHAS).sum() / share.sum())


def _day_factors(days: Days, expected: FloatArray, dispersion: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """What is common to each day (T,), pulled to its weekday's as firmly as days are alike; the week (7,); and the
    variance of the log of both together."""
    seen, usual = days.orders.sum(axis=0), expected.sum(axis=0)
    pseudo = 1 / DAY_SD**2
    week_seen, week_usual = np.bincount(days.weekday, seen, 7), np.bincount(days.weekday, usual, 7)
    week = (week_seen + pseudo) / (week_usual + pseudo)
    plain = usual * week[days.weekday]
    square = plain**2
    # the variance that is left when counting noise is taken out, pulled to the expected one
    beyond = ((seen - plain) ** 2 - (dispersion @ expected) * week[days.weekday]).sum()
    weight = DAY_SD_DAYS * max(float(square.mean()), 1e-12)
    spread = float(np.clip((beyond + weight * DAY_SD**2) / (square.sum() + weight), 0.03**2, 0.6**2))
    factor = (seen + week[days.weekday] / spread) / (usual + 1 / spread)
    usual_week = week / week.mean()
    return np.asarray(factor / week[days.weekday].mean()), usual_week, spread + float(np.log(usual_week).var())


def _dispersion(days: Days, expected: FloatArray) -> FloatArray:
    """φ ≥ 1: residual χ² a day of each budget, pulled to what its size leads to expect in this shop, 1 + κ·mean."""
    live = (days.exposure > 0) & (expected > 0)
    count = live.sum(axis=1)
    mean = np.where(live, expected, 0.0)
    square = np.where(live, (days.orders - mean) ** 2, 0.0)
    kappa = USUAL_WILDNESS
    for _ in range(3):  # by its information: a square of residuals has about the variance v + 2v²
        variance = mean * (1 + kappa * mean)
        weight = mean**2 / np.where(live, variance + 2 * variance**2, 1.0)
        shown = float((weight * (square - mean)).sum()) + USUAL_WILDNESS / WILDNESS_SD**2
        kappa = max(shown / (float((weight * mean**2).sum()) + 1 / WILDNESS_SD**2), 0.0)
    usual = 1 + kappa * mean.sum(axis=1) / np.maximum(count, 1)
    own = (square / np.maximum(mean, 0.05)).sum(axis=1) / np.maximum(count - 1, 1)
    return np.asarray(np.maximum((own * count + usual * DISPERSION_DAYS) / (count + DISPERSION_DAYS), 1.0))
