"""Rules that gave way and the smallest set that each clashed with; and the hot list: lines of the plan's document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bidder.decide import LEFT_ALONE, Decision
from bidder.explain.document import ClashLine, HotLine, RuleName
from bidder.limits import Priority, Quantity, Sense
from bidder.optimizer.conflict import RuleKey, conflicts
from bidder.rules.attributes import Attributes
from bidder.rules.evaluate import chosen_by
from bidder.rules.hot_list import HotList
from bidder.rules.stock import Stock
from bidder.rules.tacos import RECENT, Tacos, sales_by_day
from bidder.watch.stock_feed import feed_broken

__all__ = ["clash_lines", "clash_words", "hot_lines", "passed_caps", "silent_rules"]


def clash_lines(decision: Decision) -> list[ClashLine]:
    """What clashed, true conflicts before what a step only slows; solves a few times where something gave way."""
    policy, limits = decision.policy, decision.limits
    if not decision.allocation.bound_relaxed:
        return []
    found = conflicts(
        decision.curves, limits, policy.objective, decision.snapshot.now, policy.allocate, decision.allocation
    )
    return [
        ClashLine(
            gave=_name(one.gave), by=round(one.by, 6), rules=[_name(rule) for rule in one.rules], slowed=one.slowed
        )
        for one in found
        if one.gave[0] != LEFT_ALONE
    ]


def clash_words(line: Mapping[str, Any]) -> str:
    """One line for a person."""
    against = [_said(rule) for rule in line["rules"] if rule != line["gave"]]
    return f"rule {_said(line['gave'])} gives way by {line['by']:.2f}: it cannot be kept beside {' and '.join(against)}"


def hot_lines(decision: Decision) -> list[HotLine]:
    """Today's hot list, which tomorrow's remembers."""
    lines: list[HotLine] = []
    attributes = Attributes(decision.snapshot)
    for rule in decision.policy.rules:
        if not isinstance(rule.kind, HotList):
            continue
        chosen = chosen_by(rule, attributes)
        if not np.any(chosen):
            continue
        listed = rule.kind.listed(chosen, decision.snapshot, decision.curves, rule.name)
        lines += [
            HotLine(rule=rule.name, product=str(product), rank=rank, role=hot.role, away=hot.away)
            for rank, (product, hot) in enumerate(listed.items(), 1)
        ]
    return lines


def silent_rules(decision: Decision) -> list[str]:
    """A sentence for each rule that holds nothing since what it needs is not known."""
    attributes, snapshot = Attributes(decision.snapshot), decision.snapshot
    said = []
    for rule in decision.policy.rules:
        if isinstance(rule.kind, Stock) and rule.enabled and feed_broken(snapshot):
            what = "more than half of all products show no stock, which is how a broken feed looks"
            said.append(f"rule {rule.name} ({rule.source}) holds nothing: {what}")
        if isinstance(rule.kind, Tacos):
            chosen = chosen_by(rule, attributes)
            if chosen.any() and not np.isfinite(sales_by_day(snapshot, chosen, snapshot.today - RECENT)).any():
                said.append(f"rule {rule.name} ({rule.source}) holds nothing: the shop's own sales are not known")
    return said


def passed_caps(decision: Decision) -> list[str]:
    """A sentence for each absolute cap that cannot be kept, as platforms take more at least."""
    snapshot, said = decision.snapshot, []
    pairs = zip(decision.plan.changes, snapshot.budgets, strict=True)
    planned = np.array([change.after.to_float() * float(snapshot.rate(budget.currency)) for change, budget in pairs])
    for one in decision.limits.limits:
        if one.priority < Priority.ABSOLUTE or one.quantity is not Quantity.AMOUNT or one.sense is not Sense.AT_MOST:
            continue
        sum_of = float(one.weights @ planned)
        if sum_of > one.bound * (1 + 1e-9) and planned[one.weights > 0].sum() <= np.nansum(
            snapshot.now[one.weights > 0]
        ):
            at = f" ({one.source})" if one.source else ""
            what = f"platforms take {sum_of:.2f} at least, and to that budgets are cut"
            said.append(f"rule {one.rule}{at} leaves {one.bound:.2f}: {what}; pause budgets or raise it")
    return said


def _name(rule: RuleKey) -> RuleName:
    return RuleName(rule=rule[0], source=rule[1])


def _said(rule: Mapping[str, Any]) -> str:
    return f"{rule['rule']} ({rule['source']})" if rule["source"] else str(rule["rule"])
