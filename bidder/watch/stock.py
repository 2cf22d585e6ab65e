"""What is sold out while its ads run: its budgets fall to the floor at once, and come back in two steps.

Stock that was last seen more than a day ago says nothing. Where the feed is taken for broken, that is said and nothing
is stopped (:mod:`bidder.watch.stock_feed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from bidder.catalog import Budget, BudgetStatus
from bidder.ids import BudgetId
from bidder.money import Money, minor_unit
from bidder.plan import Change
from bidder.snapshot import Snapshot
from bidder.watch.hold import Effect, Hold
from bidder.watch.stock_feed import feed_broken, fresh_stock

__all__ = ["CHECKS", "Stopped", "floor_of", "returns", "sold_out", "stops"]

CHECKS = ("sold_out", "stock_feed")

LARGEST_RAISE = 3
"""More than this factor at once looks like a wrong unit, and would be refused."""


class Stopped(NamedTuple):
    """A budget that was stopped: what it had, and the day of its first step back (None: still stopped)."""

    amount: Money
    back: date | None = None


def sold_out(snapshot: Snapshot, now: datetime) -> list[Hold]:
    """A hold for each running budget whose products are all known to be sold out; or one that says the feed broke."""
    stock = fresh_stock(snapshot)
    none_left = {product for product, pieces in stock.items() if pieces <= 0}
    if feed_broken(snapshot):
        reason = f"stock: {len(none_left)} of {len(stock)} products show none: the feed is taken for broken"
        return [Hold("stock", "stock_feed", reason, now, Effect.LOWERS)]
    return [
        Hold(str(one.id), "sold_out", f"stock: {', '.join(sorted(one.products))} is sold out", now, Effect.LOWERS)
        for one in snapshot.budgets
        if one.status is BudgetStatus.ACTIVE and one.products and none_left.issuperset(one.products)
    ]


def stops(snapshot: Snapshot, holds: list[Hold]) -> list[Change]:
    """From the amounts in force to the floors, of what is sold out."""
    items = {one.item for one in holds if one.check == "sold_out"}
    changes = [Change(one.id, one.now, floor_of(one)) for one in snapshot.budgets if str(one.id) in items]
    return [one for one in changes if one.before is not None and one.after < one.before]


def returns(
    snapshot: Snapshot, holds: list[Hold], stopped: Mapping[BudgetId, Stopped]
) -> tuple[list[Change], dict[BudgetId, Stopped]]:
    """The steps back of what is in stock again, and what is still remembered as stopped.

    First half of the old amount, the rest on a later day; never more than three times at once. Whatever somebody else
    has raised meanwhile, or no longer runs, is forgotten.
    """
    items = {one.item for one in holds if one.check == "sold_out"}
    broken = any(one.check == "stock_feed" for one in holds)
    budgets = {one.id: one for one in snapshot.budgets}
    changes: list[Change] = []
    kept: dict[BudgetId, Stopped] = {}
    for name, was in stopped.items():
        one = budgets.get(name)
        if one is None or one.now is None or one.status is not BudgetStatus.ACTIVE or one.now >= was.amount:
            continue
        if str(name) in items or broken or not _known(one, snapshot):
            kept[name] = was
            continue
        if was.back == snapshot.day:
            kept[name] = was
            continue
        wanted = was.amount.micros // 2 if was.back is None else was.amount.micros
        unit = _unit(one)
        micros = min(wanted, LARGEST_RAISE * one.now.micros) // unit * unit
        kept[name] = Stopped(was.amount, snapshot.day)
        if micros > one.now.micros:
            changes.append(Change(name, one.now, Money(micros, one.currency)))
    return changes, kept


def floor_of(budget: Budget) -> Money:
    """The least that the platform takes."""
    unit = _unit(budget)
    least = 0 if budget.minimum is None else budget.minimum.micros
    return Money(max(-(-least // unit), 1) * unit, budget.currency)


def _unit(budget: Budget) -> int:
    return budget.step.micros if budget.step is not None and budget.step.micros > 0 else minor_unit(budget.currency)


def _known(budget: Budget, snapshot: Snapshot) -> bool:
    """Whether one of its products is known to be in stock."""
    return any((found := snapshot.product(one)) is not None and (found.stock or 0) > 0 for one in budget.products)
