"""Requests to the Microsoft Advertising API v13 (REST): bodies in, nothing understood but errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from bidder.catalog import Account
from bidder.connectors.http import (
    Ask,
    Http,
    Manners,
    Payload,
    RefreshToken,
    Sent,
    Timing,
    dig,
    oauth,
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


@dataclass(slots=True)
class _Pending:
    """A report that was asked for, and what it held."""

    id: str
    asked_at: datetime
    done_at: datetime | None = None
    payload: Payload | None = None


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
        wanted: dict[tuple[str, date, date], _Pending] = self.http.memory.setdefault("reports", {})
        now, fresh = self.http.timing.now(), timedelta(hours=self._settings.report_every)
        for key, one in list(wanted.items()):
            if now - one.asked_at >= FORGOTTEN or (one.done_at is not None and now - one.done_at >= fresh):
                del wanted[key]
        pending = wanted.get((kind, first, last))
        if pending is not None and pending.payload is not None:
            return pending.payload
        if pending is None:
            created = await self._submitted(kind, columns, first, last, zone)
            pending = wanted.setdefault((kind, first, last), _Pending(created, now))
        try:
            pending.payload = await self._awaited(pending.id, columns)
            pending.done_at = pending.payload.received_at
        except ConnectorError as e:
            if not e.waiting_helps:
                wanted.pop((kind, first, last), None)  # it failed for good: another one is asked for next time
            raise
        return pending.payload

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

    async def _awaited(self, report: str, columns: Sequence[str]) -> Payload:
        """Asks until it is done, with growing gaps, and fetches it."""
        timing, gap = self.http.timing, self._settings.report_wait
        until = timing.monotonic() + self._settings.report_patience
        expired = False
        while True:
            payload = await self._post("report", "Reporting", "GenerateReport/Poll", {"ReportRequestId": report})
            match parse.report_state(payload, self.http.account):
                case parse.Failed():
                    self.http.fail("report", "the platform could not make it", error="other")
                case parse.Empty():
                    return Payload(payload.received_at, [])
                case parse.Ready(url):
                    content = await self._fetched(url, columns)
                    if content is not None:
                        return content
                    if expired:
                        self.http.fail("report", "its address expired twice", error="http_4xx", waiting_helps=True)
                    expired = True  # an address lives five minutes; asked once more, it has a fresh one
                    continue
            if timing.monotonic() + gap > until:
                reason = "not ready yet: the next poll asks for the same one"
                raise ConnectorError(self.http.account, "report", reason, waiting_helps=True, error="timeout")
            await timing.sleep(gap)
            gap = min(60.0, 2 * gap)

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
