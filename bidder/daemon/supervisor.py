"""What the service manager is told: ready, alive, reloading, stopping. systemd's protocol, one datagram a sentence.

Used by :mod:`bidder.cli.serving`. Without `$NOTIFY_SOCKET` (no systemd, or a unit without `Type=notify`) nobody is told
anything. The protocol is that of sd_notify(3).
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Mapping
from typing import Protocol

import structlog

__all__ = ["Supervised", "Supervisor"]

log = structlog.get_logger("bidder.daemon")

LOOK = 0.2
"""Seconds between two looks at what the daemon does."""


class Supervised(Protocol):
    """What is looked at."""

    def healthy(self) -> bool:
        """Whether the loop turns; not before the lease is held and the store is read."""
        ...

    @property
    def reloading(self) -> bool:
        """Whether somebody asked for a reload that has not come yet."""
        ...


class Supervisor:
    """The manager at `$NOTIFY_SOCKET`, and how often it wants a sign of life (`$WATCHDOG_USEC` of this process)."""

    def __init__(self, env: Mapping[str, str] = os.environ) -> None:
        self._address = _address(env.get("NOTIFY_SOCKET", ""))
        self._every = _every(env)
        self._said_ready = False

    def reloading(self) -> None:
        """A reload was asked for. READY follows, however short it is."""
        self._said_ready = False
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """Nothing new is begun."""
        self._tell("STOPPING=1")

    async def follow(self, daemon: Supervised, url: str) -> None:
        """Says READY once the loop turns and after each reload, and gives signs of life while it does. Never returns.

        A loop that stands still (FAILURES 47) gives none, so that the manager ends this process and starts another.
        """
        alive_at = 0.0
        while self._address is not None:
            if daemon.healthy():
                if not self._said_ready and not daemon.reloading:
                    self._tell("READY=1", f"STATUS=page {url}")
                self._said_ready = not daemon.reloading
                if self._every is not None and time.monotonic() >= alive_at + self._every:
                    alive_at = time.monotonic()
                    self._tell("WATCHDOG=1")
            await asyncio.sleep(LOOK if self._every is None else min(LOOK, self._every))

    def _tell(self, *lines: str) -> None:
        """One datagram. A manager that cannot be reached is said in the log; it is no reason to stop."""
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as to:
                to.connect(self._address)
                to.send("\n".join(lines).encode())
        except OSError as e:
            log.warning("supervisor_not_told", said=lines[0], error=str(e))


def _address(name: str) -> str | None:
    """A path, or a name in the abstract space; None for no manager or a kind of address that is not known here."""
    if name.startswith("@"):
        return "\0" + name[1:]
    return name if name.startswith("/") else None


def _every(env: Mapping[str, str]) -> float | None:
    """Seconds between two signs of life, a third of the patience; None where none are wanted of this process."""
    asked, pid = env.get("WATCHDOG_USEC", ""), env.get("WATCHDOG_PID", "")
    if not asked.isdigit() or int(asked) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(asked) / 3e6
