"""The program that ../shared/bench/alloc_bench.py drives: `python bench/alloc_plan.py DIR` writes DIR/plan.json.

It calls the product's own estimation and optimizer with their default settings. The instance's own limits hold and no
others: one final plan is scored, so no step, no price of moving and no exploration (nothing is in force to move from).
With revealed curves (the KNOWN track) the optimizer gets those instead of an estimate.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

if __package__ in (None, ""):  # run as a file: the repository root is not on the path yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.learned import snapshot_of
from bidder.limits import Bounds, Limit, Limits, Priority, Quantity, Sense
from bidder.optimizer.allocate import AllocateSettings, allocate
from bidder.optimizer.objective import Objective
from bidder.optimizer.rounding import round_amounts
from bidder.response.curve import Curves
from bidder.response.estimate import ResponseSettings, estimate
from bidder.snapshot import FloatArray, Snapshot

__all__ = ["learned", "limits_of", "main", "plan_for"]


def learned(instance: Mapping[str, Any], folder: Path) -> tuple[Snapshot, Curves]:
    """What history.csv tells of the instance's products, by the product's own estimation."""
    snapshot = snapshot_of(instance, folder / "history.csv")
    return snapshot, estimate(snapshot, ResponseSettings())


def plan_for(instance: Mapping[str, Any], snapshot: Snapshot, curves: Curves) -> dict[str, float]:
    """Daily amounts by product id, every limit of the instance kept to the cent."""
    objective = Objective.PROFIT
    if (
        instance.get("objective", "margin") == "margin"
    ):  # spend is limited and costs nothing: money is the orders' margin
        objective, curves = Objective.REVENUE, replace(curves, revenue_per_order=curves.margin_per_order)
    limits = limits_of(instance, snapshot)
    allocation = allocate(curves, limits, objective, snapshot.now, AllocateSettings())
    amounts = round_amounts(allocation, limits, snapshot)
    return {b.id.native: amount.to_float() for b, amount in zip(snapshot.budgets, amounts, strict=True)}


def limits_of(instance: Mapping[str, Any], snapshot: Snapshot) -> Limits:
    """The total, every product's bounds, every group's cap and floor."""
    entry = {one["id"]: one for one in instance["products"]}
    rows = [entry[budget.id.native] for budget in snapshot.budgets]

    def members(group: str) -> FloatArray:
        return np.array([float(row["group"] == group) for row in rows])

    size = len(rows)
    limits = [
        Limit("total", Quantity.AMOUNT, np.ones(size), Sense.AT_MOST, float(instance["total"]), Priority.ABSOLUTE)
    ]
    for group in instance["groups"]:
        weights = members(group["id"])
        if group.get("cap") is not None:
            limits.append(
                Limit(f"cap {group['id']}", Quantity.AMOUNT, weights, Sense.AT_MOST, group["cap"], Priority.OWNER_CAP)
            )
        if group.get("floor"):
            limits.append(
                Limit(f"floor {group['id']}", Quantity.AMOUNT, weights, Sense.AT_LEAST, group["floor"], Priority.WISH)
            )
    lower = np.array([float(row["min"]) for row in rows])
    upper = np.array([float(row["max"]) for row in rows])
    return Limits(size, (Bounds("product", lower, upper, Priority.OWNER_CAP),), tuple(limits))


def main(folder: Path) -> None:
    """Reads the instance in `folder` and writes its plan.json."""
    instance = json.loads((folder / "instance.json").read_text())
    if instance.get("curves"):
        from bench.known import known

        snapshot, curves = known(instance, folder)
    else:
        snapshot, curves = learned(instance, folder)
    (folder / "plan.json").write_text(json.dumps(plan_for(instance, snapshot, curves), indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
