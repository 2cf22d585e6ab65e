"""One account is read: what was left open is settled, figures are stored, and what they show is acted on at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import structlog

from bidder import cycle
from bidder.config.load import Config
from bidder.daemon.reload import CONFIRMED, IN_FORCE, WAITING, confirmed
from bidder.daemon.watching import Watching
from bidder.poll import PollResult
from bidder.store.protocol import Store
from bidder.worker.deciding import DAY, polled_key
from bidder.worker.fleet import Clock, Connected

__all__ = ["confirm", "poll_account"]

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


def confirm(config: Config, store: Store, now: datetime) -> bool:
    """Whether a person has just let the configuration take effect: today is decided anew. Raises StoreError."""
    if store.value(WAITING) is None or not confirmed(store, config):
        return False
    store.set_value(WAITING, None)
    store.set_value(CONFIRMED, config.digest)
    store.set_value(IN_FORCE, config.digest)
    store.set_value(DAY, None)
    store.append("note", now, what="configuration confirmed", policy=config.digest)
    return True
