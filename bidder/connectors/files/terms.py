"""Search terms that cost money and sold nothing: what a report by term is good for. None of it is stored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bidder.connectors.files.report import FileReport
from bidder.money import MICROS
from bidder.reports import UNKNOWN_MICROS, Reports

__all__ = ["without_orders"]

SHOWN = 10
"""Terms that are named, the dearest first."""


def without_orders(report: FileReport) -> FileReport:
    """The report with a note of its dearest terms without an order, and nothing to store."""
    rows = report.reports
    cost: dict[str, int] = {}
    sold: set[str] = set()
    for term, spend, orders in zip(rows.product.tolist(), rows.spend.tolist(), rows.orders.tolist(), strict=True):
        cost[term] = cost.get(term, 0) + (0 if spend == UNKNOWN_MICROS else spend)
        if np.isnan(orders) or orders > 0:
            sold.add(term)
    wasted = sorted((term for term in cost if term not in sold and cost[term]), key=lambda term: (-cost[term], term))
    total = sum(cost[term] for term in wasted) / MICROS
    named = ", ".join(f"{term} {cost[term] / MICROS:,.2f}" for term in wasted[:SHOWN])
    note = f"{len(wasted)} search terms cost {total:,.2f} and sold nothing" + (
        f"; the dearest: {named}" if named else ""
    )
    return replace(report, reports=Reports.of([]), notes=(note, *report.notes))
