"""`bidder demo`: the daemon on a simulated shop, days ticking; no keys, no configuration, no services."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bidder.errors import ConfigError, Fault, Source

if TYPE_CHECKING:
    from bidder.connectors.sandbox import Sandbox
    from bidder.daemon import Daemon

__all__ = ["register"]

DEFAULT_SPEED = 0.2
"""Simulated days a second: a day in five seconds."""

LONGEST_WAIT = 30.0
"""Seconds of real time."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("demo")(demo)


def demo(
    days: Annotated[int | None, typer.Option(min=1, help="Stop after so many simulated days (default: go on).")] = None,
    speed: Annotated[str, typer.Option(help="Simulated days a second, or max.")] = str(DEFAULT_SPEED),
    seed: Annotated[int, typer.Option(min=0, help="Which shop.")] = 0,
    listen: Annotated[
        str | None, typer.Option(help="HOST:PORT of the page and /metrics (port 0: any free one).")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Keep the shop and its store here, and go on from there next time.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one line of figures on stdout.")] = False,
) -> None:
    """The whole product on a simulated shop: days tick, budgets move, the page and /metrics are live.

    [bold]bidder demo --days 60 --speed max --json[/bold] ends by itself and prints the profit beside an even split.
    """
    from bidder.instrumentation import configure_logging

    pace = _pace(speed)
    configure_logging(level="warning" if as_json or days is not None else "info")
    with _folder(folder) as home:
        path = _write_shop(home, seed, kept=folder is not None)
        result = asyncio.run(_run(path, days, pace, listen or "127.0.0.1:9108"))
    if as_json:
        typer.echo(json.dumps(result))
    elif days is not None:
        typer.echo(
            f"{result['days']} days: profit {result['profit']} ({result['profit_even_split']} by an even split of the "
            f"same money), spent {result['spend']}, caps broken {result['cap_breaches']} times"
        )


def _pace(text: str) -> float | None:
    """Simulated days a second; None for as fast as it goes."""
    if text == "max":
        return None
    try:
        pace = float(text)
    except ValueError:
        pace = float("nan")
    if not 0 < pace < float("inf"):
        raise ConfigError([Fault(Source("--speed"), f"expected days a second such as 0.2, or max; was {text!r}")])
    return pace


@contextlib.contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    """The chosen folder, or one that goes away at the end."""
    if chosen is not None:
        chosen.mkdir(parents=True, exist_ok=True)
        yield chosen
    else:
        with tempfile.TemporaryDirectory(prefix="bidder-demo-") as name:
            yield Path(name)


def _write_shop(home: Path, seed: int, *, kept: bool) -> Path:
    """The demo's configuration, where there is none yet. A shop that is not kept lives in memory."""
    source = Path(__file__).parent / "demo_shop"
    for name in ("bidder.yaml", "rules.yaml", "calendar.yaml"):
        target = home / name
        if not target.exists():
            text = (source / name).read_text("utf-8").replace("seed: 0", f"seed: {seed}")
            target.write_text(text if kept else text.replace("    path: platform.json\n", ""), "utf-8")
    return home / "bidder.yaml"


class SimulatedTime:
    """The sandbox's clock, moved by whoever waits: at once, or so many simulated days a second."""

    def __init__(self, sandbox: Sandbox, pace: float | None, end_at: datetime | None) -> None:
        self._sandbox = sandbox
        self._pace = pace
        self._end_at = end_at

    def now(self) -> datetime:
        """The simulated instant."""
        return self._sandbox.clock()

    async def sleep_until(self, at: datetime, stop: asyncio.Event) -> None:
        """Lets simulated time pass; stops the run when the last day is over."""
        if self._end_at is not None:
            at = min(at, self._end_at)
        if self._pace is None:
            await asyncio.sleep(0)
        else:
            wait = max(0.0, (at - self.now()).total_seconds() / 86_400 / self._pace)
            if wait > LONGEST_WAIT:  # the loop turns meanwhile, so that it is not taken for stuck
                wait, at = LONGEST_WAIT, self.now() + timedelta(days=LONGEST_WAIT * self._pace)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), timeout=wait)
        if stop.is_set():
            return
        if at > self.now():
            self._sandbox.advance(at)
        if self._end_at is not None and self.now() >= self._end_at:
            stop.set()


