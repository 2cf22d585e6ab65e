"""The families about deciding: the newest plan, what its rules cost, what a guard held, the solver, the month.

Held by :class:`bidder.instrumentation.metrics.Metrics`, which keeps the lock: no method here is called without it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bidder.catalog import BudgetStatus, Mode
from bidder.ids import AccountId, BudgetId
from bidder.instrumentation.facts import ShopFacts
from bidder.instrumentation.families import (
    HOLD_REASONS,
    OTHER,
    PLAN_RESULTS,
    SOLVER_STATUSES,
    STAGES,
    TRIGGERS,
    Families,
)
from bidder.money import Money
from bidder.response.own_sales import overlap
from bidder.rules.floors import roas_floors

if TYPE_CHECKING:
    from bidder.decide import Decision

__all__ = ["DecisionFigures", "hold_reason", "with_rates"]


class DecisionFigures:
    """What the newest decision says, and how decisions went since the start."""

    def __init__(self, families: Families, facts: ShopFacts) -> None:
        self._families = families
        self._facts = facts
        self._guarded: dict[BudgetId, str] = {}
        self._watched: dict[BudgetId, str] = {}
        for stage in STAGES:
            families.solver_duration.labels(stage)
        self.configured(facts)

    def configured(self, facts: ShopFacts) -> None:
        """Every label set at zero; the rules that are no longer written have no price any more."""
        f, shop = self._families, facts.shop
        for rule in set(self._facts.rules) - set(facts.rules):
            for family in (f.rule_shadow_price, f.rule_cost, f.rule_binding, f.rule_relaxation):
                family.remove_by_labels({"rule": rule})
        self._facts = facts
        f.plan_timestamp.labels(shop)
        f.plan_interval.labels(shop).set(facts.plan_interval.total_seconds())
        for trigger in TRIGGERS:
            for result in PLAN_RESULTS:
                f.plans.labels(shop, trigger, result)
        for guard in facts.guards:
            f.guard_vetoes.labels(shop, guard)
        for status in SOLVER_STATUSES:
            f.solver_runs.labels(shop, status)
        f.dry_run.labels(shop).set(all(account.mode is not Mode.APPLY for account in facts.accounts))

    def planned(self, decision: Decision, at: datetime, trigger: str, unallocated: Money | None) -> bool:
        """Shows a decision; False when a guard held it as a whole, and then the plan before it stays in force."""
        f, shop, moved = self._families, self._facts.shop, decision.plan.moved
        self._solved(decision)
        self._show_overlap(decision)
        made_by = {"plan": str(decision.plan.id)}
        for held in decision.held:
            f.guard_vetoes.labels(shop, held.check).inc()
        whole = [one.check for one in decision.held if one.budget is None]
        self._guarded = dict.fromkeys((change.budget for change in moved), whole[0]) if whole else {}
        self._guarded |= {one.budget: one.check for one in decision.held if one.budget is not None}
        self._show_holds()
        if any(held.budget is None for held in decision.held):
            f.plans.labels(shop, trigger, "vetoed").inc(exemplar=made_by)
            return False
        f.plans.labels(shop, trigger, "accepted" if moved else "unchanged").inc(exemplar=made_by)
        f.plan_timestamp.labels(shop).set(at.timestamp())
        f.plan_objective.labels(shop).set(decision.allocation.objective)
        f.plan_objective_baseline.labels(shop).set(decision.allocation.baseline)
        f.plan_changes.labels(shop).set(len(moved))
        differences = [self._facts.amount(abs(change.difference)) or 0.0 for change in moved]
        f.plan_moved_budget.labels(shop).set(sum(differences) / 2)
        self._show_unallocated(unallocated, decision)
        return True

    def _show_overlap(self, decision: Decision) -> None:
        """Nothing where the shop's own sales are not known: one source cannot be held against another then."""
        over = overlap(decision.snapshot)
        if over is None:
            self._families.attribution_overlap.clear()
        else:
            self._families.attribution_overlap.labels(self._facts.shop).set(over)

    def rules_cost(self, costs: Mapping[str, float]) -> None:
        """What binding rules cost a day as wholes; the others of the configuration cost nothing."""
        self._families.rule_cost.clear()
        for rule, cost in {**dict.fromkeys(self._facts.rules, 0.0), **costs}.items():
            self._families.rule_cost.labels(self._facts.shop, rule).set(cost)

    def floors(self, decision: Decision) -> dict[AccountId, float]:
        """The lowest ROAS that the rules accept in each account: none where one active budget may earn whatever."""
        values = roas_floors(decision.policy.rules, decision.snapshot, decision.curves)
        lowest: dict[AccountId, float] = {}
        for budget, floor in zip(decision.snapshot.budgets, values.tolist(), strict=True):
            if budget.status is BudgetStatus.ACTIVE:
                lowest[budget.id.account] = min(lowest.get(budget.id.account, floor), floor)
        return lowest

    def floored(self, floors: Mapping[AccountId, float]) -> None:
        """Shows them."""
        self._families.roas_floor.clear()
        for account in self._facts.accounts:
            floor = floors.get(account.id, math.nan)
            if not math.isnan(floor):
                self._families.roas_floor.labels(self._facts.shop, account.platform, account.id).set(floor)

    def failed(self, status: str, trigger: str) -> None:
        """No plan came of a pass."""
        known = status if status in SOLVER_STATUSES else "error"
        self._families.solver_runs.labels(self._facts.shop, known).inc()
        result = "infeasible" if known == "infeasible" else "error"
        self._families.plans.labels(self._facts.shop, trigger, result).inc()

    def month_spent(self, spent: Money, at: datetime) -> None:
        """The month's spend beside its budget and beside the time that has passed."""
        budget = None if self._facts.month_budget is None else self._facts.amount(self._facts.month_budget)
        amount = self._facts.amount(spent)
        if budget is None or amount is None:
            return
        f, shop = self._families, self._facts.shop
        local = at.astimezone(ZoneInfo(self._facts.timezone))
        start = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
        passed = (local.timestamp() - start.timestamp()) / (end.timestamp() - start.timestamp())
        f.month_budget.labels(shop).set(budget)
        f.month_spend.labels(shop).set(amount)
        f.month_budget_remaining.labels(shop).set(max(budget - amount, 0.0))
        f.month_start.labels(shop).set(start.timestamp())
        if passed * budget > 0:
            f.month_pacing_ratio.labels(shop).set(amount / (passed * budget))

    def held(self, checks: Mapping[BudgetId, str]) -> None:
        """What holds each budget now, beside the guard."""
        self._watched = dict(checks)
        self._show_holds()

    def _show_holds(self) -> None:
        """How many budgets are held, by reason; a plan that is held as a whole holds all that it would move."""
        counts = dict.fromkeys(HOLD_REASONS, 0)
        for check in {**self._guarded, **self._watched}.values():
            counts[hold_reason(check)] += 1
        for reason, count in counts.items():
            self._families.holds.labels(self._facts.shop, reason).set(count)

    def _show_unallocated(self, given: Money | None, decision: Decision) -> None:
        left = None if given is None else self._facts.amount(given)
        limit = None if self._facts.day_limit is None else self._facts.amount(self._facts.day_limit)
        if left is None and limit is not None:
            active = {b.id for b in decision.snapshot.budgets if b.status is BudgetStatus.ACTIVE}
            amounts = [self._facts.amount(c.after) or 0.0 for c in decision.plan.changes if c.budget in active]
            left = max(limit - sum(amounts), 0.0)
        if left is not None:
            self._families.unallocated_budget.labels(self._facts.shop).set(left)

    def _solved(self, decision: Decision) -> None:
        """How the solve went, and what each rule costs. A rule that was not in play costs nothing."""
        f, shop, allocation = self._families, self._facts.shop, decision.allocation
        for stage, seconds in allocation.seconds.items():
            if stage in STAGES:
                f.solver_duration.labels(stage).observe(seconds, {"plan": str(decision.plan.id)})
        status = allocation.certificate.status
        f.solver_runs.labels(shop, status if status in SOLVER_STATUSES else "feasible").inc()
        f.solver_gap.labels(shop).set(allocation.certificate.gap)
        f.solver_variables.labels(shop).set(allocation.columns)
        f.solver_constraints.labels(shop).set(allocation.rows)
        price: dict[str, float] = dict.fromkeys(self._facts.rules, 0.0)
        binding = dict.fromkeys(self._facts.rules, False)
        relaxed = dict.fromkeys(self._facts.rules, 0.0)
        for one in allocation.prices:
            price[one.rule] = price.get(one.rule, 0.0) + one.price
            binding[one.rule] = binding.get(one.rule, False) or one.binding
            relaxed[one.rule] = max(relaxed.get(one.rule, 0.0), one.relaxed)
        for bounds, column in zip(decision.limits.bounds, allocation.bound_prices, strict=True):
            price[bounds.rule] = price.get(bounds.rule, 0.0) + float(column.sum())
            binding[bounds.rule] = binding.get(bounds.rule, False) or bool((column > 0).any())
            relaxed.setdefault(bounds.rule, 0.0)
        for family in (f.rule_shadow_price, f.rule_binding, f.rule_relaxation):
            family.clear()
        for rule in price:
            f.rule_shadow_price.labels(shop, rule).set(price[rule])
            f.rule_binding.labels(shop, rule).set(binding[rule])
            f.rule_relaxation.labels(shop, rule).set(relaxed.get(rule, 0.0))


_REASON_BY_CHECK = {
    "figures_fresh": "stale",
    "unread": "stale",
    "count": "anomaly",
    "change_point": "anomaly",
    "quarantine": "anomaly",
    "alarm": "manual",
    "ping_pong": "foreign_edit",
    "sold_out": OTHER,
    "overspend": OTHER,
}


def hold_reason(check: str) -> str:
    """The reason among HOLD_REASONS that a guard's check counts under: by table, by its name, else guard."""
    if check in _REASON_BY_CHECK:
        return _REASON_BY_CHECK[check]
    known = [reason for reason in HOLD_REASONS if reason not in (OTHER, "guard") and reason in check]
    return known[0] if known else "guard"


def with_rates(facts: ShopFacts, decision: Decision) -> ShopFacts:
    """The rates that the decision was made with are those that its amounts are shown in."""
    return replace(facts, exchange={**facts.exchange, **decision.snapshot.exchange})
