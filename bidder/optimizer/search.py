"""The amounts that earn most: a coarse solve, then closer ones around its answer; where a curve has a dent, branches.

Called by :mod:`bidder.optimizer.allocate`. The program sees concave envelopes (SCIENCE 3.4). Where its answer falls in
the dent of an S-curve, or between nothing and a Choice's minimum, the budget is tried below that amount and above it,
and the better of the two is kept: branch and bound, with few branches, since few budgets can stand in dents at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bidder.limits import Limits
from bidder.optimizer.box import Box, box_of, ceiling, reach_bounds
from bidder.optimizer.breakpoints import around, beyond, coarse
from bidder.optimizer.formulate import Calm, Pieces, formulate, gain
from bidder.optimizer.objective import Objective
from bidder.optimizer.program import Program, Solution
from bidder.optimizer.relax import Room, loosened, relax
from bidder.optimizer.rows import Rows
from bidder.optimizer.tangents import passed, under_tangents
from bidder.response.curve import Curves
from bidder.snapshot import FloatArray, IntArray

__all__ = ["Answer", "Case", "Found", "search"]

Solve = Callable[[Program, FloatArray | None], Solution]

TANGENTS = 4
"""Times that caps on expectations are drawn anew, where an answer passes them."""

LOOSER = (0.0, 1e-4, 1e-3, 1e-2)
"""Parts by which limits on expectations are loosened until what `relax` found possible is so on other pieces too."""

DENT = 1e-4
"""The part of all that is gained which the dents of curves may hide before it is worth a branch."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What is asked: see `allocate`. `doubt` and `calm` as in AllocateSettings."""

    curves: Curves
    limits: Limits
    objective: Objective
    now: FloatArray
    doubt: float
    calm: float
    passes: int
    branches: int

    def least(self) -> FloatArray:
        """Below this a budget gets nothing, (n,); 0 where there is no such choice."""
        columns = [np.zeros(len(self.curves)), *(one.least for one in self.limits.choices)]
        return np.asarray(np.max(columns, axis=0))

    def settled(self, box: Box) -> Box:
        """The box without choices that are none: nothing, where the minimum is out of reach."""
        return Box(box.lower, np.where((box.lower <= 0.0) & (box.upper < self.least()), 0.0, box.upper))


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One solve: where budgets were cut, the program, and what came out."""

    room: Room
    calm: Calm
    grid: FloatArray
    pieces: Pieces
    solution: Solution
    amounts: FloatArray

    @property
    def hoped(self) -> float:
        """What the program takes its answer for: nothing in this room is worth more."""
        return float(self.pieces.gains(self.solution.amounts).sum())


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The room that is left, the best answer in it (None: the solver failed), and whether anything gave way."""

    room: Room
    answer: Answer | None
    relaxed: bool


def search(case: Case, solve: Solve) -> Found:
    """The best amounts for a case. Raises SolveError where the absolute limits clash or a figure is not a number."""
    found = _search(case, solve)
    bent: list[int] = []
    for _ in range(TANGENTS):
        if found.answer is None:
            break
        more = passed(case.limits, case.curves, found.answer.amounts)
        if not more or set(more) <= set(bent):
            break
        bent = sorted({*bent, *more})
        limits = under_tangents(case.limits, case.curves, found.answer.amounts, bent)
        again = _search(replace(case, limits=limits), solve)
        if again.answer is None:
            return replace(found, answer=_unsure(found.answer))
        found = again
    return found


def _search(case: Case, solve: Solve) -> Found:
    curves, limits, now = case.curves, case.limits, case.now
    rows = Rows.of(limits.limits, len(curves))
    start = Box(np.zeros(len(curves)), ceiling(curves, limits, now))
    every = [*limits.bounds, reach_bounds(curves, now)]
    room = Room(case.settled(box_of(start, every)), np.array([one.bound for one in limits.limits], dtype=np.float64))
    free = Calm(now, case.doubt, np.zeros(len(curves)))
    first = _solved(case, rows, room, free, coarse(curves.scale, room.box, now), solve)
    relaxed = first.solution.status == "infeasible"
    if relaxed:
        wider = relax(curves, limits, every, start, case.objective, lambda program: solve(program, None))
        if wider is None:
            return Found(room, None, True)
        for part in LOOSER:
            room = loosened(Room(case.settled(wider.box), wider.bounds), limits, part)
            first = _solved(case, rows, room, free, coarse(curves.scale, room.box, now), solve)
            if first.solution.status != "infeasible":
                break
    if not first.solution.usable:
        return Found(room, None, relaxed)
    calm = Calm(now, case.doubt, case.calm * np.maximum(rows.pays(first.solution.prices), 0.0))
    closest = _closer(case, rows, replace(first, calm=calm), solve, case.passes - 1)
    best = _branched(case, rows, closest, solve)
    return Found(best.room, best, relaxed)


