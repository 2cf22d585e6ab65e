"""The contract's cases of reading: budgets, reports, and reads that fail."""

from __future__ import annotations

from datetime import timedelta

from bidder.account_day import AccountDay
from bidder.catalog import BudgetStatus
from bidder.money import Money
from bidder.testing.case import a_row, another_amount, case, day_of, days_of, error_of, fails_to_read, restated
from bidder.testing.platform import FakePlatform, ReadFault

__all__ = ["ReadingContract"]


class ReadingContract:
    """C01 to C24."""

    def platform(self) -> FakePlatform:
        """A new platform, not started."""
        raise NotImplementedError

    # ---- budgets as they are

    @case
    async def test_c01_every_budget_is_read_once_under_its_own_id(self, platform: FakePlatform) -> None:
        found = await platform.reader().budgets()
        ids = [one.id for one in found]
        assert len(set(ids)) == len(ids), "C01: a budget came twice"
        assert set(platform.budgets) <= set(ids), "C01: a budget is missing"
        assert {one.account for one in ids} == {platform.account.id}, "C01: ids carry the account's alias"

    @case
    async def test_c02_the_amount_in_force_is_read_to_the_minor_unit(self, platform: FakePlatform) -> None:
        budget = platform.budgets[0]
        platform.edit(budget, await another_amount(platform, budget))
        for one in await platform.reader().budgets():
            assert one.now == platform.in_force(one.id), f"C02: {one.id}"
            assert one.read_at is not None, "C02: an amount says when it was read"

    @case
    async def test_c03_the_platforms_own_limits_are_told_in_its_currency(self, platform: FakePlatform) -> None:
        for one in await platform.reader().budgets():
            assert one.currency == platform.account.currency, "C03: currency"
            for limit in (one.minimum, one.step):
                assert limit is None or (limit.currency == one.currency and limit.micros > 0), "C03: minimum and step"
            assert 1.0 <= one.overdelivery < 10, "C03: a platform never spends less than it may"

    @case
    async def test_c04_the_account_is_in_the_platforms_currency_and_zone(self, platform: FakePlatform) -> None:
        for side in (platform.reader(), platform.writer()):
            assert side.account.id == platform.account.id, "C04: alias"
            assert side.account.currency == platform.account.currency, "C04: currency"
            assert side.account.timezone == platform.account.timezone, "C04: zone"

    @case
    async def test_c05_a_paused_budget_is_read_as_paused(self, platform: FakePlatform) -> None:
        budget = platform.budgets[0]
        platform.set_status(budget, BudgetStatus.PAUSED)
        found = {one.id: one.status for one in await platform.reader().budgets()}
        assert found.get(budget) is BudgetStatus.PAUSED, "C05"
        assert found.get(platform.budgets[1]) is BudgetStatus.ACTIVE, "C05: another one"

    # ---- reports

    @case
    async def test_c06_money_and_counts_come_through_exactly(self, platform: FakePlatform) -> None:
        row = a_row(platform, 1, clicks=412, spend=1, orders=7, revenue=99_999_999)
        platform.report([row])
        found = await platform.reader().performance(row.day, row.day)
        assert len(found) == 1, "C06: one row"
        assert found.observation(0).performance == row.performance, "C06: figures"

    @case
    async def test_c07_totals_are_those_of_the_platform(self, platform: FakePlatform) -> None:
        rows = [a_row(platform, age, b, spend=1_000 + 37 * age + b) for age in range(1, 8) for b in range(2)]
        platform.report(rows)
        found = await platform.reader().performance(day_of(platform, 7), day_of(platform, 1))
        for column in ("spend", "revenue"):
            said = sum(getattr(row.performance, column).micros for row in rows)
            assert int(getattr(found, column).sum()) == said, f"C07: {column}"
        for column in ("impressions", "clicks", "orders", "units"):
            if column in getattr(platform, "lacks", ()):
                continue
            said = sum(getattr(row.performance, column) for row in rows)
            assert float(getattr(found, column).sum()) == said, f"C07: {column}"

    @case
    async def test_c08_a_zero_is_zero_and_not_unknown(self, platform: FakePlatform) -> None:
        platform.report([a_row(platform, 1, orders=0, revenue=0)])
        figures = (
            (await platform.reader().performance(day_of(platform, 1), day_of(platform, 1))).observation(0).performance
        )
        assert figures.orders == 0, "C08: orders"
        assert figures.revenue == Money.zero(platform.account.currency), "C08: revenue"

    @case
    async def test_c09_rows_say_account_currency_zone_and_budget(self, platform: FakePlatform) -> None:
        row = a_row(platform, 1)
        platform.report([row])
        one = (await platform.reader().performance(row.day, row.day)).observation(0)
        assert (one.account, one.budget, one.product) == (platform.account.id, row.budget, row.product), "C09: ids"
        assert one.day == AccountDay(platform.account.timezone, row.day), "C09: account day"
        assert one.performance.spend is not None, "C09: spend"
        assert one.performance.spend.currency == platform.account.currency, "C09: currency"

    @case
    async def test_c10_both_ends_of_the_range_belong_to_it_and_nothing_else(self, platform: FakePlatform) -> None:
        platform.report([a_row(platform, age) for age in (5, 4, 3, 2)])
        found = await platform.reader().performance(day_of(platform, 4), day_of(platform, 3))
        assert days_of(found) == [day_of(platform, 4), day_of(platform, 3)], "C10"

    @case
    async def test_c11_a_day_begins_at_the_accounts_midnight(self, platform: FakePlatform) -> None:
        today = AccountDay.of(platform.now(), platform.account.timezone)
        for instant in (today.end_at - timedelta(seconds=1), today.end_at + timedelta(seconds=1)):
            platform.advance(instant)
            running = AccountDay.of(instant, platform.account.timezone).date
            platform.report([a_row(platform, 0), a_row(platform, 1)])
            found = await platform.reader().performance(running, running)
            assert days_of(found) == [running], f"C11: at {instant.isoformat()}"

    @case
    async def test_c12_a_restated_day_replaces_its_figure_and_is_seen_later(self, platform: FakePlatform) -> None:
        day = day_of(platform, 2)
        platform.report([a_row(platform, 2, orders=10)])
        early = (await platform.reader().performance(day, day)).observation(0)
        platform.advance(platform.now() + timedelta(hours=5))
        platform.report([restated(platform, day, orders=13)])
        late = (await platform.reader().performance(day, day)).observation(0)
        assert (early.performance.orders, late.performance.orders) == (10, 13), "C12: figures"
        assert early.observed_at < late.observed_at, "C12: observed_at"
        assert (early.budget, early.campaign, early.product, early.day) == (
            late.budget,
            late.campaign,
            late.product,
            late.day,
        ), "C12: the same row"

    @case
    async def test_c13_a_day_that_arrives_late_is_read_then(self, platform: FakePlatform) -> None:
        platform.report([a_row(platform, 3)])
        early = await platform.reader().performance(day_of(platform, 3), day_of(platform, 2))
        platform.report([a_row(platform, 3), a_row(platform, 2)])
        late = await platform.reader().performance(day_of(platform, 3), day_of(platform, 2))
        assert (len(early), len(late)) == (1, 2), "C13"

    @case
    async def test_c14_an_empty_report_is_no_rows_and_no_error(self, platform: FakePlatform) -> None:
        platform.report([])
        assert len(await platform.reader().performance(day_of(platform, 3), day_of(platform, 1))) == 0, "C14"

    @case
    async def test_c15_a_long_report_comes_whole(self, platform: FakePlatform) -> None:
        rows = [a_row(platform, age, b, clicks=age) for age in range(1, 401) for b in range(2)]
        platform.report(rows)
        found = await platform.reader().performance(day_of(platform, 400), day_of(platform, 1))
        assert len(found) == len(rows), "C15: a page is missing"
        assert float(found.clicks.sum()) == sum(row.performance.clicks or 0 for row in rows), "C15: a page came twice"

    @case
    async def test_c16_instants_of_reading_are_those_of_the_clock(self, platform: FakePlatform) -> None:
        platform.report([a_row(platform, 1)])
        before = platform.now()
        found = (await platform.reader().performance(day_of(platform, 1), day_of(platform, 1))).observation(0)
        assert before <= found.observed_at <= platform.now(), "C16"

    # ---- reading that fails

    @case
    async def test_c17_a_server_error_is_an_error_that_waiting_helps(self, platform: FakePlatform) -> None:
        await fails_to_read(platform, ReadFault.ERROR, waiting_helps=True)

    @case
    async def test_c18_throttling_is_an_error_that_waiting_helps(self, platform: FakePlatform) -> None:
        await fails_to_read(platform, ReadFault.THROTTLED, waiting_helps=True)

    @case
    async def test_c19_a_cut_connection_is_an_error_that_waiting_helps(self, platform: FakePlatform) -> None:
        await fails_to_read(platform, ReadFault.CUT, waiting_helps=True)

    @case
    async def test_c20_an_unreadable_reply_is_an_error_and_never_empty(self, platform: FakePlatform) -> None:
        await fails_to_read(platform, ReadFault.UNREADABLE)

    @case
    async def test_c21_an_unknown_shape_is_an_error_that_names_the_field(self, platform: FakePlatform) -> None:
        platform.report([a_row(platform, 1)])
        platform.fail_next_read(ReadFault.RESHAPED)
        error = await error_of(platform.reader().performance(day_of(platform, 1), day_of(platform, 1)))
        assert "[0]" in error.reason or "." in error.reason, f"C21: no field in {error.reason!r}"

    @case
    async def test_c22_a_report_with_rows_missing_is_an_error(self, platform: FakePlatform) -> None:
        platform.report([a_row(platform, age) for age in (3, 2, 1)])
        platform.fail_next_read(ReadFault.MISSING_ROWS)
        await error_of(platform.reader().performance(day_of(platform, 3), day_of(platform, 1)))

    @case
    async def test_c23_after_a_failed_read_the_next_is_good(self, platform: FakePlatform) -> None:
        platform.report([a_row(platform, 1)])
        platform.fail_next_read(ReadFault.CUT)
        reader = platform.reader()
        await error_of(reader.performance(day_of(platform, 1), day_of(platform, 1)))
        assert len(await reader.performance(day_of(platform, 1), day_of(platform, 1))) == 1, "C23"

    @case
    async def test_c24_reading_changes_nothing(self, platform: FakePlatform) -> None:
        platform.report([a_row(platform, 1)])
        before = {budget: platform.in_force(budget) for budget in platform.budgets}
        reader, writer, shop = platform.reader(), platform.writer(), platform.shop()
        await reader.budgets()
        await reader.performance(day_of(platform, 1), day_of(platform, 1))
        await writer.read(platform.budgets[0])
        if shop is not None:
            await shop.products()
        assert platform.mutations == 0, "C24: a request that changes something was sent"
        assert {budget: platform.in_force(budget) for budget in platform.budgets} == before, "C24: amounts"
