"""The shapes of what is said of many shops: `bidder shops --json`, the page of all shops, `/api/v1/shops`.

Amounts are decimal strings in the shop's currency, instants ISO 8601, days ISO dates; null is unknown.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["AgencyDigest", "MoneyLine", "MonthLine", "NeedLine", "ShopLine", "ShopsDocument", "YesterdayLine"]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class NeedLine(_Shape):
    """One thing that a person has to look at."""

    kind: str
    detail: str
    at_risk: str
    """Money a day that hangs on it; 0.00 for what has no price."""


class YesterdayLine(_Shape):
    """The shop's last whole day, as its ad accounts reported it."""

    spend: str | None
    revenue: str | None


class MonthLine(_Shape):
    """The calendar month in the shop's zone."""

    spend: str | None
    budget: str | None
    pace: float | None
    """The spend over what the part of the month that has passed allows; 1 comes out even."""


class ShopLine(_Shape):
    """How a shop stands."""

    shop: str
    title: str
    currency: str | None
    state: str
    """ACTIVE, REDUCING, HALTED; BROKEN: its files cannot be used; UNREAD: its store cannot be read."""
    reason: str
    modes: list[str]
    day: str | None
    plan: str | None
    plan_day: str | None
    plan_status: str | None
    planned: str | None
    waits: int
    """Changes that wait for a person."""
    holds: dict[str, int]
    """By check, how much is held."""
    unresolved: int
    """Writes without a known outcome."""
    in_force: str | None
    """The sum of the daily budgets that run."""
    yesterday: YesterdayLine
    month: MonthLine
    polled_at: str | None
    at_risk: str
    """Of its gravest need."""
    needs: list[NeedLine]
    """Gravest first."""
    faults: list[str]


class ShopsDocument(_Shape):
    """Many shops, those that need somebody first, most money at risk first."""

    agency: str
    at: str
    currency: str
    """In which they are compared."""
    count: int
    needing: int
    """How many need somebody: they stand first."""
    shops: list[ShopLine]


class MoneyLine(_Shape):
    """All shops of one currency together."""

    currency: str
    shops: int
    spend: str
    """Of yesterday."""
    revenue: str
    """Of yesterday, as the platforms attribute it."""
    month_spend: str
    month_budget: str
    """Of the shops that have one."""


class AgencyDigest(_Shape):
    """An agency's morning: the money of all shops, and which of them need somebody, most money at risk first."""

    agency: str
    title: str
    at: str
    zone: str
    currency: str
    """In which shops are compared."""
    count: int
    states: dict[str, int]
    """How many shops are in which state."""
    money: list[MoneyLine]
    """A line a currency: amounts of different currencies are not added up."""
    waits: int
    """Changes that wait for a yes, in all shops."""
    needs: dict[str, int]
    """How many shops need what."""
    over_cap: list[str]
    """Shops whose accounts report that yesterday cost more than the day's cap."""
    without_rate: list[str]
    """Currencies whose worth in the agency's is not known; their shops are compared as if nothing hung on them."""
    first: list[ShopLine]
    """The shops that need somebody."""
