"""The product pages: all of them as cards, and one with history, curves, funnel, the parts of its change, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from bidder.decide import Decision
from bidder.explain.band import Band, band_of
from bidder.explain.digest_document import DigestDocument
from bidder.explain.digest_text import finding_text
from bidder.explain.entity import entity_document
from bidder.report_rows import finest
from bidder.reports import UNKNOWN_MICROS, Reports
from bidder.snapshot import EPOCH_ORDINAL, FloatArray
from bidder.web import pages
from bidder.web.visit import Visit

__all__ = ["DAYS", "Card", "History", "Step", "cards", "history_of", "product"]

DAYS = 45
FUNNEL_DAYS = 14
PARTS = 12


@dataclass(frozen=True, slots=True)
class Card:
    """A product's week at a glance; figures are written, "" where unknown."""

    id: str
    name: str
    tags: Sequence[str]
    spend: str
    revenue: str
    orders: str
    roas: str
    break_even: str
    pays: bool | None
    """Whether its ROAS is above break-even."""
    stock: str
    cover: str
    states: Sequence[tuple[str, str]]
    """(state, word) of its budgets, each once."""
    now: str
    planned: str


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """A product's days: money in the shop's currency, NaN where nothing was reported."""

    days: tuple[date, ...]
    spend: FloatArray
    revenue: FloatArray


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the funnel: how many, the rate from the step before, the shop's, and how long its bar is (0 to 1)."""

    name: str
    count: str
    rate: str
    usual: str
    worse: bool
    part: float


def cards(v: Visit) -> dict[str, Any]:
    """Every product that is advertised or sold, most money first."""
    digest = None if v.clerk is None else v.clerk.digest()
    decision = None if v.clerk is None else v.clerk.decision()
    if digest is None or decision is None:
        return {"cards": []}
    known = {str(one.id): one for one in decision.snapshot.products}
    lines = _lines_by_product(v.document)
    sold = _orders_a_day(digest)
    made = []
    for one in digest.products:
        product, mine = known.get(one.product), lines.get(one.product, [])
        pace = sold.get(one.product, 0.0)
        states = dict.fromkeys((line["state"], v.w.term("state", line["state"])) for line in mine)
        made.append(
            Card(
                id=one.product,
                name=one.name or one.product,
                tags=[v.w.term("tag", tag) for tag in sorted(product.tags)] if product else [],
                spend=v.w.rough(one.spend),
                revenue=v.w.rough(one.revenue),
                orders=v.w.number(round(one.orders, 1)),
                roas=_ratio(one.roas),
                break_even=_ratio(one.break_even),
                pays=None if one.roas is None or one.break_even is None else one.roas >= one.break_even,
                stock="" if one.stock is None else v.w.number(one.stock),
                cover="" if one.stock is None or pace <= 0 else v.w.number(math.floor(one.stock / pace)),
                states=list(states),
                now=v.w.number(sum(float((line.get("shop") or line)["now"] or 0) for line in mine)),
                planned=v.w.number(sum(float((line.get("shop") or line)["planned"]) for line in mine)),
            )
        )
    return {"cards": made, "day": digest.day}


