"""Requests to the Graph API: nodes and edges out, pages in; nothing understood but errors."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from urllib.parse import parse_qs, urlsplit

from bidder.catalog import Account
from bidder.connectors.body import Node
from bidder.connectors.http import Ask, Http, Manners, Payload, Sent, Timing, dig, with_bearer
from bidder.connectors.meta.settings import MetaSettings, ReportsBy
from bidder.connectors.meta.usage import TOO_MUCH, verdict
from bidder.errors import ConnectorError

__all__ = ["Client", "opened"]

_MOST_PAGES = 10_000
_BUDGET = "id,name,status,effective_status,daily_budget,lifetime_budget"
_GOAL = f"{_BUDGET},campaign_id,bid_strategy,bid_constraints"
_FIGURES = "spend,impressions,clicks,actions,action_values"
_GONE = '[{"field":"adset.effective_status","operator":"IN","value":["ARCHIVED","DELETED"]}]'
JOB_SECONDS = 240.0
"""So long a job of the platform is waited for."""
LONGEST_GAP = 15.0


def opened(account: Account, settings: MetaSettings, timing: Timing | None = None) -> Http:
    """The network of one account. Opens nothing yet."""
    token = settings.credentials.access_token.get_secret_value()
    secrets, proof = [token], {}
    if settings.credentials.app_secret is not None:
        secret = settings.credentials.app_secret.get_secret_value()
        proof = {"appsecret_proof": hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()}
        secrets += [secret, *proof.values()]

    def prepare(ask: Ask, _token: str) -> Ask:
        return with_bearer(replace(ask, query={**ask.query, **proof}), token)

    manners = Manners(settings.base_url, verdict=verdict, prepare=prepare, rate=5.0, burst=10)
    return Http(account.id, manners.as_set(settings), secrets=secrets, timing=timing)


class Client:
    """Speaks to one ad account."""

    def __init__(self, http: Http, settings: MetaSettings) -> None:
        self.http = http
        self.settings = settings
        self._account = f"{settings.root}/act_{settings.ad_account_id}"
        self._closed = False

    async def account(self) -> Payload:
        """The ad account. Raises ConnectorError."""
        fields = "currency,timezone_name,account_status,min_daily_budget"
        return await self.http.payload(Ask("account", "GET", self._account, query={"fields": fields}))

    async def campaigns(self) -> list[Payload]:
        """All campaigns, page by page. Raises ConnectorError."""
        return await self._pages(
            "budgets", f"{self._account}/campaigns", {"fields": f"{_BUDGET},bid_strategy", "limit": "200"}
        )

    async def adsets(self) -> list[Payload]:
        """All ad sets, page by page. Raises ConnectorError."""
        return await self._pages(
            "budgets", f"{self._account}/adsets", {"fields": f"{_BUDGET},campaign_id", "limit": "200"}
        )

    async def node(self, native: str) -> Payload:
        """One campaign or ad set. Raises ConnectorError."""
        return await self.http.payload(
            Ask("budgets", "GET", f"{self.settings.root}/{native}", query={"fields": _BUDGET})
        )

    async def goals(self) -> list[Payload]:
        """All ad sets with how they are bid, page by page. Raises ConnectorError."""
        return await self._pages("bids", f"{self._account}/adsets", {"fields": _GOAL, "limit": "200"})

    async def goal(self, native: str) -> Payload:
        """One ad set with how it is bid. Raises ConnectorError."""
        return await self.http.payload(Ask("bids", "GET", f"{self.settings.root}/{native}", query={"fields": _GOAL}))

    async def set_goal(self, native: str, floor: int) -> Sent:
        """Asks for a ROAS goal of one ad set, in ten-thousandths, and for nothing else."""
        asked = json.dumps({"roas_average_floor": floor}, separators=(",", ":"))
        return await self.http.write(
            Ask("set", "POST", f"{self.settings.root}/{native}", form={"bid_constraints": asked})
        )

    async def insights(
        self, first: date, last: date, *, level: str = "adset", gone: bool = False, by_product: bool = False
    ) -> list[Payload]:
        """Figures a day of ad sets (or of the account), page by page. Raises ConnectorError.

        `gone` asks for those that were archived or deleted, which are left out otherwise.
        """
        names = "adset_id,campaign_id," if level == "adset" else ""
        asked = {
            "level": level,
            "time_increment": "1",
            "time_range": json.dumps({"since": first.isoformat(), "until": last.isoformat()}, separators=(",", ":")),
            "fields": f"{names}{_FIGURES}",
            "limit": "500",
            **({"filtering": _GONE} if gone else {}),
            **({"breakdowns": "product_id"} if by_product else {}),
        }
        if self.settings.reports is ReportsBy.REQUEST:
            try:
                return await self._pages("performance", f"{self._account}/insights", asked)
            except ConnectorError as e:
                if not e.reason.startswith(TOO_MUCH):
                    raise
        return await self._job(asked)

    async def set_daily_budget(self, native: str, amount: int) -> Sent:
        """Asks for a daily budget of one campaign or ad set, in the platform's unit, and for nothing else."""
        if amount <= 0:
            raise ValueError(f"expected a budget above 0, was {amount}")
        return await self.http.write(
            Ask("set", "POST", f"{self.settings.root}/{native}", form={"daily_budget": str(amount)})
        )

    async def close(self) -> None:
        """Gives the connection back; again is no error."""
        if not self._closed:
            self._closed = True
            await self.http.close()

    async def _job(self, asked: Mapping[str, str]) -> list[Payload]:
        """The same figures by a job: begun, waited for until it is wholly done, then read."""
        begun = await self.http.payload(Ask("performance", "POST", f"{self._account}/insights", form=asked))
        run = Node(self.http.account, "performance", begun.body).id("report_run_id")
        waited, gap = 0.0, 1.0
        while True:
            payload = await self.http.payload(Ask("performance", "GET", f"{self.settings.root}/{run}"))
            node = Node(self.http.account, "performance", payload.body)
            status, share = node.text("async_status"), node.whole("async_percent_completion", 0)
            if status == "Job Completed" and share == 100:
                limit = {"limit": asked["limit"]}
                return await self._pages("performance", f"{self.settings.root}/{run}/insights", limit)
            if status in ("Job Failed", "Job Skipped"):
                self.http.fail("performance", f"the report's {status}", error="http_5xx", waiting_helps=True)
            if waited >= JOB_SECONDS:
                reason = f"the report is not ready: {status}, {share} % after {waited:.0f} s"
                self.http.fail("performance", reason, error="timeout", waiting_helps=True)
            await self.http.timing.sleep(gap)
            waited, gap = waited + gap, min(LONGEST_GAP, gap * 1.5)

    async def _pages(self, operation: str, path: str, query: Mapping[str, str]) -> list[Payload]:
        """Every page of an edge: as long as there is a next, whatever a page holds.

        The address of the next page carries the token, so it is not followed: its cursor is.
        """
        pages: list[Payload] = []
        after: dict[str, str] = {}
        while len(pages) < _MOST_PAGES:
            pages.append(await self.http.payload(Ask(operation, "GET", path, query={**query, **after})))
            following = dig(pages[-1].body, "paging", "next")
            if not following:
                return pages
            cursor = dig(pages[-1].body, "paging", "cursors", "after") or _cursor_in(following)
            if not isinstance(cursor, str) or not cursor or after.get("after") == cursor:
                self.http.fail(operation, "paging.cursors.after: the same page again", error="schema")
            after = {"after": cursor}
        raise ConnectorError(self.http.account, operation, f"more than {_MOST_PAGES} pages", error="schema")


def _cursor_in(address: object) -> str | None:
    found = parse_qs(urlsplit(address).query).get("after") if isinstance(address, str) else None
    return found[0] if found else None
