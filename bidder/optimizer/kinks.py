"""What a limit costs on both sides: the price of one unit more and of one unit less differ where curves have a kink.

A program's price is one number of the interval between the two (SCIENCE 4.2). For `explain` and what-if, not for every
decision: each side is a solve of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from bidder.errors import SolveError
from bidder.limits import Limits, Sense
from bidder.optimizer.allocate import AllocateSettings, allocate
from bidder.optimizer.objective import Objective
from bidder.response.curve import Curves
from bidder.snapshot import FloatArray

__all__ = ["Worth", "worth_of"]


class Worth(NamedTuple):
    """Objective a day for one unit of a bound: earned by loosening it, lost by tightening it; NaN: impossible."""

    loosened: float
    tightened: float


def worth_of(
    curves: Curves,
    limits: Limits,
    objective: Objective,
    now: FloatArray,
    settings: AllocateSettings,
    place: int,
    part: float = 0.01,
) -> Worth:
    """Both finite differences of limit `place`, over `part` of its bound (of 1 where the bound is 0)."""
    bound = limits.limits[place].bound
    step = part * (abs(bound) or 1.0) * (1.0 if limits.limits[place].sense is Sense.AT_MOST else -1.0)

    def earned(shift: float) -> float:
        changed = list(limits.limits)
        changed[place] = replace(changed[place], bound=bound + shift)
        try:
            answer = allocate(curves, replace(limits, limits=tuple(changed)), objective, now, settings)
        except SolveError:
            return float("nan")
        return answer.objective

    here = earned(0.0)
    return Worth((earned(step) - here) / abs(step), (here - earned(-step)) / abs(step))
