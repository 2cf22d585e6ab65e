"""What is special about Google Ads: shared budgets, product rows, quotas in bodies, versions, partial failures."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from bidder.catalog import BudgetStatus
from bidder.connectors.google_ads import GoogleAdsKind, GoogleAdsReader, GoogleAdsWriter, kind, parse
from bidder.connectors.google_ads.client import failures, verdict
from bidder.connectors.google_ads.write import outcome_of
from bidder.connectors.http import Meaning, Payload, Reply
from bidder.connectors.sandbox import SandboxSettings
from bidder.errors import ConnectorError
from bidder.ids import BudgetId
from bidder.money import Currency, Money
from bidder.plan import Applied, Outcome, Refused, Unresolved
from bidder.testing.case import a_row, day_of
from tests.connectors.google_ads.fake import CUSTOMER, FakeGoogleAds, failure
from tests.connectors.http.fake import CANARIES
from tests.connectors.http.server import Answer, Got, answer, page

USD = Currency("USD")
AT = datetime(2026, 10, 15, 20, tzinfo=UTC)


@pytest.fixture
async def fake() -> AsyncIterator[FakeGoogleAds]:
    made = FakeGoogleAds()
    await made.start()
    yield made
    await made.close()


def usd(amount: str) -> Money:
    return Money.parse(amount, USD)


# ---- budgets


async def test_a_shared_budget_has_all_its_campaigns_and_one_over_a_period_is_left_out(fake: FakeGoogleAds) -> None:
    found = {one.id.native: one for one in await fake.reader().budgets()}
    assert set(found) == {"9001", "9002", "9003"}
    assert found["9003"].campaigns == ("103", "104")
    assert found["9003"].name == "Campaign 103 +1"
    assert found["9001"].overdelivery == 2.0
    assert found["9001"].step == usd("0.01")
    with pytest.raises(ConnectorError, match="no daily budget"):
        await fake.writer().read(BudgetId(fake.account.id, "9009"))


async def test_what_the_platform_says_of_a_campaign_is_on_its_budget(fake: FakeGoogleAds) -> None:
    found = {one.id.native: one for one in await fake.reader().budgets()}
    assert (found["9001"].limited, found["9001"].lost_share) == (True, 0.25)
    assert (found["9002"].limited, found["9002"].target_driven) == (False, True)
    assert found["9001"].channel == "search"


async def test_budgets_are_read_also_when_the_platform_does_not_say_more(fake: FakeGoogleAds) -> None:
    inner = fake.server._handle
    fake.server._handle = lambda got: (
        failure(400, "INVALID_ARGUMENT", {"queryError": "UNRECOGNIZED_FIELD"})
        if b"primary_status" in got.body
        else inner(got)
    )
    found = await fake.reader().budgets()
    assert len(found) == 3
    assert {one.limited for one in found} == {None}


async def test_a_budget_with_two_amounts_at_once_is_not_believed(fake: FakeGoogleAds) -> None:
    row: dict[str, Any] = {
        "campaign": {"id": "1", "status": "ENABLED"},
        "campaignBudget": {"id": "9", "amountMicros": "5"},
    }
    other = {"campaign": {"id": "2", "status": "ENABLED"}, "campaignBudget": {"id": "9", "amountMicros": "6"}}
    with pytest.raises(ConnectorError, match=r"results\[0\]\.campaignBudget\.amountMicros: budget 9 has 2 amounts"):
        parse.budgets([Payload(AT, {"results": [row, other]})], fake.account)


@pytest.mark.parametrize(
    ("campaigns", "budget", "expected"),
    [
        (["ENABLED"], "ENABLED", BudgetStatus.ACTIVE),
        (["PAUSED", "ENABLED"], "ENABLED", BudgetStatus.ACTIVE),
        (["PAUSED", "REMOVED"], "ENABLED", BudgetStatus.PAUSED),
        (["REMOVED"], "ENABLED", BudgetStatus.REMOVED),
        (["ENABLED"], "REMOVED", BudgetStatus.REMOVED),
    ],
)
def test_a_budget_is_active_when_one_of_its_campaigns_is(
    campaigns: list[str], budget: str, expected: BudgetStatus
) -> None:
    rows = [
        {
            "campaign": {"id": str(k), "status": status},
            "campaignBudget": {"id": "9", "amountMicros": "5000000", "status": budget},
        }
        for k, status in enumerate(campaigns)
    ]
    found = parse.budgets([Payload(AT, {"results": rows})], FakeGoogleAds().account)
    assert [one.status for one in found] == [expected]


# ---- figures


async def test_conversions_are_fractional_orders(fake: FakeGoogleAds) -> None:
    row = a_row(fake, 1)
    fake.report([replace(row, performance=replace(row.performance, orders=2.25))])
    found = await fake.reader().performance(day_of(fake, 1), day_of(fake, 1))
    assert found.observation(0).performance.orders == 2.25


async def test_shopping_campaigns_give_a_row_a_product_when_their_cost_is_the_campaigns(fake: FakeGoogleAds) -> None:
    fake.kinds["101"] = "SHOPPING"
    fake.products["101"] = {"tea-1": 75, "tea-2": 25}
    fake.report([a_row(fake, 1, clicks=40, spend=4_000, orders=4, revenue=20_000)])
    found = await fake.reader().performance(day_of(fake, 1), day_of(fake, 1))
    assert sorted(zip(found.product.tolist(), found.spend.tolist(), strict=True)) == [
        ("tea-1", 30_000_000),
        ("tea-2", 10_000_000),
    ]
    assert set(found.budget.tolist()) == {"9001"}
    assert set(found.name.tolist()) == {"Campaign 101"}


async def test_product_rows_that_hold_less_than_the_campaign_are_not_taken_for_it(fake: FakeGoogleAds) -> None:
    fake.kinds["101"] = "SHOPPING"
    fake.products["101"] = {"tea-1": 60}
    fake.report([a_row(fake, 1, spend=4_000)])
    found = await fake.reader().performance(day_of(fake, 1), day_of(fake, 1))
    assert (found.product.tolist(), found.spend.tolist()) == ([""], [40_000_000])


async def test_products_are_asked_for_only_where_there_are_some(fake: FakeGoogleAds) -> None:
    fake.report([a_row(fake, 1)])
    await fake.reader().performance(day_of(fake, 1), day_of(fake, 1))
    assert not [query for query in fake.queries if "shopping_performance_view" in query]


async def test_a_report_that_does_not_name_budgets_is_joined_with_the_campaigns(fake: FakeGoogleAds) -> None:
    fake.names = False
    fake.report([a_row(fake, 1, 1)])
    found = await fake.reader().performance(day_of(fake, 1), day_of(fake, 1))
    assert found.budget.tolist() == ["9002"]


async def test_spend_of_a_campaign_without_a_budget_still_counts(fake: FakeGoogleAds) -> None:
    metrics = {"costMicros": "12340000", "clicks": "31", "impressions": "1200"}
    row = {"campaign": {"id": "77"}, "segments": {"date": "2026-10-01"}, "metrics": metrics}
    found = parse.reports([Payload(AT, {"results": [row]})], fake.account)
    assert (found.budget.tolist(), found.spend.tolist(), found.orders.tolist()) == (
        ["campaign-77"],
        [12_340_000],
        [0.0],
    )


async def test_a_row_that_cannot_be_true_is_handed_on_to_be_counted(fake: FakeGoogleAds) -> None:
    metrics = {"costMicros": "-12340000", "clicks": "31", "impressions": "1200"}
    row = {"campaign": {"id": "77"}, "segments": {"date": "2026-10-01"}, "metrics": metrics}
    assert parse.reports([Payload(AT, {"results": [row]})], fake.account).spend.tolist() == [-12_340_000]


async def test_a_campaign_and_day_that_come_twice_are_an_error(fake: FakeGoogleAds) -> None:
    row = {"campaign": {"id": "77"}, "segments": {"date": "2026-10-01"}, "metrics": {"costMicros": "1"}}
    with pytest.raises(ConnectorError, match="77 on 2026-10-01 came twice"):
        parse.reports([Payload(AT, {"results": [row, row]})], fake.account)


async def test_pages_without_an_end_are_an_error(fake: FakeGoogleAds) -> None:
    inner = fake.server._handle
    fake.server._handle = lambda got: (
        answer({"results": [], "nextPageToken": "again"}) if "search" in got.path else inner(got)
    )
    with pytest.raises(ConnectorError, match="the same page again"):
        await fake.reader().budgets()


async def test_a_proxy_that_does_not_know_the_count_of_rows_is_asked_without_it(fake: FakeGoogleAds) -> None:
    inner = fake.server._handle
    fake.server._handle = lambda got: (
        failure(400, "INVALID_ARGUMENT", {"requestError": "UNKNOWN"}, 'Unknown name "searchSettings": no such field')
        if b"searchSettings" in got.body
        else inner(got)
    )
    reader = fake.reader()
    assert len(await reader.budgets()) == 3
    refusals = sum(b"searchSettings" in got.body for got in fake.server.got)
    assert refusals == 1


async def test_the_account_is_asked_for_once_a_session(fake: FakeGoogleAds) -> None:
    reader = fake.reader()
    await reader.budgets()
    await reader.budgets()
    assert sum("FROM customer" in query for query in fake.queries) == 1


# ---- what goes out


async def test_requests_carry_the_manager_and_a_developer_token_only_where_one_is_given(fake: FakeGoogleAds) -> None:
    await fake.reader().budgets()
    sent = [got for got in fake.server.got if "search" in got.path]
    assert {got.headers.get("login-customer-id") for got in sent} == {"1112223333"}
    assert {got.headers.get("developer-token") for got in sent} == {CANARIES["developer_token"]}
    without = {name: value for name, value in CANARIES.items() if name != "developer_token"}
    client = fake.client(credentials=without)
    await client.campaigns()
    assert "developer-token" not in fake.server.got[-1].headers


async def test_a_write_is_one_operation_with_its_mask(fake: FakeGoogleAds) -> None:
    assert await fake.writer().set(fake.budgets[0], usd("90")) == Applied(usd("90"))
    sent = fake.server.got[-1]
    assert sent.path == f"/v26/customers/{CUSTOMER}/campaignBudgets:mutate"
    assert sent.json["operations"] == [
        {
            "updateMask": "amountMicros",
            "update": {"resourceName": f"customers/{CUSTOMER}/campaignBudgets/9001", "amountMicros": "90000000"},
        }
    ]


@pytest.mark.parametrize("native", ["9001 OR 1 = 1", "9001'", "", "abc", "1" * 30, "９００１"])
async def test_what_is_no_id_is_never_put_into_a_query(fake: FakeGoogleAds, native: str) -> None:
    budget = BudgetId(fake.account.id, native)
    with pytest.raises(ConnectorError, match="expected digits"):
        await fake.writer().read(budget)
    assert isinstance(await fake.writer().set(budget, usd("90")), Refused)
    assert not fake.server.got


async def test_a_minimum_that_a_refusal_names_is_remembered(fake: FakeGoogleAds) -> None:
    fake.minimum = 5_000_000
    writer = fake.writer()
    outcome = await writer.set(fake.budgets[0], usd("4"))
    assert isinstance(outcome, Refused)
    assert "BUDGET_BELOW_PER_DAY_MINIMUM" in outcome.reason
    assert (await writer.read(fake.budgets[0])).minimum == usd("5")
    assert (await writer.read(fake.budgets[1])).minimum is None


async def test_a_quota_that_ends_inside_a_success_refuses_and_holds_back(fake: FakeGoogleAds) -> None:
    error = {
        "errorCode": {"quotaError": "RESOURCE_TEMPORARILY_EXHAUSTED"},
        "details": {"quotaErrorDetails": {"retryDelay": "90s"}},
    }
    partial = {"code": 8, "message": "Quota", "details": [{"errors": [error]}]}
    inner = fake.server._handle
    fake.server._handle = lambda got: (
        answer({"results": [{}], "partialFailureError": partial}) if "mutate" in got.path else inner(got)
    )
    writer = fake.writer()
    assert isinstance(await writer.set(fake.budgets[0], usd("90")), Refused)
    held = await writer.set(fake.budgets[0], usd("90"))
    assert isinstance(held, Refused)
    assert "not asked for 90 s" in held.reason
    assert sum("mutate" in got.path for got in fake.server.got) == 1


# ---- what a reply means


def reply(data: Any, status: int = 200) -> Reply:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Reply("set", status, {}, body, AT)


def said(made: Answer) -> Reply:
    return Reply("set", made.status, {}, made.body, AT)


QUOTA = {"quotaErrorDetails": {"retryDelay": "30.5s"}}
VERDICTS: list[tuple[Answer, Meaning, float | None, str]] = [
    (failure(401, "UNAUTHENTICATED", {"authenticationError": "OAUTH_TOKEN_EXPIRED"}), Meaning.EXPIRED, None, "auth"),
    (failure(403, "PERMISSION_DENIED", {"authorizationError": "USER_PERMISSION_DENIED"}), Meaning.FAILED, None, "auth"),
    (failure(400, "INVALID", {"authorizationError": "CUSTOMER_NOT_ENABLED"}), Meaning.FAILED, None, "auth"),
    (
        failure(429, "RESOURCE_EXHAUSTED", {"quotaError": "RESOURCE_TEMPORARILY_EXHAUSTED"}, details=QUOTA),
        Meaning.THROTTLED,
        30.5,
        "throttled",
    ),
    (failure(429, "RESOURCE_EXHAUSTED", {"quotaError": "RESOURCE_EXHAUSTED"}), Meaning.THROTTLED, 3600.0, "throttled"),
    (
        failure(429, "RESOURCE_EXHAUSTED", {"quotaError": "EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION"}),
        Meaning.THROTTLED,
        None,
        "throttled",
    ),
    (failure(400, "INVALID_ARGUMENT", {"queryError": "UNRECOGNIZED_FIELD"}), Meaning.FAILED, None, "http_4xx"),
    (failure(500, "INTERNAL", {"internalError": "TRANSIENT_ERROR"}), Meaning.PASSING, None, "http_5xx"),
    (failure(503, "UNAVAILABLE", {"internalError": "INTERNAL_ERROR"}), Meaning.PASSING, None, "http_5xx"),
    (page(502), Meaning.PASSING, None, "http_5xx"),
    (page(404), Meaning.FAILED, None, "http_4xx"),
    (
        answer([{"error": {"code": 429, "details": [{"@type": "RetryInfo", "retryDelay": "7s"}]}}], 429),
        Meaning.THROTTLED,
        7.0,
        "throttled",
    ),
    (answer({"error": {"code": 429, "details": [{"retryDelay": "soon"}]}}, 429), Meaning.THROTTLED, None, "throttled"),
    (answer({"results": []}), Meaning.OK, None, "other"),
]


@pytest.mark.parametrize(("made", "meaning", "wait", "error"), VERDICTS)
def test_each_reply_has_its_meaning(made: Answer, meaning: Meaning, wait: float | None, error: str) -> None:
    found = verdict(said(made))
    assert (found.meaning, found.wait, found.error) == (meaning, wait, error)
    assert meaning is Meaning.OK or found.reason


def test_an_unknown_version_is_said_with_the_key_to_change() -> None:
    for made in (page(404), failure(400, "INVALID_ARGUMENT", {"requestError": "UNSUPPORTED_VERSION"})):
        assert "set api_version" in verdict(said(made)).reason


def test_errors_are_found_in_each_envelope() -> None:
    detail = {"errors": [{"errorCode": {"quotaError": "X"}, "message": "m"}, {"errorCode": {}}, {}]}
    expected = [("quotaError.X", "m"), ("error.UNKNOWN", ""), ("error.UNKNOWN", "")]
    assert list(failures([{"error": {"details": [detail]}}])) == expected
    assert list(failures({"error": {"details": [detail]}})) == expected
    assert list(failures({"partialFailureError": {"details": [detail]}})) == expected
    assert list(failures(None)) == []


NAME = f"customers/{CUSTOMER}/campaignBudgets/9001"
STORED = {"resourceName": NAME, "amountMicros": "90000000"}


def partial(code: dict[str, str], results: list[Any]) -> dict[str, Any]:
    return {"results": results, "partialFailureError": {"code": 3, "details": [{"errors": [{"errorCode": code}]}]}}


OUTCOMES: list[tuple[Reply, type[Outcome]]] = [
    (reply({"results": [{"resourceName": NAME, "campaignBudget": STORED}]}), Applied),
    (reply({"results": [{"resourceName": NAME}]}), Applied),
    (
        reply({"results": [{"resourceName": NAME, "campaignBudget": {**STORED, "amountMicros": "99000000"}}]}),
        Unresolved,
    ),
    (reply({"results": [{"resourceName": NAME.replace("9001", "9002")}]}), Unresolved),
    (reply({"results": [{"resourceName": NAME}, {"resourceName": NAME}]}), Unresolved),
    (reply({"results": [{}]}), Unresolved),
    (reply({}), Unresolved),
    (reply([]), Unresolved),
    (reply(b"<html>"), Unresolved),
    (reply(partial({"campaignBudgetError": "CAMPAIGN_BUDGET_REMOVED"}, [{}])), Refused),
    (reply(partial({"quotaError": "RESOURCE_EXHAUSTED"}, [{}])), Refused),
    (reply(partial({"internalError": "TRANSIENT_ERROR"}, [{}])), Unresolved),
    (reply(partial({"campaignBudgetError": "NEGATIVE_MONEY_AMOUNT"}, [{"resourceName": NAME}])), Unresolved),
    (reply({"results": [{}], "partialFailureError": {"code": 13}}), Unresolved),
    (said(failure(400, "INVALID_ARGUMENT", {"campaignBudgetError": "MONEY_AMOUNT_TOO_LARGE"})), Refused),
    (said(failure(403, "PERMISSION_DENIED", {"authorizationError": "USER_PERMISSION_DENIED"})), Refused),
    (said(failure(429, "RESOURCE_EXHAUSTED", {"quotaError": "RESOURCE_EXHAUSTED"})), Refused),
    (said(failure(400, "INVALID_ARGUMENT", {"internalError": "INTERNAL_ERROR"})), Unresolved),
    (said(failure(500, "INTERNAL", {"internalError": "INTERNAL_ERROR"})), Unresolved),
    (said(page(400)), Unresolved),
    (said(page(502)), Unresolved),
    (said(Answer(302, b"")), Unresolved),
]


@pytest.mark.parametrize(("got", "expected"), OUTCOMES)
def test_each_reply_to_a_write_proves_so_much(got: Reply, expected: type[Outcome]) -> None:
    found = outcome_of(got, BudgetId(FakeGoogleAds().account.id, "9001"), usd("90"))
    assert type(found) is expected, found
    assert isinstance(found, Applied) or found.reason


# ---- settings and registry


def test_customer_ids_may_have_dashes_or_be_numbers() -> None:
    made = FakeGoogleAds()
    made.server.url = "http://127.0.0.1:1"
    assert made.settings(customer_id=4445556666).customer_id == CUSTOMER
    assert made.settings(customer_id="444-555-6666").customer_id == CUSTOMER
    assert made.settings(customer_id=SecretStr("444-555-6666")).customer_id == CUSTOMER
    with pytest.raises(ValidationError) as caught:
        made.settings(customer_id=SecretStr("hidden-id"))
    assert "hidden-id" not in str(caught.value)
    for wrong in ("abc", True, "", 1.5, "-", "1" * 20):
        with pytest.raises(ValidationError):
            made.settings(customer_id=wrong)


def test_the_kind_opens_reader_and_writer_on_one_connection() -> None:
    made, opened = FakeGoogleAds(), GoogleAdsKind()
    made.server.url = "http://127.0.0.1:1"
    settings = made.settings()
    reader, writer = opened.reader(made.account, settings), opened.writer(made.account, settings)
    assert isinstance(reader, GoogleAdsReader)
    assert isinstance(writer, GoogleAdsWriter)
    assert reader._client.http is writer._client.http
    assert opened.shop(made.account, settings) is None
    assert opened.sunset(settings) == date(2027, 11, 1)
    assert opened.sunset(SandboxSettings()) is None
    assert kind.name == "google_ads"
    wrong: list[Callable[[Any, Any], object]] = [opened.reader, opened.writer]
    for one in wrong:
        with pytest.raises(TypeError, match="expected GoogleAdsSettings"):
            one(made.account, SandboxSettings())


def test_a_settings_repr_shows_no_secret() -> None:
    made = FakeGoogleAds()
    made.server.url = "http://127.0.0.1:1"
    shown = repr(made.settings()) + str(made.settings().model_dump())
    assert not [secret for secret in CANARIES.values() if secret in shown]


async def test_a_reader_asks_nothing_before_it_is_asked(fake: FakeGoogleAds) -> None:
    fake.reader()
    fake.writer()
    got: list[Got] = fake.server.got
    assert not got