def _solved(
    case: Case,
    rows: Rows,
    room: Room,
    calm: Calm,
    grid: FloatArray,
    solve: Solve,
    start: FloatArray | None = None,
) -> Answer:
    points = beyond(grid, case.least())
    points = np.clip(points, room.box.lower[:, None], room.box.upper[:, None])
    pieces = formulate(case.curves, rows, room.bounds, case.objective, points, calm)
    solution = solve(pieces.program, start)
    return Answer(room, calm, points, pieces, solution, pieces.amounts(solution.amounts))


def _closer(case: Case, rows: Rows, answer: Answer, solve: Solve, passes: int) -> Answer:
    """The answer after some more passes around it; the last that could be solved, then called feasible."""
    for turn in range(passes):
        grid = around(answer.grid, answer.amounts, answer.room.box, case.now, turn)
        closer = _solved(case, rows, answer.room, answer.calm, grid, solve, answer.solution.prices)
        if not closer.solution.optimal:
            return _unsure(answer)
        answer = closer
    return answer


def _unsure(answer: Answer) -> Answer:
    """The answer with the word that something better may exist."""
    return replace(answer, solution=replace(answer.solution, status="feasible"))


def _branched(case: Case, rows: Rows, root: Answer, solve: Solve) -> Answer:
    """The best answer found whose budgets stand in no dent and keep their choices; else the one with least in dents."""
    best, worth = root, -np.inf
    open_nodes, solves = [root], 0
    while open_nodes:
        node = open_nodes.pop()
        real, between = _real(case, node)
        if real > worth and not between:
            best, worth = node, real
        slip = DENT * max(abs(node.hoped), float(np.abs(node.pieces.floor).sum()))
        dents = _dents(case, node, between)
        if not len(dents) or node.hoped <= worth + slip or solves >= case.branches:
            continue
        for box in _halves(case, node, dents):
            solves += 1
            grid = np.hstack([coarse(case.curves.scale, box, case.now), node.grid])
            grid = np.sort(np.clip(grid, box.lower[:, None], box.upper[:, None]), axis=1)
            room = Room(box, node.room.bounds)
            child = _solved(case, rows, room, node.calm, grid, solve, node.solution.prices)
            if child.solution.optimal:
                open_nodes.append(_closer(case, rows, child, solve, min(1, case.passes - 1)))
        open_nodes.sort(key=lambda one: one.hoped)
    return best


def _real(case: Case, node: Answer) -> tuple[float, bool]:
    """What the answer's amounts are really worth, and whether a budget stands below the minimum of its choice."""
    real = gain(case.curves, case.objective, node.amounts[:, None], node.calm)
    least = case.least()
    between = (node.amounts > 1e-9 * least) & (node.amounts < (1.0 - 1e-9) * least)
    able = (node.room.box.lower <= 0.0) | (node.room.box.upper >= least)
    return float(real.sum()), bool((between & able).any())


def _dents(case: Case, node: Answer, between: bool) -> IntArray:
    """The budgets to branch on: those that hide most, together with all that share their figures."""
    real = gain(case.curves, case.objective, node.amounts[:, None], node.calm)[:, 0]
    hidden = np.maximum(node.pieces.gains(node.solution.amounts) - real, 0.0)
    room = node.room.box.upper - node.room.box.lower
    hidden = np.where(room > 1e-9 * np.maximum(node.amounts, 1e-300), hidden, 0.0)
    least = case.least()
    if between:
        forbidden = (node.amounts > 1e-9 * least) & (node.amounts < (1.0 - 1e-9) * least)
        hidden = np.where(forbidden, hidden + np.abs(real) + 1e-12, 0.0)
    scale = max(abs(node.hoped), float(np.abs(node.pieces.floor).sum()), 1e-300)
    worst = float(hidden.max(initial=0.0))
    if not between and hidden.sum() <= DENT * scale:
        return np.zeros(0, dtype=np.int64)
    place = int(hidden.argmax())
    alike = np.abs(hidden - worst) <= 1e-9 * max(worst, 1e-300)
    alike &= np.abs(node.amounts - node.amounts[place]) <= 1e-9 * node.amounts[place]
    return np.flatnonzero(alike)


def _halves(case: Case, node: Answer, dents: IntArray) -> list[Box]:
    """The room with the budgets at most, or at least, where they stand; a choice is settled at once."""
    box, least = node.room.box, case.least()[dents]
    here = node.amounts[dents]
    upper, lower = box.upper.copy(), box.lower.copy()
    upper[dents] = np.where(here < least, 0.0, here)
    lower[dents] = np.maximum(here, least)
    halves = [Box(np.minimum(box.lower, upper), upper), Box(np.minimum(lower, box.upper), box.upper)]
    return [one for one in halves if (one.lower >= box.lower).all() and (one.upper <= box.upper).all()]
