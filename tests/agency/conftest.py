"""An agency of three shops on the invented platform, read and planned once; each test works on a copy of its folder."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bidder import cycle
from bidder.agency.desk import Desk
from bidder.config.agency import load_agency
from bidder.config.load import Config
from bidder.config.shops import read_shops
from bidder.store import open_store
from bidder.store.people import AgencyStore, Role
from bidder.web.agency import agency_application

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
SHOPS = ("silk", "tea", "tin")
FILES = {
    "agency.yaml": "name: half-moon\ntitle: 半月代运营\ntimezone: Asia/Shanghai\n",
    "template.yaml": "shop: {currency: CNY, timezone: Asia/Shanghai}\n"
    "budget: {month: 60000, day: {max: 2000}}\n"
    "accounts:\n"
    "  - {name: ads, platform: sandbox, mode: propose, start: 2026-11-24, speed: 0, path: state/$shop.json}\n"
    "rules: [rules/*.yaml]\n"
    "store: sqlite:///stores/$shop.db\n",
    "rules/base.yaml": "- name: gentle\n  step: {max: 30%}\n",
    "shops/silk.yaml": "shop: {title: 丝绸}\naccounts: [{name: ads, seed: 1}]\n",
    "shops/tea.yaml": "shop: {title: 茶铺}\naccounts: [{name: ads, seed: 2}]\n",
    "shops/tin.yaml": "shop: {title: 锡器}\naccounts: [{name: ads, seed: 3}]\n",
}


def write(folder: Path) -> Path:
    """The files of the agency."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    for name in ("state", "stores"):
        (folder / name).mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each shop has been read, and has a plan that waits."""
    folder = write(tmp_path_factory.mktemp("agency"))

    async def read(config: Config) -> None:
        store, readers = open_store(config.store_url), cycle.open_readers(config)
        try:
            await cycle.poll_now(readers, store, lambda: NOW, 14)
            cycle.save(cycle.decide_now(config, store, NOW), store, NOW)
        finally:
            await readers.close()
            store.close()

    for shop in read_shops(load_agency(folder, {}), {}):
        assert shop.config is not None, shop.faults
        asyncio.run(read(shop.config))
    return folder


@pytest.fixture
def folder(seeded: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(seeded, tmp_path / "agency"))


@dataclass
class Clock:
    """Stands until somebody moves it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class House:
    """The agency at work: its desk, who has which token."""

    folder: Path
    desk: Desk
    people: AgencyStore
    clock: Clock
    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def give(self, name: str, role: Role, *shops: str, days: int = 30) -> str:
        """A token of that name."""
        token, text = self.people.give(name, role, shops, self.clock(), "test", self.clock() + timedelta(days=days))
        self.tokens[name], self.ids[name] = text, token.id
        return text

    @asynccontextmanager
    async def served(self) -> AsyncIterator[TestClient[Any, Any]]:
        """Its pages."""
        async with TestClient(TestServer(agency_application(self.desk))) as client:
            yield client
        await self.desk.close()


def open_house(folder: Path) -> House:
    """The agency of a folder, looked at once."""
    agency, clock = load_agency(folder, {}), Clock()
    people = AgencyStore(agency.store_url)
    house = House(folder, Desk(agency, people, clock, {}), people, clock)
    house.desk.round(Event())
    return house


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    found = open_house(folder)
    yield found
    found.people.close()


def bearer(text: str | None) -> dict[str, str]:
    """The header of a token."""
    return {} if text is None else {"Authorization": f"Bearer {text}"}
