"""7: three honest days without an order where one a day is usual move a budget by a tenth at most."""

from __future__ import annotations

from bidder.account_day import AccountDay
from bidder.ids import BudgetId
from tests.failures.shop import Shop


def test_07_three_days_of_nothing_are_luck(live: Shop) -> None:
    changed = AccountDay.of(live.clock.at, "America/New_York").date

    def sells(budget: BudgetId, amount: float, day: AccountDay, part: float) -> tuple[float, float, float]:
        nothing = budget.native == "231021" and day.date >= changed
        return amount * part, amount * part, 0.0 if nothing else amount * part / 45.5

    market = live.markets["meta"]
    market.sells = sells
    market.begin(live.clock.at)
    before = float(live.amounts("meta")["231021"])
    live.configure(
        schedule={"poll": "6h", "decide": {"from": "00:30", "until": "11:00"}}, budget={"day": {"max": "246"}}
    )
    live.live(days=3)
    assert float(live.amounts("meta")["231021"]) >= before * 0.9 - 0.01
