"""No secret leaves in words: what is known to be secret is replaced wherever it appears."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from urllib.parse import quote, quote_plus, urlsplit
from weakref import WeakSet

__all__ = ["Redactor", "bare_url", "hidden"]

SHORTEST = 4
"""Shorter strings are no secrets and would blacken words."""


class Redactor:
    """Replaces secrets, as they are and as they stand in a URL."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        with _LOCK:
            _LIVE.add(self)
        for secret in secrets:
            self.add(secret)

    def __repr__(self) -> str:
        return f"Redactor({len(self._secrets)} secrets)"

    def add(self, secret: str) -> None:
        """From now on this is one too."""
        if len(secret) >= SHORTEST:
            self._secrets |= {secret, quote(secret, safe=""), quote_plus(secret)}

    def __call__(self, text: str, longest: int = 300) -> str:
        """The text without secrets, on one line, cut to a length for people."""
        text = " ".join(self.hide(text).split())
        return text if len(text) <= longest else text[: longest - 1] + "…"

    def hide(self, text: str) -> str:
        """The text without secrets, as long as it is."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


_LIVE: WeakSet[Redactor] = WeakSet()
_LOCK = Lock()


def hidden(text: str) -> str:
    """The text without the secrets of any account that is open: for words about a reply whose account has no say."""
    with _LOCK:
        live = list(_LIVE)
    for one in live:
        text = one.hide(text)
    return text


def bare_url(url: str) -> str:
    """Host and path: a query may hold a signature or a token."""
    parts = urlsplit(url)
    return f"{parts.hostname or ''}{parts.path}"
