"""What can be wrong, how urgent it is, and what a message is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

__all__ = ["KINDS", "Kind", "Level", "Message", "Status", "Trouble"]


class Level(StrEnum):
    """How urgent a message is (written in YAML)."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Higher is more urgent."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of trouble is told.

    `wait`: it must last so long before it is said. `night`: it is said in quiet hours too. `lasting`: its end is said;
    one that does not last is said once. `again`: still there after so long, it is said once more, as critical; None
    never.
    """

    level: Level
    wait: timedelta = timedelta()
    night: bool = False
    lasting: bool = True
    again: timedelta | None = None


_HOUR = timedelta(hours=1)

KINDS: Mapping[str, Kind] = {
    "overspend": Kind(Level.CRITICAL, night=True, lasting=False),
    "over_plan": Kind(Level.WARNING, lasting=False),
    "spike": Kind(Level.CRITICAL, night=True),
    "sold_out": Kind(Level.CRITICAL, night=True, again=24 * _HOUR),
    "stock_feed": Kind(Level.WARNING, again=24 * _HOUR),
    "unresolved": Kind(Level.CRITICAL, timedelta(minutes=10), again=4 * _HOUR),
    "stale": Kind(Level.WARNING, again=24 * _HOUR),
    "tracking": Kind(Level.CRITICAL, again=24 * _HOUR),
    "overlap": Kind(Level.WARNING, again=7 * 24 * _HOUR),
    "conversion": Kind(Level.WARNING, lasting=False),
    "refund": Kind(Level.WARNING, lasting=False),
    "month": Kind(Level.WARNING, _HOUR),
    "month_slow": Kind(Level.INFO, 24 * _HOUR, lasting=False),
    "halted": Kind(Level.CRITICAL, timedelta(minutes=5), again=24 * _HOUR),
    "no_plan": Kind(Level.WARNING, again=24 * _HOUR),
    "config": Kind(Level.WARNING),
    "foreign": Kind(Level.WARNING, lasting=False),
    "bids_unknown": Kind(Level.WARNING, timedelta(minutes=10), again=24 * _HOUR),
    "bids_foreign": Kind(Level.INFO, lasting=False),
    "approval": Kind(Level.INFO, lasting=False),
}
"""In the order in which they are said."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong now. `subject` tells it from others of its kind, and stays the same while it lasts.

    `facts` are JSON: what `words` puts into the sentence. `muted`: it is there, but another trouble says it already.
    """

    kind: str
    subject: str
    since: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    level: Level | None = None
    """None: that of its kind."""
    muted: bool = False


Status = Literal["firing", "again", "resolved"]


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said: the troubles of one kind that began, still last, or ended. Most important first."""

    status: Status
    kind: str
    level: Level
    subjects: tuple[str, ...]
    facts: tuple[Mapping[str, Any], ...]
    since: datetime
    at: datetime
