"""Days are held against the interval of the budgets that were in force, late orders in, and few days say nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.apply import WriteResult
from bidder.catalog import Product
from bidder.config.load import load
from bidder.daemon import calibration
from bidder.daemon.calibration import AGE, DAYS, calibrated, covered_share, remember_forecast
from bidder.decide import Policy, decide
from bidder.errors import StoreError
from bidder.ids import BudgetId, ProductId
from bidder.plan import Applied, Refused
from bidder.reports import Reports
from bidder.snapshot import day_number
from bidder.store.protocol import Store
from tests.builders import TODAY, a_budget, a_shop, an_observation, yuan
from tests.stores import Stores

P1 = Product(ProductId("P1"), margin=0.5)


def profits(*amounts: float) -> Reports:
    """The days up to yesterday, newest first: each costs 100 and earns so much more."""
    rows = []
    for back, profit in enumerate(amounts, start=1):
        revenue = f"{(profit + 100) / 0.5:.2f}"
        rows.append(an_observation(day=TODAY - timedelta(days=back), product="P1", spend="100", revenue=revenue))
    return Reports.of(rows)


def forecast_days(store: Store, low: float, high: float, days: int = 40) -> None:
    store.set_value("forecasts", {str(day_number(TODAY) - n): [low, high] for n in range(1, days + 1)})


@pytest.fixture
def store(stores: Stores) -> Store:
    return stores.new().open()


def test_the_share_is_of_days_old_enough(store: Store) -> None:
    forecast_days(store, 50, 150)
    fresh = (0.0,) * (AGE - 1)
    share = covered_share(store, profits(*fresh, 100, 100, 100, 200, 20, 100, 149, 151), [P1], day_number(TODAY))
    assert share == 5 / 8


def test_of_few_days_nothing_is_said(store: Store) -> None:
    assert covered_share(store, profits(*(100.0,) * 20), [P1], day_number(TODAY)) is None
    forecast_days(store, 50, 150, days=AGE + 3)
    assert covered_share(store, profits(*(100.0,) * 20), [P1], day_number(TODAY)) is None


def test_without_a_margin_there_is_no_profit_to_hold_it_against(store: Store) -> None:
    forecast_days(store, 50, 150)
    assert covered_share(store, profits(*(100.0,) * 20), [replace(P1, margin=None)], day_number(TODAY)) is None


def test_a_damaged_memory_is_begun_anew(store: Store) -> None:
    store.set_value("forecasts", "x")
    assert covered_share(store, profits(*(100.0,) * 20), [P1], day_number(TODAY)) is None


def test_what_was_written_counts_and_what_was_refused_does_not(store: Store) -> None:
    shop = a_shop(a_budget("ads/one", now=100), a_budget("ads/two", now=50), today=TODAY)
    decision = decide(shop, Policy(rules=()))

    def remembered(*written: WriteResult) -> tuple[float, float]:
        remember_forecast(decision, written, store)
        low, high = store.value("forecasts")[str(day_number(decision.snapshot.day))]
        return low, high

    one = BudgetId.parse("ads/one")
    before = remembered()
    assert before[0] < before[1]
    assert remembered(WriteResult(one, yuan(300), Refused("no"), None, "")) == before
    more = remembered(WriteResult(one, yuan(300), Applied(yuan(300)), yuan(300), ""))
    assert more != before


def test_a_figure_that_cannot_be_made_stops_nothing_but_a_store_that_fails_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    decision = decide(a_shop(a_budget("ads/one"), today=TODAY), Policy(rules=()))
    (tmp_path / "bidder.yaml").write_text("shop: {name: tea, currency: CNY, timezone: UTC}\n", "utf-8")
    config = load(tmp_path / "bidder.yaml", env={})

    def failing(error: Exception) -> Callable[..., None]:
        def raise_it(*_: object) -> None:
            raise error

        return raise_it

    monkeypatch.setattr(calibration, "remember_forecast", failing(ZeroDivisionError("a bug")))
    assert calibrated(config, decision, (), None) is None  # type: ignore[arg-type]  # nothing asks it
    monkeypatch.setattr(calibration, "remember_forecast", failing(StoreError("disk full")))
    with pytest.raises(StoreError):
        calibrated(config, decision, (), None)  # type: ignore[arg-type]  # nothing asks it


@settings(deadline=None, max_examples=8)
@given(st.integers(min_value=0, max_value=400))
def test_the_memory_does_not_grow(gap: int) -> None:
    class Memory:
        kept: object = {str(number): [0.0, 1.0] for number in range(day_number(TODAY) - 60 - gap, day_number(TODAY))}

        def value(self, _: str) -> object:
            return self.kept

        def set_value(self, _: str, value: object) -> None:
            self.kept = value

    memory = Memory()
    shop = a_shop(a_budget("ads/one"), today=date(2026, 3, 2))
    remember_forecast(decide(shop, Policy(rules=())), (), memory)  # type: ignore[arg-type]  # the two calls it makes
    assert isinstance(memory.kept, dict)
    assert len(memory.kept) <= DAYS + 2 * AGE + 1
