"""A campaign's day by its products, such that totals stay exactly those of the campaign.

For platforms that report products apart. What their rows lack of the campaign's, or have too much (they are rounded
each, or of a moment later), goes to the one that cost most; where that would be more than a little, the campaign's row
stays as it is. There is never a row for the rest: readers take product rows where a budget has any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bidder.money import Money
from bidder.performance import Observation

__all__ = ["LITTLE", "divided"]

LITTLE = 0.05
"""So much of the campaign's spend may be moved between its products."""

_FIGURES = ("impressions", "clicks", "spend", "orders", "units", "revenue")


def divided(whole: Observation, parts: Sequence[Observation]) -> list[Observation]:
    """The parts, made to sum to the whole; the whole alone where they do not fit it, know less, or come twice."""
    products = [part.product for part in parts]
    spend = whole.performance.spend
    if not parts or spend is None or None in products or len(set(products)) != len(products):
        return [whole]
    costs = [-1 if part.performance.spend is None else part.performance.spend.micros for part in parts]
    if min(costs) < 0 or abs(spend.micros - sum(costs)) > LITTLE * spend.micros:
        return [whole]
    largest = costs.index(max(costs))
    changed: dict[str, Any] = {}
    for name in _FIGURES:
        rest, values = getattr(whole.performance, name), [getattr(part.performance, name) for part in parts]
        if any((value is None) != (rest is None) for value in values):
            return [whole]
        if rest is None:
            continue
        for value in (*values[:largest], *values[largest + 1 :]):
            rest = rest - value
        if (rest.micros if isinstance(rest, Money) else rest) < 0:
            return [whole]
        changed[name] = rest
    filled = replace(parts[largest], performance=replace(parts[largest].performance, **changed))
    found = [filled if place == largest else part for place, part in enumerate(parts)]
    return [replace(part, budget=whole.budget, name=whole.name or part.name) for part in found]
