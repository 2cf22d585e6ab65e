"""Bodies of 直通车 of old (simba) → budgets, reports, keywords. Pure; an unknown shape is a ConnectorError.

Budgets are whole yuan there, figures of reports and prices of keywords are fen. A campaign whose budget has no amount
spends without a limit: it is left out, and nobody sets it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget, BudgetStatus
from bidder.connectors.body import Node, shown
from bidder.connectors.http import Payload
from bidder.connectors.taobao.parse import MINIMUM, OVERDELIVERY, STEP, day_in
from bidder.connectors.taobao.top import listed
from bidder.errors import ConnectorError
from bidder.ids import BudgetId, ProductId
from bidder.money import MICROS, Money
from bidder.performance import Observation, Performance

__all__ = [
    "MAXIMUM",
    "Keyword",
    "adgroups",
    "budget",
    "campaigns",
    "embedded",
    "keywords",
    "old_reports",
    "reports",
    "smooth",
]

MAXIMUM = 99_999 * MICROS
"""The largest daily budget."""

_OVER_BUDGET = "2"
"""In settle_reason: offline since the day's budget is spent."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword that a unit of a campaign bids on. `price` is the most that a click may cost; None: the unit's own."""

    id: str
    campaign: str
    adgroup: str
    product: ProductId | None
    word: str
    price: Money | None
    quality: int | None
    match: str


def campaigns(payload: Payload, account: Account) -> dict[str, Node]:
    """The campaigns by id. Raises ConnectorError, also when one comes twice."""
    body = Node(account.id, "budgets", payload.body)
    found: dict[str, Node] = {}
    for row in listed(body, "campaigns"):
        native = row.id("campaign_id")
        if native in found:
            raise row.error("campaign_id", f"{native} came twice")
        found[native] = row
    return found


def budget(payload: Payload, account: Account, campaign: Node) -> Budget | None:
    """A campaign's daily budget; None where it has no limit. Raises ConnectorError."""
    native, said = campaign.id("campaign_id"), _budget(payload, account)
    if said.id("campaign_id") != native:
        raise said.error("campaign_id", f"expected {native}, was {said.id('campaign_id')}")
    if said.get("budget") in (None, "", 0, "0"):
        return None
    reasons = str(campaign.get("settle_reason", "")).replace(",", ";").split(";")
    status = campaign.text("online_status")
    if status not in ("online", "offline"):
        raise campaign.error("online_status", f"expected online or offline, was {shown(status)}")
    return Budget(
        id=BudgetId(account.id, native),
        name=str(campaign.get("title", "")) or native,
        currency=account.currency,
        now=Money(said.whole("budget") * MICROS, account.currency),
        read_at=payload.received_at,
        campaigns=(native,),
        channel="search",
        minimum=Money(MINIMUM, account.currency),
        maximum=Money(MAXIMUM, account.currency),
        step=Money(STEP, account.currency),
        status=BudgetStatus.ACTIVE if status == "online" else BudgetStatus.PAUSED,
        overdelivery=OVERDELIVERY,
        limited=None if campaign.get("settle_status") is None else _OVER_BUDGET in reasons,
    )


def smooth(payload: Payload, account: Account) -> bool:
    """Whether the budget is spent evenly over the day; sent along with each amount, so that it stays."""
    return str(_budget(payload, account).get("is_smooth", False)).lower() == "true"


def reports(pages: Sequence[Payload], account: Account, day: date, window: int) -> list[Observation]:
    """One observation a campaign, of that day. Raises ConnectorError."""
    found: dict[str, Observation] = {}
    for page in pages:
        body = Node(account.id, "performance", page.body)
        for row in [] if body.get("result") is None else listed(body, "result"):
            native = row.id("campaign_id")
            if row.get("thedate") is not None and day_in(row, "thedate") != day:
                raise row.error("thedate", f"expected {day}, was {row.text('thedate')}")
            if native in found:
                raise row.error("campaign_id", f"{native} came twice")
            figures = Performance(
                impressions=row.whole("impression", 0, signed=True),
                clicks=row.whole("click", 0, signed=True),
                spend=row.minor("cost", account.currency, signed=True),
                orders=float(row.whole("transaction_shipping_total", 0, signed=True)),
                revenue=row.minor("transaction_total", account.currency, 0, signed=True),
            )
            found[native] = _seen(native, account, day, page, figures, window, str(row.get("campaign_title", "")))
    return list(found.values())


