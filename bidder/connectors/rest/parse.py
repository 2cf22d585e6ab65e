"""Bodies of a described platform → budgets, reports, products, activity. Pure; what is wrong names its field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from bidder.activity import COUNTS, MONEY, Activity, ShopActivity
from bidder.catalog import Account, Budget, BudgetStatus, Product
from bidder.connectors.http import Payload
from bidder.connectors.identity import check_identity
from bidder.connectors.rest.calls import AccountCall, ActivityCall, ListCall, ProductsCall, ReportCall
from bidder.connectors.rest.fields import BudgetFields
from bidder.connectors.rest.row import Row, Style, rows_of
from bidder.connectors.rest.template import days_between
from bidder.errors import ConnectorError
from bidder.ids import BudgetId, ProductId
from bidder.money import Money, minor_unit
from bidder.performance import Observation, Performance
from bidder.reports import Reports
from bidder.reports import joined as all_reports

__all__ = ["activity", "budgets", "identity", "joined", "joined_reports", "products", "reports"]

_FIGURES = ("impressions", "clicks", "spend", "orders", "units", "revenue")


def identity(payload: Payload, call: AccountCall, style: Style, account: Account, now: datetime) -> Account:
    """The account as the platform tells it. Raises ConnectorError when it is another one."""
    seen = payload.body if isinstance(payload.body, dict) else {"_body": payload.body}
    row = Row(style, seen, 1, payload.received_at)
    told: dict[str, str | None] = {}
    for name in ("currency", "timezone"):
        field = getattr(call.fields, name)
        told[name] = None if field is None else row.id(name, field)
    return check_identity(account, currency=told["currency"], timezone=told["timezone"], now=now)


def budgets(pages: list[Payload], call: ListCall, fields: BudgetFields, style: Style) -> list[Budget]:
    """The budgets with the amounts in force. Raises ConnectorError."""
    found: dict[BudgetId, Budget] = {}
    for row in rows_of(call, pages, style):
        one = _budget(row, fields)
        known = found.get(one.id)
        if known is not None and known.now != one.now:
            raise row.error("amount", fields.amount.path, f"budget {one.id.native} has two amounts at once")
        found[one.id] = one if known is None else _shared(known, one)
    return list(found.values())


def reports(pages: list[Payload], call: ReportCall, style: Style) -> Reports:
    """One row a campaign, product and day. Raises ConnectorError, also when one comes twice and is not to be added."""
    found: dict[tuple[str, str, str, date], Observation] = {}
    for row in rows_of(call, pages, style):
        one = _observation(row, call)
        key = (one.budget.native, one.campaign, one.product or "", one.day.date)
        if key in found and not call.sum:
            what = " ".join(part for part in (one.campaign, one.product or "", one.day.date.isoformat()) if part)
            raise row.error("day", call.fields.day.path, f"{what} came twice; write sum: true if rows are parts")
        found[key] = _added(found[key], one) if key in found else one
    return Reports.of(found.values())


def joined_reports(parts: Sequence[Reports], style: Style) -> Reports:
    """What several reports said, as one. Raises ConnectorError when two of them have the same row."""
    if len(parts) == 1:
        return parts[0]
    seen: set[tuple[str, str, str, int]] = set()
    for part in parts:
        keys = {
            (str(b), str(c), str(p), int(d))
            for b, c, p, d in zip(part.budget, part.campaign, part.product, part.day, strict=True)
        }
        twice = sorted(keys & seen)
        if twice:
            reason = f"campaign {twice[0][1]} has the same day in two of the reports"
            raise ConnectorError(style.account.id, style.operation, reason, error="schema")
        seen |= keys
    return all_reports(parts)


def products(pages: list[Payload], call: ProductsCall, style: Style) -> list[Product]:
    """What the shop sells. Raises ConnectorError."""
    found: dict[str, Product] = {}
    for row in rows_of(call, pages, style):
        one = _product(row, call)
        if one.id in found:
            raise row.error("id", call.fields.id.path, f"product {one.id} came twice")
        found[one.id] = one
    return list(found.values())


def activity(
    pages: list[Payload], call: ActivityCall, style: Style, first: date, last: date, seen: datetime
) -> list[ShopActivity]:
    """What the shop did on these days, a row a day (and product, and source of visitors). Raises ConnectorError."""
    found: dict[tuple[date, str, str], ShopActivity] = {}
    for row in rows_of(call, pages, style):
        one = _shop_day(row, call)
        if not first <= one.day.date <= last:
            continue
        key = (one.day.date, one.product or "", one.traffic)
        if key in found and not call.sum:
            what = " ".join(part for part in (one.product or "the shop", one.day.date.isoformat()) if part)
            raise row.error("day", call.fields.day.path, f"{what} came twice; write sum: true if rows are parts")
        found[key] = _summed(found[key], one) if key in found else one
    if call.zeros and call.fields.product is None:
        names = call.fields.model_fields_set
        counts = {name: 0.0 for name in COUNTS if name in names}
        money = {name: Money.zero(style.account.currency) for name in MONEY if name in names}
        for day in days_between(style.account.timezone, first, last):
            nothing = ShopActivity(style.account.id, None, day, seen, counts, money)
            found.setdefault((day.date, "", ""), nothing)
    return [found[key] for key in sorted(found)]


def _budget(row: Row, fields: BudgetFields) -> Budget:
    account = row.style.account
    row.in_currency(fields.currency)
    native = row.id("id", fields.id)
    now = row.paid("amount", fields.amount)
    if now.micros < 0:
        raise row.error("amount", fields.amount.path, f"expected an amount, was {now}")
    limits: dict[str, Money | None] = {}
    for name in ("minimum", "maximum", "step"):
        found = row.money(name, getattr(fields, name))
        if found is not None and found.micros <= 0:
            raise row.error(name, getattr(fields, name).path, f"expected more than 0, was {found}")
        limits[name] = found
    return Budget(
        id=BudgetId(account.id, native),
        name=row.text("name", fields.name) or native,
        currency=account.currency,
        now=now,
        read_at=row.received_at,
        products=tuple(ProductId(one) for one in row.texts("products", fields.products)),
        campaigns=row.texts("campaigns", fields.campaigns) or (native,),
        channel=row.text("channel", fields.channel) or "",
        group=row.text("group", fields.group) or "",
        minimum=limits["minimum"],
        maximum=limits["maximum"],
        step=limits["step"] or Money(minor_unit(account.currency), account.currency),
        status=row.status("status", fields.status),
        target_driven=row.flag("target_driven", fields.target_driven) or False,
        overdelivery=row.share("overdelivery", fields.overdelivery, 1.0, 10.0) or 1.0,
        limited=row.flag("limited", fields.limited),
    )


def _shared(one: Budget, other: Budget) -> Budget:
    """A budget of several campaigns, whose rows name it each."""
    states = {one.status, other.status}
    order = (BudgetStatus.ACTIVE, BudgetStatus.PAUSED, BudgetStatus.REMOVED)
    return replace(
        one,
        campaigns=tuple(dict.fromkeys((*one.campaigns, *other.campaigns))),
        products=tuple(dict.fromkeys((*one.products, *other.products))),
        status=next(state for state in order if state in states),
        target_driven=one.target_driven or other.target_driven,
    )


def _observation(row: Row, call: ReportCall) -> Observation:
    fields, account = call.fields, row.style.account
    row.in_currency(fields.currency)
    campaign = None if fields.campaign is None else row.id("campaign", fields.campaign)
    budget = None if fields.budget is None else row.id("budget", fields.budget)
    product = row.text("product", fields.product)
    orders, units = row.figure("orders", fields.orders), row.figure("units", fields.units)
    native = budget or campaign or ""
    return Observation(
        account=account.id,
        budget=BudgetId(account.id, native),
        campaign=campaign or native,
        product=None if product is None else ProductId(product),
        day=row.day("day", fields.day),
        observed_at=row.received_at,
        performance=Performance(
            impressions=row.whole("impressions", fields.impressions),
            clicks=row.whole("clicks", fields.clicks),
            spend=row.paid("spend", fields.spend),
            orders=None if orders is None else float(orders),
            units=None if units is None else float(units),
            revenue=row.paid_if("revenue", fields.revenue),
        ),
        name=row.text("name", fields.name) or "",
        channel=row.text("channel", fields.channel) or "",
        group=row.text("group", fields.group) or "",
        amount=row.money("amount", fields.amount),
        window=row.count("window", fields.window),
    )


def _added(one: Observation, other: Observation) -> Observation:
    """Two parts of one day; what one of them does not know is unknown of both."""
    changed: dict[str, Any] = {}
    for name in _FIGURES:
        first, second = getattr(one.performance, name), getattr(other.performance, name)
        changed[name] = None if first is None or second is None else first + second
    return replace(one, performance=Performance(**changed))


def _product(row: Row, call: ProductsCall) -> Product:
    fields = call.fields
    price, cost = row.money("price", fields.price), row.money("cost", fields.cost)
    stock = row.count("stock", fields.stock)
    return Product(
        id=ProductId(row.id("id", fields.id)),
        name=row.text("name", fields.name) or "",
        price=price if price is not None and price.micros > 0 else None,
        cost=cost if cost is not None and cost.micros >= 0 else None,
        margin=row.share("margin", fields.margin, -10.0, 0.999),
        return_rate=row.share("return_rate", fields.return_rate, 0.0, 1.0),
        stock=None if stock is None else max(0, stock),  # below zero: sold beyond what was there
        stock_at=None if stock is None else row.received_at,
        lead_days=row.count("lead_days", fields.lead_days),
        category=row.text("category", fields.category) or "",
    )


def _shop_day(row: Row, call: ActivityCall) -> ShopActivity:
    fields = call.fields
    product = row.text("product", fields.product)
    if fields.product is not None and product is None:
        raise row.error("product", fields.product.path, "expected a product, found nothing")
    counts = {name: row.figure(name, getattr(fields, name)) for name in COUNTS}
    money = {name: row.paid_if(name, getattr(fields, name)) for name in MONEY}
    return ShopActivity(
        source=row.style.account.id,
        product=None if product is None else ProductId(product),
        day=row.day("day", fields.day),
        observed_at=row.received_at,
        counts={name: float(value) for name, value in counts.items() if value is not None},
        money={name: value for name, value in money.items() if value is not None},
        traffic=row.text("traffic", fields.traffic) or "",
    )


def _summed(one: ShopActivity, other: ShopActivity) -> ShopActivity:
    counts: dict[str, float] = defaultdict(float)
    money = {name: one.money[name] + other.money[name] for name in one.money if name in other.money}
    for name in one.counts:
        if name in other.counts:
            counts[name] = one.counts[name] + other.counts[name]
    return replace(one, counts=dict(counts), money=money)


def joined(rows: Iterable[Sequence[ShopActivity]]) -> Activity:
    """What several calls said, as one."""
    return Activity.of(row for listed in rows for row in listed)
