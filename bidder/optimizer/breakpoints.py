"""Where curves are cut into pieces: first on each budget's own scale, then closely around an answer (SCIENCE 4.1)."""

from __future__ import annotations

import numpy as np

from bidder.optimizer.box import Box
from bidder.snapshot import FloatArray

__all__ = ["around", "beyond", "coarse"]

STEPS = np.array([0.03, 0.06, 0.125, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0])
"""Parts of a budget's scale."""

FEWER_STEPS = np.array([0.25, 0.5, 1.0, 1.5, 2.5, 5.0])

PARTS = np.array([0.1, 0.25, 0.5, 0.75])
"""Parts of the room a budget has."""

MANY = 20_000
"""Budgets from which fewer points do: the refinement finds the rest."""

CLOSE = np.array([0.1, 0.2, 0.35, 0.5, 0.65, 0.8])
"""Between an answer and its neighbours."""

FEWER_CLOSE = np.array([0.25, 0.5, 0.75])

APART = (0.05, 0.004, 0.001)
"""Parts of an answer by which its neighbours on a grid are at least away from it, by turn."""

SOME = 400
"""Budgets from which fewer points around an answer do: what one of them misses is little in the whole."""


def coarse(scale: FloatArray, box: Box, now: FloatArray) -> FloatArray:
    """The first points of every budget, (n, k), sorted, from its least to its most."""
    few = len(scale) >= MANY
    room = box.upper - box.lower
    columns = [scale[:, None] * (FEWER_STEPS if few else STEPS)]
    columns.append(box.lower[:, None] + room[:, None] * (PARTS[1::2] if few else PARTS))
    return _inside(columns, box, now)


def around(grid: FloatArray, answer: FloatArray, box: Box, now: FloatArray, turn: int) -> FloatArray:
    """Points between the neighbours of an answer on the last grid; on the first turn the old ones too.

    Points so close to the answer that they tell nothing are not taken for neighbours. The answer itself is a point, so
    that what was reached stays within reach.
    """
    here = answer[:, None]
    apart = np.maximum(APART[min(turn, len(APART) - 1)] * here, 1e-9 * (box.upper - box.lower)[:, None])
    left = np.max(np.where(grid < here - apart, grid, box.lower[:, None]), axis=1, keepdims=True)
    right = np.min(np.where(grid > here + apart, grid, box.upper[:, None]), axis=1, keepdims=True)
    close = CLOSE if len(grid) < SOME else FEWER_CLOSE
    columns = [here, left, right, here + (left - here) * close, here + (right - here) * close]
    columns.append(grid if turn == 0 else np.hstack([2.0 * left - here, 2.0 * right - here]))
    return _inside(columns, box, now)


def beyond(grid: FloatArray, least: FloatArray) -> FloatArray:
    """The grid without points between 0 and `least` (n,): budgets get nothing, or at least that."""
    bar = least[:, None]
    return np.where((grid > 0.0) & (grid < bar), np.where(grid < 0.5 * bar, 0.0, bar), grid)


def _inside(columns: list[FloatArray], box: Box, now: FloatArray) -> FloatArray:
    least, most = box.lower[:, None], box.upper[:, None]
    kink = np.where(np.isnan(now), box.lower, now)[:, None]
    return np.sort(np.clip(np.hstack([*columns, kink, least, most]), least, most), axis=1)
