"""The sandbox platform with the handles of a contract case: a report that can be planted, faults, edits from aside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from bidder.account_day import AccountDay
from bidder.catalog import Account, BudgetStatus
from bidder.connectors.protocol import AdsReader, BudgetWriter, ShopReader
from bidder.connectors.sandbox.client import Client
from bidder.connectors.sandbox.platform import SandboxReader, SandboxShop
from bidder.connectors.sandbox.server import Server
from bidder.connectors.sandbox.settings import Fault, SandboxSettings
from bidder.connectors.sandbox.shop import CAMPAIGN_INDEX, CAMPAIGNS
from bidder.connectors.sandbox.state import MemoryKeeper, State
from bidder.connectors.sandbox.write import SandboxWriter
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import Currency, Money
from bidder.testing import NotOffered, ReadFault, Row, WriteFault

FEN = 10_000
WALL = datetime(2026, 9, 20, 6, 0, tzinfo=UTC)


class PlantedServer(Server):
    """Reports what was planted, where something was."""

    planted: list[dict[str, Any]] | None = None

    def rows(self, first: date, last: date) -> list[dict[str, Any]]:
        """The planted rows of these days, or the world's."""
        if self.planted is None:
            return super().rows(first, last)
        return [row for row in self.planted if first.isoformat() <= row["date"] <= last.isoformat()]


class FakeSandbox:
    """A FakePlatform over an in-memory sandbox."""

    def __init__(self, zone: str = "Asia/Shanghai", start: date = date(2026, 9, 20)) -> None:
        self.account = Account(AccountId("wxt"), "sandbox", Currency("CNY"), zone)
        self.budgets = [BudgetId(self.account.id, campaign.id) for campaign in CAMPAIGNS]
        at = AccountDay(zone, start).start_at
        keeper = MemoryKeeper(lambda: State(3, start, zone, at, WALL))
        self.server = PlantedServer(keeper, SandboxSettings(seed=3, speed=0), lambda: WALL)

    @property
    def mutations(self) -> int:
        return self.server.mutations

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def client(self) -> Client:
        return Client(self.server, self.account.id)

    def reader(self) -> AdsReader:
        return SandboxReader(self.client(), self.account)

    def writer(self) -> BudgetWriter:
        return SandboxWriter(self.client(), self.account)

    def shop(self) -> ShopReader | None:
        return SandboxShop(self.client(), self.account)

    def product(self, budget: BudgetId) -> ProductId | None:
        return ProductId(CAMPAIGNS[CAMPAIGN_INDEX[budget.native]].product)

    def now(self) -> datetime:
        return self.server.now()

    def advance(self, to: datetime) -> None:
        self.server.advance(to)

    def report(self, rows: Sequence[Row]) -> None:
        self.server.planted = [_wire(row) for row in rows]

    def in_force(self, budget: BudgetId) -> Money:
        return Money(self.server.view().in_force(budget.native)[0] * FEN, self.account.currency)

    def status(self, budget: BudgetId) -> BudgetStatus:
        return self.server.view().in_force(budget.native)[1]

    def edit(self, budget: BudgetId, amount: Money) -> None:
        self.server.edit(budget.native, amount.micros // FEN)

    def set_status(self, budget: BudgetId, status: BudgetStatus) -> None:
        self.server.edit(budget.native, status=status)

    def fail_next_read(self, fault: ReadFault) -> None:
        self.server.forced.append(_fault(fault.value))

    def fail_next_write(self, fault: WriteFault) -> None:
        self.server.forced.append(_fault(fault.value))


def _fault(name: str) -> Fault:
    try:
        return Fault(name)
    except ValueError:
        raise NotOffered(f"the sandbox has no {name}") from None


def _wire(row: Row) -> dict[str, Any]:
    figures = row.performance
    assert figures.spend is not None
    assert figures.revenue is not None
    assert figures.orders is not None
    assert figures.units is not None
    return {
        "date": row.day.isoformat(),
        "campaign_id": row.budget.native,
        "name": row.budget.native,
        "scene": "search",
        "category": "tea",
        "item_id": row.product,
        "impressions": figures.impressions,
        "clicks": figures.clicks,
        "cost": figures.spend.micros // FEN,
        "orders": int(figures.orders),
        "items_sold": int(figures.units),
        "paid": figures.revenue.micros // FEN,
        "day_budget": 15_000,
        "final": False,
    }
