"""What a check of the brake looks at, and its arithmetic.

Sums and comparisons that decide are exact fractions. Floats only pick out which lines are worth the exact look: they
err by 1e-16, and the exact comparison allows for 1e-9.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from math import isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bidder.catalog import Account, Budget, BudgetStatus
from bidder.guard.settings import GuardSettings
from bidder.ids import AccountId, BudgetId
from bidder.limits import Limit, Limits, Priority, Quantity, Sense
from bidder.money import MICROS, Currency, Money, minor_unit
from bidder.plan import Change, Held, Plan
from bidder.snapshot import EPOCH_ORDINAL, FloatArray, Snapshot

__all__ = ["Case", "Check", "Line", "exact", "least", "shown", "unit"]


class Line(NamedTuple):
    """A budget in force: its position in the Snapshot, itself, and what the plan does with it."""

    at: int
    budget: Budget
    change: Change


@lru_cache(maxsize=256)  # bounds of one decision, asked for again and again; each day brings a few others
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


@dataclass(frozen=True)
class Case:
    """A plan and all it stands on; `stays` are budgets that keep their amount, as their line is held or not written."""

    plan: Plan
    limits: Limits
    snapshot: Snapshot
    settings: GuardSettings
    stays: frozenset[BudgetId] = frozenset()

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Every budget in force that the plan names."""
        changes = {change.budget: change for change in self.plan.changes}
        return tuple(
            Line(index, budget, changes[budget.id])
            for index, budget in enumerate(self.snapshot.budgets)
            if budget.status is BudgetStatus.ACTIVE and budget.id in changes
        )

    # amounts

    def rate(self, currency: Currency) -> Fraction:
        """Shop currency per unit of `currency`. Raises KeyError when there is none, which holds the plan."""
        return exact(self.snapshot.rate(currency))

    def in_shop(self, amount: Money) -> Fraction:
        """An amount in major units of the shop's currency."""
        value = Fraction(amount.micros, MICROS)
        return value if amount.currency == self.snapshot.currency else value * self.rate(amount.currency)

    def unit(self, budget: Budget) -> Fraction:
        """One step of the platform in the shop's currency."""
        return Fraction(unit(budget), MICROS) * self.rate(budget.currency)

    @cached_property
    def before(self) -> FloatArray:
        """The amounts in force of `lines` as floats in the shop's currency; NaN where never read."""
        return self._floats([line.change.before for line in self.lines])

    @cached_property
    def after(self) -> FloatArray:
        """The planned amounts of `lines`, likewise."""
        return self._floats([line.change.after for line in self.lines])

    def _floats(self, amounts: Sequence[Money | None]) -> FloatArray:
        rates = {currency: self.snapshot.rate(currency) for currency in {a.currency for a in amounts if a is not None}}
        return np.array(
            [np.nan if a is None else a.micros / MICROS * rates[a.currency] for a in amounts], dtype=np.float64
        )

    @cached_property
    def positions(self) -> NDArray[np.int64]:
        """The positions of `lines` in the Snapshot."""
        return np.array([line.at for line in self.lines], dtype=np.int64)

    def some(self, mask: NDArray[np.bool_]) -> Iterator[Line]:
        """The lines where a mask over `lines` holds."""
        return (self.lines[row] for row in np.flatnonzero(mask))

    # limits

    @cached_property
    def caps(self) -> tuple[Limit, ...]:
        """The absolute caps on amounts."""
        return tuple(one for one in self.at_most if one.priority >= Priority.ABSOLUTE)

    @cached_property
    def at_most(self) -> tuple[Limit, ...]:
        """Caps on amounts that an owner wrote, a platform has, or nothing lifts."""
        return tuple(
            one
            for one in self.limits.limits
            if one.quantity is Quantity.AMOUNT and one.sense is Sense.AT_MOST and one.priority >= Priority.OWNER_CAP
        )

    def left(self, limit: Limit, amounts: Sequence[Money | None]) -> Fraction:
        """Bound less Σ weights·amounts over `lines`, exactly; an unknown amount counts as nothing."""
        sums: dict[tuple[float, Currency], int] = {}
        weights = limit.weights[self.positions].tolist()
        for weight, amount in zip(weights, amounts, strict=True):
            if amount is not None:
                key = (weight, amount.currency)
                sums[key] = sums.get(key, 0) + amount.micros
        total = sum((exact(w) * self.rate(c) * Fraction(m, MICROS) for (w, c), m in sums.items()), Fraction(0))
        return exact(limit.bound) - total

    @cached_property
    def passed_today(self) -> tuple[Limit, ...]:
        """The caps of `at_most` that the amounts in force pass, so that money has to stop whatever the steps say."""
        now = [line.budget.now for line in self.lines]
        return tuple(limit for limit in self.at_most if self.left(limit, now) < 0)

    @property
    def passes_caps_today(self) -> bool:
        """Whether one of them is absolute."""
        return any(limit.priority >= Priority.ABSOLUTE for limit in self.passed_today)

    def slop(self, limit: Limit) -> Fraction:
        """Nothing for a plain sum in one currency; else what floats of weights and rates cannot say: 1e-9 of it."""
        plain = bool(np.all((limit.weights == 0.0) | (limit.weights == 1.0)))
        one_currency = all(budget.currency == self.snapshot.currency for budget in self.snapshot.budgets)
        return Fraction(0) if plain and one_currency else abs(exact(limit.bound)) / 10**9

    @cached_property
    def stops(self) -> FloatArray:
        """The amount that stock or an absolute limit stops each budget at; +inf when nothing does."""
        upper = [bounds.upper for bounds in self.limits.bounds if bounds.priority >= Priority.STOCK]
        return np.asarray(np.minimum.reduce([np.full(self.limits.size, np.inf), *upper]))

    @cached_property
    def windows(self) -> tuple[FloatArray, FloatArray]:
        """Each budget's tightest bounds; where two cross, the one of lower priority gives way."""
        lower, upper = np.full(self.limits.size, -np.inf), np.full(self.limits.size, np.inf)
        for bounds in sorted(self.limits.bounds, key=lambda one: -one.priority):
            if np.isnan(bounds.lower).any() or np.isnan(bounds.upper).any():
                raise ValueError(f"{bounds.rule}: a bound is not a number")
            upper = np.maximum(np.minimum(upper, bounds.upper), lower)
            lower = np.minimum(np.maximum(lower, bounds.lower), upper)
        return lower, upper

    @cached_property
    def lowest(self) -> FloatArray:
        """The least that anything above a wish asks of each budget: what a cap leaves of a wish is no fault."""
        firm = [bounds for bounds in self.limits.bounds if bounds.priority > Priority.WISH]
        asked = np.maximum.reduce([np.full(self.limits.size, -np.inf), *(one.lower for one in firm)])
        return np.minimum(asked, self.windows[0])

    @cached_property
    def step_windows(self) -> tuple[FloatArray, FloatArray]:
        """The least and the most that step rules leave each budget; open where none does."""
        steps = [one for one in self.limits.bounds if Priority.STEP <= one.priority < Priority.OWNER_CAP]
        nothing = np.full(self.limits.size, np.inf)
        lower = np.maximum.reduce([-nothing, *(one.lower for one in steps)])
        return lower, np.minimum.reduce([nothing, *(one.upper for one in steps)])

    @cached_property
    def forced_down(self) -> NDArray[np.bool_]:
        """Budgets that something above steps may push below their own: a bound, a cap, a floor elsewhere."""
        now = self.snapshot.now
        higher = [bounds for bounds in self.limits.bounds if bounds.priority > Priority.STEP]
        forced = np.zeros(self.limits.size, dtype=np.bool_)
        for bounds in higher:
            forced |= bounds.upper < now
        if any(bool((one.lower > now).any()) for one in higher if one.priority >= Priority.OWNER_CAP):
            forced |= True
        for limit in self.passed_today:
            forced |= limit.weights > 0
        return forced

    def multiple(self, at: int) -> Fraction:
        """By what an event multiplies the amount in force of the budget at this position; 1 on ordinary days."""
        if self.limits.reference is None:
            return Fraction(1)
        now, reference = float(self.snapshot.now[at]), float(self.limits.reference[at])
        return exact(reference) / exact(now) if isfinite(now) and now > 0 and reference != now else Fraction(1)

    # accounts

    @cached_property
    def moved_accounts(self) -> tuple[tuple[Account, tuple[BudgetId, ...]], ...]:
        """Each account of which budgets in force would move, with those budgets."""
        moved: dict[AccountId, list[BudgetId]] = {}
        for _, budget, change in self.lines:
            if change.moves:
                moved.setdefault(budget.id.account, []).append(budget.id)
        return tuple((account, tuple(moved[account.id])) for account in self.snapshot.accounts if account.id in moved)

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
