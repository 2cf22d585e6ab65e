"""The platform activity (大促) of a day: the one place where rules ask the calendar.

No calendar is read yet: every day is an ordinary one. Whoever adds it fills the Snapshot and answers here; the names
`event.name` and `event.phase`, `tacos`, `holdout` and `budget: {multiply}` then follow.
"""

from __future__ import annotations

from bidder.snapshot import Snapshot

__all__ = ["event_name", "event_near", "event_phase"]


def event_name(snapshot: Snapshot) -> str:  # noqa: ARG001 - the answer will be in it
    """The activity of the decided day; empty on ordinary days."""
    return ""


def event_phase(snapshot: Snapshot) -> str:  # noqa: ARG001 - the answer will be in it
    """Its phase; empty on ordinary days."""
    return ""


def event_near(snapshot: Snapshot, days: int) -> bool:  # noqa: ARG001 - the answer will be in it
    """Whether an activity falls on the decided day or within so many days of it."""
    return False
