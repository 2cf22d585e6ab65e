"""Bodies of a shop's items, trades and refunds → products and activity. Pure; an unknown shape is a ConnectorError.

Amounts are text in yuan, instants are Beijing time without a zone. An order counts on the day it was paid, a refund
on the day it was done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from bidder.account_day import AccountDay
from bidder.activity import Activity, ShopActivity
from bidder.catalog import Account, Product
from bidder.connectors.body import Node, shown
from bidder.connectors.http import Payload
from bidder.connectors.taobao.top import BEIJING, listed
from bidder.ids import ProductId
from bidder.money import Money

__all__ = ["activity", "products"]


@dataclass(slots=True)
class _Day:
    """What one item (or the shop) did on one day."""

    orders: int = 0
    units: int = 0
    revenue: int = 0
    refunds: int = 0
    buyers: set[str] = field(default_factory=set)


def products(onsale: Sequence[Payload], stored: Sequence[Payload], account: Account) -> list[Product]:
    """Every item with price and stock. One in the warehouse cannot be bought, so its stock is 0. Raises ConnectorError.

    An item that moved from one list to the other between the two requests is taken as the later one says.
    """
    found: dict[str, Product] = {}
    for pages, sold in ((onsale, True), (stored, False)):
        for page, row in _rows(pages, account, "items", "items"):
            one = _product(row, account, page, sold=sold)
            found[one.id] = one
    return list(found.values())


def activity(
    trades: Sequence[Payload], refunds: Sequence[Payload], account: Account, first: date, last: date, at: datetime
) -> Activity:
    """Paid orders, pieces, buyers, revenue and refunds of the shop by day, and by item where there were any.

    A day of the range without any is a day of zeros: it was asked for. Raises ConnectorError.
    """
    days = [first + timedelta(days=k) for k in range((last - first).days + 1)]
    said: defaultdict[tuple[str, date], _Day] = defaultdict(_Day)
    for day in days:
        said["", day] = _Day()
    seen: set[str] = set()
    for _, row in _rows(trades, account, "trades", "trades"):
        if row.id("tid") not in seen and row.get("pay_time") is not None:
            seen.add(row.id("tid"))
            _trade(row, account, said)
    done: set[str] = set()
    for _, row in _rows(refunds, account, "refunds", "refunds"):
        if row.id("refund_id") not in done and row.text("status") == "SUCCESS":
            done.add(row.id("refund_id"))
            _refund(row, account, said)
    wanted = set(days)
    shop = account.id
    return Activity.of(
        ShopActivity(
            source=shop,
            product=ProductId(item) if item else None,
            day=AccountDay(account.timezone, day),
            observed_at=at,
            counts=_counts(one, whole=not item),
            money={
                "revenue": Money(one.revenue, account.currency),
                "refunds": Money(one.refunds, account.currency),
            },
        )
        for (item, day), one in sorted(said.items(), key=lambda pair: (pair[0][1], pair[0][0]))
        if day in wanted
    )


def _counts(one: _Day, *, whole: bool) -> dict[str, float]:
    counts = {"orders": float(one.orders), "units": float(one.units)}
    # without a name in any trade nobody was counted; for a day without trades zero is zero
    return {**counts, "buyers": float(len(one.buyers))} if one.buyers or (whole and not one.orders) else counts


def _trade(row: Node, account: Account, said: defaultdict[tuple[str, date], _Day]) -> None:
    day = _instant(row, "pay_time").astimezone(BEIJING).date()
    buyer = str(row.get("buyer_open_uid", row.get("buyer_nick", "")))
    whole = said["", day]
    whole.orders += 1
    whole.revenue += row.units("payment", account.currency).micros
    if buyer:
        whole.buyers.add(buyer)
    items: set[str] = set()
    for part in listed(row, "orders"):
        item, pieces = part.id("num_iid"), part.whole("num")
        paid = "divide_order_fee" if part.get("divide_order_fee") is not None else "payment"
        one = said[item, day]
        one.orders += item not in items
        items.add(item)
        one.units += pieces
        one.revenue += part.units(paid, account.currency).micros
        if buyer:
            one.buyers.add(buyer)
        whole.units += pieces


def _refund(row: Node, account: Account, said: defaultdict[tuple[str, date], _Day]) -> None:
    day = _instant(row, "modified").astimezone(BEIJING).date()
    back = row.units("refund_fee", account.currency).micros
    said["", day].refunds += back
    if row.get("num_iid") is not None:
        said[row.id("num_iid"), day].refunds += back


def _product(row: Node, account: Account, page: Payload, *, sold: bool) -> Product:
    price = row.units("price", account.currency)
    return Product(
        id=ProductId(row.id("num_iid")),
        name=row.text("title"),
        price=price if price else None,
        stock=row.whole("num") if sold else 0,
        stock_at=page.received_at,
    )


def _rows(pages: Sequence[Payload], account: Account, operation: str, name: str) -> Iterator[tuple[Payload, Node]]:
    for page in pages:
        body = Node(account.id, operation, page.body)
        if body.get(name) is not None:
            for row in listed(body, name):
                yield page, row


def _instant(row: Node, name: str) -> datetime:
    text = row.text(name)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)
    except ValueError:
        raise row.error(name, f"expected an instant, was {shown(text)}") from None
