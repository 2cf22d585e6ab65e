"""6: orders 0 everywhere while clicks go on: budgets stay, nothing is cut, and the days can be left out."""

from __future__ import annotations

from bidder.account_day import AccountDay
from bidder.ids import BudgetId
from tests.failures.shop import Shop, rich


def test_06_thirty_six_hours_without_an_order_cut_nothing(live: Shop) -> None:
    market = live.markets["meta"]
    market.sells = rich
    market.begin(live.clock.at)
    live.live(hours=11)
    broken = live.clock.at

    def sells(budget: BudgetId, amount: float, day: AccountDay, part: float) -> tuple[float, float, float]:
        clicks, spend, orders = rich(budget, amount, day, part)
        whole = (day.end_at - day.start_at).total_seconds()
        good = max(0.0, (broken - day.start_at).total_seconds()) / whole  # only what was sold until then
        return clicks, spend, min(orders, orders / part * good if part else 0.0)

    market.sells = sells
    before = live.amounts("meta")
    live.live(hours=36)
    assert live.amounts("meta") == before
    assert ("meta", "tracking_break") in live.holds()
    assert live.metric("bidder_holds", reason="tracking") == 3
    (said,) = [line for line in live.lines("alert") if line.get("check") == "tracking_break"]
    assert "orders: 0 on all 3 budgets" in str(said["reason"])
