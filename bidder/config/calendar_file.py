"""The shape of calendar.yaml: events with their phases, as a person writes them. Read by `calendar`.

Docstrings under fields are what an editor shows and what the reference page says.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, TypeAdapter, WithJsonSchema, model_validator

from bidder.config.fields import Section
from bidder.promotion import Phase
from bidder.rules.conditions import PATTERNS, WHEN_PATTERNS
from bidder.written import Amount, Fraction, PositiveAmount, read_amount, read_percent

__all__ = ["EventSection", "PhaseSection", "begin_of", "calendar_json_schema", "end_of"]

_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T]([01]\d|2[0-4]):([0-5]\d))?\Z")
_HIGHEST_LIFT = 10


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
        if begin_of(self.from_) >= end_of(self.to):
            raise ValueError("expected from before to")
        if self.balance_from is not None:
            if self.phase is not Phase.PRESALE:
                raise ValueError(f"balance_from: belongs to presale, not to {self.phase.value}")
            if begin_of(self.balance_from) < begin_of(self.from_):
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


def begin_of(one: tuple[date, time | None, bool]) -> datetime:
    """The local instant at which what is written so begins."""
    day, hour, late = one
    start = datetime.combine(day, hour or time())
    return start + timedelta(days=1) if late else start


def end_of(one: tuple[date, time | None, bool]) -> datetime:
    """The local instant at which it is over: a day to its end."""
    day, hour, _ = one
    return datetime.combine(day, hour) if hour is not None else datetime.combine(day, time()) + timedelta(days=1)


_ADAPTER = TypeAdapter(tuple[EventSection, ...])


def calendar_json_schema() -> dict[str, Any]:
    """The schema of the list of events."""
    return _ADAPTER.json_schema(by_alias=True)
