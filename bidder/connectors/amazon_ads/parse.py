"""Bodies of the Amazon Ads API → budgets and reports. Pure; a shape it does not know is a ConnectorError.

The only place where currency units become Money. Ids are text in lists and numbers in reports. Rows without impressions
are not sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget, BudgetStatus
from bidder.connectors.body import Node, shown
from bidder.connectors.http import Failed, JobState, Payload, Pending, Ready
from bidder.connectors.identity import check_identity
from bidder.errors import ConnectorError
from bidder.ids import BudgetId, ProductId
from bidder.money import Currency, Money, minor_unit
from bidder.performance import Observation, Performance
from bidder.reports import Reports

__all__ = [
    "budgets",
    "cents",
    "check_profile",
    "check_same_report",
    "report_state",
    "reports",
]

OVERDELIVERY = 2.0
"""A day's spend may be up to 100 % above the (average) daily budget."""

_LIMITS = {
    **dict.fromkeys(["US", "CA", "UK", "GB", "DE", "FR", "IT", "ES", "NL", "BE", "IE"], ("1", "1000000")),
    "JP": ("100", "21000000"),
    "IN": ("50", "21000000"),
    "AU": ("1.4", "1500000"),
    "MX": ("1", "21000000"),
    "BR": ("1.32", "5300000"),
    "AE": ("4", "3700000"),
    "SA": ("4", "3700000"),
    "SE": ("9", "9300000"),
    "PL": ("2", "2000000"),
    "TR": ("2", "2500000"),
}
"""Daily budgets of Sponsored Products by country, in its currency: least, most."""

_STATES = {"ENABLED": BudgetStatus.ACTIVE, "PAUSED": BudgetStatus.PAUSED, "ARCHIVED": BudgetStatus.REMOVED}


def check_profile(payload: Payload, account: Account, profile: str) -> tuple[str, Account]:
    """The profile's country, and the account as it tells it.

    Raises ConnectorError when its currency or zone is not the configured one.
    """
    for one in Node(account.id, "account", payload.body).items():
        if one.id("profileId") == profile:
            currency, zone = one.text("currencyCode"), one.get("timezone")
            told = check_identity(account, currency=currency, timezone=zone, now=payload.received_at)
            return str(one.get("countryCode", "")), told
    reason = f"there is no profile {profile} for these credentials: check profile_id and region"
    raise ConnectorError(account.id, "account", reason, error="auth")


def budgets(pages: Sequence[Payload], account: Account, country: str) -> list[Budget]:
    """Each campaign's daily budget. Raises ConnectorError, also when campaigns are missing or come twice."""
    found: dict[str, Budget] = {}
    seen, said = 0, None
    for page in pages:
        body = Node(account.id, "campaigns", page.body)
        if body.get("totalResults") is not None:
            said = body.whole("totalResults")
        for row in body.items("campaigns", optional=said == 0):
            seen += 1
            if row["budget"].get("budgetType") == "DAILY":  # one over a lifetime is no daily amount
                one = _budget(row, page, account, country)
                if one.id.native in found:
                    raise row.error("campaignId", f"{one.id.native} came twice")
                found[one.id.native] = one
    if said is not None and said != seen:
        reason = f"totalResults: said {said} campaigns, {seen} came"
        raise ConnectorError(account.id, "campaigns", reason, waiting_helps=True, error="schema")
    return list(found.values())


def report_state(payload: Payload, account: str) -> JobState:
    """How far a report is. Raises ConnectorError for a state that is none."""
    body = Node(account, "report", payload.body)
    match body.text("status"):
        case "PENDING" | "PROCESSING":
            return Pending()
        case "COMPLETED":
            return Ready(body.text("url"))
        case "FAILED" | "CANCELLED" as state:
            return Failed(str(body.get("failureReason", state)))
    raise body.error("status", f"expected PENDING, PROCESSING, COMPLETED or FAILED, was {shown(body.text('status'))}")


