"""Bodies of the Amazon Ads API → bids and their reports. Pure; a shape it does not know is a ConnectorError.

Bids are currency units, as budgets are. A keyword or target without a bid of its own is bid by its ad group's default.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from bidder.bidding import Lever, LeverId, LeverKind, LeverReport
from bidder.catalog import Account
from bidder.connectors.amazon_ads.client import AD_GROUPS, KEYWORDS, TARGETS, Entity
from bidder.connectors.amazon_ads.parse import cents
from bidder.connectors.body import Node, shown
from bidder.connectors.http import Payload
from bidder.errors import ConnectorError
from bidder.ids import BudgetId, ProductId
from bidder.money import Money, minor_unit
from bidder.performance import Performance

__all__ = ["BID_FIELD", "ENTITY", "ad_groups", "levers", "products_of", "reports"]

ENTITY: Mapping[LeverKind, Entity] = {
    LeverKind.KEYWORD: KEYWORDS,
    LeverKind.PRODUCT_TARGET: TARGETS,
    LeverKind.AD_GROUP: AD_GROUPS,
}
"""What each kind of bid is at the platform."""

BID_FIELD: Mapping[LeverKind, str] = {
    LeverKind.KEYWORD: "bid",
    LeverKind.PRODUCT_TARGET: "bid",
    LeverKind.AD_GROUP: "defaultBid",
}
"""What the bid is called there."""

_LIMITS = {
    **dict.fromkeys(["USD", "CAD", "GBP", "EUR"], ("0.02", "1000")),
    "CNY": ("0.1", "1000"),
    "JPY": ("2", "100000"),
    "INR": ("1", "5000"),
    "AED": ("0.24", "3670"),
    "MXN": ("0.1", "20000"),
    "AUD": ("0.1", "1410"),
}
"""Bids of Sponsored Products by currency: least, most (the bulk sheets' table of bid limits)."""

_KEYWORD_TYPES = {
    **dict.fromkeys(["BROAD", "PHRASE", "EXACT"], LeverKind.KEYWORD),
    **dict.fromkeys(["TARGETING_EXPRESSION", "TARGETING_EXPRESSION_PREDEFINED"], LeverKind.PRODUCT_TARGET),
}

_STATES = ("ENABLED", "PAUSED", "ARCHIVED")


def ad_groups(pages: Sequence[Payload], account: Account) -> dict[str, bool]:
    """Whether each ad group is on. Raises ConnectorError."""
    return {row.id("adGroupId"): _on(row) for row in _rows(pages, account, AD_GROUPS)}


def products_of(pages: Sequence[Payload], account: Account, entity: Entity) -> dict[str, ProductId]:
    """The product of each ad group that advertises one alone. Raises ConnectorError."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in _rows(pages, account, entity):
        name = str(row.get("sku") or row.get("asin") or "")
        if name and row.get("state") != "ARCHIVED":
            found[row.id("adGroupId")].add(name)
    return {group: ProductId(names.copy().pop()) for group, names in found.items() if len(names) == 1}


def levers(
    kind: LeverKind,
    pages: Sequence[Payload],
    account: Account,
    groups: Mapping[str, bool] | None = None,
    products: Mapping[str, ProductId] | None = None,
) -> list[Lever]:
    """Each bid of a kind. `groups` says which ad groups are on. Raises ConnectorError, also when one comes twice."""
    found: dict[LeverId, Lever] = {}
    entity, unit = ENTITY[kind], minor_unit(account.currency)
    least, most = _LIMITS.get(account.currency, (None, None))
    for row in _rows(pages, account, entity):
        one = LeverId(account.id, kind, row.id(entity.id))
        if one in found:
            raise row.error(entity.id, f"{one.native} came twice")
        field, group = BID_FIELD[kind], row.id("adGroupId")
        own = None if row.get(field) is None else row.units(field, account.currency).micros
        campaign = row.id("campaignId")
        found[one] = Lever(
            id=one,
            name=_named(kind, row),
            currency=account.currency,
            now=own,
            read_at=pages[0].received_at,
            budget=BudgetId(account.id, campaign),
            campaign=campaign,
            ad_group=group,
            product=(products or {}).get(group),
            match=str(row.get("matchType") or row.get("expressionType") or "").lower(),
            minimum=None if least is None else Money.parse(least, account.currency).micros,
            maximum=None if most is None else Money.parse(most, account.currency).micros,
            step=unit,
            active=_on(row) and (groups or {}).get(group, True),
            inherited=group if own is None else "",
        )
    return list(found.values())


def reports(payload: Payload, account: Account, window: int) -> list[LeverReport]:
    """One report a bid and day. Raises ConnectorError, also when one comes twice."""
    found: dict[tuple[LeverId, object], LeverReport] = {}
    rows = list(Node(account.id, "report", payload.body).items())
    percent = any(_share(row, Decimal(1)) > 1 for row in rows)
    for row in rows:
        one = LeverId(account.id, _kind(row), row.id("keywordId"))
        day = row.day("date")
        if (one, day) in found:
            raise row.error("keywordId", f"{one.native} came twice on {day}")
        share = None
        if row.get("topOfSearchImpressionShare") is not None:
            share = float(_share(row, Decimal(100) if percent else Decimal(1)))
        found[one, day] = LeverReport(
            lever=one,
            day=day,
            observed_at=payload.received_at,
            performance=Performance(
                impressions=row.whole("impressions", 0, signed=True),
                clicks=row.whole("clicks", 0, signed=True),
                spend=cents(row, "cost", account.currency),
                orders=float(row.number(f"purchases{window}d", Decimal(0), signed=True)),
                revenue=cents(row, f"sales{window}d", account.currency),
            ),
            top_share=share,
            value=None if row.get("keywordBid") is None else row.units("keywordBid", account.currency).micros,
        )
    return list(found.values())


def _share(row: Node, whole: Decimal) -> Decimal:
    """The share of impressions at the top. The documents say a percentage, files hold parts of one too: a report in
    which any is above one is in percent."""
    return row.number("topOfSearchImpressionShare", Decimal(0)) / whole


def _kind(row: Node) -> LeverKind:
    kind = _KEYWORD_TYPES.get(row.text("keywordType"))
    if kind is None:
        raise row.error(
            "keywordType", f"expected one of {', '.join(_KEYWORD_TYPES)}, was {shown(row.text('keywordType'))}"
        )
    return kind


def _rows(pages: Sequence[Payload], account: Account, entity: Entity) -> Iterator[Node]:
    """Every row of a list, after its count was found right."""
    rows: list[Node] = []
    said = None
    for page in pages:
        body = Node(account.id, entity.name, page.body)
        if body.get("totalResults") is not None:
            said = body.whole("totalResults")
        rows += body.items(entity.name, optional=said == 0)
    if said is not None and said != len(rows):
        reason = f"totalResults: said {said}, {len(rows)} came"
        raise ConnectorError(account.id, entity.name, reason, waiting_helps=True, error="schema")
    return iter(rows)


def _on(row: Node) -> bool:
    state = row.text("state").upper()
    if state not in _STATES:
        raise row.error("state", f"expected {', '.join(_STATES)}, was {shown(state)}")
    return state == "ENABLED"


def _named(kind: LeverKind, row: Node) -> str:
    """As a person knows it: the keyword, the ad group's name, or what is targeted."""
    if kind is LeverKind.KEYWORD:
        return row.text("keywordText")
    if kind is LeverKind.AD_GROUP:
        return str(row.get("name") or row.id("adGroupId"))
    said = row.get("resolvedExpression") or row.get("expression") or []
    parts = [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []
    words = [" ".join(str(one[name]) for name in ("type", "value") if one.get(name)) for one in parts]
    return "; ".join(words) or row.id("targetId")
