"""Decisions that an event asks for by the hour, and changes that were approved beforehand for it.

A phase that begins or ends at 20:00 cannot wait for the next morning: its moment (an hour earlier for a burst) asks for
a decision of its own, once, also over a restart. Missed ones are not made up for one by one: only the newest counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from bidder.catalog import Account, Mode
from bidder.config.load import Config
from bidder.decide import Decision
from bidder.promotion import moments
from bidder.response.event_days import covered, in_force_at
from bidder.store.protocol import StoreReader

__all__ = ["DECIDED", "approved_beforehand", "due_moment", "latest_moment", "next_moment", "writing_modes"]

DECIDED = "decided_event"
"""Key of the store: the newest moment that was decided."""

LATE = timedelta(hours=6)
"""A moment so long ago waits for the day's own decision."""


def latest_moment(config: Config, now: datetime) -> datetime | None:
    """The newest moment of the calendar that is not in the future."""
    return max((at for at in moments(config.calendar.events) if at <= now), default=None)


def next_moment(config: Config, now: datetime) -> datetime | None:
    """The next moment of the calendar."""
    return min((at for at in moments(config.calendar.events) if at > now), default=None)


def due_moment(config: Config, store: StoreReader, now: datetime) -> datetime | None:
    """The moment that asks for a decision now; None when there is none, or it was made."""
    at = latest_moment(config, now)
    if at is None or now - at > LATE or store.value(DECIDED) == at.isoformat():
        return None
    return at


def writing_modes(config: Config) -> tuple[Mode, ...]:
    """The modes whose accounts are opened for writing: those that apply, and where changes are approved beforehand."""
    approved = any(event.approved for event in config.calendar.events)
    return (Mode.APPLY, Mode.PROPOSE) if approved else (Mode.APPLY,)


def approved_beforehand(decision: Decision, accounts: Sequence[Account]) -> list[str]:
    """Moves of accounts in propose mode that need no further approval: an event's goods within what was approved."""
    snapshot = decision.snapshot
    proposing = {account.id for account in accounts if account.mode is Mode.PROPOSE}
    amounts = {change.budget: change.after for change in decision.plan.changes}
    moved = {change.budget for change in decision.plan.moved}
    allowed: set[str] = set()
    for one in in_force_at(snapshot):
        most = one.promotion.approved.get(one.span.phase)
        if most is None:
            continue
        members = [snapshot.budgets[index] for index in np.flatnonzero(covered(snapshot, one.promotion)).tolist()]
        planned = sum(amounts[budget.id].to_float() * snapshot.rate(budget.currency) for budget in members)
        if planned <= most.to_float() * snapshot.rate(most.currency) + 1e-9:
            allowed.update(str(b.id) for b in members if b.id.account in proposing and b.id in moved)
    return sorted(allowed)
