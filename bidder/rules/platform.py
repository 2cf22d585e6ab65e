"""The limits that nobody writes: what a platform takes at all, and what must stay as it is today.

Added by `evaluate`. A budget stays when its last write has no known outcome, when somebody else moved it within the
last day, when a hold is on it, or when it is paused or removed: bidder pauses nothing and re-enables nothing. One that
a hold lets fall alone does not rise.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import numpy as np

from bidder.catalog import BudgetStatus
from bidder.limits import Bounds, Priority
from bidder.rules.amounts import minimums
from bidder.snapshot import Snapshot

__all__ = ["FOREIGN_REST", "platform_bounds"]

FOREIGN_REST = timedelta(hours=24)
"""A budget that somebody else moved is left alone for so long."""


def platform_bounds(snapshot: Snapshot) -> Iterable[Bounds]:
    """Minimum and maximum of each platform, then one Bounds for each reason to leave budgets as they are."""
    size = len(snapshot.budgets)
    now, least = snapshot.now, minimums(snapshot)
    unresolved = np.array([b.id in snapshot.unresolved for b in snapshot.budgets], dtype=np.bool_)
    since = [snapshot.foreign.get(b.id) for b in snapshot.budgets]
    foreign = np.array([at is not None and snapshot.as_of - at < FOREIGN_REST for at in since], dtype=np.bool_)
    idle = np.array([b.status is not BudgetStatus.ACTIVE for b in snapshot.budgets], dtype=np.bool_)
    held = np.array([b.id in snapshot.held for b in snapshot.budgets], dtype=np.bool_)
    lowers = np.array([b.id in snapshot.lowers for b in snapshot.budgets], dtype=np.bool_)
    known = ~np.isnan(now)

    stays = idle | ((unresolved | foreign | held) & known)
    lower, upper = np.where(stays, -np.inf, least), np.full(size, np.inf)
    for index, budget in enumerate(snapshot.budgets):
        if budget.maximum is not None and not stays[index]:
            upper[index] = max(budget.maximum.to_float() * snapshot.rate(budget.currency), least[index])
    yield Bounds("platform minimum and maximum", lower, upper, Priority.PLATFORM)

    reasons = (
        ("outcome of the last write not known yet", unresolved & known & ~idle),
        ("changed by somebody else within 24 h", foreign & known & ~unresolved & ~idle),
        ("held", held & known & ~unresolved & ~foreign & ~idle),
        ("paused or removed", idle),
    )
    for reason, mask in reasons:
        if mask.any():
            stay = np.where(known, now, 0.0)  # never read and not running: there is no amount to keep, none is written
            yield Bounds(reason, np.where(mask, stay, -np.inf), np.where(mask, stay, np.inf), Priority.ABSOLUTE)
    only_down = lowers & known & ~stays
    if only_down.any():
        most = np.where(only_down, now, np.inf)
        yield Bounds("held: only decreases", np.full(size, -np.inf), most, Priority.ABSOLUTE)
