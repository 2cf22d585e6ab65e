"""How much today may cost so that a plan for a period is still kept, however slowly budgets can be cut.

Called by whoever holds a plan for a period (a benchmark's, a promotion's); pure.
"""

from __future__ import annotations

import numpy as np

from bidder.snapshot import FloatArray

__all__ = ["most_today"]


def most_today(now: FloatArray, least: FloatArray, step: float, days: int, left: float) -> float:
    """The largest sum of today's amounts after which cutting by `step` a day, down to `least`, costs at most `left`.

    `now` (n,) > 0 tells how the sum is shared, `days` counts today too. 0 when even the least costs more than `left`.
    """
    keep = (1 - step) ** np.arange(max(days, 1))

    def cost(total: float) -> float:
        today = np.maximum(now * (total / now.sum()), least)
        return float(np.maximum(today[:, None] * keep, least[:, None]).sum())

    low, high = 0.0, max(left, 0.0)
    if cost(high) <= left:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if cost(middle) > left else (middle, high)
    return low
