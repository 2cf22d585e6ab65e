"""What every account of a real platform may say about the way to it."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["BaseUrl", "PlatformSettings", "Seconds"]


def _url(text: str) -> str:
    """An address that a token may be sent to: https, or http inside the own network (a test server)."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError as e:
        raise ValueError("expected an address such as https://host/path") from e
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username:
        raise ValueError("expected an address such as https://host/path, without a query, a user or a password")
    if parts.scheme == "http" and not _own_network(host):
        raise ValueError("expected https: tokens would travel readable over http")
    return text.rstrip("/")


def _own_network(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal", ".test"))
    return address.is_loopback or address.is_private


BaseUrl = Annotated[str, AfterValidator(_url)]
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]


class PlatformSettings(BaseModel):
    """Keys beside `platform:` that all platforms share; each adds its own and its credentials."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)

    base_url: BaseUrl | None = None
    """Where the platform's API is, for a proxy or a test server; the platform's own when left out."""
    timeout: Seconds = 30.0
    """Seconds that one request may take."""
    attempts: int = Field(default=4, ge=1, le=10, strict=True)
    """How often a read is tried; a write is sent once."""
    backoff: Seconds = 1.0
    """Seconds of the first gap between two tries of a read; later ones grow, all are jittered."""
    requests_per_second: float | None = Field(default=None, gt=0, le=1000, allow_inf_nan=False)
    """How fast the account is asked at most; the platform's own figure when left out."""
