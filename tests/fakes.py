"""A platform in memory, with faults on script: an AdsReader, a ShopReader and a BudgetWriter in one.

`FakePlatform` keeps what is truly in force in `amounts`, every call in `calls`, and in `steps` for every write its
fault and the most that could be in force after it (a lost request may still land). Faults are taken from `script`, one
a write; `kill_after` ends the process (a BaseException) instead of the write after that many.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import numpy as np

from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget, BudgetStatus, Mode, Product
from bidder.errors import ConnectorError
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import Currency, Money
from bidder.performance import Observation, Performance
from bidder.plan import Applied, Outcome, Refused, Unresolved
from bidder.reports import Reports
from bidder.store import open_store
from bidder.store.protocol import Store

__all__ = [
    "CNY",
    "FakePlatform",
    "Fault",
    "Killed",
    "TickingClock",
    "an_account",
    "new_store",
    "observed",
    "removed",
    "same",
    "yuan",
]

CNY = Currency("CNY")


class Killed(BaseException):
    """The process ended here: nothing of bidder may catch it."""


class Fault(Enum):
    """What goes wrong with one write."""

    NONE = "taken"
    REFUSED = "refused, with proof"
    REFUSED_FALSELY = "refused, but taken"
    LOST_APPLIED = "taken, the reply is lost"
    LOST = "never arrived, no reply"
    IGNORED = "said to be taken, but nothing happens"
    SLOW = "taken, but the first read-back still shows the old amount"
    RAISED = "taken with ten percent more"
    HUNDREDFOLD = "taken in another unit"
    THROWS = "the connector throws, nothing arrived"
    THROWS_APPLIED = "the connector throws, but it was taken"
    UNREADABLE = "taken, but the read-back fails"
    KILLED_APPLIED = "taken, then the process ends"


def yuan(amount: str | int) -> Money:
    """An amount in CNY."""
    return Money.parse(amount, CNY)


def an_account(name: str = "ads", mode: Mode = Mode.APPLY, currency: Currency = CNY, zone: str = "UTC") -> Account:
    """An account of the fake platform."""
    return Account(AccountId(name), "fake", currency, zone, mode)


@dataclass
class TickingClock:
    """A clock that moves a second at every look, so that no two readings are of one instant."""

    now: datetime = datetime(2026, 11, 23, 6, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def observed(
    account: Account,
    day: date,
    at: datetime,
    *,
    campaign: str = "c1",
    product: str | None = None,
    impressions: int | None = 1000,
    clicks: int | None = 10,
    spend: str | None = "5",
    orders: float | None = 1.0,
    window: int | None = None,
) -> Observation:
    """A row of a report in one line; the budget has the campaign's name."""
    return Observation(
        account=account.id,
        budget=BudgetId(account.id, campaign),
        campaign=campaign,
        product=None if product is None else ProductId(product),
        day=AccountDay(account.timezone, day),
        observed_at=at,
        performance=Performance(
            impressions=impressions,
            clicks=clicks,
            spend=None if spend is None else Money.parse(spend, account.currency),
            orders=orders,
        ),
        window=window,
    )


