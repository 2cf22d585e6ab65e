"""A campaign's day by its products, such that totals stay those of the campaign.

For platforms that report products apart: what their rows leave of the campaign's is a row without a product, and rows
that exceed the campaign's are not believed at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bidder.money import Money
from bidder.performance import Observation, Performance

__all__ = ["divided"]

_FIGURES = ("impressions", "clicks", "spend", "orders", "units", "revenue")


def divided(whole: Observation, parts: Sequence[Observation]) -> list[Observation]:
    """The parts and what they leave of the whole; the whole alone where they are more than it, or know less of it."""
    left = _less(whole.performance, [part.performance for part in parts]) if parts else None
    if left is None:
        return [whole]
    found = [replace(part, budget=whole.budget, name=whole.name or part.name) for part in parts]
    if any(getattr(left, name) for name in _FIGURES):  # Money of nothing is false, too
        found.append(replace(whole, performance=left))
    return found


def _less(whole: Performance, parts: Sequence[Performance]) -> Performance | None:
    left: dict[str, Any] = {}
    for name in _FIGURES:
        rest = getattr(whole, name)
        if rest is None:
            continue
        for part in parts:
            value = getattr(part, name)
            if value is None:
                return None
            rest = rest - value
        if (rest.micros if isinstance(rest, Money) else rest) < 0:
            return None
        left[name] = rest
    return Performance(**left)
