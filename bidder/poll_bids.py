"""Asks one account for its bids and targets and appends what it says to the store: the part of `poll` for bids.

Called by `poll` where `bids` is written for the account and its platform offers them. What cannot be true is left out
and counted; an account that suddenly shows less than half of what it had is not believed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import isfinite
from typing import Any

from bidder.account_day import AccountDay
from bidder.bidding import Lever, LeverId, LeverReport
from bidder.catalog import Account
from bidder.connectors.protocol import BidReader
from bidder.foreign_edits import OF_BIDS, Read, tell_all
from bidder.store.protocol import Store

__all__ = ["BidReading", "poll_bids"]

FEW = 4
"""Below so many known bids or rows a drop says nothing."""

ABSURD = 1e15

FIGURES_EVERY = timedelta(hours=3)
"""How often figures are asked for; bids at each poll. Bids are decided once a day, on whole days."""


@dataclass(frozen=True, slots=True)
class BidReading:
    """What came: `rows` bids and figures, `new` figures that said something new, `quarantined` that cannot be true.

    `fault` says why nothing of it is believed, "" when it is.
    """

    rows: int = 0
    new: int = 0
    quarantined: int = 0
    data_at: datetime | None = None
    fault: str = ""


async def poll_bids(
    reader: BidReader, store: Store, clock: Callable[[], datetime], days: int, lock: asyncio.Lock
) -> BidReading:
    """Every bid, then the figures of the last `days` whole account days. Raises ConnectorError, StoreError.

    Figures are asked for on the first poll of an account day and every `FIGURES_EVERY` from then on: those of thousands
    of keywords are many, and the running day decides nothing. Writes one `bid_foreign_edit` into the journal for each
    that somebody else has moved. `lock`: SQLite takes one writer at a time.
    """
    account, read_at = reader.account, clock()
    levers = [one for one in await reader.levers() if one.id.account == account.id]
    wrong = sorted({str(one.currency) for one in levers} - {str(account.currency)})
    if wrong:
        return BidReading(fault=f"is in {', '.join(wrong)}, expected {account.currency}")
    async with lock:
        known = {one.id: one for one in await asyncio.to_thread(store.levers) if one.id.account == account.id}
        active = {one for one, lever in known.items() if lever.active}
        gone = active - {one.id for one in levers}
        if len(active) >= FEW and len(gone) * 2 > len(active):
            return BidReading(rows=len(levers), fault=f"{len(gone)} of {len(active)} bids are missing from the answer")
        await asyncio.to_thread(_foreign_edits, levers, known, store, read_at)
        left = [replace(known[one], active=False) for one in sorted(gone)]
        await asyncio.to_thread(store.add_levers, [*levers, *left], read_at)
    today = AccountDay.of(read_at, account.timezone)
    first, last = today.next(-days).date, today.next(-1).date
    memory = f"bid_figures {account.id}"
    if not _due(await asyncio.to_thread(store.value, memory), today.date, read_at):
        return BidReading(rows=len(levers), data_at=read_at)
    reports = await reader.lever_reports(first, last)
    good = [one for one in reports if _can_be(one, account, last)]
    async with lock:
        missing, expected = await asyncio.to_thread(_missing, good, account, store, first, last)
        if expected >= FEW and missing * 2 > expected:
            fault = f"{missing} of {expected} rows of earlier days are missing from the answer"
            return BidReading(len(levers) + len(reports), 0, len(reports) - len(good), fault=fault)
        new = await asyncio.to_thread(store.add_lever_reports, good)
        await asyncio.to_thread(store.set_value, memory, [today.date.isoformat(), read_at.isoformat()])
    return BidReading(len(levers) + len(reports), new, len(reports) - len(good), read_at)


def _foreign_edits(levers: Sequence[Lever], known: Mapping[LeverId, Lever], store: Store, at: datetime) -> None:
    # what was written or read since this list was asked for is no sign of anybody
    mine = [one for one in levers if one.id not in known or (known[one.id].read_at or at) <= at]
    read = [Read(one.id, one.now, one.currency) for one in mine]
    ours = {(move.lever, value) for move in store.open_lever_moves() for value in (move.before, move.after)}
    tell_all(store, OF_BIDS, read, {lever.id: lever.now for lever in known.values()}, ours, at)


def _due(asked: Any, today: date, now: datetime) -> bool:
    """Whether figures are to be asked for, after those that were: [account day, instant], or nothing of use."""
    try:
        age = now - datetime.fromisoformat(asked[1])
        return bool(asked[0] != today.isoformat()) or not timedelta() <= age < FIGURES_EVERY
    except (TypeError, ValueError, IndexError):
        return True


def _can_be(one: LeverReport, account: Account, last: date) -> bool:
    """Whether a row can be true."""
    p = one.performance
    counts = [value for value in (p.impressions, p.clicks, p.orders, p.units, one.rank) if value is not None]
    money = [amount for amount in (p.spend, p.revenue) if amount is not None]
    shares = [value for value in (one.share, one.top_share) if value is not None]
    return (
        one.lever.account == account.id
        and one.day <= last
        and all(isfinite(value) and 0 <= value < ABSURD for value in counts)
        and all(amount.micros >= 0 and amount.currency == account.currency for amount in money)
        and all(isfinite(value) and 0 <= value <= 1 for value in shares)
        and (p.clicks is None or p.impressions is None or p.clicks <= p.impressions)
        and bool(counts or money)
    )


def _missing(good: Sequence[LeverReport], account: Account, store: Store, first: date, last: date) -> tuple[int, int]:
    """How many rows of earlier days with money spent the store has that the answer lacks, and of how many."""
    expected = {
        (one.lever, one.day)
        for one in store.lever_reports(first, last)
        if one.lever.account == account.id and one.performance.spend
    }
    return len(expected - {(one.lever, one.day) for one in good}), len(expected)
