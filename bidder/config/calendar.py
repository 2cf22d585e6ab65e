"""calendar.yaml → the events of the shop: phases in its zone, goods, prices and purses; every fault with its place.

An event with `joined: false` is one that the shop may still join: `bidder activities` weighs it, and nothing else
knows of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, WithJsonSchema, model_validator

from bidder.catalog import Product
from bidder.config.faults import faults_of
from bidder.config.file import Section, ShopSection
from bidder.config.marks import Document
from bidder.errors import ConfigError, Fault, Source
from bidder.promotion import Candidate, Phase, Promotion, Span
from bidder.rules.conditions import PATTERNS, WHEN_PATTERNS
from bidder.rules.goods import goods_condition, resolved
from bidder.written import Amount, Fraction, Monthly, PositiveAmount, read_amount, read_percent

__all__ = ["Calendar", "EventSection", "calendar_json_schema", "calendar_of"]

_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T]([01]\d|2[0-4]):([0-5]\d))?\Z")
_HIGHEST_LIFT = 10
_TOO_MUCH = ("more than a month may cost", "for one product more than a fifth of what a month may cost")
_BALANCE = timedelta(days=2)
"""Deposits are paid up for so long, or until the next phase."""


def _instant(value: Any) -> tuple[date, time | None, bool]:
    """The day, the hour (None: the whole day), and whether the hour is 24:00."""
    if isinstance(value, tuple):
        return value
    match = _TIME.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        shown = repr(value) if isinstance(value, str) else value
        raise ValueError(f'expected a day such as 2026-11-11 or an hour such as "2026-11-10 20:00", was {shown}')
    try:
        day = date.fromisoformat(match[1])
    except ValueError as e:
        raise ValueError(f"expected a day that there is, was {match[1]}") from e
    if match[2] is None:
        return day, None, False
    if match[2] == "24":
        if match[3] != "00":
            raise ValueError(f"expected an hour up to 24:00, was 24:{match[3]}")
        return day, None, True
    return day, time(int(match[2]), int(match[3])), False


def _name(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"expected a name such as 双11 or 618, was {value}")
    text = str(value).strip()
    if not 0 < len(text) <= 40:
        raise ValueError(f"expected 1 to 40 characters, was {len(text)}")
    return text


def _fee(value: Any) -> Amount:
    amount = read_amount(value)
    if amount.value < 0:
        raise ValueError(f"expected 0 or more, was {amount}")
    return amount


def _lift(value: Any) -> float:
    if isinstance(value, bool) or (not isinstance(value, int | float) and not hasattr(value, "as_tuple")):
        raise ValueError(f"expected a number such as 3 for three times an ordinary day's sales, was {value!r}")
    number = float(value)
    if not 1 <= number <= _HIGHEST_LIFT:
        raise ValueError(f"expected 1 to {_HIGHEST_LIFT}, was {value}")
    return number


def _times(value: Any) -> float:
    if isinstance(value, bool) or (not isinstance(value, int | float) and not hasattr(value, "as_tuple")):
        raise ValueError(f"expected a number such as 2 for twice the usual refunds, was {value!r}")
    number = float(value)
    if not 1 <= number <= _HIGHEST_LIFT:
        raise ValueError(f"expected 1 to {_HIGHEST_LIFT}, was {value}")
    return number


Instant = Annotated[
    tuple[date, time | None, bool],
    BeforeValidator(_instant),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\d{4}-\d{2}-\d{2}([ T]([01]\d|2[0-4]):[0-5]\d)?$",
            "examples": ["2026-11-11", "2026-11-10 20:00"],
        }
    ),
]
Name = Annotated[str, BeforeValidator(_name), WithJsonSchema({"type": ["string", "integer"], "maxLength": 40})]
Fee = Annotated[
    Amount,
    BeforeValidator(_fee),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": r"^\s*([A-Za-z]{3}\s*)?\d+(\.\d+)?(\s*[A-Za-z]{3})?\s*$"},
            ],
            "examples": [2000],
        }
    ),
]
Lift = Annotated[
    float,
    BeforeValidator(_lift),
    WithJsonSchema({"type": "number", "minimum": 1, "maximum": _HIGHEST_LIFT, "examples": [3]}),
]
Times = Annotated[
    float,
    BeforeValidator(_times),
    WithJsonSchema({"type": "number", "minimum": 1, "maximum": _HIGHEST_LIFT, "examples": [2]}),
]
Off = Annotated[
    float,
    BeforeValidator(partial(read_percent, low=0.0, high=0.9)),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*%\s*$", "examples": ["15%"]}),
]
_WORD: dict[str, Any] = {"type": ["string", "integer"]}
_KEYS = [key for key in PATTERNS if key not in WHEN_PATTERNS and PATTERNS[key].find("product.") >= 0]
Goods = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {
                    "type": "object",
                    "properties": {
                        key: {"anyOf": [_WORD, {"type": "array", "items": _WORD, "minItems": 1}]} for key in _KEYS
                    },
                    "minProperties": 1,
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


class PhaseSection(Section):
    """A phase of an event, by the hour in the shop's zone."""

    phase: Phase
    """store_up (蓄水), presale (预售), preheat (预热), burst (爆发), balance (尾款), steady, encore (返场),
    recover (恢复) or refunds (退款潮)."""
    from_: Instant = Field(alias="from")
    """Its first day, or the hour it opens."""
    to: Instant
    """Its last day, or the hour it closes; 24:00 is the end of that day."""
    balance_from: Instant | None = None
    """presale: from when deposits are paid up (尾款)."""

    @model_validator(mode="after")
    def _window(self) -> PhaseSection:
        if _begin(self.from_) >= _end(self.to):
            raise ValueError("expected from before to")
        if self.balance_from is not None:
            if self.phase is not Phase.PRESALE:
                raise ValueError(f"balance_from: belongs to presale, not to {self.phase.value}")
            if _begin(self.balance_from) < _begin(self.from_):
                raise ValueError("balance_from: expected after from")
        return self


