"""Where a cap leaves less than platforms take: down to what they take at least, and no further.

Called after :mod:`bidder.optimizer.rounding`. An amount below a platform's minimum cannot be written, so a plan of such
amounts would be held and the money would run on as before, far above the cap; its minimums are the nearest to the cap
that can be in force. Nothing is raised by this: what stands at or below its minimum already stays there. The cap itself
is not lifted: the plan says that it is passed, the guard lets pass what only lowers, and the clash is named.
"""

from __future__ import annotations

from collections.abc import Sequence

from bidder.catalog import Budget, BudgetStatus
from bidder.money import Money, minor_unit

__all__ = ["least_taken", "not_below_minimums"]


def least_taken(budget: Budget) -> int:
    """The least that its platform takes, on its step, in micros of the budget's currency."""
    step = budget.step.micros if budget.step is not None and budget.step.micros > 0 else minor_unit(budget.currency)
    minimum = budget.minimum.micros if budget.minimum is not None else 0
    return max(-(-minimum // step), 1) * step


def not_below_minimums(amounts: Sequence[Money], budgets: Sequence[Budget]) -> tuple[Money, ...]:
    """Each amount, or what the platform takes at least where it is less and the one in force is not."""
    return tuple(_taken(amount, budget) for amount, budget in zip(amounts, budgets, strict=True))


def _taken(amount: Money, budget: Budget) -> Money:
    least = least_taken(budget)
    if amount.micros >= least or budget.now is None or budget.status is not BudgetStatus.ACTIVE:
        return amount
    return Money(min(budget.now.micros, least), budget.currency)
