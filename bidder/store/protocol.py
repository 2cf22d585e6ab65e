"""What the rest of bidder may ask of the saved state. Who only reads holds a StoreReader.

Calls are synchronous: the daemon makes them in a thread. Every method raises StoreError when the disk or the database
fails, and then nothing may be written to a platform.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, Protocol

from bidder.activity import Activity, Pushed
from bidder.catalog import Budget, Product
from bidder.ids import BudgetId, PlanId
from bidder.money import Money
from bidder.plan import Outcome, State
from bidder.reports import Reports
from bidder.store.lever_protocol import LeverReader, LeverStore
from bidder.watch.hold import Hold

__all__ = [
    "BudgetReading",
    "FileContent",
    "Intent",
    "JournalLine",
    "Lease",
    "Store",
    "StoreReader",
    "StoredPlan",
    "Taken",
    "Write",
    "rejected_key",
]


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One line of the journal: append-only, numbered without gaps, each carrying the hash of the line before it.

    `kind` is one of: imported, polled, decided, intent, outcome, foreign_edit, state, approved, rejected, started,
    stopped, alert, note, access, refused_file, typed, bid_intent, bid_outcome, bid_foreign_edit. `facts` is JSON with
    strings, numbers, lists and objects; money as decimal strings.
    """

    number: int
    at: datetime
    kind: str
    facts: Mapping[str, Any]
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Intent:
    """A write that was about to be sent: on disk before the request leaves, closed by its Outcome."""

    number: int
    plan: PlanId
    budget: BudgetId
    before: Money
    after: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class Write(Intent):
    """An intent with what became of it: status open, unresolved, applied or refused."""

    status: str


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to be the only one (`daemon`, `write`) until an instant; the newest token is the only true one."""

    name: str
    token: int
    holder: str
    until: datetime


@dataclass(frozen=True, slots=True)
class BudgetReading:
    """A budget as it was read from a platform at an instant."""

    budget: Budget
    read_at: datetime


@dataclass(frozen=True, slots=True)
class FileContent:
    """What one file holds, and what the journal says of it."""

    facts: Mapping[str, Any]
    reports: Reports
    activity: Activity = field(default_factory=Activity.empty)
    products: Sequence[Product] = ()


Taken = Literal["accepted", "duplicate", "stale"]
"""What became of a pushed message: it said something new, nothing new, or something older than what is known."""


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A decision as it was shown: the document of `plan --json`, and what became of it."""

    id: PlanId
    decided_at: datetime
    day: str
    document: Mapping[str, Any]
    status: str
    """proposed, applied, superseded, rejected, held"""


def rejected_key(plan: PlanId) -> str:
    """Under which value the lines of a plan that a person rejected are remembered."""
    return f"rejected:{plan}"


class StoreReader(LeverReader, Protocol):
    """What plan, explain, pages and the backtest may ask."""

    def reports(self, as_of: datetime | None = None, since_day: int | None = None) -> Reports:
        """For each (account, budget, campaign, product, day, window) the newest row seen at or before `as_of`.

        None means everything seen so far. `since_day` (days since 1970-01-01) leaves older days out.
        """
        ...

    def report_versions(self, since_day: int | None = None) -> Reports:
        """Every version of every row, oldest first within its key: what was known when (for the chain ladder)."""
        ...

    def activity(self, as_of: datetime | None = None, since_day: int | None = None) -> Activity:
        """For each (source, product, traffic, day, hour) of the shop the newest figures seen at or before `as_of`."""
        ...

    def budgets(self) -> Sequence[BudgetReading]:
        """Each budget as last read from its platform."""
        ...

    def budget_history(self, since: datetime, *, standing: bool = False) -> Sequence[tuple[BudgetId, datetime, Money]]:
        """Amounts read back since an instant, oldest first: the chart of budgets over time.

        With `standing` those before it too that were in force at that instant: each budget's last.
        """
        ...

    def products(self) -> Sequence[Product]:
        """Products as last read from shop connectors."""
        ...

    def plan(self, plan: PlanId | None = None) -> StoredPlan | None:
        """That plan (a unique beginning of its id is enough), or the newest."""
        ...

    def plans(self, limit: int = 50, before: date | None = None) -> Sequence[StoredPlan]:
        """The newest plans first; `before` leaves out those of that account day and of later ones."""
        ...

    def journal(
        self, limit: int | None = None, kind: str | None = None, since: datetime | None = None
    ) -> Sequence[JournalLine]:
        """Journal lines, newest first; `since` leaves out those of before an instant."""
        ...

    def verify_journal(self) -> str | None:
        """None when the hash chain holds, else which line breaks it."""
        ...

    def open_intents(self) -> Sequence[Intent]:
        """Intents without an Outcome, or whose Outcome is Unresolved: to be read back before anything else."""
        ...

    def writes(self, since: datetime) -> Sequence[Write]:
        """Every intent begun at or after an instant, oldest first, with what became of it."""
        ...

    def holds(self, at: datetime | None = None) -> Sequence[Hold]:
        """What is held, oldest first; `at` leaves out what is over by then."""
        ...

    def lease(self, name: str) -> Lease | None:
        """The lease as it stands, expired or not."""
        ...

    def state_since(self) -> tuple[State, datetime | None, str]:
        """The state, since when, and why; ACTIVE, None, "" when never set."""
        ...

    def last_changes(self) -> Mapping[BudgetId, int]:
        """Day (account day of the write, days since 1970-01-01) of the last Applied change of each budget."""
        ...

    def changed_at(self) -> Mapping[BudgetId, datetime]:
        """Instant of the last Applied change of each budget."""
        ...

    def state(self) -> State:
        """ACTIVE, REDUCING or HALTED; ACTIVE when never set."""
        ...

    def value(self, key: str) -> Any:
        """A small JSON value remembered across restarts; None when absent."""
        ...

    def as_one(self) -> AbstractContextManager[None]:
        """While it lasts, this thread's reads are of one state of the store; and cheaper, being begun once."""
        ...

    def close(self) -> None:
        """Releases the connection."""
        ...


