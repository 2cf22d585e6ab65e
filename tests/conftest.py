"""Fixtures that many tests share."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from coverage import Coverage

if TYPE_CHECKING:
    from tests.canary import Leaks
    from tests.postgres import PostgresServer
    from tests.stores import Stores

TESTS = Path(__file__).parent
OF_THE_CORE = ("rules/", "optimizer/", "response/", "worker/test_together.py")
"""Tests that, with those in the files beside this one, must alone reach the core's branches."""
LONG = ("worker/", "failures/", "dashboards/", "daemon/", "backtest/", "bench/", "experiment/")
"""Where tests take seconds each."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first: at the end many short ones are left, and no worker waits for another's last."""
    items.sort(key=lambda item: not _within(item).startswith(LONG))


def _within(item: pytest.Item) -> str:
    return item.path.relative_to(TESTS).as_posix()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Under `--cov` the core's own tests are measured and no other: what a whole daemon happens to pass on its way
    proves nothing of the core's branches, and to follow it costs a third of all time."""
    measured = Coverage.current()
    if measured is None or item.path.parent == TESTS or _within(item).startswith(OF_THE_CORE):
        return (yield)
    measured.stop()
    try:
        return (yield)
    finally:
        measured.start()


@pytest.fixture(autouse=True)
def leaks(request: pytest.FixtureRequest) -> Iterator[Leaks]:
    """What of a secret has come out: nothing, in any test. See tests/canary.py."""
    from tests.canary import Leaks, watched

    found = Leaks()
    folder = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    with watched(found):
        yield found
    if folder is not None:
        found.look_into(folder)
    if found:
        pytest.fail("a secret came out:\n" + "\n".join(dict.fromkeys(found)))


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder `shared/` beside the checkout: real exports, simulators and checkers that are not part of it."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        missing("the folder shared/ beside the checkout")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for this worker's tests."""
    from tests.postgres import a_server, binaries

    found = binaries()
    if found is None:
        missing("PostgreSQL (`make services` installs it)")
        return
    with a_server(found) as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    """Places for new stores, once on SQLite and once on PostgreSQL."""
    from tests.stores import Stores

    made = Stores(tmp_path, request.getfixturevalue("postgres") if request.param == "postgresql" else None)
    yield made
    made.close()


def missing(what: str) -> None:
    """A thing the test needs is not here: a failure in CI, a skip with its reason elsewhere."""
    message = f"{what} is missing"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
