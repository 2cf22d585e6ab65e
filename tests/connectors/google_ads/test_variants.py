"""Google Ads that answers in other ways than our fake of it: stricter, looser, or with an error under a good status."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from bidder.errors import ConnectorError
from bidder.money import MICROS, Currency, Money
from bidder.plan import Applied, Outcome, Refused, Unresolved
from bidder.testing.case import day_of
from tests.connectors.google_ads.fake import FakeGoogleAds, failure
from tests.connectors.http.odd import turning
from tests.connectors.http.server import Answer, Got, answer

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 14)


def odd(turned: Callable[[Got, Answer], Answer]) -> type[FakeGoogleAds]:
    """Each answer goes through `turned` on its way out."""
    return turning(FakeGoogleAds, turned)


def error(code: int, name: dict[str, str]) -> Any:
    return json.loads(failure(code, "X", name).body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (error(500, {"internalError": "TRANSIENT_ERROR"}), "http_5xx"),
        ([error(429, {"quotaError": "RESOURCE_TEMPORARILY_EXHAUSTED"})], "throttled"),
        (error(403, {"authorizationError": "CUSTOMER_NOT_ENABLED"}), "auth"),
        ({"error": {"message": "?"}}, "http_5xx"),
    ],
)
async def test_an_error_with_the_status_of_a_success_is_never_an_empty_answer(
    served: Callable[..., Any], body: Any, expected: str
) -> None:
    made = await served(odd(lambda got, said: answer(body)))
    for reading in (made.reader().budgets(), made.reader().performance(FIRST, LAST)):
        with pytest.raises(ConnectorError) as caught:
            await reading
        assert caught.value.error == expected


@pytest.mark.parametrize("words", ["Invalid JSON payload received.", 'Unknown name "searchSettings"', "No."])
async def test_a_server_that_does_not_know_how_to_count_is_asked_without(
    served: Callable[..., Any], words: str
) -> None:
    strict = answer({"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": words}}, 400)
    made = await served(odd(lambda got, said: strict if "searchSettings" in got.json else said))
    reader = made.reader()
    assert len(await reader.budgets()) == 3
    asked = len(made.server.got)
    found = await reader.performance(day_of(made, 2), day_of(made, 1))
    assert len(found) == 4
    assert not any(b"searchSettings" in got.body for got in made.server.got[asked:])


async def test_a_wrong_query_is_not_asked_again_in_another_way(served: Callable[..., Any]) -> None:
    made = await served(odd(lambda got, said: failure(400, "INVALID_ARGUMENT", {"queryError": "BAD_FIELD_NAME"})))
    with pytest.raises(ConnectorError, match="BAD_FIELD_NAME"):
        await made.reader().budgets()
    assert sum(got.path.endswith(":search") for got in made.server.got) == 1


def _as_numbers(value: Any) -> Any:
    match value:
        case dict():
            return {key: _as_numbers(inner) for key, inner in value.items()}
        case list():
            return [_as_numbers(inner) for inner in value]
        case str() if value.isdigit():
            return int(value)
        case float():
            return str(value)
    return value


async def test_int64_as_numbers_and_doubles_as_text_are_the_same_figures(served: Callable[..., Any]) -> None:
    def numbers(got: Got, said: Answer) -> Answer:
        return answer(_as_numbers(json.loads(said.body)))

    plain, turned = await served(FakeGoogleAds), await served(odd(numbers))
    day = day_of(plain, 2)
    expected, found = [await one.reader().performance(day, day) for one in (plain, turned)]
    for column in ("spend", "revenue", "clicks", "impressions", "orders"):
        assert getattr(found, column).tolist() == getattr(expected, column).tolist()
    assert [one.now for one in await turned.reader().budgets()] == [one.now for one in await plain.reader().budgets()]


async def test_pages_that_are_empty_in_the_middle_or_end_in_an_empty_token_lose_nothing(
    served: Callable[..., Any],
) -> None:
    def paged(got: Got, said: Answer) -> Answer:
        body, token = json.loads(said.body), got.json.get("pageToken")
        if token is None:
            return answer({**body, "results": [], "nextPageToken": "page-0"})
        return answer({**body, "nextPageToken": body.get("nextPageToken", "")})

    made = await served(odd(paged))
    assert len(await made.reader().budgets()) == 3


async def test_a_currency_that_is_not_told_is_an_error_and_a_zone_is_not(served: Callable[..., Any]) -> None:
    def without(name: str) -> Callable[[Got, Answer], Answer]:
        def turned(got: Got, said: Answer) -> Answer:
            body = json.loads(said.body)
            for row in body.get("results", ()):
                row.get("customer", {}).pop(name, None)
            return answer(body)

        return turned

    assert len(await (await served(odd(without("timeZone")))).reader().budgets()) == 3
    with pytest.raises(ConnectorError, match="currencyCode: missing"):
        await (await served(odd(without("currencyCode")))).reader().budgets()


@pytest.mark.parametrize("currency", ["JPY", "KRW"])
async def test_currencies_without_a_smaller_unit_are_written_in_whole_ones(
    served: Callable[..., Any], currency: str
) -> None:
    made = await served(lambda: FakeGoogleAds(currency=currency))
    made.states["9001"].micros = 8_000 * MICROS
    budget, writer = made.budgets[0], made.writer()
    assert (await writer.read(budget)).step == Money(MICROS, Currency(currency))
    assert await writer.set(budget, Money(9_001 * MICROS, Currency(currency))) == Applied(made.in_force(budget))
    assert made.states["9001"].micros == 9_001 * MICROS
    half = await writer.set(budget, Money(9_001 * MICROS + MICROS // 2, Currency(currency)))
    assert isinstance(half, Refused)
    assert made.mutations == 1


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answer({}), Unresolved),
        (answer({"results": []}), Unresolved),
        (answer({"results": [{}]}), Unresolved),
        (answer(error(500, {"internalError": "INTERNAL_ERROR"})), Unresolved),
        (answer({"results": [{"resourceName": "customers/4445556666/campaignBudgets/9002"}]}), Unresolved),
        (failure(400, "ABORTED", {"databaseError": "CONCURRENT_MODIFICATION"}), Refused),
        (failure(503, "UNAVAILABLE", {"internalError": "TRANSIENT_ERROR"}), Unresolved),
        (Answer(302, b"", {"Location": "/elsewhere"}), Unresolved),
    ],
)
async def test_what_a_reply_does_not_prove_is_unresolved(
    served: Callable[..., Any], said: Answer, kind: type[Outcome]
) -> None:
    class Wordless(FakeGoogleAds):
        def written(self, got: Got, fault: Any) -> Answer:
            return said

    made = await served(Wordless)
    budget = made.budgets[0]
    assert isinstance(await made.writer().set(budget, Money(90 * MICROS, Currency("USD"))), kind)
    assert made.mutations == 1