class Store(StoreReader, LeverStore, Protocol):
    """Adds the writes. Only `poll`, `apply`, `cycle` and the commands that change state hold one."""

    def add_reports(self, reports: Reports) -> int:
        """Appends the rows whose figures differ from the newest known row of their key, in one transaction.

        Returns how many were new. A row with the same figures as the newest adds nothing, so importing twice is safe.
        """
        ...

    def import_files(self, files: Sequence[FileContent], at: datetime) -> Sequence[int]:
        """Adds what whole files hold, each with its journal line `imported`, in one transaction: all or nothing.

        The line has the file's facts and `new_rows`. Returns how many rows of each file were new. Of a product only
        what the file says is renewed (its stock, its cost).
        """
        ...

    def add_activity(self, activity: Activity) -> int:
        """Appends the rows of the shop's activity whose figures differ from the newest known. Returns how many."""
        ...

    def add_events(self, events: Sequence[Pushed], at: datetime) -> Sequence[Taken]:
        """Takes pushed messages, in one transaction; gives for each whether it said something new.

        The same message again changes nothing, whatever the order in which messages arrive.
        """
        ...

    def forget_events(self, before_day: int) -> None:
        """Forgets by which messages older days came about; their figures stay."""
        ...

    def add_budgets(self, budgets: Sequence[Budget], read_at: datetime) -> None:
        """Remembers what a platform says its budgets are now; the history keeps changes of the amount."""
        ...

    def add_products(self, products: Sequence[Product], read_at: datetime) -> None:
        """Remembers the newest facts of products."""
        ...

    def append(self, kind: str, at: datetime, **facts: Any) -> JournalLine:
        """Appends a journal line durably (on disk when this returns)."""
        ...

    def save_plan(self, plan: StoredPlan) -> None:
        """Saves a decided plan (again: overwrites its status only)."""
        ...

    def decide_once(
        self, key: str, said: Any, plan: StoredPlan, at: datetime, facts: Mapping[str, Any], values: Mapping[str, Any]
    ) -> bool:
        """Saves a plan with its journal line `decided`, makes older proposals superseded and remembers `values`.

        All in one transaction, and only where `key` does not say `said` (the account day) already: False then. Raises
        LeaseTaken, with nothing saved, when another has taken a lease that this store took.
        """
        ...

    def begin(self, plan: PlanId, budget: BudgetId, before: Money, after: Money, at: datetime) -> Intent:
        """Journals the intent and makes it durable (fsync) before it returns.

        Raises LeaseTaken, with nothing journaled, when another has taken a lease that this store took.
        """
        ...

    def finish(self, intent: Intent, outcome: Outcome, at: datetime, day: int) -> None:
        """Journals what became of an intent; an Unresolved one stays open until finished again."""
        ...

    def set_state(self, state: State, at: datetime, reason: str) -> None:
        """Changes the state, with its journal line."""
        ...

    def set_value(self, key: str, value: Any) -> None:
        """Remembers a small JSON value."""
        ...

    def take_lease(
        self,
        name: str,
        holder: str,
        at: datetime,
        lasting: timedelta,
        gone: Callable[[str], bool] = lambda holder: False,  # noqa: ARG005 - nobody is known to have ended
    ) -> Lease:
        """Becomes the only one; from then on `begin` asks whether it still is. Raises LeaseTaken.

        `gone` says of a holder that it is known to have ended: its lease is not waited for.
        """
        ...

    def renew_lease(self, name: str, at: datetime, lasting: timedelta) -> Lease:
        """Keeps a lease that this store took. Raises LeaseTaken when another has it."""
        ...

    def release_lease(self, name: str) -> None:
        """Lets others take it; nothing when this store does not hold it."""
        ...

    def check_leases(self) -> None:
        """Raises LeaseTaken when another has taken a lease that this store took."""
        ...

    def see_holds(
        self, seen: Sequence[Hold], at: datetime, checks: Collection[str]
    ) -> tuple[Sequence[Hold], Sequence[Hold]]:
        """Makes `seen` the findings of `checks`, each change journaled; gives what began and what ended by itself."""
        ...

    def end_holds(self, item: str, at: datetime, reason: str) -> Sequence[Hold]:
        """Ends the holds of an item by hand; the same finding does not come back within a day."""
        ...

    def set_plan_status(self, statuses: Collection[str], status: str, but: PlanId) -> int:
        """Gives every plan of these statuses, except one, another status; how many."""
        ...
