"""Randomisation inference: what a draw showed, held against every other draw that could have come (Fisher 1935).

An estimate is linear in the figures: one row of weights a draw. Under "the effect is d", d times the pattern of the
real draw is taken off the figures, and the draw's own estimate must look like those of the others. The interval is all
d that are not refused so; it is found exactly, without a search: each other draw speaks for the d between two numbers
around the estimate. Nothing is assumed of how figures are distributed, and days that depend on each other do no harm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidder.snapshot import FloatArray

__all__ = ["LEVEL", "Design", "Estimate", "chance", "estimate", "of_blocks", "of_units", "smallest"]

LEVEL = 0.05
"""How often an experiment without effect may seem to have one."""

WANTED = 0.8
"""With this chance the smallest effect that can be seen is seen."""

_CLOSE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Every draw, the real one first: `weights` (m, n) make its estimate out of n figures, `patterns` (m, n) say what
    an effect of 1 would add to each figure. Estimates are in units of what the real draw makes of an effect of 1."""

    weights: FloatArray
    patterns: FloatArray

    @property
    def could_tell(self) -> bool:
        """Whether the real draw and its mirror are so few among all that an effect beyond doubt would be told."""
        if not len(self.weights):
            return False
        shown = np.abs(self.weights @ self.patterns[0])
        alike = shown >= shown[0] * (1 - _CLOSE)
        return float(alike.mean()) <= LEVEL


@dataclass(frozen=True, slots=True)
class Estimate:
    """An effect with its interval (±inf: open) and how often chance alone would bring as much."""

    mean: float
    low: float
    high: float
    p: float


def of_units(out: NDArray[np.bool_], size: FloatArray) -> Design:
    """A holdout: Σ over the others / Σ their size − the same of those out. `out` (m, n), sizes (n,) above 0."""
    held, free = np.where(out, size, 0.0), np.where(out, 0.0, size)
    sums = held.sum(axis=1), free.sum(axis=1)
    good = (sums[0] > 0) & (sums[1] > 0)
    if not len(out) or not good[0]:
        return Design(np.zeros((0, len(size))), np.zeros((0, len(size))))
    if not good.all():
        return of_units(out[good], size)
    return Design(np.where(out, -1.0 / sums[0][:, None], 1.0 / sums[1][:, None]), free)


def of_blocks(on: NDArray[np.bool_]) -> Design:
    """A switchback: the coefficient of `on` (m, blocks) beside a level and a straight line through time."""
    size = on.shape[1]
    line = np.column_stack([np.ones(size), np.arange(size) - (size - 1) / 2])
    basis, _ = np.linalg.qr(line)
    table = on.astype(np.float64)
    rest = table - (table @ basis) @ basis.T
    norm = (rest**2).sum(axis=1)
    good = norm > 1e-6
    if not len(good) or not good[0]:
        return Design(np.zeros((0, size)), np.zeros((0, size)))
    # of length 1: a longer row would seem to show more of the same figures
    return Design(rest[good] / np.sqrt(norm[good])[:, None], table[good])


def estimate(design: Design, figures: FloatArray, level: float = LEVEL) -> Estimate:
    """What the real draw shows of these figures (n,). Raises ValueError for a design without draws."""
    if not len(design.weights):
        raise ValueError("no draw compares anything")
    slope = design.weights @ design.patterns[0]
    shown, slope = design.weights @ figures / slope[0], slope / slope[0]
    mean = float(shown[0])
    scale = _CLOSE * max(float(np.abs(shown).max()), 1e-300)
    p = float((np.abs(shown) >= abs(mean) - scale).mean())
    # |shown − d·slope| ≥ |mean − d|, slope within ±1, holds for d between two roots around the mean; at ±1 for all
    open_ = np.abs(slope) > 1 - 1e-9
    with np.errstate(divide="ignore", invalid="ignore"):
        one, two = (mean - shown) / (1 - slope), (mean + shown) / (1 + slope)
    low = np.sort(np.where(open_, -np.inf, np.minimum(one, two)))
    high = np.sort(np.where(open_, np.inf, np.maximum(one, two)))
    # d is refused where no more than level·m draws speak for it
    refused = int(np.floor(level * len(shown) + _CLOSE))
    return Estimate(mean, min(float(low[refused]), mean), max(float(high[len(high) - 1 - refused]), mean), p)


def chance(design: Design, figures: FloatArray, effect: float, level: float = LEVEL, draws: int = 300) -> float:
    """How often an effect would be seen: over draws taken in turn for the real one, on figures without effect."""
    real = _spread(len(design.weights), draws)
    shown = design.weights @ figures
    slope = design.weights @ design.patterns[real].T
    with_effect = np.abs(shown[:, None] + effect * slope)
    own = with_effect[real, np.arange(len(real))]
    p = (with_effect >= own * (1 - _CLOSE)).mean(axis=0)
    return float((p <= level).mean())


def smallest(design: Design, figures: FloatArray, most: float, wanted: float = WANTED) -> float | None:
    """The smallest effect seen with the wanted chance; None where even `most` is not, or no draw could tell."""
    if not design.could_tell or chance(design, figures, most) < wanted:
        return None
    low, high = 0.0, most
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (low, middle) if chance(design, figures, middle) >= wanted else (middle, high)
    return high


def _spread(size: int, draws: int) -> NDArray[np.int64]:
    """Positions spread evenly over all draws."""
    return np.unique(np.linspace(0, size - 1, min(size, draws)).round().astype(np.int64))
