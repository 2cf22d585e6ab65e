"""What a stock feed that is taken for broken asks of budgets: to stay as they are. Called by `evaluate`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bidder.limits import Bounds, Priority
from bidder.snapshot import Snapshot
from bidder.watch.stock_feed import doubtful

__all__ = ["feed_holds"]


def feed_holds(snapshot: Snapshot) -> Iterable[Bounds]:
    """Such budgets stay as they are: neither cut for a stock that nobody believes, nor raised on one nobody knows."""
    held = doubtful(snapshot) & ~np.isnan(snapshot.now)
    if held.any():
        lower, upper = np.where(held, snapshot.now, -np.inf), np.where(held, snapshot.now, np.inf)
        yield Bounds("the stock feed is taken for broken: as it is", lower, upper, Priority.STEP)
