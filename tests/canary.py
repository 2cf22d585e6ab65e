"""Every secret that a test uses begins with `canary-`; none may come out again, whatever the test is about.

Installed for all tests by tests/conftest.py. It looks at each way out: what commands print, in this process and as
processes of their own, what is logged (debug too), what errors say, /metrics, what bidder's own HTTP server answers,
and the files of the test's folder that bidder writes (stores with their journals, state, pages, logs). Servers that
stand for a platform may say what they like: platforms do.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import web
from typer.testing import CliRunner

from bidder.errors import BidderError
from bidder.instrumentation import Metrics

__all__ = ["MARK", "Leaks", "watched"]

MARK = "canary-"
WRITTEN = ("*.db", "*.db-wal", "*.log", "*.html", "sandbox.json", "*.why.txt", "log", "log-*")


class Leaks(list[str]):
    """What came out, and where. A test that lets one out on purpose clears it."""

    def look(self, where: str, what: str | bytes) -> None:
        """Notes the text around the first secret in it."""
        text = what.decode("utf-8", "replace") if isinstance(what, bytes) else what
        place = text.find(MARK)
        if place >= 0:
            self.append(f"{where}: …{text[max(0, place - 60) : place + 40]!r}…")

    def look_into(self, folder: Path) -> None:
        """The files of a folder that bidder writes."""
        for pattern in WRITTEN:
            for path in folder.rglob(pattern):
                if path.is_file() and path.stat().st_size < 50_000_000:
                    self.look(path.name, path.read_bytes())


class _Logged(logging.Handler):
    def __init__(self, leaks: Leaks) -> None:
        super().__init__(logging.DEBUG)
        self._leaks = leaks
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self._leaks.look("log", self.format(record))


class _Heard:
    """A pipe of a child process, each line of which is looked at when it is read."""

    def __init__(self, leaks: Leaks, pipe: Any) -> None:
        self._leaks, self._pipe = leaks, pipe

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipe, name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.readline, self._pipe.read(0))

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()

    def read(self, *a: Any) -> Any:
        return self._seen(self._pipe.read(*a))

    def readline(self, *a: Any) -> Any:
        return self._seen(self._pipe.readline(*a))

    def readlines(self, *a: Any) -> Any:
        return [self._seen(line) for line in self._pipe.readlines(*a)]

    def _seen(self, what: Any) -> Any:
        self._leaks.look("output of a process", what or "")
        return what


@contextmanager
def watched(leaks: Leaks) -> Iterator[None]:
    """While this lasts every way out is looked at."""
    patch, handler, logger = pytest.MonkeyPatch(), _Logged(leaks), logging.getLogger("bidder")
    invoke, exposed, made, respond = CliRunner.invoke, Metrics.exposition, BidderError.__init__, web.Response.__init__
    start, communicate = subprocess.Popen.__init__, subprocess.Popen.communicate

    def invoked(self: CliRunner, *a: Any, **k: Any) -> Any:
        result = invoke(self, *a, **k)
        leaks.look("output", result.output)
        leaks.look("error of a command", repr(result.exception))
        return result

    def started(self: subprocess.Popen[Any], *a: Any, **k: Any) -> None:
        start(self, *a, **k)
        for name in ("stdout", "stderr"):
            if getattr(self, name) is not None:
                setattr(self, name, _Heard(leaks, getattr(self, name)))

    def communicated(self: subprocess.Popen[Any], *a: Any, **k: Any) -> Any:
        found = communicate(self, *a, **k)
        for one in found:
            leaks.look("output of a process", one or "")
        return found

    def exposition(self: Metrics, *a: Any, **k: Any) -> Any:
        found = exposed(self, *a, **k)
        leaks.look("metrics", found[0])
        return found

    def raised(self: BidderError, *a: Any, **k: Any) -> None:
        made(self, *a, **k)
        leaks.look("error", str(self))

    def answered(self: web.Response, *a: Any, **k: Any) -> None:
        respond(self, *a, **k)
        if str(sys._getframe(1).f_globals.get("__name__", "")).startswith("bidder."):
            leaks.look("HTTP body", self.body if isinstance(self.body, bytes) else str(self.text))

    def shown(renderer: type) -> Any:
        render = renderer.__call__

        def checked(self: Any, logger: Any, name: str, event: Any) -> Any:
            text = render(self, logger, name, event)
            leaks.look("log", text)
            return text

        return checked

    level = logger.level
    patch.setattr(CliRunner, "invoke", invoked)
    patch.setattr(Metrics, "exposition", exposition)
    patch.setattr(BidderError, "__init__", raised)
    patch.setattr(web.Response, "__init__", answered)
    patch.setattr(subprocess.Popen, "__init__", started)
    patch.setattr(subprocess.Popen, "communicate", communicated)
    for renderer in (structlog.processors.JSONRenderer, structlog.dev.ConsoleRenderer):
        patch.setattr(renderer, "__call__", shown(renderer))
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        patch.undo()
