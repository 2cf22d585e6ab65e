"""Decision → the plan's document (JSON, page, journal) and its table for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any

import numpy as np

from bidder.catalog import BudgetStatus
from bidder.decide import Decision
from bidder.errors import SolveError
from bidder.explain.document import (
    BudgetLine,
    CertificateLine,
    Expected,
    HoldLine,
    Interval,
    LimitLine,
    PlanDocument,
    RuleLine,
)
from bidder.explain.reason import bindings, reason_of, total_limit
from bidder.limits import Limits, Priority
from bidder.money import NO_CURRENCY, Currency, exponent_of
from bidder.optimizer.allocate import allocate
from bidder.response.forecast import forecast

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["document", "table"]

WIDE = 110
"""Columns of a terminal that shows every figure in the table."""

_NARROW = ["budget", "now", "plan", "±", "profit", "next"]

COSTED_RULES = 4
"""Rules whose whole cost is worked out by solving without them; each takes a few solver starts."""


def document(decision: Decision, notes: tuple[str, ...] = ()) -> PlanDocument:
    """The plan with its reasons, lines sorted by budget id."""
    snapshot, allocation, plan = decision.snapshot, decision.allocation, decision.plan
    planned = _planned(decision)
    expected = forecast(decision.curves, planned)
    total = total_limit(decision)
    money = _Words(snapshot.currency)
    before = float(np.nansum(snapshot.now))
    cap = float(planned.sum()) if total is None else total.bound
    lines = [_line(decision, index, expected, money) for index in range(len(snapshot.budgets))]
    margin_known = decision.curves.facts.get("margin_known")
    known = margin_known is None or bool(np.all(margin_known > 0))
    said = [*notes]
    if not known:
        said.append("no margin is known: an order counts at its whole revenue; give products.csv with cost or margin")
    noise = expected.profit - expected.profit_low
    width = float(np.sqrt(np.sum(noise**2))), float(np.sqrt(np.sum((expected.profit_high - expected.profit) ** 2)))
    profit = float(expected.profit.sum())
    return PlanDocument(
        plan=plan.id,
        as_of=snapshot.as_of.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        day=snapshot.day.isoformat(),
        currency=_code(snapshot.currency),
        objective=decision.policy.objective.value,
        total=money(cap),
        now=money(before),
        planned=money(float(planned.sum())),
        unallocated=money(max(0.0, cap - float(planned.sum()))),
        value_of_total=_round(allocation.value_of_total),
        expected=Interval(mean=money(profit), p10=money(profit - width[0]), p90=money(profit + width[1])),
        expected_now=money(float(forecast(decision.curves, np.nan_to_num(snapshot.now)).profit.sum())),
        margin_known=known,
        certificate=CertificateLine(status=allocation.certificate.status, gap=_round(allocation.certificate.gap, 12)),
        budgets=sorted(lines, key=lambda line: line.id),
        limits=_rules(decision, money),
        holds=[
            HoldLine(check=held.check, reason=held.reason, budget=None if held.budget is None else str(held.budget))
            for held in decision.held
        ],
        notes=said,
    )


class _Words:
    """Floats of one currency as decimal strings."""

    def __init__(self, currency: Currency) -> None:
        self.digits = exponent_of(currency)

    def __call__(self, amount: float) -> str:
        text = f"{amount:.{self.digits}f}"
        return text[1:] if float(text) == 0 and text.startswith("-") else text


def _round(value: float, digits: int = 6) -> float:
    return round(float(value), digits) + 0.0


def _code(currency: Currency) -> str | None:
    return None if currency == NO_CURRENCY else currency


def _planned(decision: Decision) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The planned amounts in Snapshot order and the shop's currency."""
    after = {change.budget: change.after for change in decision.plan.changes}
    snapshot = decision.snapshot
    return np.array([after[b.id].to_float() * snapshot.rate(b.currency) for b in snapshot.budgets], dtype=np.float64)


def _line(decision: Decision, index: int, expected: Any, money: _Words) -> BudgetLine:
    budget = decision.snapshot.budgets[index]
    change = next(one for one in decision.plan.changes if one.budget == budget.id)
    held = bindings(decision, index)
    state = decision.curves.state[index] if budget.status is BudgetStatus.ACTIVE else budget.status.value
    return BudgetLine(
        id=str(budget.id),
        name=budget.name,
        products=[str(product) for product in budget.products],
        channel=budget.channel,
        now=None if change.before is None else str(change.before),
        planned=str(change.after),
        difference=str(change.difference),
        currency=_code(budget.currency),
        state=state,
        marginal_return=_round(decision.allocation.marginal[index]),
        expected=Expected(
            orders=_round(expected.orders[index], 3),
            revenue=money(expected.revenue[index]),
            spend=money(expected.spend[index]),
            profit=Interval(
                mean=money(expected.profit[index]),
                p10=money(expected.profit_low[index]),
                p90=money(expected.profit_high[index]),
            ),
        ),
        reason=reason_of(decision, index, held),
        limits=[LimitLine(rule=one.rule, source=one.source, price=_round(one.price)) for one in held],
    )


