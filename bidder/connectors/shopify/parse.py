"""Shopify's answers → products and what the shop did. Amounts are decimal text in the shop's currency.

An order counts on the day it was made, in the shop's zone. Revenue is what was paid for goods after discounts, before
freight and tax; what was taken back since is `refunds` of the same day. Test, cancelled and unpaid orders are none; the
products of cancelled ones are said all the same, with zero, as they may have been counted before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from bidder.account_day import AccountDay
from bidder.activity import Activity, ShopActivity
from bidder.catalog import Account, Product
from bidder.connectors.body import Node, shown
from bidder.connectors.http import Payload
from bidder.connectors.identity import check_identity
from bidder.ids import ProductId
from bidder.money import Currency, Money
from bidder.snapshot import EPOCH_ORDINAL, day_number

__all__ = ["activity", "changed_days", "check_shop", "products", "unfinished"]

UNPAID = ("PENDING", "AUTHORIZED", "VOIDED", "EXPIRED")
"""Financial statuses of orders for which nothing was paid yet, or ever."""

TAKEN_BACK = ("REFUNDED", "PARTIALLY_REFUNDED")

Key = tuple[int, str]
"""Day number and product, "" for the whole shop."""


def check_shop(page: Payload, account: Account) -> Account:
    """The account as the shop tells it.

    Raises ConnectorError when the shop has another currency or zone than is configured.
    """
    shop = Node(account.id, "account", page.body)["data"]["shop"]
    return check_identity(
        account, currency=shop.text("currencyCode"), timezone=shop.text("ianaTimezone"), now=page.received_at
    )


def unfinished(pages: Sequence[Payload], account: Account) -> list[tuple[str, str]]:
    """Orders that have more lines than were given: their id and where the next ones begin."""
    found = []
    for order in _orders(pages, account):
        info = order["lineItems"]["pageInfo"]
        if info.needed("hasNextPage") is True:
            found.append((order.text("id"), info.text("endCursor")))
    return found


def changed_days(pages: Sequence[Payload], account: Account, before: date) -> set[date]:
    """The days before `before` of which an order was taken back, whole or in part."""
    found = set()
    for order in _orders(pages, account):
        if order.get("cancelledAt") is not None or order.get("displayFinancialStatus") in TAKEN_BACK:
            found.add(_day(order, account))
    return {day for day in found if day < before}


def activity(
    pages: Sequence[Payload],
    more: Mapping[str, Sequence[Payload]],
    account: Account,
    days: Collection[date],
    seen: datetime,
) -> Activity:
    """These days, of the shop and of each product; a day without an order is zero, not missing."""
    totals: dict[Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in days:
        totals[day_number(one), ""].update({"orders": 0, "units": 0, "revenue": 0, "refunds": 0})
    counted: set[str] = set()
    for order in _orders(pages, account):
        identity, made = order.text("id"), _day(order, account)
        if identity in counted or made not in days:
            continue
        counted.add(identity)
        day = day_number(made)
        lines = [*order["lineItems"].items("nodes"), *_more(more.get(identity, ()), account)]
        if not _paid(order):
            if order.get("cancelledAt") is not None:
                for line in lines:
                    totals[day, _product(line)]["orders"] += 0
            continue
        totals[day, ""]["orders"] += 1
        for product in {_product(line) for line in lines} - {""}:
            totals[day, product]["orders"] += 1
        for line in lines:
            _add(line, day, account.currency, totals)
    rows = [_row(account, day, product, figures, seen) for (day, product), figures in sorted(totals.items())]
    return Activity.of(rows)


def products(pages: Sequence[Payload], account: Account) -> list[Product]:
    """Active products: pieces of all variants (None where stock is not tracked), mean price, cost where it is one."""
    by_product: dict[str, list[Node]] = {}
    for page in pages:
        for variant in Node(account.id, "stock", page.body)["data"]["productVariants"].items("nodes"):
            product = variant["product"]
            if product.text("status") == "ACTIVE":
                by_product.setdefault(_digits(product.text("id")), []).append(variant)
    found = []
    seen = max((page.received_at for page in pages), default=None)
    for identity, variants in sorted(by_product.items()):
        prices = [one.units("price", account.currency).micros for one in variants]
        tracked = all(_tracked(one) for one in variants)
        stock = sum(max(0, one.whole("inventoryQuantity", signed=True)) for one in variants) if tracked else None
        costs = {_cost(one, account.currency) for one in variants}
        cost = costs.pop() if len(costs) == 1 else None
        found.append(
            Product(
                ProductId(identity),
                variants[0]["product"].get("title", ""),
                price=Money(round(sum(prices) / len(prices)), account.currency),
                cost=cost,
                stock=stock,
                stock_at=seen if stock is not None else None,
            )
        )
    return found


def _orders(pages: Iterable[Payload], account: Account) -> Iterable[Node]:
    for page in pages:
        yield from Node(account.id, "orders", page.body)["data"]["orders"].items("nodes")


def _more(pages: Sequence[Payload], account: Account) -> Iterable[Node]:
    for page in pages:
        yield from Node(account.id, "orders", page.body)["data"]["order"]["lineItems"].items("nodes")


def _paid(order: Node) -> bool:
    status = order.get("displayFinancialStatus", "PAID")
    return not order.get("test", False) and order.get("cancelledAt") is None and status not in UNPAID


def _add(line: Node, day: int, currency: Currency, totals: dict[Key, dict[str, int]]) -> None:
    """A line's pieces and money, to the shop and to its product."""
    pieces = line.whole("quantity")
    left = min(line.whole("currentQuantity", pieces), pieces)
    money = line["discountedTotalSet"]["shopMoney"]
    if money.text("currencyCode") != currency:
        raise money.error("currencyCode", f"expected {currency}, was {money.text('currencyCode')}")
    paid = money.units("amount", currency).micros
    back = paid * (pieces - left) // pieces if pieces else 0
    for key in {(day, ""), (day, _product(line))}:
        one = totals[key]
        one["units"] += pieces
        one["revenue"] += paid
        one["refunds"] += back


