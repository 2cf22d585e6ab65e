"""What a connector offers. A platform is a folder with settings.py, client.py, parse.py, write.py behind these.

Who may not write is given a reader; a writer is constructed only where a budget may be written.
Reads raise ConnectorError (naming account, operation, field); writes never raise for a platform's answer: they return
an Outcome, and whatever a reply does not prove is Unresolved.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol, runtime_checkable

from pydantic import BaseModel

from bidder.activity import Activity
from bidder.bidding import Lever, LeverId, LeverOutcome, LeverReport
from bidder.catalog import Account, Budget, Product
from bidder.ids import BudgetId
from bidder.money import Money
from bidder.plan import Outcome
from bidder.reports import Reports

__all__ = ["ActivityReader", "AdsReader", "BidReader", "BidWriter", "BudgetWriter", "ConnectorKind", "ShopReader"]


@runtime_checkable
class AdsReader(Protocol):
    """Reads an advertiser account.

    It may have these beside, and whoever polls looks for them: `restated_days` (so many days back the platform still
    changes its figures), `waited` (seconds spent waiting because of rates, since it was opened), `clock_off` (seconds
    by which this computer's clock is ahead of the platform's).
    """

    @property
    def account(self) -> Account:
        """The account as configured, with currency and time zone as the platform says."""
        ...

    async def budgets(self) -> Sequence[Budget]:
        """Every budget of the account with the amount in force now."""
        ...

    async def performance(self, first: date, last: date) -> Reports:
        """Figures per campaign, product and account day, both days included, as known now."""
        ...

    async def close(self) -> None:
        """Releases connections."""
        ...


@runtime_checkable
class ShopReader(Protocol):
    """Reads a shop: what it sells and what is in stock."""

    @property
    def account(self) -> Account:
        """The account that the shop stands behind: its alias names the source."""
        ...

    async def products(self) -> Sequence[Product]:
        """Every product with price, cost, stock where known."""
        ...

    async def close(self) -> None:
        """Releases connections."""
        ...


@runtime_checkable
class ActivityReader(ShopReader, Protocol):
    """A shop that also says what it did: orders, sales, refunds by product and day."""

    async def activity(self, first: date, last: date) -> Activity:
        """Figures of the shop and of its products per account day, both days included, as known now."""
        ...


@runtime_checkable
class BudgetWriter(Protocol):
    """Sets budgets to absolute amounts. Only the doors of `apply.py` call it."""

    @property
    def account(self) -> Account:
        """The account it writes to."""
        ...

    async def read(self, budget: BudgetId) -> Budget:
        """One budget as the platform has it now: for compare-then-set and for the read-back."""
        ...

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        """Asks the platform to set the budget. What the reply proves, before the read-back:

        Applied (taken), Refused (the platform proved that nothing happened) or Unresolved (anything else).
        """
        ...

    async def close(self) -> None:
        """Releases connections."""
        ...


@runtime_checkable
class BidReader(AdsReader, Protocol):
    """An AdsReader that also reads bids and targets, where the platform offers them."""

    async def levers(self) -> Sequence[Lever]:
        """Every bid and target of the account with the value in force now."""
        ...

    async def lever_reports(self, first: date, last: date) -> Sequence[LeverReport]:
        """Figures per bid and account day, both days included, as known now."""
        ...


@runtime_checkable
class BidWriter(BudgetWriter, Protocol):
    """A BudgetWriter that also sets bids and targets to absolute values. Only the doors of `apply_bids.py` call it.

    It may have `bid_edits_an_hour` beside: how often the platform lets one be changed.
    """

    async def read_lever(self, lever: LeverId) -> Lever:
        """One bid or target as the platform has it now: for compare-then-set and for the read-back."""
        ...

    async def set_lever(self, lever: LeverId, value: int) -> LeverOutcome:
        """Asks the platform to set it, in millionths of its unit. What the reply proves, before the read-back."""
        ...


class ConnectorKind(Protocol):
    """A platform's entry in the registry (and of the entry points `bidder.connectors`).

    It may have these beside: `ads = False` (a shop alone, whose accounts have no budgets), `sunset(settings)` (the day
    on which the version of the API in use ends, None where it is not known), `wrong(settings, mode)` (what no key alone
    shows: pairs of the path of a value under the account and what is wrong with it), `clock(account, settings)` (the
    clock of a platform whose days pass when they are asked to; None for a real one).
    """

    name: str
    """The word after `platform:` in YAML, and the metric label."""
    settings: type[BaseModel]
    """Its own keys beside `platform:`."""

    def reader(self, account: Account, settings: BaseModel) -> AdsReader | None:
        """Opens for reading; None where there is nobody to ask (files come by themselves)."""
        ...

    def shop(self, account: Account, settings: BaseModel) -> ShopReader | None:
        """The shop behind the account, where the platform has one."""
        ...

    def writer(self, account: Account, settings: BaseModel) -> BudgetWriter:
        """Opens for writing. Never called in observe mode or by a command that only plans."""
        ...
