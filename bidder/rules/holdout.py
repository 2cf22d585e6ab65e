"""`holdout: {share: 10%, weeks: 4}`: products that bidder leaves alone, so that what it earns can be told.

Products are drawn once, one of each group that spends about the same, and stay the same until the weeks are over
(:mod:`bidder.draw`; the draw comes with the Snapshot once it is kept). Heroes are never held out, and nothing is within
14 days of a platform activity. Off unless written.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from hashlib import blake2b
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator
from typing_extensions import override

from bidder.draw import draw_units, units_of
from bidder.errors import Source
from bidder.limits import Bounds, Priority
from bidder.response.curve import Curves
from bidder.rules.base import Kind
from bidder.rules.events import event_near
from bidder.snapshot import Snapshot
from bidder.trial import Trial
from bidder.written import Fraction, show_percent

__all__ = ["EVENT_DAYS", "Experiment", "Holdout", "left_alone"]

EVENT_DAYS = 14
MOST = 0.5


class Experiment(Kind):
    """An experiment of bidder on itself: what is left on its old amounts, and for how long."""

    priority: ClassVar[int] = Priority.STEP - 1  # old amounts are reached by steps; what an owner caps stays capped

    weeks: int = Field(default=4, ge=1, le=26, strict=True)
    """How long."""
    from_: date | None = Field(default=None, alias="from")
    """Its first day; with the next plan when left out."""
    seed: int = Field(default=1, ge=0, strict=True)
    """Another number draws others."""
    plausible: Fraction = 0.3
    """It does not begin where only a larger effect on profit than this would be seen."""

    def draw(self, chosen: NDArray[np.bool_], snapshot: Snapshot, name: str) -> Trial:
        """The draw for the snapshot's day."""
        raise NotImplementedError

    def key(self, name: str) -> str:
        """Names what was written: other words are another experiment."""
        return blake2b(f"{name} {self.word} {self.model_dump_json()}".encode(), digest_size=8).hexdigest()

    @override
    def limits(
        self, chosen: NDArray[np.bool_], snapshot: Snapshot, curves: Curves, name: str, priority: int, source: Source
    ) -> Iterable[Bounds]:
        """The old amount, from both sides, for the budgets that are left alone today."""
        trial = snapshot.trials.get(name)
        if trial is None:
            if self.from_ is not None and snapshot.day < self.from_:
                return
            trial = self.draw(chosen, snapshot, name)
        if event_near(snapshot, EVENT_DAYS):
            return
        target = left_alone(trial, snapshot)
        out = ~np.isnan(target)
        if out.any():
            lower, upper = np.where(out, target, -np.inf), np.where(out, target, np.inf)
            yield Bounds(name, lower, upper, priority, source)


class Holdout(Experiment):
    """A part of the chosen products that bidder leaves alone, to learn what it earns."""

    word: ClassVar[str] = "holdout"

    share: Fraction
    """This part of the chosen products, at most 50%; heroes are never among them."""

    @field_validator("share")
    @classmethod
    def _a_part(cls, value: float) -> float:
        if not 0 < value <= MOST:
            raise ValueError(f"expected more than 0% and at most {show_percent(MOST)}, was {show_percent(value)}")
        return value

    @override
    def draw(self, chosen: NDArray[np.bool_], snapshot: Snapshot, name: str) -> Trial:
        """Units of like spend, one of each stratum out."""
        units = draw_units(units_of(snapshot, chosen, heroes=False), self.share, self.seed)
        return Trial(
            rule=name,
            word="holdout",
            key=self.key(name),
            seed=self.seed,
            first=snapshot.today,
            days=7 * self.weeks,
            units=units,
            amounts={one.id: one.now for one in snapshot.budgets if one.now is not None},
        )


def left_alone(trial: Trial, snapshot: Snapshot) -> NDArray[np.float64]:
    """The old amounts of the budgets left alone today, in the shop's currency; NaN for all others."""
    alone = trial.alone(snapshot.today)
    target = np.full(len(snapshot.budgets), np.nan)
    for index, budget in enumerate(snapshot.budgets):
        if budget.id in alone and budget.now is not None:
            amount = trial.amounts.get(budget.id, budget.now)
            if amount.currency == budget.currency:
                target[index] = amount.to_float() * snapshot.rate(budget.currency)
    return target
