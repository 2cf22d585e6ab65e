"""Which rules clash: the smallest sets that cannot be kept together (SCIENCE 7, Chinneck 2008).

Called by :mod:`bidder.decide` where the absolute limits leave nothing, and by :mod:`bidder.explain` for each rule that
gave way. Two bounds that cross on one budget are seen without solving. For all else rules are left out one by one (a
deletion filter): what cannot be left out without the clash going away is the answer; no rule in it is beside the point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bidder.errors import SolveError
from bidder.limits import Bounds, Limit, Limits, Priority, Quantity, Sense
from bidder.optimizer.allocate import AllocateSettings, allocate
from bidder.optimizer.objective import Objective
from bidder.optimizer.program import Program
from bidder.optimizer.solve import solve
from bidder.plan import Allocation
from bidder.response.curve import Curves
from bidder.snapshot import FloatArray

__all__ = ["Conflict", "RuleKey", "conflicts", "rule_of", "smallest"]

RuleKey = tuple[str, str | None]
"""A rule by its name and where it was written (None: the defaults that nobody wrote)."""

NEAR = 1e-6
"""Part of an amount by which a rule may be missed without having given way."""

MOST_BUDGETS = 2000
"""Budgets above which nothing is solved again to tell who clashes."""

MOST_SOLVED = 4
"""Rules that gave way of which the smallest clash is looked for by solving; each takes a few tenths of a second."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Rules that cannot all be kept: `gave` is the one that gave way, `by` how much at the budget where most."""

    gave: RuleKey
    by: float
    rules: tuple[RuleKey, ...]
    """The smallest set that clashes, highest priority first; `gave` is among them."""
    slowed: bool
    """Whether only steps and their like stand against it: it will be kept, some days later."""


def rule_of(one: Bounds | Limit) -> RuleKey:
    """The rule that something came from: `gentle (cooldown)` is part of `gentle`."""
    return one.rule.split(" (")[0], None if one.source is None else str(one.source)


def conflicts(
    curves: Curves,
    limits: Limits,
    objective: Objective,
    now: FloatArray,
    settings: AllocateSettings,
    allocation: Allocation,
) -> tuple[Conflict, ...]:
    """What clashed in an allocation, by how much it gave way, most first; one a rule."""
    gave = _gave(limits, allocation)
    found: list[Conflict] = []
    solved = 0
    for key, (by, place) in gave.items():
        pair = _crossing(limits, key, place)
        if not pair and solved < MOST_SOLVED and limits.size <= MOST_BUDGETS:
            solved += 1
            pair = smallest(curves, limits, objective, now, settings, key)
        if len(pair) > 1:
            priority = _priorities(limits)
            against = [priority[rule] for rule in pair if rule != key]
            found.append(Conflict(key, by, pair, all(Priority.STEP <= one < Priority.OWNER_CAP for one in against)))
    return tuple(sorted(found, key=lambda one: (one.slowed, -one.by, one.gave)))


def _gave(limits: Limits, allocation: Allocation) -> dict[RuleKey, tuple[float, int]]:
    """Each rule that gave way, dearest first: by how much, and at which budget (−1: a limit on sums)."""
    gave: dict[RuleKey, tuple[float, int]] = {}
    for bound, beyond in zip(limits.bounds, allocation.bound_relaxed, strict=True):
        size = np.abs(allocation.amounts) + 1.0
        worst = int(np.argmax(beyond)) if len(beyond) else -1
        if worst >= 0 and beyond[worst] > NEAR * size[worst]:
            gave[rule_of(bound)] = max(gave.get(rule_of(bound), (0.0, worst)), (float(beyond[worst]), worst))
    for limit, price in zip(limits.limits, allocation.prices, strict=True):
        reach = max(abs(limit.bound), float((np.abs(limit.weights) * allocation.amounts).sum()), 1.0)
        if price.relaxed > NEAR * reach:
            gave[rule_of(limit)] = max(gave.get(rule_of(limit), (0.0, -1)), (price.relaxed, -1))
    return dict(sorted(gave.items(), key=lambda one: (-one[1][0], one[0][0], one[0][1] or "")))


