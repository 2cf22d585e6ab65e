"""5: what counts as an order changes over night: nothing is moved on it that day, and it is said once."""

from __future__ import annotations

from bidder.account_day import AccountDay
from bidder.ids import BudgetId
from tests.failures.conftest import SCHEDULE
from tests.failures.shop import Shop, rich


def test_05_all_sell_more_from_one_day_on_and_clicks_are_as_ever(live: Shop) -> None:
    market = live.markets["meta"]
    market.sells = rich
    market.begin(live.clock.at)
    live.configure(schedule=SCHEDULE, budget={"day": {"max": "246"}})  # so that clicks stay what they are
    live.live(hours=23)
    changed = AccountDay.of(live.clock.at, "America/New_York").next(1).date

    def sells(budget: BudgetId, amount: float, day: AccountDay, part: float) -> tuple[float, float, float]:
        clicks, spend, orders = rich(budget, amount, day, part)
        return clicks, spend, orders * (1.8 if day.date >= changed else 1.0)

    market.sells = sells
    live.live(hours=24)
    before = live.amounts("meta")
    live.live(hours=13)  # the first decision that sees a whole day of it
    assert ("meta", "definition_change") in live.holds()
    assert live.amounts("meta") == before
    assert live.metric("bidder_holds", reason="definition") == 3
    said = [line for line in live.lines("alert") if line.get("check") == "definition_change"]
    assert [line["what"] for line in said] == ["began"]
    assert "×1." in str(said[0]["reason"])
