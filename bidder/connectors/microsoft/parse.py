"""Bodies of the Microsoft Advertising API → budgets and reports. Pure; a shape it does not know is a ConnectorError.

The only place where currency units become Money. A campaign has a daily budget of its own, or it spends from one that
several share: that is one Budget with all its campaigns, and its id begins with `shared-`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget, BudgetStatus
from bidder.connectors.body import Node, shown
from bidder.connectors.divide import divided
from bidder.connectors.http import Empty, Failed, JobState, Payload, Pending, Ready
from bidder.connectors.identity import check_identity
from bidder.connectors.microsoft.zones import iana_of
from bidder.errors import ConnectorError
from bidder.ids import BudgetId, ProductId
from bidder.money import Currency, Money, minor_unit
from bidder.performance import Observation, Performance
from bidder.reports import Reports

__all__ = [
    "SHARED",
    "Found",
    "budgets",
    "check_account",
    "report_state",
    "reports",
    "shared_natives",
]

OVERDELIVERY = 2.0
"""A day's spend may be up to 100 % above the daily budget; the month is not."""

SHARED = "shared-"
"""How the id of a budget begins that several campaigns share."""

_DAILY = ("DailyBudgetStandard", "DailyBudgetAccelerated")
_RESTING = frozenset({"Paused", "BudgetAndManualPaused", "Suspended"})
_TARGETS = ("TargetRoas", "TargetCpa", "CostPerSale")
_CHANNELS = {
    "Search": "search",
    "Shopping": "search",
    "DynamicSearchAds": "search",
    "Audience": "feed",
    "PerformanceMax": "site",
}


@dataclass(frozen=True, slots=True)
class Found:
    """Every daily budget; by its id the kind of each campaign's own; by campaign the id of the budget it spends."""

    budgets: list[Budget]
    kinds: dict[str, str]
    native_by_campaign: dict[str, str]
    sells_products: bool


def check_account(payload: Payload, account: Account, number: str) -> tuple[str, Account]:
    """The platform's name of the account's zone, and the account as it tells it.

    Raises ConnectorError when its currency or zone is not the configured one.
    """
    body = Node(account.id, "account", payload.body)["Account"]
    if body.id("Id") != number:
        raise body.error("Id", f"expected {number}, was {body.id('Id')}: check account_id")
    name = body.text("TimeZone")
    zone = iana_of(name)
    if zone is None and not account.zone_written:
        raise body.error("TimeZone", f"{name} is not known here: write timezone under the account")
    told = check_identity(account, currency=body.text("CurrencyCode"), timezone=zone, now=payload.received_at)
    return name, told


def shared_natives(payload: Payload, account: Account) -> list[str]:
    """The ids of the budgets that campaigns share, each once."""
    return list(dict.fromkeys(native for row in _campaigns(payload, account) if (native := _shared(row)) is not None))


def budgets(payload: Payload, shared: Sequence[Payload], account: Account) -> Found:
    """Every daily budget once. Raises ConnectorError, also when a campaign comes twice or its budget is not told."""
    own: dict[str, Budget] = {}
    kinds: dict[str, str] = {}
    natives: dict[str, str] = {}
    members: dict[str, list[Node]] = {}
    products = False
    for row in _campaigns(payload, account):
        campaign = row.id("Id")
        if campaign in natives:
            raise row.error("Id", f"{campaign} came twice")
        products = products or row.get("CampaignType") in ("Shopping", "PerformanceMax")
        sharing = _shared(row)
        natives[campaign] = campaign if sharing is None else f"{SHARED}{sharing}"
        if sharing is not None:
            members.setdefault(sharing, []).append(row)
        elif row.get("BudgetType") in _DAILY:
            own[campaign] = _budget(row, campaign, [row], row.units("DailyBudget", account.currency), account, payload)
            kinds[campaign] = row.text("BudgetType")
    return Found([*own.values(), *_of_shared(shared, members, account)], kinds, natives, products)


def report_state(payload: Payload, account: str) -> JobState:
    """How far a report is. Raises ConnectorError for a state that is none."""
    body = Node(account, "report", payload.body)["ReportRequestStatus"]
    match body.text("Status"):
        case "Pending":
            return Pending()
        case "Success":
            return (
                Ready(body.text("ReportDownloadUrl")) if body.get("ReportDownloadUrl") else Empty(payload.received_at)
            )
        case "Error":
            return Failed()
    raise body.error("Status", f"expected Pending, Success or Error, was {shown(body.text('Status'))}")


def reports(pages: Sequence[Payload], account: Account, found: Found, *, products: Sequence[Payload] = ()) -> Reports:
    """One row a campaign and day, by product where `products` tell them. Raises ConnectorError, also when one comes
    twice or is in another currency.
    """
    wholes: dict[tuple[str, date], Observation] = {}
    for page, row in _rows(pages, account, "report"):
        one = _observation(row, account, page, found, None)
        if (one.campaign, one.day.date) in wholes:
            raise row.error("CampaignId", f"{one.campaign} on {one.day.date} came twice")
        wholes[one.campaign, one.day.date] = one
    parts: dict[tuple[str, date], list[Observation]] = {}
    for page, row in _rows(products, account, "products"):
        one = _observation(row, account, page, found, ProductId(row.text("MerchantProductId")))
        parts.setdefault((one.campaign, one.day.date), []).append(one)
    return Reports.of(part for key, whole in wholes.items() for part in divided(whole, parts.get(key, [])))


