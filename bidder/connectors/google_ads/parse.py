"""Bodies of the Google Ads API → budgets and reports. Pure; a shape it does not know is a ConnectorError.

The only place where micros become Money. Amounts and counts are text there (int64), conversions are numbers and may be
fractional. A row without any figure is not sent by the platform: a missing day is a day without traffic.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget, BudgetStatus
from bidder.connectors.body import Node
from bidder.connectors.http import Payload
from bidder.connectors.identity import check_identity
from bidder.errors import ConnectorError
from bidder.ids import BudgetId, ProductId
from bidder.money import Money, minor_unit
from bidder.performance import Observation, Performance
from bidder.reports import Reports

__all__ = ["Standing", "budgets", "check_customer", "has_shopping", "lacks_budgets", "reports", "rows_of", "standing"]

OVERDELIVERY = 2.0
"""A day's spend may reach twice the daily budget (documented at `campaign_budget.amount_micros`)."""

_CHANNELS = {
    "SEARCH": "search",
    "SHOPPING": "search",
    "DISPLAY": "feed",
    "DEMAND_GEN": "feed",
    "VIDEO": "content",
    "PERFORMANCE_MAX": "site",
}
_TARGETS = ("TARGET_CPA", "TARGET_ROAS", "MAXIMIZE_CONVERSIONS", "MAXIMIZE_CONVERSION_VALUE")


@dataclass(frozen=True, slots=True)
class Standing:
    """What the platform says of one campaign beside its budget; None where it does not say."""

    limited: bool | None = None
    lost_share: float | None = None
    target_driven: bool = False


def check_customer(pages: Sequence[Payload], account: Account) -> Account:
    """The account as the platform tells it.

    Raises ConnectorError when the platform's currency or zone is not the configured one.
    """
    rows = rows_of(pages, account, "account")
    if len(rows) != 1:
        raise ConnectorError(account.id, "account", f"results: expected one customer, were {len(rows)}", error="schema")
    customer = rows[0][1]["customer"]
    currency, zone = customer.text("currencyCode"), customer.get("timeZone")
    return check_identity(account, currency=currency, timezone=zone, now=pages[0].received_at)


def budgets(pages: Sequence[Payload], account: Account, says: Mapping[str, Standing] | None = None) -> list[Budget]:
    """Each daily budget once, with all its campaigns: a shared one is counted and written once.

    Budgets over a whole period (CUSTOM_PERIOD) are left out: they are no daily amounts. Raises ConnectorError.
    """
    found: dict[str, list[tuple[Payload, Node]]] = {}
    for payload, row in rows_of(pages, account, "budgets"):
        if row["campaignBudget"].get("period", "DAILY") != "CUSTOM_PERIOD":
            found.setdefault(row["campaignBudget"].id("id"), []).append((payload, row))
    return [_budget(native, rows, account, says or {}) for native, rows in found.items()]


def standing(pages: Sequence[Payload], account: Account) -> dict[str, Standing]:
    """What the platform says by campaign."""
    found = {}
    for _, row in rows_of(pages, account, "standing"):
        campaign, metrics = row["campaign"], row.get("metrics")
        reasons = [one.value for one in campaign.items("primaryStatusReasons", optional=True)]
        share = metrics.get("searchBudgetLostImpressionShare") if isinstance(metrics, dict) else None
        found[campaign.id("id")] = Standing(
            None if campaign.get("primaryStatus") is None else "BUDGET_CONSTRAINED" in reasons,
            min(1.0, float(share)) if isinstance(share, int | Decimal) and float(share) >= 0 else None,
            campaign.get("biddingStrategyType") in _TARGETS,
        )
    return found


def lacks_budgets(pages: Sequence[Payload]) -> bool:
    """Whether some row of a report does not say which budget its campaign spends."""
    return any(not one.get("campaignBudget") for one in _campaigns(pages))


def has_shopping(pages: Sequence[Payload]) -> bool:
    """Whether some campaign of a report sells by listings, so that there are figures a product."""
    return any(one.get("advertisingChannelType") == "SHOPPING" for one in _campaigns(pages))


def reports(
    pages: Sequence[Payload],
    account: Account,
    *,
    products: Sequence[Payload] = (),
    budget_by_campaign: Mapping[str, str] | None = None,
) -> Reports:
    """One row a campaign and day; instead of it one a product, where the products' cost is the campaign's exactly.

    (The listing view does not hold all that a campaign of another kind spends.) `budget_by_campaign` helps where a
    campaign does not name its budget. Raises ConnectorError, also when a row comes twice.
    """
    listings: dict[tuple[str, date], list[Observation]] = {}
    wholes: dict[tuple[str, date], Observation] = {}
    for payload, row in rows_of(pages, account, "performance"):
        one = _observation(row, account, payload, budget_by_campaign or {})
        key = one.campaign, one.day.date
        if key in wholes:
            raise row.error("campaign", f"{one.campaign} on {one.day.date} came twice")
        wholes[key] = one
    for payload, row in rows_of(products, account, "products"):
        one = _observation(row, account, payload, budget_by_campaign or {})
        item = str(row["segments"].get("productItemId", ""))
        listings.setdefault((one.campaign, one.day.date), []).append(
            replace(one, product=ProductId(item) if item else None)
        )
    return Reports.of(one for key, whole in wholes.items() for one in _finest(whole, listings.get(key, [])))


