"""Identifiers with types, so that a product cannot be passed for a budget."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NewType

__all__ = ["ALIAS", "AccountId", "BudgetId", "CampaignId", "PlanId", "ProductId", "alias_of"]

ALIAS = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}\Z")
"""Names of shops, accounts and sources: they are metric labels."""

AccountId = NewType("AccountId", str)
"""The alias of an account in the configuration, never the platform's own number."""

ProductId = NewType("ProductId", str)
"""The shop's stable item id or SKU."""

PlanId = NewType("PlanId", str)
"""The first digits of a plan's hash: the same input gives the same id."""


@dataclass(frozen=True, slots=True, order=True)
class BudgetId:
    """A budget as `account/native`, the form used in YAML, labels, JSON and the journal."""

    account: AccountId
    native: str

    def __hash__(self) -> int:
        return hash(self.native)  # accounts seldom share a number: half the time of hashing both

    def __str__(self) -> str:
        return f"{self.account}/{self.native}"

    @classmethod
    def parse(cls, text: str) -> BudgetId:
        """Reads the printed form. Raises ValueError naming the part that is wrong."""
        account, slash, native = text.partition("/")
        if not slash or not native:
            raise ValueError(f"expected account/budget, was {text!r}")
        if not ALIAS.match(account):
            raise ValueError(f"account: expected {ALIAS.pattern[:-2]}, was {account!r}")
        return cls(AccountId(account), native)


@dataclass(frozen=True, slots=True, order=True)
class CampaignId:
    """A campaign as the platform names it, within an account."""

    account: AccountId
    native: str

    def __str__(self) -> str:
        return f"{self.account}/{self.native}"


def alias_of(text: str) -> str:
    """The nearest allowed alias of any text: `Tea House` gives `tea-house`; nothing usable gives `shop`."""
    return re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-_")[:32] or "shop"
