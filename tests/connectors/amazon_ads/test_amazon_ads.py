"""What is special about Amazon Ads: reports that take their time, 207 with a result an entry, currency units."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from bidder.catalog import BudgetStatus
from bidder.connectors.amazon_ads import AmazonAdsKind, AmazonAdsReader, AmazonAdsWriter, kind, parse
from bidder.connectors.amazon_ads.client import verdict
from bidder.connectors.amazon_ads.write import outcome_of
from bidder.connectors.http import Meaning, Payload, Reply
from bidder.connectors.sandbox import SandboxSettings
from bidder.errors import ConnectorError
from bidder.ids import BudgetId
from bidder.money import Currency, Money
from bidder.plan import Applied, Outcome, Refused, Unresolved
from bidder.testing.case import a_row, day_of, error_of
from tests.connectors.amazon_ads.fake import SIGNATURE, FakeAmazonAds
from tests.connectors.http.server import Answer, Got, answer, page

USD = Currency("USD")
AT = datetime(2026, 10, 15, 20, tzinfo=UTC)


@pytest.fixture
async def fake() -> AsyncIterator[FakeAmazonAds]:
    made = FakeAmazonAds()
    await made.start()
    yield made
    await made.close()


def usd(amount: str) -> Money:
    return Money.parse(amount, USD)


# ---- campaigns


async def test_campaigns_come_from_every_page_with_the_limits_of_their_country(fake: FakeAmazonAds) -> None:
    found = await fake.reader().budgets()
    assert len(found) == 3
    assert (found[0].minimum, found[0].maximum, found[0].step) == (usd("1"), usd("1000000"), usd("0.01"))
    assert found[0].overdelivery == 2.0
    assert sum(got.path == "/sp/campaigns/list" for got in fake.server.got) == 2
    fake.country = "ZZ"
    assert (await fake.reader().budgets())[0].minimum is None


async def test_a_campaign_that_is_missing_from_the_pages_is_an_error(fake: FakeAmazonAds) -> None:
    fake.total = 57
    error = await error_of(fake.reader().budgets())
    assert "totalResults: said 57 campaigns, 3 came" in error.reason


async def test_a_budget_over_a_lifetime_is_no_daily_amount(fake: FakeAmazonAds) -> None:
    rows = [{"campaignId": "1", "state": "ENABLED", "budget": {"budget": 80, "budgetType": "LIFETIME"}}]
    assert parse.budgets([Payload(AT, {"campaigns": rows})], fake.account, "US") == []


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"campaignId": "1", "state": "NEW"}, "state: expected ENABLED"),
        ({"campaignId": "1"}, "state: missing"),
        ({"campaignId": "x", "state": "ENABLED"}, "campaignId: expected an id"),
        ({"campaignId": "1", "state": "ENABLED", "budget": {"budgetType": "DAILY"}}, "budget.budget: missing"),
        (
            {"campaignId": "1", "state": "ENABLED", "budget": {"budgetType": "DAILY", "budget": -1}},
            "budget.budget: exp",
        ),
    ],
)
def test_an_unknown_shape_names_its_field(row: dict[str, Any], words: str) -> None:
    whole = {"budget": {"budgetType": "DAILY", "budget": 5}, **row}
    with pytest.raises(ConnectorError, match=r"campaigns\[0\]\." + words):
        parse.budgets([Payload(AT, {"campaigns": [whole]})], FakeAmazonAds().account, "US")


async def test_a_campaign_that_comes_twice_is_an_error(fake: FakeAmazonAds) -> None:
    row = {"campaignId": "1", "state": "ENABLED", "budget": {"budgetType": "DAILY", "budget": 5}}
    with pytest.raises(ConnectorError, match="1 came twice"):
        parse.budgets([Payload(AT, {"campaigns": [row, row]})], fake.account, "US")


async def test_pages_without_an_end_are_an_error(fake: FakeAmazonAds) -> None:
    inner = fake.server._handle
    fake.server._handle = lambda got: answer({"campaigns": [], "nextToken": "x"}) if "list" in got.path else inner(got)
    assert "without an end" in (await error_of(fake.reader().budgets())).reason


async def test_an_unknown_profile_is_said_with_what_to_check(fake: FakeAmazonAds) -> None:
    error = await error_of(AmazonAdsReader(fake.client(profile_id="555"), fake.account, fake.settings()).budgets())
    assert (error.error, error.waiting_helps) == ("auth", False)
    assert "check profile_id and region" in error.reason


async def test_an_archived_campaign_is_removed(fake: FakeAmazonAds) -> None:
    fake.set_status(fake.budgets[0], BudgetStatus.REMOVED)
    gone = BudgetId(fake.account.id, "218293333782001")
    assert (await fake.writer().read(gone)).status is BudgetStatus.REMOVED
    assert gone not in {one.id for one in await fake.reader().budgets()}


# ---- reports


async def test_a_report_is_asked_for_again_with_growing_gaps_until_it_is_ready(fake: FakeAmazonAds) -> None:
    fake.pending_asks = 4
    fake.report([a_row(fake, 1)])
    assert len(await fake.reader().performance(day_of(fake, 3), day_of(fake, 1))) == 1
    assert fake.clock.slept == [2.0, 4.0, 8.0, 16.0]


async def test_a_report_that_is_not_ready_is_waited_for_again_and_not_asked_for_anew(fake: FakeAmazonAds) -> None:
    fake.pending_asks = 12
    fake.report([a_row(fake, 1)])
    reader, day = fake.reader(), day_of(fake, 1)
    error = await error_of(reader.performance(day, day))
    assert (error.error, error.waiting_helps) == ("timeout", True)
    assert "not ready yet" in error.reason
    assert len(await reader.performance(day, day)) == 1
    assert fake.creations == 1


async def test_after_a_restart_the_same_report_is_found_by_its_duplicate(fake: FakeAmazonAds) -> None:
    fake.pending_asks = 12
    fake.report([a_row(fake, 1)])
    day = day_of(fake, 1)
    await error_of(fake.reader().performance(day, day))
    assert len(await fake.reader().performance(day, day)) == 1
    assert (fake.creations, len(fake.reports)) == (2, 1)


async def test_a_duplicate_that_is_another_report_is_not_taken(fake: FakeAmazonAds) -> None:
    inner = fake.server._handle
    number = "00000000-0000-0000-0000-000000000009"

    def other(got: Got) -> Answer:
        if got.path == "/reporting/reports":
            return answer({"code": "425", "detail": f"The Request is a duplicate of : {number}"}, 425)
        if got.path.endswith(number):
            return answer({"reportId": number, "status": "PENDING", "startDate": "2020-01-01"})
        return inner(got)  # type: ignore[return-value]  # it answers at once

    fake.server._handle = other
    error = await error_of(fake.reader().performance(day_of(fake, 1), day_of(fake, 1)))
    assert "another report is being made" in error.reason


async def test_an_address_that_has_expired_is_asked_for_again_and_no_new_report(fake: FakeAmazonAds) -> None:
    fake.report([a_row(fake, 1)])
    fake.expired_urls = 1
    assert len(await fake.reader().performance(day_of(fake, 1), day_of(fake, 1))) == 1
    assert fake.creations == 1
    fake.expired_urls = 5
    error = await error_of(fake.reader().performance(day_of(fake, 2), day_of(fake, 1)))
    assert "expired twice" in error.reason
    assert SIGNATURE not in str(error)


async def test_the_store_of_reports_is_asked_without_a_token(fake: FakeAmazonAds) -> None:
    fake.report([a_row(fake, 1)])
    await fake.reader().performance(day_of(fake, 1), day_of(fake, 1))
    downloads = [got for got in fake.server.got if got.path.startswith("/s3/")]
    assert [set(got.headers) & {"Authorization", "Amazon-Advertising-API-Scope"} for got in downloads] == [set()]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"status": "FAILED", "failureReason": "too large"}, "could not make it: too large"),
        ({"status": "CANCELLED"}, "could not make it: CANCELLED"),
        ({"status": "LOST"}, "status: expected PENDING"),
        ({"status": "COMPLETED"}, "url: missing"),
        ({"status": "COMPLETED", "url": "file:///etc/passwd"}, "url: expected https"),
    ],
)
async def test_a_report_that_will_not_come_is_an_error_and_another_is_asked_for_next_time(
    fake: FakeAmazonAds, state: dict[str, str], words: str
) -> None:
    inner = fake.server._handle
    broken = True

    def other(got: Got) -> Answer:
        if broken and got.method == "GET" and got.path.startswith("/reporting/"):
            return answer(state)
        return inner(got)  # type: ignore[return-value]  # it answers at once

    fake.server._handle = other
    reader, day = fake.reader(), day_of(fake, 1)
    assert words in (await error_of(reader.performance(day, day))).reason
    broken = False
    fake.report([a_row(fake, 1)])
    fake.reports.clear()
    assert len(await reader.performance(day, day)) == 1


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"[]", 0),
        (gzip.compress(b"[]", mtime=0), 0),
        (gzip.compress(b'[{"date": "2026-10-14"', mtime=0)[:-4], None),
        (gzip.compress(b'[{"date": "2026-10', mtime=0), None),
        (b"<html>", None),
        (b"", None),
        (b"\x1f\x8bgarbage", None),
    ],
    ids=["plain", "packed", "no end mark", "cut", "html", "nothing", "garbage"],
)
async def test_a_file_is_read_packed_or_not_and_a_cut_one_is_never_empty(
    fake: FakeAmazonAds, body: bytes, rows: int | None
) -> None:
    inner = fake.server._handle
    fake.server._handle = lambda got: Answer(200, body) if got.path.startswith("/s3/") else inner(got)
    reading = fake.reader().performance(day_of(fake, 1), day_of(fake, 1))
    if rows is None:
        assert (await error_of(reading)).error == "decode"
    else:
        assert len(await reading) == rows


@pytest.mark.parametrize("said", [{}, {"reportId": None}, {"reportId": "../../profiles"}, []])
async def test_a_creation_without_an_id_is_an_error(fake: FakeAmazonAds, said: Any) -> None:
    inner = fake.server._handle
    fake.server._handle = lambda got: answer(said) if got.path == "/reporting/reports" else inner(got)
    assert "reportId: missing" in (await error_of(fake.reader().performance(day_of(fake, 1), day_of(fake, 1)))).reason


async def test_long_ranges_are_several_reports_of_at_most_31_days(fake: FakeAmazonAds) -> None:
    fake.report([a_row(fake, age) for age in range(1, 91)])
    found = await fake.reader().performance(day_of(fake, 90), day_of(fake, 1))
    assert len(found) == 90
    assert fake.creations == 3


async def test_a_report_is_kept_for_some_hours_by_the_running_process(fake: FakeAmazonAds) -> None:
    fake.report([a_row(fake, 1)])
    day = day_of(fake, 1)
    reader = fake.reader(report_every=4)
    first, again = await reader.performance(day, day), await reader.performance(day, day)
    assert first.observed.tolist() == again.observed.tolist()
    assert fake.creations == 1
    fake.advance(datetime(2026, 10, 16, 1, 0, tzinfo=UTC))
    await reader.performance(day, day)
    assert fake.creations == 2


async def test_ad_groups_of_a_campaign_are_one_row_a_product(fake: FakeAmazonAds) -> None:
    fake.groups = 3
    row = a_row(fake, 1, spend=1_000)
    fake.report([row])
    found = await fake.reader().performance(row.day, row.day)
    assert len(found) == 1
    assert found.observation(0).performance == row.performance
    assert found.observation(0).window == 7


async def test_costs_given_as_floats_are_whole_cents(fake: FakeAmazonAds) -> None:
    fake.float_noise = True
    row = a_row(fake, 1, spend=1_234)
    fake.report([row])
    assert (await fake.reader().performance(row.day, row.day)).spend.tolist() == [12_340_000]


def test_rows_without_a_sku_carry_the_asin_and_ids_may_be_numbers_or_text() -> None:
    row: dict[str, Any] = {"date": "2026-10-01", "campaignId": "218", "advertisedAsin": "B0X", "cost": Decimal("12.34")}
    found = parse.reports(Payload(AT, [row]), FakeAmazonAds().account, 14)
    assert (found.product.tolist(), found.window.tolist(), found.orders.tolist()) == (["B0X"], [14], [0.0])
    with pytest.raises(ConnectorError, match=r"\[0\].cost: missing"):
        parse.reports(Payload(AT, [{**row, "cost": None}]), FakeAmazonAds().account, 7)


async def test_the_window_that_was_chosen_is_the_one_that_is_asked_for(fake: FakeAmazonAds) -> None:
    await fake.reader(attribution=14).performance(day_of(fake, 1), day_of(fake, 1))
    asked = next(iter(fake.reports.values()))["asked"]["configuration"]["columns"]
    assert {"purchases14d", "sales14d"} <= set(asked)
    assert "purchases7d" not in asked


# ---- writes


async def test_a_write_holds_the_whole_budget_in_currency_units(fake: FakeAmazonAds) -> None:
    assert await fake.writer().set(fake.budgets[0], usd("33.33")) == Applied(usd("33.33"))
    sent = fake.server.got[-1]
    assert sent.body == (
        b'{"campaigns":[{"campaignId":"218293333782001","budget":{"budget":33.33,"budgetType":"DAILY"}}]}'
    )
    assert sent.headers["Amazon-Advertising-API-Scope"] == "1234567890123"


async def test_yen_go_out_as_whole_numbers() -> None:
    made = FakeAmazonAds("Asia/Tokyo", "JPY", "JP")
    await made.start()
    amount = Money.parse(1200, Currency("JPY"))
    assert await made.writer().set(made.budgets[0], amount) == Applied(amount)
    assert b'"budget":1200,' in made.server.got[-1].body
    await made.close()


@pytest.mark.parametrize("native", ["1 OR 1", "", "abc", "../x", "1" * 30])
async def test_what_is_no_id_is_never_sent(fake: FakeAmazonAds, native: str) -> None:
    budget = BudgetId(fake.account.id, native)
    with pytest.raises(ConnectorError, match="expected digits"):
        await fake.writer().read(budget)
    assert isinstance(await fake.writer().set(budget, usd("90")), Refused)
    assert not fake.server.got


def reply(data: Any, status: int = 207) -> Reply:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Reply("set", status, {}, body, AT)


def entries(success: list[Any], error: list[Any]) -> dict[str, Any]:
    return {"campaigns": {"success": success, "error": error}}


def refused(kind: str) -> dict[str, Any]:
    value = {kind: {"reason": "TOO_LOW", "message": "No.", "lowerLimit": "1", "upperLimit": "5"}}
    return {"index": 0, "errors": [{"errorType": kind, "errorValue": value}]}


TAKEN = {"index": 0, "campaignId": "218"}
OUTCOMES: list[tuple[Reply, type[Outcome]]] = [
    (reply(entries([TAKEN], [])), Applied),
    (reply(entries([TAKEN], []), 200), Applied),
    (reply({"campaigns": {"success": [TAKEN]}}), Applied),
    (reply(entries([{"index": 0, "campaignId": 218}], [])), Applied),
    (reply(entries([{"index": 0, "campaignId": "219"}], [])), Unresolved),
    (reply(entries([TAKEN, TAKEN], [])), Unresolved),
    (reply(entries([TAKEN], [refused("rangeError")])), Unresolved),
    (reply(entries([], [])), Unresolved),
    (reply({}), Unresolved),
    (reply({"campaigns": None}), Unresolved),
    (reply(b"<html>"), Unresolved),
    (reply(entries([], [refused("rangeError")])), Refused),
    (reply(entries([], [refused("throttledError")])), Refused),
    (reply(entries([], [refused("entityStateError")])), Refused),
    (reply(entries([], [refused("internalServerError")])), Unresolved),
    (reply(entries([], [{"index": 0, "errors": []}])), Unresolved),
    (reply(entries([], [{"index": 3, "errors": [{"errorType": "rangeError"}]}])), Unresolved),
    (reply({"code": "400", "details": "bad"}, 400), Refused),
    (reply({"code": "401"}, 401), Refused),
    (reply({"code": "429"}, 429), Refused),
    (reply({"code": "422", "details": "bad"}, 422), Refused),
    (reply({"code": "408"}, 408), Unresolved),
    (reply({"code": "500"}, 500), Unresolved),
    (reply(b"<html>", 403), Unresolved),
    (reply(b"<html>", 502), Unresolved),
    (reply({}, 302), Unresolved),
]


@pytest.mark.parametrize(("got", "expected"), OUTCOMES)
def test_each_reply_to_a_write_proves_so_much(got: Reply, expected: type[Outcome]) -> None:
    found = outcome_of(got, BudgetId(FakeAmazonAds().account.id, "218"), usd("90"))
    assert type(found) is expected, found
    assert isinstance(found, Applied) or found.reason


def test_a_refusal_says_the_limit() -> None:
    found = outcome_of(
        reply(entries([], [refused("rangeError")])), BudgetId(FakeAmazonAds().account.id, "218"), usd("9")
    )
    assert found == Refused("rangeError: TOO_LOW: No.: lowerLimit 1: upperLimit 5")


@pytest.mark.parametrize(
    ("made", "meaning", "wait", "error"),
    [
        (answer({"code": "UNAUTHORIZED", "details": "Scope header is missing"}, 401), Meaning.FAILED, None, "auth"),
        (answer({"code": "UNAUTHORIZED", "details": "token expired"}, 401), Meaning.EXPIRED, None, "auth"),
        (answer({"code": "429"}, 429, Retry_After="7"), Meaning.THROTTLED, 7.0, "throttled"),
        (answer({"code": "429"}, 429), Meaning.THROTTLED, None, "throttled"),
        (answer({"code": "404"}, 404), Meaning.FAILED, None, "http_4xx"),
        (answer({"details": "this API version is gone"}, 410), Meaning.FAILED, None, "http_4xx"),
        (page(502), Meaning.PASSING, None, "http_5xx"),
        (answer({}, 207), Meaning.OK, None, "other"),
    ],
)
def test_each_reply_has_its_meaning(made: Answer, meaning: Meaning, wait: float | None, error: str) -> None:
    found = verdict(Reply("x", made.status, made.headers, made.body, AT))
    assert (found.meaning, found.wait, found.error) == (meaning, wait, error)


async def test_a_throttled_creation_without_a_time_is_tried_again_later(fake: FakeAmazonAds) -> None:
    left = [answer({"code": "429"}, 429)] * 9
    inner = fake.server._handle

    def throttling(got: Got) -> Answer:
        if got.path == "/reporting/reports" and left:
            return left.pop()
        return inner(got)  # type: ignore[return-value]  # it answers at once

    fake.server._handle = throttling
    fake.report([a_row(fake, 1)])
    assert len(await fake.reader(attempts=4).performance(day_of(fake, 1), day_of(fake, 1))) == 1
    assert fake.creations == 1
    assert [gap for gap in fake.clock.slept if gap >= 8] == [8.0, 16.0]
    left += [answer({"code": "429"}, 429)] * 99
    assert (await error_of(fake.reader().performance(day_of(fake, 2), day_of(fake, 2)))).error == "throttled"


# ---- settings and registry


def test_the_region_gives_the_addresses_and_an_account_may_give_its_own() -> None:
    made = FakeAmazonAds()
    made.server.url = "http://127.0.0.1:1"
    assert made.settings(base_url=None, region="eu").api == "https://advertising-api-eu.amazon.com"
    assert made.settings(token_url=None, region="fe").token_endpoint == "https://api.amazon.co.jp/auth/o2/token"
    assert made.settings().api == "http://127.0.0.1:1"
    for wrong in (
        {"profile_id": "x"},
        {"profile_id": True},
        {"region": "asia"},
        {"attribution": 5},
        {"api_version": "v2"},
    ):
        with pytest.raises(ValidationError):
            made.settings(**wrong)


def test_the_kind_opens_reader_and_writer_on_one_connection() -> None:
    made, opened = FakeAmazonAds(), AmazonAdsKind()
    made.server.url = "http://127.0.0.1:1"
    settings = made.settings()
    reader, writer = opened.reader(made.account, settings), opened.writer(made.account, settings)
    assert isinstance(writer, AmazonAdsWriter)
    assert reader._client.http is writer._client.http
    assert reader.restated_days == 30
    assert opened.shop(made.account, settings) is None
    assert kind.name == "amazon_ads"
    with pytest.raises(TypeError, match="expected AmazonAdsSettings"):
        opened.reader(made.account, SandboxSettings())
