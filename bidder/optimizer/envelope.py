"""Upper concave envelopes of sampled curves, many at once (SCIENCE 3.4).

A program that maximises may mix two points of a curve, so a dent between them is never used: it sees the envelope.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bidder.snapshot import FloatArray

__all__ = ["concave", "on_envelope", "slopes"]


TINY = 1e-9
"""Points nearer to each other than this part of the largest are one point: their slope would be noise."""

FEW = 500
"""Rows below which corners are found row by row: a tenth of the time for a handful, twice as long for very many."""


def slopes(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Widths and slopes of the pieces between points x, y of shape (n, k): (n, k − 1) each; 0 and 0 for one point."""
    width = np.diff(x, axis=1)
    width = np.where(width > TINY * np.abs(x[:, [-1]]), width, 0.0)
    rise = np.diff(y, axis=1)
    return width, np.divide(rise, width, out=np.zeros_like(rise), where=width > 0.0)


def concave(x: FloatArray, y: FloatArray) -> FloatArray:
    """The least concave curve above the points, at the same x, (n, k); x may repeat, with the same y."""
    width, slope = slopes(x, y)
    known = np.where(width > 0.0, slope, np.inf)
    falling = np.minimum.accumulate(known, axis=1)
    size = np.maximum(np.abs(np.where(np.isfinite(falling), falling, 0.0)), 1e-300)
    dented = np.flatnonzero(((slope > falling + 1e-12 * size) & (width > 0.0)).any(axis=1))
    result = y.copy()
    if len(dented):
        result[dented] = _hull(x[dented], y[dented])
    return result


def _hull(x: FloatArray, y: FloatArray) -> FloatArray:
    """The chords between the corners of each row."""
    rows, points = x.shape
    corner, place = (_by_row if rows < FEW else _by_corner)(x, y), np.arange(points)[None, :]
    before = np.maximum.accumulate(np.where(corner, place, 0), axis=1)
    after = np.minimum.accumulate(np.where(corner, place, points - 1)[:, ::-1], axis=1)[:, ::-1]
    x0, y0 = np.take_along_axis(x, before, 1), np.take_along_axis(y, before, 1)
    span = np.take_along_axis(x, after, 1) - x0
    share = np.divide(x - x0, span, out=np.zeros_like(x), where=span > 0.0)
    return np.maximum(y, y0 + share * (np.take_along_axis(y, after, 1) - y0))


def _by_row(x: FloatArray, y: FloatArray) -> NDArray[np.bool_]:
    """Which points are corners, row by row: one that lies below a later chord is none (Andrew 1979)."""
    corner = np.zeros(x.shape, dtype=np.bool_)
    for row, (at, height) in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
        kept, falling = [0], list[float]()
        for point in range(1, len(at)):
            if at[point] <= at[kept[-1]]:
                continue
            slope = (height[point] - height[kept[-1]]) / (at[point] - at[kept[-1]])
            while falling and slope >= falling[-1]:
                del falling[-1], kept[-1]
                slope = (height[point] - height[kept[-1]]) / (at[point] - at[kept[-1]])
            kept.append(point)
            falling.append(slope)
        corner[row, kept] = True
    corner[:, -1] = True
    return corner


def _by_corner(x: FloatArray, y: FloatArray) -> NDArray[np.bool_]:
    """The same of many rows at once, corner after corner: from each the steepest way goes on (Jarvis 1973)."""
    rows, points = x.shape
    place, row = np.arange(points)[None, :], np.arange(rows)
    corner = np.zeros((rows, points), dtype=np.bool_)
    corner[:, [0, -1]] = True
    at = np.zeros(rows, dtype=np.int64)
    while (at < points - 1).any():
        span = x - x[row, at][:, None]
        steep = np.divide(
            y - y[row, at][:, None], span, out=np.full_like(y, -np.inf), where=(span > 0.0) & (place > at[:, None])
        )
        # of points in one line the farthest; where nothing lies beyond, the last
        farthest = points - 1 - steep[:, ::-1].argmax(axis=1)
        at = np.where(np.isfinite(steep[row, farthest]), farthest, points - 1)
        corner[row, at] = True
    return corner


def on_envelope(x: FloatArray, y: FloatArray, hull: FloatArray, other: FloatArray) -> FloatArray:
    """Another quantity of the same points, (n, k), mixed where the envelope mixes: linear between its corners."""
    size = np.maximum(np.abs(y).max(axis=1, keepdims=True), 1e-300)
    corner = hull - y <= 1e-9 * size
    corner[:, [0, -1]] = True
    if corner.all():
        return other
    place = np.arange(x.shape[1])[None, :]
    before = np.maximum.accumulate(np.where(corner, place, 0), axis=1)
    after = np.minimum.accumulate(np.where(corner, place, x.shape[1])[:, ::-1], axis=1)[:, ::-1]
    x0, x1 = np.take_along_axis(x, before, 1), np.take_along_axis(x, after, 1)
    q0, q1 = np.take_along_axis(other, before, 1), np.take_along_axis(other, after, 1)
    share = np.divide(x - x0, x1 - x0, out=np.zeros_like(x), where=x1 > x0)
    return np.asarray(q0 + share * (q1 - q0))