class EventSection(Section):
    """A platform activity."""

    name: Name
    """What plans, rules and `event.name` call it."""
    phases: tuple[PhaseSection, ...] = Field(min_length=1)
    """What it does to the shop, when."""
    goods: Goods = None
    """Which products take part: CEL over what a product is, or a short pattern such as {tag: hero}. Without it: all."""
    discount: Off = 0.0
    """By how much the price that is paid falls in presale, burst, balance and encore, coupons included."""
    surcharge: Fraction = 0.0
    """What the platform takes of that price beyond its usual fees."""
    fee: Fee | None = None
    """Paid once for taking part (坑位费)."""
    fee_each: Fee | None = None
    """Paid once for each product that takes part."""
    purse: PositiveAmount | None = None
    """Money beyond ordinary budgets over the whole event, for rules with `from: purse`; never exceeded."""
    lift: Lift | None = None
    """How many times an ordinary day's sales a burst is expected to bring; learnt from the shop's own bursts."""
    refunds: Times | None = None
    """How many times the usual part of what it sells is paid back in the weeks after: 2 where it is not said."""
    paid_up: Fraction | None = None
    """presale: the part of deposits that are paid up (尾款支付率); what is ordered with a deposit counts so much."""
    cart_rate: Fraction | None = None
    """store_up: the part of pieces put into carts (加购) that are bought in the event; each counts so much."""
    new_share: Fraction | None = None
    """The part of a burst's buyers that are new to the shop, for `bidder activities`."""
    new_worth: Fee | None = None
    """What a new buyer is worth beyond the order, for `bidder activities`."""
    approved: dict[Phase, PositiveAmount] = Field(default_factory=dict)
    """Approved beforehand: up to so much a day of its goods' budgets, by phase, needs no further approval."""
    joined: bool = Field(default=True, strict=True)
    """false: the shop may still join; `bidder activities` weighs it."""
    deadline: Annotated[date, WithJsonSchema({"type": "string", "format": "date"})] | None = None
    """The last day to join."""

    @model_validator(mode="after")
    def _of_phases(self) -> EventSection:
        phases = {one.phase for one in self.phases}
        for key, phase in (("paid_up", Phase.PRESALE), ("cart_rate", Phase.STORE_UP)):
            if getattr(self, key) is not None and phase not in phases:
                raise ValueError(f"{key}: belongs to an event with a phase {phase.value}, which it has not")
        if (self.new_share is None) != (self.new_worth is None):
            raise ValueError("new_share: says nothing without new_worth, nor that without it")
        return self


def _begin(one: tuple[date, time | None, bool]) -> datetime:
    day, hour, late = one
    start = datetime.combine(day, hour or time())
    return start + timedelta(days=1) if late else start


def _end(one: tuple[date, time | None, bool]) -> datetime:
    day, hour, _ = one
    return datetime.combine(day, hour) if hour is not None else datetime.combine(day, time()) + timedelta(days=1)


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
        year = min(_begin(phase.from_) for phase in section.phases).year
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

    spans = [Span(one.phase, utc(_begin(one.from_)), utc(_end(one.to))) for one in section.phases]
    for one in section.phases:
        if one.balance_from is None:
            continue
        opens = utc(_begin(one.balance_from))
        following = min((span.opens for span in spans if span.opens > opens), default=opens + _BALANCE)
        spans.append(Span(Phase.BALANCE, opens, min(following, opens + _BALANCE)))
    return sorted(spans, key=lambda span: (span.opens, span.phase.rank))


def _same_currency(amount: Amount | None, shop: ShopSection, place: Source, name: str, faults: list[Fault]) -> None:
    if amount is not None and amount.currency not in (None, shop.currency):
        message = f"{name}: {amount}: no rate to the shop's {shop.currency} is known; write it in {shop.currency}"
        faults.append(Fault(place, message))


_ADAPTER = TypeAdapter(tuple[EventSection, ...])


def calendar_json_schema() -> dict[str, Any]:
    """The schema of the list of events."""
    return _ADAPTER.json_schema(by_alias=True)
