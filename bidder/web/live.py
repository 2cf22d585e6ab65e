"""`/events`: server-sent events that tell an open page when it has become old. They carry no figures.

What is looked at stands in memory, and the journal's number: a look costs next to nothing. Streams are few and end
with the server, so that the daemon can stop within its two seconds.
"""

from __future__ import annotations

import asyncio
import json
from hashlib import blake2b
from time import monotonic

from aiohttp import web

from bidder.errors import StoreError
from bidder.web.scope import Scope, scope_of
from bidder.web.view import ShopView

__all__ = ["LOOK", "MOST_STREAMS", "add", "version"]

LOOK = 1.0
"""Seconds between two looks."""
BEAT = 15.0
"""Seconds of silence after which a comment keeps the connection open."""
MOST_STREAMS = 32


class _Streams(set[asyncio.Task[None]]):
    """The streams that are open, and what the last of them that looked saw: one look a while serves all."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[str, tuple[float, str]] = {}

    async def version(self, scope: Scope) -> str:
        """That of a shop, as new as half the time between two looks. Raises StoreError."""
        at, seen = self._seen.get(scope.root, (float("-inf"), ""))
        if monotonic() - at > LOOK / 2:
            self._seen[scope.root] = (monotonic(), seen)  # whoever comes meanwhile takes the one before
            seen = await asyncio.to_thread(version, scope.view)
            self._seen[scope.root] = (monotonic(), seen)
        return seen


_STREAMS = web.AppKey("streams", _Streams)


def add(app: web.Application, prefix: str = "") -> None:
    """Adds the address."""
    app[_STREAMS] = _Streams()
    app.on_shutdown.append(_end)
    app.router.add_get(f"{prefix}/events", _events)


async def _events(request: web.Request) -> web.StreamResponse:
    streams: _Streams = request.app[_STREAMS]
    task = asyncio.current_task()
    if len(streams) >= MOST_STREAMS or task is None:
        return web.Response(status=503, text="too many pages are open\n", headers={"Retry-After": "30"})
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    streams.add(task)
    try:
        await _tell(response, streams, scope_of(request))
    except (ConnectionError, asyncio.CancelledError):
        pass  # the page was closed, or the server ends
    finally:
        streams.discard(task)
    return response


async def _tell(response: web.StreamResponse, streams: _Streams, scope: Scope) -> None:
    said, quiet = "", 0.0
    await response.write(b"retry: 5000\n\n")
    while True:
        try:
            now = await streams.version(scope)
        except StoreError:
            now = said  # the page itself says what is wrong when it is asked
        if now != said:
            said, quiet = now, 0.0
            await response.write(f"event: version\ndata: {now}\n\n".encode())
        elif quiet >= BEAT:
            quiet = 0.0
            await response.write(b": still here\n\n")
        await asyncio.sleep(LOOK)
        quiet += LOOK


def version(view: ShopView) -> str:
    """The same while no page would look different. Raises StoreError."""
    now = view.status()
    shown = {name: value for name, value in now.items() if name not in ("at", "next_cycle_at", "month")}
    document, newest = view.plan_document(), view.store.journal(1)
    told = [shown, now["month"]["spent"], None if document is None else document["plan"]]
    told.append(newest[0].number if newest else 0)
    return blake2b(json.dumps(told, sort_keys=True, default=str).encode(), digest_size=8).hexdigest()


async def _end(app: web.Application) -> None:
    streams: _Streams = app[_STREAMS]
    for task in list(streams):
        task.cancel()
