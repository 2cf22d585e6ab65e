"""The last word on amounts before they are rounded: inside every bound, and within every limit on amounts.

Called on the solver's answer, where it moves nothing but the last digits, and on the fallback, where it does the work.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bidder.limits import Limit, Quantity, Sense
from bidder.optimizer.box import Box
from bidder.snapshot import FloatArray

__all__ = ["breaches", "fit"]

SWEEPS = 200
"""Rounds over all limits; overlapping groups need some, disjoint ones two."""

SNAP = 1e-9
"""Relative distance below which an amount is the bound or the amount in force that it stands beside."""


def fit(amounts: FloatArray, now: FloatArray, box: Box, limits: Sequence[Limit], bounds: FloatArray) -> FloatArray:
    """The amounts moved into the box and into the limits on amounts, as little and as evenly as a plain sweep does.

    Caps shrink what stands above the lower bounds by one factor, floors fill the room below the upper ones by one.
    Limits of the highest priority come last, so that they hold whatever else does not.
    """
    fitted = _snapped(np.clip(amounts, box.lower, box.upper), now, box)
    chosen = [index for index, one in enumerate(limits) if one.quantity is Quantity.AMOUNT]
    chosen.sort(key=lambda index: limits[index].priority)
    for _ in range(SWEEPS):
        moved = False
        for index in chosen:
            limit, bound = limits[index], float(bounds[index])
            sign = 1.0 if limit.sense is Sense.AT_MOST else -1.0
            excess = sign * (limit.value(fitted) - bound)
            if excess <= 1e-12 * max(abs(bound), 1e-300):
                continue
            weights = sign * limit.weights
            room = np.where(weights > 0.0, fitted - box.lower, np.where(weights < 0.0, box.upper - fitted, 0.0))
            able = float((np.abs(weights) * room).sum())
            if able > 0.0:
                fitted = np.clip(fitted - np.sign(weights) * room * min(excess / able, 1.0), box.lower, box.upper)
                moved = True
        if not moved:
            break
    return fitted


def _snapped(amounts: FloatArray, now: FloatArray, box: Box) -> FloatArray:
    for target in (box.lower, box.upper, now):
        known = np.where(np.isnan(target), np.inf, target)
        amounts = np.where(np.abs(amounts - known) <= SNAP * np.maximum(np.abs(amounts), 1e-300), known, amounts)
    return np.clip(amounts, box.lower, box.upper)


def breaches(amounts: FloatArray, limits: Sequence[Limit], bounds: FloatArray) -> list[int]:
    """Which limits on amounts are broken by more than 1e-9 of their bound (or of the money in them)."""
    broken = []
    for index, limit in enumerate(limits):
        if limit.quantity is Quantity.AMOUNT:
            value = limit.value(amounts)
            over = value - bounds[index] if limit.sense is Sense.AT_MOST else bounds[index] - value
            if over > 1e-9 * max(abs(float(bounds[index])), float((np.abs(limit.weights) * np.abs(amounts)).sum())):
                broken.append(index)
    return broken
