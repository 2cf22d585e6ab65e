"""Bodies of 万相台无界 → budgets and reports. Pure; a shape it does not know is a ConnectorError that names the field.

Amounts are text in yuan; counts are text. Only budgets of the kind `normal` are daily amounts: those over a period
or in total, frozen ones, and those without a limit are left out, and nobody sets them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from bidder.account_day import AccountDay
from bidder.catalog import Account, Budget, BudgetStatus
from bidder.connectors.body import Node, shown
from bidder.connectors.divide import divided
from bidder.connectors.http import Payload
from bidder.connectors.taobao.pages import rows_of, top_result
from bidder.errors import ConnectorError
from bidder.ids import BudgetId, ProductId
from bidder.money import MICROS, Money
from bidder.performance import Observation, Performance
from bidder.reports import Reports, joined

__all__ = [
    "MINIMUM",
    "OVERDELIVERY",
    "STEP",
    "budget_of",
    "budgets",
    "day_in",
    "joined_once",
    "reports",
    "scenes",
    "split",
]

STEP = MICROS
"""Whole yuan."""

MINIMUM = 30 * MICROS
"""The smallest daily budget (documented for 直通车; other scenes ask for more, and say so when they refuse)."""

OVERDELIVERY = 1.05
"""A day may end a little above its budget: clicks are settled late."""

_CHANNELS = {"onebpSearch": "search", "onebpDisplay": "feed", "onebpSite": "site", "onebpShortVideo": "content"}
_PAUSED = frozenset({"pause", "wait", "pending", "wait_pay"})
_ITEM = ("item_id", "promotion_id")
_TARGETS = frozenset({"cost_control", "roi_control"})


def scenes(payload: Payload, account: Account) -> tuple[str, ...]:
    """The account's scenes, sorted. Raises ConnectorError when the reply names none."""
    found = {code for code in _under(payload.body, "biz_code") if code}
    if not found:
        reason = "the reply names no scene: write scenes: [onebpSearch, …] under the account"
        raise ConnectorError(account.id, "scenes", f"biz_code: {reason}", error="schema")
    return tuple(sorted(found))


def budgets(pages: Sequence[Payload], account: Account, scene: str) -> list[Budget]:
    """The daily budgets of a scene's campaigns. Raises ConnectorError, also when a campaign comes twice."""
    found: dict[str, Budget] = {}
    seen: set[str] = set()
    for page in pages:
        for row in rows_of(Node(account.id, "budgets", page.body)):
            native = row.id("campaign_id")
            if native in seen:
                raise row.error("campaign_id", f"{native} came twice")
            seen.add(native)
            if row.text("dmc_type") == "normal":
                found[native] = _budget(row, native, account, page, scene)
    return list(found.values())


def budget_of(payload: Payload, account: Account, scene: str, native: str) -> Budget | None:
    """One campaign's budget; None where the reply does not hold that campaign.

    Raises ConnectorError when it has no daily amount: without a limit, or over a period.
    """
    for row in _campaigns(top_result(Node(account.id, "budgets", payload.body))):
        if row.id("campaign_id") != native:
            continue
        kind = row.text("dmc_type")
        if kind != "normal":
            raise row.error("dmc_type", f"campaign {native} has no daily budget but {kind}: it is left alone")
        return _budget(row, native, account, payload, scene)
    return None


def reports(pages: Sequence[Payload], account: Account, scene: str, window: int) -> list[Observation]:
    """One observation a campaign and day. Raises ConnectorError, also when a row comes twice."""
    found: dict[tuple[str, date], Observation] = {}
    for one in _observations(pages, account, scene, window, "performance"):
        key = one.campaign, one.day.date
        if key in found:
            reason = f"campaign_id: {one.campaign} on {key[1]} came twice"
            raise ConnectorError(account.id, "performance", reason, error="schema")
        found[key] = one
    return list(found.values())


def split(
    wholes: Iterable[Observation], items: Sequence[Payload], account: Account, scene: str, window: int
) -> Reports:
    """The same by item, where the items of a campaign and day sum up to it. Raises ConnectorError.

    So the totals are always those of the campaigns.
    """
    parts: dict[tuple[str, date], list[Observation]] = {}
    for one in _observations(items, account, scene, window, "products"):
        parts.setdefault((one.campaign, one.day.date), []).append(one)
    result: list[Observation] = []
    for whole in wholes:
        result += divided(whole, parts.get((whole.campaign, whole.day.date), ()))
    return Reports.of(result)


