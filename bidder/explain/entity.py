"""Why one budget (or one product's budgets) gets its amount: counts → rates → curve → rules → price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bidder.decide import Decision
from bidder.errors import ConfigError, Fault
from bidder.explain.reason import bindings, reason_of
from bidder.limits import Quantity
from bidder.response.forecast import forecast
from bidder.written import did_you_mean

__all__ = ["entity_document", "entity_text"]

CURVE_POINTS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
"""Where the curve is shown: shares of the planned amount."""

WINDOW = 28
"""Days of raw counts that are always shown beside the estimates (SCIENCE 1.1)."""


def entity_document(decision: Decision, entity: str) -> Mapping[str, Any]:
    """The chain from counts to price for a budget id, or for every budget of a product.

    Raises ConfigError with the nearest names when nothing is called so.
    """
    snapshot = decision.snapshot
    found = [
        index
        for index, budget in enumerate(snapshot.budgets)
        if entity in (str(budget.id), budget.id.native, budget.name) or entity in {str(p) for p in budget.products}
    ]
    if not found:
        names = [str(budget.id) for budget in snapshot.budgets] + [str(product.id) for product in snapshot.products]
        raise ConfigError([Fault(None, f"nothing is called {entity!r}{did_you_mean(entity, names)}")])
    return {
        "entity": entity,
        "plan": decision.plan.id,
        "day": snapshot.day.isoformat(),
        "as_of": snapshot.as_of.isoformat(),
        "budgets": sorted((_budget(decision, index) for index in found), key=lambda one: str(one["id"])),
    }


def _budget(decision: Decision, index: int) -> Mapping[str, Any]:
    snapshot, curves = decision.snapshot, decision.curves
    budget = snapshot.budgets[index]
    change = next(one for one in decision.plan.changes if one.budget == budget.id)
    planned = change.after.to_float() * snapshot.rate(budget.currency)
    points = np.zeros((len(snapshot.budgets), len(CURVE_POINTS)))
    points[index] = np.array(CURVE_POINTS) * (planned or curves.scale[index])
    orders = curves.expected(Quantity.ORDERS, points)[index]
    profit = curves.expected(Quantity.PROFIT, points)[index]
    amounts = np.zeros(len(snapshot.budgets))
    amounts[index] = planned
    expected = forecast(curves, amounts)
    held = bindings(decision, index)
    return {
        "id": str(budget.id),
        "name": budget.name,
        "now": None if change.before is None else str(change.before),
        "planned": str(change.after),
        "state": curves.state[index],
        "reason": reason_of(decision, index, held),
        "counts": _counts(decision, index),
        "estimates": {name: _number(column[index]) for name, column in sorted(curves.facts.items())},
        "value": {
            "revenue_per_order": _number(curves.revenue_per_order[index]),
            "margin_per_order": _number(curves.margin_per_order[index]),
            "log_sd": _number(curves.log_sd[index]),
            "reach": _number(curves.reach[index]),
        },
        "expected": {
            "orders": _number(expected.orders[index]),
            "profit": _number(expected.profit[index]),
            "p10": _number(expected.profit_low[index]),
            "p90": _number(expected.profit_high[index]),
        },
        "curve": [
            {"amount": _number(a), "orders": _number(o), "profit": _number(p)}
            for a, o, p in zip(points[index], orders, profit, strict=True)
        ],
        "marginal_return": _number(decision.allocation.marginal[index]),
        "value_of_total": _number(decision.allocation.value_of_total),
        "limits": [
            {"rule": one.rule, "source": one.source, "side": "at most" if one.upper else "at least", "price": one.price}
            for one in held
        ],
    }


def _counts(decision: Decision, index: int) -> Mapping[str, Any]:
    """Raw sums of the last days, before any estimate."""
    history = decision.snapshot.history
    rows = (history.budget == index) & (history.day >= decision.snapshot.today - WINDOW)
    rows &= history.day < decision.snapshot.today
    names = ("impressions", "clicks", "spend", "orders", "revenue")
    sums = {name: _number(float(np.nansum(getattr(history, name)[rows]))) for name in names}
    return {"days": WINDOW, "days_reported": len(set(history.day[rows].tolist())), **sums}


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None


def entity_text(shown: Mapping[str, Any]) -> str:
    """The chain as text for a terminal."""
    return "\n\n".join(_text(one) for one in shown["budgets"])


def _text(one: Mapping[str, Any]) -> str:
    counts, value, expected = one["counts"], one["value"], one["expected"]
    lines = [
        f"{one['id']}  {one['name']}",
        f"  {one['now'] or '?'} → {one['planned']}   {one['state']}",
        f"  why      {one['reason']}",
        f"  counts   {counts['days_reported']} of {counts['days']} days: {_pairs(counts, ('days', 'days_reported'))}",
        f"  rates    {_pairs(one['estimates'])}",
        f"  value    an order brings {value['revenue_per_order']} revenue, {value['margin_per_order']} margin; "
        f"known within a factor {np.exp(1.2816 * (value['log_sd'] or 0)):.2f} (80 %)",
        f"  expects  {expected['orders']} orders, profit {expected['profit']} ({expected['p10']}…{expected['p90']})",
        "  curve    " + "  ".join(f"{p['amount']:.0f}→{p['profit']:.1f}" for p in one["curve"]) + "  (amount→profit)",
        f"  next     one more here earns {one['marginal_return']}, one more of the total {one['value_of_total']}",
    ]
    lines += [
        f"  limit    {limit['side']} by {limit['rule']} {limit['source'] or '(built in)'}, price {limit['price']:.3f}"
        for limit in one["limits"]
    ]
    return "\n".join(lines)


def _pairs(values: Mapping[str, Any], skip: Sequence[str] = ()) -> str:
    return ", ".join(f"{name} {number}" for name, number in values.items() if name not in skip and number is not None)
