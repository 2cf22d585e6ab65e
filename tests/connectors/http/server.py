"""A small HTTP server on a free port that answers as a test says and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

__all__ = ["CUT", "Answer", "Clock", "Got", "Server", "answer", "page"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered; `cut` ends the connection without a word, `slow` waits before (seconds)."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    half: bool = False
    """The headers promise more than comes."""
    slow: float = 0.0


CUT = Answer(cut=True)


def answer(data: Any = None, status: int = 200, **headers: str) -> Answer:
    """JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(
        status, json.dumps({} if data is None else data).encode(), {"Content-Type": "application/json", **named}
    )


def page(status: int = 502) -> Answer:
    """What a proxy says when the platform is away."""
    return Answer(status, b"<html><body><h1>Bad Gateway</h1></body></html>", {"Content-Type": "text/html"})


@dataclass(frozen=True, slots=True)
class Got:
    """A request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """Answers with `handle`; records every request in `got` before it does."""

    def __init__(self, handle: Callable[[Got], Answer | Awaitable[Answer]]) -> None:
        self._handle = handle
        self._runner: web.AppRunner | None = None
        self.got: list[Got] = []
        self.url = ""
        self.latency = 0.0

    async def start(self) -> None:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = "http://{}:{}".format(*self._runner.addresses[0][:2])

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Server:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        got = Got(request.method, request.path, dict(request.query), dict(request.headers), body)
        self.got.append(got)
        said = self._handle(got)
        found = said if isinstance(said, Answer) else await said
        wait = found.slow or self.latency
        if wait:
            await asyncio.sleep(wait)
        if found.cut and request.transport is not None:
            request.transport.abort()
        if found.half:
            response = web.StreamResponse(status=found.status, headers={"Content-Length": str(len(found.body) * 2)})
            await response.prepare(request)
            await response.write(found.body)
            assert request.transport is not None
            request.transport.close()
            return response
        return web.Response(status=found.status, body=found.body, headers=dict(found.headers))


class Clock:
    """Time that passes only by sleeping in it: no test waits."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)
