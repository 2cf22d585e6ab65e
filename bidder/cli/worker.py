"""`bidder worker`: one of the processes that look after many shops."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from bidder.errors import BidderError, ConfigError, Fault, Source

__all__ = ["rate_of", "register"]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("worker")(worker)


def worker(
    store: Annotated[
        str,
        typer.Option(
            envvar="BIDDER_FLEET_STORE",
            show_envvar=True,
            help="postgresql://… of all shops and jobs, or env:NAME or file:PATH of what holds it.",
        ),
    ],
    agency: Annotated[
        Path | None,
        typer.Option(
            "--agency", "-a", "--shops", help="agency.yaml or its folder (default: $BIDDER_AGENCY, else this folder)."
        ),
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=200, help="Jobs at once, most of which wait.")] = 8,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Processes that decide: one a core.")] = 1,
    batch: Annotated[int, typer.Option(min=1, max=1000, help="Shops decided in one job.")] = 100,
    lease: Annotated[
        int, typer.Option(min=1, help="Seconds without a sign of life after which another may take a shop over.")
    ] = 60,
    tick: Annotated[int, typer.Option(min=1, max=60, help="Seconds between two looks at what is due.")] = 10,
    heartbeat: Annotated[
        int, typer.Option(min=1, help="Seconds between signs of life; after three without, others take the jobs up.")
    ] = 10,
    rate: Annotated[
        list[str] | None,
        typer.Option(metavar="PLATFORM=N", help="Requests a second that a platform takes from all workers together."),
    ] = None,
    listen: Annotated[str, typer.Option(help="HOST:PORT of /metrics.")] = "127.0.0.1:9109",
    log_format: Annotated[str, typer.Option("--log", help="json or text, on stderr.")] = "json",
) -> None:
    """Looks after many shops, together with as many others as are started alike; until SIGTERM or Ctrl-C."""
    from bidder.cli.serving import address_of
    from bidder.cli.stores import address_of_store
    from bidder.config.agency import find_agency, load_agency
    from bidder.heap import one_arena
    from bidder.instrumentation import configure_logging
    from bidder.worker.settings import WorkerSettings

    try:
        from bidder.worker.run import work
    except ImportError as e:
        if (e.name or "").partition(".")[0] in ("procrastinate", "psycopg", "psycopg_pool"):
            raise BidderError("bidder worker needs more than bidder alone: pip install 'bidder[cluster]'") from e
        raise
    address = address_of_store("--store", store)
    if not address.startswith(("postgresql://", "postgres://")):
        raise ConfigError(
            [Fault(Source("--store"), "expected postgresql://USER@HOST/DATABASE: many shops need a server")]
        )
    if "schema=" in address:
        raise ConfigError([Fault(Source("--store"), "expected an address without schema=: each shop has its own")])
    try:
        host, port = address_of(listen)
    except ValueError as e:
        raise ConfigError([Fault(Source("--listen"), str(e))]) from e
    configure_logging(json=log_format != "text")
    one_arena()  # before any thread is started
    at = find_agency(agency, os.environ)
    load_agency(at)  # what is wrong with it is said now
    settings = WorkerSettings(
        at,
        address,
        concurrency=concurrency,
        processes=processes,
        batch=batch,
        lease=timedelta(seconds=lease),
        tick=tick,
        heartbeat=timedelta(seconds=heartbeat),
        rates=dict(rate_of(one) for one in rate or ()),
    )

    async def run() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop.set)
        await work(
            settings, stop, host=host, port=port, ready=lambda url: typer.echo(f"metrics {url}metrics", err=True)
        )

    asyncio.run(run())


def rate_of(text: str) -> tuple[str, float]:
    """`meta=20`: a platform and its requests a second. Raises ConfigError."""
    platform, _, number = text.partition("=")
    try:
        rate = float(number)
    except ValueError:
        rate = 0.0
    if not platform or not 0 < rate < 1e6:
        raise ConfigError(
            [Fault(Source("--rate"), f"expected PLATFORM=REQUESTS_A_SECOND such as meta=20, was {text!r}")]
        )
    return platform, rate
