"""Yesterday's budgets: the shop's own habit, left alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bidder.backtest.policies.base import shared_out
from bidder.ids import BudgetId
from bidder.money import Money
from bidder.snapshot import Snapshot

__all__ = ["Keep"]


class Keep:
    """What was in force yesterday; scaled down only where it would pass the total."""

    name = "keep"
    title = "yesterday's budgets"

    def amounts(self, snapshot: Snapshot, total: Money) -> Mapping[BudgetId, Money]:
        """Nothing to set while the sum fits."""
        now = np.nan_to_num(snapshot.now)
        active = np.array([one.status == "active" for one in snapshot.budgets], dtype=np.bool_)
        if float(now[active].sum()) <= total.to_float() * (1 + 1e-12):
            return {}
        return shared_out(now, snapshot, total)
