"""How a worker works: what `bidder worker` was told, and the priorities of its jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum
from pathlib import Path

__all__ = ["Priority", "WorkerSettings"]


class Priority(IntEnum):
    """What comes first where much waits: money that is to stop, then what the rest stands on."""

    TICK = 110
    """Finding out what is due: one at a time and soon over; behind a thousand falls nothing else would be found."""
    FALLS = 100
    """Budgets that fall."""
    POLL = 60
    """Reading an account; what is sold out is stopped in it."""
    BEGIN = 50
    """Reading a shop's configuration."""
    DECIDE = 40
    LARGE = 35
    """Deciding shops that take long: after all those that do not."""
    RISES = 30
    """Budgets that rise."""
    DIGEST = 10


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """One worker of a fleet; all workers of a fleet are told the same, apart from `concurrency` and `processes`."""

    agency: Path
    """agency.yaml or its folder: which files the shops are."""
    store: str = field(repr=False)
    """The PostgreSQL database of all shops and jobs; may hold a password."""
    concurrency: int = 8
    """Jobs at once, most of which wait for a platform."""
    processes: int = 1
    """Processes that decide."""
    batch: int = 100
    """Shops decided in one job."""
    lease: timedelta = timedelta(seconds=60)
    """Without a sign of life for so long, another worker may take a shop over."""
    tick: int = 10
    """Seconds between two looks at what is due (a divisor of 60)."""
    heartbeat: timedelta = timedelta(seconds=10)
    """A worker without a sign of life for three of these is gone: its jobs are taken up by others."""
    patience: timedelta = timedelta(minutes=10)
    """What was found due and did not come to an end within this time is due again."""
    limit: timedelta = timedelta(seconds=120)
    """The longest that deciding one shop may take; a batch gets it once."""
    grace: timedelta = timedelta(seconds=30)
    """How long a worker that is told to stop waits for the jobs under way, before it hands them back."""
    rates: Mapping[str, float] = field(default_factory=dict)
    """Requests a second that a platform takes from all workers together, by the platform's word."""

    @property
    def gone(self) -> timedelta:
        """Without a heartbeat for so long, a worker is gone."""
        return 3 * self.heartbeat
