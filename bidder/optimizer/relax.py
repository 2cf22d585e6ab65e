"""When limits clash: which of them give way, and by how little.

Levels of priority are taken from the highest down. Inside a level everything gives way by the least common share that
makes room (so a crowd of steps shrinks by one factor, and no name is favoured), and nothing that need not give way
does. The absolute caps are never touched: if they clash among themselves, nothing is left to decide (SCIENCE 7).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bidder.errors import SolveError
from bidder.limits import Bounds, Limits, Priority, Quantity, Sense
from bidder.optimizer.box import Box, narrow
from bidder.optimizer.breakpoints import coarse
from bidder.optimizer.formulate import Calm, Pieces, formulate
from bidder.optimizer.objective import Objective
from bidder.optimizer.program import Program, Solution
from bidder.optimizer.rows import Rows
from bidder.response.curve import Curves
from bidder.snapshot import FloatArray, IntArray

__all__ = ["Room", "relax"]

EVEN = 1000.0
"""How much more an even sacrifice counts than a small one."""

ROOM = 1e-12
"""Relative room that is left beside a limit that gave way, so that rounding does not make it clash again."""

BUCKETS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """What is left to decide in: the box, and the bounds of the limits after giving way, (m,)."""

    box: Box
    bounds: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    """One level inside the room that the levels above it left: the narrower box, and the limits that now hold."""

    room: Room
    wish: Box
    held: IntArray
    fresh: IntArray
    priority: int


def relax(
    curves: Curves,
    limits: Limits,
    bounds: Sequence[Bounds],
    start: Box,
    objective: Objective,
    solve: Callable[[Program], Solution],
) -> Room | None:
    """The nearest room in which all limits can be kept; None when the solver fails.

    Raises SolveError naming the rules when the absolute limits leave nothing.
    """
    room = Room(start, np.array([one.bound for one in limits.limits], dtype=np.float64))
    priorities = np.array([one.priority for one in limits.limits], dtype=np.int64)
    everything = sorted({one.priority for one in bounds} | set(priorities.tolist()), reverse=True)
    for priority in everything:
        wish = narrow(room.box, (one for one in bounds if one.priority == priority))
        held, fresh = np.flatnonzero(priorities > priority), np.flatnonzero(priorities == priority)
        after = _give_way(curves, limits, objective, _Level(room, wish, held, fresh, priority), solve)
        if after is None:
            return None
        room = after
    return room


def _give_way(
    curves: Curves, limits: Limits, objective: Objective, level: _Level, solve: Callable[[Program], Solution]
) -> Room | None:
    box, wish = level.room.box, level.wish
    order = np.concatenate([level.held, level.fresh])
    chosen = [limits.limits[index] for index in order]
    rows = Rows.of(chosen, len(curves))
    blank = np.full(len(curves), np.nan)
    grid = coarse(curves.scale, box, blank)
    grid = np.sort(np.hstack([grid, wish.lower[:, None], wish.upper[:, None]]), axis=1)
    calm = Calm(blank, 0.0, np.zeros(len(curves)))
    pieces = formulate(curves, rows, level.room.bounds[order], objective, grid, calm)
    parts = _parts(pieces, wish)
    elastic, excess = _elastic(parts, pieces.program, len(level.held))
    solution = solve(elastic)
    if not solution.optimal:
        return None
    count = parts.columns
    share = solution.amounts[:count] / np.maximum(parts.width, 1e-300)
    slack = solution.amounts[count:-1] * np.where(excess > 0.0, 1.0, 0.0)
    if level.priority >= Priority.ABSOLUTE and solution.amounts[-1] > 1e-7:
        clash = [one.rule for one, much in zip(chosen[len(level.held) :], slack, strict=True) if much > 0.0]
        raise SolveError("the absolute limits cannot all be kept", clash or [one.rule for one in chosen])
    patterns = rows.weights.shape[1]
    kept, given = np.ones(patterns), np.zeros(patterns)
    side = parts.side
    kept[parts.pattern[side == 0]] = np.where(share[side == 0] > 1.0 - 1e-9, 1.0, share[side == 0] * (1.0 - ROOM))
    given[parts.pattern[side == 2]] = np.where(share[side == 2] < 1e-9, 0.0, share[side == 2] * (1.0 + ROOM))
    lower = box.lower + kept[rows.pattern] * (wish.lower - box.lower)
    upper = wish.upper + np.minimum(given[rows.pattern], 1.0) * (box.upper - wish.upper)
    bounds = level.room.bounds.copy()
    for place, much in zip(level.fresh, slack, strict=True):
        limit = limits.limits[place]
        if much > 1e-9 * max(abs(limit.bound), 1e-300):
            room = much * (1.0 + ROOM) + ROOM * abs(limit.bound)
            bounds[place] += room if limit.sense is Sense.AT_MOST else -room
    for place in order:  # a limit on expectations stands on pieces that the next level cuts elsewhere
        if limits.limits[place].quantity is not Quantity.AMOUNT:
            room = 1e-9 * abs(bounds[place])
            bounds[place] += room if limits.limits[place].sense is Sense.AT_MOST else -room
    return Room(Box(lower, np.maximum(upper, lower)), bounds)


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Columns of the clash program: below the wished box (side 0), inside (1), above (2)."""

    side: IntArray
    pattern: IntArray
    width: FloatArray
    program: Program

    @property
    def columns(self) -> int:
        return len(self.width)


