"""How much of an amount a budget can spend at all: the chance that demand reaches a given spend (SCIENCE 3.1).

Called by :mod:`bidder.response.estimate`. Day t spends min(b·δ, D): the amount in force as the platform delivers it, or
what demand allows. How δ scatters is taken from the shop's own days. A day that used up its amount only shows that
demand was at least the spend (censored), so a budget that was cut does not look small tomorrow; a day that stayed far
below it points at demand, or was a hiccup such as others have too. The limits' prior is re-estimated over all budgets,
so a shop whose budgets often run into their demand is warier above what was seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bidder.response.panel import Panel
from bidder.response.shapes import KNOTS
from bidder.response.special import normal_cdf
from bidder.snapshot import FloatArray, IntArray

__all__ = ["Reach", "reachable"]

LIMITS: FloatArray = np.exp(np.linspace(np.log(0.3), np.log(5.0), 57))
"""Candidate limits, relative to the budget's scale."""

LIMITED_SHARE = 0.45
"""Expected share of budgets with a limit somewhere up to five times their usual spend, before data."""

PSEUDO = 20.0
"""Budgets that the prior of the limits counts for."""

SPREADS = (0.05, 0.1, 0.18, 0.3)
"""Candidate day-to-day spreads of demand (log); the shop's own is chosen by its evidence."""

EDGES: FloatArray = np.array(
    [-1.2, -0.7, -0.45, -0.3, -0.2, -0.14, -0.1, -0.07, -0.04, -0.015, 0.015, 0.04, 0.07, 0.1, 0.14, 0.2]
)
"""Classes of log(spend/amount) beside the shop's middle; the last is everything above."""

CLASS_WIDTHS: FloatArray = np.concatenate([[1.0], np.diff(EDGES), [0.2]])
SHORT_CLASSES = 5
"""Days in the lowest classes (a fifth or more below the shop's middle) are short of their amount."""

FIT_AT_MOST = 600
"""How platforms deliver and the prior of limits are fitted on at most about this many budgets, evenly taken."""

CHUNK = 2048
ROUNDS = 6
START_DAYS = 10.0
"""Days that the expected delivery counts for beside those seen."""

LEAN = 1.6
"""Delivery is expected to scatter so many times wider below its middle: many platforms never exceed the amount."""


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """`survival` (n, B): chance that demand lies above each knot of relative spend; `top` (n,): relative spend that it
    exceeds on a fifth of the days (inf where no limit is in sight); `short` (n, T): days far below their amount."""

    survival: FloatArray
    top: FloatArray
    short: NDArray[np.bool_]


