"""The morning digest as one document: yesterday and the month against plan, why, what to do, what bidder does.

Made by `digest_of` from what the store holds; written out by :mod:`bidder.explain.digest_text` for a terminal or a
message and by :mod:`bidder.explain.digest_page` for mail. Sales are the shop's own where its activity is known, else
what the ads report, and `basis` says which. Money is in the shop's currency.
"""

from __future__ import annotations

import math
from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Literal

from bidder.explain.digest_document import (
    DigestDocument,
    FindingLine,
    ForecastLine,
    KeywordLine,
    MoveLine,
    Period,
    PlanLine,
    ProductLine,
    RuleCost,
    SeriesLine,
)
from bidder.explain.digest_figures import Ads, Shop, ads_of, funnels_of, shop_of, with_events
from bidder.explain.digest_known import Known
from bidder.explain.digest_why import why_of
from bidder.snapshot import day_number
from bidder.watch.diagnose import Finding, diagnose

__all__ = ["DigestDocument", "Known", "digest_of"]

WEEK = 7
SERIES_DAYS = 30
LEAST_WORTH = 1.0
"""Money a day below which nobody is asked to do something."""
TODOS = 3


def digest_of(known: Known) -> DigestDocument:
    """The document. A day of which nothing is known gives zeros and `missing`, never a fault."""
    last = day_number(known.day)
    first = day_number(known.day.replace(day=1))
    shop = shop_of(known.activity)
    ads, then = ads_of(known.reports, known.products), ads_of(known.reports_then, known.products)
    basis: Literal["shop", "ads"] = "shop" if shop.has(last) else "ads"
    findings = [
        _finding(one)
        for one in diagnose(
            with_events(
                funnels_of(known.reports, known.activity, known.products, known.budgets, known.carries, last),
                shop,
                known.calendar,
                known.zone,
                last,
            )
        )
    ]
    length = monthrange(known.day.year, known.day.month)[1]
    month = _period(shop, ads, first, last, basis)
    week = ads.sum("spend", last - WEEK + 1, last) / WEEK
    spend_by_day = {day: ads.sum("spend", day, day) for day in range(first, last + 1)}
    return DigestDocument(
        title=known.title,
        currency=known.currency,
        day=known.day.isoformat(),
        as_of=known.as_of.isoformat(),
        zone=known.zone,
        basis=basis,
        missing=list(known.missing),
        sources=list(known.sources),
        yesterday=_period(shop, ads, last, last, basis),
        month=month,
        day_cap=known.day_cap,
        month_cap=known.month_cap,
        sales_goal=known.sales_goal if basis == "shop" else None,
        month_goal=known.month_goal if basis == "shop" else None,
        month_due=known.month_due if basis == "shop" else None,
        month_passed=known.day.day / length,
        month_landing=month.spend + week * (length - known.day.day),
        why=why_of(known, shop, ads, then, last, basis),
        findings=findings,
        todo=[one for one in findings if one.worth >= LEAST_WORTH or one.held > 0][:TODOS],
        keywords=[KeywordLine.model_validate(one) for one in known.keywords],
        activities=[list(one) for one in known.activities],
        plan=_plan(known),
        forecast=_forecast(known, ads, last),
        writes=dict(known.writes),
        over_cap=[
            date.fromordinal(day + date(1970, 1, 1).toordinal()).isoformat()
            for day, spent in spend_by_day.items()
            if known.day_cap is not None and spent > known.day_cap
        ],
        series=_series(known, shop, ads, last, basis),
        products=_products(known, ads, last),
        experiment=known.experiment,
    )


def _period(shop: Shop, ads: Ads, first: int, last: int, basis: str) -> Period:
    spend, revenue = ads.sum("spend", first, last), ads.sum("revenue", first, last)
    sales = shop.sum("revenue", first, last) if basis == "shop" else revenue
    visitors = shop.sum("visitors", first, last) if basis == "shop" else None
    clicks = ads.sum("clicks", first, last)
    buyers = (shop.sum("new_buyers", first, last), shop.sum("old_buyers", first, last))
    margin = ads.margin(first, last)
    return Period(
        sales=sales,
        refunds=shop.sum("refunds", first, last) if basis == "shop" else None,
        spend=spend,
        ad_revenue=revenue,
        ad_orders=ads.sum("orders", first, last),
        profit=ads.profit(first, last),
        visitors=visitors,
        free_share=None if not visitors else max(0.0, 1 - clicks / visitors),
        tacos=spend / sales if basis == "shop" and sales else None,
        roas=revenue / spend if spend else None,
        break_even=1 / margin if margin else None,
        new_share=None
        if None in buyers or not sum(b or 0 for b in buyers)
        else (buyers[0] or 0.0) / sum(b or 0 for b in buyers),
    )


