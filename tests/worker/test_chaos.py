"""Workers are killed and stopped, the server goes away, one platform is dead, one shop broken, one very large."""

from __future__ import annotations

import os
import random
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import psycopg
import pytest

from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget, Mode
from bidder.errors import StoreError
from bidder.ids import AccountId, BudgetId
from bidder.money import Money, currency_of
from bidder.reports import Reports
from bidder.snapshot import day_number
from bidder.store import open_store
from tests.conftest import missing
from tests.connectors.meta.fake import KEYS, NUMBER
from tests.postgres import PostgresServer, a_server, binaries
from tests.worker.fleet import Fleet, Workers
from tests.worker.judging import calm, decided_days, faults_of

pytestmark = pytest.mark.service

SHANGHAI, NEW_YORK = "Asia/Shanghai", "America/New_York"
CAP = 3000


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of its own: it is restarted."""
    found = binaries()
    if found is None:
        missing("PostgreSQL (`make services` installs it)")
        return
    with a_server(found) as one:
        yield one


@contextmanager
def black_hole() -> Iterator[int]:
    """A platform that takes connections and never answers: its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as one:
        yield int(one.getsockname()[1])


def add_dead(fleet: Fleet, port: int) -> None:
    """A shop whose platform never answers."""
    keys = ", ".join(f"{key}: {{file: ../key-{key}}}" for key in KEYS)
    for key, value in KEYS.items():
        path = fleet.folder / f"key-{key}"
        path.write_text(value, "utf-8")
        path.chmod(0o600)
    (fleet.folder / "shops" / "dead.yaml").write_text(
        "shop: {name: dead, currency: USD, timezone: UTC}\nbudget: {day: {max: 500}}\n"
        f"accounts:\n  - {{name: ads, platform: meta, mode: apply, timezone: UTC, ad_account_id: act_{NUMBER},"
        f' base_url: "http://127.0.0.1:{port}", timeout: 5, attempts: 1, credentials: {{{keys}}}}}\n'
        "schedule: {poll: 180m}\n",
        "utf-8",
    )


