"""A refresh token that changes with each use: the newest is used, kept in a file of its owner, and never said."""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bidder.connectors.http import RefreshToken, Reply


def gave(token: object) -> Reply:
    body = json.dumps({"access_token": "a", "refresh_token": token}).encode()
    return Reply("token", 200, {}, body, datetime(2026, 10, 15, tzinfo=UTC))


def test_the_newest_is_used_and_the_next_process_begins_with_it(tmp_path: Path) -> None:
    kept = tmp_path / "token"
    first = RefreshToken("written-1", kept)
    assert first.value == "written-1"
    assert first.followed(gave("second-2")) == ("second-2",)
    assert first.value == RefreshToken("written-1", kept).value == "second-2"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "second-2" not in repr(first)


def test_without_a_file_it_is_in_memory_alone(tmp_path: Path) -> None:
    one = RefreshToken("written-1")
    one.followed(gave("second-2"))
    assert (one.value, RefreshToken("written-1").value) == ("second-2", "written-1")


def test_a_new_consent_in_the_configuration_counts_at_once(tmp_path: Path) -> None:
    kept = tmp_path / "token"
    RefreshToken("written-1", kept).followed(gave("second-2"))
    assert RefreshToken("written-9", kept).value == "written-9"


@pytest.mark.parametrize("token", [None, "", 7, "written-1"])
def test_a_reply_without_another_changes_nothing(tmp_path: Path, token: object) -> None:
    kept = tmp_path / "token"
    one = RefreshToken("written-1", kept)
    assert one.followed(gave(token)) == ("written-1",)
    assert not kept.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"of": 1}', "\x00"])
def test_a_file_that_cannot_be_understood_is_said_and_passed_over(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    kept = tmp_path / "token"
    kept.write_text(text, "utf-8")
    one = RefreshToken("written-1", kept)
    assert one.value == "written-1"
    one.followed(gave("second-2"))
    assert RefreshToken("written-1", kept).value == "second-2"


def test_a_file_that_cannot_be_written_is_said_and_the_process_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    one = RefreshToken("written-1", tmp_path / "no folder" / "token")
    one.followed(gave("second-2"))
    assert one.value == "second-2"
    assert "cannot be kept" in caplog.text
    assert "second-2" not in caplog.text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_passed_over(tmp_path: Path) -> None:
    kept = tmp_path / "token"
    kept.touch(mode=0o000)
    assert RefreshToken("written-1", kept).value == "written-1"
