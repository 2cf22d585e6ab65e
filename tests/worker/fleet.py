"""A fleet for tests: shops on simulated platforms, one database, workers as real processes.

The workers are the product's own; only the clock is handed in, the same that the platforms have. It stands until the
test moves it, so that no machine is too slow for a day.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from bidder.account_day import AccountDay
from bidder.connectors.sandbox.state import FileKeeper, State
from bidder.store import open_reader
from bidder.store.protocol import StoreReader
from tests.failures.processes import ROOT, environment, until

__all__ = ["Fleet", "Workers"]

START = date(2026, 3, 2)

SHOP = """
shop: {{name: {name}, currency: CNY, timezone: {zone}}}
budget: {{month: 90000, day: {{max: {cap}}}}}
accounts:
  - {{name: wxt, platform: sandbox, mode: apply, timezone: {zone}, seed: {seed}, path: ../{name}.json, speed: 0}}
schedule: {{poll: {poll}, decide: {{from: "00:00", until: "00:30"}}}}
"""

FORKER = """
import asyncio, os, signal, sys
from datetime import datetime, timedelta, UTC
from pathlib import Path
from bidder.instrumentation import configure_logging
from bidder.worker.run import work
from bidder.worker.settings import WorkerSettings
import bidder.cycle, bidder.connectors.sandbox

folder, store, more = sys.argv[1:]

def clock():
    return datetime.fromisoformat(Path(folder, "now").read_text())

settings = WorkerSettings(Path(folder), store, tick=1, **eval(more))

async def run():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await work(settings, stop, clock=clock, ready=lambda url: Path(folder, "page-%d" % os.getpid()).write_text(url))

if __name__ == "__main__":
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.setsid()
            log = os.open(line.strip(), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1), os.dup2(log, 2)
            configure_logging(json=True)
            asyncio.run(run())
            os._exit(0)
        print(child, flush=True)
        while True:  # those that have ended are buried
            try:
                ended, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not ended:
                break
"""
"""Starts workers by forking a process that has everything imported: a start costs next to nothing."""


class Fleet:
    """The shops and the clock."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.began = self.now = AccountDay("Asia/Shanghai", START).start_at + timedelta(hours=20)
        self.zones: dict[str, str] = {}
        (folder / "shops").mkdir()
        self.move(self.now)

    def move(self, to: datetime) -> None:
        """It is so late now, for all: for the workers first, since what has not happened yet is not believed."""
        (self.folder / "now.new").write_text(to.isoformat(), "utf-8")
        (self.folder / "now.new").replace(self.folder / "now")
        for name in self.zones:
            FileKeeper(self.folder / f"{name}.json", _none).change(lambda state: state.moved(to, datetime.now(UTC)))
        self.now = to

    def add(self, name: str, zone: str = "Asia/Shanghai", seed: int = 3, cap: int = 3000) -> None:
        """A shop with a platform of its own, read eight times a day."""
        text = SHOP.format(name=name, zone=zone, seed=seed, cap=cap, poll="180m")
        state = State(seed, START, zone, self.now, datetime.now(UTC))
        (self.folder / f"{name}.json").write_text(state.to_json(), "utf-8")
        (self.folder / "shops" / f"{name}.yaml").write_text(text, "utf-8")
        self.zones[name] = zone

    def today(self, name: str) -> date:
        """The shop's account day."""
        return AccountDay.of(self.now, self.zones[name]).date

    def state(self, name: str) -> State:
        """What its platform has kept."""
        return State.from_json((self.folder / f"{name}.json").read_text("utf-8"))

    def store(self, name: str) -> str:
        """Where the shop's state is."""
        return f"{self.url}?schema=shop_{name.replace('-', '_')}"

    @contextmanager
    def reading(self, name: str) -> Iterator[StoreReader]:
        """The shop's state."""
        reader = open_reader(self.store(name))
        try:
            yield reader
        finally:
            reader.close()

    def jobs(self, query: str) -> list[tuple[Any, ...]]:
        """What a query of the queue's tables says."""
        with psycopg.connect(self.url, options="-c search_path=bidder_jobs", autocommit=True) as one:
            return one.execute(query.encode()).fetchall()


class Workers:
    """Workers of a fleet, by process id."""

    PROGRAM = FORKER
    """What starts them."""

    def __init__(self, fleet: Fleet, **settings: Any) -> None:
        self.fleet = fleet
        words = [str(fleet.folder), fleet.url]
        program = fleet.folder / "forker.py"
        program.write_text(self.PROGRAM, "utf-8")
        given = "dict(" + ", ".join(f"{key}={value}" for key, value in settings.items()) + ")"
        self._forker = subprocess.Popen(
            [sys.executable, str(program), *words, given],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pids: list[int] = []
        self._logs = 0

    def start(self) -> int:
        """One more."""
        assert self._forker.stdin is not None
        assert self._forker.stdout is not None
        self._logs += 1
        self._forker.stdin.write(f"{self.fleet.folder}/log-{self._logs}\n")
        self._forker.stdin.flush()
        pid = int(self._forker.stdout.readline())
        self.pids.append(pid)
        return pid

    def url(self, pid: int) -> str:
        """Where its metrics are."""
        path = self.fleet.folder / f"page-{pid}"
        return str(until(lambda: path.exists() and path.read_text("utf-8")))

    def kill(self, pid: int) -> None:
        """As a machine that loses its power."""
        self.pids.remove(pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def signal(self, pid: int, what: signal.Signals, *, group: bool = False) -> None:
        """To the worker, or to it and its processes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, what) if group else os.kill(pid, what)

    def stop(self, seconds: float = 60.0) -> None:
        """Tells all to stop, and waits until they have."""
        for pid in self.pids:
            self.signal(pid, signal.SIGCONT, group=True)
            self.signal(pid, signal.SIGTERM)
        until(lambda: not any(_lives(pid) for pid in self.pids), seconds)

    def close(self) -> None:
        """Ends whatever is left."""
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        self._forker.kill()
        self._forker.wait(10)
        for pipe in (self._forker.stdin, self._forker.stdout):
            if pipe is not None:
                pipe.close()

    def logs(self) -> str:
        """What they said, the end of it."""
        return "\n".join(f"--- {one.name}\n{one.read_text('utf-8')[-3000:]}" for one in self.fleet.folder.glob("log-*"))


def _lives(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def _none() -> State:
    raise AssertionError("its platform has no state")
