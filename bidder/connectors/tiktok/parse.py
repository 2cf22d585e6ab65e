"""Bodies of TikTok's Marketing API → budgets, who owns them, and how each is set. Pure.

Budgets are numbers in the currency's own unit. One sits on the campaign (campaign budget optimisation, Smart+, GMV Max)
or on each of its ad groups; one over a lifetime is no daily amount and is left alone. A campaign that leaves the budget
to its ad groups may cap their day: then none of them may have more. A shape that is not known is a ConnectorError.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from bidder.catalog import Account, Budget, BudgetStatus
from bidder.connectors.body import Node
from bidder.connectors.http import Payload
from bidder.connectors.identity import check_identity
from bidder.connectors.tiktok import limits
from bidder.connectors.tiktok.ways import Way
from bidder.errors import ConnectorError
from bidder.ids import BudgetId
from bidder.money import Money

__all__ = ["GMV_KINDS", "Known", "budgets", "check_account", "gmv_budget", "gmv_natives", "rows_of"]

OVERDELIVERY = 1.25
"""A day of a dynamic daily budget may cost a quarter more; the week does not."""

GMV_KINDS = {"PRODUCT": "site", "LIVE": "live"}
"""Kinds of GMV Max campaigns, and the channel of each."""

_DAILY = ("BUDGET_MODE_DAY", "BUDGET_MODE_DYNAMIC_DAILY_BUDGET")
_STORE = ("STORE", "SHOWCASE")
_TARGETS = ("VO_MIN_ROAS",)
_SPENT = ("_BUDGET_EXCEED", "_CAMPAIGN_EXCEED")
"""Ends of the states of what would spend more than its budget of the day."""
_AUTOMATIC = "AUTO_BUDGET_INCREASE"
_RAISED = 3.0
"""A budget with automatic increases may grow by a fifth of itself ten times a day."""


@dataclass(slots=True)
class Known:
    """What an account has: its daily budgets, how each is set, and whose budget an ad group spends.

    `owning` are the campaigns that hold the budget of their ad groups, `campaigns` all that are known, with deleted
    ones; `campaign_by_group` leads from an ad group to its campaign.
    """

    budgets: list[Budget] = field(default_factory=list)
    ways: dict[str, Way] = field(default_factory=dict)
    owning: set[str] = field(default_factory=set)
    campaigns: dict[str, str] = field(default_factory=dict)
    campaign_by_group: dict[str, str] = field(default_factory=dict)
    group_names: dict[str, str] = field(default_factory=dict)

    def holds(self, campaign: str) -> bool:
        """Whether a campaign's figures are its own; those of one that nobody knows any more are."""
        return campaign in self.owning or campaign not in self.campaigns

    def add(self, budget: Budget, way: Way) -> None:
        """One budget more."""
        self.budgets.append(budget)
        self.ways[budget.id.native] = way


def check_account(payload: Payload, account: Account, advertiser: str) -> Account:
    """The account as the platform tells it.

    Raises ConnectorError when its currency or zone is not the configured one.
    """
    for one in Node(account.id, "account", payload.body)["data"].items("list"):
        if one.id("advertiser_id") == advertiser:
            zone = one.get("display_timezone") or one.get("timezone")
            return check_identity(account, currency=one.text("currency"), timezone=zone, now=payload.received_at)
    reason = f"there is no advertiser {advertiser} for these credentials: check advertiser_id"
    raise ConnectorError(account.id, "account", reason, error="auth")


def budgets(campaigns: Sequence[Payload], groups: Sequence[Payload], account: Account) -> Known:
    """Every daily budget once, at the level that owns it. Raises ConnectorError, also when rows are missing."""
    known = Known()
    rows: dict[str, Node] = {}
    for page, row in rows_of(campaigns, account, "budgets"):
        native = row.id("campaign_id")
        if native in rows:
            raise row.error("campaign_id", f"{native} came twice")
        rows[native] = row
        known.campaigns[native] = str(row.get("campaign_name", ""))
        way = _way(row)
        if way is not None:
            known.owning.add(native)
            if row.get("budget_mode") in _DAILY:
                known.add(_campaign(row, native, account, page), way)
    for page, row in rows_of(groups, account, "budgets"):
        native, campaign = row.id("adgroup_id"), row.id("campaign_id")
        if native in known.campaign_by_group:
            raise row.error("adgroup_id", f"{native} came twice")
        known.campaign_by_group[native] = campaign
        known.group_names[native] = str(row.get("adgroup_name", ""))
        over = rows.get(campaign)
        if over is None or campaign in known.owning or row.get("budget_mode") not in _DAILY:
            continue
        smart = over.get("campaign_automation_type") == "UPGRADED_SMART_PLUS"
        known.add(_ad_group(row, native, over, account, page), Way.SMART_AD_GROUP if smart else Way.AD_GROUP)
    return known


def gmv_natives(pages: Sequence[Payload], account: Account) -> list[str]:
    """The ids of the GMV Max campaigns of a list."""
    return [row.id("campaign_id") for _, row in rows_of(pages, account, "budgets")]


