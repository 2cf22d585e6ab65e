"""What the pages see of the running daemon: enough to show it, nothing to change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, Protocol

from typing_extensions import TypedDict  # pydantic describes this one on every Python

from bidder.instrumentation import Metrics
from bidder.store.protocol import StoreReader

__all__ = ["AccountStatus", "DaemonView", "HoldStatus", "MonthStatus", "ShopView", "Status", "Todo"]


class MonthStatus(TypedDict):
    """The calendar month in the shop's time zone. Amounts are decimal strings in the shop's currency."""

    name: str
    """`2026-11`."""
    spent: str
    budget: str | None
    """None: no month's budget is configured."""
    passed: float
    """The part of the month that has passed, 0 to 1."""


class HoldStatus(TypedDict):
    """Something that keeps bidder from acting: on one budget, or on all (budget None)."""

    check: str
    reason: str
    budget: str | None


class AccountStatus(TypedDict):
    """One account as it was last polled."""

    account: str
    platform: str
    mode: str
    """observe, propose, apply or manual."""
    polled_at: str | None
    """ISO instant of the last good poll; None: never."""
    error: str | None
    """Why the last poll failed, in one line; None when it did not."""


class Todo(TypedDict):
    """Something a person should do, with what it is worth a day where that is known."""

    text: str
    worth: NotRequired[str]


class Status(TypedDict):
    """The document of `/api/v1/status`. Instants are ISO 8601 with a zone, days ISO dates, amounts decimal strings."""

    shop: str
    title: str
    """The shop's name for people; the alias where none is written."""
    currency: str
    timezone: str
    state: str
    """ACTIVE, REDUCING or HALTED."""
    reason: str
    """Why it is in that state; empty for ACTIVE."""
    day: str
    """The account day that bidder is in."""
    as_of: str | None
    """Up to when the data goes; None: nothing was read yet."""
    at: NotRequired[str]
    """The daemon's own instant: a simulated shop has a time of its own."""
    next_cycle_at: str | None
    spent_today: str | None
    """None: the platforms have not said yet."""
    day_limit: str | None
    month: MonthStatus
    holds: Sequence[HoldStatus]
    accounts: Sequence[AccountStatus]
    problems: Sequence[str]
    """What a person should know now, most urgent first: a stale source, a refused write."""
    todos: NotRequired[Sequence[Todo]]
    exchange: NotRequired[Mapping[str, float]]
    """Shop currency per unit of another."""
    unresolved: NotRequired[int]
    """How many writes have no known outcome."""
    demo: NotRequired[bool]
    """A simulated shop: the page says so."""
    version: NotRequired[str]


class ShopView(Protocol):
    """What the pages of a shop show. Called from the event loop; nothing here may block or await a poll."""

    @property
    def store(self) -> StoreReader:
        """The saved state; asked in a thread."""
        ...

    def ready(self) -> bool:
        """Started: configuration loaded, store open, first poll done."""
        ...

    def status(self) -> Status:
        """What is going on now, from memory."""
        ...

    def plan_document(self) -> Mapping[str, Any] | None:
        """The newest plan as `plan --json` prints it; None before the first."""
        ...


class DaemonView(ShopView, Protocol):
    """A running daemon (or the demo): a shop, and what watches it."""

    @property
    def metrics(self) -> Metrics:
        """Where `/metrics` reads."""
        ...

    def healthy(self) -> bool:
        """The daemon's loop turns."""
        ...
