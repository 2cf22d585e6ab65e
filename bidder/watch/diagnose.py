"""Where a product loses its buyers: too few impressions, a weak picture, a page that does not sell, stock.

Called by :mod:`bidder.explain.digest` (PRODUCT row 10). A product is held against the shop's own averages, channel by
channel and without itself, and only said to be worse where chance alone would hardly give its figures (an exact
Poisson tail, SCIENCE 11): two orders are no judgement. Money is in the shop's currency, a day unless said otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Averages", "Finding", "Funnel", "Kind", "Settings", "diagnose", "poisson_at_most"]

Kind = str
"""few_impressions, low_ctr, no_orders, low_conversion, sold_out, low_stock, dead_stock or refunds."""

_COUNTS = ("impressions", "clicks", "spend", "orders", "revenue")


@dataclass(frozen=True, slots=True)
class Funnel:
    """What is known of one product over `days` days.

    The ads' counts are by channel; `budget` and `spend_budgeted` are what its own budgets allow and what of it was
    spent, a day. `units` are the pieces that the whole shop sold of it in the window; None where nobody counts them.
    `margin` is the contribution of an order over its paid price. `refunded` and `paid` are money of the window.
    """

    product: str
    name: str
    days: int
    impressions: Mapping[str, float] = field(default_factory=dict)
    clicks: Mapping[str, float] = field(default_factory=dict)
    spend: Mapping[str, float] = field(default_factory=dict)
    orders: Mapping[str, float] = field(default_factory=dict)
    revenue: Mapping[str, float] = field(default_factory=dict)
    budget: float = 0.0
    stock: float | None = None
    lead_days: float | None = None
    restock_days: float | None = None
    units: float | None = None
    cost: float | None = None
    margin: float | None = None
    refunded: float | None = None
    paid: float | None = None
    paid_orders: float | None = None
    expected_refunds: float | None = None
    """Money that an event lets expect to be paid back in the window (:mod:`bidder.watch.refunds`); None without one."""

    def total(self, name: str) -> float:
        """The sum over channels of one of the counts."""
        return math.fsum(getattr(self, name).values())


@dataclass(frozen=True, slots=True)
class Averages:
    """Averages of the industry, imported: a product is held against the lower of them and the shop's own."""

    ctr: float | None = None
    conversion: float | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """From when on something is said."""

    chance: float = 0.001
    """How unlikely the figures must be if the product were like the others."""
    worse: float = 0.7
    """And at most this part of the average."""
    unspent: float = 0.5
    """A budget of which less is spent has too few impressions."""
    spare_days: float = 3.0
    """Stock below lead time plus so many days is low (OPERATOR 2)."""
    dead_days: float = 180.0
    """Stock that lasts longer at today's pace lies dead."""
    refund_rate: float = 0.25
    """No more than this is called normal where the shop has no other products to compare."""
    refund_orders: float = 30.0
    """Fewer orders do not show a refund rate."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a product, with the figures that say so.

    `worth` is what it costs a day at least roughly, in money; 0 where it is not known. `held` is money that lies in
    stock. `figures` are named numbers: rates as parts of one.
    """

    kind: Kind
    product: str
    name: str
    worth: float
    figures: Mapping[str, float]
    held: float = 0.0


def diagnose(
    funnels: Sequence[Funnel], industry: Averages | None = None, settings: Settings | None = None
) -> list[Finding]:
    """Every finding, what costs most first. At most one along the funnel for each product: the first leak."""
    industry, settings = industry or Averages(), settings or Settings()
    shop = {name: _by_channel(funnels, name) for name in _COUNTS}
    found: list[Finding] = []
    for one in funnels:
        own = {name: getattr(one, name) for name in _COUNTS}
        others = {name: {c: total - own[name].get(c, 0.0) for c, total in shop[name].items()} for name in _COUNTS}
        stock = _stock(one, settings)
        found += stock
        if not any(finding.kind == "sold_out" for finding in stock):
            leak = _leak(one, others, industry, settings)
            found += [] if leak is None else [leak]
        refunds = _refunds(one, funnels, settings)
        found += [] if refunds is None else [refunds]
    return sorted(found, key=lambda one: (-one.worth, -one.held, one.kind, one.product))


def poisson_at_most(count: float, expected: float) -> float:
    """The chance of `count` or fewer where `expected` are; of a part of an event its whole."""
    if expected <= 0:
        return 1.0
    whole = math.floor(count)
    if expected > 1_000:  # the normal law is as good there, and the sum long
        return 0.5 * math.erfc((expected - whole - 0.5) / math.sqrt(2 * expected))
    logs = (n * math.log(expected) - expected - math.lgamma(n + 1) for n in range(whole + 1))
    return min(1.0, math.fsum(math.exp(one) for one in logs))


def _by_channel(funnels: Sequence[Funnel], name: str) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for one in funnels:
        for channel, value in getattr(one, name).items():
            values.setdefault(channel, []).append(value)
    return {channel: math.fsum(parts) for channel, parts in values.items()}


