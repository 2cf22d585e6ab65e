"""Days on which the whole shop sells unlike itself: the day of an event, the wait before it, the dip after it.

Called by :mod:`bidder.response.moving` and :mod:`bidder.optimizer.horizon`. Without events of the shop's own to learn
from, the lifts are a belief (SCIENCE 6.5), and days around an event say less about ordinary ones.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bidder.catalog import Event
from bidder.snapshot import FloatArray, IntArray, day_number

__all__ = ["lift", "unusual"]

LIFTS = {-2: 0.88, -1: 0.75, 0: 1.3, 1: 0.95, 2: 0.95}
"""Orders per click beside an ordinary day's, by days since the event: people wait, buy, and have bought."""

AROUND = 3
"""Days before and after an event that are not ordinary."""


def lift(events: Iterable[Event], days: IntArray) -> FloatArray:
    """Factor of orders per click on each of `days` (days since 1970-01-01)."""
    factor = np.ones(len(days))
    for event in events:
        since = days - day_number(event.day)
        for distance, one in LIFTS.items():
            factor[since == distance] *= one
    return factor


def unusual(events: Iterable[Event], days: IntArray) -> NDArray[np.bool_]:
    """Whether a day is near an event."""
    near = np.zeros(len(days), dtype=np.bool_)
    for event in events:
        near |= np.abs(days - day_number(event.day)) <= AROUND
    return near
