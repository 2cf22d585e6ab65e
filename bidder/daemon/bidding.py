"""The daemon's part in bids and targets: proposed after the day's budgets, written where their mode lets it, measured.

Held by :class:`bidder.daemon.loop.Daemon`. Whatever goes wrong in proposing leaves the bids as they are and stops no
budget.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from bidder import cycle
from bidder.apply_bids import BidResult
from bidder.config.load import Config
from bidder.connectors.protocol import BudgetWriter
from bidder.daemon.deadline import Deadline
from bidder.decide import Decision
from bidder.errors import BidderError, LeaseTaken, StoreError
from bidder.ids import AccountId
from bidder.instrumentation import Metrics
from bidder.store.protocol import Store, StoredPlan

__all__ = ["Bidding"]

log = structlog.get_logger("bidder.daemon")


class Bidding:
    """Proposes, writes, counts."""

    def __init__(
        self, store: Store, writers: Mapping[AccountId, BudgetWriter], clock: Callable[[], datetime], metrics: Metrics
    ) -> None:
        self._store = store
        self._writers = writers
        self._clock = clock
        self._metrics = metrics

    async def offered(
        self, decision: Decision, config: Config, now: datetime, deadline: Deadline
    ) -> Sequence[Mapping[str, Any]]:
        """The bids that go with a decision. Raises StoreError, LeaseTaken, nothing else."""
        if not config.bids:
            return ()
        try:
            lines = await deadline.within(lambda: cycle.offered(decision, config, self._store), "bids")
        except (StoreError, LeaseTaken):
            raise
        except Exception as e:  # whatever went wrong in proposing: bids stay, budgets go on (FAILURES, law 1)
            reason = str(e) if isinstance(e, BidderError) else f"{type(e).__name__}: {e}"
            self._store.append("note", now, what="no bids today: they stay as they are", reason=reason)
            log.error("no_bids", error=reason, exc_info=not isinstance(e, BidderError))
            lines = ()
        self._metrics.bids_proposed(Counter(AccountId(str(one["id"]).partition("/")[0]) for one in lines))
        return lines

    async def apply(self, stored: StoredPlan, config: Config) -> Sequence[BidResult]:
        """Writes what the accounts whose bids are in apply are to have. Raises StoreError, LeaseTaken."""
        written = await cycle.apply_offers(stored, config, self._store, self._writers, self._clock, approved=False)
        self.wrote(written)
        return written

    def wrote(self, written: Sequence[BidResult]) -> None:
        """What became of writes, into the metrics."""
        for one in written:
            self._metrics.bid_wrote(one.lever.account, one.outcome)

    async def measure(self, config: Config) -> None:
        """How many bids there are, and how many writes have no known outcome."""
        if not config.bids:
            return
        levers = await asyncio.to_thread(self._store.levers)
        moves = await asyncio.to_thread(self._store.open_lever_moves)
        active = Counter(one.id.account for one in levers if one.active)
        self._metrics.bids_read(active, Counter(one.lever.account for one in moves))