def old_reports(
    base: Payload, effect: Payload, account: Account, native: str, name: str, window: int
) -> list[Observation]:
    """One campaign's observations a day from the two reports of old. Raises ConnectorError."""
    sales = {}
    for row in embedded(effect, account, "rpt_campaign_effect_list"):
        day = day_in(row, "date")
        if day in sales:
            raise row.error("date", f"{day} came twice")
        sales[day] = row
    found: dict[date, Observation] = {}
    for row in embedded(base, account, "rpt_campaign_base_list"):
        day = day_in(row, "date")
        if day in found:
            raise row.error("date", f"{day} came twice")
        paid = sales.get(day, Node(account.id, "performance", {}))
        counts = [paid.whole(one, 0, signed=True) for one in ("directpaycount", "indirectpaycount")]
        amounts = [paid.minor(one, account.currency, 0, signed=True) for one in ("directpay", "indirectpay")]
        figures = Performance(
            impressions=row.whole("impressions", 0, signed=True),
            clicks=row.whole("click", 0, signed=True),
            spend=row.minor("cost", account.currency, signed=True),
            orders=float(sum(counts)),
            revenue=amounts[0] + amounts[1],
        )
        found[day] = _seen(native, account, day, base, figures, window, name)
    return list(found.values())


def adgroups(pages: Sequence[Payload], account: Account) -> list[Node]:
    """The units of a campaign. Raises ConnectorError."""
    found: list[Node] = []
    for page in pages:
        data = Node(account.id, "keywords", page.body)["adgroups"]
        found += [] if data.whole("total_item") == 0 else listed(data, "adgroup_list")
    return found


def keywords(payload: Payload, account: Account, adgroup: Node) -> list[Keyword]:
    """The keywords of a unit. Raises ConnectorError."""
    body = Node(account.id, "keywords", payload.body)
    product = ProductId(adgroup.id("num_iid")) if adgroup.get("num_iid") is not None else None
    return [
        Keyword(
            id=row.id("keyword_id"),
            campaign=adgroup.id("campaign_id"),
            adgroup=adgroup.id("adgroup_id"),
            product=product,
            word=row.text("word"),
            price=None if row.get("max_price") is None else row.minor("max_price", account.currency),
            quality=None if row.get("qscore") is None else row.whole("qscore"),
            match=str(row.get("match_scope", "")),
        )
        for row in ([] if body.get("keywords") is None else listed(body, "keywords"))
    ]


def _budget(payload: Payload, account: Account) -> Node:
    return Node(account.id, "budgets", payload.body)["campaign_budget"]


def _seen(
    native: str, account: Account, day: date, page: Payload, figures: Performance, window: int, name: str
) -> Observation:
    return Observation(
        account=account.id,
        budget=BudgetId(account.id, native),
        campaign=native,
        product=None,
        day=AccountDay(account.timezone, day),
        observed_at=page.received_at,
        performance=figures,
        name=name,
        channel="search",
        window=window,
    )


def embedded(payload: Payload, account: Account, name: str) -> Iterator[Node]:
    """The rows of a list that may be JSON inside JSON; {} there is an empty one."""
    body = Node(account.id, "performance", payload.body)
    found: Any = body.needed(name)
    if isinstance(found, str):
        try:
            found = json.loads(found, parse_float=Decimal)
        except ValueError:
            raise body.error(name, "expected a list, was no JSON") from None
    if isinstance(found, Mapping) and "code" in found:
        words = ": ".join(str(found[key]) for key in ("code", "msg", "sub_code", "sub_msg") if found.get(key))
        raise ConnectorError(account.id, "performance", words, waiting_helps=True, error="schema")
    if found == {}:
        return
    lowered = [_lower(one) for one in found] if isinstance(found, list) else found
    yield from Node(account.id, "performance", {name: lowered}).items(name)


def _lower(row: Any) -> Any:
    """The same with names in lower case: the reports of old write campaignId and campaignid."""
    return {str(key).lower(): value for key, value in row.items()} if isinstance(row, Mapping) else row
