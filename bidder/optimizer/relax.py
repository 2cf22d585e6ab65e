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
from bidder.limits import Bounds, Limit, Limits, Priority, Quantity, Sense
from bidder.optimizer.box import Box, narrow
from bidder.optimizer.breakpoints import coarse
from bidder.optimizer.clash import Clash
from bidder.optimizer.formulate import Calm, formulate
from bidder.optimizer.objective import Objective
from bidder.optimizer.program import Program, Solution
from bidder.optimizer.rows import Rows
from bidder.response.curve import Curves
from bidder.snapshot import FloatArray, IntArray

__all__ = ["Room", "loosened", "relax"]

SLIP = 1e-8
"""What a solver's answer may miss, in parts of what a row could take; each level lets those before it miss it again."""

ROOM = 1e-12
"""Relative room that is left beside a limit that gave way, so that rounding does not make it clash again."""


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
    slip: FloatArray


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
    slip = SLIP * np.array(
        [(np.abs(one.weights) * np.abs(curves.expected(one.quantity, start.upper))).sum() for one in limits.limits]
    )
    for above, priority in enumerate(everything, 1):
        wish = narrow(room.box, (one for one in bounds if one.priority == priority))
        held, fresh = np.flatnonzero(priorities > priority), np.flatnonzero(priorities == priority)
        after = _give_way(curves, limits, objective, _Level(room, wish, held, fresh, priority, above * slip), solve)
        if after is None:
            return None
        room = after
    return room


def _give_way(
    curves: Curves, limits: Limits, objective: Objective, level: _Level, solve: Callable[[Program], Solution]
) -> Room | None:
    box, wish = level.room.box, level.wish
    order = np.concatenate([level.held, level.fresh])
    chosen = [limits.limits[index] for index in order.tolist()]
    rows = Rows.of(chosen, len(curves))
    blank = np.full(len(curves), np.nan)
    grid = coarse(curves.scale, box, blank)
    grid = np.sort(np.hstack([grid, wish.lower[:, None], wish.upper[:, None]]), axis=1)
    calm = Calm(blank, 0.0, np.zeros(len(curves)))
    pieces = formulate(curves, rows, level.room.bounds[order], objective, grid, calm)
    for bend in (False, True):
        clash = Clash(pieces, wish, len(level.held), rows.pattern, level.slip[order], bend=bend)
        solution = solve(clash.program())
        if solution.optimal:
            break
    else:
        return None
    gives = clash.concession(solution)
    if level.priority >= Priority.ABSOLUTE and gives.common > 1e-7:
        names = [one.rule for one, much in zip(chosen, gives.slack.tolist(), strict=True) if much > 0.0]
        raise SolveError("the absolute limits cannot all be kept", names or [one.rule for one in chosen])
    lower = box.lower + gives.kept * (1.0 - np.where(gives.kept < 1.0, ROOM, 0.0)) * (wish.lower - box.lower)
    given = np.minimum(gives.given * (1.0 + ROOM), 1.0)
    upper = wish.upper + given * (box.upper - wish.upper)
    bounds = level.room.bounds.copy()
    for place, much in zip(order.tolist(), gives.slack.tolist(), strict=True):
        limit = limits.limits[place]
        if place in level.held and limit.quantity is Quantity.AMOUNT:
            continue  # a level above has settled it: this is rounding
        if much > 1e-9 * max(abs(limit.bound), 1e-300):
            bounds[place] += much if limit.sense is Sense.AT_MOST else -much
    return Room(_exact(Box(lower, np.maximum(upper, lower)), box, chosen, bounds[order]), bounds)


def _exact(box: Box, outer: Box, limits: Sequence[Limit], bounds: FloatArray) -> Box:
    """The box moved towards the outer one until plain sums of amounts fit to the last digit, not to a solver's."""
    lower, upper = box.lower, box.upper
    for limit, bound in zip(limits, bounds.tolist(), strict=True):
        if limit.quantity is not Quantity.AMOUNT or (limit.weights < 0.0).any():
            continue
        if limit.sense is Sense.AT_MOST:
            excess = float((limit.weights * lower).sum()) - bound
            room = float((limit.weights * (lower - outer.lower)).sum())
            if 0.0 < excess <= room:
                lower = np.where(limit.weights > 0.0, lower - excess / room * (lower - outer.lower), lower)
        else:
            short = bound - float((limit.weights * upper).sum())
            room = float((limit.weights * (outer.upper - upper)).sum())
            if 0.0 < short <= room:
                upper = np.where(limit.weights > 0.0, upper + short / room * (outer.upper - upper), upper)
    return Box(lower, np.maximum(upper, lower))


def loosened(room: Room, limits: Limits, part: float) -> Room:
    """The room with limits on expectations looser by a part, since other pieces of the same curves may need it.

    Limits on amounts and lower bounds get a thousandth of that, for rounding; absolute ones nothing.
    """
    bounds = room.bounds.copy()
    for place, limit in enumerate(limits.limits):
        if limit.quantity is not Quantity.AMOUNT:
            much = part * abs(bounds[place])
        elif limit.priority < Priority.ABSOLUTE:
            much = 1e-3 * part * float((np.abs(limit.weights) * room.box.lower).sum() + abs(bounds[place]))
        else:
            much = 0.0
        bounds[place] += much if limit.sense is Sense.AT_MOST else -much
    return Room(Box(room.box.lower * (1.0 - 1e-3 * part), room.box.upper), bounds)
