"""A pushed message, whether it comes over MQTT or HTTP → Pushed, or Junk that says what is wrong with it.

The shape is `Observation` below; its JSON Schema is published as config/schema/observations.json. Money is in the
shop's currency. Nothing of a message is trusted: figures below zero, NaN, instants in the future, ids that are none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, NoReturn

from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError, model_validator

from bidder import activity
from bidder.account_day import AccountDay
from bidder.activity import Pushed
from bidder.ids import ALIAS, ProductId
from bidder.money import MICROS, Currency

__all__ = ["LARGEST", "NAMES", "Feed", "Junk", "Observation", "Understood", "decoded", "understood"]

LARGEST = 256 * 1024
"""Bytes of one message; a metrics message has a few hundred."""

MOST = Decimal(10) ** 12
AHEAD = timedelta(minutes=5)
"""By how much a sender's clock may be ahead of ours."""

OLDEST = timedelta(days=30)
"""Older messages are stale: by which messages such a day came about is no longer known."""

_ALIASES = {
    "page_views": "views",
    "add_to_cart": "carts",
    "favorites": "favourites",
    "paid_orders": "orders",
    "paid_amount": "revenue",
    "sales": "revenue",
    "refund": "refunds",
}
NAMES = (*activity.COUNTS, *activity.MONEY)
"""The metrics that are taken; others are left out and counted."""

Amount = Annotated[Decimal, Field(ge=0, le=MOST, allow_inf_nan=False, decimal_places=6)]
Text = Annotated[StrictStr, Field(max_length=200)]


class Junk(ValueError):
    """A message that is not taken. `result` is invalid or oversize."""

    def __init__(self, reason: str, result: str = "invalid") -> None:
        self.result = result
        super().__init__(reason)


class Observation(BaseModel):
    """What a product of the shop (without a product: the shop itself) did, as of an instant or for a whole day.

    The same (source, product_id, traffic, ts, metric) again is the same figure: sending twice changes nothing, and the
    message with the higher `seq` holds.
    """

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, title="observation")

    source: Text | None = None
    """The name of an `activity` entry; may be left out where there is only one."""
    shop: Text | None = None
    """The shop's name; another one is refused."""
    product_id: Text | int | None = None
    """The shop's own id of the product."""
    traffic: Text = ""
    """Where the visitors came from; empty for all together."""
    ts: datetime | None = None
    """The instant that the figures are of, with its zone (or seconds since 1970)."""
    day: date | None = Field(default=None, alias="date")
    """Instead of ts: the whole day that the figures are of, in the shop's zone."""
    metrics: dict[str, Amount] = Field(min_length=1, max_length=50)
    """Figures by name: visitors, views, carts, favourites, orders, buyers, units, new_buyers, old_buyers, revenue,
    refunds. Money is in the shop's currency, as a number or as text."""
    seq: int = Field(default=0, ge=0, le=2**53)
    """Which of two messages of the same instant holds: the higher."""

    @model_validator(mode="after")
    def _when(self) -> Observation:
        if (self.ts is None) == (self.day is None):
            raise ValueError("expected ts or date")
        if self.ts is not None and self.ts.tzinfo is None:
            raise ValueError("ts: expected an instant with its zone such as 2026-03-01T09:30:00+08:00")
        return self


@dataclass(frozen=True, slots=True)
class Feed:
    """A source that pushes. `running`: its figures are the day's totals so far; else what was added."""

    name: str
    shop: str
    timezone: str
    currency: Currency
    running: bool = True


@dataclass(frozen=True, slots=True)
class Understood:
    """A message that is taken, and how many of its metrics nobody knows."""

    pushed: Pushed
    unknown: int


def decoded(payload: bytes, largest: int = LARGEST) -> Any:
    """JSON as it is, with exact numbers. Raises Junk for what is none, for NaN, and for what is too large."""
    if len(payload) > largest:
        raise Junk(f"{len(payload):,} bytes, at most {largest:,} are taken", "oversize")
    try:
        return json.loads(payload, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_once)
    except (ValueError, RecursionError) as e:
        raise Junk(str(e) if isinstance(e, Junk) else "no JSON") from e


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a name that stands there twice is a fault, for nobody knows which figure is meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Junk("a name stands twice in one object")
    return found


def _no_number(text: str) -> NoReturn:
    raise Junk(f"{text} is no number")


def understood(
    value: Any, feeds: Mapping[str, Feed], now: datetime, *, shop: str | None = None, product: str | None = None
) -> Understood:
    """One decoded message. `shop` and `product` are what its topic names. Raises Junk."""
    try:
        message = Observation.model_validate(value)
    except ValidationError as e:
        raise Junk(_reasons(e)) from e
    feed = _feed(message, feeds)
    for said in (shop, message.shop):
        if said is not None and said != feed.shop:
            raise Junk(f"shop {said[:40]!r} is not this one")
    named = None if message.product_id is None else str(message.product_id)
    if product is not None and named not in (None, product):
        raise Junk("product_id is another one than the topic's")
    at, day = _instant(message, feed, now)
    values: dict[str, int] = {}
    for name, amount in message.metrics.items():
        known = _ALIASES.get(name, name)
        if known in values:
            raise Junk(f"metrics: {known} stands there twice, under two names")
        if known in NAMES:
            values[known] = int(amount * MICROS)
    if not values:
        raise Junk("none of its metrics is known")
    identity = _product(product if named is None else named)
    pushed = Pushed(
        feed.name, identity, day, at, values, feed.currency, feed.running, message.traffic.strip(), message.seq
    )
    return Understood(pushed, len(message.metrics) - len(values))


def _feed(message: Observation, feeds: Mapping[str, Feed]) -> Feed:
    if message.source is None:
        if len(feeds) != 1:
            raise Junk("source: expected the name of an activity entry")
        return next(iter(feeds.values()))
    if message.source not in feeds:
        known = message.source[:40] if ALIAS.match(message.source[:32]) else "…"
        raise Junk(f"source: no activity entry {known!r} takes pushes")
    return feeds[message.source]


def _instant(message: Observation, feed: Feed, now: datetime) -> tuple[datetime, AccountDay]:
    if message.day is not None:
        day = AccountDay(feed.timezone, message.day)
        if day.date > AccountDay.of(now, feed.timezone).date:
            raise Junk("date: is in the future")
        if message.day.year < 2000:
            raise Junk("date: expected a year from 2000")
        return day.end_at - timedelta(seconds=1), day
    assert message.ts is not None
    try:
        at = message.ts.astimezone(UTC)
    except OverflowError:
        raise Junk("ts: expected a year from 2000, not beyond any calendar") from None
    if at > now + AHEAD:
        raise Junk("ts: is in the future")
    if at.year < 2000:
        raise Junk("ts: expected a year from 2000")
    return at, AccountDay.of(at, feed.timezone)


def _product(text: str | None) -> ProductId | None:
    if text is None:
        return None
    text = text.strip()
    if not text or len(text) > 64 or any(ord(one) < 0x21 or one in "/+#\x7f" for one in text):
        raise Junk("product_id: expected at most 64 characters without spaces")
    return ProductId(text)


def _reasons(e: ValidationError) -> str:
    found: Sequence[Mapping[str, Any]] = e.errors(include_url=False, include_context=False, include_input=False)
    first = found[0]
    place = ".".join(str(step)[:40] for step in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
