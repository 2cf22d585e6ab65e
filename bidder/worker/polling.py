"""One account is read: what was left open is settled, figures are stored, and what they show is acted on at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from bidder import cycle
from bidder.config.load import Config
from bidder.daemon.watching import Watching
from bidder.poll import PollResult
from bidder.store.protocol import Store
from bidder.worker.deciding import polled_key
from bidder.worker.fleet import Clock, Connected

__all__ = ["poll_account"]

log = structlog.get_logger("bidder.worker")


async def poll_account(
    shop: str, account: str, config: Config, store: Store, connected: Connected, clock: Clock
) -> Sequence[PollResult]:
    """Reads one account, and with the first the watched folders. Raises StoreError, LeaseTaken."""
    await cycle.settle_now(store, connected.writers, clock)
    first = account == str(config.accounts[0][0].id)
    inbox = cycle.open_inbox(config, store, clock) if first else None
    results = await cycle.poll_now(connected.readers, store, clock, config.schedule.lookback_days, inbox, config.bids)
    for one in results:
        if not one.ok:
            log.warning(
                "poll_failed", shop=shop, account=one.account, kind=one.kind, error=one.error, reason=one.reason
            )
    if any(one.ok for one in results) or not results:
        await asyncio.to_thread(store.set_value, polled_key(account), clock().isoformat())
    if any(one.ok for one in results):
        await Watching(store, connected.writers, clock).after_poll(config, results)
    return results
