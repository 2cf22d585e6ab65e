"""Bodies of the Graph API → budgets and reports. Pure; a shape it does not know is a ConnectorError naming the field.

Budgets are text in the platform's smallest unit, spend and revenue are text in whole units of the currency. A budget
sits on the campaign or on each of its ad sets, never on both; one over a lifetime is no daily amount and is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget, BudgetStatus
from bidder.connectors.body import Node
from bidder.connectors.divide import divided
from bidder.connectors.http import Payload
from bidder.connectors.identity import check_identity
from bidder.connectors.meta.settings import unit_of
from bidder.ids import BudgetId, ProductId
from bidder.money import MICROS, Currency, Money
from bidder.performance import Observation, Performance
from bidder.reports import Reports

__all__ = [
    "OVERDELIVERY",
    "Owners",
    "beside",
    "budget_of",
    "budgets",
    "check_account",
    "missing_spend",
    "reports",
    "unknown_campaigns",
    "with_gone",
]

OVERDELIVERY = 1.75
"""A day's spend may be 75 % above the daily budget."""

_PAUSED = frozenset({"PAUSED", "CAMPAIGN_PAUSED", "ADSET_PAUSED", "PENDING_REVIEW", "DISAPPROVED", "PREAPPROVED"})
_REMOVED = frozenset({"DELETED", "ARCHIVED"})
_TARGETS = frozenset({"COST_CAP", "LOWEST_COST_WITH_MIN_ROAS"})
_PURCHASES = (
    "omni_purchase",
    "purchase",
    "offsite_conversion.fb_pixel_purchase",
    "onsite_web_purchase",
    "web_in_store_purchase",
)
"""Types of an order, the widest first: one sale stands under several of them."""


@dataclass(frozen=True, slots=True)
class Owners:
    """Which campaigns hold the budget of their ad sets (`campaigns`), of those that are `known`."""

    campaigns: frozenset[str]
    known: frozenset[str]

    def budget(self, campaign: str, adset: str) -> str:
        """The id of what holds the ad set's budget."""
        return campaign if campaign in self.campaigns else adset


def check_account(payload: Payload, account: Account) -> tuple[Money | None, Account]:
    """The least daily budget of the account, where it is said, and the account as the platform tells it.

    Raises ConnectorError when the platform's currency or zone is not the configured one.
    """
    body = Node(account.id, "account", payload.body)
    currency, zone = body.text("currency"), body.get("timezone_name")
    told = check_identity(account, currency=currency, timezone=zone, now=payload.received_at)
    least = body.whole("min_daily_budget", 0)
    return (Money(least * unit_of(account.currency), account.currency) if least else None), told


def budgets(
    campaigns: Sequence[Payload], adsets: Sequence[Payload], account: Account, minimum: Money | None
) -> tuple[list[Budget], Owners]:
    """Every daily budget once, at the level that owns it, and who that is. Raises ConnectorError."""
    found: list[Budget] = []
    owning: set[str] = set()
    known: set[str] = set()
    targets: set[str] = set()
    for page, row in _rows(campaigns, account, "budgets"):
        native = row.id("id")
        known.add(native)
        if str(row.get("bid_strategy")) in _TARGETS:
            targets.add(native)
        if owns(row):
            owning.add(native)
            found += _daily(row, native, account, page, minimum, target_driven=native in targets)
    for page, row in _rows(adsets, account, "budgets"):
        campaign = row.id("campaign_id")
        if campaign not in owning:
            found += _daily(row, row.id("id"), account, page, minimum, target_driven=campaign in targets)
    return found, Owners(frozenset(owning), frozenset(known))


def budget_of(payload: Payload, account: Account, native: str, minimum: Money | None) -> Budget:
    """The budget of one campaign or ad set. Raises ConnectorError where it has no daily one."""
    row = Node(account.id, "budgets", payload.body)
    if row.get("id") is not None and row.id("id") != native:
        raise row.error("id", f"expected {native}, was {row.id('id')}")
    found = _daily(row, native, account, payload, minimum, target_driven=False)
    if not found:
        what = "a budget over its lifetime" if _minor(row, "lifetime_budget") else "no budget of its own"
        raise row.error("daily_budget", f"{native} has {what}: it is left alone")
    return found[0]


