"""Answers of the Graph API → ROAS goals of ad sets and their figures. Pure; an unknown shape is a ConnectorError.

An ad set that is bid by LOWEST_COST_WITH_MIN_ROAS names the ROAS that it is steered by in ten-thousandths
(`bid_constraints.roas_average_floor`). Cost caps and bid caps are left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from bidder.bidding import Lever, LeverId, LeverKind, LeverReport
from bidder.catalog import Account
from bidder.connectors.body import Node
from bidder.connectors.http import Payload
from bidder.connectors.meta import parse
from bidder.ids import BudgetId

__all__ = ["STEP", "UNIT", "goal_of", "goals", "reports"]

UNIT = 100
"""Millionths of the platform's unit, a ten-thousandth."""

STEP = 10_000
"""Goals are set to whole hundredths."""

_STRATEGY = "LOWEST_COST_WITH_MIN_ROAS"


def goals(pages: Sequence[Payload], account: Account, daily: Collection[str]) -> list[Lever]:
    """The goal of each ad set that has one, where its budget is one of `daily`. Raises ConnectorError."""
    found: dict[LeverId, Lever] = {}
    for page in pages:
        for row in Node(account.id, "bids", page.body).items("data"):
            one = goal_of(row, account, page)
            if one is None or one.budget is None or one.budget.native not in daily:
                continue
            if one.id in found:
                raise row.error("id", f"{one.id.native} came twice")
            found[one.id] = one
    return list(found.values())


def goal_of(row: Node, account: Account, page: Payload) -> Lever | None:
    """The goal of one ad set; None where it has none. Raises ConnectorError."""
    if str(row.get("bid_strategy")) != _STRATEGY or not row.get("bid_constraints"):
        return None
    value = row["bid_constraints"].whole("roas_average_floor", 0)
    if not value:
        return None
    native, campaign = row.id("id"), row.id("campaign_id")
    return Lever(
        id=LeverId(account.id, LeverKind.TARGET_ROAS, native),
        name=str(row.get("name", "")) or native,
        currency=account.currency,
        now=value * UNIT,
        read_at=page.received_at,
        budget=BudgetId(account.id, native if parse.owns(row) else campaign),
        campaign=campaign,
        ad_group=native,
        step=STEP,
        active=str(row.get("effective_status", row.get("status", "ACTIVE"))) == "ACTIVE",
    )


def reports(
    pages: Sequence[Payload], account: Account, steered: Collection[str], purchase: str | None
) -> list[LeverReport]:
    """A row an ad set of `steered` and day. Raises ConnectorError, also when one comes twice."""
    # every ad set by itself, whoever holds its budget
    alone = parse.Owners(frozenset(), frozenset())
    figures = parse.reports(pages, account, alone, purchase=purchase)
    found: dict[tuple[str, date], LeverReport] = {}
    for row in range(len(figures)):
        one = figures.observation(row)
        if one.campaign in steered:
            lever = LeverId(account.id, LeverKind.TARGET_ROAS, one.campaign)
            found[one.campaign, one.day.date] = LeverReport(lever, one.day.date, one.observed_at, one.performance)
    return list(found.values())
