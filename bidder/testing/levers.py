"""What every connector that offers bids or targets must do beside the other cases, numbered B01 to B34.

class TestBids(LeverContract):
    def platform(self) -> FakeLevers:
        return MyFake()
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bidder.bidding import Lever, LeverId, LeverKind, LeverOutcome
from bidder.connectors.protocol import BidReader, BidWriter
from bidder.errors import ConnectorError
from bidder.ids import AccountId
from bidder.money import Money, minor_unit
from bidder.outcome import Applied, Refused, Unresolved
from bidder.performance import Performance
from bidder.testing.case import case, day_of, error_of
from bidder.testing.lever_platform import FakeLevers, LeverRow
from bidder.testing.platform import NotOffered, ReadFault, WriteFault

__all__ = ["LeverContract"]


class LeverContract:
    """Reading B01 to B14, writing B15 to B34."""

    def platform(self) -> FakeLevers:
        """A new platform, not started."""
        raise NotImplementedError

    # ---- reading

    @case
    async def test_b01_every_bid_is_read_once_with_the_value_in_force(self, platform: FakeLevers) -> None:
        found = await _reader(platform).levers()
        values = {one.id: one.now for one in found}
        assert len(values) == len(found), "B01: one came twice"
        expected = {one: platform.lever_in_force(one) for one in platform.levers}
        assert {one: values.get(one) for one in expected} == expected, "B01: a value (a wrong unit, a page missing?)"

    @case
    async def test_b02_a_bid_has_a_name_a_currency_and_the_budget_that_pays(self, platform: FakeLevers) -> None:
        budgets = {one.id for one in await platform.reader().budgets()}
        for one in await _reader(platform).levers():
            assert one.name, f"B02: {one.id} has no name"
            assert one.currency == platform.account.currency, f"B02: {one.id}: currency"
            assert one.read_at is not None, f"B02: {one.id}: when it was read"
            assert one.budget in budgets, f"B02: {one.id}: no such budget: {one.budget}"

    @case
    async def test_b03_the_value_in_force_is_one_that_the_platform_takes(self, platform: FakeLevers) -> None:
        for one in await _reader(platform).levers():
            if one.now is not None:
                assert one.minimum is None or one.now >= one.minimum, f"B03: {one.id} below its minimum"
                assert one.maximum is None or one.now <= one.maximum, f"B03: {one.id} above its maximum"
                assert one.step is None or one.now % one.step == 0, f"B03: {one.id} off its step"

    @case
    async def test_b04_an_inherited_bid_says_whose_it_is(self, platform: FakeLevers) -> None:
        if platform.inheriting is None:
            raise NotOffered("nothing is inherited")
        found = {one.id: one for one in await _reader(platform).levers()}[platform.inheriting]
        assert found.now is None, "B04: it has no value of its own"
        assert found.inherited, "B04: whose value holds"

    @case
    async def test_b05_what_is_paused_is_not_active(self, platform: FakeLevers) -> None:
        paused = platform.levers[1]
        platform.pause_lever(paused)
        found = {one.id: one.active for one in await _reader(platform).levers()}
        assert found.get(paused, False) is False, "B05: the paused one"
        assert found[platform.levers[0]] is True, "B05: another"

    @case
    async def test_b06_figures_are_those_of_the_report(self, platform: FakeLevers) -> None:
        rows = [_row(platform, one, age) for one in platform.figured for age in (1, 2)]
        platform.report_levers(rows)
        found = await _reader(platform).lever_reports(day_of(platform, 2), day_of(platform, 1))
        assert {(one.lever, one.day): one.performance for one in found} == {
            (row.lever, row.day): row.performance for row in rows
        }, "B06: figures (a wrong unit?)"
        assert len(found) == len(rows), "B06: a row came twice"

    @case
    async def test_b07_shares_and_ranks_are_told_as_parts_and_places(self, platform: FakeLevers) -> None:
        row = replace(_row(platform, platform.figured[0], 1), rank=None, share=None, top_share=None)
        told = [getattr(_row(platform, platform.figured[0], 1), name) for name in ("rank", "share", "top_share")]
        platform.report_levers([_row(platform, platform.figured[0], 1)])
        found = (await _reader(platform).lever_reports(row.day, row.day))[0]
        assert [found.rank, found.share, found.top_share] == told, "B07"
        assert all(one is None or 0 <= one <= 1 for one in (found.share, found.top_share)), "B07: a part of a whole"

    @case
    async def test_b08_only_the_days_asked_for_come(self, platform: FakeLevers) -> None:
        platform.report_levers([_row(platform, platform.figured[0], age) for age in (0, 1, 2, 3)])
        first = day_of(platform, 2)
        found = await _reader(platform).lever_reports(first, first + timedelta(days=1))
        assert sorted(one.day for one in found) == [first, first + timedelta(days=1)], "B08"

    @case
    async def test_b09_no_figures_are_no_rows(self, platform: FakeLevers) -> None:
        platform.report_levers([])
        day = day_of(platform, 1)
        assert list(await _reader(platform).lever_reports(day, day)) == [], "B09"

    @case
    async def test_b10_restated_figures_are_another_sighting(self, platform: FakeLevers) -> None:
        row, reader = _row(platform, platform.figured[0], 1), _reader(platform)
        platform.report_levers([row])
        before = (await reader.lever_reports(row.day, row.day))[0]
        later = replace(row, performance=replace(row.performance, orders=(row.performance.orders or 0) + 3))
        platform.report_levers([later])
        after = (await _reader(platform).lever_reports(row.day, row.day))[0]
        assert (after.performance.orders or 0) - (before.performance.orders or 0) == 3, "B10: a remembered report"
        assert after.observed_at > before.observed_at, "B10: when it was seen"

    @case
    async def test_b11_a_read_that_fails_is_an_error_and_no_empty_list(self, platform: FakeLevers) -> None:
        day = day_of(platform, 1)
        for read in (lambda: _reader(platform).levers(), lambda: _reader(platform).lever_reports(day, day)):
            platform.fail_next_read(ReadFault.ERROR)
            assert (await error_of(read())).waiting_helps, "B11: waiting helps"

    @case
    async def test_b12_what_cannot_be_read_is_an_error(self, platform: FakeLevers) -> None:
        platform.fail_next_read(ReadFault.UNREADABLE)
        await error_of(_reader(platform).levers())

    @case
    async def test_b13_one_bid_is_read_as_in_the_list(self, platform: FakeLevers) -> None:
        listed = {one.id: one for one in await _reader(platform).levers()}
        for one in platform.levers[:3]:
            found = await _writer(platform).read_lever(one)
            same = replace(listed[one], read_at=found.read_at, product=found.product, first_page=found.first_page)
            assert found == same, f"B13: {one}"

    @case
    async def test_b14_reader_and_writer_say_what_they_offer(self, platform: FakeLevers) -> None:
        assert isinstance(platform.reader(), BidReader), "B14: BidReader"
        assert isinstance(platform.writer(), BidWriter), "B14: BidWriter"

    # ---- writing

    @case
    async def test_b15_what_is_set_is_in_force_and_read_back_equal(self, platform: FakeLevers) -> None:
        kinds = {one.kind: one for one in reversed(platform.levers)}
        for count, one in enumerate(kinds.values(), 1):
            value, writer = await _another(platform, one), _writer(platform)
            assert await writer.set_lever(one, value) == Applied(value), f"B15: outcome of {one}"
            assert platform.lever_in_force(one) == value, f"B15: in force of {one} (a wrong unit?)"
            assert (await writer.read_lever(one)).now == value, f"B15: read back of {one}"
            assert platform.mutations == count, "B15: one request"

    @case
    async def test_b16_setting_is_absolute_so_twice_is_as_once(self, platform: FakeLevers) -> None:
        lever, writer = platform.levers[0], _writer(platform)
        value = await _another(platform, lever)
        await writer.set_lever(lever, value)
        await writer.set_lever(lever, value)
        assert platform.lever_in_force(lever) == value, "B16"

    @case
    async def test_b17_setting_touches_nothing_else(self, platform: FakeLevers) -> None:
        lever, *others = platform.levers
        before = _everything(platform, others)
        await _writer(platform).set_lever(lever, await _another(platform, lever))
        assert _everything(platform, others) == before, "B17"

    @case
    async def test_b18_somebody_elses_edit_is_seen_before_writing(self, platform: FakeLevers) -> None:
        lever, writer = platform.levers[0], _writer(platform)
        await writer.read_lever(lever)
        foreign = await _another(platform, lever)
        platform.edit_lever(lever, foreign)
        assert (await writer.read_lever(lever)).now == foreign, "B18: a remembered value was read"

    @case
    async def test_b19_a_lost_reply_is_unresolved_and_not_sent_again(self, platform: FakeLevers) -> None:
        value = await self._unresolved(platform, WriteFault.LOST_REPLY)
        assert platform.lever_in_force(platform.levers[0]) == value, "B19: the fake applied it"
        assert (await _writer(platform).read_lever(platform.levers[0])).now == value, "B19: the read-back settles it"

    @case
    async def test_b20_a_lost_request_is_unresolved_and_not_sent_again(self, platform: FakeLevers) -> None:
        before = platform.lever_in_force(platform.levers[0])
        await self._unresolved(platform, WriteFault.LOST_REQUEST)
        assert (await _writer(platform).read_lever(platform.levers[0])).now == before, "B20: the read-back settles it"

    @case
    async def test_b21_a_server_error_proves_nothing(self, platform: FakeLevers) -> None:
        await self._unresolved(platform, WriteFault.ERROR_APPLIED)

    @case
    async def test_b22_a_server_error_proves_nothing_either_way(self, platform: FakeLevers) -> None:
        await self._unresolved(platform, WriteFault.ERROR_UNAPPLIED)

    @case
    async def test_b23_an_unreadable_reply_proves_nothing(self, platform: FakeLevers) -> None:
        await self._unresolved(platform, WriteFault.UNREADABLE_REPLY)

    @case
    async def test_b24_a_throttled_write_did_nothing_and_is_not_sent_again(self, platform: FakeLevers) -> None:
        lever = platform.levers[0]
        before, value = platform.lever_in_force(lever), await _another(platform, lever)
        platform.fail_next_write(WriteFault.THROTTLED)
        outcome = await _writer(platform).set_lever(lever, value)
        assert isinstance(outcome, Refused | Unresolved), f"B24: {outcome}"
        assert platform.lever_in_force(lever) == before, "B24: the fake refused it"
        assert platform.mutations == 1, "B24: not sent again"

    @case
    async def test_b25_an_error_inside_a_success_is_no_success(self, platform: FakeLevers) -> None:
        lever = platform.levers[0]
        value = await _another(platform, lever)
        platform.fail_next_write(WriteFault.PARTIAL)
        outcome = await _writer(platform).set_lever(lever, value)
        assert isinstance(outcome, Refused | Unresolved), f"B25: {outcome}"
        assert outcome.reason, "B25: why"

    @case
    async def test_b26_less_than_the_platforms_minimum_is_refused_with_the_reason(self, platform: FakeLevers) -> None:
        one = await _first(platform)
        if one.minimum is None:
            raise NotOffered("no minimum")
        await self._refused(platform, one.minimum - (one.step or minor_unit(one.currency)))

    @case
    async def test_b27_more_than_the_platforms_maximum_is_refused_with_the_reason(self, platform: FakeLevers) -> None:
        one = await _first(platform)
        if one.maximum is None:
            raise NotOffered("no maximum")
        await self._refused(platform, one.maximum + (one.step or minor_unit(one.currency)))

    @case
    async def test_b28_a_value_off_the_platforms_step_is_never_sent(self, platform: FakeLevers) -> None:
        one = await _first(platform)
        if one.step is None or one.step <= 1:
            raise NotOffered("no step")
        await self._refused(platform, platform.lever_in_force(one.id) + 1)
        assert platform.mutations == 0, "B28: it was sent"

    @case
    async def test_b29_nothing_and_less_is_never_sent(self, platform: FakeLevers) -> None:
        for value in (0, -1_000_000):
            await self._refused(platform, value)
        assert platform.mutations == 0, "B29: it was sent"

    @case
    async def test_b30_a_silent_no_op_or_a_raised_value_shows_in_the_read_back(self, platform: FakeLevers) -> None:
        lever, writer = platform.levers[0], _writer(platform)
        for fault in (WriteFault.SILENT_NOOP, WriteFault.RAISED):
            platform.fail_next_write(fault)
            await writer.set_lever(lever, await _another(platform, lever))
            found = (await writer.read_lever(lever)).now
            assert found == platform.lever_in_force(lever), f"B30: {fault}: the read-back must ask the platform"

    @case
    async def test_b31_setting_a_paused_bid_does_not_wake_it(self, platform: FakeLevers) -> None:
        lever = platform.levers[0]
        value = await _another(platform, lever)
        platform.pause_lever(lever)
        await _writer(platform).set_lever(lever, value)
        assert platform.lever_active(lever) is False, "B31"

    @case
    async def test_b32_what_was_removed_or_never_was_is_refused(self, platform: FakeLevers) -> None:
        lever = platform.levers[0]
        value, unknown = await _another(platform, lever), replace(lever, native="no-such-bid")
        platform.remove_lever(lever)
        for one in (lever, unknown):
            assert isinstance(await _writer(platform).set_lever(one, value), Refused), f"B32: {one}"
        await error_of(_writer(platform).read_lever(unknown))

    @case
    async def test_b33_another_accounts_bid_is_never_sent(self, platform: FakeLevers) -> None:
        strange = replace(platform.levers[0], account=AccountId("somebody-else"))
        value = await _another(platform, platform.levers[0])
        try:
            outcome: LeverOutcome = await _writer(platform).set_lever(strange, value)
        except (ConnectorError, ValueError):
            outcome = Refused("raised")
        assert isinstance(outcome, Refused), f"B33: {outcome}"
        assert platform.mutations == 0, "B33: it was sent"

    @case
    async def test_b34_a_kind_that_the_platform_has_not_is_never_sent(self, platform: FakeLevers) -> None:
        missing = [kind for kind in LeverKind if kind not in {one.kind for one in platform.levers}]
        if not missing:
            raise NotOffered("every kind is offered")
        for kind in missing:
            strange = replace(platform.levers[0], kind=kind)
            outcome = await _writer(platform).set_lever(strange, platform.lever_in_force(platform.levers[0]))
            assert isinstance(outcome, Refused), f"B34: {kind}: {outcome}"
        assert platform.mutations == 0, "B34: it was sent"

    async def _unresolved(self, platform: FakeLevers, fault: WriteFault) -> int:
        lever = platform.levers[0]
        value = await _another(platform, lever)
        platform.fail_next_write(fault)
        outcome = await _writer(platform).set_lever(lever, value)
        assert isinstance(outcome, Unresolved), f"{fault} proves nothing, was {outcome}"
        assert outcome.reason, "an unresolved write says why"
        assert platform.mutations <= 1, "a write is never sent again blindly"
        return value

    async def _refused(self, platform: FakeLevers, value: int) -> None:
        lever = platform.levers[0]
        before = platform.lever_in_force(lever)
        outcome = await _writer(platform).set_lever(lever, value)
        assert isinstance(outcome, Refused), f"{value} is to be refused, was {outcome}"
        assert outcome.reason, "a refusal says why"
        assert platform.lever_in_force(lever) == before, "refused, and yet something happened"


def _reader(platform: FakeLevers) -> BidReader:
    reader = platform.reader()
    assert isinstance(reader, BidReader)
    return reader


def _writer(platform: FakeLevers) -> BidWriter:
    writer = platform.writer()
    assert isinstance(writer, BidWriter)
    return writer


async def _first(platform: FakeLevers) -> Lever:
    return await _writer(platform).read_lever(platform.levers[0])


async def _another(platform: FakeLevers, lever: LeverId) -> int:
    """A value that the platform takes and that is not in force: a few steps more."""
    read = await _writer(platform).read_lever(lever)
    return platform.lever_in_force(lever) + 3 * (read.step or 10_000)


def _everything(platform: FakeLevers, levers: list[LeverId]) -> list[object]:
    budgets = [(platform.in_force(one), platform.status(one)) for one in platform.budgets]
    return [*budgets, *((platform.lever_in_force(one), platform.lever_active(one)) for one in levers)]


def _row(platform: FakeLevers, lever: LeverId, age: int) -> LeverRow:
    """A row of so many days ago, different for each."""
    at, unit, currency = list(platform.figured).index(lever), minor_unit(platform.account.currency), platform.account
    figures = Performance(
        impressions=900 + at,
        clicks=30 + at + age,
        spend=Money((4_321 + at) * unit, currency.currency),
        orders=float(2 + at),
        units=float(3 + at),
        revenue=Money((23_456 + age) * unit, currency.currency),
    )
    figures = replace(figures, **dict.fromkeys(getattr(platform, "lever_lacks", ("units",))))
    told = {"rank": 2.5, "share": 0.25, "top_share": 0.125}
    return LeverRow(
        day_of(platform, age),
        lever,
        figures,
        **{name: value for name, value in told.items() if name in getattr(platform, "tells", ())},
    )
