"""The families about single products beside money: which campaigns carry one, and how long its stock will last.

Held by :class:`bidder.instrumentation.metrics.Metrics`, which keeps the lock: no method here is called without it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

from bidder.catalog import Budget, BudgetStatus
from bidder.ids import AccountId
from bidder.instrumentation.facts import ShopFacts
from bidder.instrumentation.families import Families
from bidder.instrumentation.products import product_label

__all__ = ["LONGEST", "GoodsFigures"]

LONGEST = 365 * 86400.0
"""Seconds; what lasts longer, or is never sold, is shown as a year."""

_CAMPAIGNS = 2  # times the number of top products: as many campaigns an account shows at most


class GoodsFigures:
    """Shows of the products that have series of their own; remembers all, since which those are changes."""

    def __init__(self, families: Families, facts: ShopFacts) -> None:
        self._families = families
        self._facts = facts
        self._carried: dict[AccountId, list[tuple[str, str]]] = {}
        self._cover: Mapping[str, float] = {}

    def configured(self, facts: ShopFacts) -> None:
        """Accounts that are no longer there carry nothing."""
        self._facts = facts
        known = {account.id for account in facts.accounts}
        self._carried = {account: rows for account, rows in self._carried.items() if account in known}

    def budgets_read(self, account: AccountId, budgets: Iterable[Budget]) -> None:
        """What the account's active budgets carry, largest first. Where the budget is the campaign, it is named."""
        active = [one for one in budgets if one.status is BudgetStatus.ACTIVE]
        active.sort(key=lambda one: (-(one.now.micros if one.now is not None else 0), one.id.native))
        self._carried[account] = [
            (campaign, str(product))
            for one in active
            for campaign in one.campaigns or (one.id.native,)
            for product in one.products
        ]

    def covered(self, seconds: Mapping[str, float]) -> None:
        """How long the stock of each product lasts whose stock is known."""
        self._cover = seconds

    def show(self, members: Collection[str]) -> None:
        """Writes both families anew for the products that have series of their own now."""
        f, facts = self._families, self._facts
        f.campaign_info.clear()
        for account in facts.accounts:
            rows = [row for row in self._carried.get(account.id, ()) if row[1] in members]
            for campaign, product in list(dict.fromkeys(rows))[: _CAMPAIGNS * facts.top_products]:
                labels = (facts.shop, account.platform, account.id, product_label(campaign), product_label(product))
                f.campaign_info.labels(*labels).set(1)
        f.stock_cover.clear()
        for product in members:
            seconds = self._cover.get(product, math.nan)
            if not math.isnan(seconds):
                f.stock_cover.labels(facts.shop, product_label(product)).set(min(max(seconds, 0.0), LONGEST))