def reports(
    pages: Sequence[Payload],
    account: Account,
    owners: Owners,
    *,
    purchase: str | None = None,
    products: Sequence[Payload] = (),
) -> Reports:
    """One row a budget and day: an ad set with a budget of its own, or a campaign (the sum of its ad sets).

    By product where `products` tell them. Raises ConnectorError, also when a row comes twice.
    """
    rows = list(_rows(pages, account, "performance"))
    kind = purchase or _purchase(row for _, row in rows)
    wholes: dict[tuple[str, date], Observation] = {}
    seen: set[tuple[str, date]] = set()
    for page, row in rows:
        one = _observation(row, account, page, owners, kind)
        if (row.id("adset_id"), one.day.date) in seen:
            raise row.error("adset_id", f"{row.id('adset_id')} on {one.day.date} came twice")
        seen.add((row.id("adset_id"), one.day.date))
        key = one.campaign, one.day.date
        wholes[key] = _sum(wholes[key], one) if key in wholes else one
    parts: dict[tuple[str, date], dict[str, Observation]] = {}
    for page, row in _rows(products, account, "products"):
        if row.get("product_id") is None:
            continue
        item = row.text("product_id").partition(",")[0].strip()  # "SKU, name of it"
        one = replace(_observation(row, account, page, owners, kind), product=ProductId(item))
        of_day = parts.setdefault((one.campaign, one.day.date), {})
        of_day[item] = _sum(of_day[item], one) if item in of_day else one
    found = (one for key, whole in wholes.items() for one in divided(whole, list(parts.get(key, {}).values())))
    return Reports.of(found)


def unknown_campaigns(pages: Sequence[Payload], account: Account, owners: Owners) -> list[str]:
    """Campaigns with figures that are no longer listed, sorted. Raises ConnectorError."""
    return sorted({row.id("campaign_id") for _, row in _rows(pages, account, "performance")} - owners.known)


def with_gone(owners: Owners, nodes: Mapping[str, Payload], account: Account) -> Owners:
    """The same with campaigns that are no longer listed: whether they held the budget is known all the same."""
    owning = {native for native, one in nodes.items() if owns(Node(account.id, "budgets", one.body))}
    return Owners(owners.campaigns | owning, owners.known | nodes.keys())


def beside(pages: Sequence[Payload], more: Sequence[Payload], account: Account) -> list[Payload]:
    """All rows of `pages`, and those of `more` that are of other ad sets or days: a filter may add to what it asks for.

    Raises ConnectorError.
    """
    known = {(row.id("adset_id"), _day(row)) for _, row in _rows(pages, account, "performance")}
    fresh = [
        Payload(page.received_at, {"data": [row.value for row in rows if (row.id("adset_id"), _day(row)) not in known]})
        for page in more
        if (rows := [row for _, row in _rows([page], account, "performance")])
    ]
    return [*pages, *fresh]


def missing_spend(whole: Sequence[Payload], pages: Sequence[Payload], account: Account) -> str:
    """In words, the first day of which the ad sets lack spend that the account has; "" when all is there.

    Rounding of each row is let pass. Raises ConnectorError.
    """
    said: dict[date, Decimal] = {}
    for _, row in _rows(whole, account, "performance"):
        day = _day(row)
        said[day] = said.get(day, Decimal(0)) + row.number("spend", Decimal(0), signed=True)
    came: dict[date, Decimal] = {}
    count: dict[date, int] = {}
    for _, row in _rows(pages, account, "performance"):
        day = _day(row)
        came[day] = came.get(day, Decimal(0)) + row.number("spend", signed=True)
        count[day] = count.get(day, 0) + 1
    for day in sorted(said):
        lacking = said[day] - came.get(day, Decimal(0))
        if lacking > Decimal("0.01") * (1 + count.get(day, 0)) / 2 + said[day] / 1000:
            return f"{day}: the account spent {said[day]}, its ad sets {came.get(day, 0)}"
    return ""


def _minor(row: Node, name: str) -> int:
    """A budget in the platform's unit, 0 where there is none. One with a point is in another unit: an error."""
    return 0 if row.get(name) is None else int(row.id(name))


