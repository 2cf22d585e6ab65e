"""What may be asked of the saved state about bids and targets: the part of StoreReader and Store that concerns them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from bidder.bidding import Lever, LeverId, LeverOutcome, LeverReport
from bidder.ids import PlanId
from bidder.money import Currency

__all__ = ["LeverMove", "LeverReader", "LeverStore"]


@dataclass(frozen=True, slots=True)
class LeverMove:
    """A write of a bid or target that was about to be sent, with what became of it.

    `before` and `after` are millionths of its unit; `status` is open, unresolved, applied or refused.
    """

    number: int
    plan: PlanId
    lever: LeverId
    before: int
    after: int
    currency: Currency
    at: datetime
    status: str = "open"


class LeverReader(Protocol):
    """Read."""

    def levers(self) -> Sequence[Lever]:
        """Each bid and target as last read from its platform, by id."""
        ...

    def lever_history(self, since: datetime) -> Sequence[tuple[LeverId, datetime, int]]:
        """Values read back since an instant, oldest first."""
        ...

    def lever_reports(self, first: date, last: date, as_of: datetime | None = None) -> Sequence[LeverReport]:
        """For each lever and account day, both days included, the newest figures seen at or before `as_of`.

        By lever and day; None means everything seen so far.
        """
        ...

    def lever_moves(self, since: datetime) -> Sequence[LeverMove]:
        """Every write begun at or after an instant, oldest first, with what became of it."""
        ...

    def open_lever_moves(self) -> Sequence[LeverMove]:
        """Writes without an outcome, or whose outcome is Unresolved: to be read back before anything else."""
        ...

    def last_lever_moves(self) -> Mapping[LeverId, int]:
        """Day (account day of the write, days since 1970-01-01) of the last Applied write of each."""
        ...


class LeverStore(LeverReader, Protocol):
    """Read and written."""

    def add_levers(self, levers: Sequence[Lever], read_at: datetime) -> None:
        """Remembers what a platform says its bids and targets are now; the history keeps changes of the value."""
        ...

    def add_lever_reports(self, reports: Sequence[LeverReport]) -> int:
        """Appends the figures that differ from the newest known of their lever and day. Returns how many."""
        ...

    def begin_lever(
        self, plan: PlanId, lever: LeverId, currency: Currency, before: int, after: int, at: datetime
    ) -> LeverMove:
        """Journals the intent and makes it durable (fsync) before it returns.

        Raises LeaseTaken, with nothing journaled, when another has taken a lease that this store took.
        """
        ...

    def finish_lever(self, move: LeverMove, outcome: LeverOutcome, at: datetime, day: int) -> None:
        """Journals what became of a write; an Unresolved one stays open until finished again."""
        ...
