"""The watch over secrets sees each way out: a leak that is made on purpose is found in every one of them."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
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


CHILD = [sys.executable, "-I", "-S", "-c", "import sys; print(sys.stdin.read()); print(sys.argv[1], file=sys.stderr)"]


@pytest.mark.parametrize("text", [True, False])
def test_what_a_process_says(leaks: Leaks, text: bool) -> None:
    given = f"token {SECRET}"
    for one in (("", given), (given, "")):
        said: str | bytes = one[0] if text else one[0].encode()
        done = subprocess.run([*CHILD, one[1]], input=said, capture_output=True, text=text, check=True)
        assert done.returncode == 0
        assert seen(leaks, "output of a process")


def test_what_a_process_says_line_by_line(leaks: Leaks) -> None:
    with subprocess.Popen(
        [*CHILD, SECRET], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert list(process.stdout) == ["\n"]
        assert not leaks
        assert process.stderr.readline() == f"{SECRET}\n"
        assert seen(leaks, "output of a process")
        assert (process.stderr.read(), process.wait()) == ("", 0)


def test_what_a_daemon_writes_into_its_log(leaks: Leaks, tmp_path: Path) -> None:
    for name in ("log", "log-0", "bidder.log"):
        with (tmp_path / name).open("w") as log:
            subprocess.run([*CHILD, SECRET], stdin=subprocess.DEVNULL, stderr=log, stdout=log, check=True)
        leaks.look_into(tmp_path)
        assert seen(leaks, name)
        (tmp_path / name).unlink()


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
