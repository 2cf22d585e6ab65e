"""Many shops decided by workers on one PostgreSQL server of this machine: one worker, then two, in one run.

    python -m bench.fleet [--shops 2000] [--products 40] [--workers 1,2] [--batch 100]

Every shop has a schema of its own with 28 days of figures of each product. The workers have begun all shops and decided
them once; then all are due at the same moment, as on the next day. Prints
wall seconds until the last is decided, what a shop took of a core (workers and server together, from /proc), memory at
its highest for each worker with its processes, rows and bytes a shop. Targets (PRODUCT 8, two cores): 2,000 shops in
60 s, two workers at least 1.5 times as fast as one, 500 MiB a worker. The server runs without fsync, as in tests.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psycopg

from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget, Mode
from bidder.ids import AccountId, BudgetId
from bidder.money import MICROS, Money, currency_of
from bidder.reports import Reports
from bidder.snapshot import day_number
from bidder.store import open_store
from bidder.worker.fleet import Fleet
from tests.postgres import PostgresServer, a_server, binaries

__all__ = ["cpu_of", "main"]

ZONE, DAYS, KINDS = "Asia/Shanghai", 28, 20
"""So many shops are made; the others have the figures of one of them."""
CNY = currency_of("CNY")
TABLES = ("series", "labels", "reports", "budgets", "budget_amounts", "memory")
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=300)
    parser.add_argument("--products", type=int, default=40)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--batch", type=int, default=100)
    asked = parser.parse_args()
    found = binaries()
    if found is None:
        sys.exit("PostgreSQL is missing: make services")
    with a_server(found) as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = server.bare_database()
        names = [f"s{n:05d}" for n in range(asked.shops)]
        begun = time.perf_counter()
        _write(folder, names, asked.products)
        _fill(url, names, asked.products)
        print(f"fleet: {asked.shops} shops x {asked.products} products made in {time.perf_counter() - begun:.0f} s")
        with psycopg.connect(url) as one:
            (size,) = one.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
        print(f"fleet: {size / len(names) / 1e3:.0f} kB a shop, {asked.products * DAYS} rows of reports")
        first = None
        for count in (int(part) for part in asked.workers.split(",")):
            seconds, core, theirs = _run(server, folder, url, names, count, asked.batch)
            first = first or seconds
            print(
                f"fleet: {count} workers: {seconds:.1f} s, {len(names) / seconds * 60:.0f} shops a minute, "
                f"{core / len(names) * 1e3:.0f} ms of a core a shop ({theirs / len(names) * 1e3:.0f} the server), "
                f"{first / seconds:.2f} times as fast as the first"
            )


def _write(folder: Path, names: list[str], products: int) -> None:
    """The agency's files."""
    (folder / "shops").mkdir()
    (folder / "exports").mkdir()
    (folder / "template.yaml").write_text(
        f"shop: {{currency: CNY, timezone: {ZONE}}}\nbudget: {{day: {{max: {120 * products}}}}}\n"
        f"accounts:\n  - {{name: ads, platform: files, mode: observe, timezone: {ZONE}, path: exports}}\n"
        'schedule: {decide: {from: "00:00", until: "00:01"}}\n',
        "utf-8",
    )
    for name in names:
        (folder / "shops" / f"{name}.yaml").write_text(f"shop: {{name: {name}}}\n", "utf-8")


def _fill(url: str, names: list[str], products: int) -> None:
    """A schema a shop: the first few made, the others their copies."""
    now = datetime.now(UTC)
    with psycopg.connect(url, autocommit=True) as connection:
        for place, name in enumerate(names):
            store = open_store(f"{url}?schema=shop_{name}")
            try:
                if place < KINDS:
                    reports, budgets = _figures(products, place)
                    store.add_reports(reports)
                    store.add_budgets(budgets, now)
                    store.set_value("poll:ads:ok", (now + timedelta(hours=12)).isoformat())
            finally:
                store.close()
            if place >= KINDS:
                source = f"shop_{names[place % KINDS]}"
                for table in TABLES:
                    connection.execute(f"INSERT INTO shop_{name}.{table} SELECT * FROM {source}.{table}".encode())
        connection.execute(b"ANALYZE")