def gmv_budget(payload: Payload, account: Account, native: str) -> tuple[Budget, str]:
    """The daily budget of one GMV Max campaign, and the shop that it sells for. Raises ConnectorError."""
    row = Node(account.id, "budgets", payload.body)["data"]
    if row.id("campaign_id") != native:
        raise row.error("campaign_id", f"expected {native}, was {row.id('campaign_id')}")
    kind = str(row.get("shopping_ads_type", ""))
    budget = _budget(
        row,
        native,
        account,
        payload,
        name=str(row.get("campaign_name", "")) or native,
        base=limits.STORE,
        channel=GMV_KINDS.get(kind, "site"),
        overdelivery=_gmv_overdelivery(row),
        target_driven=row.get("deep_bid_type") in _TARGETS,
    )
    return budget, row.id("store_id")


def rows_of(pages: Sequence[Payload], account: Account, operation: str) -> Iterator[tuple[Payload, Node]]:
    """The rows of all pages. Raises ConnectorError when there are not as many as the platform says."""
    came, said = 0, None
    for page in pages:
        data = Node(account.id, operation, page.body)["data"]
        said = data["page_info"].whole("total_number")
        for row in data.items("list"):
            came += 1
            yield page, row
    if said is not None and said != came:
        reason = f"data.page_info.total_number: said {said} rows, {came} came"
        raise ConnectorError(account.id, operation, reason, waiting_helps=True, error="schema")


def _way(row: Node) -> Way | None:
    """How a campaign's own budget is set; None where its ad groups have theirs."""
    automation = row.get("campaign_automation_type")
    if automation == "SMART_PLUS" or row.get("is_smart_performance_campaign") is True:
        return Way.LEGACY_SMART
    if row.get("budget_optimize_on") is not True:
        return None
    return Way.SMART_CAMPAIGN if automation == "UPGRADED_SMART_PLUS" else Way.CAMPAIGN


def _campaign(row: Node, native: str, account: Account, page: Payload) -> Budget:
    base = limits.STORE if row.get("campaign_product_source") in _STORE else limits.CAMPAIGN
    return _budget(
        row,
        native,
        account,
        page,
        name=str(row.get("campaign_name", "")) or native,
        base=base,
        overdelivery=_overdelivery(row),
        target_driven=row.get("deep_bid_type") in _TARGETS,
    )


def _ad_group(row: Node, native: str, campaign: Node, account: Account, page: Payload) -> Budget:
    base = limits.STORE if row.get("product_source") in _STORE else limits.AD_GROUP
    capped = campaign.get("budget_mode") in _DAILY
    resting = _status(campaign)
    return _budget(
        row,
        native,
        account,
        page,
        name=str(row.get("adgroup_name", "")) or native,
        base=base,
        cap=campaign.units("budget", account.currency) if capped else None,
        status=_status(row) if resting is BudgetStatus.ACTIVE else resting,
        overdelivery=_overdelivery(row),
        target_driven=row.get("deep_bid_type") in _TARGETS,
    )


def _budget(
    row: Node,
    native: str,
    account: Account,
    page: Payload,
    *,
    name: str,
    base: int,
    channel: str = "feed",
    cap: Money | None = None,
    status: BudgetStatus | None = None,
    overdelivery: float,
    target_driven: bool,
) -> Budget:
    now, state = row.units("budget", account.currency), _status(row) if status is None else status
    if now.micros == 0 and state is not BudgetStatus.REMOVED:
        raise row.error("budget", f"{native} has a daily budget of nothing")
    least, most = limits.least(account.currency, base), limits.most(account.currency)
    return Budget(
        id=BudgetId(account.id, native),
        name=name,
        currency=account.currency,
        now=now,
        read_at=page.received_at,
        campaigns=(native,),
        channel=channel,
        # what was made in simplified mode may have less than the least
        minimum=None if least is None else min(least, now, key=lambda one: one.micros),
        maximum=min((one for one in (most, cap) if one is not None), key=lambda one: one.micros, default=None),
        step=limits.step_of(account.currency),
        status=state,
        target_driven=target_driven,
        overdelivery=overdelivery,
        limited=True if str(row.get("secondary_status", "")).endswith(_SPENT) else None,
    )


def _status(row: Node) -> BudgetStatus:
    """Whatever is not known to rest may spend."""
    second = str(row.get("secondary_status", ""))
    if second.endswith("_DELETE"):
        return BudgetStatus.REMOVED
    rests = second.endswith(("_DISABLE", "_DONE", "_AUDIT_DENY", "_NOT_START"))
    return BudgetStatus.PAUSED if rests or row.get("operation_status") == "DISABLE" else BudgetStatus.ACTIVE


def _overdelivery(row: Node) -> float:
    """By how much a day may cost more than its budget: dynamic ones, and those that the platform raises by itself."""
    factor = OVERDELIVERY if row.get("budget_mode") == "BUDGET_MODE_DYNAMIC_DAILY_BUDGET" else 1.0
    return factor * _RAISED if row.get("budget_auto_adjust_strategy") == _AUTOMATIC else factor


def _gmv_overdelivery(row: Node) -> float:
    """With automatic increases a day may cost as much as all of them allow."""
    factors = [Decimal(1)]
    for name, switch in (("auto_budget", "auto_budget_enabled"), ("promotion_days", "is_enabled")):
        found = row.get(name)
        if isinstance(found, Mapping) and found.get(switch) is True:
            one = row[name]
            share, times = (
                one.number("budget_increase_percentage", Decimal(0)),
                one.number("increase_limit", Decimal(0)),
            )
            factors.append(1 + share * times / 100)
    return float(max(factors))
