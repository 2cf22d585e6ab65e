"""Requests to the Microsoft Advertising API v13 (REST): bodies in, nothing understood but errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from bidder.catalog import Account
from bidder.connectors.http import (
    Ask,
    Http,
    Job,
    JobPace,
    JobState,
    Manners,
    Payload,
    RefreshToken,
    Sent,
    Timing,
    dig,
    oauth,
    report_of,
    with_bearer,
)
from bidder.connectors.identity import TOLD
from bidder.connectors.microsoft import parse
from bidder.connectors.microsoft.codes import verdict
from bidder.connectors.microsoft.report import LARGEST_REPORT, unpacked
from bidder.connectors.microsoft.settings import SCOPE, MicrosoftSettings
from bidder.errors import ConnectorError

__all__ = ["LONGEST_REPORT", "Client", "opened"]

LONGEST_REPORT = 180
"""Days that one report is asked for."""

FORGOTTEN = timedelta(hours=2)
"""A report that is not ready after so long is asked for anew."""

MOST_BUDGETS = 100
"""Budgets that one request may ask for."""


def opened(account: Account, settings: MicrosoftSettings, timing: Timing | None = None) -> Http:
    """The network of one account. Opens nothing yet."""
    keys = settings.credentials
    refresh = RefreshToken(keys.refresh_token.get_secret_value(), settings.token_file)
    developer = keys.developer_token.get_secret_value()
    form = {"grant_type": "refresh_token", "client_id": keys.client_id.get_secret_value(), "scope": SCOPE}
    secrets = [developer, form["client_id"], keys.refresh_token.get_secret_value(), refresh.value]
    if keys.client_secret is not None:
        form["client_secret"] = keys.client_secret.get_secret_value()
        secrets.append(form["client_secret"])
    headers = {
        "DeveloperToken": developer,
        "CustomerAccountId": settings.account_id,
        "CustomerId": settings.customer_id,
    }

    def prepare(ask: Ask, token: str) -> Ask:
        return with_bearer(replace(ask, headers={**headers, **ask.headers}), token)

    manners = Manners(
        settings.service("CampaignManagement"),  # others have hosts of their own: every path is a whole address
        verdict=verdict,
        prepare=prepare,
        tokens=oauth(settings.token_url, form, refresh),
        rate=2.0,
        burst=8,
        concurrency=4,
    )
    return Http(account.id, manners.as_set(settings), secrets=secrets, timing=timing)


class Client:
    """Speaks to one account."""

    def __init__(self, http: Http, settings: MicrosoftSettings) -> None:
        self.http = http
        self._settings = settings
        self._number = int(settings.account_id)
        self._closed = False

    async def believe(self, account: Account) -> str:
        """Compares currency and zone with the platform's, once; the platform's own name of its zone.

        Raises ConnectorError when they differ.
        """
        if "zone" not in self.http.memory:
            payload = await self._post("account", "CustomerManagement", "Account/Query", {"AccountId": self._number})
            zone, told = parse.check_account(payload, account, self._settings.account_id)
            self.http.memory |= {"zone": zone, TOLD: told}
        return str(self.http.memory["zone"])

    async def campaigns(self) -> Payload:
        """All campaigns of the kinds that are read. Raises ConnectorError."""
        asked = {"AccountId": self._number, "CampaignType": self._types}
        return await self._post("campaigns", "CampaignManagement", "Campaigns/QueryByAccountId", asked)

    async def campaign(self, native: str) -> Payload:
        """One campaign. Raises ConnectorError."""
        asked = {"AccountId": self._number, "CampaignIds": [int(native)], "CampaignType": self._types}
        return await self._post("campaigns", "CampaignManagement", "Campaigns/QueryByIds", asked)

    async def shared_budgets(self, natives: Sequence[str]) -> list[Payload]:
        """Those shared budgets. Raises ConnectorError."""
        found = []
        for begin in range(0, len(natives), MOST_BUDGETS):
            asked = {"BudgetIds": [int(one) for one in natives[begin : begin + MOST_BUDGETS]]}
            found.append(await self._post("budgets", "CampaignManagement", "Budgets/QueryByIds", asked))
        return found

    async def report(self, kind: str, columns: Sequence[str], first: date, last: date, zone: str) -> Payload:
        """Figures a day, at most LONGEST_REPORT days. Raises ConnectorError.

        Made by the platform in seconds or minutes: what is not ready in `report_patience` is an error that waiting
        helps, and the next call goes on waiting for the same report. One that was fetched is given again for
        `report_every` hours.
        """
        settings = self._settings
        job = Job(
            lambda: self._submitted(kind, columns, first, last, zone),
            self._state,
            lambda url: self._fetched(url, columns),
        )
        fresh = timedelta(hours=settings.report_every)
        pace = JobPace(settings.report_wait, settings.report_patience, fresh, FORGOTTEN)
        return await report_of(self.http, (kind, first, last), job, pace)

    async def set_campaign_budget(self, native: str, amount: float, kind: str) -> Sent:
        """Asks for a daily budget of one campaign in currency units; its kind of budget is sent as it is."""
        one = {"Id": int(native), "DailyBudget": amount, "BudgetType": kind}
        return await self._put("Campaigns", {"AccountId": self._number, "Campaigns": [one]})

    async def set_shared_budget(self, native: str, amount: float) -> Sent:
        """Asks for a daily amount of one shared budget in currency units."""
        return await self._put("Budgets", {"Budgets": [{"Id": int(native), "Amount": amount}]})

    async def close(self) -> None:
        """Gives the connection back; again is no error."""
        if not self._closed:
            self._closed = True
            await self.http.close()

    # ---- reports

    async def _submitted(self, kind: str, columns: Sequence[str], first: date, last: date, zone: str) -> str:
        """The id of a report that was asked for."""
        request = {
            "Type": f"{kind}ReportRequest",
            "ReportName": f"bidder {first.isoformat()} {last.isoformat()}",
            "Format": "Csv",
            "FormatVersion": "2.0",
            "Aggregation": "Daily",
            "ExcludeColumnHeaders": False,
            "ExcludeReportFooter": True,
            "ExcludeReportHeader": True,
            "ReturnOnlyCompleteData": False,  # else the running day would fail the whole report
            "Columns": list(columns),
            "Scope": {"AccountIds": [self._number]},
            # without its zone a report is cut into the days of the American west coast
            "Time": {"CustomDateRangeStart": _date(first), "CustomDateRangeEnd": _date(last), "ReportTimeZone": zone},
        }
        payload = await self._post("report", "Reporting", "GenerateReport/Submit", {"ReportRequest": request})
        found = dig(payload.body, "ReportRequestId")
        if not isinstance(found, str) or not found.strip():
            reason = "ReportRequestId: missing"
            raise ConnectorError(self.http.account, "report", reason, waiting_helps=True, error="schema")
        return found

    async def _state(self, report: str) -> JobState:
        payload = await self._post("report", "Reporting", "GenerateReport/Poll", {"ReportRequestId": report})
        return parse.report_state(payload, self.http.account)

    async def _fetched(self, url: str, columns: Sequence[str]) -> Payload | None:
        """The report's rows; None when its address has expired. Without a token: the store is somebody else's."""
        local = (self._settings.base_url or "").startswith("http://")
        if not url.startswith(("https://", "http://") if local else "https://"):
            self.http.fail("report", "ReportDownloadUrl: expected https", error="schema")
        gone = frozenset({403, 404, 410})
        ask = Ask("download", "GET", url, signed=False, accept=gone, limit=LARGEST_REPORT)
        reply = await self.http.read(ask)
        if reply.status in gone:
            return None
        try:
            header, rows = unpacked(reply.body)
        except ValueError as e:
            self.http.fail("report", str(e), error="decode", waiting_helps=True)
        lacking = [name for name in columns if name not in header]
        if lacking:
            self.http.fail("report", f"header.{lacking[0]}: missing", error="schema")
        return Payload(reply.received_at, rows)

    # ---- requests

    @property
    def _types(self) -> str:
        return " ".join(self._settings.campaign_types)

    async def _post(self, operation: str, service: str, method: str, body: Mapping[str, Any]) -> Payload:
        return await self.http.payload(Ask(operation, "POST", f"{self._settings.service(service)}/{method}", json=body))

    async def _put(self, method: str, body: Mapping[str, Any]) -> Sent:
        return await self.http.write(
            Ask("set", "PUT", f"{self._settings.service('CampaignManagement')}/{method}", json=body)
        )


def _date(day: date) -> dict[str, int]:
    return {"Day": day.day, "Month": day.month, "Year": day.year}
