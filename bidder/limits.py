"""What people, platforms and stock allow: linear bounds on amounts or on what they are expected to bring.

Rules and the optimizer meet here and nowhere else. Everything is a limit; each carries where it was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from bidder.errors import Source
from bidder.snapshot import FloatArray

__all__ = ["Bounds", "Choice", "Limit", "Limits", "Priority", "Quantity", "Sense", "Source"]


class Quantity(StrEnum):
    """What a Limit bounds: the amounts themselves, or an expectation of the curves at the amounts."""

    AMOUNT = "amount"
    SPEND = "spend"
    CLICKS = "clicks"
    ORDERS = "orders"
    REVENUE = "revenue"
    PROFIT = "profit"


class Sense(StrEnum):
    """Which side the bound is on."""

    AT_MOST = "at most"
    AT_LEAST = "at least"


class Priority:
    """Who gives way first when limits clash: the lower number (SCIENCE 7)."""

    TRIAL = 5
    """Money for trying things out: it never overrides what anybody wrote."""
    WISH = 10
    """Shares and floors that somebody would like."""
    TARGET = 20
    """ROAS, CPA, 费比."""
    STEP = 30
    """Brakes on ordinary moves."""
    OWNER_CAP = 40
    """Minimum and maximum an owner wrote."""
    PLATFORM = 50
    """What the platform takes at all."""
    STOCK = 60
    """Stopping money."""
    ABSOLUTE = 100
    """The day and month caps: never relaxed."""


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    """One linear bound: Σ weights·quantity(amounts) at most or at least `bound`.

    `weights` has one entry a budget in Snapshot order; amounts and bounds of money are in the shop's currency a day.
    """

    rule: str
    quantity: Quantity
    weights: FloatArray
    sense: Sense
    bound: float
    priority: int
    source: Source | None = None

    def value(self, quantities: FloatArray) -> float:
        """The left-hand side at these per-budget quantities."""
        return float((self.weights * quantities).sum())  # not BLAS: the same bits however many threads

    def slack(self, quantities: FloatArray) -> float:
        """How far inside the bound; negative when it is broken."""
        room = self.bound - self.value(quantities)
        return room if self.sense is Sense.AT_MOST else -room


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """One rule's own lower and upper amount for every budget, as columns: steps, minima, maxima, pins.

    −inf and +inf leave a side open. Where several Bounds meet, the tightest side wins; where they cross, the one of
    lower priority gives way.
    """

    rule: str
    lower: FloatArray
    upper: FloatArray
    priority: int
    source: Source | None = None

    @classmethod
    def open(cls, rule: str, size: int, priority: int, source: Source | None = None) -> Bounds:
        """Bounds that bound nothing yet."""
        return cls(rule, np.full(size, -np.inf), np.full(size, np.inf), priority, source)


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """For every budget: nothing at all, or an amount from `least` up (0: no such choice); columns like those of Bounds.

    For budgets that may be paused and are pointless below a minimum. It gives way like the lowest wish: an amount
    between the two that a limit of any priority demands is kept.
    """

    rule: str
    least: FloatArray
    source: Source | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """All limits of one decision, in the order of their rules.

    `smallest` is the least change of each budget that is worth a write (None: any is). `reference` are the amounts that
    steps are measured from, where an event multiplies those in force (None: nowhere).
    """

    size: int
    bounds: tuple[Bounds, ...] = ()
    limits: tuple[Limit, ...] = ()
    smallest: FloatArray | None = None
    choices: tuple[Choice, ...] = ()
    reference: FloatArray | None = None

    def small_moves(self, now: FloatArray, amounts: FloatArray) -> NDArray[np.bool_]:
        """Which budgets would move, but by less than is worth a write: fix these at `now` and solve once more."""
        if self.smallest is None:
            return np.zeros(self.size, dtype=np.bool_)
        difference = np.abs(amounts - now)
        return np.asarray((difference > 0) & (difference < self.smallest * (1 - 1e-9)))
