"""The contract catches the connector that is wrong in one way, by the case that is about it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from unittest import SkipTest

import pytest

from bidder.catalog import Account, Budget, Product
from bidder.connectors.protocol import AdsReader, BudgetWriter, ShopReader
from bidder.connectors.sandbox import parse
from bidder.connectors.sandbox.client import Client
from bidder.connectors.sandbox.platform import SandboxReader, SandboxShop
from bidder.connectors.sandbox.write import SandboxWriter
from bidder.errors import ConnectorError
from bidder.ids import AccountId, BudgetId
from bidder.money import MICROS, Currency, Money
from bidder.plan import Applied, Outcome, Refused, Unresolved
from bidder.reports import Reports
from bidder.testing import ConnectorContract, FakePlatform, NotOffered
from tests.connectors.sandbox.fake import FEN, FakeSandbox


class SendsYuanAsFen(SandboxWriter):
    """Forgets the unit."""

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        reply = await self._client.set_day_budget(budget.native, amount.micros // MICROS)
        return Applied(amount) if reply.status == 200 else Refused(str(reply.status))


class TriesAgain(SandboxWriter):
    """Sends a lost write again."""

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        outcome = await super().set(budget, amount)
        return await super().set(budget, amount) if isinstance(outcome, Unresolved) else outcome


class TakesAnErrorForARefusal(SandboxWriter):
    """Believes that a failed write did nothing."""

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        outcome = await super().set(budget, amount)
        return Refused(outcome.reason) if isinstance(outcome, Unresolved) else outcome


class RemembersWhatItRead(SandboxWriter):
    """Reads back from memory."""

    def __init__(self, client: Client, account: Account) -> None:
        super().__init__(client, account)
        self._memory: dict[BudgetId, Budget] = {}

    async def read(self, budget: BudgetId) -> Budget:
        if budget not in self._memory:
            self._memory[budget] = await super().read(budget)
        return self._memory[budget]

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        outcome = await super().set(budget, amount)
        self._memory[budget] = replace(await self.read(budget), now=amount)
        return outcome


class RoundsSilently(SandboxWriter):
    """Makes any amount fit, and says that it was set."""

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        await super().set(budget, Money(max(30, amount.micros // MICROS) * MICROS, Currency("CNY")))
        return Applied(amount)


class SetsAllOfTheAccount(SandboxWriter):
    """Writes more than it was asked."""

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        await self._client.set_day_budget("feed-P12", 3_000)
        return await super().set(budget, amount)


class WritesAnywhere(SandboxWriter):
    """Does not look whose budget it is, or in which currency."""

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        here = BudgetId(self._account.id, budget.native)
        return await super().set(here, Money(amount.micros, self._account.currency))


class WritesToRead(SandboxReader):
    """Touches the platform while reading."""

    async def budgets(self) -> Sequence[Budget]:
        await self._client.set_day_budget("feed-P12", 3_000)
        return await super().budgets()


class ReadsYuan(SandboxReader):
    """Takes fen for yuan."""

    async def performance(self, first: date, last: date) -> Reports:
        found = await super().performance(first, last)
        return replace(found, spend=found.spend * 100)


class TakesTheFirstPage(SandboxReader):
    """Stops after a page."""

    async def performance(self, first: date, last: date) -> Reports:
        pages = await self._client.report(first, last)
        pages[0].body["data"]["total"] = len(pages[0].body["data"]["rows"])
        return parse.reports(pages[:1], self._account)


class TakesFailureForNothing(SandboxReader):
    """Reads an error as an empty report."""

    async def performance(self, first: date, last: date) -> Reports:
        try:
            return await super().performance(first, last)
        except ConnectorError:
            return Reports.of([])


class ShiftsTheDay(SandboxReader):
    """Reports the day in another zone."""

    async def performance(self, first: date, last: date) -> Reports:
        found = await super().performance(first, last)
        return replace(found, day=found.day - 1)


class DropsZeros(SandboxReader):
    """Takes a zero for unknown."""

    async def performance(self, first: date, last: date) -> Reports:
        found = await super().performance(first, last)
        return replace(
            found,
            orders=found.orders / found.orders * found.orders if found.orders.all() else found.orders + float("nan"),
        )


class ForgetsStockDates(SandboxShop):
    """Says what is left, and not when."""

    async def products(self) -> Sequence[Product]:
        return [replace(one, stock_at=None) for one in await super().products()]


class ReadsWithTheWrongAlias(SandboxReader):
    """Gives the platform's own number for an account."""

    async def budgets(self) -> Sequence[Budget]:
        found = await super().budgets()
        return [replace(one, id=BudgetId(AccountId("4711"), one.id.native)) for one in found]


