"""The platform's side in a contract case: what a connector's tests have to build."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from unittest import SkipTest

from bidder.catalog import Account, BudgetStatus
from bidder.connectors.protocol import AdsReader, BudgetWriter, ShopReader
from bidder.ids import BudgetId, ProductId
from bidder.money import Money
from bidder.performance import Performance

__all__ = ["FakePlatform", "NotOffered", "ReadFault", "Row", "WriteFault"]


class NotOffered(SkipTest):
    """Raised by a handle that this platform cannot have; the case is skipped and says so."""


class WriteFault(StrEnum):
    """What the next write meets."""

    LOST_REPLY = "lost_reply"
    """It is done; the reply never comes."""
    LOST_REQUEST = "lost_request"
    """It never arrives."""
    ERROR_APPLIED = "error_applied"
    """It is done, and answered with a server error."""
    ERROR_UNAPPLIED = "error_unapplied"
    """It is not done, and answered with the same server error."""
    SILENT_NOOP = "silent_noop"
    """It is not done, and answered as if it were."""
    RAISED = "raised"
    """More than asked is set, and answered as if it were right."""
    UNREADABLE_REPLY = "unreadable_reply"
    """It is done, and answered with something that is no reply."""
    THROTTLED = "write_throttled"
    """It is not done: too many requests."""
    EXPIRED = "write_expired"
    """It is not done: the access token is no longer good. Once."""
    PARTIAL = "partial"
    """It is not done, and answered with the status of a success and an error inside."""


class ReadFault(StrEnum):
    """What the next read meets."""

    ERROR = "read_error"
    THROTTLED = "read_throttled"
    CUT = "read_cut"
    UNREADABLE = "read_unreadable"
    RESHAPED = "read_reshaped"
    """A field that the connector needs has another name."""
    MISSING_ROWS = "missing_rows"
    """Fewer rows come than the reply says there are (a page that comes back empty)."""
    THROTTLED_LONG = "throttled_long"
    """Too many requests; come again in an hour, by the platform's own signal."""
    NOT_READY = "not_ready"
    """The report is not made yet."""
    PAGE = "page"
    """A page of HTML with the status of a success."""
    EXPIRED = "expired"
    """The access token is no longer good. Once."""
    REFUSED = "refused"
    """The access token is no longer good, and another is not given, from now on."""
    ENDED = "ended"
    """The API's version has ended."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a planted report. All fields of `performance` are given."""

    day: date
    budget: BudgetId
    product: ProductId | None
    performance: Performance


class FakePlatform(Protocol):
    """The platform's side of one account, with handles. At least two of its budgets are active."""

    @property
    def account(self) -> Account:
        """The account with the platform's currency and zone."""
        ...

    @property
    def budgets(self) -> Sequence[BudgetId]:
        """Its active budgets."""
        ...

    @property
    def mutations(self) -> int:
        """How many requests that would change something have left the connector."""
        ...

    async def start(self) -> None:
        """Opens what is needed."""
        ...

    async def close(self) -> None:
        """Gives it back."""
        ...

    def reader(self) -> AdsReader:
        """A reader of this platform."""
        ...

    def writer(self) -> BudgetWriter:
        """A writer to this platform."""
        ...

    def shop(self) -> ShopReader | None:
        """The shop behind it, if the connector reads one."""
        ...

    def product(self, budget: BudgetId) -> ProductId | None:
        """A product that rows of this budget may name."""
        ...

    def now(self) -> datetime:
        """The instant at which the connector believes to read."""
        ...

    def advance(self, to: datetime) -> None:
        """Lets time pass."""
        ...

    def report(self, rows: Sequence[Row]) -> None:
        """From now on the platform's whole report is these rows."""
        ...

    def in_force(self, budget: BudgetId) -> Money:
        """The amount that is really in force, past the connector."""
        ...

    def status(self, budget: BudgetId) -> BudgetStatus:
        """The status that is really in force, past the connector."""
        ...

    def edit(self, budget: BudgetId, amount: Money) -> None:
        """Somebody else sets a budget."""
        ...

    def set_status(self, budget: BudgetId, status: BudgetStatus) -> None:
        """Somebody else pauses or removes what the budget belongs to."""
        ...

    def fail_next_read(self, fault: ReadFault) -> None:
        """The next read meets this."""
        ...

    def fail_next_write(self, fault: WriteFault) -> None:
        """The next write meets this."""
        ...
