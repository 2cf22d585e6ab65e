"""What brokers push to the shops of a fleet (MQTT): for each shop one worker listens, under a lease in its store.

A session at a broker belongs to a client id, the shop's, which is the same in every worker and in `bidder run`: the
broker keeps what came while nobody listened, and lets go of an older connection when a newer one comes. A message is
acknowledged once it is in the store, whichever worker put it there. The lease keeps two workers from taking the session
from each other for ever; it is asked for before each batch is stored: a worker that was away stores nothing more.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import structlog

from bidder.config.load import Config
from bidder.errors import ConfigError, LeaseTaken, StoreError
from bidder.instrumentation.fleet import FleetMetrics
from bidder.intake.queue import Queue as Pushed
from bidder.store import open_store
from bidder.store.protocol import Store
from bidder.turn import gone, holder, keep
from bidder.worker.due import Due
from bidder.worker.fleet import Clock, Fleet
from bidder.worker.queue import QueueLost

__all__ = ["LEASE", "Listeners"]

log = structlog.get_logger("bidder.worker")

LEASE = "pushed"
"""The lease's name in a shop's store."""

AT_ONCE = 10
"""Shops that a worker takes up between two looks, so that several workers that begin together share them."""

TRIED = 50
"""Shops that a worker asks for between two looks; one that another has is asked for again after a part of a lease."""

CLOSING = 10.0
"""Seconds that a listener gets to store what it has."""


class Listeners:
    """The shops that this worker listens for."""

    def __init__(self, fleet: Fleet, due: Due, metrics: FleetMetrics, clock: Clock, lease: timedelta) -> None:
        self._fleet, self._due, self._metrics, self._clock, self._lease = fleet, due, metrics, clock, lease
        self._running: dict[str, _Listener] = {}
        self._others: dict[str, float] = {}
        """Shops that another worker has, and until when they are not asked for (the loop's clock)."""

    async def run(self, every: float) -> None:
        """Looks every so many seconds which shops nobody listens for, until cancelled; then gives all back."""
        try:
            while True:
                with contextlib.suppress(QueueLost):  # what is listened to goes on: it needs the stores alone
                    await self.look()
                await asyncio.sleep(every)
        finally:
            await self.close()

    async def look(self) -> None:
        """Takes up shops that nobody has; lets go of those that are gone, changed or another's. Raises QueueLost."""
        wanted = await self._due.pushed_to()
        for shop, one in list(self._running.items()):
            if one.ended or wanted.get(shop) != one.digest:
                del self._running[shop]
                await one.close()
        await self._take_up(wanted)
        self._metrics.listening.set(len(self._running))

    async def _take_up(self, wanted: Mapping[str, str]) -> None:
        now = asyncio.get_running_loop().time()
        self._others = {shop: until for shop, until in self._others.items() if until > now and shop in wanted}
        left = [shop for shop in wanted if shop not in self._running and shop not in self._others]
        taken = 0
        for shop in random.sample(left, min(len(left), TRIED)):
            try:
                config = await asyncio.to_thread(self._fleet.config, shop)
                if config.digest != wanted[shop] or not config.incoming.brokers:
                    continue  # it changes just now: it will be begun
                listener = await self._begun(shop, config)
            except (ConfigError, StoreError) as e:
                log.warning("not_listened", shop=shop, error=str(e))
                continue
            except LeaseTaken:
                self._others[shop] = now + self._lease.total_seconds() / 4
                continue
            self._running[shop] = listener
            taken += 1
            if taken == AT_ONCE:
                return

    async def _begun(self, shop: str, config: Config) -> _Listener:
        store = await asyncio.to_thread(open_store, config.store_url)  # its own, since leases belong to who took them
        try:
            await asyncio.to_thread(store.take_lease, LEASE, holder(), datetime.now(UTC), self._lease, gone)
        except BaseException:
            await asyncio.to_thread(store.close)
            raise
        return _Listener(shop, config, store, self._metrics, self._clock, self._lease)

    async def close(self) -> None:
        """Stores what has come, and lets others listen at once."""
        running, self._running = list(self._running.values()), {}
        await asyncio.gather(*(one.close() for one in running))


class _Listener:
    """One shop's brokers, listened to while this worker has the lease."""

    def __init__(
        self, shop: str, config: Config, store: Store, metrics: FleetMetrics, clock: Clock, lease: timedelta
    ) -> None:
        from bidder.connectors.mqtt_push.client import listen  # late: few shops have a broker

        self.shop, self.digest = shop, config.digest
        self._store, self._stop = store, asyncio.Event()

        def counted(_source: str, result: str, _at: datetime | None) -> None:
            metrics.pushed.labels(result).inc()

        queue = Pushed(store, clock, counted, allowed=store.check_leases)
        self._keeping = asyncio.create_task(keep(store, LEASE, lease), name=f"lease of {shop}")
        self._saving = asyncio.create_task(queue.run(self._stop), name=f"pushed to {shop}")
        self._listening = [
            asyncio.create_task(listen(one, queue, self._stop, clock), name=f"mqtt {shop}/{one.feed.name}")
            for one in config.incoming.brokers
        ]
        for one in (self._keeping, self._saving):
            one.add_done_callback(lambda _: self._stop.set())
        log.info("listens", shop=shop, sources=[one.feed.name for one in config.incoming.brokers])

    @property
    def ended(self) -> bool:
        """Whether it came to an end by itself: the lease was lost, or something that nobody expected."""
        return self._stop.is_set()

    async def close(self) -> None:
        """Stores what is there, disconnects, gives the lease back."""
        self._stop.set()
        tasks = [*self._listening, self._saving]
        _, late = await asyncio.wait(tasks, timeout=CLOSING)
        self._keeping.cancel()
        for one in late:
            one.cancel()
        for result in await asyncio.gather(*tasks, self._keeping, return_exceptions=True):
            if isinstance(result, LeaseTaken):
                log.warning("listening_lost", shop=self.shop, error=str(result))
            elif isinstance(result, Exception):
                log.error("listening_failed", shop=self.shop, exc_info=result)
        with contextlib.suppress(StoreError):
            await asyncio.to_thread(self._store.release_lease, LEASE)
        await asyncio.to_thread(self._store.close)
