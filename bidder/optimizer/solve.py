"""The only file that knows PuLP: a small Program in, a Solution out, checked and sharpened.

The engine is CBC, started through PuLP and stopped by us when it overstays. It prints eight digits, so its answer is
taken as a statement of which columns stand inside their bounds and which rows bind; the exact amounts and prices follow
from that by linear algebra. Nothing it says is believed without `certify`.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bidder.optimizer.certify import prove, reach
from bidder.optimizer.program import Program, Solution
from bidder.snapshot import FloatArray, IntArray

__all__ = ["Engine", "choose", "engine", "power", "sharpen", "solve", "solved_by"]

Engine = Callable[[Program, float], Solution]
"""Solves a Program within so many seconds. May fail, lie or return nonsense: `solve` finds out."""

_BY: ContextVar[Engine | None] = ContextVar("solved_by", default=None)

GRACE = 2.0
"""Seconds that the solver's process may overstay its own limit before it is killed."""


@contextmanager
def solved_by(other: Engine) -> Iterator[None]:
    """While it lasts, this thread's programs are given to another engine, which may solve those of many shops at once.

    What it says is proven as what CBC says is, so it decides how long an answer takes and not whether it is the best.
    """
    token = _BY.set(other)
    try:
        yield
    finally:
        _BY.reset(token)


def solve(program: Program, seconds: float, by: Engine | None = None) -> Solution:
    """The optimum of a small Program, to about 1e-12, or a Solution whose status says what went wrong.

    An answer that the solver calls optimal and `certify` does not is given the status `error`. Columns that nothing
    tells apart are one column for the solver and share its answer by their widths: two budgets with the same figures
    get the same money, in whatever order they stand (SCIENCE 4.3).
    """
    most, least = _range(program)
    slip = 1e-9 * np.maximum(most, -least)
    if np.any(least > program.upper + slip) or np.any(most < program.lower - slip):
        return _nothing(program, "infeasible")
    rows = np.flatnonzero((most > program.upper) | (least < program.lower))
    distinct, key = _distinct(program.only(rows))
    small = _small(distinct, seconds, by)
    prices = np.zeros(program.rows)
    prices[rows] = small.prices
    amounts = small.amounts[key] * (program.width / distinct.width[key]) if len(key) else small.amounts
    return Solution(amounts, prices, small.status, small.seconds)


def _range(program: Program) -> tuple[FloatArray, FloatArray]:
    """The most and the least that each row can take over all amounts."""
    most, least = np.zeros(program.rows), np.zeros(program.rows)
    for which in range(len(program.bends) + 1):
        rows = program.bend == which
        if rows.any():
            bend = 1.0 if which == 0 else program.bends[which - 1]
            up = np.bincount(program.pattern, program.width * np.maximum(bend, 0.0), program.weights.shape[1])
            down = np.bincount(program.pattern, program.width * np.minimum(bend, 0.0), program.weights.shape[1])
            plus, minus = np.maximum(program.weights[rows], 0.0), np.minimum(program.weights[rows], 0.0)
            most[rows], least[rows] = plus @ up + minus @ down, minus @ up + plus @ down
    return most, least


def _small(program: Program, seconds: float, by: Engine | None) -> Solution:
    if not program.columns:
        return Solution(np.zeros(0), np.zeros(program.rows), "optimal")
    other = _BY.get() if by is None else None
    if other is not None:
        answer = _told(program, seconds, other)
        if answer.optimal:
            return answer  # and whatever it could not answer, or not rightly, is asked of the engine alone
    return _told(program, seconds, by or engine)


def _told(program: Program, seconds: float, by: Engine) -> Solution:
    """What an engine says, made sharp and proven; else a Solution whose status says that it is none."""
    try:
        raw = by(program, seconds)
    except Exception:  # a solver may fail in any way at all; the caller falls back
        return _nothing(program, "error")
    shaped = raw.amounts.shape == program.value.shape and raw.prices.shape == program.lower.shape
    if not shaped or not (np.isfinite(raw.amounts).all() and np.isfinite(raw.prices).all()):
        return _nothing(program, "error" if raw.optimal else raw.status)
    if not raw.optimal:
        return raw
    for answer in [raw] if raw.exact else [sharpen(program, raw), raw]:
        if prove(program, answer.amounts, answer.prices).holds:
            return answer
    return Solution(raw.amounts, raw.prices, "error", raw.seconds)


