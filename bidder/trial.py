"""An experiment of bidder on itself, as it was drawn: what is left on its old amounts, on which days, from when on.

A holdout leaves some units alone for its whole length; a switchback leaves all of them alone in some blocks of days.
Drawn by :mod:`bidder.draw`, kept by :mod:`bidder.trials`, made limits by the rules of that name, judged by
:mod:`bidder.experiment`. Plain values: no arithmetic of money is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bidder.ids import BudgetId
from bidder.money import Money

__all__ = ["Trial", "TrialUnit"]


@dataclass(frozen=True, slots=True)
class TrialUnit:
    """Budgets that are drawn together, since they advertise the same goods. `name` is its first product or budget.

    One unit of each `stratum` is `out` (a holdout: left alone): units of one stratum spend about the same.
    """

    name: str
    budgets: tuple[BudgetId, ...]
    stratum: int = 0
    out: bool = False


@dataclass(frozen=True, slots=True)
class Trial:
    """What was drawn. `first` is its first account day (days since 1970-01-01), `days` its length.

    `on` says of each block of a switchback whether bidder is on (empty: a holdout); `washout` are the days at a
    block's beginning that are not counted. `amounts` are those in force when it was drawn, or as people set them since.
    `refused` is why it does not run (empty: it does).
    """

    rule: str
    word: Literal["holdout", "switchback"]
    key: str
    seed: int
    first: int
    days: int
    units: tuple[TrialUnit, ...]
    on: tuple[bool, ...] = ()
    block: int = 0
    washout: int = 0
    amounts: Mapping[BudgetId, Money] = field(default_factory=dict)
    refused: str = ""

    def runs(self, day: int) -> bool:
        """Whether a day (since 1970-01-01) is one of the experiment."""
        return not self.refused and self.first <= day < self.first + self.days

    def block_of(self, day: int) -> int:
        """The block of a switchback that a day belongs to."""
        return (day - self.first) // self.block

    def alone(self, day: int) -> frozenset[BudgetId]:
        """The budgets that are left on their old amounts on a day."""
        if not self.runs(day):
            return frozenset()
        if self.word == "holdout":
            return frozenset(budget for unit in self.units if unit.out for budget in unit.budgets)
        if self.on[self.block_of(day)]:
            return frozenset()
        return frozenset(budget for unit in self.units for budget in unit.budgets)