def _figures(products: int, seed: int) -> tuple[Reports, list[Budget]]:
    chance, rows = np.random.default_rng(seed), products * DAYS
    today = day_number(AccountDay.of(datetime.now(UTC), ZONE).date)
    spend = chance.lognormal(4.5, 0.8, products).round(2)
    cpc, cvr = chance.uniform(0.6, 2.5, products), chance.uniform(0.01, 0.06, products)
    one = np.repeat(np.arange(products), DAYS)
    cost = (spend[one] * chance.uniform(0.8, 1.0, rows)).round(2)
    clicks = chance.poisson(cost / cpc[one]).astype(np.float64)
    orders = chance.binomial(clicks.astype(int), cvr[one]).astype(np.float64)
    names = np.array([f"c{n}" for n in range(products)], dtype=object)

    def text(value: str) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        return np.full(rows, value, dtype=object)

    def micros(money: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.rint(money * 100).astype(np.int64) * (MICROS // 100)

    account = Account(AccountId("ads"), "files", CNY, ZONE, Mode.OBSERVE)
    reports = Reports(
        account=text("ads"), budget=names[one], campaign=names[one], product=names[one], name=text(""),
        channel=text("search"), group=text(""), zone=text(ZONE), currency=text("CNY"),
        day=np.tile(np.arange(DAYS) + today - DAYS, products), observed=np.full(rows, time.time() - 3600),
        impressions=clicks * 50, clicks=clicks, spend=micros(cost), orders=orders, units=orders,
        revenue=micros(orders * 90), amount=micros(spend[one]), window=np.full(rows, -1),
    )  # fmt: skip
    budgets = [
        Budget(BudgetId(account.id, str(name)), str(name), CNY, now=Money.reported(float(amount), CNY))
        for name, amount in zip(names, spend, strict=True)
    ]
    return reports, budgets


def _run(
    server: PostgresServer, folder: Path, url: str, names: list[str], count: int, batch: int
) -> tuple[float, float, float]:
    """Wall seconds until all are decided; seconds of a core that workers and server took, and the server of them."""
    command = [sys.executable, "-m", "bidder", "worker", "-a", str(folder), "--store", url, "--tick", "1"]
    command += ["--batch", str(batch), "--listen", "127.0.0.1:0"]
    logs = [folder / f"log-{count}-{n}" for n in range(count)]
    workers = [subprocess.Popen(command, stderr=log.open("w")) for log in logs]
    pids = [one.pid for one in workers]
    try:
        while not all('"started"' in log.read_text() for log in logs):
            time.sleep(0.05)
            assert all(one.poll() is None for one in workers), logs[0].read_text()
        with psycopg.connect(url, autocommit=True, options="-c search_path=bidder_jobs") as connection:
            _at_rest(connection, len(names))
            for name in names:
                connection.execute(f"UPDATE shop_{name}.memory SET value = 'null' WHERE key = 'decided_day'".encode())
            stamps = Fleet(folder, url).stamps()
            begin = "INSERT INTO bidder_due (shop, what, at, stamp) VALUES (%s, 'begin', '9999-01-01', %s)"
            begin += " ON CONFLICT (shop, what) DO UPDATE SET at = excluded.at, claimed = NULL, stamp = excluded.stamp"
            due = "INSERT INTO bidder_due (shop, what, at) VALUES (%s, 'decide', now())"
            due += " ON CONFLICT (shop, what) DO UPDATE SET at = now(), claimed = NULL"
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute(b"DELETE FROM bidder_due WHERE what <> 'begin' AND what <> 'decide'")
                cursor.executemany(begin, sorted(stamps.items()))
                cursor.executemany(due, [(name,) for name in names])
            begun, before, served = time.perf_counter(), cpu_of(server, pids), cpu_of(server, [])
            query = b"SELECT count(*) FROM bidder_due WHERE what = 'decide' AND at > now()"
            while (connection.execute(query).fetchone() or (0,))[0] < len(names):
                time.sleep(0.1)
            seconds = time.perf_counter() - begun
            core, theirs = cpu_of(server, pids) - before, cpu_of(server, []) - served
        for place, one in enumerate(workers):
            print(f"fleet: worker {place + 1}: {_peak(one.pid) / 1024:.0f} MiB at its highest, all its processes")
        return seconds, core, theirs
    finally:
        for one in workers:
            one.send_signal(signal.SIGTERM)
        for one in workers:
            one.wait(60)


def _at_rest(connection: psycopg.Connection, shops: int) -> None:
    """Waits until every shop was begun and no job waits: what follows is a day like others."""
    begun = b"SELECT count(*) FROM bidder_due WHERE what = 'begin' AND at > now() + interval '1 year'"
    waiting = b"SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name <> 'tick'"
    rest = 0
    while rest < 3:
        done = (connection.execute(begun).fetchone() or (0,))[0] == shops
        idle = (connection.execute(waiting).fetchone() or (1,))[0] == 0
        rest = rest + 1 if done and idle else 0
        time.sleep(0.5)


def _tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += _tree(int(child))
    return found


def cpu_of(server: PostgresServer, roots: Sequence[int]) -> float:
    """Seconds of a core so far: of these processes, of the server, and of all below them, with those that ended."""
    assert server._server is not None
    found = 0.0
    for root in (server._server.pid, *roots):
        for pid in _tree(root):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            found += sum(int(one) for one in fields[11:15]) / TICKS
    return found


def _peak(pid: int) -> float:
    """KiB: the sum of what each process held at its highest, apart from what several share."""
    total = 0.0
    for one in _tree(pid):
        status = Path(f"/proc/{one}/status").read_text()
        peak = float(status.partition("VmHWM:")[2].split()[0])
        shared = float(status.partition("RssFile:")[2].split()[0])
        total += peak - (shared if one != pid else 0.0)
    return total


if __name__ == "__main__":
    main()
