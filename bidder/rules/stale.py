"""Accounts that live from downloaded files: after a day without a new one, steps are halved and only cuts are made.

A person downloads them, and nobody does over a weekend: so they may be three days old before the brake holds all, but
what is a day old is not good enough to raise money on (PRODUCT 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from bidder.account_day import AccountDay
from bidder.limits import Bounds, Priority
from bidder.snapshot import EPOCH_ORDINAL, Snapshot

__all__ = ["stale_bounds", "stale_files"]

FILES = "files"
"""The platform of accounts whose figures are downloaded."""


def stale_files(snapshot: Snapshot, after: timedelta) -> NDArray[np.bool_]:
    """Budgets of such accounts whose newest whole day ended longer than `after` before the decision."""
    old = set()
    history = snapshot.history
    for account in snapshot.accounts:
        if account.platform != FILES:
            continue
        mine = np.array([budget.id.account == account.id for budget in snapshot.budgets], dtype=np.bool_)
        days = history.day[mine[history.budget] & ~np.isnan(history.spend)]
        if not len(days):
            continue
        newest = AccountDay(account.timezone, date.fromordinal(int(days.max()) + EPOCH_ORDINAL))
        if snapshot.as_of - newest.end_at > after:
            old.add(account.id)
    return np.array([budget.id.account in old for budget in snapshot.budgets], dtype=np.bool_)


def stale_bounds(bounds: Sequence[Bounds], snapshot: Snapshot, after: timedelta) -> Iterable[Bounds]:
    """No raise, and half of the cut that the steps in `bounds` allow."""
    now = snapshot.now
    held = stale_files(snapshot, after) & ~np.isnan(now)
    if not held.any():
        return
    lower = np.zeros(len(now))
    for one in bounds:
        if one.priority == Priority.STEP:
            lower = np.maximum(lower, np.where(np.isfinite(one.lower), one.lower, 0.0))
    half = now - np.maximum(now - lower, 0.0) / 2
    name = f"files older than {int(after / timedelta(hours=1))} h: cuts only, steps halved"
    yield Bounds(name, np.where(held, half, -np.inf), np.where(held, now, np.inf), Priority.STEP)
