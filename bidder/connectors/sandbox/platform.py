"""One simulated platform account as a whole: what bidder sees of it, and the handles that only a demo or a test has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget, BudgetStatus, Product
from bidder.connectors.sandbox import parse
from bidder.connectors.sandbox.client import Client
from bidder.connectors.sandbox.score import Score, score_steps
from bidder.connectors.sandbox.server import Server
from bidder.connectors.sandbox.settings import SandboxSettings
from bidder.connectors.sandbox.state import FileKeeper, Keeper, MemoryKeeper, State
from bidder.connectors.sandbox.write import SandboxWriter
from bidder.ids import BudgetId
from bidder.money import Currency, Money, minor_unit
from bidder.reports import Reports

__all__ = ["Sandbox", "SandboxReader", "SandboxShop"]


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class SandboxReader:
    """Reads the account's budgets and reports."""

    def __init__(self, client: Client, account: Account) -> None:
        self._client = client
        self._account = account

    @property
    def account(self) -> Account:
        """The account, with the platform's currency and zone."""
        return self._account

    async def budgets(self) -> Sequence[Budget]:
        """Every budget with the amount in force now. Raises ConnectorError."""
        return parse.budgets(await self._client.campaigns(), self._account)

    async def performance(self, first: date, last: date) -> Reports:
        """Figures per campaign and account day, both included, as known now; of the running day, so far."""
        return parse.reports(await self._client.report(first, last), self._account)

    async def close(self) -> None:
        """Nothing is held."""


class SandboxShop:
    """Reads the shop behind the account."""

    def __init__(self, client: Client, account: Account) -> None:
        self._client = client
        self._account = account

    @property
    def account(self) -> Account:
        """The account that the shop stands behind."""
        return self._account

    async def products(self) -> Sequence[Product]:
        """Every product with price, cost, margin and stock. Raises ConnectorError."""
        return parse.products(await self._client.items(), self._account)

    async def close(self) -> None:
        """Nothing is held."""


class Sandbox:
    """A simulated platform account. Opens its state, or begins a new shop with 28 days of history.

    Raises `BrokenState` when the state file is something else, or that of another seed.
    """

    def __init__(self, account: Account, settings: SandboxSettings, wall: Callable[[], datetime] = _wall_clock) -> None:
        def new() -> State:
            instant = wall()
            if settings.start is None:
                start, at = AccountDay.of(instant, account.timezone).date, instant
            else:
                start, at = settings.start, AccountDay(account.timezone, settings.start).start_at
            return State(settings.seed, start, account.timezone, at, instant)

        keeper: Keeper = MemoryKeeper(new) if settings.path is None else FileKeeper(settings.path, new)
        self.server = Server(keeper, settings, wall)
        self.account = replace(account, currency=Currency(settings.money), timezone=self.server.zone)

    def reader(self) -> SandboxReader:
        """Opens for reading."""
        return SandboxReader(Client(self.server, self.account.id), self.account)

    def shop(self) -> SandboxShop:
        """Opens the shop for reading."""
        return SandboxShop(Client(self.server, self.account.id), self.account)

    def writer(self) -> SandboxWriter:
        """Opens for writing."""
        return SandboxWriter(Client(self.server, self.account.id), self.account)

    def clock(self) -> datetime:
        """The simulated instant, in UTC."""
        return self.server.now()

    def today(self) -> AccountDay:
        """The account day that is running."""
        return AccountDay.of(self.clock(), self.account.timezone)

    def advance(self, to: datetime) -> None:
        """Moves the simulated clock forwards to an aware instant. Raises ValueError for one in its past."""
        self.server.advance(to)

    def event_date(self) -> date:
        """The first promotion day, which the platform announces to every shop."""
        return self.server.world.event_date

    def edit(self, budget: BudgetId, amount: Money | None = None, status: BudgetStatus | None = None) -> None:
        """Somebody else changes a budget or a status, in the platform's own pages. Raises KeyError."""
        fen = None if amount is None else amount.micros // minor_unit(amount.currency)
        self.server.edit(budget.native, fen, status)

    def score(self, days: int | None = None) -> Score:
        """What the budgets have earned since day 0, by the hidden truth; complete days only (or the first `days`)."""
        world = self.server.world
        complete = world.day_of(self.today().date)
        return score_steps(world, complete if days is None else min(days, complete), self.server.view().steps)