def _campaigns(payload: Payload, account: Account) -> Iterator[Node]:
    """The campaigns of a list; one that was asked for and is not there is null."""
    for row in Node(account.id, "campaigns", payload.body).items("Campaigns"):
        if row.value is not None:
            yield row


def _shared(row: Node) -> str | None:
    """The id of the shared budget that a campaign spends from; none where it has its own."""
    return None if row.get("BudgetId") in (None, 0, "0", "") else row.id("BudgetId")


def _of_shared(pages: Sequence[Payload], members: dict[str, list[Node]], account: Account) -> Iterator[Budget]:
    told: set[str] = set()
    for page in pages:
        for row in Node(account.id, "budgets", page.body).items("Budgets"):
            if row.value is None:
                continue
            native = row.id("Id")
            if native in told:
                raise row.error("Id", f"{native} came twice")
            told.add(native)
            if row.get("BudgetType", "DailyBudgetStandard") in _DAILY:
                amount = row.units("Amount", account.currency)
                yield _budget(row, f"{SHARED}{native}", members.get(native, []), amount, account, page)
    missing = sorted(set(members) - told)
    if missing:
        reason = f"Budgets: {missing[0]}, which campaigns share, is not told"
        raise ConnectorError(account.id, "budgets", reason, waiting_helps=True, error="schema")


def _budget(
    row: Node, native: str, campaigns: Sequence[Node], amount: Money, account: Account, page: Payload
) -> Budget:
    states = {one.text("Status") for one in campaigns}
    channels = {_CHANNELS.get(str(one.get("CampaignType", "")), "") for one in campaigns}
    return Budget(
        id=BudgetId(account.id, native),
        name=str(row.get("Name", "")) or native,
        currency=account.currency,
        now=amount,
        read_at=page.received_at,
        campaigns=tuple(one.id("Id") for one in campaigns),
        channel=channels.pop() if len(channels) == 1 else "",
        step=Money(minor_unit(account.currency), account.currency),
        status=_status(states),
        target_driven=any(_driven(one) for one in campaigns),
        overdelivery=OVERDELIVERY,
        limited=True if "BudgetPaused" in states else None,
    )


def _status(states: set[str]) -> BudgetStatus:
    """Whatever is not known to rest may spend; what rests for want of budget spends again with more."""
    if not states:
        return BudgetStatus.PAUSED  # shared, but nobody spends from it
    if states <= {"Deleted"}:
        return BudgetStatus.REMOVED
    return BudgetStatus.PAUSED if states <= _RESTING | {"Deleted"} else BudgetStatus.ACTIVE


def _driven(campaign: Node) -> bool:
    """Whether a target decides what is spent more than the budget does."""
    scheme = campaign.get("BiddingScheme")
    if not isinstance(scheme, dict):
        return False
    return scheme.get("Type") in _TARGETS or scheme.get("TargetRoas") is not None or scheme.get("TargetCpa") is not None


def _observation(row: Node, account: Account, page: Payload, found: Found, product: ProductId | None) -> Observation:
    campaign, currency = row.id("CampaignId"), row.get("CurrencyCode")
    if currency is not None and str(currency).upper() != account.currency:
        raise row.error("CurrencyCode", f"expected {account.currency}, was {currency}")
    orders = row.get("ConversionsQualified")
    return Observation(
        account=account.id,
        # a deleted campaign is not listed any more: its spend still counts, under its own number
        budget=BudgetId(account.id, found.native_by_campaign.get(campaign, campaign)),
        campaign=campaign,
        product=product,
        day=AccountDay(account.timezone, _day(row)),
        observed_at=page.received_at,
        performance=Performance(
            impressions=row.whole("Impressions", signed=True),
            clicks=row.whole("Clicks", signed=True),
            spend=_cents(row, "Spend", account.currency),
            orders=None if orders is None else float(row.number("ConversionsQualified", signed=True)),
            revenue=None if row.get("Revenue") is None else _cents(row, "Revenue", account.currency),
        ),
        name=str(row.get("CampaignName", "")),
        channel=_CHANNELS.get(str(row.get("CampaignType", "")).replace(" ", ""), ""),
    )


def _day(row: Node) -> date:
    """The day of a row: as a date, or as older versions of the format write it (month first)."""
    text = row.text("TimePeriod")
    month, *rest = text.split("/")
    if len(rest) == 2 and all(one.isdigit() for one in (month, *rest)):
        text = f"{rest[1]:0>4}-{month:0>2}-{rest[0]:0>2}"
    return Node(row.account, row.operation, {"TimePeriod": text}, row.path).day("TimePeriod")


def _cents(row: Node, name: str, currency: Currency) -> Money:
    """An amount that the platform gives as a float: to the currency's smallest unit."""
    unit = minor_unit(currency)
    whole = (Decimal(row.units(name, currency, signed=True).micros) / unit).to_integral_value(ROUND_HALF_EVEN)
    return Money(int(whole) * unit, currency)


def _rows(pages: Sequence[Payload], account: Account, operation: str) -> Iterator[tuple[Payload, Node]]:
    for page in pages:
        for row in Node(account.id, operation, page.body).items():
            yield page, row
