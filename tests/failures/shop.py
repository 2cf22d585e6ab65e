"""A daemon on a stepped clock, and fake platforms behind real sockets that spend, sell and fail by the same clock.

The daemon, its store, its connectors and their HTTP are the product's own; only the clock is handed in. A shop whose
daemon ends is lived on by a new one on the same store, as after a restart.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bidder.account_day import AccountDay
from bidder.config.load import load
from bidder.connectors.http import Timing, session
from bidder.connectors.taobao import client as taobao_client
from bidder.daemon import Daemon, metrics_for
from bidder.ids import BudgetId
from bidder.money import MICROS, Money
from bidder.performance import Performance
from bidder.store import open_store
from bidder.store.protocol import Store
from bidder.testing import Row
from tests.connectors.amazon_ads.fake import PROFILE, FakeAmazonAds
from tests.connectors.google_ads.fake import FakeGoogleAds
from tests.connectors.http.fake import CANARIES, FakeHttp
from tests.connectors.http.shops import served
from tests.connectors.meta.fake import KEYS as META_KEYS
from tests.connectors.meta.fake import NUMBER, FakeMeta
from tests.connectors.taobao.fake import KEYS as TOP_KEYS
from tests.connectors.taobao.fake import FakeTaobao

__all__ = ["Clock", "Market", "Shop", "a_shop", "account_of", "rich", "steady"]

LONGEST = 400
"""Turns of a daemon in one `live` beyond which something turns without end."""


class Clock:
    """The instant for all: it jumps where the daemon would wait, and whoever sleeps moves it."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._began = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - self._began).total_seconds() + 1000.0

    async def sleep(self, seconds: float) -> None:
        """Sleeps of several at the same time pass together."""
        until = self.at + timedelta(seconds=seconds)
        await asyncio.sleep(0)
        self.at = max(self.at, until)


Sells = Callable[[BudgetId, float, AccountDay, float], tuple[float, float, float]]
"""(budget, amount a day in force, day, part of the day) → clicks, spend, orders until then."""


def steady(budget: BudgetId, amount: float, day: AccountDay, part: float) -> tuple[float, float, float]:
    """Every budget spends what it has; the first of an account sells best. One click costs 1."""
    place = int(budget.native[-1], 36) % 4
    wave = 1 + 0.05 * ((day.date.toordinal() * 7 + place) % 5 - 2)
    clicks = amount * part
    return clicks, amount * part, clicks * wave * (0.10, 0.05, 0.04, 0.03)[place]


def rich(budget: BudgetId, amount: float, day: AccountDay, part: float) -> tuple[float, float, float]:
    """The same with five times the orders: some fifty a day."""
    clicks, spend, orders = steady(budget, amount, day, part)
    return clicks, spend, 5 * orders


