"""Why one budget (or one product's budgets) gets its amount: counts → rates → curve → rules → price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bidder.decide import Decision
from bidder.errors import ConfigError, Fault
from bidder.explain.economy import break_even_of, cost_lines, roas_of
from bidder.explain.reason import bindings, reason_of
from bidder.limits import Quantity
from bidder.response.forecast import Z_80, forecast
from bidder.written import did_you_mean

__all__ = ["entity_document"]

CURVE_POINTS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
"""Where the curve is shown: shares of the planned amount; the amount in force is shown too."""

WINDOW = 28
"""Days of raw counts that are always shown beside the estimates (SCIENCE 1.1)."""


def entity_document(decision: Decision, entity: str) -> Mapping[str, Any]:
    """The chain from counts to price for a budget id, or for every budget of a product.

    Money is numbers in the shop's currency, the amounts in the budget's own as decimal strings. Raises ConfigError with
    the nearest names when nothing is called so.
    """
    snapshot = decision.snapshot
    named = {str(product.id) for product in snapshot.products if entity in (str(product.id), product.name)}
    found = [
        index
        for index, budget in enumerate(snapshot.budgets)
        if entity in (str(budget.id), budget.id.native, budget.name) or named & {str(p) for p in budget.products}
    ]
    if not found:
        if named:
            raise ConfigError([Fault(None, f"no budget advertises {entity!r}: there is nothing to explain")])
        names = [text for budget in snapshot.budgets for text in (str(budget.id), budget.id.native, budget.name)]
        names += [text for product in snapshot.products for text in (str(product.id), product.name) if text]
        raise ConfigError([Fault(None, f"nothing is called {entity!r}{did_you_mean(entity, names)}")])
    return {
        "entity": entity,
        "plan": decision.plan.id,
        "day": snapshot.day.isoformat(),
        "as_of": snapshot.as_of.isoformat(),
        "objective": decision.policy.objective.value,
        "budgets": sorted((_budget(decision, index) for index in found), key=lambda one: str(one["id"])),
    }


def _budget(decision: Decision, index: int) -> Mapping[str, Any]:
    snapshot, curves = decision.snapshot, decision.curves
    budget = snapshot.budgets[index]
    change = next(one for one in decision.plan.changes if one.budget == budget.id)
    planned = change.after.to_float() * snapshot.rate(budget.currency)
    amounts = np.zeros(len(snapshot.budgets))
    amounts[index] = planned
    expected = forecast(curves, amounts)
    held = bindings(decision, index)
    counts = _counts(decision, index)
    spread = float(np.exp(Z_80 * curves.log_sd[index]))
    return {
        "id": str(budget.id),
        "name": budget.name,
        "products": [str(product) for product in budget.products],
        "now": None if change.before is None else str(change.before),
        "planned": str(change.after),
        "difference": str(change.difference),
        "state": curves.state[index],
        "reason": reason_of(decision, index, held),
        "holds": [f"{one.check}: {one.reason}" for one in decision.held if one.budget in (None, budget.id)],
        "counts": counts,
        "rates": _rates(decision, index, counts),
        "estimates": {name: _number(column[index]) for name, column in sorted(curves.facts.items())},
        "value": {
            "revenue_per_order": _number(curves.revenue_per_order[index]),
            "margin_per_order": _number(curves.margin_per_order[index]),
            "log_sd": _number(curves.log_sd[index]),
            "known_within": _number(spread),
            "usual_spend": _number(curves.scale[index]),
            "reach": _number(curves.reach[index]),
        },
        "economics": cost_lines(decision, index),
        "roas": {
            "expected": _number(roas_of(decision, amounts)[index]),
            "break_even": break_even_of(decision, index),
        },
        "expected": {
            "orders": _number(expected.orders[index]),
            "spend": _number(expected.spend[index]),
            "profit": _number(expected.profit[index]),
            "p10": _number(expected.profit_low[index]),
            "p90": _number(expected.profit_high[index]),
        },
        "curve": _curve(decision, index, planned),
        "marginal_return": _number(decision.allocation.marginal[index]),
        "value_of_total": _number(decision.allocation.value_of_total),
        "limits": [
            {"rule": one.rule, "source": one.source, "side": "at most" if one.upper else "at least", "price": one.price}
            for one in held
        ],
    }


def _curve(decision: Decision, index: int, planned: float) -> list[Mapping[str, Any]]:
    """Orders and profit at amounts around the planned one; `at` says which is the plan's and which is in force."""
    snapshot, curves = decision.snapshot, decision.curves
    now = float(snapshot.now[index])
    marks = {round(planned, 6): "planned"} if planned > 0 else {}
    if np.isfinite(now) and now > 0:
        marks[round(now, 6)] = "now, planned" if round(now, 6) in marks else "now"
    middle = planned if planned > 0 else float(curves.scale[index])
    # a point beside the plan or today's amount says what that one says
    spread = [part * middle for part in CURVE_POINTS]
    shown = [one for one in spread if all(abs(one - mark) > 0.06 * middle for mark in marks)]
    points = np.array(sorted([*marks, *shown]))
    table = np.zeros((len(snapshot.budgets), len(points)))
    table[index] = points
    orders = curves.expected(Quantity.ORDERS, table)[index]
    profit = curves.expected(Quantity.PROFIT, table)[index]
    return [
        {"amount": _number(a), "orders": _number(o), "profit": _number(p), "at": marks.get(round(float(a), 6))}
        for a, o, p in zip(points, orders, profit, strict=True)
    ]


def _counts(decision: Decision, index: int) -> Mapping[str, Any]:
    """Raw sums of the last days, before any estimate; null where no day says it."""
    history = decision.snapshot.history
    rows = (history.budget == index) & (history.day >= decision.snapshot.today - WINDOW)
    rows &= history.day < decision.snapshot.today

    def total(name: str) -> float | None:
        column = getattr(history, name)[rows]
        return _number(float(np.nansum(column))) if np.isfinite(column).any() else None

    sums = {name: total(name) for name in ("impressions", "clicks", "spend", "orders", "revenue")}
    return {"days": WINDOW, "days_reported": len(set(history.day[rows].tolist())), **sums}


def _rates(decision: Decision, index: int, counts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Each rate raw over 28 days, raw over all days looked at, and as believed, with its 80 % interval where known."""
    facts = {name: float(column[index]) for name, column in decision.curves.facts.items()}

    def row(name: str, over: str, under: str, believed: str, low: str = "", high: str = "") -> Mapping[str, Any]:
        top, bottom = counts[over], counts[under]
        raw = facts.get(f"{believed}_raw") if believed != "aov" else _ratio(facts.get("revenue"), facts.get("orders"))
        return {
            "rate": name,
            "raw_28": _ratio(top, bottom),
            "raw": None if raw is None else _number(raw),
            "believed": _number(facts[believed]) if believed in facts else None,
            "low": _number(facts[low]) if low in facts else None,
            "high": _number(facts[high]) if high in facts else None,
        }

    return [
        row("ctr", "clicks", "impressions", "ctr"),
        row("cpc", "spend", "clicks", "cpc"),
        row("cvr", "orders", "clicks", "cvr", "cvr_low", "cvr_high"),
        row("aov", "revenue", "orders", "aov"),
        row("roas", "revenue", "spend", "roas"),
    ]


def _ratio(over: float | None, under: float | None) -> float | None:
    return None if over is None or not under else _number(over / under)


def _number(value: float) -> float | None:
    return round(float(value), 6) + 0.0 if np.isfinite(value) else None
