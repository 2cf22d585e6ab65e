"""Microsoft Advertising as its documents describe it: three services, shared budgets, reports as a CSV in a ZIP."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from bidder.catalog import Account, BudgetStatus
from bidder.connectors.microsoft import MicrosoftReader, MicrosoftSettings, MicrosoftWriter
from bidder.connectors.microsoft.client import Client, opened
from bidder.connectors.microsoft.zones import ZONES
from bidder.ids import AccountId, BudgetId
from bidder.money import MICROS, Currency
from bidder.testing import ReadFault, Row, WriteFault
from tests.connectors.http.fake import CANARIES, FakeHttp, State
from tests.connectors.http.server import Answer, Got, answer

__all__ = ["CUSTOMER", "NUMBER", "SIGNATURE", "FakeMicrosoft", "fault", "zipped"]

NUMBER, CUSTOMER = "149082887", "21025739"
SIGNATURE = "canary-sas-77e0"
ROTATED = "canary-rotated-77e0-"
_STATES = {BudgetStatus.ACTIVE: "Active", BudgetStatus.PAUSED: "Paused", BudgetStatus.REMOVED: "Deleted"}


def fault(code: int, name: str, message: str = "No.", status: int = 400, under: str = "OperationErrors") -> Answer:
    """An error of a whole request."""
    one = {"Code": code, "ErrorCode": name, "Message": message, "Details": None}
    return answer({under: [one], "TrackingId": "t-1"}, status)


def zipped(text: str, name: str = "report.csv") -> bytes:
    """A CSV as the store keeps it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"\xef\xbb\xbf" + text.encode())
    return made.getvalue()


