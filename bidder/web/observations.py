"""`POST /api/v1/observations`: what a shop's own systems push. The answer comes when it is on disk, line by line.

Asks for `Authorization: Bearer TOKEN` with the token of `web.token`, compared in constant time; without a configured
token nothing is taken. One JSON object, an array of them, or NDJSON (a line each).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from aiohttp import web
from pydantic import SecretStr

from bidder.connectors.observations import Feed, Junk, Understood, decoded, understood
from bidder.errors import StoreError
from bidder.intake.queue import Queue
from bidder.web.bearer import answer, refusal
from bidder.web.scope import view_of

__all__ = ["LARGEST_BODY", "MOST_LINES", "Pushing", "Receiving", "add"]

LARGEST_BODY = 4 * 1024 * 1024
MOST_LINES = 5_000
PATIENCE = 30.0
"""Seconds that an answer waits for the disk."""

RETRY_AFTER = "2"
RESULTS = ("accepted", "duplicate", "stale", "invalid", "oversize")


@dataclass(frozen=True, slots=True)
class Pushing:
    """What the address needs: where messages go, which feeds there are, and the token."""

    queue: Queue
    feeds: Mapping[str, Feed]
    token: SecretStr | None
    now: Callable[[], datetime]
    """Gives the instant."""


@runtime_checkable
class Receiving(Protocol):
    """A daemon that takes pushes."""

    @property
    def pushing(self) -> Pushing | None:
        """None where nothing is taken."""
        ...


def add(app: web.Application, prefix: str = "") -> None:
    """Adds the address. Without anything that takes pushes it answers that there is none."""
    app.router.add_post(f"{prefix}/api/v1/observations", _observations)


async def _observations(request: web.Request) -> web.Response:
    view = view_of(request)
    pushing = view.pushing if isinstance(view, Receiving) else None
    if pushing is None or not pushing.feeds:
        return answer(404, error="no activity entry with source: http is configured")
    first = next(iter(pushing.feeds))
    if (refused := refusal(request, pushing.token, "take pushes")) is not None:
        if pushing.token is not None:
            pushing.queue.junk(first, "invalid", "wrong token", 0)
        return refused
    try:
        body = await _body(request)
    except web.RequestPayloadError:
        pushing.queue.junk(first, "invalid", "a body that cannot be unpacked", 0)
        return answer(400, error="the body cannot be unpacked: it is not what its Content-Encoding says")
    if body is None:
        pushing.queue.junk(first, "oversize", f"a body of more than {LARGEST_BODY:,} bytes", LARGEST_BODY)
        return answer(413, error=f"at most {LARGEST_BODY:,} bytes are taken at once")
    lines = _lines(body, request.content_type)
    if len(lines) > MOST_LINES:
        pushing.queue.junk(first, "oversize", f"more than {MOST_LINES:,} observations", len(body))
        return answer(413, error=f"at most {MOST_LINES:,} observations are taken at once")
    return await _taken(pushing, lines, first)


async def _taken(pushing: Pushing, lines: Sequence[Any], first: str) -> web.Response:
    found: list[Understood | Junk] = []
    for value in lines:
        try:
            found.append(value if isinstance(value, Junk) else understood(value, pushing.feeds, pushing.now()))
        except Junk as e:
            found.append(e)
    good = [one for one in found if isinstance(one, Understood)]
    waiting = pushing.queue.offer([(one.pushed, one.unknown) for one in good])
    if waiting is None:
        return _busy("too much is waiting to be saved; send it again")
    for one in found:
        if isinstance(one, Junk):
            pushing.queue.junk(first, one.result, str(one), 0)
    try:
        async with asyncio.timeout(PATIENCE):
            saved = iter(await asyncio.gather(*waiting))
    except TimeoutError:
        return _busy("saving takes long; send it again, it counts once")
    except (StoreError, asyncio.CancelledError) as e:
        if isinstance(e, asyncio.CancelledError) and not any(one.cancelled() for one in waiting):
            raise
        return _busy("it could not be saved; send it again, it counts once")
    results: list[dict[str, Any]] = []
    for number, item in enumerate(found, start=1):
        line: dict[str, Any] = {"line": number}
        if isinstance(item, Junk):
            line |= {"result": item.result, "reason": str(item)}
        else:
            line |= {"result": next(saved)}
            if item.unknown:
                line["unknown_metrics"] = item.unknown
        results.append(line)
    totals = Counter(str(line["result"]) for line in results)
    refused = totals["invalid"] + totals["oversize"]
    status = 200 if results and refused < len(results) else 422
    return answer(status, **{name: totals[name] for name in RESULTS}, lines=results)


async def _body(request: web.Request) -> bytes | None:
    """The body; None when it is too large, which is known before it is all here."""
    if request.content_length is not None and request.content_length > LARGEST_BODY:
        return None
    parts, size = [], 0
    async for part in request.content.iter_chunked(64 * 1024):
        size += len(part)
        if size > LARGEST_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


def _lines(body: bytes, content_type: str) -> list[Any]:
    """The decoded observations of a body; Junk where one is none."""
    if any(word in content_type for word in ("ndjson", "jsonl", "jsonlines", "json-seq")):
        parts = [part for part in body.split(b"\n") if part.strip()]
        return [_value(part) for part in parts[: MOST_LINES + 1]] or [Junk("nothing was sent")]
    try:
        value = decoded(body, largest=LARGEST_BODY)
    except Junk as e:
        if (
            body.lstrip()[:1] == b"{"
            and b"\n" in body.strip()
            and not isinstance(_value(body.split(b"\n", 1)[0]), Junk)
        ):
            return _lines(body, "application/x-ndjson")  # lines that are called JSON
        return [e]
    return (value or [Junk("nothing was sent")]) if isinstance(value, list) else [value]


def _value(part: bytes) -> Any:
    try:
        return decoded(part)
    except Junk as e:
        return e


def _busy(reason: str) -> web.Response:
    response = answer(503, error=reason)
    response.headers["Retry-After"] = RETRY_AFTER
    return response
