"""The life of a worker: waits for its database, works until it is told to stop, begins anew when the queue is lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog

from bidder.cycle import utc_now
from bidder.daemon.supervisor import Supervisor
from bidder.instrumentation.fleet import FleetMetrics
from bidder.worker.queue import DECISIONS, PLATFORMS, Queue, QueueLost
from bidder.worker.serving import serving
from bidder.worker.settings import WorkerSettings
from bidder.worker.tasks import Tasks

__all__ = ["work"]

log = structlog.get_logger("bidder.worker")

PAUSES = (0.5, 1.0, 2.0, 5.0)
"""Seconds before the database is asked again; the last one goes on."""

LOOK = 5.0
"""Seconds at most between two looks at what waits and whose worker is gone."""


async def work(
    settings: WorkerSettings,
    stop: asyncio.Event,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    ready: Callable[[str], None] | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> None:
    """Works until `stop`; then finishes what is under way, hands back the rest, and returns.

    `ready` is called with the address of the metrics once there is one. Raises BidderError where it cannot listen.
    """
    for name in ("procrastinate", "psycopg"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # each failure is told by us, once
    asyncio.get_running_loop().set_exception_handler(_untold)
    metrics, alive = FleetMetrics(), asyncio.Event()
    async with serving(host, port, metrics, alive.is_set) as url:
        if ready is not None:
            ready(url)
        life, supervisor, failures = _Life(alive), Supervisor(), 0
        following = asyncio.create_task(supervisor.follow(life, url), name="supervisor")
        while not stop.is_set():
            try:
                await _session(settings, stop, metrics, clock, alive)
                failures = 0
            except QueueLost as e:
                log.error("queue_lost", error=_words(e))
            alive.clear()
            if not stop.is_set():
                pause = PAUSES[min(failures, len(PAUSES) - 1)]
                failures += 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause)
        following.cancel()
        supervisor.stopping()
    log.info("stopped", worker=_name())


class _Life:
    """What a service manager looks at: the loop turns, once the queue was open for the first time."""

    reloading = False

    def __init__(self, alive: asyncio.Event) -> None:
        self._alive, self._began = alive, False

    def healthy(self) -> bool:
        self._began = self._began or self._alive.is_set()
        return self._began


async def _session(
    settings: WorkerSettings,
    stop: asyncio.Event,
    metrics: FleetMetrics,
    clock: Callable[[], datetime],
    alive: asyncio.Event,
) -> None:
    """From opening the queue to losing it, or to being told to stop. Raises QueueLost."""
    queue = Queue(settings.store)
    tasks = Tasks(settings, queue, metrics, clock)
    try:
        await queue.open()
        alive.set()
        log.info("started", worker=_name(), concurrency=settings.concurrency, processes=settings.processes)
        working = [
            asyncio.create_task(_procrastinate(queue, settings, PLATFORMS, settings.concurrency), name="platforms"),
            asyncio.create_task(_procrastinate(queue, settings, DECISIONS, settings.processes), name="decisions"),
        ]
        beside = [
            asyncio.create_task(stop.wait(), name="stop"),
            asyncio.create_task(_look_after(queue, tasks, metrics, min(LOOK, settings.tick)), name="looking after"),
            asyncio.create_task(tasks.listeners.run(min(LOOK, settings.tick)), name="listening"),
        ]
        try:
            await asyncio.wait({*working, beside[0]}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (*beside, *working):
                one.cancel()  # of those that work: nothing new is begun, what is under way is finished
            ended = await asyncio.gather(*working, *beside, return_exceptions=True)
        for lost in ended:
            if isinstance(lost, Exception):
                raise lost
    finally:
        await tasks.close()
        with contextlib.suppress(QueueLost, TimeoutError):
            await queue.close()


async def _procrastinate(queue: Queue, settings: WorkerSettings, jobs: str, at_once: int) -> None:
    await queue.app.run_worker_async(
        name=_name(),
        queues=[jobs],
        concurrency=at_once,
        install_signal_handlers=False,
        delete_jobs="successful",
        fetch_job_polling_interval=min(5.0, settings.tick),
        update_heartbeat_interval=settings.heartbeat.total_seconds(),
        stalled_worker_timeout=settings.gone.total_seconds(),
        shutdown_graceful_timeout=settings.grace.total_seconds(),
    )


async def _look_after(queue: Queue, tasks: Tasks, metrics: FleetMetrics, every: float) -> None:
    """Every few seconds takes back what gone workers held, and tells the metrics what waits."""
    query = (
        "SELECT task_name, count(*) FILTER (WHERE status = 'todo') AS waiting,"
        " count(*) FILTER (WHERE status = 'doing') AS running,"
        " coalesce(extract(epoch FROM min(coalesce(scheduled_at, (SELECT min(at) FROM procrastinate_events"
        " WHERE job_id = procrastinate_jobs.id))) FILTER (WHERE status = 'todo')), 0)::float8 AS oldest"
        " FROM procrastinate_jobs WHERE status IN ('todo', 'doing') GROUP BY task_name"
    )
    while True:
        with contextlib.suppress(QueueLost):
            await tasks.rescue()
            rows = await queue.rows(query)
            found = {row["task_name"]: (row["waiting"], row["running"], row["oldest"]) for row in rows}
            metrics.queue(found, datetime.now(UTC))
        await asyncio.sleep(every)


def _untold(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody waited for: above all a job whose end could not be noted, since others had taken it up meanwhile."""
    e = context.get("exception")
    if isinstance(e, QueueLost):
        log.warning("job_taken_up_by_others", error=_words(e))
    else:
        loop.default_exception_handler(context)


def _name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _words(e: BaseException) -> str:
    """What the database said, without its address."""
    cause = e.__cause__ or e
    return (str(cause).splitlines() or [type(cause).__name__])[0]
