"""Why one budget gets its amount, in one line, and which limits hold it there.

Called by :mod:`bidder.explain.plan`. Words for people: money in the plan's currency, the rule by name and place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidder.catalog import BudgetStatus
from bidder.decide import LEFT_ALONE, Decision
from bidder.limits import Limit, Priority, Quantity, Sense
from bidder.money import NO_CURRENCY, minor_unit

__all__ = ["Binding", "bindings", "reason_of", "total_limit", "total_place"]


@dataclass(frozen=True, slots=True)
class Binding:
    """A limit that holds a budget, and what one unit more room there would earn a day."""

    rule: str
    source: str | None
    price: float
    upper: bool
    group: bool = False


def total_limit(decision: Decision) -> Limit | None:
    """The absolute cap on the sum of all amounts in force: the tightest of them."""
    place = total_place(decision)
    return None if place is None else decision.limits.limits[place]


def total_place(decision: Decision) -> int | None:
    """Where that cap stands among the limits."""
    spends = np.array([one.status is BudgetStatus.ACTIVE for one in decision.snapshot.budgets], dtype=np.bool_)
    caps = [
        place
        for place, limit in enumerate(decision.limits.limits)
        if limit.quantity is Quantity.AMOUNT
        and limit.sense is Sense.AT_MOST
        and limit.priority >= Priority.ABSOLUTE
        and bool(np.all(limit.weights[spends] == 1.0))
    ]
    return min(caps, key=lambda place: decision.limits.limits[place].bound, default=None)


def bindings(decision: Decision, index: int) -> list[Binding]:
    """The limits that hold the budget at this position where it is, dearest first."""
    amount = decision.allocation.amounts[index]
    near = max(minor_unit(decision.snapshot.currency) / 1e6, 1e-6 * abs(amount))
    found = []
    for bound, prices in zip(decision.limits.bounds, decision.allocation.bound_prices, strict=True):
        source = str(bound.source) if bound.source else None
        for side, upper in ((bound.upper[index], True), (bound.lower[index], False)):
            if np.isfinite(side) and abs(amount - side) <= near:
                found.append(Binding(bound.rule, source, float(prices[index]), upper))
    total = total_limit(decision)
    for limit, price in zip(decision.limits.limits, decision.allocation.prices, strict=True):
        if limit is not total and price.binding and limit.weights[index] != 0:
            source = str(limit.source) if limit.source else None
            upper = (limit.sense is Sense.AT_MOST) == (limit.weights[index] > 0)
            found.append(Binding(limit.rule, source, price.price, upper, group=True))
    return sorted(found, key=lambda one: (-abs(one.price), one.rule))


def reason_of(decision: Decision, index: int, held: list[Binding]) -> str:
    """One line: what decided this amount."""
    snapshot = decision.snapshot
    budget = snapshot.budgets[index]
    change = next(one for one in decision.plan.changes if one.budget == budget.id)
    currency = "" if snapshot.currency == NO_CURRENCY else f" {snapshot.currency}"
    if budget.status is not BudgetStatus.ACTIVE:
        return f"{budget.status.value}: bidder starts nothing that a person stopped"
    if budget.id in snapshot.unresolved:
        return "held: the last write has no known outcome yet; nothing moves until it is read back"
    own = [one for one in held if not one.group]
    grouped = [one for one in held if one.group]
    marginal = f"one more{currency or ' unit'} here earns {_worth(decision, index)}"
    pinned = {one.rule for one in own if one.upper} & {one.rule for one in own if not one.upper}
    if pinned == {LEFT_ALONE}:
        return f"left as it is: the change would be too small to be worth a write; {marginal}"
    if pinned:
        return f"left at its amount by {_named(next(one for one in own if one.rule in pinned))}"
    if not change.moves:
        return f"left as it is: moving it would gain less than it costs; {marginal}"
    raised = change.difference.micros > 0
    stopped = [one for one in own if one.upper == raised]
    against = [one for one in own if one.upper != raised]
    if stopped:
        return f"{'raised' if raised else 'cut'} as far as {_named(stopped[0])} allows; {marginal}"
    if against:
        return f"held by {_named(against[0])}; {marginal}"
    if grouped:
        return f"{'raised' if raised else 'cut'} within {_named(grouped[0])}; {marginal}"
    direction = "raised until" if raised else "cut until"
    return f"{direction} {marginal}, as on the other budgets"


def _named(one: Binding) -> str:
    return f"{one.rule} ({one.source})" if one.source else one.rule


def _worth(decision: Decision, index: int) -> str:
    words = {"profit": "of profit", "revenue": "of revenue", "orders": "orders"}[decision.policy.objective.value]
    return f"{round(float(decision.allocation.marginal[index]), 2) + 0.0:.2f} {words}"
