"""What was decided and what became of it: Allocation, Change, Plan, Held, State, Outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from bidder.catalog import Budget
from bidder.ids import BudgetId, PlanId
from bidder.money import Currency, Money
from bidder.outcome import Applied, OutcomeOf, Refused, Unresolved
from bidder.snapshot import FloatArray

__all__ = [
    "Allocation",
    "Applied",
    "Certificate",
    "Change",
    "Held",
    "Outcome",
    "Plan",
    "Price",
    "Refused",
    "State",
    "Unresolved",
]


class State(StrEnum):
    """The daemon's: all writes, only decreases, or none."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


Outcome = OutcomeOf[Money]
"""What became of the write of one budget: Applied, Refused or Unresolved."""


@dataclass(frozen=True, slots=True)
class Held:
    """A brake that held a plan (or one budget of it), with the figure and its threshold in words."""

    check: str
    reason: str
    budget: BudgetId | None = None


class Price(NamedTuple):
    """What a limit costs: objective gained a day by loosening its bound by one unit (≥ 0), and whether it binds."""

    rule: str
    price: float
    binding: bool
    relaxed: float
    """By how much the limit had to give way, in its own unit; 0 when kept."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """How good the answer is, recomputed without the solver: status and relative duality gap."""

    status: str
    gap: float


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """The optimizer's amounts (floats, shop currency a day, Snapshot order), and the price of each limit.

    `prices` stand in the order of `Limits.limits`; `bound_prices` in that of `Limits.bounds`, a column each: what one
    unit more room at a budget's bound would earn a day. `marginal` is the slope of the objective at the amounts,
    before limits. `value_of_total` is what one more unit of the day's total earns.
    """

    amounts: FloatArray
    objective: float
    baseline: float
    marginal: FloatArray
    prices: tuple[Price, ...]
    bound_prices: tuple[FloatArray, ...]
    value_of_total: float
    certificate: Certificate
    seconds: dict[str, float] = field(default_factory=dict)
    columns: int = 0
    rows: int = 0
    bound_relaxed: tuple[FloatArray, ...] = ()
    """In the order of `Limits.bounds`, a column each: by how much a budget had to leave its bound; 0 where kept."""


@dataclass(frozen=True, slots=True)
class Change:
    """One budget from → to. `before` is None when the amount in force was never read."""

    budget: BudgetId
    before: Money | None
    after: Money

    @property
    def difference(self) -> Money:
        """After minus before (before unknown counts as nothing)."""
        return self.after if self.before is None else self.after - self.before

    @property
    def moves(self) -> bool:
        """Whether anything is to be written."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Plan:
    """Every budget with its amount before and after, sorted by id; its id is a hash of that content."""

    id: PlanId
    currency: Currency
    changes: tuple[Change, ...]

    @classmethod
    def between(cls, budgets: Sequence[Budget], amounts: Sequence[Money], currency: Currency, salt: str) -> Plan:
        """The plan from the amounts in force to `amounts` (both in each budget's own currency).

        `salt` names what else the decision stands on (as_of, policy), so that plans of different days differ.
        """
        pairs = zip(budgets, amounts, strict=True)
        listed = (Change(b.id, b.now, a) for b, a in pairs)
        changes = tuple(sorted(listed, key=lambda change: (change.budget.account, change.budget.native)))
        content = "\n".join(f"{c.budget} {c.before} {c.after} {c.after.currency}" for c in changes)
        return cls(PlanId(sha256(f"{salt}\n{content}".encode()).hexdigest()[:12]), currency, changes)

    @property
    def moved(self) -> tuple[Change, ...]:
        """The changes that would be written."""
        return tuple(change for change in self.changes if change.moves)

    def amount(self, budget: BudgetId) -> Money:
        """The planned amount of one budget. Raises KeyError."""
        for change in self.changes:
            if change.budget == budget:
                return change.after
        raise KeyError(str(budget))
