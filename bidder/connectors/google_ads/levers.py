"""Answers of the Google Ads API → bids, targets and their reports. Pure; an unknown shape is a ConnectorError.

Bids are micros, a target ROAS is a ratio. A keyword is `ad group~criterion`, an ad group and a campaign their digits.
Bids are read where a campaign is bid by hand; a target where its strategy is the campaign's own and names one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from bidder.bidding import Lever, LeverId, LeverKind, LeverReport
from bidder.catalog import Account
from bidder.connectors.body import Node
from bidder.connectors.google_ads.parse import rows_of
from bidder.connectors.http import Payload
from bidder.ids import BudgetId
from bidder.money import MICROS, minor_unit
from bidder.performance import Performance

__all__ = ["FIELDS", "ad_groups", "keywords", "reports", "targets"]

ROAS_STEP = 10_000
ROAS_RANGE = (10_000, 1_000 * MICROS)
"""A target ROAS lies between 0.01 and 1000."""

FIELDS: Mapping[str, tuple[str, str, LeverKind]] = {
    "TARGET_ROAS": ("targetRoas", "targetRoas", LeverKind.TARGET_ROAS),
    "MAXIMIZE_CONVERSION_VALUE": ("maximizeConversionValue", "targetRoas", LeverKind.TARGET_ROAS),
    "TARGET_CPA": ("targetCpa", "targetCpaMicros", LeverKind.TARGET_CPA),
    "MAXIMIZE_CONVERSIONS": ("maximizeConversions", "targetCpaMicros", LeverKind.TARGET_CPA),
}
"""By strategy: the part of a campaign and the field in it that hold the target, and what it is."""

BY_HAND = "MANUAL_CPC"


def keywords(pages: Sequence[Payload], account: Account) -> list[Lever]:
    """Each keyword of campaigns that are bid by hand. Raises ConnectorError, also when one comes twice."""
    found: dict[str, Lever] = {}
    for payload, row in rows_of(pages, account, "keywords"):
        criterion, group = row["adGroupCriterion"], row["adGroup"]
        native = f"{group.id('id')}~{criterion.id('criterionId')}"
        if native in found:
            raise criterion.error("criterionId", f"{native} came twice")
        own = _micros(criterion, "cpcBidMicros")
        estimates = criterion.get("positionEstimates")
        first = _micros(criterion["positionEstimates"], "firstPageCpcMicros") if estimates else None
        found[native] = _bid(
            LeverId(account.id, LeverKind.KEYWORD, native),
            criterion["keyword"].text("text"),
            account,
            payload,
            row,
            own,
            match=str(criterion["keyword"].get("matchType", "")).lower(),
            active=criterion.text("status") == "ENABLED",
            inherited="" if own is not None else group.id("id"),
            first_page=first,
        )
    return list(found.values())


def ad_groups(pages: Sequence[Payload], account: Account) -> list[Lever]:
    """Each ad group of campaigns that are bid by hand. Raises ConnectorError."""
    found: dict[str, Lever] = {}
    for payload, row in rows_of(pages, account, "ad_groups"):
        group = row["adGroup"]
        native = group.id("id")
        if native in found:
            raise group.error("id", f"{native} came twice")
        name = LeverId(account.id, LeverKind.AD_GROUP, native)
        own = _micros(group, "cpcBidMicros")
        found[native] = _bid(name, str(group.get("name") or native), account, payload, row, own)
    return list(found.values())


def targets(pages: Sequence[Payload], account: Account) -> dict[LeverId, tuple[Lever, str]]:
    """The target of each campaign that has one of its own, with its strategy. Raises ConnectorError."""
    found: dict[LeverId, tuple[Lever, str]] = {}
    for payload, row in rows_of(pages, account, "targets"):
        campaign = row["campaign"]
        strategy = str(campaign.get("biddingStrategyType", ""))
        if strategy not in FIELDS or campaign.get("biddingStrategy"):
            continue  # bid by hand, or steered by a strategy that several campaigns share
        part, field, kind = FIELDS[strategy]
        value = _target(campaign, part, field, kind)
        if value is None:
            continue
        native = campaign.id("id")
        one = LeverId(account.id, kind, native)
        if one in found:
            raise campaign.error("id", f"{native} came twice")
        ratio = kind is LeverKind.TARGET_ROAS
        lever = Lever(
            id=one,
            name=str(campaign.get("name") or native),
            currency=account.currency,
            now=value,
            read_at=payload.received_at,
            budget=_budget(row, account),
            campaign=native,
            minimum=ROAS_RANGE[0] if ratio else minor_unit(account.currency),
            maximum=ROAS_RANGE[1] if ratio else None,
            step=ROAS_STEP if ratio else minor_unit(account.currency),
            active=campaign.text("status") == "ENABLED",
        )
        found[one] = (lever, strategy)
    return found


def reports(
    pages: Sequence[Payload], account: Account, kind: LeverKind, levers: Mapping[str, LeverId] | None = None
) -> list[LeverReport]:
    """One report a bid and day; of campaigns those of `levers`. Raises ConnectorError, also when one comes twice."""
    found: dict[tuple[LeverId, object], LeverReport] = {}
    for payload, row in rows_of(pages, account, "bid_reports"):
        one = _reported(row, account, kind, levers)
        if one is None:
            continue
        metrics, day = row["metrics"], row["segments"].day("date")
        if (one, day) in found:
            raise row.error("segments.date", f"{one.native} on {day} came twice")
        found[one, day] = LeverReport(
            lever=one,
            day=day,
            observed_at=payload.received_at,
            performance=Performance(
                impressions=metrics.whole("impressions", 0, signed=True),
                clicks=metrics.whole("clicks", 0, signed=True),
                spend=metrics.micros("costMicros", account.currency, signed=True),
                orders=float(metrics.number("conversions", Decimal(0), signed=True)),
                revenue=metrics.units("conversionsValue", account.currency, Decimal(0), signed=True),
            ),
            share=_share(metrics, "searchImpressionShare"),
            top_share=_share(metrics, "searchTopImpressionShare"),
        )
    return list(found.values())


def _reported(row: Node, account: Account, kind: LeverKind, levers: Mapping[str, LeverId] | None) -> LeverId | None:
    if kind is LeverKind.KEYWORD:
        native = f"{row['adGroup'].id('id')}~{row['adGroupCriterion'].id('criterionId')}"
        return LeverId(account.id, kind, native)
    if kind is LeverKind.AD_GROUP:
        return LeverId(account.id, kind, row["adGroup"].id("id"))
    return (levers or {}).get(row["campaign"].id("id"))


def _bid(
    one: LeverId,
    name: str,
    account: Account,
    payload: Payload,
    row: Node,
    own: int | None,
    *,
    match: str = "",
    active: bool = True,
    inherited: str = "",
    first_page: int | None = None,
) -> Lever:
    unit = minor_unit(account.currency)
    on = row["campaign"].text("status") == "ENABLED" == row["adGroup"].text("status")
    return Lever(
        id=one,
        name=name,
        currency=account.currency,
        now=own,
        read_at=payload.received_at,
        budget=_budget(row, account),
        campaign=row["campaign"].id("id"),
        ad_group=row["adGroup"].id("id"),
        match=match,
        minimum=unit,
        step=unit,
        active=active and on,
        inherited=inherited,
        first_page=first_page,
    )


def _target(campaign: Node, part: str, field: str, kind: LeverKind) -> int | None:
    """The target in millionths; None where the strategy has none."""
    if not campaign.get(part) or not campaign[part].get(field):
        return None
    if kind is LeverKind.TARGET_CPA:
        return _micros(campaign[part], field)
    return int((campaign[part].number(field) * MICROS).to_integral_value())


def _micros(node: Node, name: str) -> int | None:
    """An amount in micros; nothing and zero are none: a bid that is not set."""
    return node.whole(name, 0) or None


def _budget(row: Node, account: Account) -> BudgetId | None:
    native = str(row["campaign"].get("campaignBudget", "")).rpartition("/")[2]
    return BudgetId(account.id, native) if native else None


def _share(metrics: Node, name: str) -> float | None:
    """A share of impressions; below a tenth the platform says 0.0999."""
    return None if metrics.get(name) is None else min(1.0, float(metrics.number(name)))
