"""ROAS goals of Meta's ad sets: the contract, and what is particular to them."""

from __future__ import annotations

from typing import Any

import pytest

from bidder.bidding import LeverId, LeverKind
from bidder.outcome import Refused
from bidder.testing.lever_platform import FakeLevers
from bidder.testing.levers import LeverContract
from tests.connectors.meta.fake_levers import FakeMetaGoals


class TestGoals(LeverContract):
    """In dollars and New York."""

    def platform(self) -> FakeLevers:
        return FakeMetaGoals()


@pytest.fixture
async def meta() -> Any:
    fake = FakeMetaGoals()
    await fake.start()
    yield fake
    await fake.close()


async def test_a_goal_is_a_ratio_and_names_the_budget_that_pays(meta: FakeMetaGoals) -> None:
    found = {one.id.native: one for one in await meta.reader().levers()}
    assert {native: one.now for native, one in found.items()} == {
        "231011": 3_000_000,
        "231012": 2_550_000,
        "231021": 4_100_000,
    }, "one over a lifetime is left alone"
    paying = {native: one.budget.native for native, one in found.items() if one.budget is not None}
    assert paying == {"231011": "230001", "231012": "230001", "231021": "231021"}


async def test_an_ad_set_that_is_bid_otherwise_gets_no_goal(meta: FakeMetaGoals) -> None:
    capped = LeverId(meta.account.id, LeverKind.TARGET_ROAS, "231022")
    assert isinstance(await meta.writer().set_lever(capped, 3_000_000), Refused)
    assert meta.mutations == 0
