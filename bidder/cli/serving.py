"""Runs a daemon with its page until it is told to stop: shared by `bidder run` and `bidder demo`."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from bidder.errors import BidderError

if TYPE_CHECKING:
    from bidder.daemon import Daemon

__all__ = ["address_of", "serve"]


def address_of(listen: str) -> tuple[str, int]:
    """`127.0.0.1:9108`, `[::1]:9108` → host and port. Raises ValueError saying what was expected."""
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"expected HOST:PORT such as 127.0.0.1:9108, was {listen!r}")
    return host.strip("[]"), int(port)


async def serve(
    daemon: Daemon,
    listen: str,
    *,
    ready: Callable[[str], None],
    work: Callable[[asyncio.Event], Awaitable[None]] | None = None,
) -> None:
    """Serves the page at `listen` and runs the daemon (or `work`) until SIGTERM or SIGINT, or until it ends by itself.

    `ready` is called once with the page's address (port 0 picks a free one). SIGHUP asks for a reload, SIGUSR1 halts.
    A service manager that asks for it (`Type=notify`) is told of each step.
    """
    from aiohttp import web

    from bidder.daemon.supervisor import Supervisor
    from bidder.heap import one_arena
    from bidder.web.app import create_app
    from bidder.web.complaints import complaints

    one_arena()  # before any thread is started
    stop, supervisor = asyncio.Event(), Supervisor()
    loop = asyncio.get_running_loop()

    def end() -> None:
        supervisor.stopping()
        stop.set()

    def reload() -> None:
        supervisor.reloading()
        daemon.ask_reload()

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, end)
    loop.add_signal_handler(signal.SIGHUP, reload)
    loop.add_signal_handler(signal.SIGUSR1, daemon.switch.ask_halt)
    host, port = address_of(listen)
    runner = web.AppRunner(create_app(daemon), access_log=None, logger=complaints(), shutdown_timeout=0.5)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as e:
            raise BidderError(f"cannot listen on {listen}: {e.strerror or e}; choose another with --listen") from e
        bound = runner.addresses[0][1]
        url = f"http://{f'[{host}]' if ':' in host else host}:{bound}/"
        ready(url)
        following = asyncio.create_task(supervisor.follow(daemon, url), name="supervisor")
        try:
            await (work or daemon.run)(stop)
        finally:
            following.cancel()
    finally:
        await runner.cleanup()