def _row(account: Account, day: int, product: str, figures: Mapping[str, int], seen: datetime) -> ShopActivity:
    return ShopActivity(
        source=str(account.id),
        product=ProductId(product) if product else None,
        day=AccountDay(account.timezone, date.fromordinal(day + EPOCH_ORDINAL)),
        observed_at=seen,
        counts={name: float(figures[name]) for name in ("orders", "units")},
        money={name: Money(figures[name], account.currency) for name in ("revenue", "refunds")},
    )


def _product(line: Node) -> str:
    """The product's number; a product that was deleted since is only in the shop's figures."""
    product = line.get("product")
    return "" if product is None else _digits(line["product"].text("id"))


def _digits(identity: str) -> str:
    """`gid://shopify/Product/123` → `123`."""
    return identity.rpartition("/")[2].partition("?")[0]


def _tracked(variant: Node) -> bool:
    item = variant.get("inventoryItem")
    known = variant.get("inventoryQuantity") is not None
    return known and (item is None or variant["inventoryItem"].get("tracked", True) is True)


def _cost(variant: Node, currency: Currency) -> Money | None:
    item = variant.get("inventoryItem")
    cost = None if item is None else variant["inventoryItem"].get("unitCost")
    if cost is None or variant["inventoryItem"]["unitCost"].text("currencyCode") != currency:
        return None
    return variant["inventoryItem"]["unitCost"].units("amount", currency)


def _day(order: Node, account: Account) -> date:
    return AccountDay.of(_instant(order, "createdAt"), account.timezone).date


def _instant(order: Node, name: str) -> datetime:
    text = order.text(name)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise order.error(name, f"expected an instant, was {shown(text)}") from None
    if at.tzinfo is None:
        raise order.error(name, f"expected an instant with its zone, was {shown(text)}")
    return at
