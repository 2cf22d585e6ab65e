"""Receivers of messages in bidder.yaml: by reference, with an alias that tells nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidder.alerts import Level
from bidder.config.load import Config, load
from bidder.errors import ConfigError


def read(folder: Path, text: str, **env: str) -> Config:
    (folder / "bidder.yaml").write_text(text, "utf-8")
    return load(folder / "bidder.yaml", env=env)


def test_receivers_have_an_alias_and_never_show_their_address(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("mailtos://boss:hunter2@shop.example\n", "utf-8")
    (tmp_path / "mail").chmod(0o600)
    text = """
alerts:
  - {to: {env: HOOK}}
  - {to: {file: mail}, levels: [info, critical], digest: false, language: en}
schedule: {digest: after_decide}
"""
    config = read(tmp_path, text, HOOK="json://host/secret-path")
    first, second = config.receivers
    assert (first.name, first.digest, first.language) == ("json-1", True, "zh")
    assert first.levels == {Level.WARNING, Level.CRITICAL}
    assert (second.name, second.digest, second.language) == ("mailtos-2", False, "en")
    assert second.levels == {Level.INFO, Level.CRITICAL}
    assert "secret-path" not in repr(config)
    assert "hunter2" not in repr(config)
    assert config.schedule.digest == "after_decide"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("alerts: [{to: {env: NONE}}]", "secret NONE is not set"),
        ("alerts: [{to: {env: HOOK}}]", "to: expected an apprise address"),
        ("alerts: [{to: {env: HOOK}, levels: [loud]}]", "levels"),
        ("alerts: [{to: json://host}]", "to"),
        ("schedule: {digest: hourly}", "digest"),
    ],
)
def test_a_mistake_is_told_at_its_place_and_without_the_address(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, text, HOOK="host/secret-path")
    assert told in str(raised.value)
    assert "bidder.yaml:1" in str(raised.value)
    assert "secret-path" not in str(raised.value)
