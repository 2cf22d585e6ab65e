"""One line an event, on the stream that was asked for, in words a machine or a person can read."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import structlog

from bidder.instrumentation import configure_logging
from bidder.plan import State
from tests.builders import yuan


@pytest.fixture(autouse=True)
def _reset() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_a_json_line_has_its_facts_as_plain_values() -> None:
    out = io.StringIO()
    configure_logging(out, json=True)
    structlog.get_logger().bind(plan="7f3c").info(
        "pass_done", moved=yuan("12.50"), took=timedelta(seconds=4.1), state=State.ACTIVE, gap=Decimal("0.1"),
        at=datetime(2026, 3, 2, tzinfo=UTC), shop="半日闲",
    )  # fmt: skip
    line = json.loads(out.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "pass_done", "level": "info", "plan": "7f3c", "moved": "12.50 CNY", "took": 4.1, "state": "ACTIVE",
        "gap": "0.1", "at": "2026-03-02T00:00:00+00:00", "shop": "半日闲",
    }  # fmt: skip
    assert "半日闲" in out.getvalue()


def test_text_has_the_same_words_and_no_colours_in_a_file() -> None:
    out = io.StringIO()
    configure_logging(out)
    structlog.get_logger().warning("poll_failed", source="ads")
    assert "poll_failed" in out.getvalue()
    assert "source=ads" in out.getvalue()
    assert "\x1b[" not in out.getvalue()


def test_below_the_level_nothing_is_said() -> None:
    out = io.StringIO()
    configure_logging(out, level="warning")
    structlog.get_logger().info("pass_done")
    assert out.getvalue() == ""


def test_by_default_lines_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    structlog.get_logger().info("pass_done")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "pass_done" in shown.err


def test_an_exception_keeps_its_trace_in_the_log() -> None:
    out = io.StringIO()
    configure_logging(out, json=True)
    try:
        raise ValueError("three")
    except ValueError:
        structlog.get_logger().exception("page_failed")
    assert "ValueError: three" in json.loads(out.getvalue())["exception"]
