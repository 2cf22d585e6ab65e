"""`step: {max: 30%, min: 5%, cooldown: 1d}`: how far a budget may move in a day, and for how long it then stays.

The default step (guard.raise, guard.cut, guard.target_driven) is built here too; `evaluate` adds it where no rule of
this word covers a budget. Steps are measured from the amount in force; where it was never read there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator
from typing_extensions import override

from bidder.errors import Source
from bidder.limits import Bounds, Priority
from bidder.response.curve import Curves
from bidder.rules.amounts import in_shop, minimums
from bidder.rules.base import Kind
from bidder.snapshot import FloatArray, Snapshot
from bidder.written import Amount, Duration, Fraction, PercentAbove, PercentOrAmount, SignedPercent

__all__ = ["SMALLEST_MOVE", "DefaultStep", "Step", "smallest_moves"]

SMALLEST_MOVE = 0.05
"""A change below this part of the amount in force is not worth a write (SCIENCE 7)."""

FORCED_CUT = Priority.STEP + 5
"""A cut by at least so much ranks above other steps."""


class Step(Kind):
    """How far each chosen budget may move in a day."""

    word: ClassVar[str] = "step"
    priority: ClassVar[int] = Priority.STEP

    max: SignedPercent | None = None
    """At most this part of the amount in force, up or down. Below zero: cut by at least this, before other steps."""
    raise_: PercentAbove | None = Field(default=None, alias="raise")
    """At most this part up; `0%` for no raise."""
    cut: Fraction | None = None
    """At most this part down."""
    min: PercentOrAmount | None = None
    """A smaller change than this is left undone, for example `5%` or `10`."""
    cooldown: Duration | None = None
    """After a change of bidder's own the budget stays for so long; whole days."""

    @field_validator("min", mode="before")
    @classmethod
    def _not_a_cut(cls, value: object) -> object:
        if isinstance(value, str) and value.strip().startswith("-"):
            raise ValueError(
                f"the smallest change worth making, was {value.strip()}; write cut: {value.strip()[1:]} for a fall"
            )
        return value

    @model_validator(mode="after")
    def _window(self) -> Step:
        if self.max is None and self.raise_ is None and self.cut is None and self.min is None and self.cooldown is None:
            raise ValueError("expected max, raise, cut, min or cooldown, was none of them")
        if self.max is not None and (self.raise_ is not None or self.cut is not None):
            raise ValueError("expected either max or raise and cut, was both")
        if self.max == 0.0:
            raise ValueError("max: expected a step above or below 0%, was 0%; write raise: 0% for no raise")
        if isinstance(self.min, float) and self.max is not None and 0 < self.max < self.min:
            raise ValueError("expected min below max: no change would be both large and small enough")
        if self.cooldown is not None and self.cooldown % timedelta(days=1):
            raise ValueError("cooldown: expected whole days such as 3d")
        return self

    @property
    def up(self) -> float | None:
        """The largest raise as a fraction; None leaves it to the default step."""
        return self.raise_ if self.max is None else max(self.max, 0.0)

    @property
    def down(self) -> float | None:
        """The largest cut as a fraction; None leaves it to the default step. Open for a forced cut."""
        return self.cut if self.max is None else (self.max if self.max > 0 else 1.0)

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds]:
        """Bounds around the amounts in force; a forced cut ends at the platform's minimum."""
        now, least = snapshot.now, minimums(snapshot)
        known = chosen & ~np.isnan(now)
        if self.max is not None and self.max < 0:
            forced = Bounds.open(name, len(chosen), max(priority, FORCED_CUT), source)
            forced.upper[known] = np.maximum(now * (1 + self.max), least)[known]
            yield forced
        elif self.up is not None or self.down is not None:
            yield _around(name, known, now, least, self.up, self.down, priority, source)
        if self.cooldown is not None:
            yield from _cooling(name, known, snapshot, self.cooldown, priority, source)