def _campaigns(pages: Sequence[Payload]) -> Iterable[Mapping[str, Any]]:
    """The campaign of each row as it came, an empty one where it is none: whoever reads the row says so."""
    for page in pages:
        rows = page.body.get("results") if isinstance(page.body, dict) else None
        for row in rows if isinstance(rows, list) else ():
            campaign = row.get("campaign") if isinstance(row, dict) else None
            yield campaign if isinstance(campaign, dict) else {}


def _finest(whole: Observation, parts: Sequence[Observation]) -> Iterable[Observation]:
    spends = [part.performance.spend for part in parts if part.performance.spend is not None]
    complete = bool(parts) and all(part.product is not None for part in parts)
    if (
        not complete
        or whole.performance.spend is None
        or sum(s.micros for s in spends) != whole.performance.spend.micros
    ):
        return [whole]
    return [replace(part, budget=whole.budget, name=whole.name, channel=whole.channel) for part in parts]


def _budget(
    native: str, rows: Sequence[tuple[Payload, Node]], account: Account, says: Mapping[str, Standing]
) -> Budget:
    payload, first = rows[0]
    amounts = {row["campaignBudget"].micros("amountMicros", account.currency) for _, row in rows}
    if len(amounts) != 1:
        raise first.error("campaignBudget.amountMicros", f"budget {native} has {len(amounts)} amounts at once")
    campaigns = {row["campaign"].id("id"): row["campaign"] for _, row in rows}
    names = [str(one.get("name", number)) for number, one in campaigns.items()]
    channels = {_CHANNELS.get(str(one.get("advertisingChannelType", "")), "") for one in campaigns.values()}
    said = [says[number] for number in campaigns if number in says]
    limited = [one.limited for one in said if one.limited is not None]
    return Budget(
        id=BudgetId(account.id, native),
        name=names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}",
        currency=account.currency,
        now=amounts.pop(),
        read_at=payload.received_at,
        campaigns=tuple(campaigns),
        channel=channels.pop() if len(channels) == 1 else "",
        step=Money(minor_unit(account.currency), account.currency),
        status=_status(first["campaignBudget"], campaigns.values()),
        target_driven=any(one.target_driven for one in said),
        overdelivery=OVERDELIVERY,
        limited=any(limited) if limited else None,
        lost_share=max((one.lost_share for one in said if one.lost_share is not None), default=None),
    )


def _status(budget: Node, campaigns: Iterable[Node]) -> BudgetStatus:
    states = {one.text("status") for one in campaigns}
    if budget.get("status") == "REMOVED" or states == {"REMOVED"}:
        return BudgetStatus.REMOVED
    return BudgetStatus.ACTIVE if "ENABLED" in states else BudgetStatus.PAUSED


def _observation(row: Node, account: Account, payload: Payload, budgets: Mapping[str, str]) -> Observation:
    campaign, metrics = row["campaign"], row["metrics"]
    number = campaign.id("id")
    named = str(campaign.get("campaignBudget", "")).rpartition("/")[2]
    orders = metrics.number("conversions", Decimal(0), signed=True)
    return Observation(
        account=account.id,
        # a removed campaign may have no budget any more: its spend still counts, under a name of its own
        budget=BudgetId(account.id, named or budgets.get(number, f"campaign-{number}")),
        campaign=number,
        product=None,
        day=AccountDay(account.timezone, row["segments"].day("date")),
        observed_at=payload.received_at,
        performance=Performance(
            impressions=metrics.whole("impressions", 0, signed=True),
            clicks=metrics.whole("clicks", 0, signed=True),
            spend=metrics.micros("costMicros", account.currency, signed=True),
            orders=float(orders),
            revenue=metrics.units("conversionsValue", account.currency, Decimal(0), signed=True),
        ),
        name=str(campaign.get("name", "")),
        channel=_CHANNELS.get(str(campaign.get("advertisingChannelType", "")), ""),
    )


def rows_of(pages: Sequence[Payload], account: Account, operation: str) -> list[tuple[Payload, Node]]:
    """The rows of all pages. Raises ConnectorError when there are fewer than the platform says."""
    found: list[tuple[Payload, Node]] = []
    said: int | None = None
    for page in pages:
        body = Node(account.id, operation, page.body)
        found += [(page, row) for row in body.items("results", optional=True)]
        if body.get("totalResultsCount") is not None:
            said = body.whole("totalResultsCount")
    if said is not None and said != len(found):
        reason = f"totalResultsCount: said {said} rows, {len(found)} came"
        raise ConnectorError(account.id, operation, reason, waiting_helps=True, error="schema")
    return found
