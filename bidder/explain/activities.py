"""Which activities the shop should join: what each brings and costs by its own figures, weighed together.

Called by `bidder activities`. A product's contribution over the days that sell at the event's price is reckoned at that
price and with the event's lift, less what those days would bring anyway; the purse counts as spent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from bidder.catalog import Product
from bidder.optimizer.activities import Entry, Offer, choose_activities
from bidder.promotion import Candidate, Promotion
from bidder.response.event_prices import priced
from bidder.response.lift import learned_lift
from bidder.rules.attributes import units_a_day
from bidder.snapshot import Snapshot

__all__ = ["ActivityAdvice", "advise", "resolved_candidates"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ActivityAdvice:
    """What to do about one event, in the shop's currency; `worth` counts the entries that are advised."""

    name: str
    join: bool
    products: tuple[str, ...]
    worth: float
    cost: float
    lift: float
    deadline: date | None
    reason: str
    unknown: tuple[str, ...] = ()
    """Products that cannot be judged, since price, cost or sales are not known."""


def advise(snapshot: Snapshot, candidates: Sequence[Candidate], money: float = np.inf) -> tuple[ActivityAdvice, ...]:
    """Advice on each candidate, in their order. `money` is what may be spent on all fees and purses together.

    The candidates' goods have to be resolved. Raises SolveError when the solver finds no answer.
    """
    open_ = [one for one in candidates if one.deadline is None or one.deadline >= snapshot.day]
    sold = units_a_day(snapshot)
    offers: list[Offer] = []
    entries: list[Entry] = []
    unknown: list[list[str]] = []
    lifts: list[float] = []
    for index, one in enumerate(open_):
        event, rate = one.event, snapshot.rate
        fee = 0.0 if event.fee is None else event.fee.to_float() * rate(event.fee.currency)
        ads = 0.0 if event.purse is None else event.purse.to_float() * rate(event.purse.currency)
        each = 0.0 if one.fee_each is None else one.fee_each.to_float() * rate(one.fee_each.currency)
        offers.append(Offer(event.name, fee, ads))
        lifts.append(learned_lift(snapshot, event).mean)
        unknown.append([])
        for place, (product, a_day) in enumerate(zip(snapshot.products, sold, strict=True)):
            if not event.covers((product.id,)):
                continue
            brings = _brings(product, a_day, event, lifts[-1])
            if brings is None:
                unknown[-1].append(str(product.id))
                continue
            entries.append(Entry(index, place, *brings, each))
    together = [
        (i, j)
        for i, one in enumerate(open_)
        for j, other in enumerate(open_)
        if i < j and one.event.opens < other.event.closes and other.event.opens < one.event.closes
    ]
    chosen = choose_activities(offers, entries, _stock(snapshot, sold, open_), money, together)
    result = {}
    for index, one in enumerate(open_):
        mine = [entry for entry, into in zip(entries, chosen.entered, strict=True) if into and entry.offer == index]
        join = bool(chosen.joined[index])
        result[id(one)] = ActivityAdvice(
            name=one.event.name,
            join=join,
            products=tuple(str(snapshot.products[entry.product].id) for entry in mine),
            worth=sum(entry.worth - entry.fee for entry in mine) - (offers[index].cost if join else 0.0),
            cost=offers[index].cost,
            lift=lifts[index],
            deadline=one.deadline,
            reason=chosen.reasons[index],
            unknown=tuple(unknown[index]),
        )
    late = "the last day to join has passed"
    return tuple(
        result.get(id(one)) or ActivityAdvice(one.event.name, False, (), 0.0, 0.0, 1.0, one.deadline, late)
        for one in candidates
    )


def _brings(product: Product, a_day: float, event: Promotion, lift: float) -> tuple[float, float] | None:
    """Contribution beyond an ordinary time, and pieces that are sold; None where something needed is unknown."""
    if product.price is None or product.margin is None or a_day <= 0:
        return None
    cheaper = priced(product, event)
    assert cheaper.price is not None
    assert cheaper.margin is not None
    usual, event_each = product.price.to_float() * product.margin, cheaper.price.to_float() * cheaper.margin
    worth = units = 0.0
    for span in event.spans:
        if not span.phase.priced:
            continue
        ordinary = a_day * ((span.closes - span.opens) / _DAY)
        more = ordinary * event.lift_of(span.phase, lift)
        worth += more * event_each - ordinary * usual
        if event.new_share is not None and event.new_worth is not None:
            worth += more * event.new_share * event.new_worth.to_float()
        units += more
    return worth, units


def _stock(snapshot: Snapshot, sold: Sequence[float], candidates: Sequence[Candidate]) -> np.ndarray:
    """Pieces left of each product when the first of the events opens; inf where stock is not known."""
    first = min((one.event.opens for one in candidates), default=snapshot.as_of)
    days = max((first - snapshot.as_of) / _DAY, 0.0)
    left = [
        np.inf if product.stock is None else max(product.stock - a_day * days, 0.0)
        for product, a_day in zip(snapshot.products, sold, strict=True)
    ]
    return np.array(left, dtype=np.float64)


def resolved_candidates(candidates: Sequence[Candidate], events: Sequence[Promotion]) -> tuple[Candidate, ...]:
    """The candidates with their events resolved, in the same order."""
    return tuple(replace(one, event=event) for one, event in zip(candidates, events, strict=True))
