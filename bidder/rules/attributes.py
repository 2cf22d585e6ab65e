"""The names that a condition may use, and their values in a Snapshot, a column each.

Called by :mod:`bidder.rules.conditions`. A name is `root.attribute`, or a root that is a value itself (`channel`,
`date`). A value that is unknown is left out, so that a condition on it cannot be told and chooses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bidder.catalog import Budget, Product
from bidder.money import Money
from bidder.response.event_days import event_rows
from bidder.rules.events import event_days, event_discounts, event_names, event_phase, event_phases
from bidder.snapshot import FloatArray, IntArray, Snapshot
from bidder.watch.stock_feed import believed_stock

__all__ = ["NAMES", "WHEN_ROOTS", "Attributes", "Name", "stock_cover_days", "units_a_day"]

COVER_DAYS = 14
"""Stock cover is counted against the units of so many days."""


@dataclass(frozen=True, slots=True)
class Name:
    """A documented name: what it means, of what, two samples of its type, and its values in a Snapshot."""

    meaning: str
    of: Literal["product", "budget", "day"]
    samples: tuple[Any, Any]
    read: Callable[[Snapshot], Sequence[Any]]


def units_a_day(snapshot: Snapshot) -> list[float]:
    """Units (orders where units are unknown) of each product a day, over the 14 days before the decided one.

    Once an event is over its days are no measure of what is sold a day, and are left out.
    """
    history = snapshot.history
    recent = (history.day >= snapshot.today - COVER_DAYS) & (history.day < snapshot.today) & (history.product >= 0)
    days = np.full(len(snapshot.products), float(COVER_DAYS))
    if snapshot.calendar and not event_phase(snapshot):
        unlike = recent & event_rows(snapshot, history)
        left = _days_of(history.product, history.day, recent & ~unlike, len(days))
        seen = _days_of(history.product, history.day, recent, len(days))
        gone = (seen > left) & (left > 0)  # a product without an ordinary day keeps those it has
        recent &= ~(unlike & gone[history.product])
        days = np.where(gone, np.maximum(COVER_DAYS - (seen - left), 1.0), days)
    sold = np.nan_to_num(np.where(np.isnan(history.units), history.orders, history.units))
    counts = np.bincount(history.product[recent], weights=sold[recent], minlength=len(snapshot.products))
    return [float(count) / over for count, over in zip(counts, days.tolist(), strict=True)]


def _days_of(product: IntArray, day: IntArray, rows: NDArray[np.bool_], size: int) -> FloatArray:
    """On how many different days each product has a row."""
    if not rows.any():
        return np.zeros(size)
    pairs = np.unique(np.stack([product[rows], day[rows]]), axis=1)
    return np.bincount(pairs[0], minlength=size).astype(np.float64)


def stock_cover_days(snapshot: Snapshot) -> list[float | None]:
    """Days that each product's stock lasts at its units a day; None when that is unknown, 0.0 when nothing is left."""
    days: list[float | None] = []
    for stock, units in zip(believed_stock(snapshot), units_a_day(snapshot), strict=True):
        if stock is None:
            days.append(None)
        elif stock <= 0:
            days.append(0.0)
        else:
            days.append(stock / units if units > 0 else None)
    return days


def _product(meaning: str, samples: tuple[Any, Any], read: Callable[[Product], Any]) -> Name:
    return Name(meaning, "product", samples, lambda snapshot: [read(product) for product in snapshot.products])


def _budget(meaning: str, samples: tuple[Any, Any], read: Callable[[Budget], Any]) -> Name:
    return Name(meaning, "budget", samples, lambda snapshot: [read(budget) for budget in snapshot.budgets])


def _amount(meaning: str, read: Callable[[Budget], Money | None]) -> Name:
    def column(snapshot: Snapshot) -> list[float | None]:
        amounts = [(read(budget), budget.currency) for budget in snapshot.budgets]
        return [None if a is None else float(a.to_float() * snapshot.rate(c)) for a, c in amounts]

    return Name(meaning, "budget", (180.5, 30.5), column)


def _account(meaning: str, samples: tuple[str, str], attribute: str) -> Name:
    def column(snapshot: Snapshot) -> list[str]:
        values = {account.id: str(getattr(account, attribute)) for account in snapshot.accounts}
        return [values[budget.id.account] for budget in snapshot.budgets]

    return Name(meaning, "budget", samples, column)


def _day(meaning: str, samples: tuple[Any, Any], read: Callable[[Snapshot], Any]) -> Name:
    return Name(meaning, "day", samples, lambda snapshot: [read(snapshot)])


def _roles(snapshot: Snapshot) -> list[str]:
    roles = {product: hot.role for listed in snapshot.hot.values() for product, hot in listed.items()}
    heroes = {product for listed in snapshot.hot.values() for product, hot in listed.items() if hot.role == "hero"}
    return ["hero" if p.id in heroes else roles.get(p.id, "") for p in snapshot.products]


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _major(value: Money | None) -> float | None:
    return None if value is None else value.to_float()