class DefaultStep(Kind):
    """What brakes ordinary moves where no rule does: the figures of `guard` in bidder.yaml. Not a word of rules."""

    word: ClassVar[str] = "default step"
    priority: ClassVar[int] = Priority.STEP

    raise_: PercentAbove = Field(default=0.30, alias="raise")
    """At most this part up a day."""
    cut: Fraction = 0.40
    """At most this part down a day."""
    target_step: PercentAbove = 0.20
    """Both ways, for budgets that a target steers; they relearn after each change."""
    target_cooldown: Duration = timedelta(days=3)
    """For so long a budget that a target steers stays after a change."""
    files_after: Duration = timedelta(hours=26)
    """Downloaded files that are older than this: steps halved, and only cuts."""

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds]:
        """For all the chosen, up and down."""
        return self.around(chosen, chosen, snapshot, name, priority, source)

    def around(
        self,
        up: NDArray[np.bool_],
        down: NDArray[np.bool_],
        snapshot: Snapshot,
        name: str,
        priority: int,
        source: Source | None,
    ) -> Iterable[Bounds]:
        """Raises of the budgets in `up`, cuts of those in `down`; of target-driven budgets always both."""
        now, least = snapshot.now, minimums(snapshot)
        known = ~np.isnan(now)
        driven = np.array([budget.target_driven for budget in snapshot.budgets], dtype=np.bool_)
        ordinary = known & ~driven
        bounds = Bounds.open(name, len(now), priority, source)
        highest = now + self.raise_ * np.maximum(now, least)
        bounds.upper[ordinary & up] = highest[ordinary & up]
        bounds.lower[ordinary & down] = (now * (1 - self.cut))[ordinary & down]
        if (ordinary & (up | down)).any():
            yield bounds
        if (known & driven).any():
            learns = f"{name} (steered by a target)"
            yield _around(learns, known & driven, now, least, self.target_step, self.target_step, priority, source)
            yield from _cooling(learns, known & driven, snapshot, self.target_cooldown, priority, source)


def _around(
    name: str,
    known: NDArray[np.bool_],
    now: FloatArray,
    least: FloatArray,
    up: float | None,
    down: float | None,
    priority: int,
    source: Source | None,
) -> Bounds:
    bounds = Bounds.open(name, len(now), priority, source)
    if up is not None:
        bounds.upper[known] = (now + up * np.maximum(now, least))[known]
    if down is not None:
        bounds.lower[known] = (now * (1 - min(down, 1.0)))[known]
    return bounds


def _cooling(
    name: str,
    known: NDArray[np.bool_],
    snapshot: Snapshot,
    cooldown: timedelta,
    priority: int,
    source: Source | None,
) -> Iterable[Bounds]:
    """Pins budgets that bidder itself changed less than so many days ago."""
    changed = np.array([snapshot.changed.get(b.id, -(10**6)) for b in snapshot.budgets], dtype=np.int64)
    cooling = known & (snapshot.today - changed < cooldown.days)
    if cooling.any():
        now = snapshot.now
        lower, upper = np.where(cooling, now, -np.inf), np.where(cooling, now, np.inf)
        yield Bounds(f"{name} (cooldown)", lower, upper, priority, source)


def smallest_moves(steps: Sequence[tuple[Step, NDArray[np.bool_]]], snapshot: Snapshot) -> FloatArray:
    """The smallest change of each budget that is worth a write, in the shop's currency.

    The larger of 5 % of the amount in force, the platform's own step and what step rules ask (`min`); 0 where the
    amount in force was never read: the first amount is always written.
    """
    now = snapshot.now
    steps_of = [0.0 if b.step is None else b.step.to_float() * snapshot.rate(b.currency) for b in snapshot.budgets]
    result = np.maximum(SMALLEST_MOVE * np.nan_to_num(now), np.array(steps_of, dtype=np.float64))
    for step, chosen in steps:
        if step.min is not None:
            least = in_shop(step.min, snapshot) if isinstance(step.min, Amount) else step.min * np.nan_to_num(now)
            result = np.where(chosen, np.maximum(result, least), result)
    return np.where(np.isnan(now), 0.0, result)
