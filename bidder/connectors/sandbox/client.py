"""Requests to the sandbox platform: bodies out, nothing understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bidder.connectors.sandbox.server import Reply, Server
from bidder.connectors.sandbox.state import BrokenState
from bidder.errors import ConnectorError

__all__ = ["Client", "Payload"]

_MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Payload:
    """A body as it came, and when."""

    received_at: datetime
    body: Any


class Client:
    """Speaks to one account of the platform."""

    def __init__(self, server: Server, account: str) -> None:
        self._server = server
        self._account = account

    async def campaigns(self) -> Payload:
        """All campaigns with their budgets. Raises ConnectorError."""
        return self._get("campaigns", "/campaigns")

    async def campaign(self, campaign: str) -> Payload:
        """One campaign with its budget. Raises ConnectorError."""
        return self._get("campaigns", f"/campaigns/{campaign}")

    async def report(self, first: date, last: date) -> list[Payload]:
        """The report of these days, page by page. Raises ConnectorError."""
        pages: list[Payload] = []
        while len(pages) < _MOST_PAGES:
            sent = {"from": first.isoformat(), "to": last.isoformat(), "page": len(pages) + 1}
            pages.append(self._get("report", "/report", sent))
            body = pages[-1].body
            if not (isinstance(body, dict) and isinstance(body.get("data"), dict) and body["data"].get("has_more")):
                return pages
        raise ConnectorError(self._account, "report", f"more than {_MOST_PAGES} pages")

    async def items(self) -> Payload:
        """The shop's products. Raises ConnectorError."""
        return self._get("items", "/items")

    async def set_day_budget(self, campaign: str, fen: int) -> Reply:
        """Asks for a daily budget. The whole budget object is sent: a field left out can mean "no limit".

        Returns whatever came back; raises OSError (TimeoutError, ConnectionError) when nothing did.
        """
        return self._server.request("PUT", f"/campaigns/{campaign}", {"budget_type": "daily", "day_budget": fen})

    def _get(self, operation: str, path: str, sent: Mapping[str, Any] | None = None) -> Payload:
        try:
            reply = self._server.request("GET", path, sent)
            received_at = self._server.now()
        except BrokenState as e:
            raise ConnectorError(self._account, operation, str(e)) from e
        except OSError as e:
            error = "timeout" if isinstance(e, TimeoutError) else "connect"
            raise ConnectorError(self._account, operation, f"no reply: {e}", waiting_helps=True, error=error) from e
        if reply.status != 200:
            helps = reply.status == 429 or reply.status >= 500
            error = "throttled" if reply.status == 429 else "http_5xx" if helps else "http_4xx"
            reason = f"{reply.status} {_said(reply.body)}"
            raise ConnectorError(self._account, operation, reason, waiting_helps=helps, error=error)
        return Payload(received_at, reply.body)


def _said(body: Any) -> str:
    """The platform's own words about an error, as far as there are any."""
    error = body.get("error") if isinstance(body, dict) else None
    return f"{error.get('code')}: {error.get('message')}" if isinstance(error, dict) else "without a reason"
