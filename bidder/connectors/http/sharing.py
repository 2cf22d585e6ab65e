"""One Http an account in a process: its reader and its writer share pace, token and connections."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakValueDictionary

from bidder.connectors.http.session import Http

__all__ = ["Shared"]


class Shared:
    """The open Https of a platform, kept as long as somebody holds one."""

    def __init__(self) -> None:
        self._open: WeakValueDictionary[object, Http] = WeakValueDictionary()

    def of(self, key: object, make: Callable[[], Http]) -> Http:
        """The one for this key (account and settings), made where there is none. Each holder closes it once."""
        found = self._open.get(key)
        if found is None:
            found = make()
            self._open[key] = found
        found.hold()
        return found
