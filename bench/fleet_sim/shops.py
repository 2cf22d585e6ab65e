"""Shops of many zones and platforms, and what is due of them: bidder's own rules of when, on stores of three words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from heapq import heappop, heappush
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from bidder.account_day import AccountDay
from bidder.config.agency import load_agency
from bidder.config.load import Config
from bidder.config.shops import load_shop
from bidder.daemon.due import DECIDED_DAY, latest, opens
from bidder.snapshot import day_number
from bidder.store.protocol import Store
from bidder.worker.deciding import Answer, _Shop, polled_key
from bidder.worker.due import MOST, Row, fair

__all__ = ["ACCOUNT", "DueRows", "Shop", "config_of", "instant", "local_day"]

ACCOUNT = "ads"

FILE = """
shop: {{name: {name}, currency: CNY, timezone: {zone}}}
budget: {{month: 90000, day: {{max: 3000}}}}
accounts: [{{name: ads, platform: sandbox, mode: apply, timezone: {zone}}}]
schedule: {{poll: {minutes}m, decide: {{from: "{begin}", until: "{end}"}}}}
"""


def config_of(folder: Path, zone: str, poll: timedelta, window: tuple[str, str]) -> Config:
    """The configuration of a shop in that zone, as bidder reads it from its file."""
    (folder / "shops").mkdir(exist_ok=True)
    name = zone.replace("/", "-").replace("_", "-").lower()
    minutes, (begin, end) = round(poll.total_seconds() / 60), window
    text = FILE.format(name=name, zone=zone, minutes=minutes, begin=begin, end=end)
    (folder / "shops" / f"{name}.yaml").write_text(text, "utf-8")
    return load_shop(load_agency(folder), name, {"BIDDER_STORE": "postgresql://nobody@localhost/none"})


def instant(now: float) -> datetime:
    """Unix seconds as an instant."""
    return datetime.fromtimestamp(now, UTC)


_days: dict[tuple[str, int], tuple[date, float]] = {}


def local_day(zone: str, now: float) -> tuple[date, float]:
    """The account day of a zone and when it began. Offsets are whole quarters of an hour: each is looked up once."""
    key = (zone, int(now // 900))
    found = _days.get(key)
    if found is None:
        day = AccountDay.of(instant(now), zone)
        found = _days[key] = (day.date, day.start_at.timestamp())
    return found


@dataclass(slots=True)
class Shop:
    """One shop. `lag`: seconds after midnight until its platform has yesterday; `size`: what it takes, 1 is usual."""

    name: str
    zone: str
    platform: str
    config: Config
    lag: float
    size: float
    decided: str | None = None
    polled: str | None = None
    reported: int = 0
    """The newest account day that is complete, as a day's number."""
    read_at: float = 0.0
    ready_at: float = 0.0
    """Since when today could have been decided."""

    def read(self, now: float) -> None:
        """Its account was read."""
        day, begun = local_day(self.zone, now)
        complete = day_number(day) - (1 if now >= begun + self.lag else 2)
        if complete > self.reported:
            self.reported, self.ready_at = complete, now
        self.polled, self.read_at = instant(now).isoformat(), now

    def asked(self, now: float) -> tuple[Answer | None, _Shop]:
        """Why it is not to be decided now, by bidder's own rule; None where it is."""
        shop = _Shop(self.name, self.config, cast(Store, _Memory(self)), instant(now))
        return shop._early()[0], shop

    def due_at(self, shop: _Shop) -> float:
        """Since when the day's decision could have been made: its hour has come, and yesterday is in or waited for."""
        begin, end = (one(shop.config, shop.day).timestamp() for one in (opens, latest))
        if self.reported < day_number(shop.day) - 1:
            return end  # yesterday never came: it was waited for as long as may be
        return min(max(begin, self.ready_at), end)


class _Memory:
    """What bidder asks a shop's store before it decides."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def value(self, key: str) -> Any:
        return {DECIDED_DAY: self._shop.decided, polled_key(ACCOUNT): self._shop.polled}.get(key)

    def reports(self, since_day: int | None = None) -> SimpleNamespace:  # noqa: ARG002 - a store's word
        return SimpleNamespace(account=(ACCOUNT,), day=(self._shop.reported,))


@dataclass(slots=True)
class _Kept:
    at: float
    seconds: float = 0.0
    claimed: float | None = None


class DueRows:
    """The rows of `bidder_due` (:mod:`bidder.worker.due`), with its claims that run out and its order."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._rows: dict[tuple[str, str], _Kept] = {}
        self._heap: list[tuple[float, str, str]] = []
        self._claims: list[tuple[float, str, str]] = []

    def set(self, shop: str, what: str, at: float, seconds: float = 0.0) -> None:
        """Due next at `at`; nobody has it at hand."""
        self._rows[shop, what] = _Kept(at, seconds)
        heappush(self._heap, (at, shop, what))

    def soon(self, shop: str, what: str, at: float) -> None:
        """Due earlier than it was."""
        row = self._rows[shop, what]
        if row.at > at:
            row.at = at
            heappush(self._heap, (at, shop, what))

    def claim(self, now: float) -> list[Row]:
        """What is due and nobody has at hand, in the order in which it becomes jobs."""
        while self._claims and self._claims[0][0] < now - self._patience:
            claimed, shop, what = heappop(self._claims)
            row = self._rows[shop, what]
            if row.claimed == claimed:
                row.claimed = None
                heappush(self._heap, (row.at, shop, what))
        found = list(self._take(now))
        return fair(found)

    def _take(self, now: float) -> Iterable[Row]:
        taken = 0
        while self._heap and self._heap[0][0] <= now and taken < MOST:
            at, shop, what = heappop(self._heap)
            row = self._rows[shop, what]
            if row.at != at or row.claimed is not None:
                continue  # an entry of before: the row has one of its own, or gets one when its claim runs out
            row.claimed = now
            heappush(self._claims, (now, shop, what))
            taken += 1
            yield Row(shop, what, instant(at), row.seconds)
