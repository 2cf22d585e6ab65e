"""15, 25: a platform that sets another amount, none, or fails under a good status: only what is read back counts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bidder.testing import WriteFault
from tests.connectors.amazon_ads.fake import FakeAmazonAds
from tests.failures.conftest import SCHEDULE
from tests.failures.shop import Shop, a_shop

MOST = 340.0


@pytest.mark.parametrize("fault", [WriteFault.RAISED, WriteFault.SILENT_NOOP])
def test_15_what_is_read_back_counts(live: Shop, fault: WriteFault) -> None:
    live.configure(schedule=SCHEDULE, budget={"day": {"max": str(MOST)}})
    live.markets["meta"].fake.writing += [fault, fault, fault]
    before = live.amounts("meta")
    live.live(hours=3)
    results = [str(line["result"]) for line in live.lines("outcome")]
    assert results, "it wrote"
    assert "applied" not in results or fault is WriteFault.RAISED
    read = {one.budget.id.native: str(one.budget.now) for one in live.store.budgets()}
    assert read == live.amounts("meta"), "the store knows what is in force, not what was wanted"
    if fault is WriteFault.SILENT_NOOP:
        assert live.amounts("meta") == before
        assert live.metric("bidder_writes_total", result="applied") == 0
    assert live.total() <= MOST, "counted as what they are, the amounts keep the cap"


def test_25_a_success_with_errors_inside_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeAmazonAds("America/New_York")
    with a_shop(tmp_path, monkeypatch, datetime(2026, 10, 15, 4, tzinfo=UTC), fake) as shop:
        shop.configure(schedule=SCHEDULE)
        fake.writing += [WriteFault.PARTIAL] * 3
        before = shop.amounts("amz")
        shop.live(hours=3)
        assert fake.mutations == 3
        assert {str(line["result"]) for line in shop.lines("outcome")} == {"refused"}
        assert shop.metric("bidder_writes_total", result="refused") == 3
        assert shop.metric("bidder_writes_total", result="applied") == 0
        assert shop.amounts("amz") == before