def _finding(one: Finding) -> FindingLine:
    figures = {name: (value if math.isfinite(value) else None) for name, value in one.figures.items()}
    return FindingLine(
        kind=one.kind,
        product=one.product,
        name=one.name,
        worth=round(one.worth, 2),
        held=round(one.held, 2),
        figures=figures,
    )


def _plan(known: Known) -> PlanLine | None:
    """The newest plan of the day after `day`."""
    today = (known.day + timedelta(days=1)).isoformat()
    stored = next(
        (one for one in known.plans if one.day == today and one.status not in ("rejected", "superseded")), None
    )
    if stored is None:
        return None
    shown = stored.document
    lines = [_move(one) for one in shown["budgets"]]
    moves = sorted(
        (one for one in lines if one.now is not None and one.planned != one.now),
        key=lambda one: (-abs(one.planned - (one.now or 0.0)), one.id),
    )
    left = [one for one in lines if one not in moves and one.state in ("learning", "stock-limited")]
    expected, before = shown["expected"], float(shown["expected_now"])
    spread = [float(expected[name]) - float(expected["mean"]) for name in ("p10", "p90")]
    gain = float(expected["mean"]) - before
    moved = math.sqrt(sum((one.planned - (one.now or 0.0)) ** 2 for one in moves))
    whole = math.sqrt(sum(one.planned**2 for one in lines)) or 1.0
    return PlanLine(
        plan=str(stored.id),
        day=today,
        moves=moves,
        left=left,
        now=float(shown["now"]),
        planned=float(shown["planned"]),
        gain=gain,
        low=gain + spread[0] * moved / whole,  # what is uncertain of the gain is what is uncertain of what moves
        high=gain + spread[1] * moved / whole,
        held=[one["reason"] for one in shown["holds"]],
        rules=sorted(
            (
                RuleCost(rule=one["rule"], source=one["source"], cost=float(one["cost_per_day"]))
                for one in shown.get("limits", ())
                if one["binding"] and float(one["cost_per_day"] or 0) >= LEAST_WORTH
            ),
            key=lambda one: (-one.cost, one.rule),
        ),
        waits=known.waits,
        until=known.until,
        bids=len(shown.get("bids") or ()),
    )


def _move(line: Mapping[str, Any]) -> MoveLine:
    return MoveLine(
        id=line["id"],
        name=line["name"] or line["id"],
        now=None if line["now"] is None else float((line.get("shop") or line)["now"]),
        planned=float((line.get("shop") or line)["planned"]),
        reason=line["reason"],
        state=line["state"],
    )


def _forecast(known: Known, ads: Ads, last: int) -> ForecastLine | None:
    stored = next(
        (
            one
            for one in known.plans
            if one.day == known.day.isoformat() and one.status not in ("rejected", "superseded")
        ),
        None,
    )
    if stored is None:
        return None
    expected = stored.document["expected"]
    mean = float(expected["mean"])
    return ForecastLine(
        expected=mean,
        low=float(expected["p10"]),
        high=float(expected["p90"]),
        actual=ads.profit(last, last),
        gain=mean - float(stored.document["expected_now"]),
    )


def _series(known: Known, shop: Shop, ads: Ads, last: int, basis: str) -> SeriesLine:
    days = range(max(last - SERIES_DAYS + 1, min(ads.first_day, last)), last + 1)
    planned: dict[int, float] = {}
    for one in known.plans:
        if one.status not in ("rejected", "held"):
            planned.setdefault(day_number(date.fromisoformat(one.day)), float(one.document["planned"]))
    return SeriesLine(
        days=[date.fromordinal(day + date(1970, 1, 1).toordinal()).isoformat() for day in days],
        sales=[shop.sum("revenue", day, day) if basis == "shop" else ads.sum("revenue", day, day) for day in days],
        spend=[ads.sum("spend", day, day) for day in days],
        planned=[planned.get(day) for day in days],
    )


def _products(known: Known, ads: Ads, last: int) -> list[ProductLine]:
    lines = []
    for product in known.products:
        spend, revenue, orders = (
            math.fsum(ads.product_sum(name, day, str(product.id)) for day in range(last - WEEK + 1, last + 1))
            for name in ("spend", "revenue", "orders")
        )
        if not spend and not orders:
            continue
        lines.append(
            ProductLine(
                product=str(product.id),
                name=product.name or str(product.id),
                spend=spend,
                orders=orders,
                revenue=revenue,
                roas=revenue / spend if spend else None,
                break_even=1 / product.margin if product.margin and product.margin > 0 else None,
                stock=product.stock,
            )
        )
    return sorted(lines, key=lambda one: (-one.spend, one.product))