class FakeMicrosoft(FakeHttp):
    """Campaigns 5501, 5502 have budgets of their own; 5503 and 5504 share budget 8801."""

    faults = frozenset({ReadFault.MISSING_ROWS})
    secrets = (*FakeHttp.secrets, SIGNATURE, ROTATED)
    shopping = False

    def __init__(self, zone: str = "America/Los_Angeles", currency: str = "USD", first: str = "5501") -> None:
        account = Account(AccountId("msads"), "microsoft", Currency(currency), zone)
        self.big = 100 if currency == "JPY" else 1
        amounts = {"5501": 80, "5502": 45, "shared-8801": 120}
        ordered = [first, *(one for one in amounts if one != first)]
        states = {native: State(amounts[native] * MICROS * self.big) for native in ordered}
        super().__init__(account, states, datetime(2026, 10, 15, 20, 0, tzinfo=UTC))
        self.shared = BudgetId(account.id, "shared-8801")
        self.campaigns: dict[str, dict[str, Any]] = {
            "5501": {"BudgetType": "DailyBudgetAccelerated", "CampaignType": "Search"},
            "5502": {"BudgetType": "DailyBudgetStandard", "CampaignType": "Search"},
            "5503": {"BudgetId": 8801, "BudgetType": "DailyBudgetStandard", "CampaignType": "Search"},
            "5504": {"BudgetId": "8801", "BudgetType": "DailyBudgetStandard", "CampaignType": "Audience"},
        }
        self.zone_name = next(name for name, iana in ZONES.items() if iana == zone)
        self.reports: list[dict[str, Any]] = []
        self.pending_asks = 0
        """How often a report says that it is being made before it is ready."""
        self.expired_urls = 0
        """How many addresses have expired before they are used."""
        self.decorated = False
        """Whether a report has lines before its header and after its rows all the same."""
        self.products: dict[str, int] = {}
        """Shares (in percent) of all rows, by product."""
        self.posted: list[tuple[str, Any]] = []
        self.kept: list[str] = []
        """Refresh tokens that were given out."""

    def settings(self, **more: Any) -> MicrosoftSettings:
        keys: dict[str, Any] = {
            "account_id": int(NUMBER),
            "customer_id": CUSTOMER,
            "credentials": CANARIES,
            "base_url": self.server.url,
            "token_url": f"{self.server.url}/token",
            "attempts": 1,
            "requests_per_second": 1000,
            "report_every": 0,
        }
        return MicrosoftSettings.model_validate({**keys, **more})

    def client(self, **more: Any) -> Client:
        settings = self.settings(**more)
        http = opened(self.account, settings, self.timing)
        self.closing.append(http.close)
        return Client(http, settings)

    def reader(self, **more: Any) -> MicrosoftReader:
        return MicrosoftReader(self.client(**more), self.account, self.settings(**more))

    def writer(self, **more: Any) -> MicrosoftWriter:
        return MicrosoftWriter(self.client(**more), self.account)

    # ---- what the platform answers

    def is_write(self, got: Got) -> bool:
        return got.method == "PUT"

    def is_report(self, got: Got) -> bool:
        return got.path.endswith("/Poll" if self.reading[:1] == [ReadFault.NOT_READY] else "/store/report.zip")

    def _needs_token(self, got: Got) -> bool:
        return not got.path.startswith("/store/")

    def unauthorized(self, got: Got) -> Answer:
        return fault(109, "AuthenticationTokenExpired", "Authentication token expired.", 401, "Errors")

    def error(self, got: Got) -> Answer:
        return fault(0, "InternalError", "An internal error has occurred.", 500)

    def ended(self, got: Got) -> Answer:
        return fault(205, "InvalidVersion", "The specified version is not valid.")

    def throttled(self, got: Got, *, long: bool) -> Answer:
        said = fault(117, "CallRateExceeded", "You have exceeded the number of calls in a minute.", 429)
        return Answer(said.status, said.body, {"Retry-After": "3600"}) if long else said

    def reshaped(self, text: str) -> str:
        raise AssertionError("a report is packed")

    def _handled(self, got: Got) -> Answer:
        if got.path == "/token":
            return self._token(got)
        if not got.path.startswith("/store/"):
            assert got.headers["DeveloperToken"] == CANARIES["developer_token"]
            assert (got.headers["CustomerAccountId"], got.headers["CustomerId"]) == (NUMBER, CUSTOMER)
        else:
            assert "Authorization" not in got.headers, "the store is no service of the API"
            assert "DeveloperToken" not in got.headers
        return super()._handled(got)

    def _token(self, got: Got) -> Answer:
        from urllib.parse import parse_qs

        form = {name: values[0] for name, values in parse_qs(got.body.decode()).items()}
        assert form["scope"] == "https://ads.microsoft.com/msads.manage offline_access"
        known = {CANARIES["refresh_token"], *self.kept}
        if self.refused or form["refresh_token"] not in known:
            return answer({"error": "invalid_grant", "error_description": f"AADSTS: {form['refresh_token']}"}, 400)
        self.tokens += 1
        self.kept.append(f"{ROTATED}{self.tokens}")
        given = {"access_token": f"canary-access-5b21-{self.tokens}", "expires_in": 3599, "token_type": "Bearer"}
        return answer({**given, "refresh_token": self.kept[-1]})

    def _read(self, got: Got) -> Answer:
        if self.reading[:1] == [ReadFault.RESHAPED] and self.is_report(got):
            self.reading.pop(0)
            return Answer(200, zipped(self._csv().replace('"Spend"', '"Cost"')))
        return super()._read(got)

    def asked(self, got: Got, fault_: ReadFault | None) -> Answer:
        service, _, method = got.path.partition("/v13/")
        if got.path == "/store/report.zip":
            return self._download()
        body = got.json
        match service.strip("/"), method:
            case "CustomerManagement", "Account/Query":
                assert body == {"AccountId": int(NUMBER)}
                about = {"Id": NUMBER, "CurrencyCode": self.currency, "TimeZone": self.zone_name}
                return answer({"Account": {**about, "AccountLifeCycleStatus": "Active"}})
            case "CampaignManagement", "Campaigns/QueryByAccountId":
                listed = [one for one in self.campaigns if self._status(one) != "Deleted"]
                return answer({"Campaigns": [self._campaign(one) for one in listed]})
            case "CampaignManagement", "Campaigns/QueryByIds":
                rows = [self._campaign(str(one)) if str(one) in self.campaigns else None for one in body["CampaignIds"]]
                return answer({"Campaigns": rows, "PartialErrors": []})
            case "CampaignManagement", "Budgets/QueryByIds":
                return answer({"Budgets": [self._budget(one) for one in body["BudgetIds"]], "PartialErrors": []})
            case "Reporting", "GenerateReport/Submit":
                return self._submitted(body["ReportRequest"])
            case "Reporting", "GenerateReport/Poll":
                return self._polled(body, fault_)
        return fault(100, "NullRequest", f"{got.path}: no such operation", 404)

    def _native(self, campaign: str) -> str:
        """The budget that a campaign spends."""
        shared = self.campaigns[campaign].get("BudgetId")
        return f"shared-{shared}" if shared else campaign

    def _status(self, campaign: str) -> str:
        state = self.states.get(self._native(campaign))
        return _STATES[state.status] if state is not None else "Active"

    def _amount(self, native: str) -> float | None:
        micros = self.states[native].micros
        return None if micros is None else micros / MICROS

    def _campaign(self, native: str) -> dict[str, Any]:
        about = {"Id": native, "Name": f"campaign {native}", "Status": self._status(native), "BudgetId": None}
        own = {"DailyBudget": self._amount(self._native(native)), "TimeZone": self.zone_name}
        return {**about, **own, "BiddingScheme": {"Type": "EnhancedCpc"}, **self.campaigns[native]}

    def _budget(self, number: Any) -> dict[str, Any] | None:
        native = f"shared-{number}"
        if native not in self.states:
            return None
        about = {"Id": str(number), "Name": f"shared {number}", "AssociationCount": 2}
        return {**about, "Amount": self._amount(native), "BudgetType": "DailyBudgetStandard"}

    # ---- reports

    def _submitted(self, request: dict[str, Any]) -> Answer:
        assert request["Time"]["ReportTimeZone"] == self.zone_name
        assert request["Scope"] == {"AccountIds": [int(NUMBER)]}
        assert (request["Aggregation"], request["Format"], request["FormatVersion"]) == ("Daily", "Csv", "2.0")
        self.reports.append({"asked": request, "asks": self.pending_asks})
        return answer({"ReportRequestId": f"r-{len(self.reports)}"})

    def _polled(self, body: dict[str, Any], fault_: ReadFault | None) -> Answer:
        one = self.reports[int(body["ReportRequestId"].removeprefix("r-")) - 1]
        if fault_ is ReadFault.NOT_READY:
            one["asks"] = 10**6
        if one["asks"] > 0:
            one["asks"] -= 1
            return answer({"ReportRequestStatus": {"Status": "Pending", "ReportDownloadUrl": None}})
        self.current = one["asked"]
        url = f"{self.server.url}/store/report.zip?sig={SIGNATURE}" if self._rows() else None
        return answer({"ReportRequestStatus": {"Status": "Success", "ReportDownloadUrl": url}})

    def _download(self) -> Answer:
        if self.expired_urls:
            self.expired_urls -= 1
            return Answer(403, b"<Error><Code>AuthenticationFailed</Code></Error>")
        return Answer(200, zipped(self._csv()), {"Content-Type": "application/zip"})

    def _csv(self) -> str:
        made, names = io.StringIO(), self.current["Columns"]
        writer = csv.writer(made, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        if self.decorated:
            made.write('"Report Name: bidder"\r\n"Potential Incomplete Data: true"\r\n\r\n')
        writer.writerow(names)
        writer.writerows([[row.get(name, "") for name in names] for row in self._rows()])
        if self.decorated:
            made.write('\r\n"@2026 Microsoft Corporation. All rights reserved. "\r\n')
        return made.getvalue()

    def _rows(self) -> list[dict[str, str]]:
        span = self.current["Time"]
        first, last = (
            date(one["Year"], one["Month"], one["Day"])
            for one in (span["CustomDateRangeStart"], span["CustomDateRangeEnd"])
        )
        by_product = self.current["Type"] == "ProductDimensionPerformanceReportRequest"
        found = []
        for row in self.planted:
            if first <= row.day <= last:
                shares: Sequence[tuple[str, int]] = list(self.products.items()) if by_product else [("", 100)]
                found += [self._figures(row, item, share) for item, share in shares]
        return found

    def _figures(self, row: Row, item: str, share: int) -> dict[str, str]:
        p, native = row.performance, row.budget.native
        campaign = next((one for one in self.campaigns if self._native(one) == native), native)
        assert p.spend is not None
        assert p.revenue is not None
        return {
            "TimePeriod": row.day.isoformat(),
            "CampaignId": campaign,
            "CampaignName": f"campaign {campaign}",
            "CampaignType": "Search & content" if campaign not in self.campaigns else "Search",
            "CurrencyCode": self.currency,
            "MerchantProductId": item,
            "Impressions": str((p.impressions or 0) * share // 100),
            "Clicks": str((p.clicks or 0) * share // 100),
            "Spend": f"{p.spend.micros * share / 100 / MICROS:.2f}",
            "ConversionsQualified": f"{(p.orders or 0) * share / 100:.2f}",
            "Revenue": f"{p.revenue.micros * share / 100 / MICROS:,.2f}",
        }

    # ---- writes

    def written(self, got: Got, fault_: WriteFault | None) -> Answer:
        service, _, method = got.path.partition("/v13/")
        assert service == "/CampaignManagement"
        body = got.json
        self.posted.append((method, body))
        if method == "Campaigns":
            assert set(body) == {"AccountId", "Campaigns"}
            (one,) = body["Campaigns"]
            assert set(one) == {"Id", "DailyBudget", "BudgetType"}, "nothing else in the body"
            native, amount = str(one["Id"]), one["DailyBudget"]
            refusal = self._refusal(native, amount)
            if not refusal and one["BudgetType"] != self.campaigns[native]["BudgetType"]:
                raise AssertionError("its kind of budget is to stay as it is")
        else:
            assert method == "Budgets"
            (one,) = body["Budgets"]
            assert set(one) == {"Id", "Amount"}, "nothing else in the body"
            native, amount = f"shared-{one['Id']}", one["Amount"]
            refusal = self._refusal(native, amount)
        if fault_ is WriteFault.PARTIAL:
            refusal = (1030, "CampaignServiceInvalidCampaignBudgetAmount")
        if refusal:
            code, name = refusal
            entry = {"Index": 0, "Code": code, "ErrorCode": name, "Message": "No.", "Type": "BatchError"}
            return answer({"PartialErrors": [entry]})
        self.apply(native, round(amount * MICROS), fault_)
        return answer({"PartialErrors": []})

    def _refusal(self, native: str, amount: float) -> tuple[int, str] | None:
        if native in self.campaigns and self.campaigns[native].get("BudgetId"):
            return 1157, "CampaignServiceCannotUpdateSharedBudget"
        if native not in self.states or self.states[native].status is BudgetStatus.REMOVED:
            return 1100, "CampaignServiceInvalidCampaignId"
        return None if amount >= 0.05 * self.big else (1030, "CampaignServiceInvalidCampaignBudgetAmount")

    def apply(self, native: str, micros: int | None, fault: WriteFault | None) -> None:
        """Amounts are of the currency's own unit there, also where more is set than was asked."""
        super().apply(native, micros, fault)
        stored, unit = self.states[native].micros, MICROS if self.big > 1 else 10_000
        self.states[native].micros = None if stored is None else stored // unit * unit
