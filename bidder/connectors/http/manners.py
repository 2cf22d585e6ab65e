"""How a platform wants to be spoken to: its address, signature, verdicts, tokens and pace."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bidder.connectors.http.message import Ask, Reply, Verdict, dig, plain_verdict
from bidder.connectors.http.renewal import RefreshToken
from bidder.connectors.http.settings import PlatformSettings

__all__ = ["Manners", "Timing", "Token", "TokenRecipe", "oauth", "with_bearer"]


def _now() -> datetime:
    return datetime.now(UTC)


def _no_fault(_reply: Reply) -> Verdict | None:
    return None


@dataclass(frozen=True, slots=True)
class Timing:
    """The clocks and the luck of a session: a test hands in its own."""

    now: Callable[[], datetime] = _now
    """The instant of `received_at`, in UTC."""
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep
    luck: Callable[[], float] = random.random
    """From 0 to 1: the jitter of gaps."""
    wall: Callable[[], datetime] = _now
    """The host's clock, which is held against the Date of each reply."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, the seconds that it lives, and what else came with it that must never be said."""

    value: str = field(repr=False)
    seconds: float
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class TokenRecipe:
    """How a token is fetched: the (unsigned) request, and the token in its reply (None: it is not there).

    `first` is a token that is known from the beginning: it is used until the platform no longer takes it. `fault` says
    what a reply means where the platform answers errors in a way of its own (None: it is none).
    """

    ask: Callable[[], Ask]
    token: Callable[[Reply], Token | None]
    first: str = field(default="", repr=False)
    fault: Callable[[Reply], Verdict | None] = _no_fault


def with_bearer(ask: Ask, token: str) -> Ask:
    """The request with the token in its Authorization header."""
    return replace(ask, headers={**ask.headers, "Authorization": f"Bearer {token}"}) if token else ask


@dataclass(frozen=True, slots=True)
class Manners:
    """A platform's way. `prepare` is applied to each try of a signed request (a signature may hold the time of it).

    `rate` requests a second, `burst` at once, at most `concurrency` under way. `deadline` bounds a read with all its
    tries and waits, in seconds; `timeout` one try; `gap` is the first pause between tries, `longest_gap` the last.
    """

    base_url: str
    verdict: Callable[[Reply], Verdict] = plain_verdict
    prepare: Callable[[Ask, str], Ask] = with_bearer
    tokens: TokenRecipe | None = None
    rate: float = 10.0
    burst: int = 10
    concurrency: int = 8
    timeout: float = 30.0
    deadline: float = 45.0
    attempts: int = 4
    gap: float = 1.0
    longest_gap: float = 16.0

    def as_set(self, settings: PlatformSettings) -> Manners:
        """The same with what an account says about itself."""
        return replace(
            self,
            base_url=settings.base_url or self.base_url,
            timeout=settings.timeout,
            attempts=settings.attempts,
            gap=settings.backoff,
            rate=settings.requests_per_second or self.rate,
        )


def oauth(token_url: str, form: Mapping[str, str], refresh: RefreshToken | None = None) -> TokenRecipe:
    """OAuth 2.0's token endpoint (RFC 6749): `form` with grant_type and its secrets; the reply has access_token.

    With `refresh` its token is sent, and the one that follows it in the reply is taken.
    """

    def ask() -> Ask:
        sent = form if refresh is None else {**form, "refresh_token": refresh.value}
        return Ask("token", "POST", token_url, form=sent, signed=False, limit=1 << 20)

    def token(reply: Reply) -> Token | None:
        value, seconds = dig(reply.data, "access_token"), dig(reply.data, "expires_in")
        try:
            lives = 3600.0 if seconds is None else float(seconds)
        except (TypeError, ValueError):
            return None
        if not isinstance(value, str) or not value or not 0 < lives < 1e9:
            return None
        return Token(value, lives, () if refresh is None else refresh.followed(reply))

    return TokenRecipe(ask, token)
