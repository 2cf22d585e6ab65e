"""32, 33: an item that bad luck brought down rises again; money that cannot be spent is given to who can spend it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bidder.account_day import AccountDay
from bidder.ids import BudgetId
from tests.connectors.amazon_ads.fake import FakeAmazonAds
from tests.failures.shop import Shop, a_shop

SCHEDULE = {"poll": "24h", "decide": {"from": "00:00", "until": "00:01"}}
FIRST, SECOND, THIRD = "218293333782001", "218293333782002", "218293333782006"
MIDNIGHT = datetime(2026, 10, 15, 7, tzinfo=UTC)
"""In Los Angeles."""


@pytest.fixture
def manual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Three campaigns that do not steer themselves (80, 87 and 94 USD): budgets may move each day."""
    with a_shop(tmp_path, monkeypatch, MIDNIGHT, FakeAmazonAds()) as made:
        yield made


def test_32_a_low_budget_is_not_taken_for_small_demand(manual: Shop) -> None:
    """The best item of three was cut to its floor: nothing but its low budget keeps it small."""

    def sells(budget: BudgetId, amount: float, day: AccountDay, part: float) -> tuple[float, float, float]:
        rate = 0.2 if budget.native == SECOND else 0.05
        return amount * part, amount * part, amount * part * rate

    market = manual.markets["amz"]
    market.sells = sells
    market.fake.states[SECOND].micros = 5_000_000
    market.begin(manual.clock.at)
    manual.configure(schedule=SCHEDULE, budget={"day": {"max": "205"}})
    manual.live(days=13)
    assert float(manual.amounts("amz")[SECOND]) >= 87, "above where it stood before its bad day, well within 21 days"
    assert manual.total() <= 205


def test_32_a_campaign_that_steers_itself_rises_by_the_step_that_it_bears(live: Shop) -> None:
    """A fifth every three days, so that it learns: 5 becomes 10 in two weeks, no sooner."""

    def sells(budget: BudgetId, amount: float, day: AccountDay, part: float) -> tuple[float, float, float]:
        rate = 0.2 if budget.native == "231021" else 0.05
        return amount * part, amount * part, amount * part * rate

    market = live.markets["meta"]
    market.sells = sells
    market.fake.states["231021"].micros = 5_000_000
    market.begin(live.clock.at)
    live.configure(schedule=SCHEDULE, budget={"day": {"max": "205"}})
    live.live(days=13)
    assert 5 * 1.2**4 - 0.01 <= float(live.amounts("meta")["231021"]) <= 5 * 1.2**5 + 0.01
    assert live.total() <= 205


def test_33_what_cannot_be_spent_goes_to_who_can(manual: Shop) -> None:
    """Two of three can spend 20 a day, whatever their budget; within a week the money is the third's."""

    def sells(budget: BudgetId, amount: float, day: AccountDay, part: float) -> tuple[float, float, float]:
        spent = amount if budget.native == SECOND else min(amount, 20.0)
        return spent * part, spent * part, spent * part * 0.05

    market = manual.markets["amz"]
    market.sells = sells
    market.begin(manual.clock.at)
    manual.configure(schedule=SCHEDULE, budget={"day": {"max": "261"}})
    manual.live(days=7)
    amounts = {name: float(amount) for name, amount in manual.amounts("amz").items()}
    spendable = sum(amount if name == SECOND else min(amount, 20.0) for name, amount in amounts.items())
    assert spendable >= 0.95 * 261, amounts
