"""The only place that lets a bid or a target be written: brake, journal, compare, set, verify, as `apply` does budgets.

Called by `cycle` and by the commands that write. For each change the order is fixed: ask whether writing is allowed and
the brake lets it pass, read the value in force, compare it with the one the proposal was made from, make the intent
durable, set, read back, close the intent. What lowers spending comes first. A StoreError is let through: who cannot
journal must not write, and an open intent is settled before the next pass. So is a LeaseTaken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple

from bidder.account_day import AccountDay
from bidder.bidding import Lever, LeverChange, LeverId, LeverKind, LeverOutcome, shown, spends_more
from bidder.bids_known import bid_lines, on_account_days
from bidder.catalog import Account
from bidder.connectors.protocol import BidWriter, BudgetWriter
from bidder.guard.bids import JUMP, BidLimits, guard_bids
from bidder.guard.breaker import bids_flapping
from bidder.ids import AccountId, PlanId
from bidder.money import Currency
from bidder.outcome import Applied, Refused, Unresolved
from bidder.snapshot import day_number
from bidder.store.lever_protocol import LeverMove
from bidder.store.protocol import Store
from bidder.watch.hold import BIDS, Effect, Hold
from bidder.writing import (
    BREAKER_REST,
    NO_ANSWER,
    PATIENCE,
    PAUSE,
    UNREAD,
    Edits,
    OutcomeRow,
    asked,
    held_by,
    mode_refuses,
    stopped,
)

__all__ = ["BidResult", "apply_bids", "settle_bids"]


@dataclass(frozen=True, slots=True)
class BidResult:
    """What became of one change. `actual` is the value last read, None where nothing could be read.

    Values are millionths of the lever's unit. `seconds` is how long the platform took to answer the write.
    """

    lever: LeverId
    requested: int
    outcome: LeverOutcome
    actual: int | None
    reason: str
    seconds: float = 0.0

    def row(self) -> OutcomeRow:
        """As commands and the HTTP API tell it."""
        return {
            "budget": str(self.lever),
            "requested": shown(self.requested),
            "outcome": type(self.outcome).__name__,
            "actual": None if self.actual is None else shown(self.actual),
            "reason": self.reason,
        }


async def apply_bids(
    plan_id: PlanId,
    changes: Sequence[LeverChange],
    *,
    store: Store,
    writers: Mapping[AccountId, BudgetWriter],
    accounts: Mapping[AccountId, Account],
    limits: Mapping[AccountId, BidLimits],
    clock: Callable[[], datetime],
    approved: bool = False,
    back: bool = False,
    patience: timedelta = PATIENCE,
) -> list[BidResult]:
    """Writes the changes that move anything; a result for each, in their order.

    `accounts` have the mode that holds for bids: the lesser of the account's own and that of `bids`. `limits` are what
    a person allows, by account; an account without any is not written. `approved` lets accounts in propose be written.
    `back` is a person going back to earlier values: step, rest and bounds of `limits` do not hold it then, nor does a
    budget written today; everything else does. `patience` bounds every call to a platform.
    The state (ACTIVE, REDUCING, HALTED) is asked from the store before every write. Raises StoreError.
    """
    moving = [change for change in changes if change.moves]
    if not moving:
        return []
    levers = {one.id: one for one in await asyncio.to_thread(store.levers)}
    lines = await asyncio.to_thread(bid_lines, moving, levers, limits, accounts, store, clock())
    braked: dict[LeverId, str] = {}
    for held in guard_bids(lines):
        if not (back and held.check in _FOR_GOING_BACK):
            braked.setdefault(held.lever, f"{held.check}: {held.reason}")
    if not approved and not back:
        await _break(store, accounts, clock())
    holds = [] if approved or back else await asyncio.to_thread(store.holds, clock())
    desk = _Desk(plan_id, store, clock, patience)
    results: dict[LeverId, BidResult] = {}
    silent: set[AccountId] = set()
    for change in sorted(moving, key=spends_more):  # stable: what spends less first
        name = change.lever.account
        account, writer, lever = accounts.get(name), writers.get(name), levers.get(change.lever)
        refusal = mode_refuses(name, account, approved=approved or back) or braked.get(change.lever)
        if refusal is None and name not in limits:
            refusal = f"bids are off for account {name}: write bids: in bidder.yaml"
        if refusal is None:
            refusal = _held(change, lever, holds)
        if refusal is None and name in silent:
            refusal = f"not asked: account {name} gave no answer in time just now"
        if refusal is None and not isinstance(writer, BidWriter):
            refusal = f"account {name} has no writer of bids: its platform offers none"
        if refusal is not None or account is None or lever is None or not isinstance(writer, BidWriter):
            results[change.lever] = await desk.refuse(change, lever, refusal or "no writer", None)
        else:
            results[change.lever] = await desk.write(change, account, writer, lever)
            if results[change.lever].reason == UNREAD + NO_ANSWER:
                silent.add(account.id)
    return [results[change.lever] for change in moving]


_FOR_GOING_BACK = frozenset({"bid_within_bounds", "bid_within_step", "bid_rested", "one_lever_a_day"})
"""Checks that a person who goes back on purpose is not held by."""


async def settle_bids(
    store: Store,
    writers: Mapping[AccountId, BudgetWriter],
    clock: Callable[[], datetime],
    patience: timedelta = PATIENCE,
) -> list[BidResult]:
    """Reads back every write without a known outcome and closes it, as `apply.settle` does. Raises StoreError."""
    results = []
    for move in await asyncio.to_thread(store.open_lever_moves):
        writer, change = writers.get(move.lever.account), LeverChange(move.lever, move.before, move.after)
        if not isinstance(writer, BidWriter):
            results.append(_result(change, Unresolved("no writer for its account"), None))
            continue
        read = await _read(writer, move.lever, patience)
        if isinstance(read, str) or read.now is None:
            words = read if isinstance(read, str) else "it has no value of its own"
            results.append(_result(change, Unresolved(words), None))
            continue
        outcome: LeverOutcome
        if _arrived(change, read):
            outcome = Applied(read.now)
        elif read.now == move.before:
            outcome = Refused("it never landed: the old value is in force", read.now)
        else:
            what = f"neither {shown(move.before)} nor {shown(move.after)}, but {shown(read.now)} is in force"
            outcome = Refused(what, read.now)
            known = {one.id: one for one in await asyncio.to_thread(store.levers)}.get(move.lever)
            await _foreign(store, clock(), move.lever, move.after, read if known is None else _seen(known, read))
        day = day_number(AccountDay.of(move.at, writer.account.timezone).date)
        await asyncio.to_thread(store.finish_lever, move, outcome, clock(), day)
        results.append(_result(change, outcome, read.now))
    return results


class _Desk(NamedTuple):
    """What the writes of one pass share."""

    plan: PlanId
    store: Store
    clock: Callable[[], datetime]
    patience: timedelta

    async def write(self, change: LeverChange, account: Account, writer: BidWriter, lever: Lever) -> BidResult:
        """One change through all its steps."""
        halted = await stopped(self.store, raises=spends_more(change))
        if halted is not None:
            return _result(change, Refused(halted), None)
        read = await _read(writer, change.lever, self.patience)
        if isinstance(read, str):
            return await self.refuse(change, lever, f"{UNREAD}{read}", None)
        if read.now is not None and read.now == change.after:
            await asyncio.to_thread(self.store.add_levers, [_seen(lever, read)], self.clock())
            return BidResult(change.lever, change.after, Applied(read.now), read.now, "was in force already")
        if read.now is not None and change.before is not None and read.now != change.before:
            await _foreign(self.store, self.clock(), change.lever, change.before, _seen(lever, read))
        refusal = _unsafe(change, lever, read)
        counting = Edits(self.store, str(change.lever), getattr(writer, "bid_edits_an_hour", None))
        if refusal is None:
            refusal = await counting.too_often(self.clock())
        if refusal is not None:
            return await self.refuse(change, lever, refusal, read.now)
        # the kill switch may have been thrown while the platform was read
        halted = await stopped(self.store, raises=spends_more(change))
        if halted is not None:
            return _result(change, Refused(halted, read.now), read.now)
        return await self._send(change, account, writer, read, counting)

    async def _send(
        self, change: LeverChange, account: Account, writer: BidWriter, read: Lever, counting: Edits
    ) -> BidResult:
        assert read.now is not None
        begun, noting = self.clock(), monotonic()
        move: LeverMove = await asyncio.to_thread(
            self.store.begin_lever, self.plan, change.lever, read.currency, read.now, change.after, begun
        )
        edits = await counting.count(begun)
        day = day_number(AccountDay.of(begun, account.timezone).date)
        if monotonic() - noting > PAUSE:
            await asyncio.to_thread(self.store.check_leases)  # raises LeaseTaken: the intent is left to who took over
            halted = await stopped(self.store, raises=spends_more(change))
            if halted is not None:
                unsent = Refused(f"not sent: {halted}", read.now)
                await asyncio.to_thread(self.store.finish_lever, move, unsent, self.clock(), day)
                return _result(change, unsent, read.now)
        started = monotonic()
        said = await asked(lambda: writer.set_lever(change.lever, change.after), self.patience)
        seconds = monotonic() - started
        outcome = Unresolved(said) if isinstance(said, str) else said  # it may have arrived all the same
        outcome, actual = await _verified(writer, change, outcome, self.patience)
        if isinstance(outcome, Refused):
            await counting.uncount(edits)
        await asyncio.to_thread(self.store.finish_lever, move, outcome, self.clock(), day)
        return replace(_result(change, outcome, actual), seconds=seconds)

    async def refuse(self, change: LeverChange, lever: Lever | None, reason: str, actual: int | None) -> BidResult:
        """Nothing was sent, and the journal says why."""
        facts = {"plan": self.plan, "lever": str(change.lever), "after": shown(change.after), "reason": reason}
        if change.before is not None:
            facts["before"] = shown(change.before)
        facts["currency"] = Currency("") if lever is None else lever.currency
        if actual is not None:
            facts["actual"] = shown(actual)
        append = self.store.append
        await asyncio.to_thread(lambda: append("bid_outcome", self.clock(), result="refused", **facts))
        return _result(change, Refused(reason, actual), actual)


async def _break(store: Store, accounts: Mapping[AccountId, Account], now: datetime) -> None:
    """Trips the breaker when today's writes of bids go round in circles: a hold on all bids for a day."""
    landed = on_account_days(await asyncio.to_thread(store.lever_moves, now - timedelta(days=2)), accounts, now)
    reason = bids_flapping([(one.lever, one.before, one.after) for one in landed])
    if reason is not None:
        hold = Hold(BIDS, "bids_flapping", reason, now, Effect.STAYS, now + BREAKER_REST)
        await asyncio.to_thread(store.see_holds, [hold], now, ())


