"""What the store knows of bids that are to be written: lines for the brake, and what moved on the account day.

Used by `apply_bids` and by who proposes; it only reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar

from bidder.account_day import AccountDay
from bidder.bidding import Lever, LeverChange, LeverId
from bidder.catalog import Account
from bidder.guard.bids import FOREIGN_REST, BidLimits, BidLine
from bidder.ids import AccountId, BudgetId
from bidder.snapshot import EPOCH_ORDINAL
from bidder.store.protocol import StoreReader

__all__ = ["bid_lines", "bids_moved_today", "budgets_written_today", "foreign_bids", "on_account_days"]

SPAN = timedelta(days=2)
"""No account day began longer ago."""


class _Write(Protocol):
    @property
    def at(self) -> datetime: ...

    @property
    def status(self) -> str: ...


class _BidWrite(_Write, Protocol):
    @property
    def lever(self) -> LeverId: ...


W = TypeVar("W", bound=_BidWrite)


def on_account_days(moves: Sequence[W], accounts: Mapping[AccountId, Account], now: datetime) -> list[W]:
    """The moves that landed, or may have, on the account day that is running."""
    starts = {name: AccountDay.of(now, one.timezone).start_at for name, one in accounts.items()}
    return [one for one in moves if one.status != "refused" and one.at >= starts.get(one.lever.account, now - SPAN)]


def budgets_written_today(store: StoreReader, accounts: Mapping[AccountId, Account], now: datetime) -> set[BudgetId]:
    """Budgets whose write landed, or may have, on the account day that is running, and those with an open write."""
    starts = {name: AccountDay.of(now, one.timezone).start_at for name, one in accounts.items()}
    landed = {
        one.budget
        for one in store.writes(now - SPAN)
        if one.status != "refused" and one.at >= starts.get(one.budget.account, now - SPAN)
    }
    return landed | {one.budget for one in store.open_intents()}


def bids_moved_today(store: StoreReader, accounts: Mapping[AccountId, Account], now: datetime) -> set[BudgetId]:
    """Budgets of which a bid or target moved, or may have, on the account day that is running."""
    moved = {one.lever for one in on_account_days(store.lever_moves(now - SPAN), accounts, now)}
    if not moved:
        return set()
    return {one.budget for one in store.levers() if one.id in moved and one.budget is not None}


def foreign_bids(store: StoreReader, now: datetime) -> dict[LeverId, datetime]:
    """When somebody else last moved each bid, within the time that it is left alone for."""
    found: dict[LeverId, datetime] = {}
    for line in store.journal(kind="bid_foreign_edit", since=now - FOREIGN_REST):
        found.setdefault(LeverId.parse(str(line.facts["lever"])), line.at)
    return found


def bid_lines(
    changes: Sequence[LeverChange],
    levers: Mapping[LeverId, Lever],
    limits: Mapping[AccountId, BidLimits],
    accounts: Mapping[AccountId, Account],
    store: StoreReader,
    now: datetime,
) -> list[BidLine]:
    """Each change with all that the brake asks of it, as the store knows it now."""
    foreign, open_moves = foreign_bids(store, now), {one.lever for one in store.open_lever_moves()}
    moved, written = store.last_lever_moves(), budgets_written_today(store, accounts, now)
    lines = []
    for change in changes:
        name, lever = change.lever.account, levers.get(change.lever)
        zone = accounts[name].timezone if name in accounts else "UTC"
        lines.append(
            BidLine(
                change=change,
                lever=lever,
                limits=limits.get(name, BidLimits()),
                as_of=now,
                today=AccountDay.of(now, zone).date,
                moved=date.fromordinal(moved[change.lever] + EPOCH_ORDINAL) if change.lever in moved else None,
                foreign_at=foreign.get(change.lever),
                open=change.lever in open_moves,
                budget_moved=lever is not None and lever.budget in written,
            )
        )
    return lines