def reachable(table: Panel, left: IntArray, share: FloatArray, weight: FloatArray) -> Reach:
    """The chance of reaching each relative spend.

    `left` and `share` (n, T) place each day's relative spend on the knots; `weight` is how much the day still counts.
    """
    n = table.shape[0]
    known = table.live & (table.amount > 0)
    delivered, scatter = _classes(table, known)
    code = np.where(known, delivered, len(CLASS_WIDTHS))  # the last class: the amount is unknown
    used = np.where(table.live, weight, 0.0)
    rows = np.arange(0, n, max(1, n // FIT_AT_MOST))
    sample = _binned(left[rows], share[rows], code[rows], used[rows])
    delivery, spread, fitted = _explained(sample, scatter)
    pull = _pull(delivery)
    survival = np.empty((n, len(KNOTS)))
    for start in range(0, n, CHUNK):
        part = slice(start, start + CHUNK)
        binned = _binned(left[part], share[part], code[part], used[part])
        posterior = _posterior(_evidence(binned, pull, spread), fitted)[0]
        survival[part] = np.clip(posterior[:, :-1] @ _kernels(spread)[0].T + posterior[:, -1:], 0.0, 1.0)
    survival = np.minimum.accumulate(survival, axis=1)
    reached = survival <= 0.2
    top = np.where(reached.any(axis=1), KNOTS[np.argmax(reached, axis=1)], np.inf)
    return Reach(survival, top, known & (delivered < SHORT_CLASSES))


def _classes(table: Panel, known: NDArray[np.bool_]) -> tuple[IntArray, float]:
    """The class of each day's log(spend/amount) beside the shop's middle (n, T), and its scatter above that middle.

    The middle is that of the days which came near the amounts, however many stayed short of them.
    """
    ratio = np.log(np.where(known, table.spend, 1.0) / np.where(known, table.amount, 1.0))
    seen = ratio[known]
    if not len(seen):
        return np.zeros(table.shape, dtype=np.int64), 0.0
    middle = float(np.median(seen[seen >= np.quantile(seen, 0.9) - 0.25]))
    above = seen[seen >= middle] - middle
    return np.searchsorted(EDGES, ratio - middle, side="right").astype(np.int64), float(np.quantile(above, 0.68))


def _explained(sample: FloatArray, scatter: float) -> tuple[FloatArray, float, FloatArray]:
    """(how platforms deliver: mass by class; spread of demand; prior of limits) that explain the days best.

    Days short of their amount are taken for short demand unless budgets without any limit have them too: where every
    budget often stays short, nothing in the figures tells the two apart, and the money is not spent either way.
    """
    prior = np.append(np.full(len(LIMITS), LIMITED_SHARE / len(LIMITS)), 1 - LIMITED_SHARE)
    start = delivery = _expected(scatter)
    spread, fitted = SPREADS[1], prior
    for turn in range(ROUNDS):
        pull = _pull(delivery)
        scored = [_fit(_evidence(sample, pull, one), prior) for one in SPREADS]
        place = int(np.argmax([score for score, _, _ in scored]))
        spread, (_, fitted, posterior) = SPREADS[place], scored[place]
        if turn < ROUNDS - 1:
            delivery = _delivered(sample, posterior, pull, spread) + START_DAYS * start
            delivery = delivery / delivery.sum()
    return delivery, spread, fitted


def _delivered(sample: FloatArray, posterior: FloatArray, pull: FloatArray, spread: float) -> FloatArray:
    """Days by class that show how platforms deliver: all of budgets without a limit, and of limited ones those that
    demand did not end. Without the latter five budgets that all look limited would never show that delivery is uneven.
    """
    used, code, by_demand, by_amount = _days(sample, pull, spread)
    of_limit = posterior[:, :-1].T @ sample[:, used]
    seen = posterior[:, -1] @ sample[:, used] + (of_limit * (by_amount / (by_demand + by_amount)).T).sum(axis=0)
    return np.asarray(np.bincount(code, seen, len(CLASS_WIDTHS) + 1)[:-1], dtype=np.float64)


def _expected(scatter: float) -> FloatArray:
    """Delivery before any is seen: as it scatters above its middle, wider below; one day in fifty is just short."""
    at = np.append(EDGES, np.inf)
    inner = np.diff(normal_cdf(at / (max(scatter, 0.015) * np.where(at < 0, LEAN, 1.0))), prepend=0.0)
    below = CLASS_WIDTHS * (at < 0)
    return np.asarray(
        0.98 * (inner + 1e-4 * CLASS_WIDTHS) / (1 + 1e-4 * CLASS_WIDTHS.sum()) + 0.02 * below / below.sum()
    )


def _pull(delivery: FloatArray) -> FloatArray:
    """How much a day of each class speaks for a limit right at its spend: 1/hazard of the platforms' own delivery."""
    above = np.cumsum(delivery[::-1])[::-1] - delivery / 2
    return np.asarray(above * CLASS_WIDTHS / delivery)


@lru_cache(maxsize=8)
def _kernels(spread: float) -> tuple[FloatArray, FloatArray]:
    """(chance that demand exceeds, density of demand at) each knot (B) for each candidate limit (K)."""
    z = (np.log(LIMITS)[None, :] - np.log(KNOTS)[:, None]) / spread
    return normal_cdf(z), np.exp(-0.5 * z**2) / (spread * np.sqrt(2 * np.pi))


def _binned(left: IntArray, share: FloatArray, code: IntArray, weight: FloatArray) -> FloatArray:
    """Day weights by budget, class and knot: (n, (classes + 1)·B)."""
    n, size = len(left), (len(CLASS_WIDTHS) + 1) * len(KNOTS)
    base = (np.arange(n)[:, None] * size + code * len(KNOTS) + left).ravel()
    flat = np.bincount(base, (weight * (1 - share)).ravel(), n * size)
    flat += np.bincount(base + 1, (weight * share).ravel(), n * size + 1)[: n * size]
    return np.asarray(flat.reshape(n, size), dtype=np.float64)


def _days(binned: FloatArray, pull: FloatArray, spread: float) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """The cells that days fall into, their class, and for each candidate limit (cells, K) how well a day there is
    explained by demand that ended and by the amount, both beside how well it is where there is no limit."""
    exceed, density = _kernels(spread)
    used = np.flatnonzero(binned.any(axis=0))  # of a small shop most cells stay empty
    code, knot = np.divmod(used, len(KNOTS))
    return used, code, np.append(pull, 0.0)[code, None] * density[knot], 0.995 * exceed[knot] + 0.005


def _evidence(binned: FloatArray, pull: FloatArray, spread: float) -> FloatArray:
    """log P(days | limit)/P(days | none) for each candidate limit and, last, for none: (n, K + 1)."""
    used, _, by_demand, by_amount = _days(binned, pull, spread)
    score = binned[:, used] @ np.log(by_demand + by_amount)
    return np.concatenate([score, np.zeros((len(score), 1))], axis=1)


def _fit(evidence: FloatArray, prior: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """(log evidence, prior of limits re-estimated by EM, posterior)."""
    fitted, n = prior, len(evidence)
    weight = np.exp(evidence - evidence.max(axis=1, keepdims=True)) if n else evidence
    for _ in range(15):
        counted = fitted * ((1.0 / (weight @ fitted)) @ weight)  # the posteriors' sum, none of them written out
        fitted = (counted + PSEUDO * prior) / (n + PSEUDO)
    posterior, total = _posterior(evidence, fitted)
    return total, fitted, posterior


def _posterior(evidence: FloatArray, prior: FloatArray) -> tuple[FloatArray, float]:
    """(n, K + 1) posterior of the limit, and the log evidence of all."""
    score = evidence + np.log(prior)
    top = score.max(axis=1, keepdims=True)
    weight = np.exp(score - top)
    total = weight.sum(axis=1, keepdims=True)
    return weight / total, float((np.log(total) + top).sum())
