"""13 (and 14): a platform that takes whole yuan, refuses nothing; every write has the whole budget in it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.connectors.amazon_ads.fake import FakeAmazonAds
from tests.connectors.taobao.fake import FakeTaobao
from tests.failures.conftest import SCHEDULE
from tests.failures.shop import a_shop


def test_13_and_14_whole_steps_and_whole_budgets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = FakeTaobao(), FakeAmazonAds("Asia/Shanghai", currency="CNY")
    with a_shop(tmp_path, monkeypatch, datetime(2026, 10, 14, 16, tzinfo=UTC), *fakes) as shop:
        shop.configure(schedule=SCHEDULE, budget={"day": {"max": "1000"}})
        shop.live(days=3)
        outcomes = [str(line["result"]) for line in shop.lines("outcome")]
        assert len(outcomes) >= 9
        assert set(outcomes) == {"applied"}, "nothing was refused"
        for amount in shop.amounts("wxt").values():
            assert Decimal(amount) % 1 == 0
            assert Decimal(amount) >= 30
        bodies = [got.json for got in fakes[1].server.got if got.method == "PUT"]
        assert bodies
        for body in bodies:
            for one in body["campaigns"]:
                assert one["budget"]["budget"] > 0
                assert one["budget"]["budgetType"] == "DAILY"
        assert all(state.micros is not None for fake in fakes for state in fake.states.values()), "no limit was lifted"
