"""A shop that most of these tests live in: one account of Meta in New York, with four weeks behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.connectors.meta.fake import FakeMeta
from tests.failures.shop import Shop, a_shop

MIDNIGHT = datetime(2026, 10, 15, 4, tzinfo=UTC)
"""In New York."""
SCHEDULE = {"poll": "12h", "decide": {"from": "00:30", "until": "11:00"}}


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The shop at midnight; budgets of 80, 45.50 and 120 USD under a cap of 500 a day."""
    with a_shop(tmp_path, monkeypatch, MIDNIGHT, FakeMeta()) as made:
        made.configure(schedule=SCHEDULE)
        yield made


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The same with an account of Google beside it (80, 45.50 and 120 USD), under a cap of 700."""
    from tests.connectors.google_ads.fake import FakeGoogleAds

    fakes = FakeMeta(), FakeGoogleAds("America/New_York")
    with a_shop(tmp_path, monkeypatch, MIDNIGHT, *fakes) as made:
        made.configure(schedule=SCHEDULE, budget={"day": {"max": "700"}})
        yield made
