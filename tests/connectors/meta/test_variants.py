"""Meta that answers in other ways than our fake of it, as far as its documents leave room."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bidder.catalog import Account
from bidder.errors import ConnectorError
from bidder.money import MICROS, Currency, Money
from bidder.plan import Applied, Outcome, Refused, Unresolved
from bidder.testing.case import day_of
from tests.connectors.http.odd import turning
from tests.connectors.http.server import Answer, Got, answer
from tests.connectors.meta.fake import FakeMeta, failure


def odd(turned: Callable[[Got, Answer], Answer]) -> type[FakeMeta]:
    """Each answer goes through `turned` on its way out."""
    return turning(FakeMeta, turned)


async def _spend(made: FakeMeta) -> int:
    found = await made.reader().performance(day_of(made, 2), day_of(made, 1))
    return int(found.spend.sum())


async def test_a_filter_for_what_is_gone_that_adds_it_to_the_rest_counts_nothing_twice(
    served: Callable[..., Any],
) -> None:
    class Adds(FakeMeta):
        def _insights(self, query: Any) -> list[dict[str, Any]]:
            found = super()._insights(query)
            if query.get("filtering"):
                found += super()._insights({name: value for name, value in query.items() if name != "filtering"})
            return found

    made = await served(Adds)
    whole = sum(row.performance.spend.micros for row in made.planted)
    made.deleted = {made._parts(made.planted[0])[0][0]["adset_id"]}
    assert await _spend(made) == whole


async def test_pages_may_be_empty_in_the_middle_and_end_with_a_cursor(served: Callable[..., Any]) -> None:
    def paged(got: Got, said: Answer) -> Answer:
        body = json.loads(said.body)
        if "data" not in body or "after" in got.query:
            return said
        following = f"https://graph.facebook.com/v25.0/x?access_token=canary&after={'c0'}"
        return answer({"data": [], "paging": {"cursors": {"after": "c0"}, "next": following}})

    plain, turned = await served(FakeMeta), await served(odd(paged))
    assert await _spend(turned) == await _spend(plain)
    assert not any("access_token" in got.query for got in turned.server.got)


async def test_a_next_page_without_cursors_is_found_in_its_address(served: Callable[..., Any]) -> None:
    def paged(got: Got, said: Answer) -> Answer:
        body = json.loads(said.body)
        body.get("paging", {}).pop("cursors", None)
        return answer(body)

    class Small(odd(paged)):  # type: ignore[misc]  # a class made at run time
        rows_a_page = 1

    made = await served(Small)
    assert await _spend(made) == sum(row.performance.spend.micros for row in made.planted)


async def test_budgets_and_figures_as_numbers_are_the_same(served: Callable[..., Any]) -> None:
    def number(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: number(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [number(one) for one in value]
        is_number = isinstance(value, str) and value.replace(".", "", 1).isdigit()
        return json.loads(value.lstrip("0") or "0") if is_number and not value.startswith("0.") else value

    plain, turned = await served(FakeMeta), await served(odd(lambda got, said: answer(number(json.loads(said.body)))))
    assert await _spend(turned) == await _spend(plain)
    assert [one.now for one in await turned.reader().budgets()] == [one.now for one in await plain.reader().budgets()]


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": {}}, [], {"success": True}])
async def test_a_success_without_its_list_is_never_an_empty_one(served: Callable[..., Any], body: Any) -> None:
    made = await served(
        odd(lambda got, said: answer(body) if got.path.endswith(("/campaigns", "/adsets", "/insights")) else said)
    )
    for reading in (made.reader().budgets(), made.reader().performance(day_of(made, 2), day_of(made, 1))):
        with pytest.raises(ConnectorError):
            await reading


@pytest.mark.parametrize(
    ("said", "expected", "waits"),
    [
        (failure(4, "Application request limit reached", 403), "throttled", True),
        (failure(17, "User request limit reached", error_subcode=2446079), "throttled", True),
        (failure(613, "Calls exceed the rate limit", error_subcode=1996), "throttled", True),
        (failure("80004", "There have been too many calls"), "throttled", True),
        (failure(190, "Error validating access token", 401, error_subcode=463), "auth", False),
        (failure(102, "Session key invalid"), "auth", False),
        (failure(200, "Requires ads_read permission", 403), "auth", False),
        (failure(2, "Service temporarily unavailable", 503, is_transient=True), "http_5xx", True),
        (failure(100, "Invalid parameter"), "http_4xx", False),
        (Answer(200, b"<html>down</html>"), "decode", True),
        (answer({"error": {"code": 1, "message": "An unknown error occurred"}}), "http_5xx", True),
    ],
)
async def test_errors_have_their_class_whatever_the_status(
    served: Callable[..., Any], said: Answer, expected: str, waits: bool
) -> None:
    made = await served(odd(lambda got, known: said if got.path.endswith("/campaigns") else known))
    with pytest.raises(ConnectorError) as caught:
        await made.reader().budgets()
    assert (caught.value.error, caught.value.waiting_helps) == (expected, waits)


@pytest.mark.parametrize(("currency", "unit"), [("JPY", 1), ("KRW", 1), ("TWD", 1), ("USD", 100)])
async def test_an_amount_is_written_in_the_currencys_own_offset(
    served: Callable[..., Any], currency: str, unit: int
) -> None:
    def in_currency() -> FakeMeta:
        made = FakeMeta()
        made.account = Account(made.account.id, "meta", Currency(currency), made.account.timezone)
        made.currency, made.unit = Currency(currency), MICROS // unit
        made.minimum = 1
        return made

    made = await served(in_currency)
    budget, amount = made.budgets[0], Money(9_001 * MICROS, Currency(currency))
    assert (await made.writer().read(budget)).now == made.in_force(budget)
    assert await made.writer().set(budget, amount) == Applied(amount)
    assert made.posted[-1] == f"daily_budget={9_001 * unit}"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answer({"success": False}), Unresolved),
        (answer({}), Unresolved),
        (answer(None), Unresolved),
        (answer([None]), Unresolved),
        (answer({"error": {"code": 1, "message": "unknown", "is_transient": True}}), Unresolved),
        (failure(2, "Service temporarily unavailable", 500), Unresolved),
        (failure(100, "Try again", is_transient=True), Unresolved),
        (failure(613, "locked", error_subcode=1487632), Refused),
        (failure(100, "too low", error_subcode=1885272), Refused),
        (failure(368, "Temporarily blocked"), Unresolved),
    ],
)
async def test_what_a_reply_does_not_prove_is_unresolved(
    served: Callable[..., Any], said: Answer, kind: type[Outcome]
) -> None:
    class Wordless(FakeMeta):
        def written(self, got: Got, fault: Any) -> Answer:
            return said

    made = await served(Wordless)
    budget = made.budgets[0]
    assert isinstance(await made.writer().set(budget, made.in_force(budget) + Money(MICROS, Currency("USD"))), kind)
    assert made.mutations == 1