def check_same_report(payload: Payload, account: str, asked: Mapping[str, Any]) -> None:
    """Raises ConnectorError when a report that is said to be the same was asked for otherwise."""
    body = Node(account, "report", payload.body)
    for name in ("startDate", "endDate"):
        if body.get(name, asked[name]) != asked[name]:
            raise body.error(name, f"another report is being made: expected {asked[name]}")
    if body.get("configuration") is None:
        return
    made = {str(one.value) for one in body["configuration"].items("columns", optional=True)}
    if made and made != set(asked["configuration"]["columns"]):
        raise body.error("configuration.columns", "another report of these days is being made")


def reports(payload: Payload, account: Account, window: int) -> Reports:
    """One row a campaign, product and day: the ad groups of a campaign that show one product are one row."""
    rows: dict[tuple[str, str, AccountDay], Observation] = {}
    for row in Node(account.id, "report", payload.body).items():
        one = _observation(row, account, payload, window)
        key = one.campaign, str(one.product or ""), one.day
        known = rows.get(key)
        rows[key] = one if known is None else replace(known, performance=_sum(known.performance, one.performance))
    return Reports.of(rows.values())


def _budget(row: Node, page: Payload, account: Account, country: str) -> Budget:
    campaign, state = row.id("campaignId"), row.text("state").upper()
    if state not in _STATES:
        raise row.error("state", f"expected {', '.join(_STATES)}, was {shown(state)}")
    least, most = _LIMITS.get(country, (None, None))
    return Budget(
        id=BudgetId(account.id, campaign),
        name=str(row.get("name", campaign)),
        currency=account.currency,
        now=row["budget"].units("budget", account.currency),
        read_at=page.received_at,
        campaigns=(campaign,),
        channel="search",
        minimum=None if least is None else Money.parse(least, account.currency),
        maximum=None if most is None else Money.parse(most, account.currency),
        step=Money(minor_unit(account.currency), account.currency),
        status=_STATES[state],
        overdelivery=OVERDELIVERY,
    )


def _observation(row: Node, account: Account, payload: Payload, window: int) -> Observation:
    campaign = row.id("campaignId")
    product = str(row.get("advertisedSku") or row.get("advertisedAsin") or "")
    return Observation(
        account=account.id,
        budget=BudgetId(account.id, campaign),
        campaign=campaign,
        product=ProductId(product) if product else None,
        day=AccountDay(account.timezone, row.day("date")),
        observed_at=payload.received_at,
        performance=Performance(
            impressions=row.whole("impressions", 0, signed=True),
            clicks=row.whole("clicks", 0, signed=True),
            spend=cents(row, "cost", account.currency),
            orders=float(row.number(f"purchases{window}d", Decimal(0), signed=True)),
            revenue=cents(row, f"sales{window}d", account.currency),
        ),
        name=str(row.get("campaignName", "")),
        channel="search",
        window=window,
    )


def cents(row: Node, name: str, currency: Currency) -> Money:
    """An amount that the platform gives as a float: to the currency's smallest unit."""
    value = row.units(name, currency, None if name == "cost" else Decimal(0), signed=True)
    unit = minor_unit(currency)
    return Money(int((Decimal(value.micros) / unit).to_integral_value(ROUND_HALF_EVEN)) * unit, currency)


def _sum(one: Performance, other: Performance) -> Performance:
    assert one.spend is not None and other.spend is not None  # noqa: PT018 - both always given
    assert one.revenue is not None and other.revenue is not None  # noqa: PT018 - both always given
    return Performance(
        impressions=(one.impressions or 0) + (other.impressions or 0),
        clicks=(one.clicks or 0) + (other.clicks or 0),
        spend=one.spend + other.spend,
        orders=(one.orders or 0.0) + (other.orders or 0.0),
        revenue=one.revenue + other.revenue,
    )
