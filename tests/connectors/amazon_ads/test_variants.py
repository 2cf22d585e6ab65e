"""Amazon Ads that answers in other ways than our fake of it, as far as its documents leave room."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from bidder.errors import ConnectorError
from bidder.money import MICROS, Currency, Money
from bidder.plan import Applied, Outcome, Refused, Unresolved
from bidder.testing.case import day_of
from tests.connectors.amazon_ads.fake import PROFILE, FakeAmazonAds
from tests.connectors.http.odd import turning
from tests.connectors.http.server import Answer, Got, answer


def odd(turned: Callable[[Got, Answer], Answer]) -> type[FakeAmazonAds]:
    """Each answer goes through `turned` on its way out."""
    return turning(FakeAmazonAds, turned)


async def test_every_request_but_the_download_names_client_and_profile(served: Callable[..., Any]) -> None:
    def strict(got: Got, said: Answer) -> Answer:
        if not got.path.startswith("/s3/") and got.headers.get("Amazon-Advertising-API-Scope") != PROFILE:
            return answer({"code": "UNAUTHORIZED", "details": "Scope header is missing"}, 401)
        return said

    made = await served(odd(strict))
    assert len(await made.reader().budgets()) == 3
    assert len(await made.reader().performance(day_of(made, 2), day_of(made, 1))) == 4


@pytest.mark.parametrize(
    "pack",
    [
        lambda plain: Answer(200, plain, {"Content-Type": "application/json"}),
        lambda plain: Answer(200, gzip.compress(plain), {"Content-Type": "application/gzip"}),
        lambda plain: Answer(200, gzip.compress(plain), {"Content-Encoding": "gzip"}),
        lambda plain: Answer(200, gzip.compress(plain[:40]) + gzip.compress(plain[40:])),
    ],
    ids=["plain", "packed", "packed on the way", "packed in two parts"],
)
async def test_a_report_is_read_however_it_is_packed(
    served: Callable[..., Any], pack: Callable[[bytes], Answer]
) -> None:
    def packed(got: Got, said: Answer) -> Answer:
        return pack(gzip.decompress(said.body)) if got.path.startswith("/s3/") else said

    made = await served(odd(packed))
    found = await made.reader().performance(day_of(made, 2), day_of(made, 1))
    assert int(found.spend.sum()) == sum(row.performance.spend.micros for row in made.planted)


async def test_a_report_that_was_cut_is_an_error(served: Callable[..., Any]) -> None:
    def cut(got: Got, said: Answer) -> Answer:
        return Answer(200, said.body[:-9]) if got.path.startswith("/s3/") else said

    made = await served(odd(cut))
    with pytest.raises(ConnectorError) as caught:
        await made.reader().performance(day_of(made, 2), day_of(made, 1))
    assert caught.value.error == "decode"


@pytest.mark.parametrize("status", [200, 202])
async def test_a_report_that_is_being_made_already_is_waited_for_whatever_its_id(
    served: Callable[..., Any], status: int
) -> None:
    class Duplicate(FakeAmazonAds):
        def _create(self, got: Got) -> Answer:
            said = super()._create(got)
            body = json.loads(said.body)
            if self.creations == 1:
                short = {"rep-17_b": self.reports.pop(body["reportId"])}
                self.reports |= short
                return answer({"code": "425", "detail": "The Request is a duplicate of : rep-17_b"}, 425)
            return answer(body, status)

    made = await served(Duplicate)
    assert len(await made.reader().performance(day_of(made, 2), day_of(made, 1))) == 4
    assert made.creations == 1
    assert len(await made.reader().performance(day_of(made, 3), day_of(made, 1))) == 4


async def test_ids_as_numbers_states_in_small_letters_and_amounts_as_text_are_the_same(
    served: Callable[..., Any],
) -> None:
    def other(got: Got, said: Answer) -> Answer:
        if got.path != "/sp/campaigns/list":
            return said
        body = json.loads(said.body)
        for row in body["campaigns"]:
            row |= {"campaignId": int(row["campaignId"]), "state": row["state"].lower()}
            row["budget"]["budget"] = f"{row['budget']['budget']:.2f}"
        return answer({**body, "totalResults": str(body["totalResults"]), "nextToken": body.get("nextToken")})

    plain, turned = await served(FakeAmazonAds), await served(odd(other))
    assert [one.now for one in await turned.reader().budgets()] == [one.now for one in await plain.reader().budgets()]


async def test_a_profile_without_campaigns_has_none_and_an_answer_without_the_list_is_an_error(
    served: Callable[..., Any],
) -> None:
    def empty(said: dict[str, Any]) -> Callable[[Got, Answer], Answer]:
        return lambda got, known: answer(said) if got.path == "/sp/campaigns/list" else known

    assert await (await served(odd(empty({"totalResults": 0})))).reader().budgets() == []
    for body in ({}, {"totalResults": 3}, {"code": "500", "details": "?"}):
        with pytest.raises(ConnectorError, match="campaigns"):
            await (await served(odd(empty(body)))).reader().budgets()


async def test_yen_are_written_whole(served: Callable[..., Any]) -> None:
    made = await served(lambda: FakeAmazonAds("Asia/Tokyo", "JPY", "JP"))
    budget, amount = made.budgets[0], Money(9_001 * MICROS, Currency("JPY"))
    assert await made.writer().set(budget, amount) == Applied(amount)
    assert b'"budget":9001,' in made.server.got[-1].body.replace(b" ", b"")
    assert isinstance(await made.writer().set(budget, Money(9_001_500_000, Currency("JPY"))), Refused)


def entry(kind: str, index: Any = 0) -> dict[str, Any]:
    return {"index": index, "errors": [{"errorType": kind, "errorValue": {kind: {"reason": "R", "message": "m"}}}]}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"campaigns": {"success": [], "error": [entry("throttledError")]}}, Refused),
        ({"campaigns": {"success": [], "error": [entry("entityStateError", "0")]}}, Refused),
        ({"campaigns": {"success": [], "error": [entry("internalServerError")]}}, Unresolved),
        ({"campaigns": {"success": [], "error": [entry("rangeError", 3)]}}, Unresolved),
        ({"campaigns": {"success": [{"index": 0, "campaignId": 218293333782001}]}}, Applied),
        ({"campaigns": {"success": [{"index": 0, "campaignId": "5"}], "error": []}}, Unresolved),
        ({"campaigns": {"success": [], "error": []}}, Unresolved),
        ({"campaigns": {}}, Unresolved),
        ({}, Unresolved),
        ([], Unresolved),
    ],
)
async def test_what_207_says_of_an_entry(served: Callable[..., Any], said: Any, kind: type[Outcome]) -> None:
    class Wordless(FakeAmazonAds):
        def written(self, got: Got, fault: Any) -> Answer:
            return answer(said, 207)

    made = await served(Wordless)
    assert isinstance(await made.writer().set(made.budgets[0], Money(90 * MICROS, Currency("USD"))), kind)
    assert made.mutations == 1
