"""Why sales changed from one period to another: exact parts by product, channel and cause.

Called by :mod:`bidder.explain.digest`. Sales are a chain of counts, S = c₀ · (c₁/c₀) · … · (cₖ/cₖ₋₁): visitors, buyers,
revenue gives visitors × conversion × spend per buyer (客单价); the ads' own chain begins with what was spent. The parts
are LMDI-I (SCIENCE 11; Ang 2005) where every factor is above zero in both periods and Shapley's where one is zero. They
sum to the change, and swapping the periods flips every sign exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

__all__ = [
    "ADS",
    "FREE",
    "GONE",
    "MOVED",
    "NEW",
    "PAID",
    "REST",
    "SHOP",
    "Chain",
    "Change",
    "Item",
    "Part",
    "decompose",
]

MOVED = "moved"
"""Because bidder moved the budget."""
PAID = "paid"
"""More or less traffic from ads, not by what bidder moved."""
FREE = "free"
"""More or less traffic that nobody paid for."""
NEW = "new"
"""Sold in the later period alone."""
GONE = "gone"
"""Sold in the earlier period alone."""
NOTHING = 1e-12
"""A difference of two amounts that is rounding."""
REST = "rest"
"""What the counts cannot say: sales without any visitor or order counted."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The causes that the factors of a chain of counts stand for; the first is the traffic, which is split further."""

    counts: tuple[str, ...]
    causes: tuple[str, ...]


SHOP = Chain(("visitors", "buyers", "revenue"), ("traffic", "conversion", "average_buyer"))
"""支付金额 = 访客数 × 支付转化率 × 客单价."""
ADS = Chain(
    ("spend", "impressions", "clicks", "orders", "revenue"),
    ("traffic", "impressions_per_money", "ctr", "conversion", "average_order"),
)
"""Where the shop's own figures are not known: 花费 × 每元展现 × 点击率 × 点击转化率 × 笔单价."""


@dataclass(frozen=True, slots=True)
class Item:
    """A product on a channel in both periods; `before` and `after` are the counts of the chain, None where not there.

    `spend` and `clicks` are those of its ads, before and after. `moved` is by how much bidder changed its budget
    between the periods, in money a period.
    """

    product: str
    channel: str
    before: tuple[float, ...] | None
    after: tuple[float, ...] | None
    spend: tuple[float, float] = (0.0, 0.0)
    clicks: tuple[float, float] = (0.0, 0.0)
    moved: float = 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """Money of the change that belongs to one product, channel and cause."""

    product: str
    channel: str
    cause: str
    amount: float


@dataclass(frozen=True, slots=True)
class Change:
    """Sales before and after, and the parts of the difference; they sum to it."""

    before: float
    after: float
    parts: tuple[Part, ...] = field(default_factory=tuple)

    @property
    def amount(self) -> float:
        """after − before."""
        return self.after - self.before

    def by_product(self) -> dict[str, float]:
        """Product → its part."""
        return self._by("product")

    def by_channel(self) -> dict[str, float]:
        """Channel → its part."""
        return self._by("channel")

    def by_cause(self) -> dict[str, float]:
        """Cause → its part."""
        return self._by("cause")

    def _by(self, name: str) -> dict[str, float]:
        amounts: dict[str, list[float]] = {}
        for part in self.parts:
            amounts.setdefault(getattr(part, name), []).append(part.amount)
        return {key: math.fsum(values) for key, values in amounts.items()}


def decompose(items: Sequence[Item], chain: Chain = SHOP) -> Change:
    """The change of the sum of all items, in parts. Raises ValueError for counts that are negative or not finite.

    A product that was not there in one of the periods (or sold nothing and had no traffic) is a part of its own. A
    ratio over nothing is taken as it is in the other period, so that it explains nothing.
    """
    parts: list[Part] = []
    befores, afters = [], []
    for item in items:
        before, after = _checked(item.before, chain), _checked(item.after, chain)
        befores.append(before[-1])
        afters.append(after[-1])
        parts += [
            Part(item.product, item.channel, cause, amount) for cause, amount in _parts(item, before, after, chain)
        ]
    total_before, total_after = math.fsum(befores), math.fsum(afters)
    return Change(total_before, total_after, tuple(parts))


def _checked(counts: tuple[float, ...] | None, chain: Chain) -> tuple[float, ...]:
    if counts is None:
        return (0.0,) * len(chain.counts)
    if len(counts) != len(chain.counts) or not all(math.isfinite(one) and one >= 0 for one in counts):
        raise ValueError(f"expected {', '.join(chain.counts)}, finite and not negative, was {counts}")
    return counts


