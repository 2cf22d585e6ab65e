"""Caps on what curves bring (stock, at most N orders): kept by the curves themselves, not only by their pieces.

Such a cap is not convex: under it a program may count a late, flat piece of a curve and leave out an early, steep one.
Most objectives never want to, since what a piece brings is also what it is worth. Where an answer does, the curve is
replaced in the cap by its tangent, which no concave curve passes: a line that keeps the cap keeps it truly (a step of
the concave-convex procedure: Yuille & Rangarajan 2003). Repeated while an answer passes a cap.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bidder.limits import Limit, Limits, Quantity, Sense
from bidder.response.curve import Curves
from bidder.snapshot import FloatArray

__all__ = ["passed", "under_tangents"]

HIDDEN = 1e-4
"""The part of such a cap that its pieces may miss."""

STEP = 1e-4
"""Part of a budget's scale over which a tangent is measured."""


def passed(limits: Limits, curves: Curves, amounts: FloatArray) -> list[int]:
    """The caps on expectations that amounts pass by the curves themselves; places in `limits.limits`."""
    result = []
    for place, limit in enumerate(limits.limits):
        if limit.quantity is not Quantity.AMOUNT and limit.sense is Sense.AT_MOST:
            brings = limit.weights * curves.expected(limit.quantity, amounts)
            if float(brings.sum()) - limit.bound > HIDDEN * float(np.abs(brings).sum()):
                result.append(place)
    return result


def under_tangents(limits: Limits, curves: Curves, amounts: FloatArray, places: list[int]) -> Limits:
    """The limits with those caps as lines on amounts, touching the curves where the amounts, scaled down, keep them."""
    changed = list(limits.limits)
    for place in places:
        changed[place] = _line(changed[place], curves, amounts)
    return replace(limits, limits=tuple(changed))


def _line(limit: Limit, curves: Curves, amounts: FloatArray) -> Limit:
    members = limit.weights > 0.0
    low, high = 0.0, 1.0
    for _ in range(40):
        share = 0.5 * (low + high)
        if limit.value(curves.expected(limit.quantity, np.where(members, share * amounts, amounts))) > limit.bound:
            high = share
        else:
            low = share
    here = np.where(members, low * amounts, amounts)
    step = STEP * curves.scale
    table = curves.expected(limit.quantity, np.stack([np.maximum(here - step, 0.0), here, here + step], axis=1))
    slope = (table[:, 2] - table[:, 0]) / (here + step - np.maximum(here - step, 0.0))
    weights = limit.weights * slope
    constant = float((limit.weights * table[:, 1] - weights * here).sum())
    return replace(limit, quantity=Quantity.AMOUNT, weights=weights, bound=limit.bound - constant)
