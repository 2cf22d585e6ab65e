"""The linear program of a budget allocation, as columns: few rows, many pieces, everything bounded.

::

    maximise   Σ value·z      over  0 ≤ z ≤ width,  lower ≤ A z ≤ upper

A column is one piece of one budget's curve. What a row asks of it is `weights[row, pattern] · bend[row's bend]`:
budgets that every row treats alike share a pattern, and a row on amounts has the bend 1, so that a pass over all
columns is one lookup rather than one step for each entry. Filled by :mod:`bidder.optimizer.formulate`, solved by
:mod:`bidder.optimizer.solve` or :mod:`bidder.optimizer.zoom`, judged by :mod:`bidder.optimizer.certify`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidder.snapshot import FloatArray, IntArray

__all__ = ["Program", "Solution", "joined"]


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """One linear program over c columns, m rows, p patterns and b bends (bend 0 is 1 for every column).

    `value`, `width`, `pattern`: (c,). `weights`: (m, p). `bends`: (b − 1, c), the bends from 1 up. `bend`: (m,), which
    of them a row uses. `lower`, `upper`: (m,), −inf and +inf where open.
    """

    value: FloatArray
    width: FloatArray
    pattern: IntArray
    weights: FloatArray
    bends: FloatArray
    bend: IntArray
    lower: FloatArray
    upper: FloatArray

    @property
    def columns(self) -> int:
        """How many pieces there are."""
        return len(self.value)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.lower)

    def charge(self, prices: FloatArray) -> FloatArray:
        """What every column has to pay at these row prices: Aᵀ·prices, (c,)."""
        charge = np.zeros(self.columns)
        for which in range(len(self.bends) + 1):
            rows = (self.bend == which) & (prices != 0.0)
            if not rows.any():
                continue
            each = (self.weights[rows].T @ prices[rows])[self.pattern]
            charge += each if which == 0 else each * self.bends[which - 1]
        return charge

    def activity(self, amounts: FloatArray) -> FloatArray:
        """What the columns at these amounts use of every row: A·amounts, (m,)."""
        activity = np.zeros(self.rows)
        for which in range(len(self.bends) + 1):
            rows = self.bend == which
            if not rows.any():
                continue
            used = amounts if which == 0 else amounts * self.bends[which - 1]
            activity[rows] = self.weights[rows] @ np.bincount(self.pattern, used, self.weights.shape[1])
        return activity

    def matrix(self, columns: IntArray) -> FloatArray:
        """The dense part of A at some columns, (m, len(columns))."""
        dense = self.weights[:, self.pattern[columns]]
        for which in range(1, len(self.bends) + 1):
            rows = self.bend == which
            dense[rows] *= self.bends[which - 1][columns]
        return np.asarray(dense)

    def only(self, rows: IntArray) -> Program:
        """The same columns under some of the rows."""
        return Program(
            self.value,
            self.width,
            self.pattern,
            self.weights[rows],
            self.bends,
            self.bend[rows],
            self.lower[rows],
            self.upper[rows],
        )

    def select(self, columns: IntArray) -> Program:
        """The same rows over some of the columns."""
        return Program(
            self.value[columns],
            self.width[columns],
            self.pattern[columns],
            self.weights,
            self.bends[:, columns],
            self.bend,
            self.lower,
            self.upper,
        )

    def merge(self, key: IntArray, size: int) -> Program:
        """One column for each key in use: summed widths, and means by width of value and bends.

        A key must hold columns of one pattern only. Column k of the result is the k-th smallest key in use.
        """
        width = np.asarray(np.bincount(key, self.width, size), dtype=np.float64)
        used = np.flatnonzero(width > 0.0)
        pattern = np.zeros(size, dtype=np.int64)
        pattern[key] = self.pattern
        value: FloatArray = np.bincount(key, self.width * self.value, size)[used] / width[used]
        bends = np.empty((len(self.bends), len(used)))
        for row, bend in enumerate(self.bends):
            bends[row] = np.bincount(key, self.width * bend, size)[used] / width[used]
        return Program(value, width[used], pattern[used], self.weights, bends, self.bend, self.lower, self.upper)


def joined(first: Program, second: Program) -> Program:
    """The columns of both, under the rows of the first (they share rows, patterns and bends)."""
    return Program(
        np.concatenate([first.value, second.value]),
        np.concatenate([first.width, second.width]),
        np.concatenate([first.pattern, second.pattern]),
        first.weights,
        np.concatenate([first.bends, second.bends], axis=1),
        first.bend,
        first.lower,
        first.upper,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Amounts of the columns and prices of the rows (positive: the upper side binds; negative: the lower).

    `status` is a word of the metric contract: optimal, feasible, infeasible, unbounded, time_limit, error.
    """

    amounts: FloatArray
    prices: FloatArray
    status: str
    seconds: float = 0.0
    exact: bool = False
    """Whether the figures are as they were computed, and not read from what a solver printed."""

    @property
    def optimal(self) -> bool:
        """Whether the solver says that nothing better exists."""
        return self.status == "optimal"

    @property
    def usable(self) -> bool:
        """Whether the amounts keep all rows, best or not."""
        return self.status in {"optimal", "feasible"}
