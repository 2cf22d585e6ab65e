"""What a shop has: accounts, budgets, products, channels. Values only; nothing is looked up here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from bidder.economics import UnitEconomics
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import Currency, Money

__all__ = ["Account", "Budget", "BudgetStatus", "Channel", "Event", "Mode", "Product"]


class Mode(StrEnum):
    """What bidder may do with an account (written in YAML)."""

    OBSERVE = "observe"
    PROPOSE = "propose"
    APPLY = "apply"
    MANUAL = "manual"


class BudgetStatus(StrEnum):
    """Whether the platform spends a budget now."""

    ACTIVE = "active"
    PAUSED = "paused"
    REMOVED = "removed"


Channel = str
"""A label to group budgets: search, feed, site, item_ops, content, live, activity; empty when unknown."""


@dataclass(frozen=True, slots=True)
class Account:
    """One advertiser account: its currency, time zone, and what bidder may do with it."""

    id: AccountId
    platform: str
    currency: Currency
    timezone: str
    mode: Mode = Mode.OBSERVE
    zone_written: bool = True
    """Whether somebody wrote the zone. Else it is the shop's until the platform says its own."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The platform's own daily amount, which may be shared by campaigns: what is written.

    `now` is the amount in force as last read back (None: never read, for example a file without budgets);
    `minimum`, `maximum` and `step` are the platform's facts in its currency (step: the smallest difference it takes).
    `limited` is the platform's word that it would spend more, `lost_share` the share of impressions (0 to 1) that it
    says were lost for want of budget; None where it does not say.
    """

    id: BudgetId
    name: str
    currency: Currency
    now: Money | None = None
    read_at: datetime | None = None
    products: tuple[ProductId, ...] = ()
    campaigns: tuple[str, ...] = ()
    channel: Channel = ""
    group: str = ""
    minimum: Money | None = None
    maximum: Money | None = None
    step: Money | None = None
    status: BudgetStatus = BudgetStatus.ACTIVE
    target_driven: bool = False
    overdelivery: float = 1.0
    limited: bool | None = None
    lost_share: float | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """What is sold. Money per piece in the shop's currency; None is unknown, which is said and never taken as zero.

    `margin` is the contribution per order over its average paid price (0.42 = 42 %), before ad spend; `economics` are
    the cost lines that it was computed from. `campaigns` are those that advertise it where the platform does not say.
    """

    id: ProductId
    name: str = ""
    price: Money | None = None
    cost: Money | None = None
    margin: float | None = None
    return_rate: float | None = None
    stock: int | None = None
    stock_at: datetime | None = None
    lead_days: int | None = None
    restock_date: date | None = None
    tags: frozenset[str] = field(default_factory=frozenset)
    category: str = ""
    campaigns: tuple[str, ...] = ()
    economics: UnitEconomics | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A day on which the whole shop sells unlike itself: a promotion, a platform's festival. Known beforehand."""

    day: date
    name: str = ""
