"""The contract's cases of what platforms do on the wire: tokens, pages of HTML, half successes, versions that end.

A platform's fake takes the faults that it can have and raises NotOffered for the others. Handles beside FakePlatform's
own are optional attributes: `shared` (a BudgetId with several campaigns), `becomes(currency)` (the account is in
another currency from now on), `secrets` (what must never be said), `lacks` (fields of Performance that the
platform has not).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bidder.account_day import AccountDay
from bidder.errors import ConnectorError
from bidder.money import Currency
from bidder.plan import Applied, Refused
from bidder.testing.case import a_row, another_amount, case, day_of, days_of, error_of, fails_to_read
from bidder.testing.platform import FakePlatform, NotOffered, ReadFault, WriteFault

__all__ = ["WireContract"]


class WireContract:
    """C47 to C60."""

    def platform(self) -> FakePlatform:
        """A new platform, not started."""
        raise NotImplementedError

    @case
    async def test_c47_a_report_that_is_not_ready_is_an_error_and_never_empty(self, platform: FakePlatform) -> None:
        platform.report([a_row(platform, 1)])
        platform.fail_next_read(ReadFault.NOT_READY)
        error = await error_of(platform.reader().performance(day_of(platform, 2), day_of(platform, 1)))
        assert error.waiting_helps, "C47: it will be ready later"

    @case
    async def test_c48_a_page_of_html_is_an_error_and_never_empty(self, platform: FakePlatform) -> None:
        await fails_to_read(platform, ReadFault.PAGE)

    @case
    async def test_c49_an_expired_token_is_renewed_once_and_the_read_comes_through(
        self, platform: FakePlatform
    ) -> None:
        platform.report([a_row(platform, 1)])
        for read in ("budgets", "performance", "read"):
            platform.fail_next_read(ReadFault.EXPIRED)
            match read:
                case "budgets":
                    assert await platform.reader().budgets(), "C49: budgets"
                case "performance":
                    day = day_of(platform, 1)
                    assert len(await platform.reader().performance(day, day)) == 1, "C49: performance"
                case _:
                    assert (await platform.writer().read(platform.budgets[0])).now is not None, "C49: read"

    @case
    async def test_c50_a_write_with_an_expired_token_lands_once(self, platform: FakePlatform) -> None:
        budget, writer = platform.budgets[0], platform.writer()
        amount = await another_amount(platform, budget)
        await writer.read(budget)
        platform.fail_next_write(WriteFault.EXPIRED)
        assert await writer.set(budget, amount) == Applied(amount), "C50: the 401 proved that nothing was done"
        assert platform.in_force(budget) == amount, "C50: in force"
        assert platform.mutations == 2, "C50: the refused one and the good one"

    @case
    async def test_c51_refused_credentials_are_said_and_not_tried_again_and_again(self, platform: FakePlatform) -> None:
        reader, day = platform.reader(), day_of(platform, 1)
        platform.fail_next_read(ReadFault.REFUSED)
        for reading in (reader.budgets(), reader.performance(day, day)):
            error = await error_of(reading)
            assert (error.error, error.waiting_helps) == ("auth", False), f"C51: {error}"

    @case
    async def test_c52_a_failure_has_its_class(self, platform: FakePlatform) -> None:
        day = day_of(platform, 1)
        platform.report([a_row(platform, 1)])
        classes = {
            ReadFault.ERROR: "http_5xx",
            ReadFault.THROTTLED: "throttled",
            ReadFault.CUT: "connect",
            ReadFault.UNREADABLE: "decode",
            ReadFault.RESHAPED: "schema",
        }
        for fault, expected in classes.items():
            platform.fail_next_read(fault)
            error = await error_of(platform.reader().performance(day, day))
            assert error.error == expected, f"C52: {fault} is {error.error}"

    @case
    async def test_c53_an_account_that_was_throttled_is_left_alone_for_as_long_as_asked(
        self, platform: FakePlatform
    ) -> None:
        reader = platform.reader()
        platform.fail_next_read(ReadFault.THROTTLED_LONG)
        for _ in range(2):
            error = await error_of(reader.budgets())
            assert (error.error, error.waiting_helps) == ("throttled", True), f"C53: {error}"
        budget = platform.budgets[0]
        assert platform.mutations == 0, "C53: nothing is written meanwhile"
        assert platform.in_force(budget) is not None, "C53: amounts"

    @case
    async def test_c54_a_version_that_has_ended_is_said_with_what_to_change(self, platform: FakePlatform) -> None:
        platform.fail_next_read(ReadFault.ENDED)
        error = await error_of(platform.reader().budgets())
        assert "api_version" in error.reason, f"C54: {error.reason}"
        assert not error.waiting_helps, "C54: waiting does not bring it back"

    @case
    async def test_c55_an_error_inside_a_success_is_no_success(self, platform: FakePlatform) -> None:
        budget = platform.budgets[0]
        before, amount = platform.in_force(budget), await another_amount(platform, budget)
        platform.fail_next_write(WriteFault.PARTIAL)
        outcome = await platform.writer().set(budget, amount)
        assert isinstance(outcome, Refused), f"C55: {outcome}"
        assert outcome.reason, "C55: the platform's reason"
        assert platform.in_force(budget) == before, "C55: in force"
        assert platform.mutations == 1, "C55: not sent again"

    @case
    async def test_c56_a_shared_budget_is_read_once_and_written_once(self, platform: FakePlatform) -> None:
        shared = getattr(platform, "shared", None)
        if shared is None:
            raise NotOffered("no shared budgets")
        found = [one for one in await platform.reader().budgets() if one.id == shared]
        assert len(found) == 1, "C56: once"
        assert len(found[0].campaigns) > 1, "C56: all its campaigns"
        amount = await another_amount(platform, shared)
        assert await platform.writer().set(shared, amount) == Applied(amount), "C56: outcome"
        assert (platform.mutations, platform.in_force(shared)) == (1, amount), "C56: one request"

    @case
    async def test_c57_days_of_23_and_25_hours_are_whole_days(self, platform: FakePlatform) -> None:
        day = AccountDay.of(platform.now(), platform.account.timezone)
        odd = [one for one in (day.next(k) for k in range(400)) if one.length != timedelta(hours=24)]
        if not odd:
            raise NotOffered("a zone without summer time")
        for one in odd:
            platform.advance(one.end_at + timedelta(hours=1))
            platform.report([a_row(platform, 0), a_row(platform, 1), a_row(platform, 2)])
            found = await platform.reader().performance(one.date, one.date)
            assert days_of(found) == [one.date], f"C57: {one.date}, {one.length}"

    @case
    async def test_c58_an_account_in_another_currency_is_refused(self, platform: FakePlatform) -> None:
        becomes: Any = getattr(platform, "becomes", None)
        if becomes is None:
            raise NotOffered("its currency is not told")
        becomes(Currency("CHF"))
        day = day_of(platform, 1)
        for reading in (
            platform.reader().budgets(),
            platform.reader().performance(day, day),
            platform.writer().read(platform.budgets[0]),
        ):
            error = await error_of(reading)
            assert "CHF" in error.reason, f"C58: {error.reason}"
            assert not error.waiting_helps, "C58: a person is needed"

    @case
    async def test_c59_no_secret_is_said(self, platform: FakePlatform) -> None:
        secrets: Any = getattr(platform, "secrets", ())
        day, said = day_of(platform, 1), []
        for fault in ReadFault:
            try:
                platform.fail_next_read(fault)
                await platform.reader().performance(day, day)
            except NotOffered:
                continue
            except ConnectorError as e:
                said += [str(e), repr(e), str(e.__cause__), str(e.__context__)]
        for writes in WriteFault:
            try:
                platform.fail_next_write(writes)
                said.append(
                    repr(await platform.writer().set(platform.budgets[0], platform.in_force(platform.budgets[0])))
                )
            except NotOffered:
                continue
        assert said, "C59: something failed"
        assert not [text for text in said for secret in secrets if secret in text], "C59: a secret"

    @case
    async def test_c60_a_quota_that_is_gone_in_the_middle_of_writing_proves_that_nothing_was_done(
        self, platform: FakePlatform
    ) -> None:
        budget = platform.budgets[0]
        before, amount = platform.in_force(budget), await another_amount(platform, budget)
        platform.fail_next_write(WriteFault.THROTTLED)
        outcome = await platform.writer().set(budget, amount)
        assert isinstance(outcome, Refused), f"C60: {outcome}"
        assert platform.in_force(budget) == before, "C60: in force"
