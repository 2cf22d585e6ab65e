"""bidder as real processes on a simulated shop that lives in a file: started, signalled, asked over HTTP."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-of-this-test"

SHOP = """
shop: {name: tea-house, currency: CNY, timezone: Asia/Shanghai}
budget: {month: 60000, day: {max: 3000}}
accounts:
  - {name: wxt, platform: sandbox, mode: MODE, timezone: Asia/Shanghai, seed: 3, path: platform.json}
store: sqlite:///bidder.db
web: {listen: "127.0.0.1:0", token: {file: token}}
schedule: {poll: 30m, decide: {from: "00:00", until: "00:01"}}
"""


def make_shop(folder: Path, mode: str = "apply", more: str = "", store: str = "sqlite:///bidder.db") -> Path:
    """A shop's folder with its configuration."""
    written = SHOP.replace("MODE", mode).replace("sqlite:///bidder.db", store)
    (folder / "bidder.yaml").write_text(written + more, "utf-8")
    token = folder / "token"
    token.write_text(TOKEN, "utf-8")
    token.chmod(0o600)
    return folder


def environment() -> dict[str, str]:
    """Of this process, without what would point bidder elsewhere."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("BIDDER_")}
    return {**clean, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}


def bidder(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command as typed."""
    command = [sys.executable, "-m", "bidder", *words]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=60)


@contextmanager
def running(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`bidder run …` as a process of its own, and the address of its page."""
    command = [sys.executable, "-m", "bidder", "run", *words]
    log = folder / f"log-{len(list(folder.glob('log-*')))}"
    with log.open("w") as said:
        process = subprocess.Popen(command, cwd=folder, env=environment(), stderr=said, stdout=said, text=True)
    try:

        def address() -> str | None:
            assert process.poll() is None, log.read_text()
            found = re.search(r"page (http://\S+/)", log.read_text())
            return None if found is None else found[1]

        yield process, str(until(address))
    finally:
        process.kill()
        process.wait()


def spent(process: subprocess.Popen[str]) -> float:
    """Seconds of the processor that it and its ended children have used: a busy host does not stretch them."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def until(look: Callable[[], Any], seconds: float = 90.0) -> Any:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def stop_between(process: subprocess.Popen[str], *held: str | Path) -> None:
    """Stops it (SIGSTOP) at a moment when it holds none of these stores (by their URL) or locked files.

    One stopped inside a transaction keeps SQLite's lock for as long as it is stopped (PostgreSQL's for a minute), and
    nobody else can write: right, and not what a test of leases is about.
    """
    while True:
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        if all(_free(one) for one in held):
            return
        process.send_signal(signal.SIGCONT)
        time.sleep(0.01)


def _free(held: str | Path) -> bool:
    """Whether nobody holds its lock: a store by a transaction, a file by `flock`."""
    if isinstance(held, str) and held.startswith("postgresql:"):
        with psycopg.connect(held) as one:
            said = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            found = one.execute(said + " AND backend_type = 'client backend' AND state <> 'idle'").fetchone()
            return found == (0,)
    if isinstance(held, str):
        with closing(sqlite3.connect(held.removeprefix("sqlite:///"), timeout=0, isolation_level=None)) as store:
            try:
                store.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            store.execute("ROLLBACK")
            return True
    with held.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def post(url: str, path: str, token: str | None = TOKEN, **said: str) -> tuple[int, dict[str, Any]]:
    """A POST and its answer."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(url + path, json.dumps(said).encode(), headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as e:
        return e.code, json.loads(e.read())


def get(url: str) -> str | None:
    """The page; None while it does not answer with 200."""
    try:
        with urllib.request.urlopen(url, timeout=10) as reply:
            return str(reply.read().decode())
    except OSError:
        return None
