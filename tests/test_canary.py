"""The watch over secrets sees each way out: a leak that is made on purpose is found in every one of them."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from aiohttp import web
from typer import Typer, echo
from typer.testing import CliRunner

from bidder.errors import ConfigError, ConnectorError, Fault
from bidder.instrumentation import Metrics
from bidder.plan import Refused
from tests.canary import Leaks
from tests.fakes import new_store
from tests.instrumentation.worlds import facts

SECRET = "canary-leaked-0042"


def seen(leaks: Leaks, where: str) -> bool:
    """Whether it was found there; the leak was meant, and is forgotten."""
    found = any(one.startswith(where) for one in leaks)
    leaks.clear()
    return found


def test_what_a_command_prints(leaks: Leaks) -> None:
    app = Typer()
    app.command()(lambda: echo(f"token {SECRET}"))
    CliRunner().invoke(app, [])
    assert seen(leaks, "output")


def test_what_is_logged_from_debug_on(leaks: Leaks) -> None:
    logging.getLogger("bidder.http").debug("asked with %s", SECRET)
    assert seen(leaks, "log")
    log = structlog.wrap_logger(
        structlog.PrintLogger(),
        [structlog.processors.JSONRenderer()],
        structlog.BoundLogger,
        cache_logger_on_first_use=False,
    )
    log.info("asked", token=SECRET)
    assert seen(leaks, "log")


@pytest.mark.parametrize(
    "raised",
    [
        lambda: ConnectorError("a", "read", f"401 {SECRET}", error="auth"),
        lambda: ConfigError([Fault(None, f"was {SECRET}")]),
    ],
)
def test_what_an_error_says(leaks: Leaks, raised: object) -> None:
    assert callable(raised)
    raised()
    assert seen(leaks, "error")


def test_what_stands_in_metrics(leaks: Leaks) -> None:
    metrics = Metrics(facts(channels=(SECRET,)), datetime(2026, 3, 2, tzinfo=UTC))
    metrics.exposition()
    assert seen(leaks, "metrics")


def test_what_the_server_answers(leaks: Leaks) -> None:
    made = compile("made = respond(text=secret)", "x", "exec")
    exec(made, {"__name__": "bidder.web.routes", "respond": web.Response, "secret": SECRET})
    assert seen(leaks, "HTTP body")
    web.Response(text=json.dumps({"access_token": SECRET}))  # a test's own platform says what it likes
    assert not leaks


def test_what_is_kept_in_the_store_and_its_journal(leaks: Leaks, tmp_path: Path) -> None:
    store = new_store(tmp_path)
    store.append("outcome", datetime(2026, 3, 2, tzinfo=UTC), result="refused", reason=Refused(SECRET).reason)
    store.close()
    leaks.look_into(tmp_path)
    assert len(leaks) >= 1
    leaks.clear()
    for one in tmp_path.rglob("*.db*"):
        one.unlink()  # the folder is looked at once more when the test is over
