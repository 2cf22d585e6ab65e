"""Requests to the Google Ads API (REST): GAQL out, pages in; nothing understood but errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from bidder.catalog import Account
from bidder.connectors.google_ads import parse
from bidder.connectors.google_ads.settings import GoogleAdsSettings
from bidder.connectors.http import (
    Ask,
    Http,
    Manners,
    Meaning,
    Payload,
    Reply,
    Sent,
    Timing,
    Verdict,
    dig,
    listed,
    oauth,
    plain_verdict,
    with_bearer,
)
from bidder.connectors.identity import TOLD
from bidder.errors import ConnectorError

__all__ = ["Client", "between", "failures", "opened", "verdict"]

_MOST_PAGES = 10_000

_BUDGETS = """SELECT campaign.id, campaign.name, campaign.status, campaign.advertising_channel_type, \
campaign.campaign_budget, campaign_budget.id, campaign_budget.amount_micros, campaign_budget.explicitly_shared, \
campaign_budget.reference_count, campaign_budget.period, campaign_budget.total_amount_micros, campaign_budget.status \
FROM campaign WHERE """

# without a filter on the status: a removed campaign has spent what it has spent
_PERFORMANCE = """SELECT campaign.id, campaign.name, campaign.advertising_channel_type, campaign.campaign_budget, \
segments.date, metrics.cost_micros, metrics.impressions, metrics.clicks, metrics.conversions, \
metrics.conversions_value FROM campaign WHERE """

_PRODUCTS = """SELECT campaign.id, segments.product_item_id, segments.date, metrics.cost_micros, metrics.impressions, \
metrics.clicks, metrics.conversions, metrics.conversions_value FROM shopping_performance_view WHERE """

_STANDING = """SELECT campaign.id, campaign.primary_status, campaign.primary_status_reasons, \
campaign.bidding_strategy_type, metrics.search_budget_lost_impression_share FROM campaign \
WHERE campaign.status = 'ENABLED' AND """

_CUSTOMER = """SELECT customer.id, customer.descriptive_name, customer.currency_code, customer.time_zone \
FROM customer"""

_OF_THE_QUERY = ("queryError.", "fieldError.", "UNSUPPORTED_VERSION")
"""Failures that are about what was asked for, not about how."""

HOUR = 3600.0


def opened(account: Account, settings: GoogleAdsSettings, timing: Timing | None = None) -> Http:
    """The network of one account. Opens nothing yet."""
    keys = settings.credentials
    secrets = {
        "client_id": keys.client_id.get_secret_value(),
        "client_secret": keys.client_secret.get_secret_value(),
        "refresh_token": keys.refresh_token.get_secret_value(),
    }
    headers = {"Accept": "application/json"}
    if settings.login_customer_id is not None:
        headers["login-customer-id"] = settings.login_customer_id
    if keys.developer_token is not None:
        headers["developer-token"] = keys.developer_token.get_secret_value()

    def prepare(ask: Ask, token: str) -> Ask:
        return with_bearer(replace(ask, headers={**headers, **ask.headers}), token)

    manners = Manners(
        settings.base_url,
        verdict=verdict,
        prepare=prepare,
        tokens=oauth(settings.token_url, {"grant_type": "refresh_token", **secrets}),
        rate=5.0,
    )
    known = [*secrets.values(), headers.get("developer-token", "")]
    return Http(account.id, manners.as_set(settings), secrets=known, timing=timing)


class Client:
    """Speaks to one account of the platform."""

    def __init__(self, http: Http, settings: GoogleAdsSettings) -> None:
        self.http = http
        self._customer = settings.customer_id
        self._root = f"/{settings.api_version}/customers/{settings.customer_id}"
        self._closed = False

    async def believe(self, account: Account) -> None:
        """Compares currency and zone with the platform's, once. Raises ConnectorError when they differ."""
        if TOLD not in self.http.memory:
            self.http.memory[TOLD] = parse.check_customer(await self.search("account", _CUSTOMER), account)

    async def campaigns(self) -> list[Payload]:
        """All campaigns with their budgets. Raises ConnectorError."""
        return await self.search("budgets", _BUDGETS + "campaign.status != 'REMOVED'")

    async def campaigns_of(self, budget: str) -> list[Payload]:
        """The campaigns of one budget (digits), with it. Raises ConnectorError."""
        return await self.search("budgets", f"{_BUDGETS}campaign_budget.id = {budget}")

    async def standing(self, first: date, last: date) -> list[Payload]:
        """What the platform says of campaigns beside their budgets. Raises ConnectorError."""
        return await self.search("standing", _STANDING + between(first, last))

    async def performance(self, first: date, last: date) -> list[Payload]:
        """Figures a campaign and day. Raises ConnectorError."""
        return await self.search("performance", _PERFORMANCE + between(first, last))

    async def products(self, first: date, last: date) -> list[Payload]:
        """Figures a campaign, product and day, of listings alone. Raises ConnectorError."""
        return await self.search("products", _PRODUCTS + between(first, last))

    async def set_amount(self, budget: str, micros: int) -> Sent:
        """Asks for a daily amount of one budget."""
        return await self.mutate("campaignBudgets", budget, "amountMicros", str(micros))

    async def mutate(self, collection: str, resource: str, path: str, value: str | float) -> Sent:
        """Asks for a new value of one field (`path`, with dots inside parts) of one thing."""
        update: dict[str, Any] = {"resourceName": f"customers/{self._customer}/{collection}/{resource}"}
        inner, (*parts, field) = update, path.split(".")
        for part in parts:
            inner = inner.setdefault(part, {})
        inner[field] = value
        body = {
            "partialFailure": True,
            "validateOnly": False,
            "responseContentType": "MUTABLE_RESOURCE",
            "operations": [{"updateMask": path, "update": update}],
        }
        return await self.http.write(Ask("set", "POST", f"{self._root}/{collection}:mutate", json=body))

    async def close(self) -> None:
        """Gives the connection back; again is no error."""
        if not self._closed:
            self._closed = True
            await self.http.close()

    async def search(self, operation: str, query: str) -> list[Payload]:
        """Every page of a query. Raises ConnectorError."""
        pages: list[Payload] = []
        token: str | None = None
        while len(pages) < _MOST_PAGES:
            pages.append(await self._page(operation, query, token))
            following = dig(pages[-1].body, "nextPageToken")
            if not following:
                return pages
            if following == token or not isinstance(following, str):
                self.http.fail(operation, "nextPageToken: the same page again", error="schema")
            token = following
        raise ConnectorError(self.http.account, operation, f"more than {_MOST_PAGES} pages", error="schema")

    async def _page(self, operation: str, query: str, token: str | None) -> Payload:
        """One page, with the count of all rows: a page that is lost on the way is noticed."""
        body: dict[str, Any] = {"query": query} | ({"pageToken": token} if token else {})
        if not self.http.memory.get("uncounted"):
            body["searchSettings"] = {"returnTotalResultsCount": True}
        ask = Ask(operation, "POST", f"{self._root}/googleAds:search", json=body)
        try:
            found = await self.http.payload(ask)
        except ConnectorError as e:
            counted = self.http.memory.get("counted") or "searchSettings" not in body
            if counted or e.error != "http_4xx" or any(code in e.reason for code in _OF_THE_QUERY):
                raise
        else:
            self.http.memory["counted"] = True
            return found
        self.http.memory["uncounted"] = True  # a proxy or a version that does not know the field: rows are not counted
        return await self._page(operation, query, token)


