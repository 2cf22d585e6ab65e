"""52: a platform that spends three times what it may is told within two polls, and may only be lowered that day."""

from __future__ import annotations

import csv
import io

from bidder.account_day import AccountDay
from bidder.ids import BudgetId
from tests.connectors.http.shops import bidder
from tests.failures.shop import Shop, steady


def test_52_three_times_the_budget_is_seen_within_two_polls(live: Shop) -> None:
    live.configure(schedule={"poll": "30m", "decide": {"from": "09:30", "until": "11:00"}})
    live.live(hours=8)
    day = AccountDay.of(live.clock.at, "America/New_York").date

    def sells(budget: BudgetId, amount: float, when: AccountDay, part: float) -> tuple[float, float, float]:
        clicks, spend, orders = steady(budget, amount, when, part)
        return clicks, spend * (3 if when.date == day else 1), orders

    live.markets["meta"].sells = sells
    before = {name: float(amount) for name, amount in live.amounts("meta").items()}
    live.live(hours=1)
    assert ("meta", "overspend") in live.holds()
    live.live(hours=3)
    assert all(float(amount) <= before[name] for name, amount in live.amounts("meta").items()), "nothing is raised"
    rows = list(csv.DictReader(io.StringIO(bidder("journal", "--evidence", "--since", "2026-10-01").stdout)))
    assert {row["event"] for row in rows} >= {"read", "spent"}
