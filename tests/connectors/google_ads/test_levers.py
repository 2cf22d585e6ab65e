"""Bids and targets of Google Ads: the contract, and what is particular to it."""

from __future__ import annotations

from typing import Any

import pytest

from bidder.bidding import Lever, LeverId, LeverKind
from bidder.outcome import Applied, Refused, Unresolved
from bidder.testing import ReadFault
from bidder.testing.lever_platform import FakeLevers
from bidder.testing.levers import LeverContract
from tests.connectors.google_ads.fake_levers import FakeGoogleBids


class TestBids(LeverContract):
    """In dollars and Los Angeles."""

    def platform(self) -> FakeLevers:
        return FakeGoogleBids()


class TestBidsInYen(LeverContract):
    """A currency without a minor unit."""

    def platform(self) -> FakeLevers:
        return FakeGoogleBids("Asia/Tokyo", "JPY")


@pytest.fixture
async def google() -> Any:
    fake = FakeGoogleBids()
    await fake.start()
    yield fake
    await fake.close()


async def read(google: FakeGoogleBids) -> dict[str, Lever]:
    return {str(one.id).partition("/")[2]: one for one in await google.reader().levers()}


async def test_bids_are_read_where_a_campaign_is_bid_by_hand_and_targets_where_it_is_steered(
    google: FakeGoogleBids,
) -> None:
    found = await read(google)
    assert {name: one.now for name, one in found.items()} == {
        "keyword:501~7001": 750_000,
        "keyword:501~7002": 1_200_000,
        "keyword:501~7003": None,
        "ad_group:501": 600_000,
        "ad_group:505": 900_000,
        "target_roas:102": 3_500_000,
        "target_cpa:103": 12_000_000,
    }, "a strategy that several campaigns share is nobody's alone"
    assert found["keyword:501~7003"].inherited == "501"
    assert found["keyword:501~7001"].first_page == 1_100_000
    assert found["target_roas:102"].step == 10_000


async def test_where_the_ad_group_or_the_campaign_is_paused_a_keyword_takes_no_part(google: FakeGoogleBids) -> None:
    google.pause_lever(LeverId(google.account.id, LeverKind.AD_GROUP, "501"))
    assert not (await read(google))["keyword:501~7001"].active


async def test_a_target_is_set_in_the_field_of_its_strategy_also_when_nothing_was_read(google: FakeGoogleBids) -> None:
    writer = google.writer()
    roas = LeverId(google.account.id, LeverKind.TARGET_ROAS, "102")
    cpa = LeverId(google.account.id, LeverKind.TARGET_CPA, "103")
    assert await writer.set_lever(roas, 3_850_000) == Applied(3_850_000)
    assert await writer.set_lever(cpa, 11_000_000) == Applied(11_000_000)
    masks = [got.json["operations"][0]["updateMask"] for got in google.server.got if got.path.endswith(":mutate")]
    assert masks == ["maximizeConversionValue.targetRoas", "targetCpa.targetCpaMicros"]
    assert (await writer.read_lever(roas)).now == 3_850_000


async def test_a_target_whose_strategy_cannot_be_read_is_not_set(google: FakeGoogleBids) -> None:
    roas = LeverId(google.account.id, LeverKind.TARGET_ROAS, "102")
    google.fail_next_read(ReadFault.ERROR)
    outcome = await google.writer().set_lever(roas, 3_850_000)
    assert isinstance(outcome, Refused)
    assert google.mutations == 0
    other = LeverId(google.account.id, LeverKind.TARGET_CPA, "102")
    assert isinstance(await google.writer().set_lever(other, 3_000_000), Refused)


async def test_another_value_in_the_reply_is_not_taken_for_done(
    google: FakeGoogleBids, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyword = LeverId(google.account.id, LeverKind.KEYWORD, "501~7001")
    written = google.written

    def other(got: Any, fault: Any) -> Any:
        said = written(got, fault)
        return type(said)(said.status, said.body.replace(b'"760000"', b'"770000"'), said.headers)

    monkeypatch.setattr(google, "written", other)
    outcome = await google.writer().set_lever(keyword, 760_000)
    assert outcome == Unresolved("the platform stored 770000 instead of 760000")
