"""What the metrics have to know of a shop before anything happens: every label set is born from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bidder.catalog import Account
from bidder.ids import AccountId
from bidder.money import MICROS, Currency, Money

__all__ = ["PollSource", "ShopFacts"]


@dataclass(frozen=True, slots=True)
class PollSource:
    """Something that is polled: the alias of an account or feed, what kind of data it gives, and how often.

    `kind` is one of performance, budgets, bids, activity, orders, stock.
    """

    source: str
    kind: str
    interval: timedelta


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """What is configured of one shop.

    `day_limit` is the hard cap on the sum of budgets of a day, `account_limits` that of single accounts; None is no
    cap. `rules` and `guards` name what can have a price or can veto. `exchange` gives shop currency per unit of
    another; an amount without a rate is not exported. `top_products` is how many products get series of their own.
    `feeds` are the sources that push, `channels` the aliases of receivers of messages. `sunsets` says when the version
    of a platform's API that an account uses ends, where that is known. `promotions` are the names of the calendar.
    `bids` are the accounts whose bids and targets are read.
    """

    shop: str
    currency: Currency
    timezone: str
    accounts: tuple[Account, ...]
    sources: tuple[PollSource, ...]
    plan_interval: timedelta
    day_limit: Money | None = None
    account_limits: Mapping[AccountId, Money] = field(default_factory=dict)
    month_budget: Money | None = None
    rules: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    exchange: Mapping[Currency, float] = field(default_factory=dict)
    top_products: int = 50
    feeds: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    sunsets: Mapping[AccountId, datetime] = field(default_factory=dict)
    promotions: tuple[str, ...] = ()
    bids: tuple[AccountId, ...] = ()

    @property
    def event_sources(self) -> tuple[str, ...]:
        """The sources whose events are counted: those that push, else (at zero) the accounts."""
        return self.feeds or tuple(str(account.id) for account in self.accounts)

    def rate(self, currency: Currency) -> float | None:
        """Reporting currency per unit of `currency`; None when no rate is known."""
        return 1.0 if currency == self.currency else self.exchange.get(currency)

    def amount(self, money: Money) -> float | None:
        """An amount in the reporting currency, for display and alerts; None when no rate is known."""
        rate = self.rate(money.currency)
        return None if rate is None else money.micros / MICROS * rate

    def account_limit(self, account: AccountId) -> float:
        """The account's daily limit: its own, else the shop's; +Inf where nobody wrote one."""
        amounts = [self.amount(limit) for limit in (self.account_limits.get(account), self.day_limit) if limit]
        return min((amount for amount in amounts if amount is not None), default=float("inf"))
