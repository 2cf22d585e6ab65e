"""The shops of a worker: each one's configuration as its files are now, its store, and its open connectors.

One shop's trouble is told as that shop's ConfigError or StoreError, and nothing here is shared between shops but the
connections to the database. A shop whose files have faults goes on with the configuration that this process read last,
as `bidder run` does; a process that has none leaves it alone.
"""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import structlog

from bidder import cycle
from bidder.config.agency import Agency, load_agency
from bidder.config.load import Config
from bidder.config.shops import load_shop, shop_files
from bidder.connectors.protocol import BudgetWriter
from bidder.daemon.events import writing_modes
from bidder.daemon.reload import Watch
from bidder.errors import ConfigError
from bidder.ids import AccountId
from bidder.store import open_store
from bidder.store.protocol import Store

__all__ = ["Clock", "Connected", "Fleet"]

Clock = Callable[[], datetime]

log = structlog.get_logger("bidder.worker")

KEPT = 1_000
"""Configurations, and accounts with open connectors, that a process keeps."""


@dataclass(frozen=True, slots=True)
class Connected:
    """One account, open for reading, and for writing where its mode allows it."""

    digest: str
    readers: cycle.Readers
    writers: dict[AccountId, BudgetWriter]

    async def close(self) -> None:
        """Gives the connections back."""
        await self.readers.close()
        await asyncio.gather(*(one.close() for one in self.writers.values()), return_exceptions=True)


class Fleet:
    """The shops of an agency (`at`: agency.yaml or its folder), whose state is in `database`, a schema each.

    For one process; its methods may be called in threads.
    """

    def __init__(self, at: Path, database: str) -> None:
        self._at = at
        self._env = {**os.environ, "BIDDER_STORE": database}
        self._agency: Agency | None = None
        self._configs: OrderedDict[str, tuple[Config, Watch]] = OrderedDict()
        self._stores: dict[str, Store] = {}
        self._connected: OrderedDict[tuple[str, str], Connected] = OrderedDict()

    def agency(self) -> Agency:
        """What agency.yaml said last. Raises ConfigError."""
        if self._agency is None:
            self._agency = load_agency(self._at)
        return self._agency

    def stamps(self) -> dict[str, str]:
        """Each shop with what tells that its file, or the template, is another one. Raises ConfigError."""
        try:
            self._agency = load_agency(self._at)
        except ConfigError as e:
            if self._agency is None:
                raise
            log.error("agency_refused", error=str(e))
        agency = self.agency()
        below = "" if agency.template is None else _stamp(agency.template)
        return {shop: f"{_stamp(path)} {below}".strip() for shop, path in shop_files(agency).items()}

    def config(self, shop: str) -> Config:
        """The shop's configuration. Raises ConfigError where it has faults and none was ever read here."""
        kept = self._configs.get(shop)
        if kept is not None and not kept[1].changed():
            self._configs.move_to_end(shop)
            return kept[0]
        try:
            fresh = self._read(shop)
        except ConfigError as e:
            if kept is None:
                raise
            kept[1].refused(e)
            log.error("reload_refused", shop=shop, error=str(e), policy=kept[0].digest)
            return kept[0]
        self._configs[shop] = (fresh, Watch(fresh))
        while len(self._configs) > KEPT:
            self._configs.popitem(last=False)
        return fresh

    def _read(self, shop: str) -> Config:
        return load_shop(self.agency(), shop, self._env)

    def fresh(self, shop: str) -> Config:
        """The shop's configuration as its files are now. Raises ConfigError with all that is wrong with them."""
        fresh = self._read(shop)
        self._configs[shop] = (fresh, Watch(fresh))
        return fresh

    def store(self, shop: str) -> Store:
        """The shop's state. Raises StoreError, ConfigError."""
        if shop not in self._stores:
            self._stores[shop] = open_store(self.config(shop).store_url)
        return self._stores[shop]

    def forget(self, shop: str) -> None:
        """The store is opened anew the next time: a lease of this one was lost, or the server was away."""
        self._stores.pop(shop, None)

    async def connected(self, shop: str, account: str, config: Config) -> Connected:
        """The account's connectors, kept from one job to the next. Raises ConfigError, ConnectorError."""
        key = (shop, account)
        kept = self._connected.get(key)
        if kept is not None and kept.digest == config.digest:
            self._connected.move_to_end(key)
            return kept
        alone = replace(config, accounts=tuple(one for one in config.accounts if one[0].id == account))
        fresh = Connected(
            config.digest, cycle.open_readers(alone), cycle.open_writers(alone, modes=writing_modes(config))
        )
        self._connected[key] = fresh
        if kept is not None:
            await kept.close()
        while len(self._connected) > KEPT:
            await self._connected.popitem(last=False)[1].close()
        return fresh

    async def close(self) -> None:
        """Gives everything back."""
        await asyncio.gather(*(one.close() for one in self._connected.values()), return_exceptions=True)
        for store in self._stores.values():
            store.close()


def _stamp(path: Path) -> str:
    try:
        told = path.stat()
    except OSError:
        return "gone"
    return f"{told.st_mtime_ns}:{told.st_size}"
