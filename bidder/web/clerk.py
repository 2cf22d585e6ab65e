"""What the pages may ask of the daemon beyond its status, and what a person may tell it to do.

The daemon answers (`bidder.daemon.clerk`); a view without a clerk has pages that only show. What is marked *slow* runs
in a thread; what changes something is durable when it returns, and the journal says by whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, runtime_checkable

from pydantic import SecretStr

from bidder.apply import WriteResult
from bidder.apply_bids import BidResult
from bidder.config.load import Config
from bidder.decide import Decision
from bidder.errors import Fault
from bidder.explain.activities import ActivityAdvice
from bidder.explain.digest_document import DigestDocument
from bidder.explain.document import WhatIf
from bidder.ids import AccountId

__all__ = ["Clerk", "Staffed", "Waiting", "clerk_of"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A configuration that waits for a person's yes: the day's total before and after it."""

    digest: str
    before: float
    after: float


class Clerk(Protocol):
    """Answers and does. Raises BidderError with words for the person who asked."""

    @property
    def token(self) -> SecretStr | None:
        """Asked of whoever acts; None: nobody may, the pages only show."""
        ...

    def config(self) -> Config:
        """The configuration in force."""
        ...

    def faults(self) -> Sequence[Fault]:
        """What is wrong with the files as they are now, so that the older configuration is still in force."""
        ...

    def waiting(self) -> Waiting | None:
        """The configuration that waits for a yes. *Slow*."""
        ...

    def today(self) -> date:
        """The shop's account day."""
        ...

    def decision(self) -> Decision | None:
        """The newest decision, made again after a restart; None while nothing has been read. *Slow*."""
        ...

    def digest(self) -> DigestDocument | None:
        """Yesterday, the month, why, what to do; None while nothing has been read. *Slow*."""
        ...

    def advice(self) -> Sequence[ActivityAdvice]:
        """On each event that the shop may still join. *Slow*."""
        ...

    def what_if(self, asked: Sequence[str]) -> WhatIf | None:
        """What would be other; None while nothing has been read. Raises ConfigError, SolveError. *Slow*."""
        ...

    def manual(self) -> Sequence[AccountId]:
        """The accounts that a person types into."""
        ...

    async def approve(self, plan: str, only: Sequence[str], by: str) -> Sequence[WriteResult | BidResult]:
        """Writes the plan or some of its lines, as `bidder apply` does."""
        ...

    async def reject(self, plan: str, only: Sequence[str], by: str) -> None:
        """Refuses the plan or some of its lines, as `bidder reject` does."""
        ...

    async def anew(self, by: str) -> None:
        """Has today's plan made again at the next turn, with the configuration in force."""
        ...

    async def done(self, lines: Sequence[str], by: str) -> int:
        """Records what was typed into manual accounts, as `bidder done` does; how many."""
        ...

    async def confirm(self, digest: str, by: str) -> None:
        """Lets the waiting configuration take effect, when it is still that one."""
        ...


@runtime_checkable
class Staffed(Protocol):
    """A view with a clerk."""

    @property
    def clerk(self) -> Clerk:
        """Who answers."""
        ...


def clerk_of(view: object) -> Clerk | None:
    """The clerk of a view that has one."""
    return view.clerk if isinstance(view, Staffed) else None
