"""Hold: something seen that keeps bidder from moving a budget, an account, or the whole shop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bidder.ids import AccountId, BudgetId

__all__ = ["BIDS", "SHOP", "Effect", "Hold"]

SHOP = "shop"
"""The item of a hold on everything."""

BIDS = "bids"
"""The item of a hold on all bids and targets; budgets are not held by it."""


class Effect(StrEnum):
    """What may still be written to what is held."""

    STAYS = "stays"
    """Nothing."""
    LOWERS = "lowers"
    """Only decreases: money may stop, none is added."""


@dataclass(frozen=True, slots=True)
class Hold:
    """What is held (`shop`, `bids`, an account's alias, or account/budget), by which check, why in figures, since when.

    `until` ends it by itself; None: it ends when what it stands on is no longer seen.
    """

    item: str
    check: str
    reason: str
    since: datetime
    effect: Effect = Effect.STAYS
    until: datetime | None = None

    @property
    def said(self) -> str:
        """Since when, by which check and why, for whoever is kept from writing."""
        return f"held since {self.since:%Y-%m-%d %H:%M} UTC ({self.check}): {self.reason}"

    def covers(self, budget: BudgetId) -> bool:
        """Whether the budget is held by it."""
        return self.item in (SHOP, str(budget), str(AccountId(budget.account)))
