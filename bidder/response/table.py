"""Curves held as tables on the knots of relative spend: smooth, concave, 0 at 0, fast at any amounts.

Called by :mod:`bidder.response.estimate`, which makes them; the optimizer evaluates them. The slope is a piecewise
linear, nonincreasing function of the amount, so the curve itself is once differentiable: an answer does not stick to
the knots, and a shadow price is a slope and not a step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidder.response.shapes import KNOTS, LOG_FIRST, LOG_STEP
from bidder.snapshot import FloatArray

__all__ = ["Table", "TableResponse", "concave", "tabled"]

WIDTHS: FloatArray = np.diff(KNOTS)
CHUNK = 2048
"""Rows that are worked on at a time, so that what is in between stays in the processor's cache."""

COMPACT_FROM = 20_000
"""From this many budgets on the tables are kept in single precision (a relative error of 1e-7)."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Value and slope at the knots (n, B), per unit of relative spend."""

    value: FloatArray
    slope: FloatArray

    def at(self, relative: FloatArray) -> FloatArray:
        """The curve at relative spends (n, k); below the first knot a straight line to 0, beyond the last flat."""
        last = len(KNOTS) - 2
        with np.errstate(divide="ignore"):
            place = (np.log(relative) - LOG_FIRST) / LOG_STEP
        left = np.minimum(np.maximum(place, 0), last).astype(np.int64)
        left -= (KNOTS[left] > relative) & (left > 0)  # a rounding of the logarithm must not step over a knot
        width = WIDTHS[left]
        step = np.minimum(np.maximum(relative - KNOTS[left], 0.0), width)
        size = self.value.shape[1]
        flat = left + np.arange(0, len(left) * size, size)[:, None]
        low, high = self.slope.ravel().take(flat), self.slope.ravel().take(flat + 1)
        value = self.value.ravel().take(flat) + step * (low + (high - low) * step / (2 * width))
        start = self.value[:, :1] * np.maximum(relative, 0.0) / KNOTS[0]
        return np.asarray(np.where(relative < KNOTS[0], start, value), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class TableResponse:
    """The Response of estimated curves: tables over amounts relative to each budget's scale."""

    scale: FloatArray
    order_table: Table
    spend_table: Table
    click_table: Table

    def orders(self, amounts: FloatArray) -> FloatArray:
        """(n, k) amounts in the shop's currency → (n, k) expected orders a day."""
        return self.order_table.at(amounts / self.scale[:, None])

    def spend(self, amounts: FloatArray) -> FloatArray:
        """(n, k) amounts → (n, k) money expected to be spent."""
        return np.minimum(self.spend_table.at(amounts / self.scale[:, None]) * self.scale[:, None], amounts)

    def clicks(self, amounts: FloatArray) -> FloatArray:
        """(n, k) amounts → (n, k) expected clicks."""
        return self.click_table.at(amounts / self.scale[:, None])


def tabled(value: FloatArray) -> Table:
    """The smooth concave curve through (about) these values at the knots (n, B); not concave: its envelope."""
    kind = np.float32 if len(value) >= COMPACT_FROM else np.float64
    smooth, slope = np.empty(value.shape, dtype=kind), np.empty(value.shape, dtype=kind)
    for start in range(0, len(value), CHUNK):
        rows = slice(start, start + CHUNK)
        smooth[rows], slope[rows] = _smooth(concave(value[rows]))
    return Table(smooth, slope)


def _smooth(envelope: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Value and slope at the knots of a concave curve whose slope is linear between them."""
    chord = np.diff(envelope, axis=1) / WIDTHS
    start = envelope[:, :1] / KNOTS[0]
    # the slope at a knot is the mean of the chords beside it, each weighing by the other's width
    share = WIDTHS[1:] / (WIDTHS[1:] + WIDTHS[:-1])
    middle = chord[:, :-1] * share + chord[:, 1:] * (1 - share)
    first = np.minimum(chord[:, :1] * 2 - middle[:, :1], start)
    last = np.maximum(chord[:, -1:] * 2 - middle[:, -1:], 0.0)
    slope = np.minimum.accumulate(np.concatenate([first, middle, last], axis=1), axis=1)
    rise = (slope[:, 1:] + slope[:, :-1]) * WIDTHS / 2
    first_value = np.maximum(start, slope[:, :1]) * KNOTS[0]
    return np.concatenate([first_value, first_value + np.cumsum(rise, axis=1)], axis=1), slope


def concave(value: FloatArray) -> FloatArray:
    """The least concave majorant, through (0, 0), of nonnegative nondecreasing values at the knots (n, B)."""
    ray = value / KNOTS
    best = np.argmax(ray, axis=1)
    top = np.take_along_axis(ray, best[:, None], axis=1)
    out = np.where(np.arange(len(KNOTS)) < best[:, None], top * KNOTS, value)
    chord = np.diff(out, axis=1) / WIDTHS
    bent = (np.diff(chord, axis=1) > 1e-12 * (np.abs(chord[:, 1:]) + np.abs(chord[:, :-1]))).any(axis=1)
    rows = np.flatnonzero(bent)
    out[rows] = _wrapped(out[rows])
    return out


def _wrapped(value: FloatArray) -> FloatArray:
    """The majorant knot by knot: from each point on it along the steepest chord to any later value."""
    turned = np.ascontiguousarray(value.T)  # rows side by side: a maximum over knots then runs over whole rows
    out, later = turned.copy(), np.empty_like(turned)
    for knot in range(len(KNOTS) - 1):
        chords = np.subtract(turned[knot + 1 :], out[knot], out=later[knot + 1 :])
        chords /= (KNOTS[knot + 1 :] - KNOTS[knot])[:, None]
        out[knot + 1] = out[knot] + np.maximum(chords.max(axis=0), 0.0) * WIDTHS[knot]
    return np.asarray(out.T)
