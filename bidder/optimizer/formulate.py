"""Curves, limits and an objective become a linear program: pieces of concave curves as columns, limits as rows.

Called by :mod:`bidder.optimizer.allocate`, some times for one decision, with points ever closer around the answer.
What is not sure is not taken for sure (SCIENCE 5.1): above the amount in force a slope counts for less than expected,
below it for more; and a move has a price of its own (SCIENCE 4.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidder.errors import SolveError
from bidder.limits import Quantity
from bidder.optimizer.envelope import concave, on_envelope, slopes
from bidder.optimizer.objective import Objective, worth_and_cost
from bidder.optimizer.program import Program
from bidder.optimizer.rows import Rows
from bidder.response.curve import Curves
from bidder.snapshot import FloatArray, IntArray

__all__ = ["Calm", "Pieces", "formulate", "gain"]

MOST_DOUBT = 2.0
"""The largest z·sd that is believed: beyond it a slope is worth a seventh, which is doubt enough."""


@dataclass(frozen=True, slots=True, eq=False)
class Calm:
    """What holds budgets where they are: `now` (n,), NaN where unknown; `doubt` z; `penalty` (n,) a unit moved."""

    now: FloatArray
    doubt: float
    penalty: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """A program and what its columns are pieces of: column c is a part of budget `owner[c]` above `start`."""

    program: Program
    owner: IntArray
    start: FloatArray
    low: FloatArray
    """Where each column begins: the amount of its budget below it, (c,)."""
    floor: FloatArray
    """The gain of each budget at `start`, (n,)."""

    def amounts(self, columns: FloatArray) -> FloatArray:
        """Amounts of the budgets, (n,), from amounts of the columns."""
        return np.asarray(self.start + np.bincount(self.owner, columns, len(self.start)))

    def gains(self, columns: FloatArray) -> FloatArray:
        """What the program takes each budget's amount for, (n,): its gain, or above it inside a dent of its curve."""
        more = np.bincount(self.owner, self.program.value * columns, len(self.start))
        return np.asarray(self.floor + more)


def formulate(
    curves: Curves, rows: Rows, bounds: FloatArray, objective: Objective, grid: FloatArray, calm: Calm
) -> Pieces:
    """The program over pieces between the points of `grid`, (n, k), sorted.

    `bounds` (m,) are the limits' own, or what they were relaxed to. Raises SolveError for a curve that is not a number.
    """
    table = gain(curves, objective, grid, calm)
    hull = concave(grid, table)
    width, slope = slopes(grid, hull)
    slope = np.minimum.accumulate(np.where(width > 0.0, slope, np.inf), axis=1)
    keep = width > 0.0
    owner = np.nonzero(keep)[0]
    start = grid[:, 0]
    first = {Quantity.AMOUNT: start}
    bends = np.empty((len(rows.kinds), len(owner)))
    for place, kind in enumerate(rows.kinds):
        brings = _finite(curves.expected(kind, grid), kind.value)
        first[kind] = brings[:, 0]
        bends[place] = slopes(grid, on_envelope(grid, table, hull, brings))[1][keep]
    used = np.array([(one.weights * first[one.quantity]).sum() for one in rows.limits], dtype=np.float64)
    size = np.abs(bounds) + np.array([(np.abs(one.weights) * first[one.quantity]).sum() for one in rows.limits])
    room = bounds - used
    room = np.where(np.abs(room) <= 1e-12 * size, 0.0, room)  # what is left of two equal numbers is no room
    program = Program(
        value=_not_for_nothing(slope[keep]),
        width=width[keep],
        pattern=rows.pattern[owner],
        weights=rows.weights,
        bends=bends,
        bend=rows.bend,
        lower=np.where(rows.most, -np.inf, room),
        upper=np.where(rows.most, room, np.inf),
    )
    return Pieces(program, owner, start, grid[:, :-1][keep], table[:, 0])


def gain(curves: Curves, objective: Objective, amounts: FloatArray, calm: Calm) -> FloatArray:
    """What amounts (n, k) are worth beside the amounts in force, doubt and the price of moves taken off, (n, k)."""
    known = ~np.isnan(calm.now)
    here = np.where(known, calm.now, 0.0)[:, None]
    worth, cost = worth_and_cost(objective, curves, np.hstack([here, amounts]))
    more = _finite(worth[:, 1:] - worth[:, :1], objective.value)
    side = np.where(known, 1.0, 0.0)[:, None] * np.where(amounts > here, 1.0, -1.0)
    doubt = np.minimum(np.nan_to_num(calm.doubt * curves.slope_sd, nan=MOST_DOUBT, posinf=MOST_DOUBT), MOST_DOUBT)
    paid = cost[:, 1:] - cost[:, :1] + side * calm.penalty[:, None] * (amounts - here)
    return np.asarray(more * np.exp(-side * doubt[:, None]) - paid)


def _not_for_nothing(slope: FloatArray) -> FloatArray:
    """Money that earns nothing stays unspent (SCIENCE 4.5): a slope of 0 becomes the least loss that counts."""
    least = 1e-9 * float(np.abs(slope).max(initial=0.0)) or 1e-12
    return np.where(np.abs(slope) < least, -least, slope)


def _finite(table: FloatArray, what: str) -> FloatArray:
    if not np.isfinite(table).all():
        places = np.flatnonzero(~np.isfinite(table).all(axis=1))
        raise SolveError(f"the curve of {what} is not a number", [f"budget {place}" for place in places[:5].tolist()])
    return table