@dataclass
class FakePlatform:
    """An account in memory. `amounts` is the truth, by the budgets' native names."""

    amounts: dict[str, Money]
    fake_account: Account = field(default_factory=an_account)
    script: deque[Fault] = field(default_factory=deque)
    kill_after: int | None = None
    products_sold: tuple[Product, ...] = ()
    rows: list[Observation] = field(default_factory=list)
    facts: dict[str, Mapping[str, object]] = field(default_factory=dict)
    """Further fields of single budgets, such as {"b1": {"step": yuan(1)}}."""
    failing: set[str] = field(default_factory=set)
    """Questions that are answered with a ConnectorError: budgets, performance, products, read."""
    calls: list[tuple[str, str, Money | None]] = field(default_factory=list)
    steps: list[tuple[Fault, int]] = field(default_factory=list)
    in_flight: dict[str, Money] = field(default_factory=dict)
    _stale: dict[str, Money] = field(default_factory=dict)
    _unreadable: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, amounts: Mapping[str, str | int], faults: Iterable[Fault] = (), **more: object) -> FakePlatform:
        """A platform with these amounts in CNY and these faults, one a write."""
        platform = cls({name: yuan(amount) for name, amount in amounts.items()}, script=deque(faults))
        for name, value in more.items():
            setattr(platform, name, value)
        return platform

    @property
    def account(self) -> Account:
        return self.fake_account

    @property
    def total(self) -> int:
        """What is truly in force, in micros."""
        return sum(amount.micros for amount in self.amounts.values())

    @property
    def worst(self) -> int:
        """What could be in force, in micros, if every lost request landed after all."""
        return sum(max(amount.micros, *self._flying(name)) for name, amount in self.amounts.items())

    def _flying(self, name: str) -> tuple[int, int]:
        return (0, self.in_flight[name].micros if name in self.in_flight else 0)

    @property
    def writes(self) -> list[tuple[str, Money]]:
        """What was asked to be set, in order."""
        return [(name, amount) for call, name, amount in self.calls if call == "set" and amount is not None]

    def id(self, name: str) -> BudgetId:
        """The id of one of its budgets."""
        return BudgetId(self.fake_account.id, name)

    def in_force(self) -> dict[BudgetId, Money]:
        """All amounts by id, as a poll would have read them."""
        return {self.id(name): amount for name, amount in self.amounts.items()}

    def edit_by_hand(self, name: str, amount: str | int) -> None:
        """Somebody else moves a budget."""
        self.amounts[name] = yuan(amount)

    def _budget(self, name: str, amount: Money) -> Budget:
        budget = Budget(self.id(name), name, self.fake_account.currency, amount)
        for fact, value in self.facts.get(name, {}).items():
            object.__setattr__(budget, fact, value)
        return budget

    def _fail(self, question: str) -> None:
        if question in self.failing:
            raise ConnectorError(self.fake_account.id, question, "no answer", error="timeout")

    async def budgets(self) -> Sequence[Budget]:
        self._fail("budgets")
        return [self._budget(name, amount) for name, amount in self.amounts.items()]

    async def performance(self, first: date, last: date) -> Reports:
        self._fail("performance")
        return Reports.of([row for row in self.rows if first <= row.day.date <= last])

    async def products(self) -> Sequence[Product]:
        self._fail("products")
        return self.products_sold

    async def read(self, budget: BudgetId) -> Budget:
        self.calls.append(("read", budget.native, None))
        self._fail("read")
        if budget.native in self._unreadable:
            self._unreadable.discard(budget.native)
            raise ConnectorError(self.fake_account.id, "read", "no answer")
        if budget.native not in self.amounts:
            raise ConnectorError(self.fake_account.id, "read", f"no such budget: {budget.native}", error="http_4xx")
        return self._budget(budget.native, self._stale.pop(budget.native, self.amounts[budget.native]))

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        if self.kill_after is not None and len(self.writes) >= self.kill_after:
            raise Killed
        self.calls.append(("set", budget.native, amount))
        fault = self.script.popleft() if self.script else Fault.NONE
        if fault in (Fault.LOST, Fault.THROWS):
            self.in_flight[budget.native] = amount
        try:
            return self._faulty(budget.native, amount, fault)
        finally:
            self.steps.append((fault, self.worst))

    def _faulty(self, name: str, amount: Money, fault: Fault) -> Outcome:
        match fault:
            case Fault.REFUSED:
                return Refused("not today")
            case Fault.LOST:
                return Unresolved("no reply")
            case Fault.IGNORED:
                return Applied(amount)
            case Fault.THROWS:
                raise ConnectionResetError("https://user:secret@platform.example")
            case Fault.SLOW:
                self._stale[name] = self.amounts[name]
            case Fault.UNREADABLE:
                self._unreadable.add(name)
        factors = {Fault.RAISED: 110, Fault.HUNDREDFOLD: 10_000}
        self.amounts[name] = Money(amount.micros * factors.get(fault, 100) // 100, amount.currency)
        match fault:
            case Fault.REFUSED_FALSELY:
                return Refused("not today")
            case Fault.LOST_APPLIED:
                return Unresolved("no reply")
            case Fault.THROWS_APPLIED:
                raise TimeoutError
            case Fault.KILLED_APPLIED:
                raise Killed
        return Applied(amount)

    async def close(self) -> None:
        return None


@cache
def empty_database() -> bytes:
    """A migrated SQLite file with nothing in it."""
    with TemporaryDirectory() as folder:
        open_store(f"sqlite:///{folder}/empty.db").close()
        return (Path(folder) / "empty.db").read_bytes()


def new_store(folder: Path) -> Store:
    """An empty store in a new file of its own: a copy of one that was migrated once, which is much faster."""
    path = folder / f"{uuid4().hex}.db"
    path.write_bytes(empty_database())
    return open_store(f"sqlite:///{path}")


def removed(platform: FakePlatform, name: str) -> None:
    """The platform still shows a budget that is gone."""
    platform.facts[name] = {"status": BudgetStatus.REMOVED}


def same(left: Reports, right: Reports) -> bool:
    """Whether two Reports hold the same rows in the same order."""
    columns = [(getattr(left, name), getattr(right, name)) for name in left.__dataclass_fields__]
    return all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f") if a.dtype.kind == b.dtype.kind else False
        for a, b in columns
    )
