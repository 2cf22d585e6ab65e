"""The least and the most that each budget may get: where many Bounds meet, and which of them gives way.

Bounds are taken from the highest priority down; each may only narrow what those above it left. Between two of one
priority the upper side wins: spending less is the safe mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bidder.errors import SolveError
from bidder.limits import Bounds, Limits, Priority, Quantity, Sense
from bidder.response.curve import Curves
from bidder.snapshot import FloatArray

__all__ = ["REACH", "Box", "box_of", "ceiling", "narrow", "reach_bounds"]

REACH = 0
"""Priority of the reach of a curve: nothing is raised beyond it unless somebody asks for that."""

OPEN_RANGE = 16.0
"""Times a budget's scale: as far as a curve is followed where nothing else says stop."""


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """Amounts from `lower` to `upper`, (n,) each, finite, 0 ≤ lower ≤ upper."""

    lower: FloatArray
    upper: FloatArray


def narrow(box: Box, bounds: Iterable[Bounds]) -> Box:
    """The box inside `box` that also keeps bounds of one priority, as far as they can be kept."""
    level = list(bounds)
    for one in level:
        if np.isnan(one.lower).any() or np.isnan(one.upper).any():
            raise SolveError("a bound is not a number", [one.rule])
    if not level:
        return box
    most = np.clip(np.min([one.upper for one in level], axis=0), box.lower, box.upper)
    least = np.clip(np.max([one.lower for one in level], axis=0), box.lower, most)
    return Box(least, most)


def box_of(start: Box, bounds: Sequence[Bounds]) -> Box:
    """All bounds together, the highest priority first."""
    for priority in sorted({one.priority for one in bounds}, reverse=True):
        start = narrow(start, (one for one in bounds if one.priority == priority))
    return start


def ceiling(curves: Curves, limits: Limits, now: FloatArray) -> FloatArray:
    """A finite amount that no budget can sensibly pass: what the absolute caps leave it, else far beyond its scale."""
    most = np.full(len(curves), np.inf)
    for limit in limits.limits:
        caps = limit.quantity is Quantity.AMOUNT and limit.sense is Sense.AT_MOST
        if caps and limit.priority >= Priority.ABSOLUTE and (limit.weights >= 0.0).all():
            used = limit.weights > 0.0
            most[used] = np.minimum(most[used], max(limit.bound, 0.0) / limit.weights[used])
    far = np.maximum(OPEN_RANGE * curves.scale, 4.0 * np.nan_to_num(now))
    for one in limits.bounds:
        far = np.maximum(far, np.where(np.isfinite(one.lower), one.lower, 0.0))
    return np.where(np.isfinite(most), most, far)


def reach_bounds(curves: Curves, now: FloatArray) -> Bounds:
    """Nothing above the reach, except what is there already: leaving it costs nothing, taking it away may be noise."""
    kept = np.maximum(curves.reach, np.nan_to_num(now, nan=0.0))
    return Bounds("reach", np.full(len(curves), -np.inf), np.where(np.isnan(kept), np.inf, kept), REACH)
