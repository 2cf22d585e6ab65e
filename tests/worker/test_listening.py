"""What brokers push to a shop of a fleet: one worker listens, nothing is lost or counted twice as others take over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import pytest

from bidder.activity import WHOLE_DAY
from bidder.errors import LeaseTaken
from bidder.instrumentation.fleet import FleetMetrics
from bidder.store import open_reader, open_store
from bidder.worker.listening import LEASE
from bidder.worker.queue import Queue
from bidder.worker.settings import WorkerSettings
from bidder.worker.tasks import Tasks
from tests.connectors.mqtt_push.broker import Mosquitto
from tests.postgres import PostgresServer

pytestmark = [pytest.mark.service, pytest.mark.xdist_group("mosquitto")]

NOW = datetime(2026, 10, 1, 10, tzinfo=UTC)
SHOP = """
shop: {name: tea, currency: CNY, timezone: Asia/Shanghai}
accounts: [{name: wxt, platform: sandbox, mode: observe, timezone: Asia/Shanghai}]
"""
TILL = """
activity: [{{name: till, source: mqtt, url: "mqtt://127.0.0.1:{port}", topic: "shop/tea/#", counts: added}}]
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker of the test's own."""
    one = Mosquitto(tmp_path / "broker")
    one.start()
    yield one
    one.stop()


@dataclass
class Worker:
    """What of a worker listens."""

    tasks: Tasks
    queue: Queue
    metrics: FleetMetrics

    async def listens(self) -> int:
        await self.tasks.listeners.look()
        return int(self.metrics.registry.get_sample_value("bidder_fleet_listening") or 0)

    def took(self, result: str) -> int:
        return int(self.metrics.registry.get_sample_value("bidder_fleet_pushed_total", {"result": result}) or 0)


@asynccontextmanager
async def worker(folder: Path, url: str) -> AsyncIterator[Worker]:
    queue, metrics = Queue(url), FleetMetrics()
    tasks = Tasks(WorkerSettings(folder, url), queue, metrics, lambda: NOW)
    await queue.open()
    try:
        yield Worker(tasks, queue, metrics)
    finally:
        await tasks.listeners.close()
        await tasks.close()
        await queue.close()


def seconds(first: int, last: int) -> list[int]:
    return list(range(first, last))


async def publish(port: int, numbers: Sequence[int]) -> None:
    """A visitor in each of these seconds."""
    async with aiomqtt.Client("127.0.0.1", port, max_inflight_messages=500) as client:
        for number in numbers:
            at = (NOW - timedelta(hours=2) + timedelta(seconds=number)).isoformat()
            body = json.dumps({"ts": at, "metrics": {"visitors": 1}}).encode()
            await client.publish("shop/tea/product/P1/metrics", body, qos=1)


def visitors(url: str) -> float:
    store = open_reader(f"{url}?schema=shop_tea")
    try:
        found = store.activity()
        return float(sum(found.select(found.hour == WHOLE_DAY).visitors))
    finally:
        store.close()


async def until(url: str, wanted: int) -> None:
    async with asyncio.timeout(60):
        while await asyncio.to_thread(visitors, url) < wanted:
            await asyncio.sleep(0.05)
    assert visitors(url) == wanted


async def test_one_worker_listens_and_another_takes_over_without_a_gap(
    postgres: PostgresServer, tmp_path: Path, broker: Mosquitto
) -> None:
    url, file = postgres.bare_database(), tmp_path / "shops" / "tea.yaml"
    file.parent.mkdir()
    file.write_text(SHOP + TILL.format(port=broker.port), "utf-8")
    async with worker(tmp_path, url) as one, worker(tmp_path, url) as two:
        assert await one.listens() == 0, "nobody has read its configuration yet"
        await one.tasks.begin("tea")
        assert (await one.listens(), await two.listens()) == (1, 0)
        async with asyncio.timeout(30):
            while True:  # until the broker knows the session
                await publish(broker.port, seconds(0, 1))
                if visitors(url) == 1:
                    break
                await asyncio.sleep(0.1)
        await publish(broker.port, seconds(1, 200))
        await until(url, 200)

        # it stops: the broker keeps what comes, the next one gets it
        await one.tasks.listeners.close()
        await publish(broker.port, seconds(200, 300))
        two.tasks.listeners._others.clear()  # as some seconds later
        assert await two.listens() == 1
        await until(url, 300)
        assert await one.listens() == 0

        # it was away for too long, and another has the lease: it stores nothing more, and lets go
        thief = open_store(f"{url}?schema=shop_tea")
        thief.take_lease(LEASE, "another", datetime.now(UTC), timedelta(hours=1), gone=lambda _: True)
        await publish(broker.port, seconds(300, 350))
        listener = two.tasks.listeners._running["tea"]
        async with asyncio.timeout(30):
            while not listener.ended:
                await asyncio.sleep(0.02)
        assert await two.listens() == 0
        assert visitors(url) == 300
        late = open_store(f"{url}?schema=shop_tea")
        with pytest.raises(LeaseTaken, match="listens for this shop"):
            late.take_lease(LEASE, "late", datetime.now(UTC), timedelta(seconds=1))
        thief.release_lease(LEASE)
        thief.close()
        late.close()
        one.tasks.listeners._others.clear()
        assert await one.listens() == 1
        await until(url, 350)
        assert one.took("accepted") + two.took("accepted") == 350

        # the shop's file no longer names a broker
        file.write_text(SHOP, "utf-8")
        await two.tasks.begin("tea")
        assert await one.listens() == 0
        lease = open_reader(f"{url}?schema=shop_tea")
        assert (lease.lease(LEASE) or pytest.fail("never taken")).until < datetime.now(UTC)
        lease.close()
