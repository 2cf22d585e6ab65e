"""One policy on one ground, day by day: what it set, what that brought, what it broke."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bidder.backtest.place import Earned, Ground
from bidder.backtest.policies import Contender
from bidder.catalog import BudgetStatus
from bidder.ids import BudgetId
from bidder.snapshot import FloatArray, Snapshot

__all__ = ["Run", "play"]

REVERSAL_DAYS = 3
"""A move against the last one counts as a reversal within so many days (SCIENCE 4.4)."""

MONTH = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What a policy did: amounts (days + 1, n) before the first day and on each, shop currency; and what it earned."""

    amounts: FloatArray
    earned: Earned
    breaches: int
    """Days on which the budgets in force added up to more than the total."""

    @property
    def turnover(self) -> float:
        """Half the sum of changes over what was in force, a day: the share of the money that moved."""
        before = np.maximum(self.amounts[:-1].sum(axis=1), 1e-12)
        return float((np.abs(np.diff(self.amounts, axis=0)).sum(axis=1) / 2 / before).mean())

    @property
    def reversals(self) -> float:
        """Moves against the budget's last one within three days, per budget and month."""
        moves = np.sign(np.round(np.diff(self.amounts, axis=0), 6))
        days, n = moves.shape
        count = 0
        for i in range(n):
            at = np.flatnonzero(moves[:, i])
            turned = moves[at[1:], i] != moves[at[:-1], i]
            count += int((turned & (np.diff(at) <= REVERSAL_DAYS)).sum())
        return float(count / max(n, 1) / days * MONTH)


def play(ground: Ground, contender: Contender) -> Run:
    """Plays the ground's days. Only what `Place.snapshot` shows reaches the policy."""
    place = ground.open()
    cap = ground.total.micros
    breaches = 0
    rows: list[FloatArray] = []
    order: list[BudgetId] = []
    for _ in range(ground.days):
        snapshot = place.snapshot()
        if not rows:
            order = sorted(one.id for one in snapshot.budgets)
            rows.append(_in_force(snapshot, order))
        amounts = contender.amounts(snapshot, ground.total)
        place.put(amounts)
        now = {one.id: amounts.get(one.id, one.now) for one in snapshot.budgets if one.status is BudgetStatus.ACTIVE}
        known = [(snapshot.rate(money.currency), money.micros) for money in now.values() if money is not None]
        if all(rate == 1.0 for rate, _ in known):
            breaches += sum(micros for _, micros in known) > cap
        else:  # rates are floats: what they cannot say is no breach
            breaches += sum(rate * micros for rate, micros in known) > cap * (1 + 1e-9)
        rows.append(
            np.array(
                [snapshot.rate(m.currency) * m.to_float() if (m := now.get(one)) is not None else 0.0 for one in order]
            )
        )
        place.pass_day()
    return Run(np.array(rows), place.earned(), breaches)


def _in_force(snapshot: Snapshot, order: list[BudgetId]) -> FloatArray:
    active = {
        one.id: amount
        for one, amount in zip(snapshot.budgets, np.nan_to_num(snapshot.now).tolist(), strict=True)
        if one.status is BudgetStatus.ACTIVE
    }
    return np.array([active.get(one, 0.0) for one in order])
