"""2: rows that cannot be true are left out and counted; a budget with too many of them is held."""

from __future__ import annotations

import math

from bidder.performance import Performance
from tests.failures.shop import Shop


def test_02_rows_that_cannot_be_true_never_get_in(live: Shop) -> None:
    market = live.markets["meta"]
    days = sorted({day for day, _ in market.kept})[-7:]
    bad = 0
    for day in days[:3]:  # three of the last seven days of one budget: more than a fifth
        one = market.kept[day, "230001"]
        market.kept[day, "230001"] = Performance(
            10, 11, one.spend, one.orders, None, one.revenue
        )  # clicks > impressions
        bad += 1

    before = live.amounts("meta")
    live.live(hours=3)
    polls = live.metric("bidder_polls_total", source="meta", kind="performance", result="ok")
    assert live.metric("bidder_quarantined_rows_total", source="meta", kind="performance") == bad * polls
    assert ("meta/230001", "quarantine") in live.holds()
    assert live.amounts("meta")["230001"] == before["230001"]
    assert live.amounts("meta")["231022"] != before["231022"]
    assert live.metric("bidder_holds", reason="anomaly") == 1
    reports = live.store.reports()
    known = ~(reports.impressions < reports.clicks)
    assert known.all()
    for family in live.daemon.metrics.registry.collect():  # type: ignore[union-attr]  # it has lived
        assert not any(math.isnan(sample.value) for sample in family.samples), family.name