def _leak(
    one: Funnel, others: Mapping[str, Mapping[str, float]], industry: Averages, settings: Settings
) -> Finding | None:
    """The first place along the funnel where it loses more than the others do."""
    clicks, spend = one.total("clicks"), one.total("spend")
    earned = _earned_a_yuan(one)
    spent_part = spend / one.days / one.budget if one.budget > 0 else 1.0
    if spent_part < settings.unspent:
        unspent = one.budget - spend / one.days
        figures = {
            "budget": one.budget,
            "spent": spend / one.days,
            "part": spent_part,
            "impressions": one.total("impressions"),
        }
        return Finding("few_impressions", one.product, one.name, max(0.0, unspent * earned), figures)
    expected_clicks = _expected(one.impressions, others["clicks"], others["impressions"], industry.ctr)
    if _worse(clicks, expected_clicks, settings):
        figures = {
            "ctr": clicks / one.total("impressions"),
            "average": expected_clicks / one.total("impressions"),
            "impressions": one.total("impressions"),
            "clicks": clicks,
        }
        worth = (expected_clicks - clicks) / one.days * (spend / clicks if clicks else 0.0) * earned
        return Finding("low_ctr", one.product, one.name, max(0.0, worth), figures)
    expected_orders = _expected(one.clicks, others["orders"], others["clicks"], industry.conversion)
    orders = one.total("orders")
    if not _worse(orders, expected_orders, settings):
        return None
    figures = {
        "clicks": clicks,
        "orders": orders,
        "spend": spend,
        "average": expected_orders / clicks,
        "rate": orders / clicks,
    }
    if orders < 1:
        return Finding("no_orders", one.product, one.name, spend / one.days, figures)
    kept = one.total("revenue") / orders * (one.margin if one.margin is not None else 0.0)
    return Finding("low_conversion", one.product, one.name, (expected_orders - orders) / one.days * kept, figures)


def _expected(
    base: Mapping[str, float], over: Mapping[str, float], under: Mapping[str, float], industry: float | None
) -> float:
    """What the product would have at the rates of the others on each of its channels; 0 where there are no others."""
    parts = []
    for channel, amount in base.items():
        rate = over.get(channel, 0.0) / under[channel] if under.get(channel, 0.0) > 0 else None
        rates = [one for one in (rate, industry) if one is not None]
        parts.append(amount * min(rates) if rates else 0.0)
    return math.fsum(parts)


def _worse(count: float, expected: float, settings: Settings) -> bool:
    return count <= settings.worse * expected and poisson_at_most(count, expected) < settings.chance


def _earned_a_yuan(one: Funnel) -> float:
    """What a unit of money in its ads earned on the mean, after paying for it; 0 where no margin is known."""
    spend = one.total("spend")
    return 0.0 if one.margin is None or spend <= 0 else one.total("revenue") * one.margin / spend - 1


def _stock(one: Funnel, settings: Settings) -> list[Finding]:
    """Sold out, soon sold out, or lying dead."""
    if one.stock is None:
        return []
    spend, orders = one.total("spend") / one.days, one.total("orders")
    pace = (one.units if one.units is not None else orders) / one.days
    kept = one.total("revenue") / orders * one.margin if orders and one.margin is not None else 0.0

    def finding(kind: Kind, worth: float, held: float = 0.0, **figures: float) -> list[Finding]:
        return [Finding(kind, one.product, one.name, worth, figures, held)]

    if one.stock <= 0:
        wanted = pace > 0 or spend > 0
        return finding("sold_out", max(pace * kept, spend), spend=spend, pace=pace) if wanted else []
    cover = one.stock / pace if pace > 0 else math.inf
    if cover > settings.dead_days:
        if one.units is None:
            return []  # nobody counts what it sells beside the ads: it may sell well
        held = one.stock * one.cost if one.cost is not None else 0.0
        return finding("dead_stock", 0.0, held, stock=one.stock, cover=cover, units=pace * one.days)
    needed = max(one.lead_days or 0.0, one.restock_days or 0.0)
    if needed > 0 and cover < needed + settings.spare_days:
        missing = max(0.0, needed - cover) * pace * kept / max(needed, 1.0)
        return finding("low_stock", missing, stock=one.stock, cover=cover, lead=needed)
    return []


def _refunds(one: Funnel, funnels: Sequence[Funnel], settings: Settings) -> Finding | None:
    """More of its money goes back than of the others'."""
    if one.refunded is None or not one.paid or (one.paid_orders or 0.0) < settings.refund_orders:
        return None
    others = [f for f in funnels if f is not one and f.refunded is not None and f.paid]
    paid = math.fsum(f.paid or 0.0 for f in others)
    usual = math.fsum(f.refunded or 0.0 for f in others) / paid if paid else settings.refund_rate
    if one.expected_refunds is not None:
        usual = max(usual, one.expected_refunds / one.paid)
    rate = one.refunded / one.paid
    orders = one.paid_orders or 0.0
    by_chance = 1 - poisson_at_most(math.ceil(orders * rate) - 1, orders * usual)
    if rate < 2 * usual or by_chance > 10 * settings.chance:  # twice the usual is looked at: chance may be ten times so
        return None
    worth = (rate - usual) * one.paid / one.days * (one.margin if one.margin is not None else 0.0)
    return Finding("refunds", one.product, one.name, worth, {"rate": rate, "usual": usual, "orders": orders})