class Contract(ConnectorContract):
    """The contract over a sandbox in which one side is replaced."""

    __test__ = False

    def __init__(self, part: type[SandboxReader] | type[SandboxWriter] | type[SandboxShop]) -> None:
        self._part = part

    def platform(self) -> FakePlatform:
        part = self._part

        class Broken(FakeSandbox):
            def reader(self) -> AdsReader:
                return part(self.client(), self.account) if issubclass(part, SandboxReader) else super().reader()

            def writer(self) -> BudgetWriter:
                return part(self.client(), self.account) if issubclass(part, SandboxWriter) else super().writer()

            def shop(self) -> ShopReader | None:
                return part(self.client(), self.account) if issubclass(part, SandboxShop) else super().shop()

        return Broken()


def failing(contract: ConnectorContract) -> set[str]:
    """The numbers of the cases that do not pass."""
    found = set()
    for name in dir(contract):
        if name.startswith("test_c"):
            try:
                getattr(contract, name)()
            except SkipTest:
                continue
            except Exception:  # a wrong connector may raise anything, and pytest would call that a failure too
                found.add(name[5:8].upper())
    return found


@pytest.mark.parametrize(
    ("part", "cases"),
    [
        (SendsYuanAsFen, {"C25"}),
        (TriesAgain, {"C30"}),
        (TakesAnErrorForARefusal, {"C29", "C31", "C33"}),
        (RemembersWhatItRead, {"C28", "C39", "C40"}),
        (RoundsSilently, {"C35", "C36", "C37"}),
        (SetsAllOfTheAccount, {"C27"}),
        (WritesAnywhere, {"C38", "C44"}),
        (WritesToRead, {"C24"}),
        (ReadsYuan, {"C06", "C07"}),
        (TakesTheFirstPage, {"C15"}),
        (TakesFailureForNothing, {"C17", "C18", "C19", "C20", "C22"}),
        (ShiftsTheDay, {"C09", "C10", "C11"}),
        (DropsZeros, {"C08"}),
        (ForgetsStockDates, {"C46"}),
        (ReadsWithTheWrongAlias, {"C01"}),
    ],
)
def test_a_connector_that_is_wrong_in_one_way_fails_the_case_about_it(
    part: type[SandboxReader] | type[SandboxWriter] | type[SandboxShop], cases: set[str]
) -> None:
    assert cases <= failing(Contract(part))


def test_the_sandbox_itself_fails_none() -> None:
    assert failing(Contract(SandboxReader)) == set()


def test_cases_are_numbered_without_gaps() -> None:
    numbers = sorted(int(name[6:8]) for name in dir(ConnectorContract) if name.startswith("test_c"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_handle_that_a_platform_cannot_have_skips_the_case() -> None:
    class WithoutShop(FakeSandbox):
        def shop(self) -> ShopReader | None:
            return None

    class TestIt(ConnectorContract):
        def platform(self) -> FakePlatform:
            return WithoutShop()

    with pytest.raises(NotOffered):
        TestIt().test_c46_products_say_what_they_cost_and_what_is_left()
    assert issubclass(NotOffered, SkipTest)


def test_a_platform_is_closed_after_a_case_that_fails() -> None:
    closed: list[bool] = []

    class Closing(FakeSandbox):
        async def close(self) -> None:
            closed.append(True)

        def in_force(self, budget: BudgetId) -> Money:
            return super().in_force(budget) + Money(FEN, self.account.currency)

    class TestIt(ConnectorContract):
        def platform(self) -> FakePlatform:
            return Closing()

    with pytest.raises(AssertionError, match="C02"):
        TestIt().test_c02_the_amount_in_force_is_read_to_the_minor_unit()
    assert closed == [True]


def test_the_contract_alone_has_no_platform() -> None:
    with pytest.raises(NotImplementedError):
        asyncio.run(_platform_of(ConnectorContract()))


async def _platform_of(contract: ConnectorContract) -> FakePlatform:
    return contract.platform()
