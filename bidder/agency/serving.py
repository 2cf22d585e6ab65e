"""Serves the pages of all shops until it is told to stop: `bidder shops serve`.

Beside the server a thread looks at the shops in turn, so that the page of all of them costs nothing when it is asked
for. Nothing here polls a platform or decides: that is the shops' daemons' work, or the workers'.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic

import structlog

from bidder import cycle
from bidder.agency.desk import Desk
from bidder.agency.messages import Messages
from bidder.config.agency import Agency
from bidder.daemon.supervisor import Supervisor
from bidder.errors import BidderError
from bidder.store.people import AgencyStore

__all__ = ["serve"]

log = structlog.get_logger("bidder.agency")

PAUSE = 10.0
"""Least seconds between two rounds; a round that takes longer is followed by twice its own time."""


class _Served:
    """What the service manager looks at: the page answers from its start, whatever the first round takes."""

    reloading = False

    def healthy(self) -> bool:
        """Whether the loop turns: nobody asks who does not."""
        return True


async def serve(
    agency: Agency,
    host: str,
    port: int,
    *,
    ready: Callable[[str], None],
    stop: asyncio.Event | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Serves until SIGTERM or SIGINT (or `stop`). `ready` is called once with the page's address."""
    from aiohttp import web

    from bidder.web.agency import agency_application
    from bidder.web.complaints import complaints

    stopping = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    if stop is None:
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stopping.set)
    people = await asyncio.to_thread(AgencyStore, agency.store_url)
    desk, supervisor = Desk(agency, people, cycle.utc_now, env), Supervisor()
    app = agency_application(desk)
    runner = web.AppRunner(app, access_log=None, logger=complaints(), shutdown_timeout=0.5)
    try:
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as e:
            raise BidderError(f"cannot listen on {host}:{port}: {e.strerror or e}; choose another with --listen") from e
        url = f"http://{f'[{host}]' if ':' in host else host}:{runner.addresses[0][1]}/"
        ready(url)
        looking = asyncio.create_task(_look(desk, Messages(agency, people), stopping), name="rounds")
        following = asyncio.create_task(supervisor.follow(_Served(), url), name="supervisor")
        await stopping.wait()
        supervisor.stopping()
        following.cancel()
        await looking
    finally:
        await runner.cleanup()
        await desk.close()
        people.close()


async def _look(desk: Desk, messages: Messages, stopping: asyncio.Event) -> None:
    """Round after round, until it is told to stop."""
    enough = threading.Event()

    async def watch() -> None:
        await stopping.wait()
        enough.set()

    watching = asyncio.create_task(watch())
    while not stopping.is_set():
        began = monotonic()
        try:
            made = await asyncio.to_thread(desk.round, enough)
            if not stopping.is_set():
                await asyncio.to_thread(messages.after_round, desk.standings(lambda _: True), desk.now())
            took = monotonic() - began
            log.info("round", made=made, seconds=round(took, 2))
        except Exception as e:  # the page goes on with what was seen before
            took = PAUSE
            log.error("round_failed", error=str(e), exc_info=not isinstance(e, BidderError))
        while desk.closing:
            with suppress(BidderError):
                await desk.closing.pop().close()
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), max(PAUSE, 2 * took))
    await watching
