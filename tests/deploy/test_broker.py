"""deploy/mosquitto: a real Mosquitto starts with it, and lets in whom it should, to do what they should."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import pytest

from tests.connectors.mqtt_push.broker import Mosquitto

DEPLOY = Path(__file__).parents[2] / "deploy"
TOPIC = "shop/tea/product/P1/metrics"

pytestmark = [pytest.mark.service, pytest.mark.xdist_group("mosquitto")]


class Deployed(Mosquitto):
    """The broker of the compose file, on files and a port of this test."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.secrets = folder / "secrets"
        subprocess.run([sys.executable, str(DEPLOY / "make_secrets.py"), str(self.secrets)], check=True)
        text = (DEPLOY / "mosquitto" / "mosquitto.conf").read_text("utf-8")
        for place, here in (
            ("listener 1883", f"listener {self.port} 127.0.0.1"),
            ("/run/secrets", str(self.secrets)),
            ("/mosquitto/config", str(DEPLOY / "mosquitto")),
            ("/mosquitto/data", str(folder)),
        ):
            assert place in text
            text = text.replace(place, here)
        self._config.write_text(text + ("user root\n" if os.geteuid() == 0 else ""), "utf-8")

    def client(self, user: str | None, password: str | None = None) -> aiomqtt.Client:
        """A connection as that user, with the password that was made for it."""
        if user is not None and password is None:
            password = (self.secrets / f"mosquitto_{user}").read_text("utf-8").strip()
        return aiomqtt.Client("127.0.0.1", self.port, username=user, password=password, timeout=20)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Deployed]:
    made = Deployed(tmp_path / "broker")
    made.start()
    yield made
    made.stop()


async def test_the_shop_writes_and_bidder_reads(broker: Deployed) -> None:
    async with broker.client("bidder") as reader, broker.client("shop") as writer:
        await reader.subscribe("shop/#", qos=1)
        await reader.publish(TOPIC, b"not by bidder", qos=1)  # taken and dropped: it may not write
        await writer.publish(TOPIC, b"{}", qos=1)
        async with asyncio.timeout(30):
            first = await anext(aiter(reader.messages))
        assert first.payload == b"{}"


@pytest.mark.parametrize(("user", "password"), [(None, None), ("bidder", "guessed"), ("nobody", "guessed")])
async def test_nobody_else_is_let_in(broker: Deployed, user: str | None, password: str | None) -> None:
    with pytest.raises(aiomqtt.MqttError):
        async with broker.client(user, password):
            pass
