"""`bidder run`: the daemon."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from bidder.errors import ConfigError, Fault, Source

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("run")(run)


def run(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="bidder.yaml (default: $BIDDER_CONFIG, else ./bidder.yaml).")
    ] = None,
    listen: Annotated[str | None, typer.Option(help="HOST:PORT of the page and /metrics.")] = None,
    lease: Annotated[
        int, typer.Option(min=1, help="Seconds without a sign of life after which another daemon may take over.")
    ] = 60,
    log_format: Annotated[str, typer.Option("--log", help="json or text, on stderr.")] = "json",
) -> None:
    """Runs until SIGTERM or Ctrl-C: polls, decides once a day, writes where an account is in apply mode."""
    from bidder.cli.serving import serve
    from bidder.config.load import load
    from bidder.daemon import Daemon, SimulatedClock, metrics_for, timekeeper_of
    from bidder.instrumentation import configure_logging
    from bidder.store import open_store

    loaded = load(config)
    if not loaded.accounts:
        where = Source(str(loaded.path or "bidder.yaml"))
        raise ConfigError([Fault(where, "no accounts: to run, bidder needs at least one (see config/bidder.yaml)")])
    configure_logging(json=log_format != "text")
    store = open_store(loaded.store_url)
    try:
        time = timekeeper_of(loaded)
        daemon = Daemon(loaded, store, time, metrics_for(loaded, time.now()), timedelta(seconds=lease))

        async def in_its_time(stop: asyncio.Event) -> None:
            if not isinstance(time, SimulatedClock):
                return await daemon.run(stop)
            try:
                await time.begin()
                await daemon.run(stop)
            finally:
                await time.close()

        asyncio.run(
            serve(
                daemon,
                listen or loaded.listen,
                ready=lambda url: typer.echo(f"page {url}", err=True),
                work=in_its_time,
            )
        )
    finally:
        store.close()
