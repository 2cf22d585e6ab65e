"""Who is signed in: the token of `web.token` once, then a cookie that no script and no other site can use.

A session lives in this process's memory: a restart, another token or twelve quiet hours end it. Every form carries the
session's own secret, so that no other page can make a browser act (CSRF).
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from time import monotonic

from aiohttp import web
from pydantic import SecretStr

__all__ = ["COOKIE", "Session", "Sessions", "TooManyTries", "foreign", "same"]

COOKIE = "bidder_session"
LASTING = 12 * 3600.0
"""Seconds without a request after which a session is over."""
MOST = 64
"""Sessions kept; the one that was quiet longest gives way."""
TRIES, TRIES_SPAN = 10, 60.0
"""So many wrong tokens in so many seconds; then nobody may try for a while."""
LONGEST_NAME = 40


class TooManyTries(Exception):
    """Wrong tokens came too often: wait a minute."""


@dataclass(slots=True)
class Session:
    """One signed-in browser. `name` is what the journal calls its person."""

    name: str
    csrf: str
    token: bytes
    seen: float
    said: list[tuple[str, str]] = field(default_factory=list)
    """(tone, sentence) to show on the next page."""
    holder: str = ""
    """Of many tokens, the id of the one that it was opened with."""

    @property
    def by(self) -> str:
        """As the journal writes it."""
        if self.holder:
            return f"page: {self.name} ({self.holder})"
        return f"page: {self.name}" if self.name else "page"


class Sessions:
    """All sessions of this process."""

    def __init__(self, clock: Callable[[], float] = monotonic, most: int = MOST) -> None:
        self._clock, self._most = clock, most
        self._open: OrderedDict[bytes, Session] = OrderedDict()
        self._wrong: deque[float] = deque(maxlen=TRIES)

    def sign_in(self, given: str, name: str, token: SecretStr) -> str | None:
        """The cookie of a new session; None for a wrong token. Raises TooManyTries."""
        self.trying()
        if not same(given, token.get_secret_value()):
            self.wrong()
            return None
        return self.begin(name, _key(token.get_secret_value()))

    def trying(self) -> None:
        """Somebody is about to try a token. Raises TooManyTries."""
        if len(self._wrong) == TRIES and self._clock() - self._wrong[0] < TRIES_SPAN:
            raise TooManyTries

    def wrong(self) -> None:
        """It was the wrong one."""
        self._wrong.append(self._clock())

    def begin(self, name: str, token: bytes = b"", holder: str = "") -> str:
        """The cookie of a new session, for whoever has shown that he may."""
        cookie = secrets.token_urlsafe(32)
        shown = " ".join("".join(c for c in name if c.isprintable()).split())[:LONGEST_NAME]
        self._open[_key(cookie)] = Session(shown, secrets.token_urlsafe(32), token, self._clock(), holder=holder)
        while len(self._open) > self._most:
            self._open.popitem(last=False)
        return cookie

    def held(self, request: web.Request) -> Session | None:
        """The session of a request; whether its holder's token still counts is for whoever asks to see."""
        key = _key(request.cookies.get(COOKIE, ""))
        found = self._open.get(key)
        if found is None or not found.holder:
            return None
        if self._clock() - found.seen > LASTING:
            del self._open[key]
            return None
        found.seen = self._clock()
        self._open.move_to_end(key)
        return found

    def of(self, request: web.Request, token: SecretStr | None) -> Session | None:
        """The session of a request, while its token is still the one that is asked for."""
        key = _key(request.cookies.get(COOKIE, ""))
        found = self._open.get(key)
        if found is None:
            return None
        now = self._clock()
        asked = b"" if token is None else _key(token.get_secret_value())
        if now - found.seen > LASTING or not hmac.compare_digest(found.token, asked):
            del self._open[key]
            return None
        found.seen = now
        self._open.move_to_end(key)
        return found

    def sign_out(self, request: web.Request) -> None:
        """Ends the session of a request."""
        self._open.pop(_key(request.cookies.get(COOKIE, "")), None)


def same(given: str, wanted: str) -> bool:
    """Whether two secrets are equal; takes as long whatever is wrong."""
    return hmac.compare_digest(_key(given), _key(wanted))


def foreign(request: web.Request) -> bool:
    """Whether a browser says that another site made it send this."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and origin.partition("://")[2].casefold() != request.host.casefold()


def _key(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()
