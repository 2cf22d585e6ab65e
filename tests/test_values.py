"""Ids, account days, ratios, unit economics: small values with one meaning each."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from bidder.account_day import AccountDay
from bidder.economics import UnitEconomics
from bidder.errors import (
    BidderError,
    ConfigError,
    ConnectorError,
    Fault,
    ImportRefused,
    SolveError,
    Source,
    StaleData,
    UnsafePlan,
)
from bidder.ids import AccountId, BudgetId, CampaignId, alias_of
from bidder.performance import ACOS, AOV, CPC, CTR, CVR, RATIOS, ROAS, Performance
from tests.builders import yuan


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Shanghai", date(2026, 3, 29), 24),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Pacific/Kiritimati", date(2028, 2, 29), 24),
    ],
)
def test_a_day_is_as_long_as_its_zone_says(zone: str, day: date, hours: int) -> None:
    one = AccountDay(zone, day)
    assert one.length == timedelta(hours=hours)
    assert AccountDay.of(one.start_at, zone) == one
    assert AccountDay.of(one.end_at - timedelta(microseconds=1), zone) == one
    assert AccountDay.of(one.end_at, zone) == one.next()
    assert one.next(-1).next() == one


def test_the_day_is_the_accounts_and_not_utc() -> None:
    instant = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)
    assert AccountDay.of(instant, "Asia/Shanghai").date == date(2026, 3, 2)
    assert AccountDay.of(instant, "America/Los_Angeles").date == date(2026, 3, 1)
    with pytest.raises(ValueError, match="aware"):
        AccountDay.of(datetime(2026, 3, 1), "UTC")


def test_a_budget_id_reads_back_and_names_what_is_wrong() -> None:
    one = BudgetId(AccountId("wxt"), "a/b 计划")
    assert BudgetId.parse(str(one)) == one
    assert str(CampaignId(AccountId("wxt"), "7")) == "wxt/7"
    for text in ("wxt", "wxt/", "/x"):
        with pytest.raises(ValueError, match=r"account|budget"):
            BudgetId.parse(text)
    with pytest.raises(ValueError, match="account"):
        BudgetId.parse("WXT/1")


@pytest.mark.parametrize(("text", "alias"), [("Tea House", "tea-house"), ("半日闲", "shop"), ("a" * 40, "a" * 32)])
def test_any_text_has_an_alias(text: str, alias: str) -> None:
    assert alias_of(text) == alias


def test_ratios_are_of_sums_and_unknown_over_nothing() -> None:
    week = Performance(impressions=1000, clicks=50, spend=yuan(100), orders=5, revenue=yuan(400))
    assert (CTR.of(week), CPC.of(week), CVR.of(week)) == (0.05, 2.0, 0.1)
    assert (AOV.of(week), ROAS.of(week), ACOS.of(week)) == (80.0, 4.0, 0.25)
    assert CTR.of(Performance(clicks=3)) is None
    assert CVR.of(Performance(clicks=0, orders=0.0)) is None
    column = CTR.column(np.array([1.0, 2.0, 0.0]), np.array([10.0, 0.0, 0.0]))
    assert column[0] == 0.1
    assert np.isnan(column[1:]).all()
    assert set(RATIOS) == {"ctr", "cpc", "cvr", "aov", "roas", "acos"}


@pytest.mark.parametrize(
    ("facts", "contribution", "break_even"),
    [
        ((268, 112, 0.041, 6.0, 6.0, 0.9, 0.06, 0.95), 123.08, 2.18),
        ((39.9, 11.5, 0.041, 3.8, 1.0, 0.5, 0.03, 0.8), 20.59, 1.94),
        ((199, 96, 0.071, 16.0, 7.0, 2.4, 0.18, 0.8), 44.02, 4.52),
    ],
)
def test_break_even_is_the_operators(facts: tuple[float, ...], contribution: float, break_even: float) -> None:
    price, cost, fee_rate, ship, pack, insurance, returned, resale = facts
    one = UnitEconomics(price, cost, fee_rate, ship, pack, insurance, returned, resale)
    assert round(one.contribution, 2) == contribution
    assert one.break_even_roas is not None
    assert round(one.break_even_roas, 2) == break_even
    assert one.margin == pytest.approx(1 / one.break_even_roas)


def test_no_roas_saves_an_order_that_loses_money() -> None:
    assert UnitEconomics(price=10, cost=12).break_even_roas is None


def test_errors_say_where_and_what() -> None:
    second = Fault(Source("rules.yaml", 9, 3), "shre: no such word")
    first = Fault(Source("rules.yaml", 4), "too much")
    error = ConfigError([second, first])
    assert str(error) == "rules.yaml:4  too much\nrules.yaml:9:3  shre: no such word"
    assert str(Fault(None, "nothing")) == "nothing"
    assert isinstance(ImportRefused([first]), ConfigError)
    assert str(ConnectorError("wxt", "report", "500", waiting_helps=True)) == "wxt: report: 500"
    assert "at most" in str(StaleData("wxt", timedelta(hours=30), timedelta(hours=26)))
    assert str(SolveError("no plan", ["a", "b"])) == "no plan: a, b"
    assert str(SolveError("no plan")) == "no plan"
    assert UnsafePlan(["x", "y"]).reasons == ("x", "y")
    assert issubclass(ConfigError, BidderError)