def _crossing(limits: Limits, key: RuleKey, place: int) -> tuple[RuleKey, ...]:
    """A rule of at least the same priority whose bound crosses this one's at the budget; nothing when there is none."""
    if place < 0:
        return ()
    mine = [one for one in limits.bounds if rule_of(one) == key]
    lower = max(float(one.lower[place]) for one in mine)
    upper = min(float(one.upper[place]) for one in mine)
    priority = max(one.priority for one in mine)
    against = [
        one
        for one in limits.bounds
        if rule_of(one) != key
        and one.priority >= priority
        and (one.lower[place] > upper + NEAR * abs(upper) or one.upper[place] < lower - NEAR * abs(lower))
    ]
    if not against:
        return ()
    first = max(against, key=lambda one: (one.source is not None, one.priority))
    pair = sorted([(first.priority, rule_of(first)), (priority, key)], key=lambda one: -one[0])
    return tuple(rule for _, rule in pair)


def smallest(
    curves: Curves,
    limits: Limits,
    objective: Objective,
    now: FloatArray,
    settings: AllocateSettings,
    gave: RuleKey | None = None,
) -> tuple[RuleKey, ...]:
    """A smallest set of rules that cannot be kept together, `gave` among them where given; empty when all can.

    Only rules of at least its priority are looked at: the others gave way to it, not it to them.
    """
    quick = settings.model_copy(update={"passes": 1, "doubt": 0.0, "calm": 0.0, "branches": 0})
    priority = _priorities(limits)
    least = priority[gave] if gave is not None else 0
    names = [rule for rule in priority if priority[rule] >= least]

    def clash(rules: Sequence[RuleKey]) -> bool:
        return not _kept(curves, _only(limits, set(rules)), objective, now, quick)

    if not clash(names):
        return ()
    # what nobody wrote is left out first, so that rules are named wherever rules are enough
    order = sorted(names, key=lambda rule: (rule[1] is not None, priority[rule], rule[0]))
    left = list(names)
    for rule in order:
        if rule == gave:
            continue
        without = [one for one in left if one != rule]
        if clash(without):
            left = without
    if gave is not None and clash([one for one in left if one != gave]):
        left = [one for one in left if one != gave]  # those above it clash among themselves, whatever it says
    return tuple(sorted(left, key=lambda rule: (-priority[rule], rule[0])))


def _priorities(limits: Limits) -> dict[RuleKey, int]:
    """The highest priority of what came from each rule."""
    every: list[Bounds | Limit] = [*limits.bounds, *limits.limits]
    priority: dict[RuleKey, int] = {}
    for one in every:
        priority[rule_of(one)] = max(priority.get(rule_of(one), 0), one.priority)
    return priority


def _only(limits: Limits, rules: set[RuleKey]) -> Limits:
    return replace(
        limits,
        bounds=tuple(one for one in limits.bounds if rule_of(one) in rules),
        limits=tuple(one for one in limits.limits if rule_of(one) in rules),
        choices=(),
    )


def _kept(curves: Curves, limits: Limits, objective: Objective, now: FloatArray, settings: AllocateSettings) -> bool:
    """Whether all of these limits can be kept together."""
    lower, upper = np.zeros(limits.size), np.full(limits.size, np.inf)
    for one in limits.bounds:
        lower, upper = np.maximum(lower, one.lower), np.minimum(upper, one.upper)
    if (lower > upper + NEAR * (np.abs(upper) + 1.0)).any():
        return False
    if all(one.quantity is Quantity.AMOUNT for one in limits.limits):
        return _fits(limits.limits, lower, np.maximum(upper, lower), settings.solver_seconds)
    try:
        answer = allocate(curves, limits, objective, now, settings)
    except SolveError:
        return False
    return not _gave(limits, answer)


def _fits(limits: Sequence[Limit], lower: FloatArray, upper: FloatArray, seconds: float) -> bool:
    """Whether amounts within the box keep limits on amounts: a program without an objective."""
    far = 10.0 * sum(abs(one.bound) for one in limits) + 1e3 * (float(lower.sum()) + 1.0)
    upper = np.where(np.isfinite(upper), upper, lower + far)
    weights = np.array([one.weights for one in limits], dtype=np.float64).reshape(len(limits), len(lower))
    size = np.abs(weights) @ lower + np.array([abs(one.bound) for one in limits]) + 1.0
    room = np.array([one.bound for one in limits]) - weights @ lower
    most = np.array([one.sense is Sense.AT_MOST for one in limits], dtype=np.bool_)
    free = np.flatnonzero(upper > lower)
    program = Program(
        value=np.zeros(len(free)),
        width=(upper - lower)[free],
        pattern=np.arange(len(free)),
        weights=weights[:, free],
        bends=np.zeros((0, len(free))),
        bend=np.zeros(len(limits), dtype=np.int64),
        lower=np.where(most, -np.inf, room - NEAR * size),
        upper=np.where(most, room + NEAR * size, np.inf),
    )
    return solve(program, seconds).status != "infeasible"
