"""The contract's cases of writing: what is set, what a reply proves, what is never sent."""

from __future__ import annotations

from bidder.catalog import BudgetStatus
from bidder.connectors.protocol import AdsReader, BudgetWriter
from bidder.errors import ConnectorError
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money, minor_unit
from bidder.plan import Applied, Outcome, Refused, Unresolved
from bidder.testing.case import another_amount, case, error_of, first_budget
from bidder.testing.platform import FakePlatform, NotOffered, WriteFault

__all__ = ["WritingContract"]


class WritingContract:
    """C25 to C46."""

    def platform(self) -> FakePlatform:
        """A new platform, not started."""
        raise NotImplementedError

    # ---- writing

    @case
    async def test_c25_what_is_set_is_in_force_and_read_back_equal(self, platform: FakePlatform) -> None:
        budget, writer = platform.budgets[0], platform.writer()
        amount = await another_amount(platform, budget)
        assert await writer.set(budget, amount) == Applied(amount), "C25: outcome"
        assert platform.in_force(budget) == amount, "C25: in force (a wrong unit?)"
        assert (await writer.read(budget)).now == amount, "C25: read back"
        assert platform.mutations == 1, "C25: one request"

    @case
    async def test_c26_setting_is_absolute_so_twice_is_as_once(self, platform: FakePlatform) -> None:
        budget, writer = platform.budgets[0], platform.writer()
        amount = await another_amount(platform, budget)
        await writer.set(budget, amount)
        await writer.set(budget, amount)
        assert platform.in_force(budget) == amount, "C26"

    @case
    async def test_c27_setting_touches_no_other_budget(self, platform: FakePlatform) -> None:
        budget, *others = platform.budgets
        before = {one: (platform.in_force(one), platform.status(one)) for one in others}
        await platform.writer().set(budget, await another_amount(platform, budget))
        assert {one: (platform.in_force(one), platform.status(one)) for one in others} == before, "C27"

    @case
    async def test_c28_somebody_elses_edit_is_seen_before_writing(self, platform: FakePlatform) -> None:
        budget, writer = platform.budgets[0], platform.writer()
        await writer.read(budget)
        foreign = await another_amount(platform, budget)
        platform.edit(budget, foreign)
        assert (await writer.read(budget)).now == foreign, "C28: a remembered amount was read"

    @case
    async def test_c29_a_lost_reply_is_unresolved_and_not_sent_again(self, platform: FakePlatform) -> None:
        amount = await self._unresolved(platform, WriteFault.LOST_REPLY)
        assert platform.in_force(platform.budgets[0]) == amount, "C29: the fake applied it"
        assert (await platform.writer().read(platform.budgets[0])).now == amount, "C29: the read-back settles it"

    @case
    async def test_c30_a_lost_request_is_unresolved_and_not_sent_again(self, platform: FakePlatform) -> None:
        before = platform.in_force(platform.budgets[0])
        await self._unresolved(platform, WriteFault.LOST_REQUEST)
        assert (await platform.writer().read(platform.budgets[0])).now == before, "C30: the read-back settles it"

    @case
    async def test_c31_a_server_error_proves_nothing(self, platform: FakePlatform) -> None:
        await self._unresolved(platform, WriteFault.ERROR_APPLIED)

    @case
    async def test_c32_a_server_error_proves_nothing_either_way(self, platform: FakePlatform) -> None:
        await self._unresolved(platform, WriteFault.ERROR_UNAPPLIED)

    @case
    async def test_c33_an_unreadable_reply_proves_nothing(self, platform: FakePlatform) -> None:
        await self._unresolved(platform, WriteFault.UNREADABLE_REPLY)

    @case
    async def test_c34_refused_means_that_nothing_happened(self, platform: FakePlatform) -> None:
        budget = platform.budgets[0]
        before, amount = platform.in_force(budget), await another_amount(platform, budget)
        platform.fail_next_write(WriteFault.THROTTLED)
        outcome = await platform.writer().set(budget, amount)
        assert isinstance(outcome, Refused | Unresolved), f"C34: {outcome}"
        assert platform.in_force(budget) == before, "C34: the fake refused it"
        assert platform.mutations == 1, "C34: not sent again"

    @case
    async def test_c35_less_than_the_platforms_minimum_is_refused_with_the_reason(self, platform: FakePlatform) -> None:
        minimum = (await first_budget(platform)).minimum
        if minimum is None:
            raise NotOffered("no minimum")
        await self._refused(platform, minimum - Money(minor_unit(minimum.currency), minimum.currency))

    @case
    async def test_c36_an_amount_off_the_platforms_step_is_refused_with_the_reason(
        self, platform: FakePlatform
    ) -> None:
        budget = await first_budget(platform)
        unit = minor_unit(budget.currency)
        if budget.step is None or budget.step.micros <= unit:
            raise NotOffered("no step above the minor unit")
        await self._refused(platform, platform.in_force(budget.id) + Money(unit, budget.currency))

    @case
    async def test_c37_nothing_and_less_is_never_sent_as_no_limit(self, platform: FakePlatform) -> None:
        for micros in (0, -1_000_000):
            await self._refused(platform, Money(micros, platform.account.currency))

    @case
    async def test_c38_another_currency_is_never_sent(self, platform: FakePlatform) -> None:
        budget = platform.budgets[0]
        before = platform.in_force(budget)
        other = Currency("JPY" if platform.account.currency != "JPY" else "CNY")
        try:
            outcome: Outcome = await platform.writer().set(budget, Money(1_000_000_000, other))
        except ValueError:
            outcome = Refused("raised")
        assert isinstance(outcome, Refused), f"C38: {outcome}"
        assert (platform.mutations, platform.in_force(budget)) == (0, before), "C38: it was sent"

    @case
    async def test_c39_a_silent_no_op_shows_in_the_read_back(self, platform: FakePlatform) -> None:
        budget, writer = platform.budgets[0], platform.writer()
        before, amount = platform.in_force(budget), await another_amount(platform, budget)
        platform.fail_next_write(WriteFault.SILENT_NOOP)
        await writer.set(budget, amount)
        assert (await writer.read(budget)).now == before, "C39: the read-back must ask the platform"

    @case
    async def test_c40_a_value_that_the_platform_raised_shows_in_the_read_back(self, platform: FakePlatform) -> None:
        budget, writer = platform.budgets[0], platform.writer()
        amount = await another_amount(platform, budget)
        platform.fail_next_write(WriteFault.RAISED)
        await writer.set(budget, amount)
        found = (await writer.read(budget)).now
        assert found == platform.in_force(budget), "C40: the read-back must ask the platform"
        assert found is not None, "C40: an amount"
        assert found > amount, "C40: the fake raised it"

    @case
    async def test_c41_setting_a_paused_budget_does_not_wake_it(self, platform: FakePlatform) -> None:
        budget = platform.budgets[0]
        amount = await another_amount(platform, budget)
        platform.set_status(budget, BudgetStatus.PAUSED)
        await platform.writer().set(budget, amount)
        assert platform.status(budget) is BudgetStatus.PAUSED, "C41"

    @case
    async def test_c42_a_removed_budget_is_refused_and_no_longer_active(self, platform: FakePlatform) -> None:
        budget = platform.budgets[0]
        amount = await another_amount(platform, budget)
        platform.set_status(budget, BudgetStatus.REMOVED)
        assert isinstance(await platform.writer().set(budget, amount), Refused), "C42: outcome"
        found = {one.id: one.status for one in await platform.reader().budgets()}
        assert found.get(budget, BudgetStatus.REMOVED) is BudgetStatus.REMOVED, "C42: status"

    @case
    async def test_c43_a_budget_that_the_platform_does_not_know_is_refused(self, platform: FakePlatform) -> None:
        unknown = BudgetId(platform.account.id, "no-such-budget")
        amount = platform.in_force(platform.budgets[0])
        assert isinstance(await platform.writer().set(unknown, amount), Refused), "C43: outcome"
        await error_of(platform.writer().read(unknown))

    @case
    async def test_c44_another_accounts_budget_is_never_sent(self, platform: FakePlatform) -> None:
        strange = BudgetId(AccountId("somebody-else"), platform.budgets[0].native)
        before = platform.in_force(platform.budgets[0])
        try:
            outcome: Outcome = await platform.writer().set(strange, await another_amount(platform, platform.budgets[0]))
        except (ConnectorError, ValueError):
            outcome = Refused("raised")
        assert isinstance(outcome, Refused), f"C44: {outcome}"
        assert platform.mutations == 0, "C44: it was sent"
        assert platform.in_force(platform.budgets[0]) == before, "C44: amounts"

    @case
    async def test_c45_closing_twice_is_no_error(self, platform: FakePlatform) -> None:
        reader, writer, shop = platform.reader(), platform.writer(), platform.shop()
        assert isinstance(reader, AdsReader), "C45: AdsReader"
        assert isinstance(writer, BudgetWriter), "C45: BudgetWriter"
        closes = [reader.close, writer.close, *([] if shop is None else [shop.close])]
        for close in (*closes, *closes):
            await close()

    @case
    async def test_c46_products_say_what_they_cost_and_what_is_left(self, platform: FakePlatform) -> None:
        shop = platform.shop()
        if shop is None:
            raise NotOffered("no shop")
        found = await shop.products()
        assert len({one.id for one in found}) == len(found) > 0, "C46: a product came twice, or none"
        for one in found:
            assert one.price is None or one.price.micros > 0, f"C46: price of {one.id}"
            assert one.stock is None or one.stock_at is not None, f"C46: stock of {one.id} without its instant"
            assert one.margin is None or one.margin < 1, f"C46: margin of {one.id}"

    async def _unresolved(self, platform: FakePlatform, fault: WriteFault) -> Money:
        """Sets another amount under this fault; returns the amount."""
        budget = platform.budgets[0]
        amount = await another_amount(platform, budget)
        platform.fail_next_write(fault)
        outcome = await platform.writer().set(budget, amount)
        assert isinstance(outcome, Unresolved), f"{fault} proves nothing, was {outcome}"
        assert outcome.reason, "an unresolved write says why"
        assert platform.mutations <= 1, "a write is never sent again blindly"
        return amount

    async def _refused(self, platform: FakePlatform, amount: Money) -> None:
        budget = platform.budgets[0]
        before = platform.in_force(budget)
        outcome = await platform.writer().set(budget, amount)
        assert isinstance(outcome, Refused), f"{amount} {amount.currency} is to be refused, was {outcome}"
        assert outcome.reason, "a refusal says why"
        assert platform.in_force(budget) == before, "refused, and yet something happened"
