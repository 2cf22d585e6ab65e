"""The cautious mode: while forecasts are far off, no budget moves by more than a tenth a day (FAILURES 39)."""

from __future__ import annotations

import numpy as np

from bidder.limits import Bounds, Priority
from bidder.snapshot import Snapshot

__all__ = ["CAUTIOUS", "CAUTIOUS_STEP", "cautious_bounds"]

CAUTIOUS = "cautious: forecasts were far off"
"""The name of the bounds: nobody's rule."""
CAUTIOUS_STEP = 0.10


def cautious_bounds(snapshot: Snapshot) -> Bounds:
    """A tenth around the amounts in force; where one was never read there is no step."""
    now = snapshot.now
    known = ~np.isnan(now)
    lower = np.where(known, now * (1 - CAUTIOUS_STEP), -np.inf)
    return Bounds(CAUTIOUS, lower, np.where(known, now * (1 + CAUTIOUS_STEP), np.inf), Priority.STEP)
