"""Programs too large for the engine: exact aggregation, certified over all columns (ZOOM.md).

Few rows, very many columns: at the optimum all but a handful of columns are empty or full, and which of the two is told
by the sign of their reduced cost under the rows' prices. So columns of one pattern and of like reduced cost become one
column of a small program; its prices reprice all columns; the window around reduced cost zero narrows until the columns
in it are few enough to stand for themselves. It stops only on a duality gap over all columns, so the answer is the
program's optimum whatever the heuristics did; each pass over all columns is arithmetic on arrays.

Filling all columns of a bucket alike is one way of filling them, so the answer of an aggregated program is feasible for
the whole, and its prices bound the whole from above: every round could be the last.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bidder.optimizer.certify import prove
from bidder.optimizer.program import Program, Solution, joined
from bidder.snapshot import FloatArray, IntArray

__all__ = ["zoom"]

ALONE = 1_000
"""Columns that stand for themselves in a small program."""

BUCKETS = 1_500
"""Buckets of one small program, over all patterns together."""

SAMPLE = 40_000
"""Columns from which the first prices are learned when there are many more."""

ROUNDS = 40

NARROW = 2.0
"""Buckets that the next window is wide."""

DRIFT = 0.03
"""By which part of what columns pay the prices of another day are expected to be wrong."""

BESIDE = 4.0
"""Windows beyond which a column is not looked at again until the last check."""

EXACT = 1e-9
"""Relative duality gap at which an answer is the optimum."""

Small = Callable[[Program], Solution]
BoolArray = NDArray[np.bool_]


def zoom(program: Program, small: Small, start: FloatArray | None = None) -> Solution:
    """The optimum of a program whose rows leave something feasible; `start`: row prices to begin from, (m,).

    `small` solves programs of a few thousand columns. A small program that fails ends it with its status.
    """
    return _Zoom(program, small).run(start, EXACT)


class _Zoom:
    """One solve: the columns near the window, the sums of all others, and the best answer so far."""

    def __init__(self, program: Program, small: Small) -> None:
        self.program = program
        self.small = small
        self.seconds = 0.0
        self.patterns = program.weights.shape[1]
        self.per = int(np.clip(BUCKETS // max(self.patterns, 1), 6, 64))
        self.size = float(np.abs(program.value).max(initial=0.0))
        self.sides = np.zeros(0, dtype=np.int64)
        self.alone = ALONE
        self.least = 0.0
        self.everything()

    def everything(self) -> None:
        """Look at all columns again."""
        self.near: IntArray | None = None
        self.beside = self.program
        self.full = np.zeros(0, dtype=np.bool_)
        self.far = self.program.select(np.zeros(0, dtype=np.int64))

    def run(self, start: FloatArray | None, enough: float) -> Solution:
        prices = self.sampled() if start is None else start
        cost, half = None, 0.0
        if prices is not None:
            cost = self.beside.value - self.beside.charge(prices)
            share = DRIFT * float(np.abs(self.beside.value - cost).mean())
            half = _window(cost, 4.0 * len(cost) / self.per) if start is None else max(share, _window(cost, ALONE))
        best, gap = Solution(np.zeros(self.program.columns), np.zeros(self.program.rows), "error"), np.inf
        for _ in range(ROUNDS):
            key, size, inside = self.keys(cost, half)
            merged = self.beside.merge(key, size)
            small = joined(merged, self.far)
            solution = self.small(small)
            self.seconds += solution.seconds
            if not solution.optimal:
                return Solution(best.amounts, solution.prices, solution.status, self.seconds)
            fresh = self.beside.value - self.beside.charge(solution.prices)
            share_of = solution.amounts / small.width
            place = np.cumsum(np.bincount(key) > 0) - 1
            near = share_of[place[key]]
            missed = float(np.einsum("i,i", self.beside.width, np.maximum(fresh, 0.0) - fresh * near))
            settled = missed <= enough * abs(float(small.value @ solution.amounts))
            if settled:
                amounts = self.spread(near, share_of[merged.columns :])
                proof = prove(self.program, amounts, solution.prices)
                if abs(proof.gap) < gap:
                    best, gap = Solution(amounts, solution.prices, "optimal", self.seconds), abs(proof.gap)
                if gap <= enough or (proof.gap < 0.0 and proof.holds):  # beyond the bound: as exact as rows are kept
                    return Solution(amounts, solution.prices, "optimal", self.seconds)
            cost, half = self.next_window(cost, half, fresh, inside, solution.prices, settled=settled)
        good = gap <= enough or prove(self.program, best.amounts, best.prices).holds
        return Solution(best.amounts, best.prices, "optimal" if good else "feasible", self.seconds)

    def sampled(self) -> FloatArray | None:
        """Prices of a scattered part of the columns, widened to stand for all; None where all are few enough."""
        count = self.program.columns
        if count <= 2 * SAMPLE:
            return None
        step = count // SAMPLE
        place = np.arange(count // step, dtype=np.int64)
        part = self.program.select(place * step + (place * 7919) % step)
        scale = count / len(place)
        part = Program(
            part.value, part.width * scale, part.pattern, part.weights, part.bends, part.bend, part.lower, part.upper
        )
        answer = _Zoom(part, self.small).run(None, 1e-4)
        self.seconds += answer.seconds
        return answer.prices if answer.status in {"optimal", "feasible"} else None

    def keys(self, cost: FloatArray | None, half: float) -> tuple[IntArray, int, BoolArray]:
        """Which small column each near column belongs to, how many there may be, and which columns are inside.

        Those nearest to zero stand for themselves, so that a window that is right ends the search at once.
        """
        pattern = self.beside.pattern
        if cost is None:  # nothing is known: buckets of equal number, by value
            edges = np.quantile(self.beside.value, np.arange(1, self.per) / self.per)
            key = pattern * self.per + np.searchsorted(edges, self.beside.value)
            return key, self.patterns * self.per, np.ones(len(pattern), dtype=np.bool_)
        half = max(half, 1e-300)
        inside = np.abs(cost) <= half
        bucket = np.floor((cost + half) * (self.per / (2.0 * half)))
        bucket = np.clip(bucket, -1, self.per).astype(np.int64)
        size = self.patterns * (self.per + 2)
        key = pattern * (self.per + 2) + bucket + 1
        alone = np.flatnonzero(inside)
        if len(alone) > self.alone:
            alone = np.sort(alone[np.argpartition(np.abs(cost[alone]), self.alone)[: self.alone]])
        key[alone] = size + np.arange(len(alone))
        return key, size + len(alone), inside

    def next_window(
        self,
        cost: FloatArray | None,
        half: float,
        fresh: FloatArray,
        inside: BoolArray,
        prices: FloatArray,
        *,
        settled: bool,
    ) -> tuple[FloatArray, float]:
        """Reduced costs at the new prices, and half the width of the next window around zero."""
        if settled:  # what is near is done, so it is the others that changed sides: never as narrow again
            self.everything()
            self.alone, self.least = 2 * self.alone, 4.0 * half
            return self.beside.value - self.beside.charge(prices), self.least
        wrong = ~inside if cost is None else ~inside & ((cost > 0.0) != (fresh > 0.0))
        astray = 1.2 * float(np.abs(fresh[wrong]).max(initial=0.0))
        count = int(np.count_nonzero(inside))
        if count <= self.alone:
            return fresh, max(2.0 * half, astray)
        half = max(_window(fresh, NARROW * count / self.per), astray, self.least, 1e-300)
        return self.set_aside(fresh, half), half

    def set_aside(self, cost: FloatArray, half: float) -> FloatArray:
        """Columns far from the window become one column a pattern and side; the reduced costs of those that stay."""
        stay = np.abs(cost) <= BESIDE * half
        if np.count_nonzero(stay) > 0.5 * len(cost):
            return cost
        if self.near is None:
            self.near = np.arange(self.program.columns)
            self.full = np.zeros(self.program.columns, dtype=np.bool_)
        leave = np.flatnonzero(~stay)
        self.full[self.near[leave]] = cost[leave] > 0.0
        gone = self.beside.select(leave).merge(self.beside.pattern[leave] * 2 + (cost[leave] > 0.0), 2 * self.patterns)
        sides = np.unique(self.beside.pattern[leave] * 2 + (cost[leave] > 0.0))
        keys = np.concatenate([self.far_keys(), sides])
        self.far = joined(self.far, gone).merge(keys, 2 * self.patterns)
        self.sides = np.unique(keys)
        kept = np.flatnonzero(stay)
        self.near, self.beside = self.near[kept], self.beside.select(kept)
        return np.asarray(cost[kept])

    def far_keys(self) -> IntArray:
        """Pattern and side of every far column, as they stand in `far`."""
        return self.sides if self.far.columns else np.zeros(0, dtype=np.int64)

    def spread(self, near: FloatArray, far: FloatArray) -> FloatArray:
        """Amounts of all columns from the shares that the near columns and the far sides get."""
        if self.near is None:
            return np.asarray(near * self.beside.width)
        table = np.zeros(2 * self.patterns)
        table[self.far_keys()] = far
        amounts = table[self.program.pattern * 2 + self.full] * self.program.width
        amounts[self.near] = near * self.beside.width
        return np.asarray(amounts)


def _window(cost: FloatArray, count: float) -> float:
    """Half the width of the window around zero that holds about so many reduced costs."""
    size = np.abs(cost)
    place = int(min(max(count, 1.0), len(size) - 1.0))
    return float(np.partition(size, place)[place])