def _distinct(program: Program) -> tuple[Program, IntArray]:
    """The program without repeated columns (to ten digits), and which of its columns each old one became."""
    digits = [np.rint(program.value * (1e10 / power(program.value))), program.pattern.astype(np.float64)]
    digits += [np.rint(bend * (1e10 / power(bend))) for bend in program.bends]
    order = np.lexsort(digits)
    changes = np.zeros(len(order), dtype=np.bool_)
    for digit in digits:
        changes[1:] |= np.diff(digit[order]) != 0.0
    key = np.empty(len(order), dtype=np.int64)
    key[order] = np.cumsum(changes)
    return program.merge(key, int(key.max(initial=-1)) + 1), key


def sharpen(program: Program, solution: Solution) -> Solution:
    """The same vertex without the rounding of a printed answer.

    Columns inside their bounds and rows at theirs make square systems for amounts and for prices; where a system has
    many solutions, the one nearest to the printed answer is taken.
    """
    width = program.width
    amounts = np.clip(solution.amounts, 0.0, width)
    prices = np.where(np.abs(solution.prices) > 1e-9 * max(float(np.abs(program.value).max(initial=0.0)), 1e-300), 1, 0)
    prices = prices * solution.prices
    amounts = np.where(amounts <= 1e-7 * width, 0.0, np.where(amounts >= (1.0 - 1e-7) * width, width, amounts))
    inside = np.flatnonzero((amounts > 0.0) & (amounts < width))
    scale = np.maximum(reach(program), 1e-300)
    used = program.activity(amounts)
    upper, lower = np.abs(program.upper - used) <= 1e-6 * scale, np.abs(program.lower - used) <= 1e-6 * scale
    bound = np.where(upper & (prices >= 0.0), program.upper, program.lower)
    binding = (upper & (prices >= 0.0)) | (lower & (prices <= 0.0))
    prices = np.where(binding, prices, 0.0)
    if len(inside) and binding.any():
        rows = np.flatnonzero(binding)
        matrix = program.matrix(inside)[rows] / scale[rows, None]
        step = np.linalg.lstsq(matrix * width[inside], (bound - used)[rows] / scale[rows], rcond=None)[0]
        amounts[inside] = np.clip(amounts[inside] + step * width[inside], 0.0, width[inside])
        rows = np.flatnonzero(prices)
        matrix = (program.matrix(inside)[rows] / scale[rows, None]).T
        size = max(float(np.abs(matrix).max(initial=0.0)), 1e-300)
        step = np.linalg.lstsq(matrix / size, (program.value - program.charge(prices))[inside], rcond=None)[0]
        sharper = prices.copy()
        sharper[rows] += step / size / scale[rows]
        prices = np.where(np.sign(sharper) * np.sign(prices) >= 0.0, sharper, 0.0)
    return Solution(amounts, prices, solution.status, solution.seconds)


def engine(program: Program, seconds: float) -> Solution:
    """CBC through PuLP, in minimising form (engines differ in the sign of prices when maximising).

    Widths, values and rows are scaled by powers of two, so that the answer does not depend on the unit of money.
    """
    import pulp

    matrix = program.matrix(np.arange(program.columns))
    widest = power(np.minimum(program.width, _allowed(matrix, program.upper)))
    dearest = power(_typical(program))
    problem = pulp.LpProblem("budgets", pulp.LpMinimize)
    variables = [
        problem.add_variable(f"z{index}", 0.0, width) for index, width in enumerate((program.width / widest).tolist())
    ]
    worth = (-program.value / dearest).tolist()
    problem.setObjective(pulp.LpAffineExpression(list(zip(variables, worth, strict=True))))
    scales = [power(row) for row in matrix]
    sides: list[tuple[int, Any]] = []
    for row, scale in enumerate(scales):
        used = np.flatnonzero(matrix[row])
        terms = [(variables[column], coefficient) for column, coefficient in _pairs(matrix[row] / scale, used)]
        for bound, is_upper in ((program.upper[row], True), (program.lower[row], False)):
            if np.isfinite(bound):
                expression, limit = pulp.LpAffineExpression(terms), float(bound / scale / widest)
                constraint = expression <= limit if is_upper else expression >= limit
                problem.addConstraint(constraint, f"{'u' if is_upper else 'l'}{row}")
                sides.append((row, constraint))
    problem.solve(_cbc()(path=pulp.PULP_CBC_CMD.pulp_cbc_path, msg=False, mip=False, timeLimit=seconds))
    amounts = np.array([variable.varValue or 0.0 for variable in variables], dtype=np.float64) * widest
    prices = np.zeros(program.rows)
    for row, constraint in sides:
        prices[row] -= (constraint.pi or 0.0) * dearest / scales[row]
    return Solution(amounts, prices, _STATUS.get(problem.status, "error"), float(problem.solutionTime or 0.0))


