"""What the phases of an event ask of its goods' budgets, whatever the rules say of ordinary days (OPERATOR 3).

Called by `evaluate`. In `store_up`, `presale` and `preheat` orders hold back: nothing is cut for it, and floors that
judge by orders do not hold. In a phase that draws on a purse no step brakes a raise. In `recover` amounts come back to
those before the event in three steps, and none is cut below them because demand is emptied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bidder.limits import Bounds, Priority
from bidder.response.event_days import instant_of, recovering, waiting
from bidder.rules.base import Kind
from bidder.rules.cpa import Cpa
from bidder.rules.multiples import Multiples
from bidder.rules.reference import MOST, Reference
from bidder.rules.roas import MarginalRoas, Roas
from bidder.snapshot import Snapshot

__all__ = ["JUDGES", "event_bounds", "without_brake"]

JUDGES: tuple[type[Kind], ...] = (Roas, MarginalRoas, Cpa)
"""Words that judge by orders: they mean no budget whose orders hold back."""


def event_bounds(multiples: Multiples, reference: Reference) -> Iterator[Bounds]:
    """No cut while orders hold back or demand is emptied; the way back after an event."""
    snapshot = multiples.snapshot
    if not snapshot.calendar:
        return
    now = snapshot.now
    known, open_ = ~np.isnan(now), np.inf
    kept = np.minimum(now, reference.amounts)
    for name, members in (
        ("orders hold back before an event: no cut", waiting(snapshot)),
        ("demand is emptied after an event: no cut", recovering(snapshot)),
    ):
        held = members & known
        if held.any():
            yield Bounds(name, np.where(held, kept, -open_), np.full(len(now), open_), Priority.STEP)
    back = multiples.coming_back(instant_of(snapshot)) & known
    if back.any():
        amounts = reference.amounts
        lower, upper = np.where(back, amounts, -open_), np.where(back, amounts, open_)
        yield Bounds("back to the amounts before the event", lower, upper, Priority.STEP)


def without_brake(bounds: Sequence[Bounds], members: NDArray[np.bool_], snapshot: Snapshot) -> list[Bounds]:
    """The same bounds; the upper side of steps is open for budgets that a purse pays for, up to three times a day."""
    if not members.any():
        return list(bounds)
    highest = np.where(np.isnan(snapshot.now), np.inf, MOST * snapshot.now)
    return [
        replace(one, upper=np.where(members & np.isfinite(one.upper), np.maximum(one.upper, highest), one.upper))
        if one.priority == Priority.STEP
        else one
        for one in bounds
    ]