def _parts(item: Item, before: tuple[float, ...], after: tuple[float, ...], chain: Chain) -> list[tuple[str, float]]:
    there = any(before), any(after)
    if there == (False, False):
        return []
    if not all(there):
        return [(NEW, after[-1]) if there[1] else (GONE, -before[-1])]
    factors = _factors(before, after)
    amounts, worth = _of_product(*factors)
    rest = (after[-1] - math.prod(factors[1])) - (before[-1] - math.prod(factors[0]))
    named = [
        *_traffic(item, amounts[0], worth, before[0], after[0], chain),
        *zip(chain.causes[1:], amounts[1:], strict=True),
    ]
    named = [*named, (REST, rest)]
    return _closed([one for one in named if one[1] != 0.0], after[-1] - before[-1])


def _factors(before: tuple[float, ...], after: tuple[float, ...]) -> tuple[list[float], list[float]]:
    """The first count and the ratios of neighbours; a ratio over nothing is that of the other period."""
    sides: tuple[list[float], list[float]] = [before[0]], [after[0]]
    for i in range(1, len(before)):
        ratios = [counts[i] / counts[i - 1] if counts[i - 1] > 0 else None for counts in (before, after)]
        for side, own, other in zip(sides, ratios, reversed(ratios), strict=True):
            side.append(own if own is not None else other if other is not None else 0.0)
    return sides


def _of_product(old: Sequence[float], new: Sequence[float]) -> tuple[list[float], float]:
    """The part of each factor in the change of their product, and what one unit of the first factor is worth."""
    before, after = math.prod(old), math.prod(new)
    if before > 0 and after > 0:
        weight = _logarithmic_mean(before, after)
        return [weight * (math.log(x1) - math.log(x0)) for x0, x1 in zip(old, new, strict=True)], weight / (
            _logarithmic_mean(old[0], new[0])
        )
    shares = [_shapley_weight(old, new, i) for i in range(len(old))]
    return [(x1 - x0) * share for x0, x1, share in zip(old, new, shares, strict=True)], shares[0]


def _logarithmic_mean(a: float, b: float) -> float:
    """(a − b) / (ln a − ln b), and a where they are equal; the same whichever comes first."""
    low, high = min(a, b), max(a, b)
    gap = math.log1p((high - low) / low)
    return (high - low) / gap if gap > 0 else high


def _shapley_weight(old: Sequence[float], new: Sequence[float], of: int) -> float:
    """The mean product of the other factors over all orders in which they change; 3 factors: SCIENCE 11."""
    others = [i for i in range(len(old)) if i != of]
    terms = []
    for size in range(len(others) + 1):
        weight = 1 / (len(old) * math.comb(len(others), size))
        for changed in combinations(others, size):
            terms.append(weight * math.prod(new[i] if i in changed else old[i] for i in others))
    return math.fsum(terms)


def _traffic(
    item: Item, amount: float, worth: float, before: float, after: float, chain: Chain
) -> list[tuple[str, float]]:
    """The traffic's part: what bidder moved, other ads, and (for visitors) what came free."""
    by_us = _share_moved(item)
    if chain.counts[0] == "spend":
        return [(MOVED, amount * by_us), (PAID, amount - amount * by_us)]
    clicks = item.clicks[1] - item.clicks[0]
    bought = _of_product(*_factors((item.spend[0], item.clicks[0]), (item.spend[1], item.clicks[1])))[0][0]
    moved = worth * bought * by_us
    if after == before:
        moved, clicks = 0.0, 0.0  # the visitors are the same: what ads brought more, came less by itself
    paid = worth * clicks - moved
    if abs(paid) <= NOTHING * abs(moved):
        paid = 0.0
    return [(MOVED, moved), (PAID, paid), (FREE, amount - moved - paid)]


def _share_moved(item: Item) -> float:
    """The part of the change of spend that bidder's change of the budget explains, 0 to 1."""
    change = item.spend[1] - item.spend[0]
    return min(1.0, max(0.0, item.moved / change)) if change else 0.0


def _closed(parts: list[tuple[str, float]], change: float) -> list[tuple[str, float]]:
    """The parts with what rounding left over put onto the smallest of them: their exact sum is the change."""
    left = change - math.fsum(amount for _, amount in parts)
    if left == 0.0:
        return parts
    if not parts:
        return [(REST, left)]
    place = min(range(len(parts)), key=lambda i: abs(parts[i][1]))
    return [(cause, amount + left if i == place else amount) for i, (cause, amount) in enumerate(parts)]
