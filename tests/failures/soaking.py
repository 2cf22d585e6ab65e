"""A daemon of eight budgets that lives through many cycles on a stepped clock, and says what it holds meanwhile.

Run as a program: FOLDER STORE CYCLES EVERY. A cycle is a turn of the loop, two hours apart: a poll, and once a day a
decision with its writes. A line of JSON after every so many cycles.
"""

from __future__ import annotations

import asyncio
import gc
import json
import math
import os
import resource
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from bidder import cycle
from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget, Product
from bidder.config.load import load
from bidder.daemon import Daemon, metrics_for
from bidder.heap import one_arena
from bidder.ids import BudgetId
from bidder.money import MICROS, Currency, Money
from bidder.plan import Applied, Outcome
from bidder.reports import UNKNOWN_MICROS, Reports
from bidder.snapshot import day_number
from bidder.store import open_store
from bidder.store.protocol import Store

CNY = Currency("CNY")

SHOP = """
shop: {name: tea-house, currency: CNY, timezone: Asia/Shanghai}
budget: {month: 60000, day: {max: 3000}}
accounts:
  - {name: wxt, platform: sandbox, mode: apply, timezone: Asia/Shanghai}
schedule: {poll: 2h, decide: {from: "00:30", until: "11:00"}}
"""

BUDGETS = 8
START = datetime(2026, 9, 1, tzinfo=UTC)
ZONE = "Asia/Shanghai"


class Platform:
    """Eight budgets in memory; every time today's figures have grown, the day before yesterday's are final."""

    def __init__(self, account: Account, clock: Clock) -> None:
        self.account = account
        self._clock = clock
        self._amounts = {f"b{number}": Money(200 * MICROS, CNY) for number in range(BUDGETS)}
        self._kept: dict[tuple[int, str], tuple[float, float, float]] = {}
        """(day, budget) → clicks, orders, spend of days that are over."""

    def _sold(self, day: int, name: str, part: float) -> tuple[float, float, float]:
        place = int(name[1:])
        wave = 1 + 0.1 * math.sin(day * 1.7 + place) + 0.05 * math.sin(day * 0.3)
        spend = self._amounts[name].to_float() * part
        return round(spend * wave), round(spend * wave * 0.03 * (1 + place / 8)), spend

    async def budgets(self) -> Sequence[Budget]:
        """As they are."""
        return [await self.read(BudgetId(self.account.id, name)) for name in self._amounts]

    async def performance(self, first: date, last: date) -> Reports:
        """The rows of these days."""
        now = self._clock.now()
        today = AccountDay.of(now, ZONE)
        number, part = day_number(today.date), (now - today.start_at) / (today.end_at - today.start_at)
        for name in self._amounts:
            for day in range(number - 30, number):
                self._kept.setdefault((day, name), self._sold(day, name, 1.0))
            self._kept.pop((number - 40, name), None)
        days = range(day_number(first), min(day_number(last), number) + 1)
        keys = [(day, name) for day in days for name in self._amounts]
        rows = [self._sold(day, name, part) if day == number else self._kept[day, name] for day, name in keys
                if day == number or (day, name) in self._kept]  # fmt: skip
        keys = [one for one in keys if one[0] == number or one in self._kept]
        return _reports(self.account, keys, rows, now)

    async def products(self) -> Sequence[Product]:
        """None: the budgets stand for themselves."""
        return ()

    async def read(self, budget: BudgetId) -> Budget:
        """One of them."""
        return Budget(budget, budget.native, CNY, self._amounts[budget.native], self._clock.now())

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        """In force at once."""
        self._amounts[budget.native] = amount
        return Applied(amount)

    async def close(self) -> None:
        """Nothing to let go."""


def _reports(
    account: Account, keys: list[tuple[int, str]], rows: list[tuple[float, float, float]], now: datetime
) -> Reports:
    size = len(keys)
    text = {"account": account.id, "product": "", "channel": "", "group": "", "zone": ZONE, "currency": str(CNY)}
    columns: dict[str, Any] = {name: np.full(size, value, dtype=object) for name, value in text.items()}
    names = np.array([name for _, name in keys], dtype=object)
    clicks, orders, spend = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    return Reports(
        **columns,
        budget=names,
        campaign=names,
        name=names,
        window=np.full(size, -1),
        day=np.array([day for day, _ in keys], dtype=np.int64),
        observed=np.full(size, now.timestamp()),
        impressions=clicks * 20,
        clicks=clicks,
        orders=orders,
        units=orders,
        spend=np.rint(spend * 100).astype(np.int64) * (MICROS // 100),
        revenue=(orders * 60).astype(np.int64) * MICROS,
        amount=np.full(size, UNKNOWN_MICROS),
    )


class Clock:
    """Jumps to the next thing that is due; after every so many turns it looks at the process."""

    def __init__(self, cycles: int, every: int, look: Callable[[int], None]) -> None:
        self._at = START
        self.turns = 0
        self._cycles, self._every, self._look = cycles, every, look

    def now(self) -> datetime:
        """The stepped instant."""
        return self._at

    async def sleep_until(self, at: datetime, stop: asyncio.Event) -> None:
        """At once."""
        self.turns += 1
        if self.turns % self._every == 0:
            self._look(self.turns)
        if self.turns >= self._cycles:
            stop.set()
        self._at = max(self._at + timedelta(seconds=1), at)


def _size(url: str, store: Store) -> int:
    if url.startswith("sqlite:///"):
        file = url.removeprefix("sqlite:///")
        return sum(os.stat(name).st_size for name in (file, f"{file}-wal") if os.path.exists(name))
    database = store._database  # type: ignore[attr-defined]  # no part of what a store is asked
    with database.reading() as connection:
        return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar())


def main(folder: Path, url: str, cycles: int, every: int) -> None:
    """Lives through the cycles and prints what it held."""
    one_arena()  # as `bidder run` does
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    os.chdir(folder)
    (folder / "bidder.yaml").write_text(SHOP, "utf-8")
    config = load(folder / "bidder.yaml")
    store = open_store(url)

    decided, looked_at = 0, START

    def look(turn: int) -> None:
        nonlocal decided, looked_at
        decided += len(store.journal(kind="decided", since=looked_at))  # never all that there are: that would be memory
        looked_at = clock.now()
        gc.collect()
        held = {
            "cycle": turn,
            "rss": int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize(),
            "files": len(os.listdir("/proc/self/fd")),
            "threads": threading.active_count(),
            "database": _size(url, store),
            "lines": store.journal(limit=1)[0].number,
            "decided": decided,
            "cpu": round(sum(os.times()[:4]), 1),
        }
        print(json.dumps(held), flush=True)

    clock = Clock(cycles, every, look)
    platform = Platform(config.accounts[0][0], clock)
    readers = cycle.Readers((platform,), ())
    setattr(cycle, "open_readers", lambda config: readers)  # noqa: B010 - eight budgets in memory
    setattr(cycle, "open_writers", lambda config, modes: {platform.account.id: platform})  # noqa: B010 - the same
    daemon = Daemon(config, store, clock, metrics_for(config, clock.now()))
    asyncio.run(daemon.run(asyncio.Event()))
    print(json.dumps({"chain": store.verify_journal(), "open": len(store.open_intents())}), flush=True)
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