def _parts(pieces: Pieces, wish: Box) -> _Parts:
    """Below and above: one column a pattern, so that its budgets give way alike. Inside: as fine as rows ask."""
    program = pieces.program
    middle = pieces.low + 0.5 * program.width
    side = np.where(middle < wish.lower[pieces.owner], 0, np.where(middle > wish.upper[pieces.owner], 2, 1))
    bucket = np.zeros(program.columns, dtype=np.int64)
    if len(program.bends):
        rank = np.argsort(np.argsort(program.bends[0], kind="stable"), kind="stable")
        bucket = np.where(side == 1, rank * BUCKETS // max(program.columns, 1), 0)
    key = (side * program.weights.shape[1] + program.pattern) * BUCKETS + bucket
    merged = program.merge(key, 3 * program.weights.shape[1] * BUCKETS)
    used = np.unique(key)
    return _Parts(used // BUCKETS // program.weights.shape[1], merged.pattern, merged.width, merged)


def _elastic(parts: _Parts, program: Program, held: int) -> tuple[Program, FloatArray]:
    """The clash program: its columns, then a slack for each fresh row, then the common share that gives way.

    Also how far each fresh row could be broken at all, (fresh,).
    """
    matrix = parts.program.matrix(np.arange(parts.columns))
    most = np.maximum(matrix, 0.0) @ parts.width
    least = np.minimum(matrix, 0.0) @ parts.width
    over = np.where(np.isfinite(program.upper), most - program.upper, program.lower - least)
    fresh = program.rows - held
    size = np.abs(matrix) @ parts.width
    excess = np.where(np.isfinite(over) & (over > 1e-12 * size), over, 0.0)[held:]
    columns = parts.columns + fresh + 1
    outside = np.flatnonzero(parts.side != 1)
    weights = np.zeros((program.rows + len(outside) + fresh, columns))
    weights[: program.rows, : parts.columns] = matrix
    upper = np.concatenate([program.upper, np.zeros(len(outside) + fresh)])
    lower = np.concatenate([program.lower, np.full(len(outside) + fresh, -np.inf)])
    value = np.zeros(columns)
    for place, column in enumerate(outside.tolist()):  # the share of a part that gives way is at most the common share
        row = program.rows + place
        below = parts.side[column] == 0
        weights[row, column] = (-1.0 if below else 1.0) / parts.width[column]
        weights[row, -1] = -1.0
        upper[row] = -1.0 if below else 0.0
        value[column] = -weights[row, column]
    for place in range(fresh):
        column, row = parts.columns + place, program.rows + len(outside) + place
        upper[row], value[column] = 1.0, -1.0
        if excess[place] > 0.0:
            weights[held + place, column] = -1.0 if np.isfinite(program.upper[held + place]) else 1.0
            weights[row, column], weights[row, -1], upper[row] = 1.0 / excess[place], -1.0, 0.0
            value[column] = -1.0 / excess[place]
    value[-1] = -EVEN
    width = np.concatenate([parts.width, np.where(excess > 0.0, excess, 1.0), [1.0]])
    return (
        Program(
            value,
            width,
            np.arange(columns),
            weights,
            np.zeros((0, columns)),
            np.zeros(len(upper), np.int64),
            lower,
            upper,
        ),
        excess,
    )
