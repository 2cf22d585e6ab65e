"""The sandbox platform as a ground: a seed's shop from day 0, read and written as a connector does.

Decisions fall half an hour after midnight: yesterday's report is an hour old and misses its late orders, today's is
left out by `gather`. The truth is asked for scoring alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from bidder.account_day import AccountDay
from bidder.backtest.hindsight import best_fixed
from bidder.backtest.place import Earned
from bidder.catalog import Account, Mode
from bidder.connectors.sandbox.platform import Sandbox
from bidder.connectors.sandbox.score import DEFAULT_START
from bidder.connectors.sandbox.settings import SandboxSettings
from bidder.connectors.sandbox.shop import CAMPAIGNS, CURRENCY, MINIMUM_FEN
from bidder.connectors.sandbox.truth import WARM_UP
from bidder.connectors.sandbox.world import Step, World
from bidder.errors import BidderError
from bidder.gather import Known, gather
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money
from bidder.plan import Applied
from bidder.reports import Reports, joined
from bidder.snapshot import FloatArray, Snapshot, day_number

__all__ = ["SandboxGround", "SandboxPlace"]

ACCOUNT = Account(AccountId("sandbox"), "sandbox", Currency(CURRENCY), "Asia/Shanghai", Mode.APPLY)

ASKED_DAYS = 15
"""Days that each reading asks for again; older ones are final."""

AFTER_MIDNIGHT = timedelta(minutes=30)

GRID = 28
"""Points on which a campaign's mean profit is worked out for hindsight."""


@dataclass(frozen=True, slots=True)
class SandboxGround:
    """One seed of the sandbox over so many days."""

    seed: int
    days: int
    budget: Money | None = None
    """What the budgets may add up to; None: what the shop's owner has in force on day 0."""

    @property
    def name(self) -> str:
        """As the table shows it."""
        return f"sandbox {self.seed}"

    @property
    def total(self) -> Money:
        """The day's total."""
        habit = Money.parse(str(sum(World(self.seed, DEFAULT_START).habits(0))), ACCOUNT.currency)
        return self.budget or habit

    def open(self) -> SandboxPlace:
        """A fresh shop on day 0."""
        return SandboxPlace(self.seed)

    def hindsight(self) -> float | None:
        """By the true rates of these very days."""
        world = World(self.seed, DEFAULT_START)
        least, total = MINIMUM_FEN / 100, self.total.to_float()
        grid = np.geomspace(least, max(total, least * 1.01), GRID)
        table = np.array([[_mean(world, self.days, i, amount) for amount in grid] for i in range(len(CAMPAIGNS))])

        def profit(amounts: FloatArray) -> FloatArray:
            return np.array([np.interp(amounts[i], grid, table[i]) for i in range(len(table))])

        return best_fixed(profit, np.full(len(CAMPAIGNS), least), total)


def _mean(world: World, days: int, campaign: int, amount: float) -> float:
    steps = (Step(0.0, float(amount)),)
    return sum(world.expected(day, campaign, steps).profit for day in range(days)) / days


class SandboxPlace:
    """One run of a sandbox shop."""

    def __init__(self, seed: int) -> None:
        self._sandbox = Sandbox(ACCOUNT, SandboxSettings(seed=seed, start=DEFAULT_START, speed=0))
        self._day = 0
        self._changed: dict[BudgetId, int] = {}
        self._old: list[Reports] = []
        self._seen: Snapshot | None = None
        self._reader, self._shop, self._writer = self._sandbox.reader(), self._sandbox.shop(), self._sandbox.writer()
        self._wait()

    def _wait(self) -> None:
        today = AccountDay(ACCOUNT.timezone, self._sandbox.server.world.date_of(self._day))
        self._sandbox.advance(today.start_at + AFTER_MIDNIGHT)

    def snapshot(self) -> Snapshot:
        """Reports, budgets and products as the platform shows them now."""
        asyncio.run(self._read())
        assert self._seen is not None
        return self._seen

    async def _read(self) -> None:
        today = self._sandbox.today().date
        first = today - timedelta(days=WARM_UP if not self._old else ASKED_DAYS)
        fresh = await self._reader.performance(first, today - timedelta(days=1))
        rows = joined([*self._old, fresh])
        self._old.append(_rows(fresh, fresh.day <= day_number(today) - ASKED_DAYS))  # asked for the last time
        known = Known(
            accounts=[self._sandbox.account],
            budgets=await self._reader.budgets(),
            products=await self._shop.products(),
            changed=self._changed,
        )
        # kept rather than returned: asyncio.run prints a task's result to itself, whole tables of figures
        self._seen = gather(rows, known, currency=ACCOUNT.currency, day=today, as_of=self._sandbox.clock())

    def put(self, amounts: Mapping[BudgetId, Money]) -> None:
        """Writes them. Raises BidderError for an amount that the platform does not take."""
        asyncio.run(self._write(amounts))

    async def _write(self, amounts: Mapping[BudgetId, Money]) -> None:
        for budget, amount in sorted(amounts.items()):
            outcome = await self._writer.set(budget, amount)
            if not isinstance(outcome, Applied):
                raise BidderError(f"{budget}: {amount} was not taken: {outcome.reason}")
            self._changed[budget] = day_number(self._sandbox.today().date)

    def pass_day(self) -> None:
        """To half past midnight of the next day."""
        self._day += 1
        self._wait()

    def earned(self) -> Earned:
        """By the hidden truth of the days that are over."""
        world, view = self._sandbox.server.world, self._sandbox.server.view()
        days = [[world.expected(day, i, view.steps(day, i)) for i in range(len(CAMPAIGNS))] for day in range(self._day)]
        return Earned(
            np.array([sum(one.profit for one in day) for day in days]),
            np.array([sum(one.spend for one in day) for day in days]),
        )


def _rows(reports: Reports, mask: NDArray[np.bool_]) -> Reports:
    return Reports(**{name: getattr(reports, name)[mask] for name in Reports.__slots__})
