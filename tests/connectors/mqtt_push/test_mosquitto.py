"""Pushed activity through a real broker: figures exactly right whatever the network does, junk counted, never fatal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import ssl
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import aiomqtt
import pytest
from pydantic import SecretStr

from bidder.activity import WHOLE_DAY
from bidder.config.load import load
from bidder.connectors.mqtt_push import Broker, broker_of
from bidder.connectors.mqtt_push.client import listen
from bidder.connectors.observations import Feed
from bidder.daemon import metrics_for
from bidder.daemon.pushes import Pushes
from bidder.errors import StoreError
from bidder.intake.queue import REFUSED, Queue
from bidder.money import Currency
from bidder.store import open_store
from bidder.store.protocol import Store
from tests.connectors.mqtt_push.broker import Mosquitto, certificates

pytestmark = [pytest.mark.service, pytest.mark.xdist_group("mosquitto")]

NOW = datetime(2026, 10, 1, 10, tzinfo=UTC)  # 18:00 in Shanghai
START = datetime(2026, 10, 1, 0, tzinfo=UTC)
FEED = Feed("till", "tea", "Asia/Shanghai", Currency("CNY"))


def topic(product: str, shop: str = "tea") -> str:
    return f"shop/{shop}/product/{product}/metrics"


def message(second: int, visitors: int, revenue: str) -> bytes:
    at = (START + timedelta(seconds=second)).isoformat()
    return json.dumps({"ts": at, "metrics": {"visitors": visitors, "revenue": revenue}}).encode()


async def publish(port: int, messages: Sequence[tuple[str, bytes]], *, retain: bool = False) -> None:
    """Every message at QoS 1, until the broker has acknowledged each: a lost connection means sending again."""
    left = list(messages)
    while left:
        try:
            async with aiomqtt.Client("127.0.0.1", port, max_inflight_messages=500) as client:
                while left:
                    part = left[:200]
                    await asyncio.gather(*(client.publish(name, body, qos=1, retain=retain) for name, body in part))
                    del left[: len(part)]
        except (aiomqtt.MqttError, OSError):
            await asyncio.sleep(0.05)


class Listening:
    """A store fed by a broker, counting what became of each message."""

    def __init__(self, store: Store, queue: Queue, counts: Counter[str]) -> None:
        self.store, self.queue, self.counts = store, queue, counts

    async def until(self, wanted: int, seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while self.counts.total() < wanted:
                await asyncio.sleep(0.02)

    def day(self) -> dict[str, tuple[float, int]]:
        found = self.store.activity()
        whole = found.select(found.hour == WHOLE_DAY)
        rows = zip(whole.product, whole.visitors, whole.revenue, strict=True)
        return {str(product): (float(visitors), int(revenue)) for product, visitors, revenue in rows}


@asynccontextmanager
async def listening(
    path: Path, broker: Broker, store: Store | None = None, *, wait: bool = True
) -> AsyncIterator[Listening]:
    counts: Counter[str] = Counter()
    stop, subscribed = asyncio.Event(), asyncio.Event()
    opened = store or open_store(f"sqlite:///{path}")
    queue = Queue(opened, lambda: NOW, lambda _source, result, _at: counts.update([result]))
    tasks = [
        asyncio.create_task(queue.run(stop)),
        asyncio.create_task(listen(broker, queue, stop, lambda: NOW, first_wait=0.05, subscribed=subscribed)),
    ]
    try:
        if wait:
            async with asyncio.timeout(20):
                await subscribed.wait()
        yield Listening(opened, queue, counts)
    finally:
        stop.set()
        await asyncio.gather(*tasks)
        if store is None:
            opened.close()


def at(port: int, feed: Feed = FEED, **keys: Any) -> Broker:
    found = {"username": None, "password": None, "ca": None, **keys}
    return broker_of(feed, f"mqtt://127.0.0.1:{port}", "shop/#", **found)


@pytest.mark.parametrize("running", [True, False])
async def test_ten_thousand_messages_and_a_restart_give_exact_figures(tmp_path: Path, running: bool) -> None:
    """Duplicates, out of order, retained ones, the broker restarted in the middle, bidder away for a while."""
    random = Random(7)
    size = 10_000 if running else 2_000
    products = [f"P{number:02}" for number in range(20)]
    unique = [
        (product, second, random.randint(0, 40), f"{random.randint(0, 9999) / 100:.2f}")
        for product in products
        for second in random.sample(range(30_000), size * 9 // 10 // len(products))
    ]
    sent = [(topic(product), message(second, visitors, revenue)) for product, second, visitors, revenue in unique]
    sent += random.choices(sent, k=size - len(sent))
    random.shuffle(sent)
    want: dict[str, tuple[float, int]] = {}
    for product in products:
        mine = [(s, v, r) for p, s, v, r in unique if p == product]
        if running:
            _, visitors, revenue = max(mine)
            want[product] = (visitors, round(float(revenue) * 1_000_000))
        else:
            want[product] = (sum(v for _, v, _ in mine), sum(round(float(r) * 1_000_000) for _, _, r in mine))
    broker = Mosquitto(tmp_path / "broker")
    broker.start()
    feed = Feed("till", "tea", "Asia/Shanghai", Currency("CNY"), running=running)
    address = at(broker.port, feed)
    try:
        await publish(
            broker.port, [(topic("P00"), sent[0][1])] if sent[0][0] == topic("P00") else sent[:1], retain=True
        )
        async with listening(tmp_path / "bidder.db", address) as first:
            publishing = asyncio.create_task(publish(broker.port, sent[: size // 2]))
            await first.until(size // 5)
            await asyncio.to_thread(broker.stop)
            await asyncio.to_thread(broker.start)
            await first.until(size * 2 // 5)
        # nobody listens for a while: the broker keeps what comes
        await publishing
        await publish(broker.port, sent[size // 2 : size // 2 + size // 10])
        async with listening(tmp_path / "bidder.db", address) as second:
            await publish(broker.port, sent[size // 2 + size // 10 :])
            async with asyncio.timeout(60):
                while second.day() != want:
                    await asyncio.sleep(0.1)
            await asyncio.sleep(0)
            assert second.day() == want
            assert second.counts["invalid"] == second.counts["oversize"] == 0
    finally:
        broker.stop()


async def test_junk_is_counted_and_set_aside_and_the_next_message_is_taken(tmp_path: Path) -> None:
    good = message(10, 5, "9.50")
    junk: list[tuple[str, bytes]] = [
        (topic("P1"), b"not json"),
        (topic("P1"), b'{"ts": "2026-10-01T01:00:00Z", "metrics": {"visitors": NaN}}'),
        (topic("P1"), good.replace(b'"visitors": 5', b'"visitors": -5')),
        (topic("P1"), good.replace(b'"visitors": 5', b'"visitors": 1e400')),
        (topic("P1"), good.replace(b'"visitors": 5', b'"visitors": true')),
        (topic("P1"), good.replace(b"2026-10-01", b"2027-10-01")),
        (topic("P1"), good.replace(b"+00:00", b"")),
        (topic("P1", shop="other"), good),
        (topic("P1"), b"[" * 100_000),
        (topic("P1"), b'{"ts": "2026-10-01T01:00:00Z", "metrics": {"weather": 3}}'),
        (topic("P1"), b""),
        (topic("P1"), b"\xff\xfe\x00"),
        (topic("x" * 65), good),
        ("shop/tea/elsewhere", b"{}"),
    ]
    broker = Mosquitto(tmp_path / "broker")
    broker.start()
    try:
        async with listening(tmp_path / "bidder.db", at(broker.port)) as found:
            await publish(broker.port, junk)
            await publish(broker.port, [(topic("P1"), b'{"ts": "x' + b"x" * 10_000_000)])
            old = message(10, 5, "9.50").replace(b"2026-10-01", b"2026-08-01")
            await publish(broker.port, [(topic("P1"), old), (topic("P1"), good), (topic("P1"), good)])
            await found.until(len(junk) + 4)
            assert found.counts == {"invalid": len(junk), "oversize": 1, "stale": 1, "accepted": 1, "duplicate": 1}
            assert found.day() == {"P1": (5.0, 9_500_000)}
            refused = found.store.value(REFUSED)
            assert len(refused) == len(junk) + 1
            assert {one["source"] for one in refused} == {"till"}
            assert any(one["result"] == "oversize" and one["bytes"] > 10_000_000 for one in refused)
    finally:
        broker.stop()


async def test_what_is_not_on_disk_is_not_acknowledged_and_comes_again(tmp_path: Path) -> None:
    opened = open_store(f"sqlite:///{tmp_path / 'bidder.db'}")

    class Full:
        """A disk that is full for the first two batches."""

        failures = 2

        def __getattr__(self, name: str) -> Any:
            return getattr(opened, name)

        def add_events(self, *arguments: Any) -> Any:
            if self.failures:
                self.failures -= 1
                raise StoreError("disk is full")
            return opened.add_events(*arguments)

    broker = Mosquitto(tmp_path / "broker")
    broker.start()
    store: Any = Full()
    try:
        async with listening(tmp_path / "bidder.db", at(broker.port), store) as found:
            await publish(broker.port, [(topic("P1"), message(second, second, "1")) for second in range(30)])
            async with asyncio.timeout(20):
                while found.day().get("P1", (0.0, 0))[0] != 29:
                    await asyncio.sleep(0.05)
        assert store.failures == 0
    finally:
        broker.stop()
        opened.close()


async def test_tls_with_a_password_and_a_wrong_password_stays_out(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    ca, cert, key = certificates(folder)
    (folder / "users").write_text("till:canary-4711\n")
    tool = shutil.which("mosquitto_passwd", path="/usr/bin:/usr/sbin:/usr/local/bin")
    if tool is None:
        pytest.skip("mosquitto_passwd is missing")
    subprocess.run([tool, "-U", str(folder / "users")], check=True)
    (folder / "users").chmod(0o644)
    lines = f"certfile {cert}\nkeyfile {key}\nallow_anonymous false\npassword_file {folder}/users"
    broker = Mosquitto(folder, lines=lines)
    broker.start()

    def address(password: str, authority: Path | None = ca) -> Broker:
        return broker_of(
            FEED,
            f"mqtts://localhost:{broker.port}",
            "shop/#",
            username="till",
            password=SecretStr(password),
            ca=authority,
        )

    try:
        for bad in (address("wrong"), address("canary-4711", None)):
            async with listening(tmp_path / "bad.db", bad, wait=False) as outside:
                await asyncio.sleep(0.5)
                assert outside.counts.total() == 0
        async with listening(tmp_path / "bidder.db", address("canary-4711")) as found:
            context = ssl.create_default_context(cafile=str(ca))
            async with aiomqtt.Client(
                "localhost", broker.port, username="till", password="canary-4711", tls_context=context
            ) as sender:
                async with asyncio.timeout(20):
                    while not found.day():
                        await sender.publish(topic("P1"), message(1, 3, "1"), qos=1)
                        await asyncio.sleep(0.1)
            assert found.day() == {"P1": (3.0, 1_000_000)}
    finally:
        broker.stop()


async def test_a_broker_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker")
    async with listening(tmp_path / "bidder.db", at(broker.port), wait=False) as found:
        await asyncio.sleep(0.3)
        await asyncio.to_thread(broker.start)
        try:
            async with asyncio.timeout(20):
                while not found.day():
                    with contextlib.suppress(aiomqtt.MqttError):
                        await publish(broker.port, [(topic("P1"), message(1, 3, "1"))])
                    await asyncio.sleep(0.1)
        finally:
            broker.stop()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://broker", "expected mqtt://HOST:PORT"),
        ("mqtt://", "expected mqtt://HOST:PORT"),
        ("mqtt://me:secret@broker", "expected no user or password in it"),
    ],
)
def test_an_address_that_cannot_be_says_what_was_expected(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        broker_of(FEED, url, "shop/#", username=None, password=None, ca=None)
    assert "secret@" not in str(refused.value)


def test_the_ports_are_the_usual_ones() -> None:
    plain = broker_of(FEED, "mqtt://broker", "shop/#", username=None, password=None, ca=None)
    safe = broker_of(FEED, "mqtts://broker", "shop/#", username=None, password=None, ca=None)
    assert (plain.port, plain.tls, safe.port, safe.tls) == (1883, False, 8883, True)
    assert plain.client_id == "bidder-tea-till"


async def test_a_daemon_with_a_broker_in_its_configuration_keeps_what_is_published(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker")
    broker.start()
    (tmp_path / "bidder.yaml").write_text(
        "shop: {name: tea, currency: CNY, timezone: Asia/Shanghai}\n"
        f"activity: [{{name: till, source: mqtt, url: 'mqtt://127.0.0.1:{broker.port}', topic: 'shop/#'}}]\n"
        "accounts: [{name: jzt, platform: files, path: 'inbox/*'}]\n",
        "utf-8",
    )
    config = load(tmp_path / "bidder.yaml")
    store = open_store(config.store_url)
    metrics = metrics_for(config, NOW)
    pushes = Pushes(config, store, lambda: NOW, metrics)
    pushes.start()
    try:
        async with asyncio.timeout(20):
            while not len(store.activity()):
                await publish(broker.port, [(topic("P1"), message(1, 3, "1"))])
                await asyncio.sleep(0.1)
        shown = metrics.exposition()[0].decode()
        assert 'bidder_activity_events_total{result="accepted",source="till"} 1.0' in shown
        (stamp,) = re.findall(r'bidder_activity_last_event_timestamp_seconds\{source="till"\} (\S+)', shown)
        assert float(stamp) == (START + timedelta(seconds=1)).timestamp()
    finally:
        await pushes.close()
        broker.stop()
        store.close()
