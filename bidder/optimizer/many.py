"""Many small programs of different shops at once: one start of the engine for all, none for those of at most one row.

Programs that share no column and no row are one program whose matrix stands in blocks, and the optimum of the whole is
the optimum of each. A program of one row is Dantzig's knapsack with fractions (Dantzig 1957), solved by sorting. As
with the engine alone nothing is believed: :func:`bidder.optimizer.solve.solve` proves each shop's answer over its own
columns, and a program whose answer from here does not hold is solved again by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bidder.optimizer.program import Program, Solution
from bidder.optimizer.solve import Engine, engine, power
from bidder.snapshot import FloatArray

__all__ = ["blocks", "needs_engine", "one_row", "solve_many"]

DENSE = 2_000_000
"""Entries of the dense matrix that one start of the engine is given."""

ALIKE = 1e-12
"""Prices that differ by less than this part are one price: the columns at it share what is left by their widths."""


def needs_engine(program: Program) -> bool:
    """Whether it takes more than sorting."""
    return program.rows > 1


def solve_many(programs: Sequence[Program], seconds: float, by: Engine = engine) -> list[Solution]:
    """An answer for each, in their order. One that was not found here has another status than `optimal`."""
    answers = [_unanswered(one) if needs_engine(one) else one_row(one) for one in programs]
    waiting = [place for place, one in enumerate(programs) if needs_engine(one)]
    for part in _parts([programs[place] for place in waiting]):
        places = [waiting[index] for index in part]
        for place, answer in zip(places, _together([programs[one] for one in places], seconds, by), strict=True):
            answers[place] = answer
    return answers


def one_row(program: Program) -> Solution:
    """The optimum of a program of one row or none, by sorting; `infeasible` where its row cannot be kept.

    A column is full where its value is above price · use and empty where it is below. The price moves away from 0, from
    one column's ratio to the next, until the row is kept; the columns at the last ratio are filled in part, all alike.
    """
    value, width = program.value, program.width
    full = value > 0.0
    amounts = np.where(full, width, 0.0)
    if not program.rows:
        return Solution(amounts, np.zeros(0), "optimal", exact=True)
    use = program.weights[0, program.pattern] * (1.0 if program.bend[0] == 0 else program.bends[program.bend[0] - 1])
    total = float(np.einsum("i,i", use, amounts))
    lower, upper = float(program.lower[0]), float(program.upper[0])
    if lower <= total <= upper:
        return Solution(amounts, np.zeros(1), "optimal", exact=True)
    over = total > upper
    excess = total - upper if over else lower - total
    # a column turns when the price passes value / use; only those turn whose use brings the row nearer
    turns = np.where(over, use > 0.0, use < 0.0) & full | np.where(over, use < 0.0, use > 0.0) & ~full
    turning = np.flatnonzero(turns & (width > 0.0))
    price = np.abs(value[turning] / use[turning])
    order = np.argsort(price, kind="stable")
    turning, price = turning[order], price[order]
    gain = np.abs(use[turning]) * width[turning]
    reached = np.cumsum(gain)
    if not len(turning) or reached[-1] < excess * (1.0 - 1e-12):
        return Solution(amounts, np.zeros(1), "infeasible")
    last = price[min(int(np.searchsorted(reached, excess)), len(price) - 1)]
    before, at = price < last * (1.0 - ALIKE), np.abs(price - last) <= last * ALIKE
    amounts[turning[before]] = np.where(full[turning[before]], 0.0, width[turning[before]])
    left = excess - float(gain[before].sum())
    part = min(max(left / float(gain[at].sum()), 0.0), 1.0)
    inside = turning[at]
    amounts[inside] = width[inside] * np.where(full[inside], 1.0 - part, part)
    return Solution(amounts, np.array([last if over else -last]), "optimal", exact=True)


def blocks(programs: Sequence[Program]) -> Program:
    """One program of them all, the rows and columns of each after those of the one before."""
    bends = max(len(one.bends) for one in programs)
    rows = np.cumsum([0, *(one.rows for one in programs)])
    patterns = np.cumsum([0, *(one.weights.shape[1] for one in programs)])
    weights = np.zeros((int(rows[-1]), int(patterns[-1])))
    for place, one in enumerate(programs):
        weights[rows[place] : rows[place + 1], patterns[place] : patterns[place + 1]] = one.weights
    padded = [np.vstack([one.bends, np.ones((bends - len(one.bends), one.columns))]) for one in programs]
    return Program(
        value=np.concatenate([one.value for one in programs]),
        width=np.concatenate([one.width for one in programs]),
        pattern=np.concatenate([one.pattern + patterns[place] for place, one in enumerate(programs)]),
        weights=weights,
        bends=np.hstack(padded),
        bend=np.concatenate([one.bend for one in programs]),
        lower=np.concatenate([one.lower for one in programs]),
        upper=np.concatenate([one.upper for one in programs]),
    )


def _parts(programs: Sequence[Program]) -> list[list[int]]:
    """Which go together: as many as fit one start."""
    parts: list[list[int]] = []
    rows = columns = 0
    for place, one in enumerate(programs):
        rows, columns = rows + one.rows, columns + one.columns
        if not parts or rows * columns > DENSE:
            parts.append([])
            rows, columns = one.rows, one.columns
        parts[-1].append(place)
    return parts


def _together(programs: Sequence[Program], seconds: float, by: Engine) -> list[Solution]:
    """The answers of one start; none where it found none (one that is infeasible makes the whole so)."""
    if len(programs) == 1:
        return [by(programs[0], seconds)]
    # each in units of its own, so that a shop in yen and one in dinars are of one size: exact, by powers of two
    scaled = [_scaled(one) for one in programs]
    whole = by(blocks([one for one, _, _ in scaled]), seconds)
    if not whole.optimal:
        return [_unanswered(one) for one in programs]
    answers = []
    column = row = 0
    for one, wide, dear in scaled:
        amounts = whole.amounts[column : column + one.columns] * wide
        prices = whole.prices[row : row + one.rows] * dear
        answers.append(Solution(amounts, prices, "optimal", whole.seconds / len(programs)))
        column, row = column + one.columns, row + one.rows
    return answers


def _unanswered(program: Program) -> Solution:
    return Solution(np.zeros(program.columns), np.zeros(program.rows), "error")


def _scaled(program: Program) -> tuple[Program, float, float]:
    """The program with widths and values near 1, and by what amounts and prices are to be multiplied afterwards."""
    wide, dear = power(program.width), power(program.value)
    return _in_units(program, wide, dear), wide, dear


def _in_units(program: Program, wide: float, dear: float) -> Program:
    def shrunk(figures: FloatArray, unit: float) -> FloatArray:
        return np.asarray(figures / unit)

    return replace(
        program,
        value=shrunk(program.value, dear),
        width=shrunk(program.width, wide),
        lower=shrunk(program.lower, wide),
        upper=shrunk(program.upper, wide),
    )
