"""The program behind `relax`: the least that one level of priority must give way to what stands above it.

Columns are shares from 0 to 1, so that small and large money weigh alike: of the money below each wished box, inside it
and above it; of how far each limit could be broken at all; and the common share that everything gives way by at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidder.optimizer.box import Box
from bidder.optimizer.formulate import Pieces
from bidder.optimizer.program import Program, Solution
from bidder.snapshot import FloatArray, IntArray

__all__ = ["Clash", "Concession"]

EVEN = 1000.0
"""How much more an even sacrifice counts than a small one."""

LAST = 1e6
"""What it costs to break a limit of a level above: only where its pieces, cut otherwise, ask for it."""

FINE = 2_500
"""Columns up to which the pieces of curves stand for themselves where a limit bounds what curves bring."""

BUCKETS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Concession:
    """What gives way: of budgets' bounds the share `kept` below and `given` above, (n,); of rows `slack`, (m,)."""

    common: float
    kept: FloatArray
    given: FloatArray
    slack: FloatArray


class Clash:
    """One level: `pieces` over the room that is left, the narrower box it wishes, its own rows after the `held` ones.

    `patterns` (n,) are those of the budgets; `slip` (m,) is room for what the levels above settled to the last digit of
    their solver. `bend`: held limits on what curves bring may be broken too.
    """

    def __init__(
        self, pieces: Pieces, wish: Box, held: int, patterns: IntArray, slip: FloatArray, *, bend: bool
    ) -> None:
        program = pieces.program
        self.patterns = patterns
        self.bent = len(program.bends) > 0
        middle = pieces.low + 0.5 * program.width
        side = np.where(middle < wish.lower[pieces.owner], 0, np.where(middle > wish.upper[pieces.owner], 2, 1))
        crowds = program.weights.shape[1]
        crowd = program.pattern
        if self.bent and program.columns <= FINE:
            key, crowd, crowds = np.arange(program.columns), pieces.owner, len(pieces.start)
        elif self.bent:
            rank = np.argsort(np.argsort(program.bends[0], kind="stable"), kind="stable")
            key = (side * crowds + crowd) * BUCKETS + rank * BUCKETS // max(program.columns, 1)
        else:
            key = side * crowds + crowd
        merged = program.merge(key, int(key.max(initial=-1)) + 1)
        used, first = np.unique(key, return_index=True)
        self.side, self.crowd, self.crowds = side[first], crowd[first], crowds
        self.columns = len(used)
        self.matrix = merged.matrix(np.arange(self.columns)) * merged.width
        self.width = merged.width
        fresh = np.arange(program.rows) >= held
        self.slip = slip
        slip = np.where(fresh, 0.0, slip)
        self.upper, self.lower = program.upper + slip, program.lower - slip
        self.elastic = np.flatnonzero(fresh | (program.bend > 0) & bend)
        self.price = np.where(fresh, 1.0, LAST)[self.elastic]
        self.excess = self._excess()

    def _excess(self) -> FloatArray:
        """How far each elastic row could be broken at all; 0 where it cannot be."""
        most = np.maximum(self.matrix, 0.0).sum(axis=1)
        least = np.minimum(self.matrix, 0.0).sum(axis=1)
        over = np.where(np.isfinite(self.upper), most - self.upper, self.lower - least)
        beyond = np.isfinite(over) & (over > 1e-12 * np.abs(self.matrix).sum(axis=1))
        return np.asarray(np.where(beyond, over, 0.0)[self.elastic])

    def program(self) -> Program:
        """The clash as a program: parts, slacks, common share."""
        rows, slacks = len(self.upper), len(self.elastic)
        outside = np.flatnonzero(self.side != 1)
        place, crowd = np.unique(self.side[outside] * self.crowds + self.crowd[outside], return_inverse=True)
        columns = self.columns + slacks + 1
        shares = rows + len(place)
        weights = np.zeros((shares + slacks, columns))
        weights[:rows, : self.columns] = self.matrix
        upper = np.concatenate([self.upper, np.zeros(len(place) + slacks)])
        lower = np.concatenate([self.lower, np.full(len(place) + slacks, -np.inf)])
        whole = np.bincount(crowd, self.width[outside], len(place))
        part = self.width[outside] / whole[crowd]
        sign = np.where(self.side[outside] == 0, -1.0, 1.0)
        weights[rows + crowd, outside] = sign * part
        upper[rows:shares] = np.where(place < self.crowds, -1.0, 0.0)  # side 0 gives way by what it is not
        weights[rows:, -1] = -1.0
        value = np.zeros(columns)
        value[outside] = -sign * part
        slack = self.columns + np.arange(slacks)
        value[slack] = -self.price
        weights[self.elastic, slack] = np.where(np.isfinite(self.upper[self.elastic]), -1.0, 1.0) * self.excess
        weights[shares + np.arange(slacks), slack] = np.where(self.price > 1.0, 0.0, 1.0)
        value[-1] = -EVEN
        return Program(
            value,
            np.ones(columns),
            np.arange(columns),
            weights,
            np.zeros((0, columns)),
            np.zeros(len(upper), dtype=np.int64),
            lower,
            upper,
        )

    def concession(self, solution: Solution) -> Concession:
        """What the solution gives way by. Where curves stand in rows, every budget gives way by the common share."""
        common = float(solution.amounts[-1])
        common = common if common > 1e-9 else 0.0
        slack = np.zeros(len(self.upper))
        slack[self.elastic] = solution.amounts[self.columns : -1] * self.excess
        slack = np.where(slack > self.slip, slack + self.slip, 0.0)
        size = len(self.patterns)
        if self.bent:
            return Concession(common, np.full(size, 1.0 - common), np.full(size, common), slack)
        kept, given = np.ones(self.crowds), np.zeros(self.crowds)
        share = solution.amounts[: self.columns]
        below, above = self.side == 0, self.side == 2
        kept[self.crowd[below]] = np.where(share[below] > 1.0 - 1e-9, 1.0, share[below])
        given[self.crowd[above]] = np.where(share[above] < 1e-9, 0.0, share[above])
        return Concession(common, kept[self.patterns], given[self.patterns], slack)
