"""The best split that never moves, where the truth is known: what no policy could have known on the first day."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bidder.snapshot import FloatArray

__all__ = ["best_fixed"]

STEPS = 200
"""Parts in which the money above the minima is given out."""

MOST_BUDGETS = 200
"""Above so many the parts would be coarser than the budgets."""


def best_fixed(profit: Callable[[FloatArray], FloatArray], least: FloatArray, total: float) -> float | None:
    """The most that `total` a day can earn over fixed amounts of at least `least` (n,); it need not all be given out.

    `profit` takes amounts (n, k) to mean profit a day (n, k). Exact on a grid by dynamic programming, so S-curves need
    no care. None above 200 budgets, or where the minima alone pass the total.
    """
    n, free = len(least), total - float(least.sum())
    if n > MOST_BUDGETS or free < 0:
        return None
    amounts = least[:, None] + np.linspace(0.0, max(free, 0.0), STEPS + 1)[None, :]
    gains = profit(amounts)
    best = gains[0]
    for row in gains[1:]:
        best = np.array([(best[: k + 1][::-1] + row[: k + 1]).max() for k in range(STEPS + 1)])
    return float(best.max())
