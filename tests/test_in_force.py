"""The amount in force on a day whose report names none comes from what was read back, and from nothing later."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bidder.account_day import AccountDay
from bidder.ids import AccountId, BudgetId
from bidder.in_force import AmountRead, with_amounts
from bidder.money import Currency, Money, currency_of
from bidder.performance import Observation, Performance
from bidder.reports import UNKNOWN_MICROS, Reports

CNY = currency_of("CNY")
ZONE = "Asia/Shanghai"
ADS = AccountId("ads")
DAY = date(2026, 3, 10)


def row(day: date, native: str = "1", amount: Money | None = None, currency: Currency = CNY) -> Observation:
    return Observation(
        account=ADS,
        budget=BudgetId(ADS, native),
        campaign=native,
        product=None,
        day=AccountDay(ZONE, day),
        observed_at=AccountDay(ZONE, day).end_at,
        performance=Performance(spend=Money.parse("20", currency)),
        amount=amount,
    )


def read(amount: str, day: date, hour: float = 0.0, native: str = "1") -> AmountRead:
    return BudgetId(ADS, native), AccountDay(ZONE, day).start_at + timedelta(hours=hour), Money.parse(amount, CNY)


def amounts(rows: list[Observation], *reads: AmountRead, as_of: datetime | None = None) -> list[int | None]:
    found = with_amounts(Reports.of(rows), sorted(reads, key=lambda one: one[1]), as_of).amount.tolist()
    return [None if micros == UNKNOWN_MICROS else micros // 1_000_000 for micros in found]


def test_an_amount_read_once_holds_until_another_is_read() -> None:
    days = [row(DAY + timedelta(days=n)) for n in range(-1, 4)]
    reads = read("80", DAY), read("60", DAY + timedelta(days=2))
    assert amounts(days, *reads) == [None, 80, 80, 60, 60]


def test_of_a_day_with_two_amounts_that_of_its_longer_part_counts() -> None:
    for hour, expected in ((7, 60), (17, 80)):
        assert amounts([row(DAY)], read("80", DAY - timedelta(days=9)), read("60", DAY, hour)) == [expected]
    three = read("80", DAY - timedelta(days=9)), read("60", DAY, 6), read("70", DAY, 20)
    assert amounts([row(DAY)], *three) == [60]


def test_a_day_mostly_before_the_first_reading_keeps_none() -> None:
    assert amounts([row(DAY)], read("80", DAY, 13)) == [None]
    assert amounts([row(DAY)], read("80", DAY, 11)) == [80]


def test_what_the_report_says_stands() -> None:
    assert amounts([row(DAY, amount=Money.parse("50", CNY))], read("80", DAY)) == [50]


def test_an_amount_in_another_currency_is_not_taken() -> None:
    assert amounts([row(DAY, currency=currency_of("USD"))], read("80", DAY)) == [None]


def test_each_budget_has_its_own() -> None:
    rows = [row(DAY, "1"), row(DAY, "2"), row(DAY, "3")]
    assert amounts(rows, read("80", DAY, native="2"), read("70", DAY, native="1")) == [70, 80, None]


def test_a_day_in_a_zone_that_changes_its_clocks() -> None:
    zone, day = "America/New_York", date(2026, 3, 8)  # 23 hours
    one = row(day)
    one = Observation(ADS, one.budget, "1", None, AccountDay(zone, day), one.observed_at, one.performance)
    noon = AccountDay(zone, day).start_at + timedelta(hours=11, minutes=29)
    before = (one.budget, noon - timedelta(days=9), Money.parse("80", CNY))
    assert amounts([one], before, (one.budget, noon, Money.parse("60", CNY))) == [60]
    later = (one.budget, noon + timedelta(minutes=2), Money.parse("60", CNY))
    assert amounts([one], before, later) == [80]


hours = st.integers(0, 20 * 24)
changes = st.lists(st.tuples(st.sampled_from("123"), hours, st.integers(1, 500)), max_size=12)


@given(changes, st.lists(st.tuples(st.sampled_from("1234"), st.integers(0, 20)), min_size=1, max_size=12), hours)
def test_each_row_has_what_a_plain_count_of_minutes_gives(
    made: list[tuple[str, int, int]], asked: list[tuple[str, int]], until: int
) -> None:
    """And nothing that was read after the instant of the decision."""
    begin = AccountDay(ZONE, DAY).start_at
    reads = [(BudgetId(ADS, n), begin + timedelta(hours=at), Money.parse(str(to), CNY)) for n, at, to in made]
    reads.sort(key=lambda one: one[1])
    as_of = begin + timedelta(hours=until)
    rows = [row(DAY + timedelta(days=number), native) for native, number in asked]
    for one, found in zip(rows, with_amounts(Reports.of(rows), reads, as_of).amount.tolist(), strict=True):
        held: dict[int, int] = {}
        end = min(one.day.end_at, as_of)
        for hour in range(24):
            at = one.day.start_at + timedelta(hours=hour)
            if at < end:
                known = [m.micros for b, seen, m in reads if b == one.budget and seen <= at]
                held[known[-1] if known else UNKNOWN_MICROS] = held.get(known[-1] if known else UNKNOWN_MICROS, 0) + 1
        if held:
            assert held.get(found, 0) == max(held.values())


def test_nothing_known_changes_nothing() -> None:
    reports = Reports.of([row(DAY)])
    assert with_amounts(reports, []) is reports
    late = read("80", DAY)
    assert np.array_equal(with_amounts(reports, [late], datetime(2020, 1, 1, tzinfo=UTC)).amount, reports.amount)