async def _run(path: Path, days: int | None, pace: float | None, listen: str) -> dict[str, Any]:
    from bidder.account_day import AccountDay
    from bidder.cli.serving import serve
    from bidder.config.load import load
    from bidder.connectors.sandbox import kind
    from bidder.cycle import utc_now
    from bidder.daemon import Daemon, metrics_for
    from bidder.store import open_store

    token = os.environ.setdefault("BIDDER_TOKEN", secrets.token_urlsafe(9))  # whoever reads this terminal may act
    config = load(path)
    account, settings = config.accounts[0]
    sandbox = kind.sandbox(account, settings)
    first = AccountDay.of(sandbox.clock(), account.timezone)
    end_at = None if days is None else first.next(days).start_at
    time = SimulatedTime(sandbox, pace, end_at)
    store = open_store(config.store_url)
    try:
        daemon = Daemon(config, store, time, metrics_for(config, utc_now()))
        watch = _CapWatch(daemon, sandbox)
        await serve(
            daemon,
            listen,
            ready=lambda url: typer.echo(f"bidder demo: {url}  (token {token}; Ctrl-C stops)", err=True),
            work=watch.run,
        )
        return watch.result()
    finally:
        store.close()


class _CapWatch:
    """Runs the daemon and looks, from the platform's side, whether any cap was ever passed."""

    def __init__(self, daemon: Daemon, sandbox: Sandbox) -> None:
        self._daemon = daemon
        self._sandbox = sandbox
        self._breaches = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until `stop`; after each turn the platform's own figures are held against the caps."""
        looking = asyncio.create_task(self._daemon.run(stop))
        self._daemon.after_turn = self._look
        await looking

    async def _look(self) -> None:
        shown = self._daemon.config.caps()
        budgets = await self._sandbox.reader().budgets()
        in_force = sum(budget.now.micros for budget in budgets if budget.now is not None and budget.status == "active")
        if shown.day is not None and in_force > shown.day.micros:
            self._breaches += 1

    def result(self) -> dict[str, Any]:
        """The figures since the shop's first day: expected profit by the hidden truth, beside an even split.

        The even split gets each day the total that the plan of that day had; where there was none, that of the day
        before, as bidder's own budgets stayed too.
        """
        from bidder.connectors.sandbox import even_split_profit
        from bidder.money import Money

        scored = self._sandbox.score()
        world = self._sandbox.server.world
        of_day = {plan.day: plan.document["total"] for plan in self._daemon.store.plans(limit=scored.days + 1)}
        days = [(world.start + timedelta(days=n)).isoformat() for n in range(scored.days)]
        given: Iterator[str | None] = accumulate((of_day.get(day) for day in days), lambda before, own: own or before)
        first = of_day[min(of_day)] if of_day else "0"
        totals = [Money.parse(one or first, self._daemon.config.shop.currency) for one in given]
        even = even_split_profit(world.seed, scored.days, totals, world.start)
        return {
            "days": scored.days,
            "seed": world.seed,
            "spend": f"{scored.spend:.2f}",
            "cap_breaches": self._breaches + self._month_breaches(),
            "profit": f"{scored.profit:.2f}",
            "profit_even_split": f"{even.profit:.2f}",
        }

    def _month_breaches(self) -> int:
        """Calendar months whose reported spend passed the month's cap."""
        cap = self._daemon.config.caps().month
        if cap is None:
            return 0
        reports = self._daemon.store.reports()
        spent: dict[str, int] = {}
        first = self._sandbox.server.world.start
        for row in range(len(reports)):
            one = reports.observation(row)
            if one.day.date >= first and one.performance.spend is not None:
                month = one.day.date.strftime("%Y-%m")
                spent[month] = spent.get(month, 0) + one.performance.spend.micros
        return sum(micros > cap.micros for micros in spent.values())
