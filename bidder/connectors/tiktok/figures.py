"""Reports of TikTok → figures a budget and day. Pure; a shape that is not known is a ConnectorError naming the field.

Figures are text in the currency's own unit. A campaign that holds the budget has one row a day; else each of its ad
groups has, and together they have to have spent what the campaign has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from bidder.account_day import AccountDay
from bidder.catalog import Account
from bidder.connectors.body import Node, shown
from bidder.connectors.http import Payload
from bidder.connectors.tiktok.parse import Known, rows_of
from bidder.errors import ConnectorError
from bidder.ids import BudgetId
from bidder.money import Money
from bidder.performance import Observation, Performance
from bidder.reports import Reports

__all__ = ["gmv_reports", "needs_ad_groups", "reports"]


def needs_ad_groups(pages: Sequence[Payload], account: Account, known: Known) -> bool:
    """Whether some campaign with figures leaves the budget to its ad groups. Raises ConnectorError."""
    rows = rows_of(pages, account, "performance")
    return any(not known.holds(row["dimensions"].id("campaign_id")) for _, row in rows)


def reports(
    pages: Sequence[Payload],
    groups: Sequence[Payload],
    account: Account,
    known: Known,
    metrics: tuple[str, str],
    without: frozenset[str] = frozenset(),
) -> Reports:
    """One row a budget and day; campaigns in `without` are told by another report.

    Raises ConnectorError, also when a row comes twice or ad groups have spent less than their campaign.
    """
    found: dict[tuple[str, date], Observation] = {}
    spent: dict[tuple[str, date], tuple[Node, Money]] = {}
    for page, row in rows_of(pages, account, "performance"):
        campaign, day = row["dimensions"].id("campaign_id"), _day(row)
        if (campaign, day) in spent:
            raise row.error("dimensions.campaign_id", f"{campaign} on {day} came twice")
        one = _observation(row, campaign, known.campaigns.get(campaign, ""), account, page, metrics)
        assert one.performance.spend is not None
        spent[campaign, day] = row, one.performance.spend
        if known.holds(campaign) and campaign not in without:
            found[campaign, day] = one
    parts: dict[tuple[str, date], list[Money]] = {}
    for page, row in rows_of(groups, account, "performance"):
        group, day = row["dimensions"].id("adgroup_id"), _day(row)
        campaign = _campaign(row, group, known)
        if known.holds(campaign):
            continue
        if (group, day) in found:
            raise row.error("dimensions.adgroup_id", f"{group} on {day} came twice")
        one = _observation(row, group, known.group_names.get(group, ""), account, page, metrics)
        assert one.performance.spend is not None
        found[group, day] = one
        parts.setdefault((campaign, day), []).append(one.performance.spend)
    for (campaign, day), (row, whole) in spent.items():
        if not known.holds(campaign) and campaign not in without:
            _check_complete(row, campaign, day, whole, parts.get((campaign, day), []))
    return Reports.of(found.values())


def gmv_reports(
    pages: Sequence[Payload], account: Account, channel: str, names: Mapping[str, str]
) -> Iterator[Observation]:
    """One row a GMV Max campaign and day: cost, orders and revenue of the shop; shows and clicks are not told."""
    seen: set[tuple[str, date]] = set()
    for page, row in rows_of(pages, account, "performance"):
        native, day, metrics = row["dimensions"].id("campaign_id"), _day(row), row["metrics"]
        if (native, day) in seen:
            raise row.error("dimensions.campaign_id", f"{native} on {day} came twice")
        seen.add((native, day))
        yield Observation(
            account=account.id,
            budget=BudgetId(account.id, native),
            campaign=native,
            product=None,
            day=AccountDay(account.timezone, day),
            observed_at=page.received_at,
            performance=Performance(
                spend=metrics.units("cost", account.currency, signed=True),
                orders=float(metrics.number("orders", signed=True)),
                revenue=metrics.units("gross_revenue", account.currency, signed=True),
            ),
            name=names.get(native, ""),
            channel=channel,
        )


def _observation(
    row: Node, native: str, name: str, account: Account, page: Payload, metrics: tuple[str, str]
) -> Observation:
    figures, (orders, revenue) = row["metrics"], metrics
    return Observation(
        account=account.id,
        budget=BudgetId(account.id, native),
        campaign=native,
        product=None,
        day=AccountDay(account.timezone, _day(row)),
        observed_at=page.received_at,
        performance=Performance(
            impressions=figures.whole("impressions", signed=True),
            clicks=figures.whole("clicks", signed=True),
            spend=figures.units("spend", account.currency, signed=True),
            orders=float(figures.number(orders, signed=True)),
            revenue=figures.units(revenue, account.currency, signed=True),
        ),
        name=name,
        channel="feed",
    )


def _day(row: Node) -> date:
    """The day of a row, which the platform gives with a midnight behind it."""
    said = row["dimensions"].text("stat_time_day")
    text, _, rest = said.partition(" ")
    if rest not in ("", "00:00:00"):
        raise row.error("dimensions.stat_time_day", f"expected a day, was {shown(said)}")
    return Node(row.account, row.operation, {"stat_time_day": text}, f"{row.path}.dimensions").day("stat_time_day")


def _campaign(row: Node, group: str, known: Known) -> str:
    """The campaign of an ad group's row: as the row says, else as the list of ad groups does."""
    if row["metrics"].get("campaign_id") is not None:
        return row["metrics"].id("campaign_id")
    if group not in known.campaign_by_group:
        raise row.error("dimensions.adgroup_id", f"nobody knows the campaign of {group}")
    return known.campaign_by_group[group]


def _check_complete(row: Node, campaign: str, day: date, whole: Money, parts: Sequence[Money]) -> None:
    """Rounding of each row is let pass."""
    came = sum(one.micros for one in parts)
    slack = Decimal(10_000) * (1 + len(parts)) / 2 + Decimal(whole.micros) / 1000
    if whole.micros - came > slack:
        sum_of = Money(came, whole.currency)
        reason = f"{row.path}: rows are missing: on {day} campaign {campaign} spent {whole}, its ad groups {sum_of}"
        raise ConnectorError(row.account, row.operation, reason, waiting_helps=True, error="schema")
