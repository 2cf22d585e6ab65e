"""What rules ask of today's budgets: which spend, what the platform takes at least, what may still come of a write.

All columns are in Snapshot order and in the shop's currency.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bidder.catalog import BudgetStatus, Mode
from bidder.money import Currency, minor_unit
from bidder.snapshot import FloatArray, Snapshot
from bidder.written import MINIMUM, Amount

__all__ = ["column", "in_force", "in_shop", "minimums", "reserve", "written_by_bidder"]


def in_shop(amount: Amount, snapshot: Snapshot) -> float:
    """An amount that a person wrote, in the shop's currency. Raises KeyError when its currency has no rate."""
    money = amount.money(snapshot.currency)
    return money.to_float() * snapshot.rate(money.currency)


def column(amount: Amount | str, snapshot: Snapshot) -> FloatArray:
    """That amount for every budget; `minimum` is each platform's own least amount."""
    if amount == MINIMUM:
        return minimums(snapshot)
    assert isinstance(amount, Amount)
    return np.full(len(snapshot.budgets), in_shop(amount, snapshot))


def minimums(snapshot: Snapshot) -> FloatArray:
    """The least a budget can be: the platform's minimum on its step, else one step, else one minor unit. Never zero."""
    return snapshot.column("minimums", lambda: _minimums(snapshot))


def _minimums(snapshot: Snapshot) -> FloatArray:
    known: dict[tuple[int, int, Currency], float] = {}
    least = []
    for budget in snapshot.budgets:
        unit = budget.step.micros if budget.step is not None and budget.step.micros > 0 else minor_unit(budget.currency)
        minimum = budget.minimum.micros if budget.minimum is not None else 0
        key = (unit, minimum, budget.currency)
        if key not in known:
            micros = max(-(-minimum // unit), 1) * unit
            rate = Fraction(Decimal(repr(float(snapshot.rate(budget.currency)))))
            known[key] = float(Fraction(micros, 1_000_000) * rate)
        least.append(known[key])
    return np.array(least, dtype=np.float64)


def in_force(snapshot: Snapshot) -> NDArray[np.bool_]:
    """Budgets that the platform spends now: neither paused nor removed."""
    active = snapshot.column(
        "in force", lambda: np.array([b.status is BudgetStatus.ACTIVE for b in snapshot.budgets], dtype=np.float64)
    )
    return np.asarray(active > 0)


def written_by_bidder(snapshot: Snapshot) -> NDArray[np.bool_]:
    """Budgets of accounts where a plan can take effect; all of them when every account is only observed."""
    modes = {account.id: account.mode for account in snapshot.accounts}
    acts = np.array([modes[budget.id.account] is not Mode.OBSERVE for budget in snapshot.budgets], dtype=np.bool_)
    return acts if acts.any() else np.ones(len(snapshot.budgets), dtype=np.bool_)


def reserve(snapshot: Snapshot) -> FloatArray:
    """By how much a budget may be larger than `now`, because the outcome of its last write is not known yet."""
    extra = np.zeros(len(snapshot.budgets))
    now = snapshot.now
    for index, budget in enumerate(snapshot.budgets):
        worst = snapshot.unresolved.get(budget.id)
        if worst is not None:
            amount = worst.to_float() * snapshot.rate(worst.currency)
            extra[index] = max(amount - np.nan_to_num(now[index]), 0.0)
    return extra
