"""The amounts that steps are measured from, where an event multiplies those in force: there and back (PRODUCT 4).

A rule `budget: {multiply: 3}` holds on the days (and hours) of its `when`. What is in force was written at the instant
of bidder's last change; if the rule held then, it stands in the amount already. So the reference is the amount in
force, times the multiple of now, over the multiple of that instant: three times at the start, itself while it lasts, a
third at the end, and nothing has to be remembered. One day moves by no more than three times, which is what the brake
lets pass. In a month's first days steps are measured from what its end had cut (:mod:`bidder.rules.month_turn`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from bidder.limits import Bounds, Priority
from bidder.money import MICROS, Money
from bidder.response.event_days import instant_of
from bidder.rules.amounts import minimums
from bidder.rules.month_turn import before_the_end
from bidder.rules.multiples import Multiples
from bidder.snapshot import FloatArray, Snapshot

__all__ = ["MOST", "Reference", "reference_of"]

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


def reference_of(multiples: Multiples) -> Reference:
    """The reference of now; the Snapshot itself where nothing multiplies."""
    snapshot = multiples.snapshot
    now = snapshot.now
    factor = np.ones(len(now))
    if multiples.places():
        factor = multiples.of(instant_of(snapshot), snapshot.day) / multiples.changed()
        factor = np.where(np.abs(factor - 1.0) < 1e-9, 1.0, factor)
    had = before_the_end(multiples.rules, snapshot)
    positive = np.where(now > 0, now, 1.0)
    factor = np.where(np.isnan(had), factor, np.maximum(factor, had / positive))
    # what stands at the platform's least was multiplied by nothing; less than that could never rise again
    least = np.minimum(minimums(snapshot), now)
    factor = np.maximum(factor, np.where(now > 0, least / positive, factor))
    factor = np.clip(np.where(np.isnan(now), 1.0, factor), 1 / MOST, MOST)
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
