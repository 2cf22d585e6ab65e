"""What a described platform does on the wire: pages, writes that are sent again, days that pass once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import yaml

from bidder.catalog import Account
from bidder.connectors.http import Timing
from bidder.connectors.rest import RestReader, RestSettings, RestWriter
from bidder.connectors.rest.client import Client, opened
from bidder.connectors.rest.clock import RestClock
from bidder.connectors.rest.reader import Reading
from bidder.errors import ConnectorError
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money
from bidder.plan import Applied, Outcome, Refused, Unresolved
from tests.connectors.http.server import CUT, Answer, Clock, Got, Server, answer

ACCOUNT = Account(AccountId("own"), "rest", Currency("CNY"), "UTC")
BASE = """
budgets: {get: /b, rows: rows, fields: {id: id, amount: amount}}
report: {get: /r, query: {a: "{first}", z: "{last}"}, rows: rows, fields: {day: day, campaign: c, spend: spend}}
set:
  put: /b/{budget}
  json: {amount: "{amount}"}
  applied: amount == _amount
  refused: [{status: [429, 503]}]
  again: 3
clock: {day: {get: /day}, date: date, next: {post: /next}, done: done}
"""


def settings(url: str, **changed: Any) -> RestSettings:
    given = {"base_url": url, "requests_per_second": 1000, **yaml.safe_load(BASE), **changed}
    return RestSettings.model_validate(given)


def reading(url: str, **changed: Any) -> Reading:
    own, clock = settings(url, **changed), Clock()
    timing = Timing(monotonic=clock.monotonic, sleep=clock.sleep, luck=lambda: 0.5)
    return Reading(Client(opened(ACCOUNT, own, timing), own), ACCOUNT)


# ---- pages

ROWS = [{"id": f"b{n}", "amount": n} for n in range(1, 8)]


def paged(**paging: Any) -> dict[str, Any]:
    return {"budgets": {"post": "/b", "rows": "rows", "paging": paging, "fields": {"id": "id", "amount": "amount"}}}


def by_page(got: Got) -> Answer:
    number = int((got.json if got.body else got.query)["p"])
    return answer({"rows": ROWS[3 * (number - 1) : 3 * number], "pages": 3, "more": number < 3})


def by_offset(got: Got) -> Answer:
    begin = int(dict(one.split("=") for one in got.body.decode().split("&"))["skip"])
    return answer({"rows": ROWS[begin : begin + 3]})


def by_url(got: Got) -> Answer:
    begin = int(got.query.get("from", "0"))
    following = f"/b?from={begin + 3}&x=%2B" if begin + 3 < len(ROWS) else None
    assert got.query.get("x", "+") == "+"
    return answer({"rows": ROWS[begin : begin + 3], "next": following})


@pytest.mark.parametrize(
    ("handle", "paging"),
    [
        (by_page, {"by": "page", "name": "p", "place": "json", "size": 3}),
        (by_page, {"by": "page", "name": "p", "pages": "pages"}),
        (by_page, {"by": "page", "name": "p", "more": "more"}),
        (by_offset, {"by": "offset", "name": "skip", "place": "form", "size": 3}),
        (by_url, {"by": "url", "next": "next"}),
    ],
)
async def test_every_way_of_paging_reads_every_row_once(
    handle: Callable[[Got], Answer], paging: dict[str, Any]
) -> None:
    async with Server(handle) as server:
        reader = reading(server.url, **paged(**paging))
        found = await reader.budgets()
        await reader.client.close()
    assert [one.id.native for one in found] == [row["id"] for row in ROWS]
    assert len(server.got) == 3


@pytest.mark.parametrize(
    "paging",
    [
        {"by": "cursor", "next": "next", "name": "after"},
        {"by": "page", "name": "p", "size": 7},
        {"by": "offset", "name": "skip", "size": 7},
        {"by": "url", "next": "next"},
    ],
)
async def test_a_page_that_comes_again_is_an_error(paging: dict[str, Any]) -> None:
    async with Server(lambda _: answer({"rows": ROWS, "next": "same"})) as server:
        reader = reading(server.url, **paged(**paging))
        with pytest.raises(ConnectorError, match="the same page again"):
            await reader.budgets()
        await reader.client.close()
    assert len(server.got) == 2


def two_kinds(got: Got) -> Answer:
    """Campaigns of two kinds, each with lists of its own."""
    number = 1 if got.path.startswith("/a") else int(got.query.get("second", "2"))
    if got.path.endswith("/report"):
        return answer({"rows": [{"day": "2026-11-21", "c": f"b{number}", "spend": 5}]})
    return answer({"rows": [{"id": f"b{number}", "amount": 10 * number}]})


def of_two_kinds(second: str = "2") -> dict[str, Any]:
    plain = yaml.safe_load(BASE)
    lists = [{**plain["budgets"], "get": path, "query": {"second": second}} for path in ("/a", "/b")]
    query = {**plain["report"]["query"], "second": second}
    reports = [{**plain["report"], "get": f"{path}/report", "query": query} for path in ("/a", "/b")]
    return {"budgets": lists, "report": reports}


async def test_campaigns_of_two_kinds_have_lists_and_reports_of_their_own() -> None:
    day = date(2026, 11, 21)
    async with Server(two_kinds) as server:
        reader = reading(server.url, **of_two_kinds())
        assert [one.id.native for one in await reader.budgets()] == ["b1", "b2"]
        assert (await reader.budget(BudgetId(ACCOUNT.id, "b2"))).now == Money(20_000_000, Currency("CNY"))
        assert (await reader.performance(day, day)).campaign.tolist() == ["b1", "b2"]
        await reader.client.close()
        twice = reading(server.url, **of_two_kinds("1"))
        with pytest.raises(ConnectorError, match="b1 is in two of the lists"):
            await twice.budgets()
        with pytest.raises(ConnectorError, match="b1 has the same day in two of the reports"):
            await twice.performance(day, day)
        await twice.client.close()


# ---- writes

AMOUNT = Money(12_340_000, Currency("CNY"))


async def outcome(*answers: Answer) -> tuple[Outcome, int]:
    """What becomes of a write that meets these answers in turn, and how often it was sent."""
    left = list(answers)
    async with Server(lambda _: left.pop(0) if len(left) > 1 else left[0]) as server:
        shared = reading(server.url)
        own = shared.client.settings
        assert isinstance(own, RestSettings)
        assert own.set is not None
        found = await RestWriter(shared, own, own.set).set(BudgetId(ACCOUNT.id, "b1"), AMOUNT)
        await shared.client.close()
    return found, len(server.got)


TAKEN = answer({"amount": 12.34})
LATER = answer({"error": "later"}, 429, Retry_After="1")


@pytest.mark.parametrize(
    ("answers", "expected", "sent"),
    [
        ((TAKEN,), Applied, 1),
        ((LATER, TAKEN), Applied, 2),
        ((answer({"error": "busy"}, 503), LATER, TAKEN), Applied, 3),
        ((LATER,), Refused, 4),
        ((answer({"error": "broken"}, 500), TAKEN), Unresolved, 1),
        ((CUT, TAKEN), Unresolved, 1),
        ((LATER, CUT, TAKEN), Unresolved, 2),
        ((Answer(429, b"<html>", {}), TAKEN), Unresolved, 1),
        ((answer({"amount": 12.35}), TAKEN), Unresolved, 1),
    ],
)
async def test_a_write_is_sent_again_only_after_proof_that_nothing_happened(
    answers: tuple[Answer, ...], expected: type, sent: int
) -> None:
    found, times = await outcome(*answers)
    assert isinstance(found, expected), found
    assert times == sent


async def test_a_wait_of_an_hour_is_not_waited_for_with_a_write() -> None:
    found, times = await outcome(answer({"error": "later"}, 429, Retry_After="3600"))
    assert isinstance(found, Refused)
    assert times == 1


async def test_a_platform_that_locks_says_how_often() -> None:
    async with Server(lambda _: answer({"rows": ROWS})) as server:
        own = settings(server.url, edits_an_hour=4)
        assert own.set is not None
        assert RestWriter(reading(server.url), own, own.set).edits_an_hour == 4
        plain = settings(server.url)
        assert plain.set is not None
        assert not hasattr(RestWriter(reading(server.url), plain, plain.set), "edits_an_hour")
        assert RestReader(reading(server.url), settings(server.url, restated_days=7)).restated_days == 7


# ---- the clock


class Days:
    """Three days; `next` may lose its reply, or do nothing."""

    def __init__(self, *faults: str) -> None:
        self.day = date(2026, 3, 2)
        self.faults = list(faults)
        self.asked = 0

    def __call__(self, got: Got) -> Answer:
        if got.path == "/next":
            self.asked += 1
            fault = self.faults.pop(0) if self.faults else ""
            if fault == "refused":
                return answer({"error": "later"}, 503)
            self.day += timedelta(days=1)
            return CUT if fault == "lost" else answer({"ok": True})
        done = self.day > date(2026, 3, 4)
        return answer({"date": None if done else self.day.isoformat(), "done": done})


async def lived(days: Days) -> tuple[list[datetime], bool]:
    """The instants at which whoever waits for the next day wakes, until the last is over."""
    async with Server(days) as server:
        shared = reading(server.url)
        own = shared.client.settings
        assert isinstance(own, RestSettings)
        assert own.clock is not None
        clock, stop, woken = RestClock(shared.client, ACCOUNT, own.clock), asyncio.Event(), []
        assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=5)
        await clock.begin()
        for _ in range(20):
            woken.append(clock.now())
            await clock.sleep_until(clock.now() + timedelta(hours=13), stop)
            if stop.is_set():
                break
        with pytest.raises(ConnectorError, match="over"):
            await clock.begin()
        await clock.close()
    return woken, stop.is_set()


@pytest.mark.parametrize("faults", [(), ("lost",), ("refused", "lost"), ("lost", "refused", "refused")])
async def test_each_day_is_lived_once_whatever_becomes_of_the_request(faults: tuple[str, ...]) -> None:
    days = Days(*faults)
    woken, stopped = await lived(days)
    expected = [datetime(2026, 3, day, hour, tzinfo=UTC) for day in (2, 3, 4) for hour in (0, 13)]
    assert woken == expected
    assert stopped
    assert days.day == date(2026, 3, 5)
    assert days.asked == 3 + faults.count("refused")
