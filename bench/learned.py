"""A benchmark instance of alloc_bench as the product sees a shop: instance.json and history.csv → Snapshot.

Called by :mod:`bench.alloc_plan`. Every benchmark product is one budget that advertises one product of known margin.
The history is final (nothing in it is restated later), so it counts as seen long after its last day.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bidder.catalog import Account, Budget, Product
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import Currency
from bidder.snapshot import History, Snapshot, day_number

__all__ = ["snapshot_of"]

ACCOUNT = AccountId("bench")
FINAL_AFTER = timedelta(days=30)
FIGURES = {name: name for name in ("impressions", "clicks", "spend", "orders", "revenue")} | {"amount": "budget"}


def snapshot_of(instance: Mapping[str, Any], history: Path) -> Snapshot:
    """The day after the last of `history`, everything before it known."""
    entries = instance["products"]
    place = {entry["id"]: index for index, entry in enumerate(entries)}
    currency = Currency(instance["currency"])
    with history.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["product"] in place]
    days = {text: date.fromisoformat(text) for text in {row["date"] for row in rows}}
    decided = max(days.values()) + timedelta(days=1)
    as_of = datetime.combine(decided, time.min, UTC) + FINAL_AFTER
    position = np.array([place[row["product"]] for row in rows], dtype=np.int64)
    columns: dict[str, Any] = {name: [float(row[head]) for row in rows] for name, head in FIGURES.items()}
    columns |= {
        "budget": position,
        "product": position,
        "day": [day_number(days[row["date"]]) for row in rows],
        "observed": np.full(len(rows), as_of.timestamp()),
    }
    return Snapshot.build(
        as_of=as_of,
        day=decided,
        currency=currency,
        accounts=[Account(ACCOUNT, "bench", currency, "UTC")],
        budgets=[
            Budget(BudgetId(ACCOUNT, e["id"]), e["id"], currency, products=(ProductId(e["id"]),), group=e["group"])
            for e in entries
        ],
        products=[Product(ProductId(entry["id"]), margin=entry["margin"]) for entry in entries],
        history=History.of(columns),
    )
