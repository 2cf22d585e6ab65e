"""The two words of the registry: an account of ads, and a shop alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NoReturn

from pydantic import BaseModel

from bidder.catalog import Account, Mode
from bidder.connectors.http import Shared, Timing
from bidder.connectors.rest.client import Client, opened
from bidder.connectors.rest.clock import RestClock
from bidder.connectors.rest.dry import Shown, dry_calls
from bidder.connectors.rest.reader import Reading, RestReader, RestShop, RestShopWithActivity
from bidder.connectors.rest.sense import Wrong
from bidder.connectors.rest.sense import wrong as wrong_in
from bidder.connectors.rest.settings import RestSettings, RestShopSettings
from bidder.connectors.rest.write import RestWriter
from bidder.errors import ConnectorError

__all__ = ["RestKind", "RestShopKind"]


class _Kind:
    """What both words of the registry share."""

    def __init__(self) -> None:
        self._shared = Shared()
        self._clocks: dict[object, RestClock] = {}

    def wrong(self, settings: BaseModel, mode: Mode) -> Iterator[Wrong]:
        """What the description as a whole gets wrong, with the path of each value."""
        return wrong_in(settings, mode)

    def clock(self, account: Account, settings: BaseModel) -> RestClock | None:
        """The clock of a simulated platform, not begun; None where none is described."""
        if not isinstance(settings, RestSettings) or settings.clock is None:
            return None
        key = (account, settings.model_dump_json(), _keys(settings))
        if key not in self._clocks:
            self._clocks[key] = RestClock(Client(opened(account, settings), settings), account, settings.clock)
        return self._clocks[key]

    async def dry(self, account: Account, settings: BaseModel, now: datetime) -> list[Shown]:
        """Every described call tried once, nothing set: for `bidder check --online`. Raises ConnectorError."""
        if not isinstance(settings, RestSettings | RestShopSettings):
            raise TypeError(f"expected a description, was {type(settings).__name__}")
        clock, reading = self.clock(account, settings), self._reading(account, settings)
        try:
            if clock is not None:
                await clock.begin()
                now = clock.now()
            return await dry_calls(reading, now)
        finally:
            await reading.client.close()
            if clock is not None:
                await clock.close()

    def _reading(self, account: Account, settings: RestSettings | RestShopSettings) -> Reading:
        key = (account, settings.model_dump_json(), _keys(settings))
        timing = Timing(now=clock.now) if (clock := self.clock(account, settings)) is not None else None
        http = self._shared.of(key, lambda: opened(account, settings, timing))
        return Reading(Client(http, settings), account)


class RestKind(_Kind):
    """An account of ads as the registry knows it."""

    name: str = "rest"
    settings: type[BaseModel] = RestSettings

    def reader(self, account: Account, settings: BaseModel) -> RestReader:
        """Opens for reading."""
        own = _ads(settings)
        return RestReader(self._reading(account, own), own)

    def shop(self, account: Account, settings: BaseModel) -> RestShop | None:
        """The shop behind the account, where it is described."""
        own = _ads(settings)
        return shop_of(self._reading(account, own)) if own.products is not None or own.activity else None

    def writer(self, account: Account, settings: BaseModel) -> RestWriter:
        """Opens for writing. Raises ConnectorError where no `set` is described."""
        own = _ads(settings)
        if own.set is None:
            raise ConnectorError(account.id, "write", "no `set` is described: nothing can be written")
        return RestWriter(self._reading(account, own), own, own.set)


class RestShopKind(_Kind):
    """A shop alone as the registry knows it."""

    name: str = "rest_shop"
    settings: type[BaseModel] = RestShopSettings
    ads: bool = False

    def reader(self, _account: Account, _settings: BaseModel) -> None:
        """There are no ads to read."""

    def shop(self, account: Account, settings: BaseModel) -> RestShop:
        """Opens for reading."""
        if not isinstance(settings, RestShopSettings):
            raise TypeError(f"expected RestShopSettings, was {type(settings).__name__}")
        return shop_of(self._reading(account, settings))

    def writer(self, account: Account, _settings: BaseModel) -> NoReturn:
        """There is nothing to write."""
        raise ConnectorError(account.id, "write", "a shop has no budgets; use mode: observe")


def shop_of(reading: Reading) -> RestShop:
    """The shop as far as it is described."""
    return RestShopWithActivity(reading) if reading.client.settings.activity else RestShop(reading)


def _ads(settings: BaseModel) -> RestSettings:
    if not isinstance(settings, RestSettings):
        raise TypeError(f"expected RestSettings, was {type(settings).__name__}")
    return settings


def _keys(settings: RestSettings | RestShopSettings) -> tuple[str, ...]:
    """The secrets, which a dump of the settings hides."""
    return tuple(one.get_secret_value() for one in settings.credentials.values())
