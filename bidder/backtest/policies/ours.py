"""Bidder itself: the one `decide()`, and what of its plan would be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bidder.catalog import BudgetStatus
from bidder.decide import Decision, Policy, decide
from bidder.errors import SolveError, Source
from bidder.explain.reason import total_limit
from bidder.ids import BudgetId
from bidder.money import Money
from bidder.rules.base import Rule
from bidder.rules.total import Total
from bidder.snapshot import Snapshot

__all__ = ["Ours", "capped", "day_total", "in_force"]


class Ours:
    """What the daemon would have written; a plan held as a whole, or none at all, leaves the budgets as they are."""

    name = "bidder"
    title = "bidder"

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.held: dict[str, int] = {}
        """How often which brake held something."""

    def amounts(self, snapshot: Snapshot, total: Money) -> Mapping[BudgetId, Money]:
        """The lines of the plan that no brake holds."""
        try:
            return self.written(decide(snapshot, capped(self._policy, total)))
        except SolveError:
            self.held["no plan"] = self.held.get("no plan", 0) + 1
            return {}

    def written(self, decision: Decision) -> Mapping[BudgetId, Money]:
        """The changes of a decision that would be written."""
        for held in decision.held:
            self.held[held.check] = self.held.get(held.check, 0) + 1
        if any(held.budget is None for held in decision.held):
            return {}
        stays = {held.budget for held in decision.held}
        return {change.budget: change.after for change in decision.plan.moved if change.budget not in stays}


def day_total(decision: Decision) -> Money:
    """The most that the decided day's budgets could add up to: the tightest cap on all, else what is in force."""
    cap = total_limit(decision)
    currency = decision.snapshot.currency
    if cap is None:
        return in_force(decision.snapshot)
    return Money.from_float_down(cap.bound * (1 + 1e-12), currency)


def in_force(snapshot: Snapshot) -> Money:
    """The sum of the amounts in force, in the shop's currency."""
    active = np.array([one.status is BudgetStatus.ACTIVE for one in snapshot.budgets], dtype=np.bool_)
    return Money.from_float_down(float(np.nan_to_num(snapshot.now)[active].sum()) * (1 + 1e-12), snapshot.currency)


def capped(policy: Policy, total: Money) -> Policy:
    """The policy under this day's total, beside the caps that its rules have."""
    rule = Rule("backtest total", Total.model_validate({"max": str(total)}), Source("backtest"))
    return replace(policy, rules=(*policy.rules, rule))