NAMES: Mapping[str, Name] = {
    "product.id": _product("the shop's item id or SKU", ("P-88", "P-89"), lambda p: str(p.id)),
    "product.name": _product("its name", ("tea", ""), lambda p: p.name),
    "product.tags": _product("its tags, a list", (["hero"], []), lambda p: sorted(p.tags)),
    "product.category": _product("its category", ("tea", ""), lambda p: p.category),
    "product.role": Name("hero or auxiliary on yesterday's hot list, else empty", "product", ("hero", ""), _roles),
    "product.price": _product("average paid price, shop currency", (68.5, 199.25), lambda p: _major(p.price)),
    "product.cost": _product("cost of the goods, shop currency", (19.5, 99.25), lambda p: _major(p.cost)),
    "product.margin": _product(
        "contribution of an order over its price, before ads (0.42 = 42 %)", (0.42, 0.05), lambda p: _number(p.margin)
    ),
    "product.break_even_roas": _product(
        "the ROAS at which ads neither earn nor lose (1 / margin)",
        (2.25, 19.5),
        lambda p: 1.0 / p.margin if p.margin is not None and p.margin > 0 else None,
    ),
    "product.return_rate": _product(
        "share of sales refunded (0.06 = 6 %)", (0.06, 0.25), lambda p: _number(p.return_rate)
    ),
    "product.stock": Name("pieces in stock", "product", (640, 0), believed_stock),
    "product.lead_days": _product("days until ordered goods arrive", (20, 3), lambda p: p.lead_days),
    "product.stock_cover_days": Name(
        f"stock over the units a day of the last {COVER_DAYS} days", "product", (31.5, 2.5), stock_cover_days
    ),
    "budget.id": _budget("account/budget", ("ztc/1", "ztc/2"), lambda b: str(b.id)),
    "budget.name": _budget("its name", ("tea", ""), lambda b: b.name),
    "budget.group": _budget("its group, for example a portfolio", ("a", ""), lambda b: b.group),
    "budget.products": _budget("ids of its products, a list", (["P-88"], []), lambda b: sorted(map(str, b.products))),
    "budget.now": _amount("the amount in force, shop currency", lambda b: b.now),
    "budget.minimum": _amount("the platform's least amount, shop currency", lambda b: b.minimum),
    "budget.status": _budget("active, paused or removed", ("active", "paused"), lambda b: b.status.value),
    "budget.target_driven": _budget(
        "whether a target steers it and its budget is only a lid", (True, False), lambda b: b.target_driven
    ),
    "campaign.name": _budget("the campaign's name", ("tea", ""), lambda b: b.name),
    "campaign.ids": _budget(
        "the platform's numbers of the campaigns on the budget, a list", (["12345"], []), lambda b: sorted(b.campaigns)
    ),
    "channel": _budget(
        "search, feed, site, content, live, activity or item_ops, or the file's own; empty when unknown",
        ("search", ""),
        lambda b: b.channel,
    ),
    "account.name": _budget("the account's name in bidder.yaml", ("ztc", "amz"), lambda b: str(b.id.account)),
    "account.platform": _account("its platform", ("taobao", "amazon"), "platform"),
    "account.mode": _account("observe, propose, apply or manual", ("apply", "observe"), "mode"),
    "account.currency": _budget("its currency", ("CNY", "USD"), lambda b: str(b.currency)),
    "shop.currency": _day("the shop's currency", ("CNY", "USD"), lambda s: str(s.currency)),
    "shop.spent_month": _day("spent this calendar month before today", (1200.5, 0.5), lambda s: _major(s.spent_month)),
    "date": _day(
        "the day that is decided; compare it with date('2026-11-11')",
        (datetime(2026, 11, 11, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)),
        lambda s: datetime.combine(s.day, time.min, UTC),
    ),
    # these hold for the budgets of the event's goods, and by the hour; a rule's `when` asks them budget by budget
    "event.name": Name("the calendar's event that its products are in, else empty", "budget", ("618", ""), event_names),
    "event.phase": Name("its phase at the hour of the decision, else empty", "budget", ("burst", ""), event_phases),
    "event.day": Name("the day of the phase, 1 for its first; 0 outside events", "budget", (1, 0), event_days),
    "event.discount": Name(
        "by which part the price is lower now (0.15 = 15 %)", "budget", (0.15, 0.0), event_discounts
    ),
}
"""Every name of the condition language. `product.*` holds for a budget when it holds for any of its products."""

WHEN_ROOTS = frozenset({"date", "event", "shop"})
"""Roots that say something about the day; `when` may use no others."""


@dataclass(slots=True)
class Attributes:
    """The values of names in one Snapshot, each column computed once and reduced to its distinct values."""

    snapshot: Snapshot
    _columns: dict[str, Sequence[Any]] = field(default_factory=dict)
    _distinct: dict[str, tuple[IntArray, list[Any]]] = field(default_factory=dict)
    _pairs: tuple[IntArray, IntArray] | None = None

    def column(self, name: str) -> Sequence[Any]:
        """The values of a name: one a product, one a budget, or a single one for the day."""
        if name not in self._columns:
            self._columns[name] = NAMES[name].read(self.snapshot)
        return self._columns[name]

    def distinct(self, name: str) -> tuple[IntArray, list[Any]]:
        """The distinct values of a name, and for each entity which of them it has; the first one is "unknown"."""
        if name not in self._distinct:
            codes: dict[Any, int] = {None: 0}
            values: list[Any] = [None]
            places: list[int] = []
            for value in self.column(name):
                key = tuple(value) if isinstance(value, list) else value
                code = codes.get(key)
                if code is None:
                    code = codes[key] = len(values)
                    values.append(value)
                places.append(code)
            places.append(0)  # one more at the end: position -1 is unknown
            self._distinct[name] = np.array(places, dtype=np.int64), values
        return self._distinct[name]

    @property
    def pairs(self) -> tuple[IntArray, IntArray]:
        """(budget, product) positions; a budget whose products are unknown stands once, with product −1."""
        if self._pairs is None:
            place = {product.id: index for index, product in enumerate(self.snapshot.products)}
            budgets, products = [], []
            for index, budget in enumerate(self.snapshot.budgets):
                for at in sorted({place.get(product, -1) for product in budget.products}) or [-1]:
                    budgets.append(index)
                    products.append(at)
            self._pairs = np.array(budgets, dtype=np.int64), np.array(products, dtype=np.int64)
        return self._pairs
