"""What somebody else has moved on a platform, a budget or a bid: one line in the journal each, read by `watch`.

`poll` and `poll_bids` look for it in all that a platform lists, `writing` in what it reads right before a write.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from bidder.bidding import LeverId, shown
from bidder.ids import BudgetId
from bidder.money import Currency, Money
from bidder.store.protocol import Store

__all__ = ["OF_BIDS", "OF_BUDGETS", "Read", "Told", "tell", "tell_all"]

K = TypeVar("K", BudgetId, LeverId)
V = TypeVar("V")


class Told(NamedTuple, Generic[V]):
    """The kind of the line, the fact that names the thing, and how a value of it is written."""

    line: str
    item: str
    shown: Callable[[V], str]


OF_BUDGETS: Told[Money] = Told("foreign_edit", "budget", str)
OF_BIDS: Told[int] = Told("bid_foreign_edit", "lever", shown)


class Read(NamedTuple, Generic[K, V]):
    """One thing as listed; `now` None: it has no value."""

    id: K
    now: V | None
    currency: Currency


def tell(
    store: Store, told: Told[V], item: K, expected: V, found: V, currency: Currency, at: datetime, *, seen: str
) -> None:
    """Journals one; `seen` is who saw it, `poll` or `apply`. Raises StoreError."""
    facts = {told.item: str(item), "expected": told.shown(expected), "found": told.shown(found)}
    store.append(told.line, at, currency=currency, seen=seen, **facts)


def tell_all(
    store: Store,
    told: Told[V],
    read: Iterable[Read[K, V]],
    last: Mapping[K, V | None],
    ours: Collection[tuple[K, V]],
    at: datetime,
) -> None:
    """Journals those whose value is neither `last` read or written nor one of `ours`. Raises StoreError.

    `ours` are values that a write of unknown outcome may have set.
    """
    for item, now, currency in read:
        before = last.get(item)
        if before is not None and now is not None and now != before and (item, now) not in ours:
            tell(store, told, item, before, now, currency, at, seen="poll")
