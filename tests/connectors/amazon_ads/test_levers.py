"""Bids of Sponsored Products: the contract, and what is particular to Amazon."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bidder.bidding import Lever, LeverId, LeverKind
from bidder.connectors.amazon_ads.levers import levers, reports
from bidder.connectors.http import Payload
from bidder.connectors.http.message import decoded
from bidder.errors import ConnectorError
from bidder.outcome import Refused, Unresolved
from bidder.testing.lever_platform import FakeLevers
from bidder.testing.levers import LeverContract
from tests.connectors.amazon_ads.fake_levers import FakeAmazonBids


class TestBids(LeverContract):
    """In dollars and Los Angeles."""

    def platform(self) -> FakeLevers:
        return FakeAmazonBids()


class TestBidsInYen(LeverContract):
    """A currency without a minor unit."""

    def platform(self) -> FakeLevers:
        return FakeAmazonBids("Asia/Tokyo", "JPY", "JP")


@pytest.fixture
async def amazon() -> Any:
    fake = FakeAmazonBids()
    await fake.start()
    yield fake
    await fake.close()


async def read(amazon: FakeAmazonBids) -> dict[str, Lever]:
    return {one.id.native: one for one in await amazon.reader().levers()}


async def test_a_keyword_belongs_to_the_one_product_that_its_ad_group_advertises(amazon: FakeAmazonBids) -> None:
    found = await read(amazon)
    assert found["7001"].product == "sku-001", "two ads of one product are one product"
    assert found["8001"].product is None, "of two products it is not said which"
    assert found["7003"].inherited == "501"
    assert (found["7001"].match, found["8001"].name) == ("exact", "ASIN_SAME_AS B0RIVAL")


async def test_what_is_in_a_paused_ad_group_is_not_active(amazon: FakeAmazonBids) -> None:
    amazon.pause_lever(LeverId(amazon.account.id, LeverKind.AD_GROUP, "501"))
    assert not (await read(amazon))["7001"].active
    keyword = LeverId(amazon.account.id, LeverKind.KEYWORD, "7001")
    assert not (await amazon.writer().read_lever(keyword)).active


async def test_fewer_rows_than_promised_are_not_believed(amazon: FakeAmazonBids) -> None:
    amazon.lever_total = 9
    with pytest.raises(ConnectorError, match="totalResults: said 9"):
        await amazon.reader().levers()


async def test_both_reports_are_kept_apart_and_asked_for_once(amazon: FakeAmazonBids) -> None:
    reader, day = amazon.reader(report_every=4), amazon.now().date()
    for _ in range(2):
        await reader.performance(day, day)
        await reader.lever_reports(day, day)
    assert amazon.creations == 2


def a_row(**more: Any) -> dict[str, Any]:
    row = {"date": "2026-10-14", "keywordId": 7001, "keywordType": "EXACT", "impressions": 9, "clicks": 1, "cost": 0.3}
    return {**row, **more}


def figures(*rows: dict[str, Any]) -> Any:
    fake = FakeAmazonBids()
    return reports(Payload(fake.now(), decoded(json.dumps(rows).encode())), fake.account, 7)


@pytest.mark.parametrize(("said", "meant"), [((12.5, 0.4), (0.125, 0.004)), ((0.125, 0.4), (0.125, 0.4))])
def test_a_share_is_a_part_whether_the_report_is_in_percent_or_not(
    said: tuple[float, float], meant: tuple[float, float]
) -> None:
    found = figures(
        a_row(topOfSearchImpressionShare=said[0]), a_row(keywordId=7002, topOfSearchImpressionShare=said[1])
    )
    assert tuple(one.top_share for one in found) == pytest.approx(meant)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (a_row(keywordType="THEME"), "keywordType"),
        (a_row(keywordId="tea"), "keywordId"),
        (a_row(cost=None), "cost"),
        (a_row(topOfSearchImpressionShare="most"), "topOfSearchImpressionShare"),
        (a_row(date="yesterday"), "date"),
    ],
)
def test_an_unknown_shape_names_its_field(row: dict[str, Any], field: str) -> None:
    with pytest.raises(ConnectorError, match=rf"\[0\]\.{field}"):
        figures(row)


def test_a_keyword_that_comes_twice_is_not_believed() -> None:
    with pytest.raises(ConnectorError, match="came twice"):
        figures(a_row(), a_row())
    fake = FakeAmazonBids()
    row = {"keywordId": "1", "campaignId": "2", "adGroupId": "3", "keywordText": "tea", "state": "ENABLED", "bid": 1}
    with pytest.raises(ConnectorError, match="came twice"):
        levers(LeverKind.KEYWORD, [Payload(fake.now(), {"keywords": [row, row]})], fake.account)


async def test_an_error_that_proves_nothing_is_unresolved(amazon: FakeAmazonBids, monkeypatch: Any) -> None:
    keyword, writer = LeverId(amazon.account.id, LeverKind.KEYWORD, "7001"), amazon.writer()
    for kind, expected in {"internalServerError": Unresolved, "entityStateError": Refused}.items():
        monkeypatch.setattr(amazon, "_no", lambda *_, kind=kind: kind)
        assert type(await writer.set_lever(keyword, 800_000)) is expected
    other = replace(keyword, native="7002; DROP")
    assert isinstance(await writer.set_lever(other, 800_000), Refused)