def _held(change: LeverChange, lever: Lever | None, holds: Sequence[Hold]) -> str | None:
    """What is held: all bids, this one, or the budget that pays for it."""
    for hold in holds:
        if hold.item in (BIDS, str(change.lever)) and (hold.effect is Effect.STAYS or spends_more(change)):
            return hold.said
    if lever is None or lever.budget is None:
        return None
    return held_by(lever.budget, holds, raises=spends_more(change))


def _unsafe(change: LeverChange, lever: Lever, read: Lever) -> str | None:
    """Why this value may not be set on what the platform has now; the brake has seen only what the store knew."""
    before, after, now = change.before, change.after, read.now
    if before is None or now is None:
        return "it has no value of its own in force"
    if change.lever.kind is not LeverKind.TARGET_ROAS and read.currency != lever.currency:
        return f"unit suspect: it was read in {lever.currency}, and is in {read.currency} now"
    if now != before:
        far = now > JUMP * before or now * JUMP < before
        return f"moved since: {shown(before)} was read, {shown(now)} is in force" + ("; unit suspect" if far else "")
    if not read.active:
        return "it is paused, or what it belongs to is"
    if read.minimum is not None and after < read.minimum:
        return f"the platform takes at least {shown(read.minimum)}"
    if read.maximum is not None and after > read.maximum:
        return f"the platform takes at most {shown(read.maximum)}"
    return None


