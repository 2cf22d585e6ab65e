"""What the HTTP library complains of, in the words of bidder's own log: a line, and nothing of what was sent.

Handed to the server by :mod:`bidder.cli.serving`. The library would write a traceback with the bytes of each request
that is no HTTP, among them whatever secret stood in it, and whoever reaches the port could fill the log with them.
"""

from __future__ import annotations

import logging

import structlog
from aiohttp.http_exceptions import HttpProcessingError

__all__ = ["complaints"]

log = structlog.get_logger("bidder.web")


class _Told(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            log.info("not_http", kind=type(error).__name__, remote=str((record.args or ("",))[0]))  # type: ignore[index]  # aiohttp gives a tuple
        else:
            log.error("server_failed", exc_info=record.exc_info or False, said=record.getMessage())


def complaints() -> logging.Logger:
    """A logger for the server alone: what it says from warnings on goes into the log, nowhere else."""
    logger = logging.Logger("bidder.web.server", logging.WARNING)
    logger.addHandler(_Told())
    return logger
