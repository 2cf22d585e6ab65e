"""Fixtures that many tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder `shared/` beside the checkout: real exports, simulators and checkers that are not part of it."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        missing("the folder shared/ beside the checkout")
    return folder


def missing(what: str) -> None:
    """A thing the test needs is not here: a failure in CI, a skip with its reason elsewhere."""
    message = f"{what} is missing"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
