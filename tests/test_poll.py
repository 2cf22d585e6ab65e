"""Asking every platform: one that fails stops no other, and what cannot be true is not believed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.catalog import Budget, BudgetStatus, Product
from bidder.connectors.protocol import AdsReader, BudgetWriter, ShopReader
from bidder.errors import ConnectorError, StoreError
from bidder.ids import AccountId, PlanId, ProductId
from bidder.money import Currency, Money
from bidder.performance import Observation
from bidder.plan import Applied
from bidder.poll import ERRORS, PollResult, error_of, poll
from bidder.poll_rows import quarantined
from bidder.reports import Reports
from bidder.store.protocol import Store
from tests.fakes import FakePlatform, TickingClock, an_account, new_store, observed, yuan

TODAY = date(2026, 11, 23)
CLOCK = TickingClock()
SEEN = CLOCK.now
ADS = an_account()
USD = Currency("USD")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


async def polled(
    store: Store, *platforms: FakePlatform, shops: tuple[ShopReader, ...] = (), days: int = 30, **more: Any
) -> dict[tuple[str, str], PollResult]:
    results = await poll(platforms, shops, store, clock=more.pop("clock", TickingClock()), days=days, **more)
    return {(result.account, result.kind): result for result in results}


def a_platform(name: str = "ads", rows: list[Observation] | None = None, **amounts: str | int) -> FakePlatform:
    account = an_account(name)
    default = [observed(account, TODAY - timedelta(back), SEEN) for back in range(5)]
    return FakePlatform.of(
        amounts or {"b1": 100, "b2": 200}, fake_account=account, rows=default if rows is None else rows
    )


def test_the_fake_keeps_to_the_protocols() -> None:
    assert isinstance(a_platform(), AdsReader)
    assert isinstance(a_platform(), ShopReader)
    assert isinstance(a_platform(), BudgetWriter)


async def test_reports_budgets_and_products_are_saved_and_journaled_once(store: Store) -> None:
    platform = a_platform()
    platform.products_sold = (Product(ProductId("p1"), stock=3, stock_at=SEEN - timedelta(hours=2)),)
    results = await polled(store, platform, shops=(platform,))
    assert {key: (r.ok, r.rows, r.new, r.error) for key, r in results.items()} == {
        ("ads", "budgets"): (True, 2, 0, ""),
        ("ads", "performance"): (True, 5, 5, ""),
        ("ads", "stock"): (True, 1, 0, ""),
    }
    assert results["ads", "stock"].data_at == SEEN - timedelta(hours=2)
    assert [str(one.budget.now) for one in store.budgets()] == ["100.00", "200.00"]
    assert len(store.reports()) == 5
    assert store.products()[0].stock == 3
    assert [line.kind for line in store.journal()] == ["polled"]
    assert len(store.journal()[0].facts["results"]) == 3
    again = await polled(store, platform, shops=(platform,))
    assert again["ads", "performance"].new == 0


async def test_only_the_days_asked_for_are_read(store: Store) -> None:
    assert (await polled(store, a_platform(), days=2))["ads", "performance"].rows == 3


async def test_a_failing_account_stops_no_other(store: Store) -> None:
    broken, sound = a_platform("broken"), a_platform("sound")
    broken.failing = {"budgets", "performance", "products"}
    results = await polled(store, broken, sound, shops=(broken, sound))
    assert {key: (r.ok, r.error) for key, r in results.items()} == {
        **{("broken", kind): (False, "timeout") for kind in ("budgets", "performance", "stock")},
        **{("sound", kind): (True, "") for kind in ("budgets", "performance", "stock")},
    }
    assert {row.budget.id.account for row in store.budgets()} == {"sound"}
    assert all(result.seconds > 0 for result in results.values())
    failed = [fact for fact in store.journal()[0].facts["results"] if not fact["ok"]]
    assert [fact["reason"] for fact in failed] == ["no answer"] * 3


async def test_accounts_are_asked_side_by_side(store: Store) -> None:
    """Each waits for the other: one after the other they would wait for ever."""
    both = asyncio.Barrier(2)

    class Waiting(FakePlatform):
        async def budgets(self) -> Any:
            await both.wait()
            return await super().budgets()

    platforms = [Waiting({"b1": yuan(1)}, fake_account=an_account(name)) for name in ("a", "b")]
    results = await polled(store, *platforms, patience=timedelta(seconds=20))
    assert all(result.ok for result in results.values())


async def test_an_account_that_hangs_is_given_up_on(store: Store) -> None:
    class Hanging(FakePlatform):
        async def budgets(self) -> Any:
            await asyncio.Event().wait()

    hanging = Hanging({"b1": yuan(1)}, rows=[observed(ADS, TODAY, SEEN)])
    results = await polled(store, hanging, patience=timedelta(milliseconds=50))
    assert results["ads", "budgets"].error == "timeout"


async def test_a_store_that_cannot_save_ends_the_poll(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def disk_full(*_: object) -> None:
        raise StoreError("disk is full")

    monkeypatch.setattr(store, "add_reports", disk_full)
    with pytest.raises(StoreError):
        await polled(store, a_platform(), a_platform("other"))


# ---------------------------------------------------------------- budgets


async def test_a_budget_moved_by_somebody_else_is_journaled_once(store: Store) -> None:
    platform, clock = a_platform(), TickingClock()
    await polled(store, platform, clock=clock)
    platform.edit_by_hand("b1", 150)
    await polled(store, platform, clock=clock)
    await polled(store, platform, clock=clock)
    assert [dict(line.facts) for line in store.journal(kind="foreign_edit")] == [
        {"budget": "ads/b1", "expected": "100.00", "found": "150.00", "currency": "CNY", "seen": "poll"}
    ]
    assert store.budgets()[0].budget.now == yuan(150)


async def test_what_a_write_of_unknown_outcome_may_have_set_is_not_foreign(store: Store) -> None:
    platform, clock = a_platform(), TickingClock()
    await polled(store, platform, clock=clock)
    store.begin(PlanId("7f3c"), platform.id("b1"), yuan(100), yuan(150), clock())
    for amount in (150, 100, 130):
        platform.edit_by_hand("b1", amount)
        await polled(store, platform, clock=clock)
    assert [line.facts["found"] for line in store.journal(kind="foreign_edit")] == ["130.00"]


async def test_a_list_that_is_older_than_a_write_shows_no_edit_of_somebody_else(store: Store) -> None:
    platform, clock = a_platform(), TickingClock()
    await polled(store, platform, clock=clock)
    listed = platform.budgets

    async def slowly() -> Sequence[Budget]:
        """Another process writes while the answer is under way."""
        answer = await listed()
        platform.edit_by_hand("b1", 130)
        intent = store.begin(PlanId("7f3c"), platform.id("b1"), yuan(100), yuan(130), clock())
        store.finish(intent, Applied(yuan(130)), clock(), 20_000)
        return answer

    platform.budgets = slowly  # type: ignore[method-assign]  # this answer alone
    await polled(store, platform, clock=clock)
    assert store.journal(kind="foreign_edit") == []
    assert store.budgets()[0].budget.now == yuan(130)


async def test_a_budget_that_is_gone_is_kept_as_removed(store: Store) -> None:
    platform, clock = a_platform(b1=1, b2=2, b3=3, b4=4, b5=5), TickingClock()
    await polled(store, platform, clock=clock)
    del platform.amounts["b1"]
    assert (await polled(store, platform, clock=clock))["ads", "budgets"].ok
    status = {one.budget.id.native: one.budget.status for one in store.budgets()}
    assert status == {"b1": BudgetStatus.REMOVED, **{f"b{n}": BudgetStatus.ACTIVE for n in range(2, 6)}}
    del platform.amounts["b2"]
    assert (await polled(store, platform, clock=clock))["ads", "budgets"].ok, "what was gone before does not count"


async def test_an_answer_that_lacks_most_budgets_is_not_believed(store: Store) -> None:
    platform, clock = a_platform(b1=1, b2=2, b3=3, b4=4, b5=5), TickingClock()
    await polled(store, platform, clock=clock)
    platform.amounts = {name: amount for name, amount in platform.amounts.items() if name in ("b1", "b2")}
    result = (await polled(store, platform, clock=clock))["ads", "budgets"]
    assert (result.ok, result.error) == (False, "schema")
    assert result.reason == "3 of 5 budgets are missing from the answer"
    assert all(one.budget.status is BudgetStatus.ACTIVE for one in store.budgets())


@pytest.mark.parametrize("facts", [{"currency": USD}, {"now": Money(1, USD)}])
async def test_an_account_in_another_currency_is_not_believed(store: Store, facts: dict[str, object]) -> None:
    platform = a_platform()
    platform.facts["b1"] = facts
    result = (await polled(store, platform))["ads", "budgets"]
    assert (result.ok, result.reason) == (False, "is in USD, expected CNY")
    assert store.budgets() == []


# ---------------------------------------------------------------- rows

GOOD = observed(ADS, TODAY - timedelta(1), SEEN, orders=1.0)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("impressions", -1.0),
        ("clicks", np.inf),
        ("clicks", 1001.0),
        ("orders", -0.5),
        ("units", 1e16),
        ("spend", -7),
        ("revenue", -(10**9)),
        ("observed", np.nan),
        ("observed", (SEEN + timedelta(hours=1)).timestamp()),
        ("day", GOOD.day.date.toordinal()),
        ("day", -1),
        ("account", "other"),
        ("currency", "USD"),
    ],
)
async def test_a_row_that_cannot_be_true_is_left_out_and_counted(store: Store, column: str, value: object) -> None:
    reports = Reports.of([GOOD, replace(GOOD, campaign="c2")])
    getattr(reports, column)[1] = value
    assert quarantined(reports, ADS, SEEN).tolist() == [False, True]

    class Odd(FakePlatform):
        async def performance(self, first: date, last: date) -> Reports:
            return reports

    result = (await polled(store, Odd({"b1": yuan(1)})))["ads", "performance"]
    assert (result.ok, result.rows, result.new, result.quarantined) == (True, 2, 1, 1)
    assert store.reports().campaign.tolist() == ["c1"]
    assert json.loads(json.dumps(store.journal()[0].facts["results"][1]))["quarantined"] == 1


def test_a_row_that_says_nothing_is_left_out_and_an_unknown_part_is_not() -> None:
    nothing = observed(ADS, TODAY, SEEN, campaign="c2", impressions=None, clicks=None, spend=None, orders=None)
    partly = observed(ADS, TODAY, SEEN, campaign="c3", impressions=None, orders=None)
    assert quarantined(Reports.of([nothing, partly]), ADS, SEEN).tolist() == [True, False]


def test_two_different_figures_for_one_key_are_both_left_out() -> None:
    rows = [GOOD, replace(GOOD, performance=replace(GOOD.performance, clicks=9)), replace(GOOD, campaign="c2")]
    assert quarantined(Reports.of(rows), ADS, SEEN).tolist() == [True, True, False]
    assert quarantined(Reports.of([GOOD, GOOD]), ADS, SEEN).tolist() == [False, False]


def test_the_day_is_the_accounts_own() -> None:
    late = datetime(2026, 11, 23, 20, tzinfo=UTC)  # the 24th in Shanghai
    account = an_account(zone="Asia/Shanghai")
    row = observed(account, date(2026, 11, 24), late)
    assert quarantined(Reports.of([row]), account, late).tolist() == [False]
    assert quarantined(Reports.of([observed(ADS, date(2026, 11, 24), late)]), ADS, late).tolist() == [True]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from([0.0, 5.0, -1.0, np.nan, np.inf, -np.inf, 1e300]), min_size=4, max_size=4))
def test_whatever_passes_can_be_stored(figures: list[float]) -> None:
    reports = Reports.of([GOOD])
    for name, value in zip(("impressions", "clicks", "orders", "units"), figures, strict=True):
        getattr(reports, name)[0] = value
    bad = quarantined(reports, ADS, SEEN)[0]
    possible = all(value != value or 0 <= value < 1e15 for value in figures)
    assert bad == (not possible or figures[1] > figures[0])


async def test_a_report_that_lacks_most_rows_of_earlier_days_is_not_fresh(store: Store) -> None:
    platform, clock = a_platform(), TickingClock()
    await polled(store, platform, clock=clock)
    everything, platform.rows = platform.rows, platform.rows[:2]  # today and yesterday: the second page is missing
    result = (await polled(store, platform, clock=clock))["ads", "performance"]
    assert (result.ok, result.error, result.data_at) == (False, "schema", None)
    assert result.reason == "3 of 4 rows of earlier days are missing from the answer"
    platform.rows = everything
    assert (await polled(store, platform, clock=clock))["ads", "performance"].ok


async def test_rows_that_a_file_brought_are_not_expected_from_the_platform(store: Store) -> None:
    by_file = [observed(ADS, TODAY - timedelta(back), SEEN, campaign="named otherwise") for back in range(20)]
    store.add_reports(Reports.of(by_file))
    platform, clock = a_platform(), TickingClock()
    for _ in range(2):
        assert (await polled(store, platform, clock=clock))["ads", "performance"].ok


async def test_a_new_account_may_have_nothing_to_report(store: Store) -> None:
    result = (await polled(store, a_platform(rows=[])))["ads", "performance"]
    assert (result.ok, result.rows, result.data_at) == (True, 0, None)


async def test_the_age_of_data_is_that_of_what_it_describes(store: Store) -> None:
    yesterday = [observed(ADS, TODAY - timedelta(1), SEEN)]
    result = (await polled(store, a_platform(rows=yesterday)))["ads", "performance"]
    assert result.data_at == datetime(2026, 11, 23, tzinfo=UTC), "the end of the newest day"
    both = [*yesterday, observed(ADS, TODAY, SEEN)]
    result = (await polled(store, a_platform(rows=both)))["ads", "performance"]
    assert result.data_at == SEEN, "a running day is known up to when it was seen"


async def test_an_impossible_stock_is_left_out(store: Store) -> None:
    platform = a_platform()
    platform.products_sold = (Product(ProductId("p1"), stock=-1), Product(ProductId("p2"), stock=0))
    result = (await polled(store, shops=(platform,)))["ads", "stock"]
    assert (result.rows, result.quarantined) == (2, 1)
    assert [one.id for one in store.products()] == ["p2"]
    assert result.data_at is not None


# ---------------------------------------------------------------- failures


def a_connector_error(error: str = "other", cause: BaseException | None = None) -> ConnectorError:
    e = ConnectorError(AccountId("ads"), "report", "no", error=error)
    e.__cause__ = cause
    return e


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (a_connector_error("throttled"), "throttled"),
        (a_connector_error("nonsense"), "other"),
        (a_connector_error("other", TimeoutError()), "timeout"),
        (a_connector_error(), "other"),
        (TimeoutError(), "timeout"),
        (ConnectionResetError(), "connect"),
        (json.JSONDecodeError("x", "y", 0), "decode"),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "x"), "decode"),
        (KeyError("data"), "schema"),
        (RuntimeError(), "other"),
    ],
)
def test_every_failure_has_a_class_that_the_metrics_know(failure: Exception, expected: str) -> None:
    assert error_of(failure) == expected
    assert expected in ERRORS


async def test_what_a_connector_throws_is_not_quoted(store: Store) -> None:
    class Leaking(FakePlatform):
        async def budgets(self) -> Any:
            raise RuntimeError("https://user:secret@platform.example")

    result = (await polled(store, Leaking({"b1": yuan(1)})))["ads", "budgets"]
    assert (result.error, result.reason) == ("other", "RuntimeError")
    assert "secret" not in repr(store.journal())
