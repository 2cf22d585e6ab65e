"""40: a day five times as large: announced in the calendar it is no anomaly; unannounced it holds and is told once."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from bidder.account_day import AccountDay
from bidder.ids import BudgetId
from tests.failures.conftest import SCHEDULE
from tests.failures.shop import Shop, rich


@pytest.mark.parametrize("announced", [True, False])
def test_40_a_day_of_five_times_the_orders(live: Shop, announced: bool) -> None:
    large = datetime(2026, 10, 16).date()

    def sells(budget: BudgetId, amount: float, day: AccountDay, part: float) -> tuple[float, float, float]:
        clicks, spend, orders = rich(budget, amount, day, part)
        return clicks, spend, orders * (5 if day.date == large else 1)

    market = live.markets["meta"]
    market.sells = sells
    market.begin(live.clock.at)
    more = {"budget": {"day": {"max": "246"}}}
    if announced:
        phases = [{"phase": "burst", "from": "2026-10-16", "to": "2026-10-16"}]
        event = {"name": "sale", "goods": "true", "discount": "10%", "lift": 5, "phases": phases}
        (live.folder / "calendar.yaml").write_text(json.dumps([event]), "utf-8")
        more["calendar"] = "calendar.yaml"  # type: ignore[assignment]  # keys of bidder.yaml
    live.configure(schedule=SCHEDULE, **more)
    live.live(hours=72)
    seen = [line["check"] for line in live.lines("alert") if line.get("what") == "began"]
    if announced:
        assert seen == []
    else:
        assert len(seen) == len(set(seen)) >= 1
