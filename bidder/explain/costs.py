"""What the total and each rule are worth, by solving again without them or with a little more (SCIENCE 4.2).

Called by :mod:`bidder.explain.plan`. A price is a slope at the answer; here a rule is taken away as a whole, with all
that came from it. Small changes that are not worth a write are allowed here, so that 1 % more of the total can go
somewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bidder.decide import LEFT_ALONE, Decision
from bidder.errors import SolveError
from bidder.explain.reason import total_place
from bidder.limits import Limits, Priority
from bidder.optimizer.allocate import allocate
from bidder.optimizer.conflict import RuleKey, rule_of

__all__ = ["Costs", "costs_of", "printed_costs", "rule_of"]

MOST_RULES = 8
"""Rules whose whole cost is worked out, the dearest first; each takes a few solver starts."""

ENOUGH = 2000
"""Budgets times rules above which no more is solved: a page is to stay quick."""


PART = 0.01
"""The part of the total over which its worth is measured."""


@dataclass(frozen=True, slots=True)
class Costs:
    """`up` and `down`: objective for one unit more and less of the total, over 1 % of it; None: no total or no answer.

    `rules`: what each costs a day.
    """

    up: float | None
    down: float | None
    rules: Mapping[RuleKey, float]


def costs_of(decision: Decision) -> Costs:
    """Solves again a few times; deterministic, and bounded by the size of the shop."""
    limits = replace(decision.limits, bounds=tuple(one for one in decision.limits.bounds if one.rule != LEFT_ALONE))
    n = max(limits.size, 1)
    if n > ENOUGH:
        return Costs(None, None, {})
    rules = _dearest(decision)[: min(MOST_RULES, ENOUGH // n)]
    place = total_place(decision)
    here = _objective(decision, limits) if decision.free is None else decision.free.objective
    if here is None:
        return Costs(None, None, {})
    up, down = (None, None) if place is None else _sides(decision, limits, place, here)
    costs: dict[RuleKey, float] = {}
    for rule in rules:
        free = _objective(decision, _without(limits, rule))
        if free is not None:
            costs[rule] = max(0.0, free - here)
    return Costs(up, down, costs)


def printed_costs(document: Mapping[str, Any]) -> dict[str, float]:
    """What each rule that binds costs a day by a plan's document, by the rule's name; without those not worked out."""
    costs: dict[str, float] = {}
    for line in document["limits"]:
        if line["cost_per_day"] is not None:
            costs[line["rule"]] = costs.get(line["rule"], 0.0) + float(line["cost_per_day"])
    return costs


def _sides(decision: Decision, limits: Limits, place: int, here: float) -> tuple[float | None, float | None]:
    """Objective for one unit more and for one less of the total, over 1 % of it."""
    step = PART * limits.limits[place].bound
    if step <= 0:
        return None, None

    def shifted(by: float) -> float | None:
        changed = list(limits.limits)
        changed[place] = replace(changed[place], bound=changed[place].bound + by)
        return _objective(decision, replace(limits, limits=tuple(changed)))

    more, less = shifted(step), shifted(-step)
    return (
        None if more is None else max(0.0, (more - here) / step),
        None if less is None else max(0.0, (here - less) / step),
    )


def _dearest(decision: Decision) -> list[RuleKey]:
    """Rules that bind, the dearest at present prices first; caps that never give way and platforms are left out."""
    limits, allocation = decision.limits, decision.allocation
    weigh: dict[RuleKey, float] = {}
    for bound, prices in zip(limits.bounds, allocation.bound_prices, strict=True):
        held = float(np.abs(prices).sum())
        if (
            held > 1e-9
            and bound.rule != LEFT_ALONE
            and (bound.source is not None or bound.priority < Priority.PLATFORM)
        ):
            weigh[rule_of(bound)] = weigh.get(rule_of(bound), 0.0) + held
    for limit, priced in zip(limits.limits, allocation.prices, strict=True):
        if priced.binding and limit.priority < Priority.ABSOLUTE:
            weigh[rule_of(limit)] = weigh.get(rule_of(limit), 0.0) + abs(priced.price)
    return sorted(weigh, key=lambda rule: (-weigh[rule], rule[0], rule[1] or ""))


def _without(limits: Limits, rule: RuleKey) -> Limits:
    """The limits less all that came from one rule."""
    return replace(
        limits,
        bounds=tuple(one for one in limits.bounds if rule_of(one) != rule),
        limits=tuple(one for one in limits.limits if rule_of(one) != rule),
    )


def _objective(decision: Decision, limits: Limits) -> float | None:
    """The optimum's worth within these limits; None where there is none."""
    policy = decision.policy
    try:
        answer = allocate(decision.curves, limits, policy.objective, decision.snapshot.now, policy.allocate)
    except SolveError:
        return None
    return answer.objective
