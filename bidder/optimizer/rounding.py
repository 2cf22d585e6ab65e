"""Amounts as platforms take them: whole steps in each budget's own currency, every limit kept, the absolute caps last.

Largest remainder (SCIENCE 4.7): everything is rounded down, but to its floor at least, and what is left goes in whole
steps to those that lost most. Two budgets with the same figures get the same: a step that cannot be shared is kept.
From here on money is `Money`; the absolute caps are compared in integers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bidder.limits import Limit, Limits, Priority, Quantity, Sense
from bidder.money import MICROS, Money, minor_unit
from bidder.plan import Allocation
from bidder.snapshot import FloatArray, IntArray, Snapshot

__all__ = ["round_amounts"]

NEAR = 1e-9
"""Part of a step (or of an amount) by which a float may miss what it stands for."""

BLOCK = 512
"""Steps that are asked about at a time."""


def round_amounts(allocation: Allocation, limits: Limits, snapshot: Snapshot) -> tuple[Money, ...]:
    """The allocation in whole steps, Snapshot order, each budget in its own currency.

    A budget whose amount is the one in force keeps exactly that. Limits that had to be relaxed are kept as relaxed.
    The sum under an absolute cap is never above it, whatever else has to give way for that.
    """
    currencies = [budget.currency for budget in snapshot.budgets]
    units = {currency: minor_unit(currency) for currency in dict.fromkeys(currencies)}
    rates = {currency: snapshot.rate(currency) for currency in units}
    steps = [
        budget.step.micros if budget.step is not None and budget.step.micros > 0 else units[budget.currency]
        for budget in snapshot.budgets
    ]
    now = [budget.now.micros if budget.now is not None else -1 for budget in snapshot.budgets]
    rate = np.array([rates[currency] for currency in currencies], dtype=np.float64)
    micros = whole_steps(allocation, limits, rate, np.array(steps, dtype=np.int64), np.array(now, dtype=np.int64))
    return tuple(Money(amount, currency) for amount, currency in zip(micros.tolist(), currencies, strict=True))


def whole_steps(allocation: Allocation, limits: Limits, rate: FloatArray, step: IntArray, now: IntArray) -> IntArray:
    """The same on columns: micros in each budget's own currency, (n,).

    `rate`: shop currency per unit of it; `step`: micros; `now`: micros in force, −1 where unknown.
    """
    table = _Table.of(allocation, limits, rate, step, now)
    table.mend_floors()
    table.share_out()
    table.mend_caps()
    return table.micros


@dataclass(frozen=True, slots=True, eq=False)
class _Alike:
    """Groups of budgets that nothing tells apart, in order: `members` in a row, each group from its start on."""

    members: IntArray
    starts: IntArray

    def of(self, group: int) -> IntArray:
        """The positions of one group, ascending."""
        return self.members[self.starts[group] : self.starts[group + 1]]

    def __iter__(self) -> Iterator[IntArray]:
        return (self.of(group) for group in range(len(self.starts) - 1))

    def __reversed__(self) -> Iterator[IntArray]:
        return (self.of(group) for group in range(len(self.starts) - 2, -1, -1))

    def sums(self, columns: FloatArray) -> FloatArray:
        """Columns (m, n) summed over each group, (m, g)."""
        result = columns[:, self.members[self.starts[:-1]]]
        for group in np.flatnonzero(np.diff(self.starts) > 1).tolist():
            result[:, group] = columns[:, self.of(group)].sum(axis=1)
        return result


@dataclass(slots=True, eq=False)
class _Table:
    """Amounts in micros on their way to whole steps, and the rows on amounts that they must keep."""

    target: FloatArray
    """What the optimizer wanted, in micros of the budget's currency."""
    micros: IntArray
    step: IntArray
    least: IntArray
    most: IntArray
    rate: FloatArray
    """Shop currency per unit of the budget's; as the decimal it prints as, where sums decide."""
    unit: FloatArray
    """Shop currency per micro."""
    rows: list[Limit]
    bounds: FloatArray
    """What each row may reach (a floor: must), as relaxed."""
    alike: _Alike = field(default_factory=lambda: _Alike(np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64)))
    """Budgets that nothing tells apart, in the order of what rounding down took from them."""

    @classmethod
    def of(cls, allocation: Allocation, limits: Limits, rate: FloatArray, step: IntArray, now: IntArray) -> _Table:
        amounts = allocation.amounts
        target = amounts / rate * MICROS
        near = NEAR * np.maximum(np.abs(target), step)
        kept = (now >= 0) & (np.abs(target - now) <= np.maximum(near, NEAR * np.abs(now)))
        down = (np.floor((target + near) / step) * step).astype(np.int64)
        least, most = _kept_bounds(amounts, limits, rate, step)
        micros = np.where(kept, now, np.minimum(np.maximum(down, least), np.maximum(most, 0)))
        rows, bounds = [], []
        for limit, price in zip(limits.limits, allocation.prices, strict=True):
            if limit.quantity is Quantity.AMOUNT:
                rows.append(limit)
                bounds.append(limit.bound + (price.relaxed if limit.sense is Sense.AT_MOST else -price.relaxed))
        table = cls(
            np.where(kept, now.astype(np.float64), target),
            micros,
            step,
            np.where(kept, np.minimum(least, now), least),
            np.where(kept, np.maximum(most, now), most),
            rate,
            rate / MICROS,
            rows,
            np.array(bounds, dtype=np.float64),
        )
        table.alike = table.groups(rate, now)
        return table

    def groups(self, rate: FloatArray, now: IntArray) -> _Alike:
        """Positions that share every figure, those first that rounding took most from (in parts of a step)."""
        weights = [row.weights for row in self.rows]
        keys = [self.target, self.step, rate, now, self.least, self.most, self.micros, *weights]
        order = np.lexsort(keys)
        breaks = np.zeros(len(order), dtype=np.bool_)
        breaks[:1] = True
        breaks[1:] = np.abs(np.diff(self.target[order])) > 1e-6 * self.step[order][1:]
        for key in keys[1:]:
            breaks[1:] |= np.diff(key[order]) != 0
        first = order[breaks]
        lost = (self.target[first] - self.micros[first]) / self.step[first]
        rank = np.empty(len(first), dtype=np.int64)
        rank[np.argsort(-lost, kind="stable")] = np.arange(len(first))
        of_each = rank[np.cumsum(breaks) - 1]
        starts = np.concatenate([[0], np.cumsum(np.bincount(of_each, minlength=len(first)))]).astype(np.int64)
        return _Alike(order[np.lexsort((order, of_each))], starts)

    def used(self, row: int) -> float:
        return math.fsum((self.rows[row].weights * self.unit * self.micros).tolist())

    def room(self) -> FloatArray:
        """How far each row is inside its bound; negative when it is broken."""
        signs = self.signs()
        return np.asarray(signs * (self.bounds - np.array([self.used(row) for row in range(len(self.rows))])))

    def signs(self) -> FloatArray:
        return np.array([1.0 if row.sense is Sense.AT_MOST else -1.0 for row in self.rows])

    def effect(self) -> FloatArray:
        """What one step more of a budget takes from the room of each row, (m, n)."""
        weights = np.array([row.weights for row in self.rows]).reshape(len(self.rows), len(self.step))
        return np.asarray(self.signs()[:, None] * weights * self.unit * self.step)

    def mend_floors(self) -> None:
        """Raise what rounding down took from a floor or a share, where no cap stands against it."""
        effect, room = self.effect(), self.room()
        for row in range(len(self.rows)):
            for group in self.alike if room[row] < -self.slip(row) else ():
                if room[row] >= -self.slip(row):
                    break
                cost = effect[:, group].sum(axis=1)
                if cost[row] < 0.0 and self.may_rise(group) and self.fits(room, cost):
                    self.micros[group] += self.step[group]
                    room -= cost

    def share_out(self) -> None:
        """Give whole steps, largest loss first, as far as every row has room and no more than was taken in all."""
        room = self.room()
        taken = math.fsum((self.unit * (self.target - self.micros)).tolist())
        taken += NEAR * max(abs(taken), float(self.unit @ self.target), 0.0)
        first = self.alike.members[self.alike.starts[:-1]]
        after, lost = self.micros[first] + self.step[first], self.target[first] - self.micros[first]
        may = (lost > 1e-6 * self.step[first]) & (after <= self.most[first])
        places = np.flatnonzero(may & (self.micros[first] % self.step[first] == 0))
        cost, money = self.alike.sums(self.effect()).T[places], self.alike.sums((self.unit * self.step)[None, :])[0]
        for group in places[_affordable(cost, money[places], room, 1e-12 * np.abs(self.bounds), taken)].tolist():
            members = self.alike.of(group)
            self.micros[members] += self.step[members]

    def mend_caps(self) -> None:
        """Take steps back where a cap is broken: below a floor only for an absolute cap, and those come last."""
        caps = [row for row, limit in enumerate(self.rows) if limit.sense is Sense.AT_MOST]
        for row in sorted(caps, key=lambda one: self.rows[one].priority):
            absolute = self.rows[row].priority >= Priority.ABSOLUTE
            for below_floor in (False, True)[: 1 + absolute]:
                self.lower_until_kept(row, below_floor=below_floor)

    def lower_until_kept(self, row: int, *, below_floor: bool) -> None:
        weights = self.rows[row].weights
        progress = True
        while progress and self.broken(row):
            progress = False
            for group in self.losers(weights):
                floor = 0 if below_floor else int(self.least[group[0]])
                down = (self.micros[group] - 1) // self.step[group] * self.step[group]
                if down[0] < floor:
                    continue
                self.micros[group] = down
                progress = True
                if not self.broken(row):
                    break

    def losers(self, weights: FloatArray) -> Iterator[IntArray]:
        """Groups that use the row, those first that rounding favoured."""
        for group in reversed(self.alike):
            if weights[group[0]] > 0.0 and self.micros[group[0]] > 0:
                yield group

    def broken(self, row: int) -> bool:
        """Whether a cap is passed: exactly where the row is a plain sum, whatever currencies are in it."""
        limit = self.rows[row]
        members = limit.weights != 0.0
        if (limit.weights[members] == 1.0).all():
            rates, micros = self.rate[members], self.micros[members]
            parts = [(rate, sum(micros[rates == rate].tolist())) for rate in np.unique(rates).tolist()]
            total = sum((Fraction(repr(rate)) * part for rate, part in parts), Fraction(0))
            return bool(total > math.floor(self.bounds[row] * MICROS + 1e-3))
        slip = 0.0 if limit.priority >= Priority.ABSOLUTE else self.slip(row)
        return bool(self.used(row) > self.bounds[row] + slip)

    def slip(self, row: int) -> float:
        """What a limit that is not absolute may miss by through floats alone."""
        return float(NEAR * max(abs(self.bounds[row]), 1e-300))

    def may_rise(self, group: IntArray) -> bool:
        first = group[0]
        after = self.micros[first] + self.step[first]
        return bool(after <= self.most[first] and self.micros[first] % self.step[first] == 0)

    def fits(self, room: FloatArray, cost: FloatArray) -> bool:
        """Whether every row that this step takes from has room for it (by floats: `mend_caps` counts in integers)."""
        return bool(np.all((cost <= 0.0) | (cost <= room + 1e-12 * np.abs(self.bounds))))