def product(v: Visit) -> dict[str, Any] | None:
    """One product by its id; None when there is none of this name."""
    decision = None if v.clerk is None else v.clerk.decision()
    if v.clerk is None or decision is None:
        return None
    found = next((one for one in decision.snapshot.products if str(one.id) == v.key), None)
    if found is None:
        return None
    digest = v.clerk.digest()
    reports = finest(v.store.reports(since_day=decision.snapshot.today - DAYS))
    mine = (
        [line for line in pages.lines(v.w, v.document, {}) if _carries(v.document, line.id, v.key)]
        if v.document
        else []
    )
    bands, chain = [], None
    if any(found.id in budget.products for budget in decision.snapshot.budgets):
        chain = entity_document(decision, v.key)
        bands = bands_of(decision, v.key)
    names = {str(one.id): one.name or str(one.id) for one in decision.snapshot.budgets}
    why = None if digest is None or digest.why is None else digest.why
    parts = [] if why is None else [part for part in why.parts if part.product == v.key][:PARTS]
    return {
        "product": found,
        "tags": [v.w.term("tag", tag) for tag in sorted(found.tags)],
        "lines": mine,
        "history": history_of(reports, v.key, decision),
        "bands": bands,
        "names": names,
        "chain": chain,
        "steps": _funnel(v, reports, decision),
        "funnel_days": FUNNEL_DAYS,
        "findings": [
            finding_text(one, "zh" if v.w.language == "zh" else "en")
            for one in ([] if digest is None else digest.findings)
            if one.product == v.key
        ],
        "why": why,
        "parts_of": parts,
        "most": max((abs(part.amount) for part in parts), default=0.0),
        "change": None if why is None else why.products.get(v.key, 0.0),
    }


def bands_of(decision: Decision, product: str) -> list[Band]:
    """The curve of each budget that advertises a product."""
    return [
        band_of(decision, index)
        for index, budget in enumerate(decision.snapshot.budgets)
        if product in {str(one) for one in budget.products}
    ]


def history_of(reports: Reports, product: str, decision: Decision) -> History:
    """The last DAYS days of a product's ads, up to the day before the decided one."""
    last = decision.snapshot.today - 1
    rows = np.flatnonzero((reports.product == product) & (reports.day <= last) & (reports.day > last - DAYS))
    first = int(reports.day[rows].min()) if len(rows) else last
    span = last - first + 1
    spend, revenue = np.full(span, np.nan), np.full(span, np.nan)
    for row in rows:
        rate = decision.snapshot.rate(reports.currency[row])
        at = int(reports.day[row]) - first
        for column, sums in ((reports.spend, spend), (reports.revenue, revenue)):
            if column[row] != UNKNOWN_MICROS:
                sums[at] = np.nan_to_num(sums[at]) + column[row] / 1e6 * rate
    return History(tuple(date.fromordinal(first + i + EPOCH_ORDINAL) for i in range(span)), spend, revenue)


def _funnel(v: Visit, reports: Reports, decision: Decision) -> list[Step]:
    """Impressions → clicks → orders over a fortnight, each rate beside the shop's own without this product."""
    last = decision.snapshot.today - 1
    window = (reports.day <= last) & (reports.day > last - FUNNEL_DAYS)
    mine, rest = window & (reports.product == v.key), window & (reports.product != v.key)
    names = ("impressions", "clicks", "orders")
    own = [float(np.nansum(getattr(reports, name)[mine])) for name in names]
    others = [float(np.nansum(getattr(reports, name)[rest])) for name in names]
    steps = []
    for place, name in enumerate(names):
        rate = own[place] / own[place - 1] if place and own[place - 1] else None
        usual = others[place] / others[place - 1] if place and others[place - 1] else None
        # a picture of counts that fall by a hundredfold: their logarithms, so that the last step can be seen
        part = math.log1p(own[place]) / math.log1p(own[0]) if own[0] > 0 else 0.0
        steps.append(
            Step(
                name=v.w.term("funnel", name),
                count=v.w.number(round(own[place])),
                rate="" if rate is None else f"{rate:.2%}",
                usual="" if usual is None else f"{usual:.2%}",
                worse=rate is not None and usual is not None and rate < 0.8 * usual,
                part=part,
            )
        )
    return steps if own[0] > 0 else []


def _lines_by_product(document: Mapping[str, Any] | None) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for line in () if document is None else document["budgets"]:
        for one in line["products"]:
            found.setdefault(one, []).append(line)
    return found


def _carries(document: Mapping[str, Any], budget: str, product: str) -> bool:
    return any(line["id"] == budget and product in line["products"] for line in document["budgets"])


def _orders_a_day(digest: DigestDocument) -> dict[str, float]:
    """What each product sells a day by its last seven."""
    return {one.product: one.orders / 7 for one in digest.products}


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
