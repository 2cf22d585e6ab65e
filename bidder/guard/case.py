"""What a check of the brake looks at, and its arithmetic: exact fractions, never floats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from bidder.catalog import Account, Budget, BudgetStatus
from bidder.guard.settings import GuardSettings
from bidder.ids import BudgetId
from bidder.limits import Limit, Limits, Priority, Quantity, Sense
from bidder.money import MICROS, Currency, Money, minor_unit
from bidder.plan import Change, Held, Plan
from bidder.snapshot import EPOCH_ORDINAL, Snapshot

__all__ = ["Case", "Check", "Window", "exact", "least", "shown", "unit"]

Window = tuple[Fraction | None, Fraction | None]
"""The least and the most that a budget may be, in the shop's currency; None leaves a side open."""


def exact(value: float) -> Fraction:
    """The decimal number that a float prints as. Raises ValueError for NaN and infinity, which holds the plan."""
    if not isfinite(value):
        raise ValueError(f"expected a finite number, was {value}")
    return Fraction(Decimal(repr(float(value))))


def unit(budget: Budget) -> int:
    """The smallest difference that the platform takes, in micros of the budget's currency."""
    return budget.step.micros if budget.step is not None and budget.step.micros > 0 else minor_unit(budget.currency)


def least(budget: Budget) -> Fraction:
    """The least that the platform takes, on its step, in major units of the budget's currency."""
    minimum = budget.minimum.micros if budget.minimum is not None else 0
    return Fraction(max(-(-minimum // unit(budget)), 1) * unit(budget), MICROS)


def shown(value: Fraction | None) -> str:
    """For a person to read."""
    return "any" if value is None else f"{float(value):.2f}"


@dataclass(frozen=True, slots=True)
class Case:
    """A plan and all it stands on; `stays` are budgets that keep their amount, as their line is held or not written."""

    plan: Plan
    limits: Limits
    snapshot: Snapshot
    settings: GuardSettings
    stays: frozenset[BudgetId] = frozenset()

    def lines(self) -> Iterator[tuple[int, Budget, Change]]:
        """Position, budget and change of every budget in force that the plan names."""
        changes = {change.budget: change for change in self.plan.changes}
        for index, budget in enumerate(self.snapshot.budgets):
            if budget.status is BudgetStatus.ACTIVE and budget.id in changes:
                yield index, budget, changes[budget.id]

    def in_shop(self, amount: Money) -> Fraction:
        """An amount in major units of the shop's currency."""
        return Fraction(amount.micros, MICROS) * self.rate(amount.currency)

    def rate(self, currency: Currency) -> Fraction:
        """Shop currency per unit of `currency`. Raises KeyError when there is none, which holds the plan."""
        return exact(self.snapshot.rate(currency))

    def unit(self, budget: Budget) -> Fraction:
        """One step of the platform in the shop's currency."""
        return Fraction(unit(budget), MICROS) * self.rate(budget.currency)

    @property
    def caps(self) -> list[Limit]:
        """The absolute caps on amounts."""
        return [
            limit
            for limit in self.limits.limits
            if limit.priority >= Priority.ABSOLUTE
            and limit.quantity is Quantity.AMOUNT
            and limit.sense is Sense.AT_MOST
        ]

    @property
    def passes_caps_today(self) -> bool:
        """Whether the amounts in force pass an absolute cap, so that money has to stop whatever the steps say."""
        return any(self.left(limit, [budget.now for _, budget, _ in self.lines()]) < 0 for limit in self.caps)

    def left(self, limit: Limit, amounts: list[Money | None]) -> Fraction:
        """Bound less Σ weights·amounts over `lines`, exactly; an unknown amount counts as nothing."""
        total = Fraction(0)
        for (index, _, _), amount in zip(self.lines(), amounts, strict=True):
            if amount is not None:
                total += exact(limit.weights[index]) * self.in_shop(amount)
        return exact(limit.bound) - total

    def slop(self, limit: Limit) -> Fraction:
        """Nothing for a plain sum in one currency; else what floats of weights and rates cannot say: 1e-9 of it."""
        plain = bool(np.all((limit.weights == 0.0) | (limit.weights == 1.0)))
        one_currency = all(budget.currency == self.snapshot.currency for budget in self.snapshot.budgets)
        return Fraction(0) if plain and one_currency else abs(exact(limit.bound)) / 10**9

    def forced_down(self, index: int) -> bool:
        """Whether something that ranks above steps may push a budget below its own: bound, cap, another floor."""
        higher = [bounds for bounds in self.limits.bounds if bounds.priority >= Priority.OWNER_CAP]
        steps = [b for b in self.limits.bounds if Priority.STEP < b.priority < Priority.OWNER_CAP]  # forced cuts
        now = self.snapshot.now
        if any(bounds.upper[index] < now[index] for bounds in (*higher, *steps)):
            return True
        if any(bool(np.any(bounds.lower > now)) for bounds in higher):
            return True
        today = [budget.now for _, budget, _ in self.lines()]
        caps = [one for one in self.limits.limits if one.priority >= Priority.OWNER_CAP and one.weights[index] > 0]
        at_most = [one for one in caps if one.sense is Sense.AT_MOST and one.quantity is Quantity.AMOUNT]
        return any(self.left(limit, today) < 0 for limit in at_most)

    def stop(self, index: int) -> Fraction | None:
        """The amount that stock or an absolute limit stops a budget at; None when nothing does."""
        stopping = [float(bounds.upper[index]) for bounds in self.limits.bounds if bounds.priority >= Priority.STOCK]
        return min((exact(upper) for upper in stopping if isfinite(upper)), default=None)

    def window(self, index: int) -> Window:
        """A budget's tightest bounds; where two cross, the one of lower priority gives way."""
        lower: Fraction | None = None
        upper: Fraction | None = None
        for bounds in sorted(self.limits.bounds, key=lambda one: -one.priority):
            low, high = float(bounds.lower[index]), float(bounds.upper[index])
            if np.isnan(low) or np.isnan(high):
                raise ValueError(f"{bounds.rule}: a bound is not a number")
            if isfinite(high):
                tighter = exact(high) if upper is None else min(upper, exact(high))
                upper = tighter if lower is None else max(tighter, lower)
            if isfinite(low):
                tighter = exact(low) if lower is None else max(lower, exact(low))
                lower = tighter if upper is None else min(tighter, upper)
        return lower, upper

    def moved_accounts(self) -> Iterator[tuple[Account, list[BudgetId]]]:
        """Each account of which budgets in force would move, with those budgets."""
        for account in self.snapshot.accounts:
            moved = [b.id for _, b, change in self.lines() if b.id.account == account.id and change.moves]
            if moved:
                yield account, moved

    def rows_of(self, account: Account) -> NDArray[np.bool_]:
        """Rows of the history that say what the account spent."""
        mine = np.array([budget.id.account == account.id for budget in self.snapshot.budgets], dtype=np.bool_)
        history = self.snapshot.history
        return np.asarray(mine[history.budget] & ~np.isnan(history.spend))

    def newest_day(self, account: Account) -> date | None:
        """The newest day of which the account has figures."""
        days = self.snapshot.history.day[self.rows_of(account)]
        return date.fromordinal(int(days.max()) + EPOCH_ORDINAL) if len(days) else None


Check = Callable[[Case], Iterator[Held]]