def verdict(reply: Reply) -> Verdict:
    """What a reply means: the codes of GoogleAdsFailure, before the status."""
    error = dig(reply.data, 0, "error") or dig(reply.data, "error")
    if 200 <= reply.status < 300 and error is not None:
        # a stream, or a proxy, may begin well and end in an error: the error's own code is what counts
        status = dig(error, "code")
        usable = isinstance(status, int) and 400 <= status < 600
        reply = Reply(reply.operation, status if usable else 500, {}, reply.body, reply.received_at)
    elif 200 <= reply.status < 300:
        # a quota error may sit inside a success, and then holds back what comes next
        wait = _delay(reply.data) if b"uotaError" in reply.body else None
        return Verdict(Meaning.OK, "too many requests, says the platform", wait)
    plain, found = plain_verdict(reply), list(failures(reply.data))
    codes = {code for code, _ in found}
    words = "; ".join(dict.fromkeys(f"{code}: {message}" if message else code for code, message in found))
    reason = f"{reply.status} {words}" if words else plain.reason
    if any(code.startswith("quotaError.") for code in codes) or reply.status == 429:
        day = "quotaError.RESOURCE_EXHAUSTED" in codes
        wait = _delay(reply.data)
        wait = plain.wait if wait is None else wait
        return Verdict(Meaning.THROTTLED, reason, HOUR if wait is None and day else wait, "throttled")
    if "requestError.UNSUPPORTED_VERSION" in codes or (reply.status == 404 and not found):
        reason = f"this version of the API has ended or is unknown: set api_version under the account ({reason})"
        return Verdict(Meaning.FAILED, reason, None, "http_4xx")
    if reply.status != 401 and any(code.startswith(("authenticationError.", "authorizationError.")) for code in codes):
        return Verdict(Meaning.FAILED, reason, None, "auth")
    return Verdict(plain.meaning, reason, plain.wait, plain.error)


def failures(data: Any) -> Iterator[tuple[str, str]]:
    """Each error of a GoogleAdsFailure as (`campaignBudgetError.NAME`, message), whatever envelope it is in."""
    envelope = dig(data, 0, "error") or dig(data, "error") or dig(data, "partialFailureError")
    for detail in listed(envelope, "details"):
        for error in listed(detail, "errors"):
            code = dig(error, "errorCode")
            name = next(iter(code.items()), ("error", "UNKNOWN")) if isinstance(code, dict) else ("error", "UNKNOWN")
            yield f"{name[0]}.{name[1]}", str(dig(error, "message") or "")


def _delay(data: Any) -> float | None:
    """The longest retryDelay of an answer, in seconds (`"30s"`, also fractional)."""
    found: list[float] = []
    envelope = dig(data, 0, "error") or dig(data, "error") or dig(data, "partialFailureError")
    for detail in listed(envelope, "details"):
        texts = [dig(detail, "retryDelay")]
        texts += [dig(e, "details", "quotaErrorDetails", "retryDelay") for e in listed(detail, "errors")]
        matches = (re.fullmatch(r"(\d{1,7}(?:\.\d{1,9})?)s", text) for text in texts if isinstance(text, str))
        found += [float(match[1]) for match in matches if match]
    return max(found, default=None)


def between(first: date, last: date) -> str:
    """The condition that the days of a report lie in."""
    return f"segments.date BETWEEN '{first.isoformat()}' AND '{last.isoformat()}'"
