"""A program of any size: the engine as it is, by exact aggregation, or the proof that nothing keeps all rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bidder.optimizer.certify import farkas, prove, reach
from bidder.optimizer.program import Program, Solution
from bidder.optimizer.zoom import zoom
from bidder.snapshot import FloatArray

__all__ = ["SMALL", "attempt", "optimum"]

SMALL = 8_000
"""Columns up to which the engine gets the program as it is."""

SCATTERED = 20
"""Columns a pattern below which too little is alike to be put together; the engine then gets up to `ENOUGH` columns."""

ENOUGH = 100_000

PROVEN = 1e-9
"""How clearly prices must prove that nothing is feasible, relative to what their rows can reach."""

Small = Callable[[Program], Solution]


def optimum(program: Program, small: Small, start: FloatArray | None = None) -> Solution:
    """The optimum; `start` are row prices to begin from (yesterday's), (m,).

    `infeasible` comes with prices that prove it (`certify.farkas`) and amounts that miss the rows by as little as can
    be, each row's miss counted against what it can reach.
    """
    answer = attempt(program, small, start)
    if answer.status != "infeasible":
        return answer
    return _proven(program, small, answer)


def attempt(program: Program, small: Small, start: FloatArray | None = None) -> Solution:
    """The same without proof of `infeasible`, which aggregation may also say of a program that is not."""
    scattered = program.columns <= SCATTERED * program.weights.shape[1] and program.columns <= ENOUGH
    return small(program) if program.columns <= SMALL or scattered else zoom(program, small, start)


def _proven(program: Program, small: Small, answer: Solution) -> Solution:
    """After `infeasible`: the proof of it, or the optimum after all."""
    least = attempt(_elastic(program, np.zeros(program.columns), 1.0), small)
    amounts = least.amounts[: program.columns]
    if farkas(program, least.prices) > PROVEN:
        return Solution(amounts, least.prices, "infeasible", answer.seconds + least.seconds)
    dear = 1e3 * float(np.abs(program.value) @ program.width)
    best = attempt(_elastic(program, program.value, dear), small)
    amounts = best.amounts[: program.columns]
    status = "optimal" if prove(program, amounts, best.prices).holds else "feasible"
    return Solution(amounts, best.prices, status, answer.seconds + least.seconds + best.seconds)


def _elastic(program: Program, value: FloatArray, price: float) -> Program:
    """The program with a slack for each side of each row, as wide as the row can be broken.

    One unit of what a row can reach costs `price`.
    """
    bound = np.where(np.isfinite(program.upper), program.upper, program.lower)
    size = reach(program)
    size = np.where(size > 0.0, size, np.maximum(np.where(np.isfinite(bound), np.abs(bound), 0.0), 1e-12))
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
