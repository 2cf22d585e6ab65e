"""What is left of an order, cost line by cost line, and the ROAS at which ads neither earn nor lose.

Called for the plan's document and for `explain`. Nothing unknown is taken for zero in silence: it is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bidder.decide import Decision
from bidder.limits import Quantity
from bidder.snapshot import FloatArray

__all__ = ["break_even_of", "cost_lines", "roas_of", "unknown_costs"]

SHOWN = 5
"""Products that a sentence names before it counts the others."""

MARGIN_KNOWN = 1.0
"""`facts["margin_known"]` of a budget whose products' own margins are known."""


def roas_of(decision: Decision, amounts: FloatArray) -> FloatArray:
    """Expected revenue over expected spend of each budget at amounts (n,); NaN where nothing is spent."""
    revenue = decision.curves.expected(Quantity.REVENUE, amounts)
    spend = decision.curves.expected(Quantity.SPEND, amounts)
    result = np.full(len(amounts), np.nan)
    np.divide(revenue, spend, out=result, where=spend > 0)
    return result


def break_even_of(decision: Decision, index: int) -> float | None:
    """The ROAS of a budget at which its ads neither earn nor lose; None where its margin is unknown or not above 0."""
    curves = decision.curves
    known = curves.facts.get("margin_known")
    if known is not None and known[index] < MARGIN_KNOWN:
        return None
    margin = float(curves.margin_per_order[index])
    return float(curves.revenue_per_order[index]) / margin if margin > 0 else None


def cost_lines(decision: Decision, index: int) -> list[Mapping[str, Any]]:
    """For each product of a budget what an order brings and costs, in major units of the shop's currency."""
    products = {product.id: product for product in decision.snapshot.products}
    lines: list[Mapping[str, Any]] = []
    for name in decision.snapshot.budgets[index].products:
        product = products.get(name)
        economics = None if product is None else product.economics
        if economics is None:
            margin = None if product is None else product.margin
            lines.append(
                {
                    "product": str(name),
                    "margin": _round(margin, 4),
                    "unknown": ["price or cost"] if margin is None else [],
                }
            )
            continue
        kept = 1 - economics.return_rate
        lines.append(
            {
                "product": str(name),
                "price": _round(economics.price),
                "refunds": _round(economics.return_rate * economics.price),
                "fees": _round(kept * economics.fee_rate * economics.price),
                "cost": _round(kept * economics.cost + economics.return_rate * economics.cost * (1 - economics.resale)),
                "ship": _round(economics.ship),
                "pack": _round(economics.pack),
                "insurance": _round(economics.insurance),
                "overhead": _round(economics.overhead),
                "contribution": _round(economics.contribution),
                "margin": _round(economics.margin, 4),
                "break_even_roas": _round(economics.break_even_roas),
                "net_break_even_roas": _round(economics.net_break_even_roas),
                "unknown": list(economics.unknown),
            }
        )
    return lines


def unknown_costs(decision: Decision) -> str | None:
    """A sentence about the products of this plan whose costs are not known; None when all are."""
    advertised = {product for budget in decision.snapshot.budgets for product in budget.products}
    groups: dict[str, list[str]] = {}
    for product in decision.snapshot.products:
        if product.id in advertised and product.economics is not None and product.economics.unknown:
            groups.setdefault(", ".join(product.economics.unknown), []).append(str(product.id))
        elif product.id in advertised and product.margin is None:
            groups.setdefault("price or cost", []).append(str(product.id))
    if not groups or len(groups.get("price or cost", ())) == len(advertised):
        return None  # nothing at all is known of margins: the plan says that in a sentence of its own
    parts = []
    for names, of in sorted(groups.items(), key=lambda one: (-len(one[1]), one[0])):
        of.sort()
        more = f" and {len(of) - SHOWN} more" if len(of) > SHOWN else ""
        parts.append(f"{names} of {', '.join(of[:SHOWN])}{more}")
    return f"unknown, reckoned as no cost or as the shop's mean margin: {'; '.join(parts)}"


def _round(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits) + 0.0
