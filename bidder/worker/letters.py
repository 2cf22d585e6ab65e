"""Alerts and digests of a shop, for one job: what is left to be brought is kept in the store for the next one.

A job begins as a daemon does after a restart: the desk's memory and the letters under way are in the store, so that no
two workers say the same thing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from bidder.config.load import Config
from bidder.cycle import utc_now
from bidder.daemon.alerting import Alerts, Glance
from bidder.daemon.facts import metrics_for
from bidder.daemon.postman import Postman
from bidder.instrumentation import Metrics
from bidder.money import Money
from bidder.poll import PollResult
from bidder.store.protocol import Store

__all__ = ["post_alerts", "posting"]

BROUGHT = 20.0
"""Seconds that a job waits for its letters; the rest is the next job's."""


@asynccontextmanager
async def posting(config: Config, store: Store) -> AsyncIterator[Postman]:
    """Who brings letters while it lasts."""
    alerts = _alerts(config, store)
    alerts.resume()
    try:
        yield alerts.postman
    finally:
        await alerts.postman.close(BROUGHT)


async def post_alerts(config: Config, store: Store, results: Sequence[PollResult], now: datetime) -> None:
    """What is wrong with the shop after a poll is said to whoever wants to hear of it. Never raises."""
    alerts = _alerts(config, store)
    alerts.resume()
    alerts.polled(results, now)
    newest = store.plan()
    unknown = Money.zero(config.shop.currency)
    seen = Glance(now, store.state(), None if newest is None else newest.document, None, unknown)
    await alerts.look(seen)
    await alerts.postman.close(BROUGHT)


def _alerts(config: Config, store: Store) -> Alerts:
    metrics: Metrics = metrics_for(config, utc_now())
    return Alerts(lambda: config, store, metrics)