@dataclass
class Market:
    """What a platform's budgets spend and sell: `sells` says it, days past keep what they had."""

    fake: FakeHttp
    sells: Sells = steady
    price: float = 40.0
    kept: dict[tuple[date, str], Performance] = field(default_factory=dict)
    frozen: bool = False
    """No new figures: reports stop where they are."""
    late: tuple[float, ...] = ()
    """Which part of a day's orders is reported on the day itself, a day later, and so on; then all."""

    def begin(self, now: datetime, days: int = 28) -> None:
        """A history of so many days at the amounts in force."""
        self.kept.clear()
        today = AccountDay.of(now, self.fake.zone)
        for age in range(days, -1, -1):
            self._sold(today.next(-age), 1.0 if age else self._part(now, today))
        self.fake.report(self._rows())
        self.fake.advance(now)

    def tick(self, now: datetime) -> None:
        """Time has passed."""
        self.fake.advance(now)
        if self.frozen:
            return
        today = AccountDay.of(now, self.fake.zone)
        known = max(day for day, _ in self.kept)
        while known < today.date:
            self._sold(AccountDay(self.fake.zone, known), 1.0)
            known = AccountDay(self.fake.zone, known).next(1).date
        self._sold(today, self._part(now, today))
        self.fake.report(self._rows())

    def _part(self, now: datetime, day: AccountDay) -> float:
        return (now - day.start_at) / (day.end_at - day.start_at)

    def _sold(self, day: AccountDay, part: float) -> None:
        for budget in self.fake.budgets:
            amount = self.fake.in_force(budget).to_float()
            clicks, spend, orders = self.sells(budget, amount, day, part)
            self.kept[day.date, budget.native] = Performance(
                impressions=round(clicks) * 20,
                clicks=round(clicks),
                spend=Money(round(spend * 100) * MICROS // 100, self.fake.account.currency),
                orders=float(round(orders)),
                revenue=Money(round(orders) * round(self.price * MICROS), self.fake.account.currency),
            )

    def _rows(self) -> list[Row]:
        named = {budget.native: budget for budget in self.fake.budgets}
        last = max(day for day, _ in self.kept)
        return [
            Row(day, named[native], self.fake.product(named[native]), self._told(one, (last - day).days))
            for (day, native), one in sorted(self.kept.items())
            if native in named
        ]

    def _told(self, one: Performance, age: int) -> Performance:
        if age >= len(self.late) or one.orders is None:
            return one
        orders = float(round(one.orders * self.late[age]))
        revenue = Money(round(orders) * round(self.price * MICROS), self.fake.account.currency)
        return replace(one, orders=orders, revenue=revenue)


def account_of(fake: FakeHttp, mode: str = "apply", **more: Any) -> dict[str, Any]:
    """The account's section in bidder.yaml; its keys lie in files `key-NAME`."""
    own: dict[str, Any] = {"name": fake.account.id, "platform": fake.account.platform, "mode": mode}
    own |= {"timezone": fake.zone, "base_url": fake.server.url, "attempts": 1}
    own |= {"requests_per_second": 1000, "timeout": 5}
    keys: Sequence[str] = tuple(CANARIES)
    match fake:
        case FakeGoogleAds():
            own |= {"customer_id": "444-555-6666", "login_customer_id": "111-222-3333"}
        case FakeAmazonAds():
            own |= {"profile_id": PROFILE, "report_wait": 0.01, "report_every": 0}
            keys = ("client_id", "client_secret", "refresh_token")
        case FakeMeta():
            own |= {"ad_account_id": f"act_{NUMBER}"}
            keys = tuple(META_KEYS)
        case FakeTaobao():
            own |= {"api": fake.api}
            keys = tuple(TOP_KEYS)
    if isinstance(fake, FakeGoogleAds | FakeAmazonAds):
        own["token_url"] = f"{fake.server.url}/token"
    own["credentials"] = {name: {"file": f"key-{fake.account.id}-{name}"} for name in keys}
    return {**own, **more}


def write_keys(folder: Path, fake: FakeHttp) -> None:
    """The files that `account_of` names, for their owner's eyes only."""
    known: Mapping[str, str] = CANARIES
    if isinstance(fake, FakeMeta | FakeTaobao):
        known = META_KEYS if isinstance(fake, FakeMeta) else TOP_KEYS
    for name, value in known.items():
        path = folder / f"key-{fake.account.id}-{name}"
        path.write_text(value, "utf-8")
        path.chmod(0o600)


class Shop:
    """A shop with its folder, platforms and clock. `live` runs a daemon until an instant, then ends it."""

    def __init__(self, folder: Path, clock: Clock, markets: Sequence[Market]) -> None:
        self.folder = folder
        self.clock = clock
        self.markets = {str(one.fake.account.id): one for one in markets}
        self.path = folder / "bidder.yaml"
        self.between: Callable[[], None] = lambda: None
        """Called where the daemon would wait."""
        self.waits: list[datetime] = []
        self.daemon: Daemon | None = None
        self._store: Store | None = None
        self._end: datetime | None = None

    def configure(self, **more: Any) -> None:
        """Writes bidder.yaml; keys beside the usual ones come in `more`."""
        first = next(iter(self.markets.values())).fake
        accounts = [account_of(one.fake) for one in self.markets.values()]
        for one in self.markets.values():
            write_keys(self.folder, one.fake)
        config: dict[str, Any] = {
            "shop": {"name": "tea-house", "currency": first.account.currency, "timezone": first.zone},
            "objective": "revenue",
            "budget": {"day": {"max": "500"}},
            "accounts": accounts,
            "store": "sqlite:///bidder.db",
            "schedule": {"poll": "30m", "decide": {"from": "00:30", "until": "11:00"}},
        }
        self.path.write_text(json.dumps({**config, **more}), "utf-8")  # JSON is YAML

    # ---- what the daemon takes for time

    def now(self) -> datetime:
        return self.clock.now()

    async def sleep_until(self, at: datetime, stop: asyncio.Event) -> None:
        assert self._end is not None
        self.waits.append(at)
        assert len(self.waits) < LONGEST, "it turns without end"
        self.between()
        self.clock.at = max(self.clock.at, min(at, self._end))
        for market in self.markets.values():
            market.tick(self.clock.at)
        if self.clock.at >= self._end:
            stop.set()

    # ---- living

    @property
    def store(self) -> Store:
        if self._store is None:
            self._store = open_store(f"sqlite:///{self.folder}/bidder.db")
        return self._store

    def make(self) -> Daemon:
        """A daemon on the configuration as it is written now."""
        config = load(self.path)
        self.daemon = Daemon(config, self.store, self, metrics_for(config, self.now()))
        return self.daemon

    def live(self, **time: float) -> Daemon:
        """A daemon from now on for so long (days, hours, minutes), then stopped as by SIGTERM."""
        self._end, self.waits = self.clock.at + timedelta(**time), []
        for market in self.markets.values():
            market.tick(self.clock.at)
        daemon = self.make()
        asyncio.run(daemon.run(asyncio.Event()))
        return daemon

    def close(self) -> None:
        if self._store is not None:
            self._store.close()

    # ---- what is to be seen

    def amounts(self, account: str) -> dict[str, str]:
        fake = self.markets[account].fake
        return {one.native: str(fake.in_force(one)) for one in fake.budgets}

    def total(self) -> float:
        """All amounts in force on the platforms."""
        fakes = [one.fake for one in self.markets.values()]
        return sum(fake.in_force(budget).to_float() for fake in fakes for budget in fake.budgets)

    def mutations(self) -> int:
        return sum(one.fake.mutations for one in self.markets.values())

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a family's series with these labels. Raises KeyError where there is none."""
        assert self.daemon is not None
        found = [
            sample.value
            for family in self.daemon.metrics.registry.collect()
            for sample in family.samples
            if sample.name == name and all(sample.labels.get(key) == value for key, value in labels.items())
        ]
        if not found:
            raise KeyError(name)
        return sum(found)

    def holds(self) -> list[tuple[str, str]]:
        return [(one.item, one.check) for one in self.store.holds(self.clock.at)]

    def lines(self, kind: str) -> list[Mapping[str, Any]]:
        """The facts of journal lines, oldest first."""
        return [one.facts for one in reversed(self.store.journal(limit=100_000, kind=kind))]


@contextmanager
def a_shop(
    folder: Path, monkeypatch: pytest.MonkeyPatch, at: datetime, *fakes: FakeHttp, days: int = 28, **more: Any
) -> Iterator[Shop]:
    """A shop on these platforms, their servers running, with so many days behind it."""
    clock = Clock(at)
    timing = Timing(now=clock.now, monotonic=clock.monotonic, sleep=clock.sleep, luck=lambda: 0.5)
    for module in (session, taobao_client):
        monkeypatch.setattr(module, "Timing", lambda: timing)
    monkeypatch.chdir(folder)
    for name in ("BIDDER_CONFIG", "BIDDER_STORE", "BIDDER_LISTEN"):
        monkeypatch.delenv(name, raising=False)
    markets = [Market(fake) for fake in fakes]
    for market in markets:
        market.begin(at, days)
    with served(*fakes):
        shop = Shop(folder, clock, markets)
        shop.configure(**more)
        try:
            yield shop
        finally:
            shop.close()
