"""Figures that are allowed and that hardly anybody means: a zero too many, a unit too large. Warnings with a place.

Called by :mod:`bidder.config.sense`. The ranges are wide: what stands outside them was nearly always another figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from bidder.catalog import Product
from bidder.config.file import File
from bidder.config.marks import Document
from bidder.errors import Fault
from bidder.rules.base import Rule
from bidder.rules.cash import Cash
from bidder.rules.cpa import Cpa
from bidder.rules.hot_list import HotList
from bidder.rules.roas import MarginalRoas, Roas
from bidder.rules.step import Step
from bidder.rules.total import Total
from bidder.written import Amount, show_percent

__all__ = ["plausible"]

_DAY = timedelta(days=1)

LONGEST: Mapping[str, timedelta] = {
    "step.cooldown": 30 * _DAY,
    "learning.days": 60 * _DAY,
    "launch.days": 90 * _DAY,
    "explore.turn": 60 * _DAY,
    "stock.cover": 365 * _DAY,
    "guard.target_driven.cooldown": 30 * _DAY,
    "guard.stale_after.api": 14 * _DAY,
    "guard.stale_after.amazon": 14 * _DAY,
    "guard.stale_after.files": 14 * _DAY,
    "guard.stale_after.stock": 14 * _DAY,
}
"""By word and field of rules, or by the keys of bidder.yaml."""

MOST: Mapping[str, int] = {
    "learning.clicks": 10_000,
    "learning.orders": 1_000,
    "guard.min_history.days": 90,
    "guard.min_history.or_clicks": 10_000,
}
LEAST_PERCENT = 0.01
"""A part below this is none, but for 0 % itself."""
HIGHEST_ROAS = 50.0
PRICES_AN_ORDER = 10
"""An order never costs so many times the dearest price in ads."""
LEAST_OF_DAY = 300
"""A budget below this part of the day's cap is none."""
LARGEST_STEP = 10
"""Changes below this part of the day's cap are most of all changes."""
LEAST_STEP = 10_000
"""Changes below this part of the day's cap are none."""


def plausible(file: File, document: Document, rules: Sequence[Rule], products: Sequence[Product]) -> Iterator[Fault]:
    """Every such figure of bidder.yaml and of the rules."""
    for path, value in _values(file.guard, ("guard",)):
        for said in _said(".".join(path), value):
            if document.has_key(path):
                yield Fault(document.at(path), said)
    day = file.budget.day
    for rule in rules:
        if rule.kind.word == "month" or rule.source == document.key_at(("guard",)):
            continue
        for name, field in type(rule.kind).model_fields.items():
            key = f"{rule.kind.word}.{field.alias or name}"
            for said in _said(key, getattr(rule.kind, name)):
                yield Fault(rule.source, f"{rule.name}: {said}")
        yield from _of_goods(rule, products)
        if day is not None:
            yield from _little(rule, day.max)


def _values(model: BaseModel, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        here = (*path, field.alias or name)
        if isinstance(value, BaseModel):
            yield from _values(value, here)
        else:
            yield here, value


def _said(key: str, value: Any) -> Iterator[str]:
    longest, most = LONGEST.get(key), MOST.get(key)
    if isinstance(value, timedelta) and longest is not None and value > longest:
        yield f"{key}: {value / _DAY:g} days; more than {longest / _DAY:g} are hardly meant"
    elif type(value) is int and most is not None and value > most:
        yield f"{key}: {value}; more than {most} are hardly meant"
    elif isinstance(value, float) and key.rpartition(".")[2] not in ("multiply",) and 0 < abs(value) < LEAST_PERCENT:
        yield f"{key}: {show_percent(value)}; less than 1% is hardly meant"


def _of_goods(rule: Rule, products: Sequence[Product]) -> Iterator[Fault]:
    """What is held against the shop's own goods."""
    kind = rule.kind
    prices = [one.price.to_float() for one in products if one.price is not None]
    if isinstance(kind, HotList) and products and kind.size > len(products):
        text = f"{rule.name}: hot_list.size {kind.size} is more than there are products, {len(products)}"
        yield Fault(rule.source, text)
    if isinstance(kind, Cpa) and prices and float(kind.max.value) > PRICES_AN_ORDER * max(prices):
        text = (
            f"{rule.name}: cpa.max {kind.max} is more than {PRICES_AN_ORDER} times the dearest price, {max(prices):g}"
        )
        yield Fault(rule.source, text)
    if isinstance(kind, Cpa) and prices and float(kind.max.value) < min(prices) / 100:
        yield Fault(rule.source, f"{rule.name}: cpa.max {kind.max} is less than 1% of every price")
    if isinstance(kind, Roas | MarginalRoas):
        low, high = (0.1, 10.0) if kind.min.of_break_even else (0.1, HIGHEST_ROAS)
        if not low <= kind.min.times <= high:
            what = "times break-even" if kind.min.of_break_even else "as a ROAS"
            yield Fault(rule.source, f"{rule.name}: {kind.word}.min {kind.min.times:g} {what} is hardly meant")


def _little(rule: Rule, cap: Amount) -> Iterator[Fault]:
    """Amounts that leave nothing to work with."""
    kind = rule.kind
    whole = isinstance(kind, Cash) or (isinstance(kind, Total) and kind.per != "day")
    most = getattr(kind, "max", None)
    if whole and rule.where is None and isinstance(most, Amount) and most.value < cap.value:
        text = f"{rule.name}: {kind.word}.max {most} is less than a single day may cost, {cap}"
        yield Fault(rule.source, text)
    for name in ("min", "max", "at", "day", "floor", "others"):
        amount = getattr(kind, name, None)
        if not isinstance(amount, Amount) or isinstance(kind, Cpa):
            continue
        if isinstance(kind, Step):
            if amount.value * LARGEST_STEP > cap.value:
                text = f"{rule.name}: step.min {amount} lets hardly any change pass beside the day's cap, {cap}"
                yield Fault(rule.source, text)
            elif amount.value * LEAST_STEP < cap.value:
                yield Fault(rule.source, f"{rule.name}: step.min {amount} is money, and stops no change; a part is 5%")
        elif 0 < amount.value * LEAST_OF_DAY < cap.value:
            text = f"{rule.name}: {kind.word}.{name} {amount} is next to nothing beside the day's cap, {cap}"
            yield Fault(rule.source, text)
