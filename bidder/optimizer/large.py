"""A program of any size: the engine as it is, by exact aggregation, or the proof that nothing keeps all rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bidder.optimizer.certify import farkas, prove, reach
from bidder.optimizer.program import Program, Solution
from bidder.optimizer.zoom import zoom
from bidder.snapshot import FloatArray

__all__ = ["SMALL", "optimum"]

SMALL = 5_000
"""Columns up to which the engine gets the program as it is."""

PROVEN = 1e-9
"""How clearly prices must prove that nothing is feasible, relative to what their rows can reach."""

Small = Callable[[Program], Solution]


def optimum(program: Program, small: Small, start: FloatArray | None = None) -> Solution:
    """The optimum; `start` are row prices to begin from (yesterday's), (m,).

    `infeasible` comes with prices that prove it (`certify.farkas`) and amounts that miss the rows by as little as can
    be, each row's miss counted against what it can reach.
    """
    answer = small(program) if program.columns <= SMALL else zoom(program, small, start)
    if answer.status != "infeasible":
        return answer
    least = _whole(_elastic(program, np.zeros(program.columns), 1.0), small)
    amounts = least.amounts[: program.columns]
    if farkas(program, least.prices) > PROVEN:
        return Solution(amounts, least.prices, "infeasible", answer.seconds + least.seconds)
    dear = 1e3 * float(np.abs(program.value) @ program.width)
    best = _whole(_elastic(program, program.value, dear), small)
    amounts = best.amounts[: program.columns]
    status = "optimal" if prove(program, amounts, best.prices).holds else "feasible"
    return Solution(amounts, best.prices, status, answer.seconds + least.seconds + best.seconds)


def _whole(program: Program, small: Small) -> Solution:
    return small(program) if program.columns <= SMALL else zoom(program, small)


def _elastic(program: Program, value: FloatArray, price: float) -> Program:
    """The program with a slack for each side of each row, as wide as the row can be broken.

    One unit of what a row can reach costs `price`.
    """
    size = np.maximum(reach(program), 1e-300)
    over, under = np.isfinite(program.upper), np.isfinite(program.lower)
    rows = np.concatenate([np.flatnonzero(over), np.flatnonzero(under)])
    signs = np.concatenate([np.full(np.count_nonzero(over), -1.0), np.full(np.count_nonzero(under), 1.0)])
    bounds = np.concatenate([program.upper[over], program.lower[under]])
    weights = np.zeros((program.rows, len(rows)))
    weights[rows, np.arange(len(rows))] = signs
    return Program(
        np.concatenate([value, -price / size[rows]]),
        np.concatenate([program.width, size[rows] + np.abs(bounds)]),
        np.concatenate([program.pattern, program.weights.shape[1] + np.arange(len(rows))]),
        np.concatenate([program.weights, weights], axis=1),
        np.concatenate([program.bends, np.ones((len(program.bends), len(rows)))], axis=1),
        program.bend,
        program.lower,
        program.upper,
    )
