"""Everything known becomes one Snapshot, and nothing is counted twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from bidder.catalog import Account, Budget, BudgetStatus, Product
from bidder.errors import ConfigError
from bidder.gather import Known, gather
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import NO_CURRENCY, Money, currency_of
from bidder.report_rows import finest, last_day, only_account
from bidder.reports import Reports
from bidder.snapshot import day_number
from tests.builders import CNY, TODAY, an_observation, reports, yuan

USD = currency_of("USD")
WEEK = [TODAY - timedelta(days=back) for back in range(7, 0, -1)]


def test_the_day_after_the_last_is_decided() -> None:
    shop = gather(reports(*(an_observation(day=day) for day in WEEK)), Known())
    assert shop.day == TODAY
    assert shop.as_of == datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)
    assert shop.currency == CNY
    assert len(shop.history) == 7


def test_days_from_the_decided_one_on_are_not_looked_at() -> None:
    rows = [an_observation(day=day) for day in WEEK]
    future = an_observation(day=TODAY, spend="999.00")
    late = an_observation(day=TODAY + timedelta(days=3), spend="999.00")
    assert np.array_equal(
        gather(reports(*rows, future, late), Known(), day=TODAY).history.spend,
        gather(reports(*rows), Known(), day=TODAY).history.spend,
    )


def test_now_is_the_last_stated_budget_else_the_last_weeks_mean_spend() -> None:
    stated = [an_observation("a/x", day=day, amount="80.00" if day < WEEK[-1] else "90.00") for day in WEEK]
    silent = [an_observation("a/y", day=day, spend="7.00") for day in WEEK]
    older = [an_observation("a/y", day=TODAY - timedelta(days=20), spend="700.00")]
    shop = gather(reports(*stated, *silent, *older), Known())
    now = {str(budget.id): str(budget.now) for budget in shop.budgets}
    assert now == {"a/x": "90.00", "a/y": "7.00"}


def test_a_file_shorter_than_a_week_is_averaged_over_its_own_days() -> None:
    rows = [an_observation("a/x", day=day, spend="9.00") for day in WEEK[:3]]
    assert [str(budget.now) for budget in gather(reports(*rows), Known()).budgets] == ["9.00"]


def test_a_budget_without_spend_for_a_week_was_stopped_by_somebody() -> None:
    old = [an_observation("a/old", day=TODAY - timedelta(days=20))]
    shop = gather(reports(*old, *(an_observation("a/x", day=day) for day in WEEK)), Known())
    status = {budget.id.native: budget.status for budget in shop.budgets}
    assert status == {"old": BudgetStatus.PAUSED, "x": BudgetStatus.ACTIVE}


def test_product_rows_replace_the_campaigns_own_and_keep_its_budget() -> None:
    rows = reports(
        an_observation("a/c", spend="10.00", amount="50.00"),
        an_observation("a/c", product="p1", spend="6.00"),
        an_observation("a/c", product="p2", spend="4.00"),
        an_observation("a/d", spend="3.00"),
    )
    kept = finest(rows)
    assert sorted(kept.spend.tolist()) == [3_000_000, 4_000_000, 6_000_000]
    assert set(kept.amount[kept.budget == "c"].tolist()) == {50_000_000}
    shop = gather(rows, Known(), day=TODAY + timedelta(days=1))
    carrying = shop.budgets[shop.position(BudgetId.parse("a/c"))]
    assert carrying.products == (ProductId("p1"), ProductId("p2"))
    assert str(carrying.now) == "50.00"


def test_what_is_counted_from_the_store_has_one_window_an_account() -> None:
    rows = [an_observation("a/c", day=day, window=window) for day in WEEK for window in (7, 14)]
    assert set(finest(reports(*rows)).window.tolist()) == {14}
    assert len(finest(reports(*rows))) == len(WEEK)


def test_two_attribution_windows_are_never_added_up() -> None:
    rows = [an_observation("a/c", day=day, window=14) for day in WEEK]
    rows += [an_observation("a/c", day=day, window=7) for day in WEEK[:3]]
    assert len(gather(reports(*rows), Known()).history) == 7


def test_the_months_spend_counts_only_this_month_before_the_day() -> None:
    rows = [an_observation(day=date(2026, 2, 28), spend="100.00"), an_observation(day=date(2026, 3, 1), spend="7.50")]
    assert str(gather(reports(*rows), Known()).spent_month) == "7.50"
    assert not gather(reports(*rows), Known(), day=date(2026, 4, 1)).spent_month


def test_what_another_shop_left_in_the_store_in_money_without_a_rate_stops_nothing() -> None:
    mine = [an_observation("cn/x", day=day, spend="9.00") for day in WEEK]
    theirs = [an_observation("us/y", day=day, spend="700.00", currency=USD) for day in WEEK]
    here = Account(AccountId("cn"), "sandbox", CNY, "Asia/Shanghai")
    known = Known(
        accounts=[here],
        budgets=[Budget(BudgetId.parse("us/y"), "y", USD, now=Money.parse("50", USD))],
        products=[Product(ProductId("P"), price=Money.parse("5", USD))],
    )
    shop = gather(reports(*mine, *theirs), known, currency=CNY)
    assert {str(budget.id) for budget in shop.budgets} == {"cn/x"}
    assert not shop.unpriced
    assert str(shop.spent_month) == str(gather(reports(*mine), known, currency=CNY).spent_month)
    assert shop.products[0].price is None


def test_an_account_that_was_taken_out_of_the_configuration_still_counts_in_its_month() -> None:
    mine = [an_observation("cn/x", day=TODAY, spend="9.00")]
    former = [an_observation("us/y", day=TODAY, spend="10.00", currency=USD)]
    here = Account(AccountId("cn"), "sandbox", CNY, "Asia/Shanghai")
    shop = gather(reports(*mine, *former), Known(accounts=[here], exchange={USD: 7.0}), currency=CNY)
    assert str(shop.spent_month) == "79.00"


def test_currencies_without_a_rate_are_refused_with_a_way_out() -> None:
    rows = reports(an_observation("a/x"), an_observation("b/y", currency=USD))
    with pytest.raises(ConfigError, match="--account"):
        gather(rows, Known())
    with pytest.raises(ConfigError, match="no rate"):
        gather(rows, Known(), currency=CNY)
    shop = gather(rows, Known(exchange={USD: 7.0}), currency=CNY, day=TODAY + timedelta(days=1))
    assert str(shop.spent_month) == "80.00"
    assert str(gather(only_account(rows, "b"), Known()).currency) == "USD"


def test_one_account_in_two_currencies_is_refused() -> None:
    with pytest.raises(ConfigError, match="two --account"):
        gather(reports(an_observation("a/x"), an_observation("a/y", currency=USD)), Known())


def test_a_file_without_a_currency_is_planned_without_one() -> None:
    rows = reports(*(an_observation(day=day, currency=NO_CURRENCY) for day in WEEK))
    assert gather(rows, Known()).currency == NO_CURRENCY


def test_campaigns_of_products_csv_name_the_products_where_a_platform_does_not() -> None:
    rows = [an_observation(f"a/{native}", day=day) for day in WEEK for native in ("7", "8", "9")]
    products = (
        Product(ProductId("P1"), campaigns=("7", "8")),
        Product(ProductId("P2"), campaigns=("8",)),
    )
    shop = gather(reports(*rows), Known(products=products))
    carried = {budget.id.native: budget.products for budget in shop.budgets}
    assert carried == {"7": ("P1",), "8": ("P1", "P2"), "9": ()}
    named = {
        budget.id.native: set(shop.history.product[shop.history.budget == i].tolist())
        for i, budget in enumerate(shop.budgets)
    }
    assert len(named["7"] - {-1}) == 1
    assert named["8"] == named["9"] == {-1}


def test_nothing_known_is_said() -> None:
    with pytest.raises(ConfigError, match="import a report first"):
        gather(Reports.of([]), Known())


def test_budgets_as_read_from_the_platform_win_over_what_reports_imply() -> None:
    account = Account(AccountId("a"), "sandbox", CNY, "Asia/Shanghai")
    budget = Budget(BudgetId(AccountId("a"), "x"), "X", CNY, now=yuan(70), products=(ProductId("p9"),))
    gone = an_observation("a/gone", day=WEEK[0])
    stranger = an_observation("b/other", day=WEEK[0])
    known = Known(
        accounts=[account],
        budgets=[budget],
        products=[Product(ProductId("p9"), price=yuan(5))],
        changed={budget.id: 3, BudgetId.parse("a/gone"): 4},
        unresolved={budget.id: yuan(80)},
        foreign={budget.id: datetime(2026, 3, 1, tzinfo=UTC)},
    )
    rows = reports(*(an_observation("a/x", day=day) for day in WEEK), gone, stranger)
    shop = gather(rows, known, day=TODAY, as_of=datetime(2026, 3, 2, 1, tzinfo=UTC))
    assert [str(one.id) for one in shop.budgets] == ["a/x"]
    assert str(shop.budgets[0].now) == "70.00"
    assert dict(shop.changed) == {budget.id: 3}
    assert len(shop.history) == 7
    assert last_day(rows) == day_number(WEEK[-1])


def test_reports_read_back_as_observations() -> None:
    one = an_observation("a/x", product="p", window=14, amount="9.99", seen=datetime(2026, 3, 5, 1, 2, 3, tzinfo=UTC))
    blank = an_observation("a/x", spend=None, clicks=None, impressions=None, orders=None, revenue=None)
    rows = reports(one, blank)
    assert rows.observation(0) == one
    assert rows.observation(1).performance == blank.performance
    assert rows.currency.tolist() == ["CNY", "XXX"]


def test_every_reading_of_a_day_is_there_to_learn_lateness_from() -> None:
    early = an_observation("a/x", day=WEEK[0], orders=1.0, seen=datetime(2026, 2, 24, tzinfo=UTC))
    late = an_observation("a/x", day=WEEK[0], orders=3.0, seen=datetime(2026, 2, 26, tzinfo=UTC))
    other = an_observation("a/gone", day=WEEK[0])
    today = an_observation("a/x", day=TODAY)
    shop = gather(reports(late, other), Known(versions=reports(early, late, other, today)), day=TODAY)
    x = shop.position(BudgetId.parse("a/x"))
    assert sorted(shop.versions.orders[shop.versions.budget == x].tolist()) == [1.0, 3.0]
    assert shop.history.orders[shop.history.budget == x].tolist() == [3.0]
