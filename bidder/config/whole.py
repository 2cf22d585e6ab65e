"""Config: all that people wrote, read and checked, as everything above asks for it. Made by `load`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pydantic import BaseModel, SecretStr

from bidder.alerts import Receiver
from bidder.bids.settings import BidSettings
from bidder.catalog import Account, Product
from bidder.config.activity import Incoming
from bidder.config.calendar import Calendar
from bidder.config.file import ScheduleSection, ShopSection
from bidder.config.rates import Exchange, Rates
from bidder.decide import Policy
from bidder.errors import Fault
from bidder.ids import AccountId
from bidder.money import Money
from bidder.optimizer.objective import Objective
from bidder.rules.month import Month
from bidder.rules.total import Total
from bidder.written import Monthly

__all__ = ["Caps", "Config"]


@dataclass(frozen=True, slots=True)
class Caps:
    """The caps of `budget` in bidder.yaml; None where there is none."""

    day: Money | None = None
    """Of an ordinary day."""
    month: Money | None = None
    """Of the month that was asked for, else the usual one."""


@dataclass(frozen=True, slots=True)
class Config:
    """All that people wrote, read and checked."""

    path: Path | None
    """bidder.yaml; None when there is none and every default holds."""
    shop: ShopSection
    objective: Objective
    policy: Policy
    accounts: tuple[tuple[Account, BaseModel], ...]
    """Each account with the settings of its platform."""
    products: tuple[Product, ...]
    store_url: str = field(repr=False)
    """Where the state is kept; may hold a password."""
    listen: str
    """HOST:PORT of the page and /metrics."""
    token: SecretStr | None
    """Asked of whoever acts on the page; None: the page only shows."""
    schedule: ScheduleSection
    incoming: Incoming = field(default_factory=Incoming)
    """What comes in by itself: files, messages, amounts typed by hand."""
    receivers: tuple[Receiver, ...] = ()
    """Who is told by message."""
    warnings: tuple[Fault, ...] = ()
    digest: str = ""
    """The first digits of a SHA-256 over every file that was read."""
    calendar: Calendar = field(default_factory=Calendar)
    """The events that the shop takes part in, and those that it may still join."""
    sales: Monthly | None = None
    """What the shop means to sell in a month; None where it does not say."""
    files: tuple[Path, ...] = ()
    """Every file that was read."""
    patterns: tuple[tuple[Path, str], ...] = ()
    """Folders and patterns whose files are rules: a new one changes the configuration."""
    rates: Rates = field(default_factory=Rates)
    """Exchange rates into the shop's currency."""
    bids: Mapping[AccountId, BidSettings] = field(default_factory=dict)
    """What bidder may do with bids and targets, by account."""
    _caps: Caps = field(default_factory=Caps)
    _months: Monthly | None = None

    def caps(self, day: date | None = None) -> Caps:
        """The caps of the day and of the month (of `day`, where months differ)."""
        if day is None or self._months is None:
            return self._caps
        return Caps(self._caps.day, self._months.of(day).money(self.shop.currency))

    def sales_of_month(self, day: date) -> Money | None:
        """What the shop means to sell in the month of a day; None where it does not say."""
        return None if self.sales is None else self.sales.of(day).money(self.shop.currency)

    def exchange(self, day: date) -> Exchange:
        """The exchange rates of a day: those older than `guard.stale_after.rates` are said to be stale."""
        return self.rates.at(day, self.policy.guard.stale_after.rates)

    def limits_shown(self) -> dict[str, str | None]:
        """The caps as the page's status says them."""
        day, month = self._caps.day, self._caps.month
        return {"day_limit": None if day is None else str(day), "month_limit": None if month is None else str(month)}

    @property
    def host(self) -> str:
        """The host that the page listens on."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port that the page listens on."""
        return int(self.listen.rpartition(":")[2])

    @property
    def has_total(self) -> bool:
        """Whether an absolute cap on all budgets is written somewhere."""
        return any(isinstance(r.kind, Total | Month) and r.where is None and r.enabled for r in self.policy.rules)
