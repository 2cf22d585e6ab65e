"""One shop of many behind the pages: what its store says, and what a person may do to it.

Fulfils what the pages ask of a daemon (`bidder.web.view.ShopView`), out of the store that the shop's daemon or the
workers write. Approving writes budgets from this process, under the same lease, journal and read-back as
`bidder apply`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import Any

from bidder.agency.seen import Seen, seen_of
from bidder.apply import WriteResult
from bidder.apply_bids import BidResult
from bidder.config.load import Config
from bidder.daemon.clerk import DaemonClerk
from bidder.daemon.switch import Switch
from bidder.intake.queue import Queue
from bidder.plan import State
from bidder.store.protocol import Store
from bidder.web.control import Controlling
from bidder.web.observations import Pushing
from bidder.web.view import Status

__all__ = ["OneShop"]

FRESH = 1.0
"""Seconds for which what the store said is taken as it was."""


class OneShop:
    """A shop that is open. `close` gives its store back."""

    def __init__(self, config: Config, store: Store, clock: Callable[[], datetime]) -> None:
        self.config = config
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: Seen | None = None
        self._stamp: tuple[int, str] = (-1, "")
        self._looked = float("-inf")
        self._clerk = DaemonClerk(lambda: self.config, store, clock, self._wrote)
        self._switch = Switch(config, store, clock, self._told)
        self._queue = Queue(store, clock)
        self._stop = asyncio.Event()
        self._saving: asyncio.Task[None] | None = None

    @property
    def store(self) -> Store:
        """The saved state."""
        return self._store

    @property
    def clerk(self) -> DaemonClerk:
        """Answers the pages' questions, and acts."""
        return self._clerk

    @property
    def controlling(self) -> Controlling:
        """The stop. Its token is nobody's: who may is the gate's to say."""
        return Controlling(self._switch, None)

    @property
    def pushing(self) -> Pushing | None:
        """Where pushes over HTTP go; None where the shop takes none. Asked on the loop: the first begins to save."""
        feeds = {feed.name: feed for feed in self.config.incoming.feeds}
        if not feeds:
            return None
        if self._saving is None:
            self._saving = asyncio.create_task(self._queue.run(self._stop), name=f"pushes of {self.config.shop.name}")
        return Pushing(self._queue, feeds, None, self._clock)

    async def reload(self, by: str) -> bool:
        """Asks the shop's workers to read its configuration again; whether there are any. Raises StoreError."""
        return await asyncio.to_thread(self._reload, by)

    def _reload(self, by: str) -> bool:
        from bidder.store.fleet_queue import ask_to_begin  # late: it is seldom asked for

        self._store.append("note", self._clock(), what="asked to read the configuration again", by=by)
        return ask_to_begin(self.config.store_url, self.config.shop.name)

    def refresh(self) -> None:
        """Looks at the store again, unless that was just done. *Slow*. Raises StoreError."""
        with self._lock:
            if self._seen is not None and monotonic() - self._looked < FRESH:
                return
            self._seen = seen_of(self.config, self._store, self._clock())
            self._looked = monotonic()

    def ready(self) -> bool:
        """Whether a first poll has been made."""
        return any(one["polled_at"] for one in self.status()["accounts"])

    def status(self) -> Status:
        """As the store was when it was last looked at."""
        return self._known().status

    def plan_document(self) -> Mapping[str, Any] | None:
        """The newest plan."""
        stored = self._known().stored
        return None if stored is None else stored.document

    def _known(self) -> Seen:
        if self._seen is None:
            self.refresh()
        assert self._seen is not None
        return self._seen

    async def _wrote(self, _: Sequence[WriteResult | BidResult]) -> None:
        self._looked = float("-inf")

    def _told(self, _: State) -> None:
        self._looked = float("-inf")

    async def close(self) -> None:
        """Waits for writes that a person asked for and for pushes that are not saved yet, then gives the store back."""
        await self._clerk.close()
        self._stop.set()
        if self._saving is not None:
            await self._saving
        self._store.close()
