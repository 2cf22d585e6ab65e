"""Which time a daemon lives in: the wall's, or that of a simulated platform whose days pass when they are asked to."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from pydantic import BaseModel

from bidder.catalog import Account
from bidder.config.load import Config
from bidder.connectors.registry import kind
from bidder.daemon.timekeeping import Timekeeper, WallClock
from bidder.errors import ConfigError, Fault, Source

__all__ = ["SimulatedClock", "timekeeper_of"]


@runtime_checkable
class SimulatedClock(Timekeeper, Protocol):
    """A platform's own clock. It has to begin before it is asked for its time."""

    async def begin(self) -> None:
        """Asks the platform which day it is. Raises ConnectorError."""
        ...

    async def close(self) -> None:
        """Releases connections."""
        ...


def timekeeper_of(config: Config) -> Timekeeper:
    """The wall's clock, or the one that the only account describes. Raises ConfigError where others live beside it.

    Money is not spent by an invented calendar: a simulated clock and an account of a real platform exclude each other.
    """
    clocks = {account.id: found for account, settings in config.accounts if (found := _clock(account, settings))}
    if not clocks:
        return WallClock()
    if len(config.accounts) > 1:
        name = next(iter(clocks))
        reason = f"account {name} has a simulated clock: it has to be the only account of its bidder.yaml"
        raise ConfigError([Fault(Source(str(config.path or "bidder.yaml")), reason)])
    return next(iter(clocks.values()))


def _clock(account: Account, settings: BaseModel) -> SimulatedClock | None:
    told = getattr(kind(account.platform), "clock", None)
    found: SimulatedClock | None = None if told is None else told(account, settings)
    return found
