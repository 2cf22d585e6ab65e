"""What the pages see of the running daemon: enough to show it, nothing to change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from bidder.instrumentation import Metrics
from bidder.store.protocol import StoreReader

__all__ = ["DaemonView"]


class DaemonView(Protocol):
    """What the daemon (or the demo) shows. Called from the event loop; nothing here may block or await a poll."""

    @property
    def metrics(self) -> Metrics:
        """Where `/metrics` reads."""
        ...

    @property
    def store(self) -> StoreReader:
        """The saved state; asked in a thread."""
        ...

    def healthy(self) -> bool:
        """The daemon's loop turns."""
        ...

    def ready(self) -> bool:
        """Started: configuration loaded, store open, first poll done."""
        ...

    def status(self) -> Mapping[str, Any]:
        """The document of `/api/v1/status`: what is going on now. Instants are ISO 8601 with a zone, amounts strings.

        Always there: `shop`, `currency`, `timezone`, `state` (ACTIVE, REDUCING, HALTED), `day` (the account day, ISO).
        Shown where they are there: `title`, `now`, `as_of` or `polled_at` (up to when the data goes), `next_cycle_at`
        or `next_decision_at`, `day_limit`, `month_limit`, `holds` (check, reason, budget), `unresolved` (how many
        writes have no known outcome), `modes` (account → mode), `problems` (sentences, most urgent first), `todos`
        (text, worth), `exchange` (shop currency per unit of another), `demo`, and `reason` for a state that is not
        ACTIVE.
        """
        ...

    def plan_document(self) -> Mapping[str, Any] | None:
        """The newest plan as `plan --json` prints it; None before the first."""
        ...
