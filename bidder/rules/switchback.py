"""`experiment: {switchback: {block: 7d, weeks: 8}}`: bidder on and off in blocks of days, drawn beforehand.

In a block without bidder every chosen budget goes back to the amount it had before the experiment, by the usual steps;
the first days of each block are not counted. Written in bidder.yaml alone: it is about the whole shop.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from typing_extensions import override

from bidder.draw import draw_blocks, units_of
from bidder.rules.holdout import Experiment
from bidder.snapshot import Snapshot
from bidder.trial import Trial
from bidder.written import Duration

__all__ = ["Switchback"]

LEAST_BLOCKS = 4


class Switchback(Experiment):
    """Blocks of days with and without bidder, to learn what it earns."""

    word: ClassVar[str] = "switchback"

    weeks: int = Field(default=8, ge=1, le=26, strict=True)
    """How long."""
    block: Duration = timedelta(days=7)
    """A block; whole weeks keep weekdays alike."""
    washout: Duration = timedelta(days=2)
    """These first days of a block are not counted: budgets move by steps, and orders come late."""

    @model_validator(mode="after")
    def _fits(self) -> Switchback:
        day = timedelta(days=1)
        if self.block % day or self.washout % day or self.block < day:
            raise ValueError("block, washout: expected whole days, such as 7d and 2d")
        if self.washout >= self.block:
            raise ValueError("washout: expected less than block: no day would be counted")
        if self.blocks < LEAST_BLOCKS:
            raise ValueError(
                f"expected at least {LEAST_BLOCKS} blocks, were {self.blocks}: more weeks or shorter blocks"
            )
        return self

    @property
    def blocks(self) -> int:
        """How many whole blocks the weeks hold."""
        return 7 * self.weeks // self.block.days

    @override
    def draw(self, chosen: NDArray[np.bool_], snapshot: Snapshot, name: str) -> Trial:
        """Half of the blocks off; all chosen units, heroes too, in every one of them."""
        return Trial(
            rule=name,
            word="switchback",
            key=self.key(name),
            seed=self.seed,
            first=snapshot.today,
            days=self.blocks * self.block.days,
            units=tuple(units_of(snapshot, chosen, heroes=True)),
            on=draw_blocks(self.blocks, self.seed),
            block=self.block.days,
            washout=self.washout.days,
            amounts={one.id: one.now for one in snapshot.budgets if one.now is not None},
        )
