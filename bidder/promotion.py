"""Platform activities (大促) as the calendar has them: phases by the hour, which goods, at what price, with what money.

Values only, on the lowest floor: the calendar file is read by :mod:`bidder.config.calendar`, and what phases mean for
budgets stands in :mod:`bidder.rules.events`. All instants are aware UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from bidder.ids import ProductId
from bidder.money import Money

__all__ = ["LEAD", "Candidate", "Phase", "Promotion", "Span", "moments"]

LEAD = timedelta(hours=1)
"""So long before a burst opens its budgets are in force: money must not come when the first hour is over."""

LONGEST_GAP = timedelta(hours=24)
"""A phase goes on until the next one of its event where no more than this lies between them."""


class Phase(StrEnum):
    """What an event does to a shop at an hour (OPERATOR 3)."""

    STORE_UP = "store_up"
    PRESALE = "presale"
    PREHEAT = "preheat"
    BURST = "burst"
    BALANCE = "balance"
    STEADY = "steady"
    ENCORE = "encore"
    RECOVER = "recover"
    REFUNDS = "refunds"

    @property
    def rank(self) -> int:
        """Which phase holds where two of them overlap: the lower number."""
        return _RANK.index(self)

    @property
    def waits(self) -> bool:
        """Whether orders hold back on purpose, so that nothing is judged by conversions."""
        return self in (Phase.STORE_UP, Phase.PRESALE, Phase.PREHEAT)

    @property
    def priced(self) -> bool:
        """Whether goods sell at the event's price."""
        return self in (Phase.PRESALE, Phase.BURST, Phase.BALANCE, Phase.ENCORE)

    @property
    def ordinary(self) -> bool:
        """Whether its days say something about ordinary ones."""
        return self in (Phase.STEADY, Phase.REFUNDS)


_RANK = (
    *(Phase.BURST, Phase.BALANCE, Phase.PREHEAT, Phase.PRESALE, Phase.ENCORE, Phase.STORE_UP, Phase.STEADY),
    *(Phase.RECOVER, Phase.REFUNDS),
)

_SHARE_OF_LIFT: Mapping[Phase, float] = {Phase.BURST: 1.0, Phase.BALANCE: 0.5, Phase.ENCORE: 0.6}
"""What a phase has of the lift of a burst (OPERATOR 3); the others sell as usual."""


@dataclass(frozen=True, slots=True)
class Span:
    """A phase from an instant up to, not including, another."""

    phase: Phase
    opens: datetime
    closes: datetime


@dataclass(frozen=True, slots=True)
class Promotion:
    """One event of the calendar.

    `goods` is the condition as written; `products` are those it chose (None: all that the shop has). `discount` is the
    part by which the paid price falls, `surcharge` the further part of it that the platform keeps, both in the phases
    that sell at the event's price. `fee` is paid once. `purse` is the money beyond ordinary budgets. `lift` is how many
    times an ordinary day's sales a burst is expected to bring, `refunds` how many times the usual part of its sales is
    paid back, `paid_up` the part of deposits (预售) that are paid up, `cart_rate` the part of pieces put into carts
    before it that are bought in it, `new_share` the part of its buyers that are new, each of them worth `new_worth`
    beyond the order; None: not said. `approved` is the sum of its goods' budgets a day that was approved beforehand, by
    phase.
    """

    name: str
    spans: tuple[Span, ...]
    goods: str = ""
    products: frozenset[ProductId] | None = None
    discount: float = 0.0
    surcharge: float = 0.0
    fee: Money | None = None
    purse: Money | None = None
    lift: float | None = None
    refunds: float | None = None
    paid_up: float | None = None
    cart_rate: float | None = None
    new_share: float | None = None
    new_worth: Money | None = None
    approved: Mapping[Phase, Money] = field(default_factory=dict)

    def covers(self, products: Iterable[ProductId]) -> bool:
        """Whether it is about any of these; an event of the whole shop is about every budget."""
        return self.products is None or not self.products.isdisjoint(products)

    @property
    def lasting(self) -> tuple[Span, ...]:
        """The spans as budgets see them, sorted: bursts an hour early, short gaps filled by the phase before them."""
        begun = [
            Span(one.phase, one.opens - LEAD if one.phase is Phase.BURST else one.opens, one.closes)
            for one in self.spans
        ]
        begun.sort(key=lambda one: (one.opens, one.phase.rank))
        lasting = []
        for index, one in enumerate(begun):
            closes = one.closes
            if one.phase is not Phase.REFUNDS:
                later = [other.opens for other in begun[index + 1 :] if other.phase is not Phase.REFUNDS]
                following = min((at for at in later if at >= closes), default=None)
                inside = any(o.opens <= closes < o.closes for o in begun if o.phase is not Phase.REFUNDS and o != one)
                if following is not None and not inside and following - closes <= LONGEST_GAP:
                    closes = following
            lasting.append(Span(one.phase, one.opens, closes))
        return tuple(lasting)

    def at(self, instant: datetime) -> Span | None:
        """The phase in force at an instant; None outside the event."""
        inside = [one for one in self.lasting if one.opens <= instant < one.closes]
        return min(inside, key=lambda one: (one.phase.rank, one.opens), default=None)

    @property
    def opens(self) -> datetime:
        """When its first phase begins."""
        return min(one.opens for one in self.lasting)

    @property
    def closes(self) -> datetime:
        """When its last phase ends."""
        return max(one.closes for one in self.lasting)

    def lift_of(self, phase: Phase, lift: float) -> float:
        """How many times an ordinary day's sales a phase brings, where a burst brings `lift`."""
        return 1.0 + _SHARE_OF_LIFT.get(phase, 0.0) * (lift - 1.0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An event that the shop may still join, until the `deadline`; each product that takes part costs `fee_each`."""

    event: Promotion
    fee_each: Money | None = None
    deadline: date | None = None


def moments(calendar: Iterable[Promotion]) -> tuple[datetime, ...]:
    """The instants at which a phase that moves budgets begins or ends, sorted: each asks for a decision of its own."""
    found = {
        at
        for one in calendar
        for span in one.lasting
        if span.phase is not Phase.REFUNDS
        for at in (span.opens, span.closes)
    }
    return tuple(sorted(found))
