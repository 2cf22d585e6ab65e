"""calendar.yaml → the events of the shop: phases in its zone, goods, prices and purses; every fault with its place.

Their shape is `calendar_file`. An event with `joined: false` is one that the shop may still join: `bidder activities`
weighs it, and nothing else knows of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from bidder.catalog import Product
from bidder.config.calendar_file import EventSection, begin_of, end_of
from bidder.config.faults import faults_of
from bidder.config.file import ShopSection
from bidder.config.marks import Document
from bidder.errors import ConfigError, Fault, Source
from bidder.promotion import Candidate, Phase, Promotion, Span
from bidder.rules.goods import goods_condition, resolved
from bidder.written import Amount, Monthly

__all__ = ["Calendar", "calendar_of"]

_TOO_MUCH = ("more than a month may cost", "for one product more than a fifth of what a month may cost")
_BALANCE = timedelta(days=2)
"""Deposits are paid up for so long, or until the next phase."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The events that the shop takes part in, and those that it may still join."""

    events: tuple[Promotion, ...] = ()
    candidates: tuple[Candidate, ...] = ()


def calendar_of(
    document: Document,
    shop: ShopSection,
    products: Sequence[Product],
    faults: list[Fault],
    month: Monthly | None = None,
) -> Calendar:
    """The events of one file. Adds faults; warnings go to the document's, also of amounts that no month may cost."""
    written = document.value
    if written is None:
        document.warnings.append(Fault(Source(document.file), "no events in this file"))
        return Calendar()
    if not isinstance(written, list):
        faults.append(Fault(document.at(()), "expected a list of events, each beginning with `- name:`"))
        return Calendar()
    events: list[Promotion] = []
    candidates: list[Candidate] = []
    seen: dict[str, Source] = {}
    picked: list[tuple[int, Promotion]] = []
    for index, one in enumerate(written):
        section = _section(one, index, document, faults)
        if section is None:
            continue
        place = document.at((index, "name"))
        year = min(begin_of(phase.from_) for phase in section.phases).year
        key = f"{section.name} {year}"
        if key in seen:
            faults.append(Fault(place, f"name: {section.name} of {year} stands at {seen[key]} already"))
            continue
        seen[key] = place
        event = _event(section, index, document, shop, faults)
        picked.append((index, event))
        _plausible(section, index, document, month)
        if section.joined:
            events.append(event)
        else:
            each = None if section.fee_each is None else section.fee_each.money(shop.currency)
            candidates.append(Candidate(event, each, section.deadline))
    for (index, _), event in zip(picked, resolved([event for _, event in picked], products), strict=True):
        if event.goods and products and not event.products:
            what = f"{event.name}: these goods select nothing"
            document.warnings.append(Fault(document.at((index, "goods")), what))
    return Calendar(tuple(events), tuple(candidates))


def _section(one: Any, index: int, document: Document, faults: list[Fault]) -> EventSection | None:
    if not isinstance(one, Mapping):
        faults.append(Fault(document.at((index,)), "expected an event such as {name: 618, phases: […]}"))
        return None
    try:
        return EventSection.model_validate(one)
    except ValidationError as e:
        faults.extend(faults_of(e, EventSection, document, (index,)))
        return None


def _event(
    section: EventSection,
    index: int,
    document: Document,
    shop: ShopSection,
    faults: list[Fault],
) -> Promotion:
    zone = ZoneInfo(shop.timezone)
    for key in ("fee", "fee_each", "purse", "new_worth"):
        _same_currency(getattr(section, key), shop, document.at((index, key)), key, faults)
    for phase, amount in section.approved.items():
        _same_currency(amount, shop, document.at((index, "approved", phase.value)), f"approved.{phase.value}", faults)
    goods = ""
    if section.goods is not None:
        place, countable = document.text_at((index, "goods"))
        try:
            goods = goods_condition(section.goods, place).text
        except ConfigError as e:
            own = document.at((index, "goods"))
            plain = countable and isinstance(section.goods, str)
            faults.extend(Fault(fault.source if plain else own, f"goods: {fault.message}") for fault in e.faults)
    return Promotion(
        name=section.name,
        spans=tuple(_spans(section, zone)),
        goods=goods,
        discount=section.discount,
        surcharge=section.surcharge,
        fee=None if section.fee is None else section.fee.money(shop.currency),
        purse=None if section.purse is None else section.purse.money(shop.currency),
        lift=section.lift,
        refunds=section.refunds,
        paid_up=section.paid_up,
        cart_rate=section.cart_rate,
        new_share=section.new_share,
        new_worth=None if section.new_worth is None else section.new_worth.money(shop.currency),
        approved={phase: amount.money(shop.currency) for phase, amount in section.approved.items()},
    )


def _plausible(section: EventSection, index: int, document: Document, month: Monthly | None) -> None:
    """Warns of money for one event that no month has."""
    if month is None:
        return
    most = max(month.amounts, key=lambda one: one.value)
    amounts = {"fee": section.fee, "fee_each": section.fee_each, "purse": section.purse}
    amounts |= {f"approved.{phase.value}": amount for phase, amount in section.approved.items()}
    for name, amount in amounts.items():
        if amount is not None and amount.value > (month.usual.value / 5 if name == "fee_each" else most.value):
            place = document.at((index, *name.split(".")))
            document.warnings.append(
                Fault(place, f"{section.name}: {name} {amount} is {_TOO_MUCH[name == 'fee_each']}, {most}")
            )


def _spans(section: EventSection, zone: ZoneInfo) -> list[Span]:
    def utc(local: datetime) -> datetime:
        return local.replace(tzinfo=zone).astimezone(UTC)

    spans = [Span(one.phase, utc(begin_of(one.from_)), utc(end_of(one.to))) for one in section.phases]
    for one in section.phases:
        if one.balance_from is None:
            continue
        opens = utc(begin_of(one.balance_from))
        following = min((span.opens for span in spans if span.opens > opens), default=opens + _BALANCE)
        spans.append(Span(Phase.BALANCE, opens, min(following, opens + _BALANCE)))
    return sorted(spans, key=lambda span: (span.opens, span.phase.rank))


def _same_currency(amount: Amount | None, shop: ShopSection, place: Source, name: str, faults: list[Fault]) -> None:
    if amount is not None and amount.currency not in (None, shop.currency):
        message = f"{name}: {amount}: no rate to the shop's {shop.currency} is known; write it in {shop.currency}"
        faults.append(Fault(place, message))
