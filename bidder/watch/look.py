"""Everything the watch looks for, in one look; and what bidder itself remembers of budgets: bad rows, ping-pong."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from bidder.watch.account_wide import definition_change, overspend, tracking_break
from bidder.watch.days import Days
from bidder.watch.hold import SHOP, Effect, Hold
from bidder.watch.items import change_points, counts, rates

__all__ = ["CHECKS", "Look", "look", "ping_pong", "quarantine", "unread"]

CHECKS = (
    "anomaly_cpc",
    "anomaly_ctr",
    "change_point",
    "count",
    "definition_change",
    "overspend",
    "ping_pong",
    "quarantine",
    "tracking_break",
    "unread",
)
"""Whose findings end when they are no longer seen."""

MOST_BAD = 0.2
"""A budget of whose rows more than this part is not believed is held."""

MOST_REVERSALS = 3
"""So often within a week somebody else may set another amount, then bidder stops managing the budget."""

_PERSIST = ("anomaly_cpc", "anomaly_ctr", "count")
"""Seen at two polls in a row before they count."""


class Look(NamedTuple):
    """What is held now, and what will be if it is seen once more."""

    holds: list[Hold]
    suspects: list[tuple[str, str]]


def look(days: Days, suspects: Collection[tuple[str, str]], *, event: bool = False) -> Look:
    """One look. `suspects` are the (item, check) of the look before. An account's trouble explains its budgets'.

    `event`: yesterday or today is a day of an announced event. Nothing is then held against what other days are like:
    only a break of tracking and money that runs away are.
    """
    wide = [*tracking_break(days), *([] if event else definition_change(days)), *overspend(days)]
    explained = {one.item for one in wide}
    single = [] if event else [*counts(days), *rates(days), *change_points(days)]
    single = [one for one in single if one.item.partition("/")[0] not in explained]
    seen = [(one.item, one.check) for one in single if one.check in _PERSIST]
    known = set(suspects)
    holds = [one for one in single if one.check not in _PERSIST or (one.item, one.check) in known]
    return Look([*wide, *holds], seen)


def quarantine(bad: Mapping[str, tuple[int, int]], now: datetime) -> list[Hold]:
    """Budgets (account/budget) with too many rows that cannot be true: (bad, all) of the last poll."""
    return [
        Hold(item, "quarantine", f"{wrong} of {rows} rows cannot be true", now)
        for item, (wrong, rows) in sorted(bad.items())
        if rows > 0 and wrong > MOST_BAD * rows
    ]


def ping_pong(reversals: Mapping[str, int], now: datetime) -> list[Hold]:
    """Budgets that others have moved again and again within a week: theirs, not bidder's."""
    return [
        Hold(item, "ping_pong", f"somebody else moved it {times} times within a week", now, Effect.STAYS)
        for item, times in sorted(reversals.items())
        if times >= MOST_REVERSALS
    ]


def unread(accounts: Collection[str], now: datetime) -> list[Hold]:
    """Accounts whose budgets nobody has read yet: what they have of the day's total is not known, so nothing rises."""
    if not accounts:
        return []
    reason = f"the budgets of {', '.join(sorted(accounts))} were never read: their part of the total is not known"
    return [Hold(SHOP, "unread", reason, now, Effect.LOWERS)]
