"""Limits as rows of a program: what stays the same however the curves are cut. Made once for a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidder.limits import Limit, Quantity, Sense
from bidder.snapshot import FloatArray, IntArray

__all__ = ["Rows"]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """m limits over n budgets in p patterns (budgets that every limit treats alike).

    `weights` (m, p), `pattern` (n,), `kinds` the quantities other than amounts that some limit bounds, `bend` (m,) the
    place of a limit's quantity in them (from 1; 0: amounts), `most` (m,) whether its bound is an upper one.
    """

    limits: tuple[Limit, ...]
    weights: FloatArray
    pattern: IntArray
    kinds: tuple[Quantity, ...]
    bend: IntArray
    most: NDArray[np.bool_]

    @classmethod
    def of(cls, limits: Sequence[Limit], size: int) -> Rows:
        """The rows of these limits over `size` budgets."""
        kinds = tuple(
            kind for kind in Quantity if kind is not Quantity.AMOUNT and any(one.quantity is kind for one in limits)
        )
        table = np.array([one.weights for one in limits], dtype=np.float64).reshape(len(limits), size)
        weights, pattern = _patterns(table)
        bend = [0 if one.quantity is Quantity.AMOUNT else 1 + kinds.index(one.quantity) for one in limits]
        return cls(
            tuple(limits),
            weights,
            pattern,
            kinds,
            np.array(bend, dtype=np.int64),
            np.array([one.sense is Sense.AT_MOST for one in limits], dtype=np.bool_),
        )

    def pays(self, prices: FloatArray) -> FloatArray:
        """What one unit of each budget's amount pays at these row prices to the limits on amounts, (n,)."""
        flat = self.bend == 0
        return np.asarray((self.weights[flat].T @ prices[flat])[self.pattern])


def _patterns(table: FloatArray) -> tuple[FloatArray, IntArray]:
    """The distinct columns of (m, n) weights, and which of them each budget has."""
    size = table.shape[1]
    if not len(table) or not size:
        return np.zeros((len(table), max(1, size))), np.zeros(size, dtype=np.int64)
    mark = np.zeros(size)
    for row, factor in zip(table, np.random.default_rng(2024).uniform(1.0, 2.0, len(table)).tolist(), strict=True):
        mark += factor * row
    _, first, pattern = np.unique(mark, return_index=True, return_inverse=True)
    weights = table[:, first]
    if (weights[:, pattern] == table).all():
        return weights, pattern.astype(np.int64)
    weights, pattern = np.unique(table, axis=1, return_inverse=True)  # two patterns met in one mark
    return weights, pattern.reshape(-1).astype(np.int64)
