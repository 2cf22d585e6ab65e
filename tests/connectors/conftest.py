"""Failures of contract cases show their figures; a platform's fake that serves two days of figures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

pytest.register_assert_rewrite("bidder.testing")


@pytest.fixture
async def served() -> AsyncIterator[Callable[..., Any]]:
    """Starts a fake of any platform, with two days of two budgets; each is closed at the end."""
    from bidder.testing.case import a_row  # not before its asserts are to be rewritten

    made: list[Any] = []

    async def start(kind: Callable[[], Any]) -> Any:
        one = kind()
        made.append(one)
        await one.start()
        one.report([a_row(one, age, b) for age in (2, 1) for b in range(2)])
        return one

    yield start
    for one in made:
        await one.close()
