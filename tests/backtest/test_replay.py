"""The shop's own days: forecasts against what came, proposals from what was known, and what a file cannot know."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from bidder.backtest.past import past_of_files
from bidder.backtest.policies import Even, Keep, Roi28
from bidder.backtest.replay import replay
from bidder.catalog import BudgetStatus
from bidder.decide import Policy
from bidder.errors import ConfigError, Source
from bidder.reports import Reports
from bidder.response.settings import ResponseSettings
from bidder.rules.base import Rule
from bidder.rules.total import Total
from bidder.snapshot import day_number
from bidder.store import open_store
from tests.backtest.shops import FIRST, NAMES, a_budget, a_store, amount_on, final_orders, morning, row, the_past
from tests.builders import yuan


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return a_store(tmp_path_factory.mktemp("shop"), 20)


def test_the_days_that_can_be_replayed_have_a_week_before_and_an_outcome(url: str) -> None:
    days = list(the_past(url).days())
    assert days[0] == FIRST + timedelta(days=7)
    assert days[-1] == FIRST + timedelta(days=20)


def test_each_day_sees_its_own_amounts_and_only_what_had_come_in(url: str) -> None:
    past = the_past(url)
    day = FIRST + timedelta(days=10)
    snapshot = past.snapshot(day)
    assert {b.id.native: b.now for b in snapshot.budgets} == {name: amount_on(name, day) for name in NAMES}
    history = snapshot.history
    newest = history.day == day_number(day) - 1
    orders = {
        snapshot.budgets[b].id.native: o for b, o in zip(history.budget[newest], history.orders[newest], strict=True)
    }
    assert orders == {name: round(final_orders(name, day - timedelta(days=1)) * 0.7) for name in NAMES}
    assert all(product.stock is None for product in snapshot.products)


def test_forecasts_are_held_against_what_came(url: str) -> None:
    past = the_past(url)
    days = list(past.days())[:-1]
    policy = Policy((Rule("cap", Total.model_validate({"max": "560"}), Source("x")),))
    said: list[str] = []
    part, seen = replay(past, policy, days, None, [Even(), Keep(), Roi28()], own_cap=True, progress=said.append)
    assert len(said) == part.days == len(days)
    assert part.as_of
    ripe = [day for day in days if day <= FIRST + timedelta(days=13)]  # seven days old in the last reading
    assert part.calibration.days == len(ripe)
    assert part.calibration.budget_days == 4 * len(ripe)
    assert part.calibration.orders_ratio == pytest.approx(1.0, abs=0.35)
    assert part.calibration.orders_covered is not None
    assert 0.5 <= part.calibration.orders_covered <= 1
    assert [line.policy for line in part.value] == ["bidder", "even", "roi28"]
    assert part.moves
    assert abs(float(part.moves[0].difference)) >= abs(float(part.moves[-1].difference))
    assert set(seen.proposed) <= set(days)


def test_a_budget_that_is_gone_today_was_there_then(url: str, tmp_path: Path) -> None:
    gone = a_store(tmp_path, 12)
    store = open_store(gone)
    store.add_budgets([a_budget("b", yuan(130), BudgetStatus.REMOVED)], morning(FIRST + timedelta(days=13)))
    store.close()
    snapshot = the_past(gone).snapshot(FIRST + timedelta(days=12))
    assert {b.id.native: b.status for b in snapshot.budgets}["b"] is BudgetStatus.ACTIVE


def test_a_store_filled_in_one_go_is_taken_as_one_version(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'one.db'}"
    store = open_store(address)
    seen = morning(FIRST + timedelta(days=60))
    rows = [row(n, FIRST + timedelta(days=d), seen, orders=6.0) for n in NAMES for d in range(20)]
    store.add_reports(Reports.of(rows))
    store.close()
    past = the_past(address)
    assert not past.remembers
    part, _ = replay(past, Policy(()), list(past.days())[-3:], yuan(500), [Even()])
    assert not part.as_of
    assert part.days == 3


def test_a_day_before_everything_has_nothing_to_decide_on(url: str) -> None:
    with pytest.raises(ConfigError, match="nothing was known"):
        the_past(url).snapshot(FIRST)


def test_an_empty_past_has_no_days() -> None:
    past = past_of_files(Reports.of([]), ResponseSettings().late)
    assert list(past.days()) == []


def test_files_in_any_order_are_one_past() -> None:
    seen = morning(FIRST + timedelta(days=20))
    rows = [row(n, FIRST + timedelta(days=d), seen, orders=5.0 + d % 3) for n in NAMES for d in range(16)]
    shuffled = [rows[i] for i in np.random.default_rng(1).permutation(len(rows))]
    late = ResponseSettings().late
    first, second = (
        past_of_files(Reports.of(one), late).snapshot(FIRST + timedelta(days=12)) for one in (rows, shuffled)
    )
    assert first.history.orders.tobytes() == second.history.orders.tobytes()
    assert [one.id for one in first.budgets] == [one.id for one in second.budgets]
