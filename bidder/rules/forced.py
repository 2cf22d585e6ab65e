"""Cuts that a cap forces: where the absolute caps leave less than all steps would keep, the brake on cuts is lifted.

Called by `evaluate` when all rules have spoken. Stopping money is never braked (PRODUCT 4): if every budget were held
at its smallest step down, no plan could keep the cap; and if all were scaled down by one factor, the best would pay
for the worst. So the lower side of the steps moves down, to a third of today's amount, and the optimizer chooses.
Raises stay braked. Below a third a change is taken for a mistaken unit (FAILURES 11), so what is still too much is
scaled by the optimizer, evenly.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bidder.limits import Bounds, Limit, Priority, Quantity, Sense
from bidder.rules.amounts import minimums
from bidder.snapshot import FloatArray, Snapshot

__all__ = ["LARGEST_CUT", "lift_cuts"]

LARGEST_CUT = 2 / 3
"""The most that a forced cut takes of an amount in force."""


def lift_cuts(bounds: list[Bounds], limits: list[Limit], snapshot: Snapshot) -> tuple[list[Bounds], list[Limit]]:
    """The same bounds and limits; where an absolute cap cannot be kept at the steps' lower sides, those move down.

    Cuts beyond a step go no further than the cap asks: the budgets it covers keep together what it leaves them.
    """
    steps = [one for one in bounds if one.priority == Priority.STEP]
    lower = _tightest(steps, len(snapshot.budgets))
    forcing = [
        one
        for one in limits
        if one.quantity is Quantity.AMOUNT
        and one.sense is Sense.AT_MOST
        and one.priority >= Priority.ABSOLUTE
        and bool((one.weights >= 0).all())
        and float(one.weights @ lower) > one.bound
    ]
    if not forcing:
        return bounds, limits
    units = minimums(snapshot)
    least = np.maximum(np.nan_to_num(snapshot.now) * (1 - LARGEST_CUT), units)
    lifted = [
        replace(one, lower=np.where(np.isfinite(one.lower), np.minimum(one.lower, least), one.lower))
        if one.priority == Priority.STEP
        else one
        for one in bounds
    ]
    tightest = min(forcing, key=lambda one: one.bound)
    braking = next(one for one in steps if np.isfinite(one.lower).any())
    kept = replace(
        tightest,
        rule=braking.rule,
        sense=Sense.AT_LEAST,
        bound=max(0.0, tightest.bound - float(np.minimum(units, least) @ tightest.weights)),  # room for rounding down
        priority=Priority.STEP,
        source=braking.source,
    )
    return lifted, [*limits, kept]


def _tightest(steps: list[Bounds], size: int) -> FloatArray:
    """The largest lower side of all steps; 0 where there is none."""
    lower = np.zeros(size)
    for one in steps:
        lower = np.maximum(lower, np.where(np.isfinite(one.lower), one.lower, 0.0))
    return lower
