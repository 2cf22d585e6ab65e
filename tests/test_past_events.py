"""Last year's burst is learnt from, though its campaigns are gone and it lies before the history of a decision."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bidder import cycle
from bidder.catalog import Product
from bidder.config.load import load
from bidder.ids import ProductId
from bidder.money import Currency
from bidder.past_events import past_bursts
from bidder.reports import Reports
from bidder.response.lift import learned_lift, lift_key
from bidder.store.protocol import Store
from tests.builders import CNY, an_observation
from tests.builders_events import an_event
from tests.fakes import new_store

LAST_YEAR = an_event("618", ("burst", "2025-06-17", "2025-06-19"), products=("P1",))
THIS_YEAR = an_event("618", ("burst", "2026-06-17", "2026-06-19"), products=("P1",), lift=1.5)
NOW = datetime(2026, 6, 17, 6, tzinfo=UTC)


def with_days(store: Store, budget: str, first: date, last: date, revenue: dict[date, float]) -> None:
    rows, day = [], first
    while day < last:
        sold = revenue.get(day, 100.0)
        seen = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
        rows.append(an_observation(budget, day, product="P1", seen=seen, revenue=f"{sold:.2f}", orders=sold / 50))
        day += timedelta(days=1)
    store.add_reports(Reports.of(rows))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    kept = new_store(tmp_path)
    four = {date(2025, 6, 17): 400.0, date(2025, 6, 18): 400.0}
    with_days(kept, "ads/last-years", date(2025, 4, 20), date(2025, 6, 25), four)
    with_days(kept, "ads/this-years", date(2026, 4, 20), date(2026, 6, 17), {})
    return kept


def test_last_years_burst_moves_the_belief(store: Store) -> None:
    goods = [Product(ProductId("P1"))]
    calendar = (LAST_YEAR, THIS_YEAR)
    found = past_bursts(store, calendar, goods, CNY, {}, "UTC", NOW, NOW.date())
    ((logs, noise),) = found[lift_key(THIS_YEAR)]
    assert len(logs) == 2
    assert all(one == pytest.approx(1.386, abs=0.05) for one in logs)
    assert noise == pytest.approx(0.1)
    assert past_bursts(store, calendar, goods, CNY, {}, "UTC", NOW - timedelta(days=90), date(2026, 3, 19)) == {}
    assert past_bursts(store, (THIS_YEAR,), goods, CNY, {}, "UTC", NOW, NOW.date()) == {}


def test_a_decision_knows_it(store: Store, tmp_path: Path) -> None:
    (tmp_path / "bidder.yaml").write_text(
        "shop: {currency: CNY, timezone: UTC}\nbudget: {day: {max: 900}}\ncalendar: calendar.yaml\n"
        "accounts: [{name: ads, platform: sandbox, timezone: UTC}]\n",
        "utf-8",
    )
    years = "".join(
        f'- {{name: 618, lift: 1.5, phases: [{{phase: burst, from: "{year}-06-17 00:00", to: {year}-06-18}}]}}\n'
        for year in (2025, 2026)
    )
    (tmp_path / "calendar.yaml").write_text(years, "utf-8")
    config = load(tmp_path / "bidder.yaml", env={})
    snapshot = cycle.snapshot_of(config, store, NOW)
    assert snapshot.currency == Currency("CNY")
    lift = learned_lift(snapshot, snapshot.calendar[1])
    assert lift.days == 2
    assert 3.3 < lift.mean < 4.1  # of 1.5 without last year
