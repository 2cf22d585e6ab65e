"""Rules × Snapshot → Limits: the one place where rules are evaluated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bidder.limits import Bounds, Limit, Limits
from bidder.response.curve import Curves
from bidder.response.event_days import waiting
from bidder.rules.attributes import Attributes
from bidder.rules.base import Rule
from bidder.rules.budget import BudgetRange
from bidder.rules.cautious import cautious_bounds
from bidder.rules.chosen import chosen_by
from bidder.rules.event_bounds import JUDGES, event_bounds, without_brake
from bidder.rules.forced import lift_cuts
from bidder.rules.learning import Learning
from bidder.rules.multiples import Multiples
from bidder.rules.platform import platform_bounds
from bidder.rules.purse import purse_limits, purses
from bidder.rules.reference import reference_of
from bidder.rules.stale import stale_bounds
from bidder.rules.step import DefaultStep, Step, smallest_moves
from bidder.rules.stocked import feed_holds
from bidder.snapshot import Snapshot

__all__ = ["chosen_by", "evaluate"]

_FROM_REFERENCE = (Step, Learning, BudgetRange)
"""Words that measure from the amounts that an event multiplies; all others see those in force."""


def evaluate(rules: tuple[Rule, ...], snapshot: Snapshot, curves: Curves, *, cautious: bool = False) -> Limits:
    """What people and platforms allow today, in the order of the rules; then the default step and the platforms' facts.

    Each limit carries the name, priority and Source of its rule (None for what nobody wrote). The default step stands
    only where no step rule covers a budget (each side on its own), and nowhere twice; where the amount in force was
    never read there is no step at all. `cautious`: nothing moves far, whatever the steps are.
    """
    attributes = Attributes(snapshot)
    multiples = Multiples(rules, attributes)
    reference = reference_of(multiples)
    judged = ~waiting(snapshot) if snapshot.calendar else None
    size = len(snapshot.budgets)
    bounds: list[Bounds] = []
    limits: list[Limit] = []
    steps: list[tuple[Step, NDArray[np.bool_]]] = []
    default, default_name, default_source = DefaultStep(), "default step", None
    up, down = np.ones(size, dtype=np.bool_), np.ones(size, dtype=np.bool_)
    for rule in rules:
        if isinstance(rule.kind, DefaultStep):
            default, default_name, default_source = rule.kind, rule.name, rule.source
            continue
        chosen = chosen_by(rule, attributes)
        if judged is not None and isinstance(rule.kind, JUDGES):
            chosen = chosen & judged
        if not chosen.any():
            continue
        if isinstance(rule.kind, Step):
            steps.append((rule.kind, chosen))
            up &= ~chosen if rule.kind.up is not None else True
            down &= ~chosen if rule.kind.down is not None else True
        measured = reference.snapshot if isinstance(rule.kind, _FROM_REFERENCE) else snapshot
        for one in rule.kind.limits(chosen, measured, curves, rule.name, _priority(rule), rule.source):
            if isinstance(one, Bounds):
                bounds.append(one)
            else:
                limits.append(one)
    bounds.extend(default.around(up, down, reference.snapshot, default_name, default.priority, default_source))
    drawn = tuple(purses(multiples))
    paid = np.logical_or.reduce([np.zeros(size, dtype=np.bool_), *(one.members for one in drawn)])
    bounds = without_brake(bounds, paid, snapshot)
    bounds.extend(reference.bounds(snapshot.now))
    bounds.extend(event_bounds(multiples, reference))
    bounds.extend(feed_holds(snapshot))
    if cautious:
        bounds.append(cautious_bounds(reference.snapshot))
    for one in purse_limits(drawn, snapshot):
        if isinstance(one, Bounds):
            bounds.append(one)
        else:
            limits.append(one)
    bounds.extend(stale_bounds(bounds, snapshot, default.files_after))
    bounds, limits = lift_cuts(bounds, limits, snapshot)
    bounds.extend(platform_bounds(snapshot))
    moved = None if reference.snapshot is snapshot else reference.amounts
    return Limits(size, tuple(bounds), tuple(limits), smallest=smallest_moves(steps, snapshot), reference=moved)


def _priority(rule: Rule) -> int:
    if rule.priority is not None:
        return rule.priority
    if rule.where is None and rule.kind.priority_of_all is not None:
        return rule.kind.priority_of_all
    return rule.kind.priority
