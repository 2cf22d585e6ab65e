"""Where a token may be sent to, and what an account may say about the way."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bidder.connectors.http import Manners, PlatformSettings


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://googleads.googleapis.com/", "https://googleads.googleapis.com"),
        ("https://proxy.example.com/ads", "https://proxy.example.com/ads"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://10.0.0.7", "http://10.0.0.7"),
        ("http://localhost:9", "http://localhost:9"),
        ("http://fake:8080", "http://fake:8080"),
    ],
)
def test_an_address_is_https_or_in_the_own_network(url: str, kept: str) -> None:
    assert PlatformSettings(base_url=url).base_url == kept


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com",
        "http://8.8.8.8",
        "ftp://127.0.0.1",
        "https://",
        "api.example.com",
        "https://a:b@h",
        "https://h?x=1",
        "https://h:99999",
    ],
)
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="expected"):
        PlatformSettings(base_url=url)


def test_what_an_account_says_goes_before_the_platforms_own() -> None:
    platform = Manners("https://api.example.com", rate=5.0)
    assert platform.as_set(PlatformSettings()).base_url == "https://api.example.com"
    assert platform.as_set(PlatformSettings()).rate == 5.0
    said = PlatformSettings(base_url="http://127.0.0.1:1", timeout=5, attempts=2, backoff=0.5, requests_per_second=2)
    changed = platform.as_set(said)
    assert (changed.base_url, changed.timeout, changed.attempts, changed.gap, changed.rate) == (
        "http://127.0.0.1:1",
        5,
        2,
        0.5,
        2,
    )