def choose(value: FloatArray, rows: FloatArray, most: FloatArray, seconds: float) -> NDArray[np.bool_] | None:
    """Which of n things to take so that Σ value is largest and rows·taken ≤ most (m, n); None when none was found.

    A small program of noes and ayes. What the solver says is rounded to them and checked against every row.
    """
    import pulp

    if not len(value):
        return np.zeros(0, dtype=np.bool_)
    problem = pulp.LpProblem("choice", pulp.LpMinimize)
    size = power(value)
    names = [problem.add_variable(f"x{index}", 0, 1, pulp.LpInteger) for index in range(len(value))]
    problem.setObjective(pulp.LpAffineExpression(list(zip(names, (-value / size).tolist(), strict=True))))
    for index, (row, bound) in enumerate(zip(rows, most.tolist(), strict=True)):
        scale = power(np.append(row, bound))
        terms = [(names[column], weight) for column, weight in _pairs(row / scale, np.flatnonzero(row))]
        if terms:
            problem.addConstraint(pulp.LpAffineExpression(terms) <= bound / scale, f"u{index}")
    try:
        problem.solve(_cbc(whole=True)(path=pulp.PULP_CBC_CMD.pulp_cbc_path, msg=False, timeLimit=seconds))
    except Exception:  # a solver may fail in any way at all; the caller says that it found nothing
        return None
    if problem.status != pulp.LpStatusOptimal:
        return None
    taken = np.array([(name.varValue or 0.0) > 0.5 for name in names], dtype=np.bool_)
    slip = 1e-9 * (np.abs(rows).sum(axis=1) + np.abs(most))
    return taken if bool((rows @ taken <= most + slip).all()) else None


TOLERANCES = ("-primalTolerance", "1e-9", "-dualTolerance", "1e-9")
"""CBC's own are 1e-7 of the dearest piece, which many wide pieces of a cheaper one add up to a gap."""

_STATUS = {1: "optimal", 0: "time_limit", -1: "infeasible", -2: "unbounded", -3: "error"}


def _cbc(*, whole: bool = False) -> Any:
    """A PuLP solver that runs CBC as PuLP's own does, and kills it when it overstays (PuLP waits for ever).

    `whole`: variables are whole numbers, and the best of all is asked for.
    """
    import pulp

    class Cbc(pulp.COIN_CMD):  # type: ignore[misc]  # PuLP names no types
        def actualSolve(self, lp: Any) -> int:  # noqa: N802  PuLP's name
            with tempfile.TemporaryDirectory(prefix="bidder-") as folder:
                model, answer = str(Path(folder, "model.mps")), str(Path(folder, "answer.txt"))
                variables, columns, rows, _ = lp.writeMPS(model, rename=1)
                how = ("-ratio", "0", "-allow", "0", "-branch") if whole else (*TOLERANCES, "-initialSolve")
                command = [self.path, model, "-sec", str(self.timeLimit), *how]
                command += ["-printingOptions", "all", "-solution", answer]
                subprocess.run(  # noqa: S603  the path is PuLP's own binary
                    command, timeout=self.timeLimit + GRACE, check=True, stdin=subprocess.DEVNULL, capture_output=True
                )
                status, values, reduced, prices, slacks, kind = self.readsol_MPS(answer, lp, variables, columns, rows)
            lp.assignVarsVals(values)
            lp.assignVarsDj(reduced)
            lp.assignConsPi(prices)
            lp.assignConsSlack(slacks, activity=True)
            lp.assignStatus(status, kind)
            return int(status)

    return Cbc


def _typical(program: Program) -> FloatArray:
    """What a unit of width is worth on average: first pieces of steep curves can be dearer by far, and do not count."""
    area = float(program.width.sum())
    mean = np.einsum("i,i", np.abs(program.value), program.width) / area if area > 0.0 else 0.0
    return np.array([mean])


def _allowed(matrix: FloatArray, upper: FloatArray) -> FloatArray:
    """The most that a column may be by rows that only add up; what is wider than that says nothing of the scale."""
    allowed = np.full(matrix.shape[1], np.inf)
    for row, bound in zip(matrix, upper.tolist(), strict=True):
        if 0.0 < bound < np.inf and (row >= 0.0).all():
            used = row > 0.0
            allowed[used] = np.minimum(allowed[used], bound / row[used])
    return allowed


def _pairs(values: FloatArray, used: Any) -> list[tuple[int, float]]:
    return list(zip(used.tolist(), values[used].tolist(), strict=True))


def power(figures: FloatArray) -> float:
    """The power of two at or below the largest figure; 1 for none."""
    largest = float(np.abs(figures).max(initial=0.0))
    return float(2.0 ** np.floor(np.log2(largest))) if largest > 0.0 else 1.0


def _nothing(program: Program, status: str) -> Solution:
    return Solution(np.zeros(program.columns), np.zeros(program.rows), status)
