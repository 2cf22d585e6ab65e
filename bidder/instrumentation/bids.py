"""The families about bids and targets: how many there are, how many the newest plan moves, what became of writes.

By account alone: a shop has thousands of keywords. Held by :class:`bidder.instrumentation.metrics.Metrics`, which keeps
the lock: no method here is called without it. Only accounts whose bids are read have them.
"""

from __future__ import annotations

from collections.abc import Mapping

from bidder.bidding import LeverOutcome
from bidder.ids import AccountId
from bidder.instrumentation.facts import ShopFacts
from bidder.instrumentation.families import BID_RESULTS, Families
from bidder.outcome import Applied, Refused, Unresolved

__all__ = ["BidFigures"]


class BidFigures:
    """Born for every account whose bids are read; gone with it."""

    def __init__(self, families: Families, facts: ShopFacts) -> None:
        self._families = families
        self._facts = facts
        self._born()

    def configured(self, facts: ShopFacts) -> None:
        """Accounts whose bids are no longer read have none."""
        f, gone = self._families, set(self._facts.bids) - set(facts.bids)
        for account in gone:
            for family in (f.bids, f.bid_changes, f.bid_writes, f.bid_writes_unresolved):
                family.remove_by_labels({"account": account})
        self._facts = facts
        self._born()

    def read(self, active: Mapping[AccountId, int], unresolved: Mapping[AccountId, int]) -> None:
        """How many are active, and how many writes have no known outcome, by account."""
        for account, labels in self._accounts().items():
            self._families.bids.labels(*labels).set(active.get(account, 0))
            self._families.bid_writes_unresolved.labels(*labels).set(unresolved.get(account, 0))

    def proposed(self, changes: Mapping[AccountId, int]) -> None:
        """How many the newest plan moves, by account."""
        for account, labels in self._accounts().items():
            self._families.bid_changes.labels(*labels).set(changes.get(account, 0))

    def wrote(self, account: AccountId, outcome: LeverOutcome) -> None:
        """What became of one write."""
        labels = self._accounts().get(account)
        if labels is None:
            return
        result = {Applied: "applied", Refused: "refused", Unresolved: "unresolved"}[type(outcome)]
        self._families.bid_writes.labels(*labels, result).inc()

    def _born(self) -> None:
        for labels in self._accounts().values():
            self._families.bids.labels(*labels)
            self._families.bid_changes.labels(*labels)
            self._families.bid_writes_unresolved.labels(*labels)
            for result in BID_RESULTS:
                self._families.bid_writes.labels(*labels, result)

    def _accounts(self) -> dict[AccountId, tuple[str, str, str]]:
        shop, read = self._facts.shop, set(self._facts.bids)
        return {one.id: (shop, one.platform, one.id) for one in self._facts.accounts if one.id in read}
