"""What is read of Microsoft Advertising: own and shared budgets, and reports that take their time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr, ValidationError

from bidder.catalog import Account, BudgetStatus
from bidder.connectors.http import Payload
from bidder.connectors.microsoft import MicrosoftSettings, kind, parse
from bidder.connectors.microsoft.report import unpacked
from bidder.connectors.microsoft.zones import ZONES, iana_of
from bidder.connectors.sandbox import SandboxSettings
from bidder.errors import ConnectorError
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency, Money
from bidder.testing.case import a_row, day_of, error_of
from tests.connectors.http.fake import CANARIES
from tests.connectors.http.server import Answer, Got, answer
from tests.connectors.microsoft.fake import NUMBER, SIGNATURE, FakeMicrosoft, fault, zipped

USD = Currency("USD")
ACCOUNT = Account(AccountId("msads"), "microsoft", USD, "America/Los_Angeles")
AT = datetime(2026, 10, 15, 20, tzinfo=UTC)
CAMPAIGN: dict[str, Any] = {
    "Id": "1",
    "Name": "kettles",
    "Status": "Active",
    "BudgetType": "DailyBudgetStandard",
    "DailyBudget": Decimal("80.5"),
    "BudgetId": None,
    "CampaignType": "Search",
}


def usd(amount: str) -> Money:
    return Money.parse(amount, USD)


def read(*campaigns: dict[str, Any] | None, shared: Any = ()) -> parse.Found:
    rows = [None if one is None else {**CAMPAIGN, **one} for one in campaigns]
    return parse.budgets(Payload(AT, {"Campaigns": rows}), [Payload(AT, {"Budgets": list(shared)})], ACCOUNT)


# ---- budgets


def test_a_campaign_has_its_own_daily_budget_in_currency_units() -> None:
    found = read({})
    (one,) = found.budgets
    assert (one.id, one.now, one.step) == (BudgetId(ACCOUNT.id, "1"), usd("80.50"), usd("0.01"))
    assert (one.overdelivery, one.channel, one.target_driven, one.limited) == (2.0, "search", False, None)
    assert (found.kinds, found.native_by_campaign) == ({"1": "DailyBudgetStandard"}, {"1": "1"})


def test_a_shared_budget_is_one_with_all_its_campaigns() -> None:
    shared = {"Id": 8, "Name": "all kettles", "Amount": 120, "BudgetType": "DailyBudgetStandard"}
    found = read({"BudgetId": 8}, {"Id": 2, "BudgetId": "8", "CampaignType": "Audience"}, {"Id": 3}, shared=[shared])
    assert [one.id.native for one in found.budgets] == ["3", "shared-8"]
    one = found.budgets[1]
    assert (one.now, one.campaigns, one.channel, one.name) == (usd("120"), ("1", "2"), "", "all kettles")
    assert found.native_by_campaign == {"1": "shared-8", "2": "shared-8", "3": "3"}
    with pytest.raises(ConnectorError, match="8, which campaigns share, is not told"):
        read({"BudgetId": 8}, shared=[None])
    with pytest.raises(ConnectorError, match="8 came twice"):
        read({"BudgetId": 8}, shared=[shared, shared])


@pytest.mark.parametrize(
    ("states", "status", "limited"),
    [
        (["Active"], BudgetStatus.ACTIVE, None),
        (["Paused"], BudgetStatus.PAUSED, None),
        (["BudgetPaused"], BudgetStatus.ACTIVE, True),
        (["BudgetAndManualPaused"], BudgetStatus.PAUSED, None),
        (["Suspended"], BudgetStatus.PAUSED, None),
        (["Deleted"], BudgetStatus.REMOVED, None),
        (["SomethingNew"], BudgetStatus.ACTIVE, None),
        (["Paused", "Active"], BudgetStatus.ACTIVE, None),
        (["Deleted", "Paused"], BudgetStatus.PAUSED, None),
        (["Deleted", "Deleted"], BudgetStatus.REMOVED, None),
    ],
)
def test_whatever_is_not_known_to_rest_may_spend(states: list[str], status: BudgetStatus, limited: bool | None) -> None:
    shared = [{"Id": 8, "Amount": 120}]
    rows = [{"Id": str(place), "BudgetId": 8, "Status": state} for place, state in enumerate(states, 1)]
    (one,) = read(*rows, shared=shared).budgets
    assert (one.status, one.limited) == (status, limited)


def test_a_target_that_decides_more_than_the_budget_is_told() -> None:
    schemes = [{"Type": "TargetRoas"}, {"Type": "MaxConversionValue", "TargetRoas": 4}, {"Type": "MaxClicks"}, None]
    found = read(*({"Id": place, "BiddingScheme": one} for place, one in enumerate(schemes, 1)))
    assert [one.target_driven for one in found.budgets] == [True, True, False, False]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Id": None}, r"Campaigns\[0\]\.Id: missing"),
        ({"Id": "x"}, r"Campaigns\[0\]\.Id: expected an id"),
        ({"DailyBudget": None}, r"Campaigns\[0\]\.DailyBudget: missing"),
        ({"DailyBudget": -1}, r"Campaigns\[0\]\.DailyBudget: expected a number"),
        ({"Status": None}, r"Campaigns\[0\]\.Status: missing"),
        ({"BudgetId": "x"}, r"Campaigns\[0\]\.BudgetId: expected an id"),
    ],
)
def test_an_unknown_shape_names_its_field(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ConnectorError, match=words):
        read(change)


def test_what_is_no_daily_budget_is_left_alone_and_what_comes_twice_is_an_error() -> None:
    assert read({"BudgetType": "MonthlyBudgetSpendUntilDepleted"}, None).budgets == []
    with pytest.raises(ConnectorError, match="1 came twice"):
        read({}, {})
    bodies: list[Any] = [{}, {"Campaigns": None}, {"Campaigns": {}}, []]
    for body in bodies:
        with pytest.raises(ConnectorError):
            parse.budgets(Payload(AT, body), [], ACCOUNT)


async def test_shared_budgets_are_asked_for_in_hundreds(served: Callable[..., Any]) -> None:
    made = await served(FakeMicrosoft)
    natives = [str(9000 + k) for k in range(150)]
    made.campaigns = {f"7{one}": {"BudgetId": int(one), "BudgetType": "DailyBudgetStandard"} for one in natives}
    made.states = {f"shared-{one}": made.states["5501"] for one in natives}
    assert len(await made.reader().budgets()) == 150
    assert [len(got.json["BudgetIds"]) for got in made.server.got if got.path.endswith("Budgets/QueryByIds")] == [
        100,
        50,
    ]


# ---- the account


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Id": "5"}, "check account_id"),
        ({"CurrencyCode": "CHF"}, "write currency: CHF"),
        ({"TimeZone": "EasternTimeUSCanada"}, "is in America/New_York"),
        ({"TimeZone": None}, r"Account\.TimeZone: missing"),
    ],
)
def test_an_account_that_is_another_one_is_refused(change: dict[str, Any], words: str) -> None:
    told = {"Id": NUMBER, "CurrencyCode": "USD", "TimeZone": "PacificTimeUSCanadaTijuana", **change}
    with pytest.raises(ConnectorError, match=words):
        parse.check_account(Payload(AT, {"Account": told}), ACCOUNT, NUMBER)


def test_the_platforms_zone_is_taken_where_none_is_written_and_an_unknown_one_is_asked_for() -> None:
    unwritten = Account(ACCOUNT.id, "microsoft", USD, "Asia/Shanghai", zone_written=False)
    told = {"Id": int(NUMBER), "CurrencyCode": "USD", "TimeZone": "EasternTimeUSCanada"}
    name, account = parse.check_account(Payload(AT, {"Account": told}), unwritten, NUMBER)
    assert (name, account.timezone) == ("EasternTimeUSCanada", "America/New_York")
    strange = Payload(AT, {"Account": {**told, "TimeZone": "OlympusMons"}})
    with pytest.raises(ConnectorError, match="OlympusMons is not known here: write timezone"):
        parse.check_account(strange, unwritten, NUMBER)
    assert parse.check_account(strange, ACCOUNT, NUMBER) == ("OlympusMons", ACCOUNT)
    assert iana_of("Europe/Paris") == "Europe/Paris"


def test_every_zone_of_the_platform_is_one_that_this_computer_knows() -> None:
    for name, iana in ZONES.items():
        assert ZoneInfo(iana).key == iana, name


# ---- reports


async def test_a_report_is_asked_for_in_the_accounts_zone_and_waited_for(served: Callable[..., Any]) -> None:
    made = await served(FakeMicrosoft)
    made.pending_asks = 3
    found = await made.reader().performance(day_of(made, 2), day_of(made, 1))
    assert len(found) == 4
    assert made.clock.slept == [2.0, 4.0, 8.0]
    (asked,) = [one["asked"] for one in made.reports]
    assert asked["Time"]["ReportTimeZone"] == "PacificTimeUSCanadaTijuana"
    assert (asked["ExcludeReportHeader"], asked["ReturnOnlyCompleteData"]) == (True, False)


async def test_a_report_that_is_not_ready_is_waited_for_again_and_not_asked_for_anew(
    served: Callable[..., Any],
) -> None:
    made = await served(FakeMicrosoft)
    made.pending_asks = 12
    reader, day = made.reader(), day_of(made, 1)
    error = await error_of(reader.performance(day, day))
    assert (error.error, error.waiting_helps) == ("timeout", True)
    assert len(await reader.performance(day, day)) == 2
    assert len(made.reports) == 1


async def test_a_report_is_kept_for_a_while_and_asked_for_anew_after_it(served: Callable[..., Any]) -> None:
    made = await served(FakeMicrosoft)
    reader, day = made.reader(report_every=1), day_of(made, 1)
    first, again = await reader.performance(day, day), await reader.performance(day, day)
    assert len(made.reports) == 1
    assert first.observation(0).observed_at == again.observation(0).observed_at, "as of when it was fetched"
    made.advance(datetime(2026, 10, 15, 21, 30, tzinfo=UTC))
    await reader.performance(day, day)
    assert len(made.reports) == 2


async def test_an_address_that_has_expired_is_asked_for_again_and_no_new_report(served: Callable[..., Any]) -> None:
    made = await served(FakeMicrosoft)
    made.expired_urls = 1
    assert len(await made.reader().performance(day_of(made, 1), day_of(made, 1))) == 2
    assert len(made.reports) == 1
    made.expired_urls = 5
    error = await error_of(made.reader().performance(day_of(made, 2), day_of(made, 1)))
    assert "expired twice" in error.reason
    assert SIGNATURE not in str(error)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"Status": "Error"}, "could not make it"),
        ({"Status": "Frobnicating"}, r"ReportRequestStatus\.Status: expected Pending, Success or Error"),
        ({}, r"ReportRequestStatus\.Status: missing"),
        ({"Status": "Success", "ReportDownloadUrl": "file:///etc/passwd"}, "ReportDownloadUrl: expected https"),
        ({"Status": "Success", "ReportDownloadUrl": 7}, "ReportDownloadUrl: expected text"),
    ],
)
async def test_a_report_that_will_not_come_is_an_error_and_another_is_asked_for_next_time(
    served: Callable[..., Any], state: dict[str, Any], words: str
) -> None:
    made = await served(FakeMicrosoft)
    inner, broken = made.server._handle, [True]
    made.server._handle = lambda got: (
        answer({"ReportRequestStatus": state}) if broken and got.path.endswith("/Poll") else inner(got)
    )
    reader, day = made.reader(), day_of(made, 1)
    with pytest.raises(ConnectorError, match=words):
        await reader.performance(day, day)
    broken.clear()
    assert len(await reader.performance(day, day)) == 2
    assert len(made.reports) == 2


async def test_an_id_that_is_missing_and_too_many_reports_at_once_are_waited_for(served: Callable[..., Any]) -> None:
    made = await served(FakeMicrosoft)
    inner = made.server._handle
    for said, expected in (
        (answer({"ReportRequestId": None}), "schema"),
        (fault(207, "ConcurrentRequestOverLimit", "Too many concurrent report requests."), "throttled"),
    ):
        made.server._handle = lambda got, said=said: said if got.path.endswith("/Submit") else inner(got)
        error = await error_of(made.reader().performance(day_of(made, 1), day_of(made, 1)))
        assert (error.error, error.waiting_helps) == (expected, True)


async def test_long_ranges_are_several_reports(served: Callable[..., Any]) -> None:
    made = await served(FakeMicrosoft)
    made.report([a_row(made, age) for age in range(1, 401)])
    assert len(await made.reader().performance(day_of(made, 400), day_of(made, 1))) == 400
    assert len(made.reports) == 3


async def test_lines_before_the_header_and_after_the_rows_are_no_rows(served: Callable[..., Any]) -> None:
    made = await served(FakeMicrosoft)
    made.decorated = True
    found = await made.reader().performance(day_of(made, 2), day_of(made, 1))
    assert int(found.revenue.sum()) == sum(row.performance.revenue.micros for row in made.planted)


HEADER = (
    "TimePeriod,CampaignId,CurrencyCode,Impressions,Clicks,Spend,ConversionsQualified,Revenue,CampaignName,CampaignType"
)


def two_files() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.csv", HEADER)
        archive.writestr("b.csv", HEADER)
    return made.getvalue()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (zipped(HEADER + "\n2026-10-14,1,USD,1,1,1,1,1,a,Search\n")[:-9], "no archive that can be read"),
        (zipped(HEADER)[:30], "no archive that can be read"),
        (b"<html>down</html>", "no archive that can be read"),
        (b"", "no archive that can be read"),
        (two_files(), "expected one file in the archive, were 2"),
        (zipped("CampaignId,Spend\n1,2\n"), "no header with a column TimePeriod"),
        (zipped(HEADER + "\n2026-10-14,1,USD\n"), "line 2 has 3 cells, its header 10"),
        (zipped(HEADER + '\n"2026-10-14,1'), "line 2"),
    ],
    ids=["cut", "cut early", "html", "nothing", "two files", "no header", "short row", "open quote"],
)
async def test_a_file_that_cannot_be_read_whole_is_never_an_empty_report(
    served: Callable[..., Any], body: bytes, words: str
) -> None:
    made = await served(FakeMicrosoft)
    inner = made.server._handle
    made.server._handle = lambda got: Answer(200, body) if got.path.startswith("/store/") else inner(got)
    error = await error_of(made.reader().performance(day_of(made, 1), day_of(made, 1)))
    assert (error.error, error.waiting_helps) == ("decode", True)
    assert words in error.reason


def test_a_report_that_is_larger_than_it_may_be_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bidder.connectors.microsoft.report.LARGEST_REPORT", 1 << 20)
    with pytest.raises(ValueError, match="larger than 1 MiB"):
        unpacked(zipped("0" * (2 << 20)))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.csv", b"\xff\xfe")
    with pytest.raises(ValueError, match="not in UTF-8"):
        unpacked(made.getvalue())


def test_a_report_without_rows_has_none() -> None:
    assert unpacked(zipped(HEADER + "\r\n")) == (HEADER.split(","), [])


def row(**change: str) -> dict[str, str]:
    known = {
        "TimePeriod": "2026-10-14",
        "CampaignId": "1",
        "CurrencyCode": "USD",
        "Impressions": "1200",
        "Clicks": "31",
    }
    return {**known, "Spend": "12.339999999", "ConversionsQualified": "2.50", "Revenue": "1234.50", **change}


def figures(*rows: dict[str, str], products: Any = ()) -> Any:
    return parse.reports([Payload(AT, list(rows))], ACCOUNT, read({}), products=[Payload(AT, list(products))])


def test_figures_are_exact_to_the_cent() -> None:
    one = figures(row()).observation(0)
    p = one.performance
    assert (p.impressions, p.clicks, p.spend, p.orders, p.revenue) == (1200, 31, usd("12.34"), 2.5, usd("1234.50"))
    assert one.day.date == date(2026, 10, 14)
    assert figures(row(TimePeriod="10/4/2026")).observation(0).day.date == date(2026, 10, 4), "month first"


def test_what_a_row_leaves_empty_is_unknown_and_not_zero() -> None:
    blank = {name: value for name, value in row().items() if name not in ("ConversionsQualified", "Revenue")}
    p = figures(blank).observation(0).performance
    assert p.orders is p.revenue is None
    lacking = {name: value for name, value in row().items() if name != "Spend"}
    with pytest.raises(ConnectorError, match=r"\[0\]\.Spend: missing"):
        figures(lacking)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Spend": "much"}, r"\[0\]\.Spend: expected a number"),
        ({"Clicks": "1.5"}, r"\[0\]\.Clicks: expected a whole number"),
        ({"TimePeriod": "14.10.2026"}, r"\[0\]\.TimePeriod: expected a date"),
        ({"CurrencyCode": "CHF"}, r"\[0\]\.CurrencyCode: expected USD, was CHF"),
        ({"CampaignId": "all"}, r"\[0\]\.CampaignId: expected an id"),
    ],
)
def test_an_unknown_shape_of_figures_names_its_field(change: dict[str, str], words: str) -> None:
    with pytest.raises(ConnectorError, match=words):
        figures(row(**change))


def test_a_row_that_comes_twice_is_an_error_and_one_of_a_deleted_campaign_counts() -> None:
    with pytest.raises(ConnectorError, match="1 on 2026-10-14 came twice"):
        figures(row(), row())
    assert figures(row(CampaignId="77")).budget.tolist() == ["77"]


async def test_figures_by_product_never_change_the_totals(served: Callable[..., Any]) -> None:
    made = await served(FakeMicrosoft)
    made.campaigns["5501"]["CampaignType"] = "Shopping"
    made.products = {"SKU-1": 50, "SKU-2": 47}
    made.report([a_row(made, 1, clicks=100, spend=10_000, orders=10, revenue=50_000)])
    day = day_of(made, 1)
    found = await made.reader().performance(day, day)
    assert dict(zip(found.product.tolist(), found.spend.tolist(), strict=True)) == {
        "SKU-1": 53_000_000,
        "SKU-2": 47_000_000,
    }
    made.products = {"SKU-1": 90, "SKU-2": 30}
    found = await made.reader().performance(day, day)
    assert (found.product.tolist(), int(found.spend.sum())) == ([""], 100_000_000)


async def test_figures_by_product_that_are_not_offered_are_asked_for_once(served: Callable[..., Any]) -> None:
    made = await served(FakeMicrosoft)
    made.campaigns["5501"]["CampaignType"] = "PerformanceMax"
    inner = made.server._handle

    def handle(got: Got) -> Any:
        by_product = got.path.endswith("/Submit") and "ProductDimension" in got.body.decode()
        return fault(2002, "ReportingServiceUnknownReportType") if by_product else inner(got)

    made.server._handle = handle
    reader = made.reader()
    for _ in range(2):
        assert len(await reader.performance(day_of(made, 1), day_of(made, 1))) == 2
    assert sum("ProductDimension" in got.body.decode() for got in made.server.got) == 1


async def test_as_far_back_as_sales_still_count_is_read_again(served: Callable[..., Any]) -> None:
    made = await served(FakeMicrosoft)
    assert made.reader().restated_days == 30
    assert made.reader(conversion_window=90).restated_days == 90


def test_ids_are_digits_and_settings_are_its_own() -> None:
    whole = {"account_id": 7, "customer_id": SecretStr("9"), "credentials": CANARIES}
    settings = MicrosoftSettings.model_validate(whole)
    assert (settings.account_id, settings.customer_id) == ("7", "9")
    assert settings.service("Reporting") == "https://reporting.api.bingads.microsoft.com/Reporting/v13"
    assert kind.reader(ACCOUNT, settings).account == kind.writer(ACCOUNT, settings).account == ACCOUNT
    for wrong in ("F119ABCD", "", True, SecretStr("x7")):
        with pytest.raises(ValidationError, match="expected an id of digits") as caught:
            MicrosoftSettings.model_validate({**whole, "account_id": wrong})
        assert "x7" not in str(caught.value)
    with pytest.raises(TypeError, match="expected MicrosoftSettings"):
        kind.reader(ACCOUNT, SandboxSettings())