def joined_once(parts: Sequence[Reports], account: Account) -> Reports:
    """The rows of all scenes. Raises ConnectorError when a campaign and day is in two of them."""
    seen: dict[tuple[str, str, int], int] = {}
    for place, part in enumerate(parts):
        for key in zip(part.campaign.tolist(), part.product.tolist(), part.day.tolist(), strict=True):
            if seen.setdefault(key, place) != place:
                reason = f"campaign_id: {key[0]} is in two scenes on one day"
                raise ConnectorError(account.id, "performance", reason, error="schema")
    return joined(parts)


def day_in(row: Node, name: str) -> date:
    """A day, whether a time stands behind it or not."""
    text = row.text(name).strip()
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise row.error(name, f"expected a date, was {shown(text)}") from None


def _budget(row: Node, native: str, account: Account, payload: Payload, scene: str) -> Budget:
    scene = str(row.get("biz_code", scene))
    return Budget(
        id=BudgetId(account.id, native),
        name=str(row.get("campaign_name", "")) or native,
        currency=account.currency,
        now=row.units("day_budget", account.currency),
        read_at=payload.received_at,
        campaigns=(native,),
        channel=_CHANNELS.get(scene, ""),
        minimum=Money(MINIMUM, account.currency),
        step=Money(STEP, account.currency),
        status=_status(row),
        target_driven=str(row.get("bid_type")) in _TARGETS,
        overdelivery=OVERDELIVERY,
    )


def _status(row: Node) -> BudgetStatus:
    said = row.text("display_status")
    if said == "start":
        return BudgetStatus.ACTIVE
    if said in _PAUSED:
        return BudgetStatus.PAUSED
    if said == "terminate":
        return BudgetStatus.REMOVED
    raise row.error("display_status", f"expected start, pause, terminate, …, was {shown(said)}")


def _observations(
    pages: Sequence[Payload], account: Account, scene: str, window: int, operation: str
) -> Iterator[Observation]:
    rows = [(page, row) for page in pages for row in rows_of(Node(account.id, operation, page.body))]
    if operation == "products":  # a report that does not name items has none
        rows = [(page, row) for page, row in rows if any(row.get(name) is not None for name in _ITEM)]
    # a figure that no row has is unknown; one that this row alone lacks is one that did not happen
    known = {
        name for _, row in rows for name in ("alipay_inshop_amt", "alipay_inshop_num") if row.get(name) is not None
    }
    for page, row in rows:
        native = row.id("campaign_id")
        sales = Decimal(0) if "alipay_inshop_num" in known else None
        orders = None if sales is None else row.number("alipay_inshop_num", sales, signed=True)
        paid = Decimal(0) if "alipay_inshop_amt" in known else None
        item = next((name for name in _ITEM if row.get(name) is not None), _ITEM[0])
        yield Observation(
            account=account.id,
            budget=BudgetId(account.id, native),
            campaign=native,
            product=ProductId(row.id(item)) if operation == "products" else None,
            day=AccountDay(account.timezone, day_in(row, "thedate")),
            observed_at=page.received_at,
            performance=Performance(
                impressions=row.whole("ad_pv", signed=True),
                clicks=row.whole("click", signed=True),
                spend=row.units("charge", account.currency, signed=True),
                orders=None if orders is None else float(orders),
                revenue=None if paid is None else row.units("alipay_inshop_amt", account.currency, paid, signed=True),
            ),
            name=str(row.get("campaign_name", "")),
            channel=_CHANNELS.get(scene, ""),
            window=window,
        )


def _campaigns(node: Node) -> Iterator[Node]:
    """Every campaign in a reply, wherever it stands."""
    if isinstance(node.value, Mapping):
        if node.value.get("campaign_id") is not None and node.value.get("dmc_type") is not None:
            yield node
            return
        for name, value in node.value.items():
            if isinstance(value, Mapping):
                yield from _campaigns(node[name])
            elif isinstance(value, list):
                for one in node.items(name):
                    yield from _campaigns(one)


def _under(value: Any, name: str, *, inside: bool = False) -> Iterator[str]:
    """Every text under a name that begins so, wherever it stands: alone, in a list, or in a list of objects."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            # {"biz_code_list": {"string": ["onebpSearch"]}} and {"biz_code_list": [{"biz_code": …, "biz_name": …}]}
            yield from _under(inner, name, inside=key.startswith(name) or (inside and key in ("string", "json")))
    elif isinstance(value, list):
        for one in value:
            yield from _under(one, name, inside=inside)
    elif inside and isinstance(value, str):
        yield value