def _affordable(
    cost: FloatArray, money: FloatArray, room: FloatArray, slip: FloatArray, taken: float
) -> NDArray[np.bool_]:
    """Which of these steps are made when each is asked in turn, (g,): those that fit what the ones before them left.

    `cost` (g, m) is what a step takes from the `room` (m,) of each row, `money` (g,) what it takes from `taken`.
    """
    made, at = np.zeros(len(money), dtype=np.bool_), 0
    while at < len(money):
        block = slice(at, at + BLOCK)
        able = np.flatnonzero((money[block] <= taken) & _within(cost[block], room, slip))
        if not len(able):
            at += BLOCK
            continue
        run = slice(at + int(able[0]), at + BLOCK)
        # what is left before each step of the run, were all of them made
        taken_at = np.subtract.accumulate(np.concatenate([[taken], money[run]]))
        room_at = np.subtract.accumulate(np.concatenate([room[None, :], cost[run]]), axis=0)
        fits = (money[run] <= taken_at[:-1]) & _within(cost[run], room_at[:-1], slip)
        good = len(fits) if fits.all() else int(np.argmin(fits))
        made[run.start : run.start + good] = True
        taken, room = float(taken_at[good]), room_at[good]
        at = run.start + good
    return made


def _within(cost: FloatArray, room: FloatArray, slip: FloatArray) -> NDArray[np.bool_]:
    """Whether every row that a step takes from has room for it (by floats: `mend_caps` counts in integers), (g,)."""
    return np.asarray(((cost <= 0.0) | (cost <= room + slip)).all(axis=1))


def _kept_bounds(amounts: FloatArray, limits: Limits, rate: FloatArray, step: IntArray) -> tuple[IntArray, IntArray]:
    """The least and most micros by the Bounds that the allocation keeps; a bound off the steps is taken inwards."""
    lower, upper = np.zeros(len(amounts)), np.full(len(amounts), np.inf)
    near = NEAR * np.maximum(np.abs(amounts), 1e-12)
    for one in limits.bounds:
        lower = np.maximum(lower, np.where(one.lower <= amounts + near, one.lower, 0.0))
        upper = np.minimum(upper, np.where(one.upper >= amounts - near, one.upper, np.inf))
    for choice in limits.choices:
        lower = np.maximum(lower, np.where(choice.least <= amounts + near, choice.least, 0.0))
    size = step.astype(np.float64)
    least = np.ceil(lower / rate * MICROS / size - NEAR * np.maximum(lower / rate * MICROS / size, 1.0)) * size
    most = np.floor(np.minimum(upper / rate * MICROS / size, 2.0**52) * (1.0 + NEAR)) * size
    return np.minimum(least, 2.0**62).astype(np.int64), np.minimum(most, 2.0**62).astype(np.int64)
