"""What the pages of an agency ask of whoever looks after its shops (`bidder.agency.desk` answers).

What is marked *slow* runs in a thread. What changes a file is on disk, whole, when it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from bidder.errors import Fault
from bidder.explain.agency_document import ShopsDocument
from bidder.store.people import AgencyStore
from bidder.web.view import ShopView

__all__ = ["AgencyDesk", "Sees"]

Sees = Callable[[str], bool]
"""Whether a shop of that name may be seen by whoever asks."""


class AgencyDesk(Protocol):
    """Answers for all shops together. Raises BidderError with words for the person who asked."""

    @property
    def title(self) -> str:
        """How people call the agency."""
        ...

    @property
    def people(self) -> AgencyStore:
        """Who may what, and the journal of it. *Slow*."""
        ...

    def now(self) -> datetime:
        """The instant."""
        ...

    def names(self) -> Sequence[str]:
        """Every shop there is, in the order of names. *Slow*."""
        ...

    def view(self, shop: str) -> ShopView | None:
        """A shop's pages, as its store is now; None where there is no such shop. *Slow*.

        Raises ConfigError where its files have faults, BidderError where nothing was read of it yet.
        """
        ...

    def overview(self, sees: Sees) -> ShopsDocument:
        """The shops that may be seen, as they were last looked at, those that need somebody first."""
        ...

    def metrics(self, sees: Sees, accept: str) -> tuple[bytes, str]:
        """The same for Prometheus: what, and its content type. *Slow*."""
        ...

    def text(self, shop: str) -> str | None:
        """The file of a shop; None where there is none. *Slow*."""
        ...

    def check(self, shop: str, text: str) -> Sequence[Fault]:
        """What is wrong with a file that a shop might have. *Slow*."""
        ...

    def put(self, shop: str, text: str, by: str, *, instead_of: str | None) -> bool:
        """Writes a shop's file; whether the shop is a new one. *Slow*.

        Raises ConfigError, with nothing written, for faults, and UnsafePlan where the file is no longer `instead_of`
        (None: whatever it is).
        """
        ...

    def remove(self, shop: str, by: str) -> bool:
        """Takes a shop's file away and keeps it aside; its store stays. Whether there was one. *Slow*."""
        ...
