"""32, 33: an item that bad luck brought down rises again; money that cannot be spent is given to who can spend it."""

from __future__ import annotations

from bidder.account_day import AccountDay
from bidder.ids import BudgetId
from tests.failures.shop import Shop

SCHEDULE = {"poll": "24h", "decide": {"from": "00:00", "until": "00:01"}}


def test_32_a_low_budget_is_not_taken_for_small_demand(live: Shop) -> None:
    """The best item of three stands at its floor: nothing but its low budget keeps it small."""

    def sells(budget: BudgetId, amount: float, day: AccountDay, part: float) -> tuple[float, float, float]:
        rate = 0.2 if budget.native == "231021" else 0.05
        return amount * part, amount * part, amount * part * rate

    market = live.markets["meta"]
    market.sells = sells
    market.fake.states["231021"].micros = 5_000_000
    market.begin(live.clock.at)
    live.configure(schedule=SCHEDULE, budget={"day": {"max": "205"}})
    live.live(days=21)
    assert float(live.amounts("meta")["231021"]) >= 2 * 5, "it rises again and again"
    assert live.total() <= 205


def test_33_what_cannot_be_spent_goes_to_who_can(live: Shop) -> None:
    """Two of three can spend 20 a day, whatever their budget; the money goes to the third."""

    def sells(budget: BudgetId, amount: float, day: AccountDay, part: float) -> tuple[float, float, float]:
        spent = amount if budget.native == "231022" else min(amount, 20.0)
        return spent * part, spent * part, spent * part * 0.05

    market = live.markets["meta"]
    market.sells = sells
    market.begin(live.clock.at)
    live.configure(schedule=SCHEDULE, budget={"day": {"max": "246"}})
    live.live(days=12)
    day = max(day for day, _ in market.kept)
    amounts = {name: float(amount) for name, amount in live.amounts("meta").items()}
    spendable = sum(amount if name == "231022" else min(amount, 20.0) for name, amount in amounts.items())
    assert amounts["231022"] > 150, (amounts, day)
    assert spendable >= 0.9 * 246
