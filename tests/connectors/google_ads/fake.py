"""Google Ads as its documents describe it: GAQL with pages, int64 as text, partial failures, quota errors in bodies."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from bidder.catalog import Account, BudgetStatus
from bidder.connectors.google_ads import GoogleAdsReader, GoogleAdsSettings, GoogleAdsWriter
from bidder.connectors.google_ads.client import Client, opened
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency
from bidder.testing import ReadFault, WriteFault
from tests.connectors.http.fake import CANARIES, FakeHttp, State
from tests.connectors.http.server import Answer, Got, answer

__all__ = ["CUSTOMER", "FakeGoogleAds"]

CUSTOMER = "4445556666"
FIELDS = frozenset(
    """customer.id customer.descriptive_name customer.currency_code customer.time_zone campaign.id campaign.name
    campaign.status campaign.advertising_channel_type campaign.campaign_budget campaign.primary_status
    campaign.primary_status_reasons campaign.bidding_strategy_type campaign_budget.id campaign_budget.amount_micros
    campaign_budget.explicitly_shared campaign_budget.reference_count campaign_budget.period
    campaign_budget.total_amount_micros campaign_budget.status segments.date segments.product_item_id
    metrics.cost_micros metrics.impressions metrics.clicks metrics.conversions metrics.conversions_value
    metrics.search_budget_lost_impression_share""".split()
)
_QUERY = re.compile(r"SELECT (?P<fields>.+?) FROM (?P<table>\w+)(?: WHERE (?P<where>.+))?\Z", re.S)
_TERM = re.compile(
    r"(?P<field>[\w.]+) (?:(?P<op>=|!=) '?(?P<value>\w+)'?|BETWEEN '(?P<low>[\d-]+)' AND '(?P<high>[\d-]+)')"
)
_STATES = {BudgetStatus.ACTIVE: "ENABLED", BudgetStatus.PAUSED: "PAUSED", BudgetStatus.REMOVED: "REMOVED"}


def failure(status: int, name: str, code: dict[str, str], message: str = "", **more: Any) -> Answer:
    """The envelope of an error."""
    error = {"errorCode": code, "message": message or "No.", **more}
    detail = {
        "@type": "type.googleapis.com/google.ads.googleads.v26.errors.GoogleAdsFailure",
        "errors": [error],
        "requestId": "Qx1",
    }
    return answer(
        {"error": {"code": status, "message": "Request failed.", "status": name, "details": [detail]}}, status
    )


class FakeGoogleAds(FakeHttp):
    """One customer. Budget 9001 and 9002 have a campaign each, 9003 is shared by two, 9009 is over a whole period."""

    faults = frozenset({ReadFault.NOT_READY})
    rows_a_page = 150

    def __init__(self, zone: str = "America/Los_Angeles", currency: str = "USD") -> None:
        account = Account(AccountId("gads"), "google_ads", Currency(currency), zone)
        states = {"9001": State(80_000_000), "9002": State(45_500_000), "9003": State(120_000_000)}
        super().__init__(account, states, datetime(2026, 10, 15, 20, 0, tzinfo=UTC))
        self.shared = BudgetId(account.id, "9003")
        self.campaigns = {"101": "9001", "102": "9002", "103": "9003", "104": "9003", "109": "9009"}
        self.kinds = dict.fromkeys(self.campaigns, "SEARCH")
        self.periods = {"9009": "CUSTOM_PERIOD"}
        self.products: dict[str, dict[str, int]] = {}
        """Shares (in percent) of the planted rows of a campaign, by item."""
        self.minimum = 0
        self.queries: list[str] = []
        self.names = True
        """Whether rows of a report say the campaign's budget."""

    def settings(self, **more: Any) -> GoogleAdsSettings:
        keys: dict[str, Any] = {
            "customer_id": "444-555-6666",
            "login_customer_id": 1112223333,
            "credentials": CANARIES,
            "base_url": self.server.url,
            "token_url": f"{self.server.url}/token",
            "attempts": 1,
        }
        return GoogleAdsSettings.model_validate({**keys, **more})

    def client(self, **more: Any) -> Client:
        settings = self.settings(**more)
        http = opened(self.account, settings, self.timing)
        self.closing.append(http.close)
        return Client(http, settings)

    def reader(self) -> GoogleAdsReader:
        return GoogleAdsReader(self.client(), self.account)

    def writer(self) -> GoogleAdsWriter:
        return GoogleAdsWriter(self.client(), self.account)

    # ---- what the platform answers

    def is_write(self, got: Got) -> bool:
        return got.path.endswith(":mutate")

    def is_report(self, got: Got) -> bool:
        return "metrics.cost_micros" in got.body.decode()

    def error(self, got: Got) -> Answer:
        return failure(500, "INTERNAL", {"internalError": "INTERNAL_ERROR"})

    def ended(self, got: Got) -> Answer:
        words = "Version v26 is deprecated. Requests to this version will be blocked."
        return failure(400, "INVALID_ARGUMENT", {"requestError": "UNSUPPORTED_VERSION"}, words)

    def throttled(self, got: Got, *, long: bool) -> Answer:
        details = {
            "quotaErrorDetails": {
                "rateScope": "ACCOUNT",
                "rateName": "Requests",
                "retryDelay": "3600s" if long else "0.5s",
            }
        }
        code = "RESOURCE_EXHAUSTED" if long else "RESOURCE_TEMPORARILY_EXHAUSTED"
        return failure(
            429, "RESOURCE_EXHAUSTED", {"quotaError": code}, "Too many requests. Retry later.", details=details
        )

    def reshaped(self, text: str) -> str:
        return text.replace("costMicros", "cost_micros")

    def asked(self, got: Got, fault: ReadFault | None) -> Answer:
        match = re.fullmatch(rf"/v26/customers/{CUSTOMER}/googleAds:search", got.path)
        if match is None or got.method != "POST":
            return Answer(404, b"<html>not found</html>")
        if got.headers.get("login-customer-id") != "1112223333":
            return failure(403, "PERMISSION_DENIED", {"authorizationError": "USER_PERMISSION_DENIED"})
        body = got.json
        if "pageSize" in body:
            return failure(400, "INVALID_ARGUMENT", {"requestError": "PAGE_SIZE_NOT_SUPPORTED"})
        query = _QUERY.fullmatch(body["query"])
        assert query is not None, body["query"]
        self.queries.append(body["query"])
        fields = [one.strip() for one in query["fields"].split(",")]
        unknown = set(fields) - FIELDS
        if unknown:
            return failure(400, "INVALID_ARGUMENT", {"queryError": "UNRECOGNIZED_FIELD"}, str(unknown))
        rows = [row for row in self._rows(query["table"], query["fields"]) if _matches(row, query["where"] or "")]
        begin = int(body.get("pageToken", "page-0").removeprefix("page-"))
        end = begin + self.rows_a_page
        said = {"fieldMask": query["fields"], "requestId": "Qx2"}
        chosen = [_selected(row, fields) for row in rows[begin:end]]
        if fault is ReadFault.MISSING_ROWS:
            chosen = chosen[:-1]
        if chosen:
            said["results"] = chosen
        if end < len(rows):
            said["nextPageToken"] = f"page-{end}"
        if body.get("searchSettings", {}).get("returnTotalResultsCount"):
            said["totalResultsCount"] = str(len(rows))
        return answer(said)

    def _rows(self, table: str, fields: str) -> list[dict[str, Any]]:
        if table == "customer":
            about = {
                "id": CUSTOMER,
                "descriptive_name": "Tea House",
                "currency_code": self.currency,
                "time_zone": self.zone,
            }
            return [{"customer": about}]
        if "metrics.cost_micros" in fields:
            return [row for one in self.planted for row in self._figures(one, by_product=table != "campaign")]
        return [self._campaign(number) for number in self.campaigns]

    def _campaign(self, number: str) -> dict[str, Any]:
        budget = self.campaigns[number]
        state = self.states.get(budget, State(500_000_000))
        sharing = sum(one == budget for one in self.campaigns.values())
        return {
            "campaign": {
                "resource_name": f"customers/{CUSTOMER}/campaigns/{number}",
                "id": number,
                "name": f"Campaign {number}",
                "status": _STATES[state.status],
                "advertising_channel_type": self.kinds[number],
                "campaign_budget": f"customers/{CUSTOMER}/campaignBudgets/{budget}",
                "primary_status": "LIMITED" if number == "101" else "ELIGIBLE",
                "primary_status_reasons": ["BUDGET_CONSTRAINED"] if number == "101" else [],
                "bidding_strategy_type": "TARGET_ROAS" if number == "102" else "MANUAL_CPC",
            },
            "campaign_budget": {
                "resource_name": f"customers/{CUSTOMER}/campaignBudgets/{budget}",
                "id": budget,
                "amount_micros": str(state.micros),
                "explicitly_shared": sharing > 1,
                "reference_count": str(sharing),
                "period": self.periods.get(budget, "DAILY"),
                "status": "REMOVED" if state.status is BudgetStatus.REMOVED else "ENABLED",
            },
            "metrics": {"search_budget_lost_impression_share": 0.25 if number == "101" else 0.0},
        }

    def _figures(self, row: Any, *, by_product: bool) -> list[dict[str, Any]]:
        number = next(n for n, budget in self.campaigns.items() if budget == row.budget.native)
        p, campaign = row.performance, self._campaign(number)["campaign"]
        if not self.names:
            campaign.pop("campaign_budget")
        shares = self.products.get(number, {}) if by_product else {"": 100}
        return [
            {
                "campaign": campaign,
                "segments": {"date": row.day.isoformat(), **({"product_item_id": item} if item else {})},
                "metrics": {
                    "cost_micros": str(p.spend.micros * share // 100),
                    "impressions": str(p.impressions * share // 100),
                    "clicks": str(p.clicks * share // 100),
                    "conversions": p.orders * share / 100,
                    "conversions_value": p.revenue.micros * share / 100 / 1e6,
                },
            }
            for item, share in shares.items()
        ]

    def written(self, got: Got, fault: WriteFault | None) -> Answer:
        body = got.json
        assert got.path == f"/v26/customers/{CUSTOMER}/campaignBudgets:mutate"
        assert body["partialFailure"] is True
        names = [one["update"]["resourceName"] for one in body["operations"]]
        assert len(set(names)) == len(names), "the same resource twice in a request is refused"
        results: list[dict[str, Any]] = []
        errors = []
        for place, one in enumerate(body["operations"]):
            assert one["updateMask"] == "amountMicros"
            name, text = one["update"]["resourceName"], one["update"]["amountMicros"]
            native, micros = name.rpartition("/")[2], int(text)
            code, more = self._refusal(native, micros)
            if fault is WriteFault.PARTIAL:
                code = {"campaignBudgetError": "MONEY_AMOUNT_TOO_LARGE"}
            if code is not None:
                path = [{"fieldName": "operations", **({"index": place} if place else {})}, {"fieldName": "update"}]
                errors.append({"errorCode": code, "message": "No.", "location": {"fieldPathElements": path}, **more})
                results.append({})
                continue
            self.apply(native, micros, fault)
            stored = {"resourceName": name, "amountMicros": str(micros)}
            results.append(
                {"resourceName": name, "campaignBudget": stored}
                if body.get("responseContentType")
                else {"resourceName": name}
            )
        said: dict[str, Any] = {"results": results}
        if errors:
            kind = "type.googleapis.com/google.ads.googleads.v26.errors.GoogleAdsFailure"
            said["partialFailureError"] = {
                "code": 3,
                "message": "Multiple errors in ‘details’.",
                "details": [{"@type": kind, "errors": errors}],
            }
        return answer(said)

    def _refusal(self, native: str, micros: int) -> tuple[dict[str, str] | None, dict[str, Any]]:
        unit = 1_000_000 if self.account.currency == "JPY" else 10_000
        state = self.states.get(native)
        if state is None:
            return {"mutateError": "RESOURCE_NOT_FOUND"}, {}
        if state.status is BudgetStatus.REMOVED:
            return {"campaignBudgetError": "CAMPAIGN_BUDGET_REMOVED"}, {}
        if micros % unit:
            return {"campaignBudgetError": "NON_MULTIPLE_OF_MINIMUM_CURRENCY_UNIT"}, {}
        if micros < self.minimum:
            named = {"budgetPerDayMinimumErrorDetails": {"minimumBudgetAmountMicros": str(self.minimum)}}
            return {"campaignBudgetError": "BUDGET_BELOW_PER_DAY_MINIMUM"}, {"details": named}
        return None, {}


def _selected(row: dict[str, Any], fields: list[str]) -> dict[str, Any]:
    """The chosen fields in lowerCamelCase, with the resource names that always come."""
    found: dict[str, Any] = {}
    for field in fields:
        part, _, name = field.partition(".")
        if name in row.get(part, {}):
            inner, (*within, last) = found.setdefault(_camel(part), {}), name.split(".")
            for one in within:
                inner = inner.setdefault(_camel(one), {})
            inner[_camel(last)] = row[part][name]
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]  # a copy


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def _matches(row: dict[str, Any], where: str) -> bool:
    for term in _TERM.finditer(where):
        part, _, name = term["field"].partition(".")
        value = row.get(part, {}).get(name)
        if value is None:
            continue
        if term["low"]:
            if not term["low"] <= value <= term["high"]:
                return False
        elif (str(value) == term["value"]) != (term["op"] == "="):
            return False
    return True
