"""What `session` has of aiohttp in one event loop: connections, bodies there and back, and errors in plain words."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bidder.connectors.http.message import Ask

if TYPE_CHECKING:
    import aiohttp

__all__ = ["Bound", "encoded", "kind_of", "whole_body"]

CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Bound:
    """What lives in one event loop."""

    loop: asyncio.AbstractEventLoop
    session: aiohttp.ClientSession
    turns: asyncio.Semaphore
    fetching: asyncio.Lock

    @classmethod
    def opened(cls, loop: asyncio.AbstractEventLoop, concurrency: int) -> Bound:
        import aiohttp

        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=concurrency),  # verifies certificates and names
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "bidder"},
        )
        # aiohttp 3.14 sends a GET, PUT or DELETE again by itself when a kept connection drops: a lost budget write
        # would go out twice with no read between. The only switch is private; without it nothing is sent at all.
        if not hasattr(session, "_retry_connection"):
            raise RuntimeError("this aiohttp cannot be kept from sending requests again: bidder needs aiohttp 3.14")
        session._retry_connection = False
        return cls(loop, session, asyncio.Semaphore(concurrency), asyncio.Lock())


async def whole_body(response: aiohttp.ClientResponse, limit: int) -> bytes | None:
    """The body, None when it is larger than the limit."""
    parts, size = [], 0
    async for chunk in response.content.iter_chunked(CHUNK):
        size += len(chunk)
        if size > limit:
            response.close()
            return None
        parts.append(chunk)
    return b"".join(parts)


def encoded(ask: Ask) -> tuple[bytes | None, dict[str, str]]:
    """The body to send, and the headers with its kind."""
    from urllib.parse import urlencode

    headers = dict(ask.headers)
    named = {name.lower() for name in headers}
    if ask.json is not None:
        if "content-type" not in named:
            headers["Content-Type"] = "application/json"
        text = json.dumps(ask.json, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode(), headers
    if ask.form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded;charset=utf-8"
        return urlencode(ask.form).encode(), headers
    return ask.body, headers


def kind_of(e: BaseException) -> str:
    """An error of the network in words that hold no address and no secret."""
    cause: Any = getattr(e, "os_error", None) or e
    words = getattr(cause, "strerror", None)
    return f"{type(cause).__name__}: {words}" if isinstance(words, str) and words else type(cause).__name__
