"""The platform's side in a contract case of bids and targets: what a connector's tests have to build beside budgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from bidder.bidding import LeverId
from bidder.performance import Performance
from bidder.testing.platform import FakePlatform

__all__ = ["FakeLevers", "LeverRow"]


@dataclass(frozen=True, slots=True)
class LeverRow:
    """One line of a planted report on bids. Fields that the platform does not tell are None."""

    day: date
    lever: LeverId
    performance: Performance
    rank: float | None = None
    share: float | None = None
    top_share: float | None = None


class FakeLevers(FakePlatform, Protocol):
    """The platform's side of one account with bids or targets, at least three that are active and have a value."""

    @property
    def levers(self) -> Sequence[LeverId]:
        """Those that are active and have a value of their own; the first is the one that cases write."""
        ...

    @property
    def inheriting(self) -> LeverId | None:
        """One without a value of its own, where the platform has such."""
        ...

    @property
    def figured(self) -> Sequence[LeverId]:
        """Those that reports tell figures of (a platform may tell them by keyword only)."""
        ...

    def lever_in_force(self, lever: LeverId) -> int:
        """The value that is really in force, past the connector, in millionths of its unit."""
        ...

    def edit_lever(self, lever: LeverId, value: int) -> None:
        """Somebody else sets it."""
        ...

    def lever_active(self, lever: LeverId) -> bool:
        """Whether it takes part, past the connector."""
        ...

    def pause_lever(self, lever: LeverId) -> None:
        """Somebody else pauses it, or what it belongs to."""
        ...

    def remove_lever(self, lever: LeverId) -> None:
        """Somebody else removes it."""
        ...

    def report_levers(self, rows: Sequence[LeverRow]) -> None:
        """From now on the platform's whole report on bids is these rows."""
        ...