def add_large(fleet: Fleet, budgets: int, days: int = 28) -> None:
    """A shop with so many budgets more, whose figures came by files."""
    fleet.add("large")
    (fleet.folder / "exports").mkdir()
    path = fleet.folder / "shops" / "large.yaml"
    files = "  - {name: big, platform: files, mode: observe, timezone: Asia/Shanghai, path: ../exports}\n"
    path.write_text(
        path.read_text("utf-8").replace("schedule:", f"{files}schedule:").replace("max: 3000", "max: 90000")
    )
    account = Account(AccountId("big"), "files", currency_of("CNY"), SHANGHAI, Mode.OBSERVE)
    chance, today = np.random.default_rng(5), day_number(AccountDay.of(fleet.began, SHANGHAI).date)
    rows = budgets * days
    one = np.repeat(np.arange(budgets), days)
    spend = chance.uniform(20, 60, budgets)[one] * chance.uniform(0.8, 1.0, rows)
    clicks = chance.poisson(spend / 1.5).astype(np.float64)
    orders = chance.binomial(clicks.astype(int), 0.04).astype(np.float64)
    names = np.array([f"b{index:04d}" for index in range(budgets)], dtype=object)

    def text(value: str) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        return np.full(rows, value, dtype=object)

    def micros(money: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.rint(money * 100).astype(np.int64) * 10_000

    reports = Reports(
        account=text("big"), budget=names[one], campaign=names[one], product=names[one], name=text(""),
        channel=text(""), group=text(""), zone=text(SHANGHAI), currency=text("CNY"),
        day=np.tile(np.arange(days) + today - days, budgets), observed=np.full(rows, fleet.began.timestamp()),
        impressions=clicks * 40, clicks=clicks, spend=micros(spend), orders=orders, units=orders,
        revenue=micros(orders * 90), amount=np.full(rows, 60_000_000), window=np.full(rows, -1),
    )  # fmt: skip
    store = open_store(fleet.store("large"))
    try:
        store.add_reports(reports)
        now = Money.parse("60", account.currency)
        store.add_budgets(
            [Budget(BudgetId(account.id, str(name)), str(name), account.currency, now=now) for name in names],
            fleet.began,
        )
    finally:
        store.close()


def chaos(
    server: PostgresServer, folder: Path, *, seconds: float, step: float, shops: int, large: int, seed: int
) -> None:
    """So long, with everything that can happen, three hours of the shops in `step` seconds; then all is judged."""
    fleet = Fleet(folder, server.bare_database())
    well = [f"shop-{n}" for n in range(shops)]
    for place, name in enumerate(well):
        fleet.add(name, (SHANGHAI, NEW_YORK)[place % 2], seed=3 + place, cap=CAP)
    (folder / "shops" / "broken.yaml").write_text("shop: {name: broken, currency: CNY}\nbudgett: {}\n", "utf-8")
    add_large(fleet, large)
    with black_hole() as port, ThreadPoolExecutor(1) as beside:
        add_dead(fleet, port)
        settings = {"lease": "timedelta(seconds=4)", "heartbeat": "timedelta(seconds=1)", "concurrency": 6}
        settings |= {"patience": "timedelta(seconds=10)", "grace": "timedelta(seconds=10)"}
        workers = Workers(fleet, **settings)
        try:
            for _ in range(2):
                workers.start()
            torment = beside.submit(_torment, server, workers, random.Random(seed), seconds)
            while not torment.done():
                time.sleep(step)
                _three_hours(fleet, well)
            torment.result()
            _settle(fleet, well)
            workers.stop()
            judge(fleet, well)
        except BaseException:
            print(workers.logs())
            raise
        finally:
            workers.close()


def _three_hours(fleet: Fleet, well: list[str]) -> None:
    """They pass; before a midnight the clock slows down until every shop that is well has decided the day."""
    to = fleet.now + timedelta(hours=3)
    for name in well:
        day = AccountDay.of(fleet.now, fleet.zones[name])
        deadline = time.monotonic() + 150
        while day.end_at <= to and not _decided(fleet, name, day):
            assert time.monotonic() < deadline, f"{name}: {day.date} is not decided"
            time.sleep(0.25)
            fleet.move(fleet.now + (day.end_at - fleet.now) * 0.03)
    fleet.move(to)


def _settle(fleet: Fleet, well: list[str]) -> None:
    """Whatever was left is done; time passes meanwhile, but no midnight."""
    deadline = time.monotonic() + 150
    while not _whole(lambda: calm(fleet, well)):
        assert time.monotonic() < deadline, "something is left to be done"
        time.sleep(0.25)
        left = min(AccountDay.of(fleet.now, zone).end_at for zone in fleet.zones.values()) - fleet.now
        fleet.move(fleet.now + min(left * 0.03, timedelta(minutes=2)))


def _decided(fleet: Fleet, name: str, day: AccountDay) -> bool:
    return _whole(lambda: day.date.isoformat() in decided_days(fleet, name))


def _whole(look: Callable[[], bool]) -> bool:
    """What is seen, as far as the server is there and the shop has a store."""
    try:
        return look()
    except (StoreError, psycopg.Error):
        return False


def _torment(server: PostgresServer, workers: Workers, draw: random.Random, seconds: float) -> None:
    begun = time.monotonic()
    restarts = [seconds * 0.35, seconds * 0.7]
    while (past := time.monotonic() - begun) < seconds:
        if restarts and past > restarts[0]:
            restarts.pop(0)
            server.stop(draw.choice([signal.SIGINT, signal.SIGQUIT]))
            time.sleep(draw.uniform(0.2, 1.0))
            server.start()
        pid = draw.choice(workers.pids)
        if draw.random() < 0.4:
            workers.kill(pid)
            time.sleep(draw.uniform(0.1, 1.0))
            workers.start()
        else:
            group = draw.random() < 0.5
            workers.signal(pid, signal.SIGSTOP, group=group)
            time.sleep(draw.uniform(0.5, min(8.0, seconds / 8)))
            workers.signal(pid, signal.SIGCONT, group=group)
        time.sleep(draw.uniform(0.5, max(1.0, min(8.0, seconds / 10))))


def judge(fleet: Fleet, well: list[str]) -> None:
    """Nothing is wrong with any shop that should be well, and the others harmed nobody."""
    found = []
    for name in well:
        first = AccountDay.of(fleet.began, fleet.zones[name]).date
        found += faults_of(fleet, name, CAP, (first, fleet.today(name)))
    assert found == []
    with fleet.reading("large") as store:
        assert store.verify_journal() is None
        assert store.value("decided_day") is not None
    with fleet.reading("dead") as store:
        assert store.journal(kind="decided") == []
        assert store.verify_journal() is None
    assert fleet.jobs("SELECT fault LIKE '%budgett%' FROM bidder_due WHERE shop = 'broken'") == [(True,)]


def test_a_fleet_outlives_kills_stops_and_restarts(server: PostgresServer, tmp_path: Path) -> None:
    chaos(server, tmp_path, seconds=12, step=0.4, shops=2, large=60, seed=1)


@pytest.mark.chaos
@pytest.mark.timeout(1500)
def test_ten_minutes_of_chaos(server: PostgresServer, tmp_path: Path) -> None:
    seed = int(os.environ.get("CHAOS_SEED", time.time()))
    print(f"CHAOS_SEED={seed}")
    chaos(server, tmp_path, seconds=600, step=4.0, shops=8, large=1300, seed=seed)
