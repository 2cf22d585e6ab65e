"""8: without a history nothing is written, and the plan is there to be seen."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bidder.account_day import AccountDay
from bidder.ids import BudgetId
from tests.connectors.meta.fake import FakeMeta
from tests.failures.shop import a_shop


def few(budget: BudgetId, amount: float, day: AccountDay, part: float) -> tuple[float, float, float]:
    """Ten clicks a day and budget, dear ones."""
    return 10 * part, amount * part, 0.5 * part


def test_08_an_empty_database_writes_nothing_for_three_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_shop(tmp_path, monkeypatch, datetime(2026, 10, 15, 4, tzinfo=UTC), FakeMeta(), days=0) as shop:
        market = shop.markets["meta"]
        market.sells = few
        market.begin(shop.clock.at, days=0)
        before = shop.amounts("meta")
        shop.configure(schedule={"poll": "12h", "decide": {"from": "00:30", "until": "11:00"}})
        daemon = shop.live(days=3)
        assert shop.mutations() == 0
        assert shop.amounts("meta") == before
        document = daemon.plan_document()
        assert document is not None
        assert {hold["check"] for hold in document["holds"]} <= {"history_sufficient", "figures_fresh"}
