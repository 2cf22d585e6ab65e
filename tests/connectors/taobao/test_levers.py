"""Keyword prices of 直通车: the contract, and what is particular to it; targets of 万相台无界 are read."""

from __future__ import annotations

from typing import Any

import pytest

from bidder.bidding import LeverId, LeverKind
from bidder.errors import ConnectorError
from bidder.outcome import Applied, Refused, Unresolved
from bidder.testing.case import a_row, day_of
from bidder.testing.lever_platform import FakeLevers
from bidder.testing.levers import LeverContract
from tests.connectors.taobao.fake_levers import FakeSimbaBids, FakeTargets


class TestBids(LeverContract):
    """直通车 of old."""

    def platform(self) -> FakeLevers:
        return FakeSimbaBids()


@pytest.fixture
async def simba() -> Any:
    fake = FakeSimbaBids()
    await fake.start()
    yield fake
    await fake.close()


@pytest.fixture
async def steered() -> Any:
    fake = FakeTargets()
    await fake.start()
    yield fake
    await fake.close()


def keyword(fake: FakeSimbaBids, native: str) -> LeverId:
    return LeverId(fake.account.id, LeverKind.KEYWORD, native)


async def test_where_a_keyword_has_a_price_for_phones_that_is_the_bid(simba: FakeSimbaBids) -> None:
    found = {one.id.native: one for one in await simba.reader().levers()}
    assert {native: one.now for native, one in found.items()} == {
        "9001": 1_250_000,
        "9002": 1_500_000,
        "9003": None,
        "9004": 2_100_000,
        "9005": 950_000,
        "9006": 660_000,
    }
    assert (found["9001"].product, found["9001"].match, found["9003"].inherited) == ("901", "broad", "702")
    writer = simba.writer()
    assert await writer.set_lever(keyword(simba, "9002"), 1_600_000) == Applied(1_600_000)
    assert (simba.keywords["9002"].price, simba.keywords["9002"].phone) == (80, 160), "the other price stays"
    assert await writer.set_lever(keyword(simba, "9006"), 700_000) == Applied(700_000)
    assert simba.keywords["9006"].default, "the unit's price is not made the keyword's own"
    assert [set(one) for one in simba.sent] == [
        {"keywordId", "maxPrice", "isDefaultPrice", "maxMobilePrice", "mobileIsDefaultPrice", "matchScope"},
        {"keywordId", "maxMobilePrice", "mobileIsDefaultPrice", "matchScope"},
    ]


async def test_a_keyword_that_is_not_among_those_set_is_unresolved(
    simba: FakeSimbaBids, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simba, "list_of", lambda name, rows: {})
    outcome = await simba.writer().set_lever(keyword(simba, "9001"), 1_300_000)
    assert isinstance(outcome, Refused | Unresolved)
    assert isinstance(await simba.writer().set_lever(keyword(simba, "404"), 1_300_000), Refused)


@pytest.mark.parametrize("value", [40_000, 100_000_000, 1_255_000])
async def test_what_the_platform_does_not_take_is_never_sent(simba: FakeSimbaBids, value: int) -> None:
    assert isinstance(await simba.writer().set_lever(keyword(simba, "9001"), value), Refused)
    assert simba.mutations == 0


async def test_in_a_campaign_that_is_offline_no_keyword_takes_part(simba: FakeSimbaBids) -> None:
    from bidder.catalog import BudgetStatus

    simba.states["60000002"].status = BudgetStatus.PAUSED
    found = {one.id.native: one.active for one in await simba.reader().levers()}
    assert (found["9004"], found["9001"]) == (False, True)
    assert not (await simba.writer().read_lever(keyword(simba, "9004"))).active


async def test_targets_are_read_with_their_campaigns_figures_and_typed_in_by_hand(steered: FakeTargets) -> None:
    found = {one.id: one for one in await steered.reader().levers()}
    roas = LeverId(steered.account.id, LeverKind.TARGET_ROAS, "50200002")
    cpa = LeverId(steered.account.id, LeverKind.TARGET_CPA, "50300003")
    assert {one: lever.now for one, lever in found.items()} == {roas: 3_500_000, cpa: 42_500_000}
    row = a_row(steered, 1, 1)
    steered.report([row, a_row(steered, 1, 0)])
    (report,) = await steered.reader().lever_reports(day_of(steered, 1), day_of(steered, 1))
    assert report.lever == roas
    assert report.performance.clicks == row.performance.clicks
    writer = steered.writer()
    assert (await writer.read_lever(roas)).now == 3_500_000
    outcome = await writer.set_lever(roas, 3_850_000)
    assert isinstance(outcome, Refused)
    assert "type it in" in outcome.reason
    assert steered.mutations == 0
    with pytest.raises(ConnectorError, match="there is no"):
        await writer.read_lever(LeverId(steered.account.id, LeverKind.KEYWORD, "1"))
