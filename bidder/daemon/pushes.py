"""What is pushed to a running daemon: the queue, a listener for each broker, and what the HTTP address needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from bidder.config.load import Config
from bidder.instrumentation import Metrics
from bidder.intake.queue import Queue
from bidder.store.protocol import Store
from bidder.web.observations import Pushing

__all__ = ["Pushes"]


class Pushes:
    """Started and stopped with the loop. Without a source that pushes there is nothing in it."""

    def __init__(self, config: Config, store: Store, clock: Callable[[], datetime], metrics: Metrics) -> None:
        self._config = config
        self._clock = clock
        self._queue = Queue(store, clock, metrics.pushed)
        self._stop = asyncio.Event()
        self._saving: asyncio.Task[None] | None = None
        self._listening: list[asyncio.Task[None]] = []
        self.pushing: Pushing | None = None

    def start(self) -> None:
        """Begins to take messages."""
        incoming = self._config.incoming
        if not incoming.names:
            return
        self._saving = asyncio.create_task(self._queue.run(self._stop), name="pushed messages")
        feeds = {feed.name: feed for feed in incoming.feeds}
        self.pushing = Pushing(self._queue, feeds, self._config.token, self._clock)
        if incoming.brokers:
            from bidder.connectors.mqtt_push.client import listen  # late: few shops have a broker

            self._listening = [
                asyncio.create_task(listen(one, self._queue, self._stop, self._clock), name=f"mqtt {one.feed.name}")
                for one in incoming.brokers
            ]

    async def close(self) -> None:
        """Takes no more, saves what is there."""
        self._stop.set()
        self.pushing = None
        tasks = [*self._listening, *([] if self._saving is None else [self._saving])]
        await asyncio.gather(*tasks, return_exceptions=True)
