"""The same for each: what a shop does that knows nothing, and harder to beat than it looks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bidder.backtest.policies.base import shared_out
from bidder.ids import BudgetId
from bidder.money import Money
from bidder.snapshot import Snapshot

__all__ = ["Even"]


class Even:
    """The day's total in equal parts."""

    name = "even"
    title = "even split"

    def amounts(self, snapshot: Snapshot, total: Money) -> Mapping[BudgetId, Money]:
        """Equal parts, within what the platforms take."""
        return shared_out(np.ones(len(snapshot.budgets)), snapshot, total)
