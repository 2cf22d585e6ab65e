"""Two workers from the command line: each shop decided once a day in its own zone, its budgets written, all metered."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from bidder.errors import StoreError
from bidder.store import open_reader
from tests.failures.processes import bidder, environment, get, until
from tests.postgres import PostgresServer

pytestmark = pytest.mark.service

SHOP = """
shop: {{name: {name}, currency: CNY, timezone: {zone}}}
budget: {{month: 60000, day: {{max: 3000}}}}
accounts:
  - {{name: wxt, platform: sandbox, mode: apply, timezone: {zone}, seed: 3, path: ../{name}.json}}
schedule: {{poll: 30m, decide: {{from: "00:00", until: "00:01"}}}}
"""


@contextmanager
def a_worker(folder: Path, url: str, *more: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`bidder worker …` and the address of its metrics."""
    log = folder / f"log-{len(list(folder.glob('log-*')))}"
    command = [sys.executable, "-m", "bidder", "worker", "-a", str(folder), "--store", url, "--tick", "1", *more]
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*command, "--heartbeat", "1", "--listen", "127.0.0.1:0"], env=environment(), stderr=said, stdout=said
        )
    try:

        def address() -> str | None:
            assert process.poll() is None, log.read_text()
            found = re.search(r"metrics (http://\S+)", log.read_text())
            return None if found is None else found[1]

        yield process, str(until(address))
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Seen:
    """What a shop's store says. `written`: whether nothing of its plan is left to be written."""

    decided: int = 0
    changes: int = 0
    applied: int = 0
    written: bool = False
    chain: str | None = None


def seen(url: str, name: str) -> Seen:
    """How a shop stands; nothing, before it has a store."""
    try:
        store = open_reader(f"{url}?schema=shop_{name}")
    except StoreError:
        return Seen()
    try:
        decided = store.journal(kind="decided")
        applied = [line for line in store.journal(kind="outcome") if line.facts["result"] == "applied"]
        left = (store.value("apply_due") or {"parts": [1]})["parts"]
        changes = sum(int(line.facts["changes"]) for line in decided)
        return Seen(len(decided), changes, len(applied), not left, store.verify_journal())
    finally:
        store.close()


def test_two_workers_look_after_two_shops(postgres: PostgresServer, tmp_path: Path) -> None:
    url = postgres.bare_database()
    (tmp_path / "shops").mkdir()
    for name, zone in (("tea", "Asia/Shanghai"), ("soap", "America/New_York")):
        (tmp_path / "shops" / f"{name}.yaml").write_text(SHOP.format(name=name, zone=zone), "utf-8")
    (tmp_path / "shops" / "odd.yaml").write_text("shop: {curency: CNY}\n", "utf-8")
    with a_worker(tmp_path, url) as (one, metrics), a_worker(tmp_path, url) as (two, others):
        until(lambda: all(seen(url, name).written for name in ("tea", "soap")))
        both_shops = [seen(url, name) for name in ("tea", "soap")]
        assert [(one.decided, one.chain) for one in both_shops] == [(1, None), (1, None)]
        assert all(one.applied <= one.changes for one in both_shops)
        assert sum(one.applied for one in both_shops) > 5, "late in the evening little moves; it is day in one of them"
        until(lambda: 'bidder_fleet_shops{state="broken"} 1.0' in (get(metrics) or "") + (get(others) or ""))
        both = (get(metrics) or "") + (get(others) or "")
        done = [float(n) for n in re.findall(r'bidder_fleet_decisions_total\{result="decided"\} (\S+)', both)]
        assert sum(done) == 2
        for process in (one, two):
            process.send_signal(signal.SIGTERM)
        assert [process.wait(60) for process in (one, two)] == [0, 0]
    with psycopg.connect(url, options="-c search_path=bidder_jobs") as connection:
        assert connection.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM procrastinate_workers").fetchone() == (0,)


class TestWords:
    def test_a_file_is_no_store_of_many_shops(self, tmp_path: Path) -> None:
        (tmp_path / "shops").mkdir()
        said = bidder(tmp_path, "worker", "--store", "sqlite:///bidder.db")
        assert said.returncode == 2
        assert "many shops need a server" in said.stderr

    def test_without_the_extra_it_says_what_to_install_and_all_else_works(self, tmp_path: Path) -> None:
        (tmp_path / "shops").mkdir()
        (tmp_path / "procrastinate.py").write_text("raise ModuleNotFoundError(name='procrastinate')\n", "utf-8")
        words = ["-c", "import sys; sys.path.insert(0, sys.argv.pop(1)); from bidder.cli.main import main; main()"]
        command = [sys.executable, *words, str(tmp_path), "worker", "--store", "postgresql://nobody@localhost/none"]
        said = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60)
        assert said.returncode == 1
        assert "pip install 'bidder[cluster]'" in said.stderr
        assert "Traceback" not in said.stderr

    @pytest.mark.parametrize("rate", ["meta", "meta=", "meta=-1", "=3", "meta=nan"])
    def test_a_rate_names_a_platform_and_a_number(self, tmp_path: Path, rate: str) -> None:
        from bidder.cli.worker import rate_of
        from bidder.errors import ConfigError

        assert rate_of("meta=2.5") == ("meta", 2.5)
        with pytest.raises(ConfigError, match="PLATFORM=REQUESTS_A_SECOND"):
            rate_of(rate)
