"""A refresh token that changes with each use: the newest is kept, and outlives the process where a file is given.

For platforms that give another refresh token with every access token and let the old one end some day. The file holds
a secret: only its owner may read it, and it says by a hash of which written token it is the successor, so that a new
consent in bidder.yaml counts at once.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from pathlib import Path

from bidder.connectors.http.message import Reply, dig

__all__ = ["RefreshToken"]

log = logging.getLogger("bidder.http")

LARGEST = 1 << 16
"""Bytes of the file; a token has a few thousand."""


class RefreshToken:
    """The refresh token that is good now; never says it. `written` is the one in the configuration."""

    def __init__(self, written: str, kept_in: Path | None = None) -> None:
        self._written = written
        self._kept_in = kept_in
        self._newest: str | None = None

    def __repr__(self) -> str:
        return "RefreshToken()"

    @property
    def value(self) -> str:
        """The newest: of this process, else of the file, else the written one."""
        if self._newest is None:
            self._newest = self._read() or self._written
        return self._newest

    def followed(self, reply: Reply, *path: str) -> tuple[str, ...]:
        """Takes the successor that a renewal's reply holds at that path. What it now knows to be secret."""
        found = dig(reply.data, *path, "refresh_token")
        if isinstance(found, str) and found and found != self.value:
            self._newest = found
            self._write(found)
        return (self.value,)

    def _read(self) -> str | None:
        if self._kept_in is None:
            return None
        try:
            with self._kept_in.open("rb") as file:
                data = json.loads(file.read(LARGEST))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as e:
            log.warning("%s: the kept refresh token cannot be read: %s", self._kept_in, type(e).__name__)
            return None
        kept = dig(data, "refresh_token")
        return kept if dig(data, "of") == self._mark() and isinstance(kept, str) and kept else None

    def _write(self, token: str) -> None:
        if self._kept_in is None:
            return
        beside = self._kept_in.with_name(f".{self._kept_in.name}.{os.getpid()}")
        text = json.dumps({"of": self._mark(), "refresh_token": token})
        try:
            beside.unlink(missing_ok=True)
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._kept_in)
        except OSError as e:
            log.warning("%s: the new refresh token cannot be kept: %s", self._kept_in, e.strerror)

    def _mark(self) -> str:
        return hashlib.sha256(self._written.encode()).hexdigest()
