"""The log: one canonical line a pass, on stderr, as JSON or for people.

An event is a constant, facts are keys with the names of the dataclasses, ids are bound once (STYLE 15). Call
`configure_logging` once at the start of a command; the parts ask structlog for a logger.
"""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, TextIO, cast

import structlog

from bidder.money import Money

__all__ = ["configure_logging"]

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure_logging(stream: TextIO | None = None, *, json: bool = False, level: str = "info") -> None:
    """Sends log lines to `stream` (stderr when None): stdout belongs to tables and `--json`.

    `json` writes one object a line with an ISO timestamp in UTC; otherwise aligned text, coloured on a terminal.
    """
    target: TextIO = cast("TextIO", _Stderr()) if stream is None else stream
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if json
        else structlog.dev.ConsoleRenderer(colors=target.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _plain_values,
            structlog.processors.format_exc_info if json else _unchanged,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )


class _Stderr:
    """Whatever `sys.stderr` is when a line is written: a caller may put another in its place and close that one."""

    def write(self, text: str) -> int:
        """One piece of a line."""
        return sys.stderr.write(text)

    def flush(self) -> None:
        """At once."""
        sys.stderr.flush()

    def isatty(self) -> bool:
        """Whether a person looks on."""
        return sys.stderr.isatty()


def _plain_values(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ARG001 - structlog's signature
    """Money, durations and enums as one would write them, so that both renderers say the same."""
    for key, value in event.items():
        match value:
            case Money():
                event[key] = f"{value} {value.currency}"
            case timedelta():
                event[key] = value.total_seconds()
            case datetime():
                event[key] = value.isoformat()
            case Enum():
                event[key] = value.value
            case Decimal():
                event[key] = str(value)
    return event


def _unchanged(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ARG001 - structlog's signature
    return event
