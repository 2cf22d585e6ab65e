"""The amounts that steps are measured from, where an event multiplies those in force: there and back (PRODUCT 4).

A rule `budget: {multiply: 3}` holds on the days of its `when`. What is in force was written on the day of bidder's last
change; if the rule held on that day, it stands in the amount already. So the reference is the amount in force, times
the multiple of today, over the multiple of that day: three times at the start, itself while it lasts, a third at the
end, and nothing has to be remembered. One day moves by no more than three times, which is what the brake lets pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bidder.limits import Bounds, Priority
from bidder.money import MICROS, Money
from bidder.rules.attributes import Attributes
from bidder.rules.base import Rule
from bidder.rules.budget import BudgetRange
from bidder.snapshot import EPOCH_ORDINAL, FloatArray, Snapshot

__all__ = ["Reference", "reference_of"]

MOST = 3.0
"""A change by more than this factor is taken for a mistaken unit (FAILURES 11)."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """`amounts` (n,) that steps are measured from, and a Snapshot in which they are those in force."""

    amounts: FloatArray
    snapshot: Snapshot

    def bounds(self, now: FloatArray) -> Iterable[Bounds]:
        """How far one day may go where a multiple begins or ends."""
        moves = (self.amounts != now) & ~np.isnan(now)
        if moves.any():
            lower, upper = np.where(moves, now / MOST, -np.inf), np.where(moves, now * MOST, np.inf)
            yield Bounds("no more than three times in a day", lower, upper, Priority.STEP)


def reference_of(
    rules: Sequence[Rule], attributes: Attributes, chosen_by: Callable[[Rule, Attributes], NDArray[np.bool_]]
) -> Reference:
    """The reference of today; the Snapshot itself where nothing multiplies."""
    snapshot = attributes.snapshot
    now = snapshot.now
    factor = np.ones(len(snapshot.budgets))
    days: dict[int, Attributes] = {}
    changed = np.array([snapshot.changed.get(budget.id, -1) for budget in snapshot.budgets], dtype=np.int64)
    for rule in rules:
        multiple = rule.kind.multiply if isinstance(rule.kind, BudgetRange) else None
        if multiple is None or not rule.enabled or rule.when is None:
            continue
        members = chosen_by(replace(rule, when=None), attributes)
        if rule.when.holds(attributes):
            factor[members] *= multiple
        for day in sorted(set(changed[members & (changed >= 0)].tolist())):
            if day not in days:
                days[day] = Attributes(replace(snapshot, day=date.fromordinal(day + EPOCH_ORDINAL)))
            if rule.when.holds(days[day]):
                factor[members & (changed == day)] /= multiple
    factor = np.clip(np.where(np.abs(factor - 1.0) < 1e-9, 1.0, factor), 1 / MOST, MOST)
    if (factor == 1.0).all():
        return Reference(now, snapshot)
    budgets = [
        one if one.now is None or times == 1.0 else replace(one, now=_times(one.now, times))
        for one, times in zip(snapshot.budgets, factor.tolist(), strict=True)
    ]
    measured = replace(snapshot, budgets=tuple(budgets))
    return Reference(measured.now, measured)


def _times(amount: Money, factor: float) -> Money:
    """The multiple to the nearest hundredth of a unit: a third of 300 is 100."""
    hundredth = MICROS // 100
    return Money(round(amount.micros * factor / hundredth) * hundredth, amount.currency)
