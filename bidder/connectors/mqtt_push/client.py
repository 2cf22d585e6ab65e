"""Listens to a broker until told to stop. A message is acknowledged when it is on disk, not when it arrives.

The broker keeps the session (fixed client id, no clean session), so that what is not acknowledged comes again after a
lost connection, a restart of the broker or of bidder; that it then comes twice is harmless. At most as many messages
are under way as the broker sends without an acknowledgement (20 by default): that is the back-pressure.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import ssl
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

import aiomqtt
import structlog

from bidder.activity import Pushed
from bidder.connectors.mqtt_push.settings import Broker
from bidder.connectors.observations import Junk, decoded, understood

__all__ = ["FIRST_WAIT", "LONGEST_WAIT", "Sink", "listen"]

log = structlog.get_logger("bidder.mqtt")

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
"""Seconds between two attempts to connect: doubled each time, with jitter, and short again after a success."""

KEEPALIVE = 30

_TOPIC = re.compile(r"(?:.*/)?shop/([^/]+)(?:/product/([^/]+))?/metrics\Z", re.DOTALL)


class Sink(Protocol):
    """Where messages go."""

    async def put(self, item: Pushed, unknown: int = 0) -> asyncio.Future[str]:
        """Waits for room; the future is done when the message is on disk, and fails when it cannot be."""
        ...

    def junk(self, source: str, result: str, reason: str, size: int) -> None:
        """A message that is not taken."""
        ...


Wait = Callable[[float], Awaitable[None]]


async def listen(
    broker: Broker,
    sink: Sink,
    stop: asyncio.Event,
    clock: Callable[[], datetime],
    *,
    first_wait: float = FIRST_WAIT,
    subscribed: asyncio.Event | None = None,
) -> None:
    """Listens until `stop` is set; connects again by itself, for as long as it takes.

    `subscribed` is set once the broker keeps messages for this session.
    """
    wait = first_wait
    while not stop.is_set():
        session = _Session(broker, sink, clock, subscribed or asyncio.Event())
        try:
            await session.run(stop)
        except (aiomqtt.MqttError, OSError, ssl.SSLError, ValueError) as e:
            log.warning("mqtt_lost", source=broker.feed.name, host=broker.host, error=str(e)[:200])
        if session.connected:
            wait = first_wait
        if not stop.is_set():
            seconds = wait * random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), seconds)
        wait = min(wait * 2, LONGEST_WAIT)


class _Session:
    """One connection."""

    def __init__(self, broker: Broker, sink: Sink, clock: Callable[[], datetime], subscribed: asyncio.Event) -> None:
        self.connected = False
        self._broker = broker
        self._sink = sink
        self._clock = clock
        self._subscribed = subscribed
        self._lost = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        broker = self._broker
        client = aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=None if broker.password is None else broker.password.get_secret_value(),
            identifier=broker.client_id,
            clean_session=False,
            keepalive=KEEPALIVE,
            tls_context=await asyncio.to_thread(_tls, broker) if broker.tls else None,
        )
        # aiomqtt offers no acknowledgement of its own: the client below it does
        client._client.manual_ack_set(True)
        async with client:
            await client.subscribe(broker.topic, qos=1)
            self.connected = True
            self._subscribed.set()
            log.info("mqtt_connected", source=broker.feed.name, host=broker.host, topic=broker.topic)
            reading = asyncio.create_task(self._read(client))
            waits = [asyncio.create_task(stop.wait()), asyncio.create_task(self._lost.wait())]
            try:
                await asyncio.wait({reading, *waits}, return_when=asyncio.FIRST_COMPLETED)
                if reading.done():
                    reading.result()
            finally:
                for task in (reading, *waits):
                    task.cancel()
                await asyncio.gather(reading, *waits, return_exceptions=True)

    async def _read(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            await self._take(client, message)

    async def _take(self, client: aiomqtt.Client, message: aiomqtt.Message) -> None:
        payload = bytes(message.payload)
        feed = self._broker.feed
        try:
            shop, product = _named(str(message.topic))
            found = understood(decoded(payload), {feed.name: feed}, self._clock(), shop=shop, product=product)
        except Junk as e:
            self._sink.junk(feed.name, e.result, str(e), len(payload))
            client._client.ack(message.mid, message.qos)
            return
        saved = await self._sink.put(found.pushed, found.unknown)
        saved.add_done_callback(lambda done: self._saved(client, message, done))

    def _saved(self, client: aiomqtt.Client, message: aiomqtt.Message, done: asyncio.Future[str]) -> None:
        if done.cancelled() or done.exception() is not None:
            self._lost.set()  # not on disk: the broker sends it again after a new connection
            return
        client._client.ack(message.mid, message.qos)


def _named(topic: str) -> tuple[str | None, str | None]:
    """The shop and product that a topic names (`shop/{shop}/product/{id}/metrics`); None where it names none."""
    found = _TOPIC.match(topic)
    return (found[1], found[2]) if found else (None, None)


def _tls(broker: Broker) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=None if broker.ca is None else str(broker.ca))
