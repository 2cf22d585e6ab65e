"""Where a policy is tried: a simulated shop that shows what would have been known, and scores what is set.

Fulfilled by :mod:`bidder.backtest.sandbox` and :mod:`bidder.backtest.fitted`. Two runs of the same place under
different budgets meet the same luck (paired). Money is in the shop's currency; profit is the expected contribution of a
day's orders under the hidden truth and that day's rates, less the spend: luck of single orders is taken out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bidder.ids import BudgetId
from bidder.money import Money
from bidder.snapshot import FloatArray, Snapshot

__all__ = ["Earned", "Ground", "Place"]


@dataclass(frozen=True, slots=True, eq=False)
class Earned:
    """By day, (days,) each: expected profit and spend."""

    profit: FloatArray
    spend: FloatArray


class Place(Protocol):
    """One run of one shop, standing at the decision instant of its first day."""

    def snapshot(self) -> Snapshot:
        """What is known at the decision instant of the running day."""
        ...

    def put(self, amounts: Mapping[BudgetId, Money]) -> None:
        """Sets budgets from now on; those left out stay."""
        ...

    def pass_day(self) -> None:
        """On to the decision instant of the next day."""
        ...

    def earned(self) -> Earned:
        """What the days so far brought."""
        ...


class Ground(Protocol):
    """A shop that can be opened again and again with the same luck."""

    @property
    def name(self) -> str:
        """As the table shows it."""
        ...

    @property
    def days(self) -> int:
        """How many are played."""
        ...

    @property
    def total(self) -> Money:
        """What the budgets of a day may add up to, the same for every policy."""
        ...

    def open(self) -> Place:
        """A fresh run."""
        ...

    def hindsight(self) -> float | None:
        """Profit a day of the best split that never moves, by the truth of these very days; None where unknown."""
        ...