async def _read(writer: BidWriter, lever: LeverId, patience: timedelta) -> Lever | str:
    """The bid, or in words why it could not be read."""
    return await asked(lambda: writer.read_lever(lever), patience)


async def _verified(
    writer: BidWriter, change: LeverChange, said: LeverOutcome, patience: timedelta
) -> tuple[LeverOutcome, int | None]:
    """What the read-back makes of the platform's answer, and the value read."""
    read = await _read(writer, change.lever, patience)
    if isinstance(said, Applied) and not isinstance(read, str) and read.now == change.before:
        read = await _read(writer, change.lever, patience)  # taken, it says: one more look, it may be slow to show
    if isinstance(read, str) or read.now is None:
        words = read if isinstance(read, str) else "it has no value of its own"
        return (said if isinstance(said, Refused) else Unresolved(f"could not be read back: {words}")), None
    if _arrived(change, read):
        return Applied(read.now), read.now
    match said:
        case Refused(reason):
            return Refused(reason, read.now), read.now
        case Unresolved(reason):
            return Unresolved(f"{reason}; {shown(read.now)} is in force now"), read.now
        case Applied():
            return Unresolved(f"said to be taken, but {shown(read.now)} is in force"), read.now


def _arrived(change: LeverChange, read: Lever) -> bool:
    """Whether the new value is in force. A bid has no room for rounding: it was on the platform's step."""
    return read.now is not None and read.now == change.after


async def _foreign(store: Store, at: datetime, lever: LeverId, expected: int, read: Lever) -> None:
    """Somebody else moved it: said once, and `read`, with all that is known of it, taken as what is in force."""
    assert read.now is not None
    facts = {"lever": str(lever), "expected": shown(expected), "found": shown(read.now), "currency": read.currency}
    await asyncio.to_thread(lambda: store.append("bid_foreign_edit", at, seen="apply", **facts))
    await asyncio.to_thread(store.add_levers, [read], at)


def _seen(lever: Lever, read: Lever) -> Lever:
    """What is known of it, with the value read: a single read tells less than the list (no product)."""
    return replace(lever, now=read.now, read_at=read.read_at, active=read.active, inherited=read.inherited)


def _result(change: LeverChange, outcome: LeverOutcome, actual: int | None) -> BidResult:
    reason = "read back" if isinstance(outcome, Applied) else outcome.reason
    return BidResult(change.lever, change.after, outcome, actual, reason)