def _rules(decision: Decision, money: _Words) -> list[RuleLine]:
    """Every limit once, and the cost of the few that bind hardest."""
    limits, allocation = decision.limits, decision.allocation
    lines: list[RuleLine] = []
    dearest: list[tuple[float, int, Limits]] = []
    for position, (bound, prices) in enumerate(zip(limits.bounds, allocation.bound_prices, strict=True)):
        binding = bool(np.any(np.abs(prices) > 1e-9))
        source = str(bound.source) if bound.source else None
        price = float(np.abs(prices).max(initial=0.0))
        without = Limits(limits.size, (*limits.bounds[:position], *limits.bounds[position + 1 :]), limits.limits)
        if binding and bound.priority < Priority.PLATFORM:
            dearest.append((float(np.abs(prices).sum()), len(lines), without))
        lines.append(_rule(bound.rule, source, binding, price, 0.0))
    for position, (limit, priced) in enumerate(zip(limits.limits, allocation.prices, strict=True)):
        source = str(limit.source) if limit.source else None
        without = Limits(limits.size, limits.bounds, (*limits.limits[:position], *limits.limits[position + 1 :]))
        if priced.binding and limit.priority < Priority.ABSOLUTE:
            dearest.append((abs(priced.price), len(lines), without))
        lines.append(_rule(limit.rule, source, priced.binding, priced.price, priced.relaxed))
    for _, line, without in sorted(dearest, key=lambda one: (-one[0], one[1]))[:COSTED_RULES]:
        cost = _cost(decision, without)
        if cost is not None:
            lines[line] = lines[line].model_copy(update={"cost_per_day": money(cost)})
    return lines


def _rule(rule: str, source: str | None, binding: bool, price: float, relaxed: float) -> RuleLine:
    return RuleLine(
        rule=rule,
        source=source,
        binding=binding,
        price=_round(price),
        cost_per_day=None if binding else "0",
        relaxed=_round(relaxed),
    )


def _cost(decision: Decision, without: Limits) -> float | None:
    """What the plan would gain a day without the rule; None when that cannot be solved."""
    curves, policy = decision.curves, decision.policy
    try:
        free = allocate(curves, without, policy.objective, decision.snapshot.now, policy.allocate)
    except SolveError:
        return None
    return max(0.0, free.objective - decision.allocation.objective)


def table(shown: Mapping[str, Any], width: int = 160) -> RenderableType:
    """The document for a terminal of that width, biggest change first: a table, the reasons, and the whole."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    lines = sorted(shown["budgets"], key=lambda one: (-abs(float(one["difference"])), one["id"]))
    wide = width >= WIDE
    currency = shown["currency"] or ""
    title = f"plan {shown['plan']} for {shown['day']} {currency}".rstrip()
    figures = Table(title=title, title_justify="left", show_footer=True, box=None, pad_edge=False)
    totals = {"budget": "total", "now": shown["now"], "plan": shown["planned"], "profit": shown["expected"]["mean"]}
    names = ["budget", "now", "plan", "±", "orders", "profit", "80 %", "next", "state"] if wide else _NARROW
    for name in names:
        left = name in ("budget", "state")
        figures.add_column(name, footer=totals.get(name, ""), justify="left" if left else "right", no_wrap=not left)
    for line in lines:
        profit = line["expected"]["profit"]
        cells = {
            "budget": Text(line["id"]),
            "now": line["now"] or "?",
            "plan": line["planned"],
            "±": _signed(line["difference"]),
            "orders": f"{line['expected']['orders']:.1f}",
            "profit": profit["mean"],
            "80 %": f"{profit['p10']} … {profit['p90']}",
            "next": f"{line['marginal_return']:+.2f}",
            "state": line["state"],
        }
        figures.add_row(*(cells[name] for name in names))
    reasons = Table(box=None, show_header=False, pad_edge=False)
    reasons.add_column(ratio=1)
    reasons.add_column(ratio=2)
    for line in lines:
        reasons.add_row(Text(line["id"], style="bold"), Text(line["reason"]))
    return Group(figures, Text(), reasons, Text(), Padding(Text("\n".join(_summary(shown))), 0))


def _signed(text: str) -> str:
    return "" if float(text) == 0 else text if text.startswith("-") else f"+{text}"


def _summary(shown: Mapping[str, Any]) -> list[str]:
    parts = [
        f"one more unit of the total earns {shown['value_of_total']:.2f} a day; "
        f"{shown['unallocated']} of {shown['total']} is left unspent",
        f"expected profit {shown['expected']['mean']} ({shown['expected']['p10']}…{shown['expected']['p90']}), "
        f"now {shown['expected_now']}; certificate {shown['certificate']['status']}, "
        f"gap {shown['certificate']['gap']:.1e}",
    ]
    for rule in shown["limits"]:
        if rule["binding"] and rule["cost_per_day"] not in (None, "0"):
            where = f", {rule['source']}" if rule["source"] else ""
            parts.append(f"rule {rule['rule']}{where} costs {rule['cost_per_day']} a day")
    parts += [f"HELD {hold['check']}: {hold['reason']}" for hold in shown["holds"]]
    return [*parts, *shown["notes"]]
