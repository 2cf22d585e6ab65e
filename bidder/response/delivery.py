"""How much of an amount a budget can spend at all: the chance that demand reaches a given spend (SCIENCE 3.1).

Called by :mod:`bidder.response.estimate`. A day that used up its amount only shows that demand was at least the spend
(censored): so a budget that was cut does not look small tomorrow. A day well below its amount was limited by demand,
or was a hiccup. The limit's prior is re-estimated over all budgets, so a shop whose budgets often run into their
demand is warier above what was seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidder.response.panel import Panel
from bidder.response.shapes import KNOTS, bins
from bidder.response.special import normal_cdf
from bidder.snapshot import FloatArray

__all__ = ["Reach", "reachable", "short_days"]

LIMITS: FloatArray = np.exp(np.linspace(np.log(0.3), np.log(5.0), 57))
"""Candidate limits, relative to the budget's scale."""

LIMITED_SHARE = 0.25
"""Expected share of budgets with a limit somewhere up to five times their usual spend, before data."""

PSEUDO = 20.0
"""Budgets that the prior of the limits counts for."""

SPREADS = (0.05, 0.1, 0.18, 0.3)
"""Candidate day-to-day spreads of demand (log); the shop's own is chosen by its evidence."""

FIT_AT_MOST = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """`survival` (n, B): chance that demand lies above each knot of relative spend; `top` (n,): relative spend that it
    exceeds on a fifth of the days (inf where no limit is in sight); `short` (n, T): days limited by demand."""

    survival: FloatArray
    top: FloatArray
    short: NDArray[np.bool_]


def short_days(table: Panel) -> NDArray[np.bool_]:
    """Days whose spend stayed clearly below the amount in force, beside what is usual for this shop's platforms."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(table.live & (table.amount > 0), table.spend / table.amount, np.nan)
    known = ratio[np.isfinite(ratio) & (ratio > 0.6)]
    if not len(known):
        return np.zeros(table.shape, dtype=bool)
    middle = float(np.median(known))
    above = float(np.quantile(known, 0.84)) / middle
    floor = float(np.clip(middle * above**-2.5, 0.6, 0.92))
    return np.asarray(np.nan_to_num(ratio, nan=np.inf) < floor)


def reachable(table: Panel, scale: FloatArray, weight: FloatArray) -> Reach:
    """The chance of reaching each relative spend. `weight` (n, T) is how much each day still counts."""
    n = table.shape[0]
    short = short_days(table)
    full = table.live & ~short
    left, share = bins(np.where(table.live, table.spend, 1.0) / scale[:, None])
    binned_short = _histogram(left, share, np.where(short, weight, 0.0))
    binned_full = _histogram(left, share, np.where(full, weight, 0.0))
    hiccup = _hiccups(short, table.live)
    stride = max(1, n // FIT_AT_MOST)
    best: tuple[float, float, FloatArray] | None = None
    prior = np.append(np.full(len(LIMITS), LIMITED_SHARE / len(LIMITS)), 1 - LIMITED_SHARE)
    for spread in SPREADS:
        evidence = _evidence(binned_short[::stride], binned_full[::stride], spread, hiccup)
        fitted = prior
        for _ in range(15):
            posterior, _total = _posterior(evidence, fitted)
            fitted = (posterior.sum(axis=0) + PSEUDO * prior) / (len(posterior) + PSEUDO)
        total = _posterior(evidence, fitted)[1] if n else 0.0
        if best is None or total > best[0] + 1e-9:
            best = (total, spread, fitted)
    assert best is not None
    _, spread, fitted = best
    posterior, _ = _posterior(_evidence(binned_short, binned_full, spread, hiccup), fitted)
    below = normal_cdf((np.log(LIMITS)[:, None] - np.log(KNOTS)[None, :]) / spread)
    survival = np.clip(posterior[:, :-1] @ below + posterior[:, -1:], 0.0, 1.0)
    survival = np.minimum.accumulate(survival, axis=1)
    reached = survival <= 0.2
    top = np.where(reached.any(axis=1), KNOTS[np.argmax(reached, axis=1)], np.inf)
    return Reach(survival, top, short)


def _histogram(left: NDArray[np.int64], share: FloatArray, weight: FloatArray) -> FloatArray:
    """Day weights per budget and knot (n, B)."""
    n, size = len(left), len(KNOTS)
    base = np.arange(n)[:, None] * size + left
    flat = np.bincount(base.ravel(), (weight * (1 - share)).ravel(), n * size)
    flat += np.bincount(base.ravel() + 1, (weight * share).ravel(), n * size + 1)[: n * size]
    return np.asarray(flat.reshape(n, size), dtype=np.float64)


def _hiccups(short: NDArray[np.bool_], live: NDArray[np.bool_]) -> float:
    """Chance that a day stays short without any limit: seen on budgets where that is rare."""
    days, low = live.sum(axis=1), short.sum(axis=1)
    rare = low <= 0.1 * days
    return float(np.clip((low[rare].sum() + 2.0) / (days[rare].sum() + 100.0), 0.002, 0.1))


def _evidence(binned_short: FloatArray, binned_full: FloatArray, spread: float, hiccup: float) -> FloatArray:
    """log P(days | limit) for each candidate limit and, last, for none: (n, K + 1), none = 0."""
    z = (np.log(LIMITS)[None, :] - np.log(KNOTS)[:, None]) / spread  # (B, K)
    density = np.exp(-0.5 * z**2) / (spread * np.sqrt(2 * np.pi))
    on_short = np.log((1 - hiccup) * density + hiccup) - np.log(hiccup)
    on_full = np.log(0.99 * normal_cdf(z) + 0.01)
    table = binned_short @ on_short + binned_full @ on_full
    return np.concatenate([table, np.zeros((len(table), 1))], axis=1)


def _posterior(evidence: FloatArray, prior: FloatArray) -> tuple[FloatArray, float]:
    """(n, K + 1) posterior of the limit, and the log evidence of all."""
    score = evidence + np.log(prior)
    top = score.max(axis=1, keepdims=True)
    weight = np.exp(score - top)
    total = weight.sum(axis=1, keepdims=True)
    return weight / total, float((np.log(total) + top).sum())
