"""The shape of the digest: what `bidder digest --json` prints, and what its text and its page are written from.

Money is plain numbers in the shop's currency; instants ISO 8601, days ISO dates; null is unknown.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from bidder.explain.experiment import EffectDocument

__all__ = [
    "DigestDocument",
    "FindingLine",
    "ForecastLine",
    "KeywordLine",
    "MoveLine",
    "PartLine",
    "Period",
    "PlanLine",
    "ProductLine",
    "SeriesLine",
    "WhyLine",
]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Period(_Shape):
    """Figures of yesterday, or of the month until yesterday."""

    sales: float | None
    """Paid before refunds (支付金额), or what the ads report where the shop's own figures are not known."""
    refunds: float | None
    spend: float
    ad_revenue: float
    ad_orders: float
    profit: float | None
    """What the ads earned: contribution of their orders less the spend; null where no margin is known."""
    visitors: float | None
    free_share: float | None
    """Visitors that no ad brought, as a part of all (clicks of ads stand for the others)."""
    tacos: float | None
    """Spend over the shop's sales (费比)."""
    roas: float | None
    break_even: float | None
    new_share: float | None
    """New buyers as a part of all."""


class PartLine(_Shape):
    """Money of the change that belongs to a product and a cause."""

    product: str
    name: str
    channel: str
    cause: str
    amount: float


class WhyLine(_Shape):
    """The change against the day a week before, in parts that sum to it."""

    with_day: str
    before: float
    after: float
    change: float
    chain: str
    """shop or ads."""
    causes: dict[str, float]
    products: dict[str, float]
    channels: dict[str, float]
    parts: list[PartLine]


class FindingLine(_Shape):
    """What is wrong with a product, with its figures."""

    kind: str
    product: str
    name: str
    worth: float
    held: float
    figures: dict[str, float | None]


class MoveLine(_Shape):
    """A budget that today's plan changes, or leaves for a reason."""

    id: str
    name: str
    now: float | None
    planned: float
    reason: str
    state: str


class RuleCost(_Shape):
    """What a rule costs a day in money: what would be earned without it, less what is earned with it."""

    rule: str
    source: str | None
    cost: float


class PlanLine(_Shape):
    """Today's plan in short."""

    plan: str
    day: str
    moves: list[MoveLine]
    left: list[MoveLine]
    """Left as they are for a reason that a person may ask about: learning, short of stock."""
    now: float
    planned: float
    gain: float
    low: float
    high: float
    held: list[str]
    rules: list[RuleCost] = []
    """What each rule that binds costs a day, dearest first."""
    waits: str
    until: str
    bids: int = 0
    """Bids and targets that move beside the budgets."""


class KeywordLine(_Shape):
    """A keyword that spends without orders, or that sells and has no money left; its last 28 days."""

    kind: Literal["spend_without_orders", "orders_without_budget"]
    id: str
    name: str
    budget: str | None
    currency: str
    clicks: float | None
    orders: float | None
    spend: str | None
    earned: str | None
    """Contribution of its orders less its spend; null where no margin is known."""
    expected: float
    """Orders that its product's other clicks make one expect."""
    ended: int
    """Days of the last seven on which its budget ended early."""


class ForecastLine(_Shape):
    """What yesterday's plan expected of the ads, and what came so far."""

    expected: float
    low: float
    high: float
    actual: float | None
    gain: float
    """What the plan expected to earn more than the budgets before it."""


class SeriesLine(_Shape):
    """Figures a day, oldest first, for the pictures."""

    days: list[str]
    sales: list[float | None]
    spend: list[float]
    planned: list[float | None]


class ProductLine(_Shape):
    """A product's seven days."""

    product: str
    name: str
    spend: float
    orders: float
    revenue: float
    roas: float | None
    break_even: float | None
    stock: float | None


class DigestDocument(_Shape):
    """The digest of one morning."""

    title: str
    currency: str
    day: str
    """Yesterday: the last whole day."""
    as_of: str
    zone: str
    basis: Literal["shop", "ads"]
    missing: list[str]
    sources: list[str]
    yesterday: Period
    month: Period
    day_cap: float | None
    month_cap: float | None
    sales_goal: float | None
    month_goal: float | None
    """The month's sales plan; null where none is written, or the shop's own sales are not known."""
    month_due: float | None
    """Its part until yesterday."""
    month_passed: float
    month_landing: float | None
    """Where the month's spend ends at the pace of the last seven days."""
    why: WhyLine | None
    findings: list[FindingLine]
    todo: list[FindingLine]
    keywords: list[KeywordLine] = []
    """Keywords worth a look, where bids are read."""
    activities: list[list[str]]
    plan: PlanLine | None
    forecast: ForecastLine | None
    writes: dict[str, int]
    over_cap: list[str]
    """Days of this month on which more was spent than the day's cap."""
    series: SeriesLine
    products: list[ProductLine]
    experiment: EffectDocument | None = None
    """What bidder itself has earned, as an experiment shows; null where none was ever begun."""
