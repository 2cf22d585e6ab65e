"""The KNOWN track of ../shared/bench/alloc_bench.py: curves that the instance reveals, as the optimizer wants them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.learned import snapshot_of
from bidder.response.curve import Curves
from bidder.snapshot import FloatArray, Snapshot

__all__ = ["Revealed", "known"]

KINDS = ("hill", "exp", "power")


@dataclass(frozen=True, slots=True, eq=False)
class Revealed:
    """Orders at spend s, r = min(s, cap)/h: hill A·r^k/(1 + r^k) (an S where k > 1), exp A·(1 − e^−r), power A·r^k.

    All columns are (n,), `kind` the position in KINDS.
    """

    kind: FloatArray
    level: FloatArray
    half: FloatArray
    bend: FloatArray
    cap: FloatArray

    def orders(self, amounts: FloatArray) -> FloatArray:
        """(n, k) → (n, k)."""
        ratio = self.spend(amounts) / self.half[:, None]
        power = ratio ** self.bend[:, None]
        kind = self.kind[:, None]
        shape = np.where(kind == 0, power / (1.0 + power), np.where(kind == 1, -np.expm1(-ratio), power))
        return np.asarray(self.level[:, None] * shape)

    def spend(self, amounts: FloatArray) -> FloatArray:
        """(n, k) → (n, k): nothing above the delivery cap is spent."""
        return np.minimum(np.maximum(amounts, 0.0), self.cap[:, None])

    def clicks(self, amounts: FloatArray) -> FloatArray:
        """(n, k) → (n, k): the instance says nothing of clicks."""
        return np.zeros_like(amounts)


def known(instance: Mapping[str, Any], folder: Path) -> tuple[Snapshot, Curves]:
    """The instance's products, and their true curves."""
    snapshot = snapshot_of(instance, folder / "history.csv")
    rows = [instance["curves"][budget.id.native] for budget in snapshot.budgets]

    def column(key: str) -> FloatArray:
        return np.array([np.inf if row[key] is None else float(row[key]) for row in rows])

    size, value, cap = len(rows), column("value"), column("dcap")
    response = Revealed(
        np.array([float(KINDS.index(row["kind"])) for row in rows]), column("A"), column("h"), column("k"), cap
    )
    return snapshot, Curves(
        response=response,
        revenue_per_order=value,
        margin_per_order=value,
        scale=np.minimum(column("h"), cap),
        reach=cap,
        log_sd=np.zeros(size),
        slope_sd=np.zeros(size),
        state=("active",) * size,
        facts={},
    )
