"""The worker's own page: `/metrics`, `/-/healthy`, `/-/ready`. No shop is shown here; that is the web's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from bidder.errors import BidderError
from bidder.instrumentation.fleet import FleetMetrics
from bidder.web.complaints import complaints

__all__ = ["serving"]


@asynccontextmanager
async def serving(host: str, port: int, metrics: FleetMetrics, ready: Callable[[], bool]) -> AsyncIterator[str]:
    """Its address while it is served. Raises BidderError where it cannot listen."""

    async def scrape(request: web.Request) -> web.Response:
        body, kind = metrics.exposition(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": kind})

    async def healthy(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def is_ready(_: web.Request) -> web.Response:
        return web.Response(text="ok\n") if ready() else web.Response(text="not ready\n", status=503)

    app = web.Application()
    app.add_routes([web.get("/metrics", scrape), web.get("/-/healthy", healthy), web.get("/-/ready", is_ready)])
    runner = web.AppRunner(app, access_log=None, logger=complaints(), shutdown_timeout=0.5)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as e:
            raise BidderError(f"cannot listen on {host}:{port}: {e.strerror or e}; choose another with --listen") from e
        bound = runner.addresses[0][1]
        yield f"http://{f'[{host}]' if ':' in host else host}:{bound}/"
    finally:
        await runner.cleanup()
