"""From curves and limits to the amounts that earn most: coarse, then closer, then what each limit costs.

Called by :mod:`bidder.decide`. Pure: the same curves, limits and settings give the same amounts. What the solver says
is checked by :mod:`bidder.optimizer.certify`; when it fails, hangs or talks nonsense, the amounts in force are scaled
into the limits instead and the Allocation says `fallback` (FAILURES 38).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from bidder.errors import SolveError
from bidder.limits import Limits, Priority
from bidder.optimizer.box import Box
from bidder.optimizer.certify import prove
from bidder.optimizer.large import SMALL, attempt, optimum
from bidder.optimizer.objective import Objective, value
from bidder.optimizer.prices import (
    Slopes,
    bound_prices,
    bound_relaxed,
    expected_prices,
    limit_prices,
    value_of_total,
)
from bidder.optimizer.program import Program, Solution
from bidder.optimizer.relax import Room
from bidder.optimizer.repair import breaches, fit
from bidder.optimizer.search import Case, search
from bidder.optimizer.solve import Engine, solve
from bidder.plan import Allocation, Certificate
from bidder.response.curve import Curves
from bidder.snapshot import FloatArray

__all__ = ["AllocateSettings", "allocate"]


class AllocateSettings(BaseModel):
    """How carefully money is moved, and how long a solve may take."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    doubt: float = Field(default=0.3, ge=0.0, le=3.0)
    """Standard deviations by which a raise must convince (SCIENCE 5.1): 0.3 ordinary, 0.67 cautious with `calm` 0."""

    calm: float = Field(default=0.1, ge=0.0, le=1.0)
    """Price of moving one unit, as a part of what the last unit earns (SCIENCE 4.4)."""

    passes: int = Field(default=3, ge=1, le=6)
    """Solves for one decision: one coarse, the others around the answer of the one before."""

    branches: int = Field(default=8, ge=0, le=1_000)
    """Solves beyond those, where an answer falls in the dent of an S-curve or below a minimum that may be zero."""

    solver_seconds: float = Field(default=5.0, gt=0.0, le=600.0)
    """The longest that all solves of one decision may take together."""


@dataclass(slots=True)
class _Work:
    """The solver's seconds of one decision: what is left of them, and what was used."""

    seconds: float
    engine: Engine | None
    used: float = 0.0

    def small(self, program: Program) -> Solution:
        if self.used >= self.seconds:
            return Solution(np.zeros(program.columns), np.zeros(program.rows), "time_limit")
        solution = solve(program, max(self.seconds - self.used, 0.5), self.engine)
        self.used += solution.seconds
        return solution

    def __call__(self, program: Program, start: FloatArray | None = None) -> Solution:
        return attempt(program, self.small, start) if program.columns <= SMALL else optimum(program, self.small, start)


def allocate(
    curves: Curves,
    limits: Limits,
    objective: Objective,
    now: FloatArray,
    settings: AllocateSettings,
    *,
    engine: Engine | None = None,
    clock: Callable[[], float] | None = None,
) -> Allocation:
    """The amounts (shop currency a day, Snapshot order) that are expected to bring most within the limits.

    `now` (n,) are the amounts in force, NaN where unknown: there, nothing holds a budget back. `engine` replaces CBC,
    `clock` (seconds) fills `seconds`; without one only the solver's own time is told. Raises SolveError when the
    absolute limits clash among themselves, when a curve or a bound is not a number, or when not even the amounts in
    force can be scaled into the absolute limits.
    """
    read = clock or (lambda: 0.0)
    begun = read()
    for limit in limits.limits:
        if not (math.isfinite(limit.bound) and np.isfinite(limit.weights).all()):
            raise SolveError("a limit is not a number", [limit.rule])
    now = np.where(np.isfinite(now) & (now >= 0.0), now, np.nan)
    work = _Work(settings.solver_seconds, engine)
    case = Case(curves, limits, objective, now, settings.doubt, settings.calm, settings.passes, settings.branches)
    found = search(case, work)
    room, answer = found.room, found.answer
    solved = read()
    if answer is not None:
        amounts = fit(answer.amounts, now, room.box, limits.limits, room.bounds)
        if breaches(amounts, limits.limits, room.bounds):  # what a sweep cannot mend is no rounding
            answer = None
    if answer is None:
        amounts = _fallback(curves, now, room, limits)
    slopes = Slopes(curves, objective, amounts)
    if answer is None:
        prices = np.zeros(len(limits.limits))
        certificate = Certificate("fallback", math.inf)
    else:
        prices = expected_prices(answer.pieces, answer.solution, slopes, limits.limits)
        proof = prove(answer.pieces.program, answer.solution.amounts, answer.solution.prices)
        status = "relaxed" if found.relaxed else answer.solution.status
        certificate = Certificate(status, abs(proof.gap))
    known = np.where(np.isnan(now), 0.0, now)
    total = read() - begun
    seconds = {"build": max(solved - begun - work.used, 0.0) if clock else 0.0, "solve": work.used}
    seconds["extract"] = total - (solved - begun)
    return Allocation(
        amounts=amounts,
        objective=math.fsum(value(objective, curves, amounts).tolist()),
        baseline=math.fsum(value(objective, curves, known).tolist()),
        marginal=slopes.right,
        prices=limit_prices(curves, limits.limits, amounts, prices),
        bound_prices=bound_prices(limits.bounds, room.box, amounts, slopes, limits.limits, prices),
        value_of_total=value_of_total(limits.limits, prices),
        certificate=certificate,
        seconds=seconds,
        columns=answer.pieces.program.columns if answer else 0,
        rows=answer.pieces.program.rows if answer else len(limits.limits),
        bound_relaxed=bound_relaxed(limits.bounds, amounts),
    )


def _fallback(curves: Curves, now: FloatArray, room: Room, limits: Limits) -> FloatArray:
    """The amounts in force (their scale where unknown), scaled into all bounds and limits on amounts, and checked."""
    wanted = np.where(np.isnan(now), np.minimum(curves.scale, curves.reach), now)
    amounts = fit(wanted, now, room.box, limits.limits, room.bounds)
    broken = breaches(amounts, limits.limits, room.bounds)
    if any(limits.limits[place].priority >= Priority.ABSOLUTE for place in broken):
        amounts = fit(wanted, now, Box(np.zeros(len(now)), room.box.upper), limits.limits, room.bounds)
        broken = breaches(amounts, limits.limits, room.bounds)
    clash = [limits.limits[place] for place in broken if limits.limits[place].priority >= Priority.ABSOLUTE]
    if clash:
        raise SolveError("the solver failed and the amounts in force do not fit", [one.rule for one in clash])
    return amounts
