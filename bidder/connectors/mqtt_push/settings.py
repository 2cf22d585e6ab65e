"""A broker and what to listen to there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from bidder.connectors.observations import Feed

__all__ = ["Broker", "broker_of"]


@dataclass(frozen=True, slots=True)
class Broker:
    """Where one feed comes from. `client_id` is the same at every start: the broker keeps what came meanwhile."""

    feed: Feed
    host: str
    port: int
    tls: bool
    topic: str
    client_id: str
    username: str | None = None
    password: SecretStr | None = None
    ca: Path | None = None


def broker_of(
    feed: Feed, url: str, topic: str, *, username: str | None, password: SecretStr | None, ca: Path | None
) -> Broker:
    """From the keys of an `activity` entry. Raises ValueError saying what was expected."""
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError(f"url: expected mqtt://HOST:PORT or mqtts://HOST:PORT, was {parts.scheme}://…")
    if parts.username or parts.password:
        raise ValueError("url: expected no user or password in it; write username and password: {env: NAME}")
    if not topic.strip() or "\x00" in topic or len(topic) > 500:
        raise ValueError("topic: expected one such as shop/#")
    tls = parts.scheme == "mqtts"
    port = parts.port or (8883 if tls else 1883)
    client_id = f"bidder-{feed.shop}-{feed.name}"
    return Broker(feed, parts.hostname, port, tls, topic, client_id, username, password, ca)
