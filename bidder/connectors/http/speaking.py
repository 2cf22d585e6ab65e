"""What a reader says of its way to the platform beside the figures: for metrics, and for whoever keeps the time."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from bidder.connectors.http.session import Http

__all__ = ["Speaking"]


class _HasHttp(Protocol):
    http: Http


C = TypeVar("C", bound=_HasHttp)


class Speaking(Generic[C]):
    """A reader whose `_client` speaks over an Http."""

    _client: C

    @property
    def waited(self) -> float:
        """Seconds that the account has waited because of rates, since it was opened."""
        return self._client.http.waited

    @property
    def clock_off(self) -> float | None:
        """Seconds by which this computer's clock is ahead of the platform's; None: it has not said."""
        return self._client.http.clock_off