def owns(row: Node) -> bool:
    return bool(_minor(row, "daily_budget") or _minor(row, "lifetime_budget"))


def _daily(
    row: Node, native: str, account: Account, page: Payload, minimum: Money | None, *, target_driven: bool
) -> list[Budget]:
    """The budget of a node where it is a daily one."""
    daily, lifetime = _minor(row, "daily_budget"), _minor(row, "lifetime_budget")
    if daily and lifetime:
        raise row.error("daily_budget", f"{native} has a daily and a lifetime budget at once")
    if not daily:
        return []
    unit = unit_of(account.currency)
    return [
        Budget(
            id=BudgetId(account.id, native),
            name=str(row.get("name", "")) or native,
            currency=account.currency,
            now=Money(daily * unit, account.currency),
            read_at=page.received_at,
            campaigns=(native,),
            channel="feed",
            minimum=minimum,
            step=Money(unit, account.currency),
            status=_status(row),
            target_driven=target_driven,
            overdelivery=OVERDELIVERY,
        )
    ]


def _status(row: Node) -> BudgetStatus:
    """Whatever is not known to rest may spend."""
    written = str(row.get("status", "ACTIVE"))
    said = str(row.get("effective_status", written))
    if said in _REMOVED or written in _REMOVED:
        return BudgetStatus.REMOVED
    return BudgetStatus.PAUSED if said in _PAUSED or written == "PAUSED" else BudgetStatus.ACTIVE


def _observation(row: Node, account: Account, page: Payload, owners: Owners, purchase: str | None) -> Observation:
    owner = owners.budget(row.id("campaign_id"), row.id("adset_id"))
    return Observation(
        account=account.id,
        budget=BudgetId(account.id, owner),
        campaign=owner,
        product=None,
        day=AccountDay(account.timezone, _day(row)),
        observed_at=page.received_at,
        performance=Performance(
            impressions=row.whole("impressions", 0, signed=True),
            clicks=row.whole("clicks", 0, signed=True),
            spend=row.units("spend", account.currency, signed=True),
            orders=float(_actions(row, "actions", purchase)),
            revenue=_revenue(row, account.currency, purchase),
        ),
        channel="feed",
    )


def _revenue(row: Node, currency: Currency, purchase: str | None) -> Money:
    return Money(round(_actions(row, "action_values", purchase) * MICROS), currency)


def _day(row: Node) -> date:
    day = row.day("date_start")
    if row.get("date_stop") is not None and row.day("date_stop") != day:
        raise row.error("date_stop", f"expected one day, was {day} to {row.day('date_stop')}")
    return day


def _purchase(rows: Iterator[Node]) -> str | None:
    """The widest type of an order that the report has; the same for all its rows."""
    there = {str(one.get("action_type")) for row in rows for one in row.items("actions", optional=True)}
    return next((kind for kind in _PURCHASES if kind in there), None)


def _actions(row: Node, name: str, kind: str | None) -> Decimal:
    """The value of that type; a type that is not there did not happen. Raises ConnectorError when it is there twice."""
    found = [one for one in row.items(name, optional=True) if kind is not None and one.text("action_type") == kind]
    if len(found) > 1:
        raise row.error(name, f"{kind} came twice")
    return found[0].number("value", signed=True) if found else Decimal(0)


def _sum(one: Observation, other: Observation) -> Observation:
    a, b = one.performance, other.performance
    assert a.spend is not None
    assert b.spend is not None
    assert a.revenue is not None
    assert b.revenue is not None
    whole = Performance(
        impressions=(a.impressions or 0) + (b.impressions or 0),
        clicks=(a.clicks or 0) + (b.clicks or 0),
        spend=a.spend + b.spend,
        orders=(a.orders or 0.0) + (b.orders or 0.0),
        revenue=a.revenue + b.revenue,
    )
    return replace(one, performance=whole, observed_at=min(one.observed_at, other.observed_at))


def _rows(pages: Sequence[Payload], account: Account, operation: str) -> Iterator[tuple[Payload, Node]]:
    for page in pages:
        for row in Node(account.id, operation, page.body).items("data"):
            yield page, row
