"""The only place that lets a bid or a target be written: brake, journal, compare, set, verify, as `apply` does budgets.

Called by `cycle` and by the commands that write. For each change the order is fixed: ask whether writing is allowed and
the brake lets it pass, read the value in force, compare it with the one the proposal was made from, make the intent
durable, set, read back, close the intent. What lowers spending comes first. A StoreError is let through: who cannot
journal must not write, and an open intent is settled before the next pass. So is a LeaseTaken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bidder.bidding import Lever, LeverChange, LeverId, LeverOutcome, shown, spends_more
from bidder.bids_known import bid_lines, on_account_days
from bidder.catalog import Account
from bidder.connectors.protocol import BidWriter, BudgetWriter
from bidder.guard.bids import BidLimits, guard_bids
from bidder.guard.breaker import bids_flapping
from bidder.ids import AccountId, PlanId
from bidder.outcome import Unresolved
from bidder.store.protocol import Store
from bidder.watch.hold import BIDS, Effect, Hold
from bidder.writing.allowed import BREAKER_REST, NO_ANSWER, PATIENCE, UNREAD, held_by, mode_refuses
from bidder.writing.bids import BidDoor, refuse
from bidder.writing.door import Desk, Done, OutcomeRow
from bidder.writing.edits import Edits

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
    desk = Desk(plan_id, store, clock, patience)
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
            done = await refuse(desk, change, lever, refusal or "no writer", None)
        else:
            counting = Edits(store, str(change.lever), getattr(writer, "bid_edits_an_hour", None))
            done = await BidDoor(desk, account.timezone, change, writer, lever).write(counting)
            if done.reason == UNREAD + NO_ANSWER:
                silent.add(account.id)
        results[change.lever] = _result(change, done)
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
    moves = await asyncio.to_thread(store.open_lever_moves)
    levers = {one.id: one for one in await asyncio.to_thread(store.levers)} if moves else {}
    for move in moves:
        writer, change = writers.get(move.lever.account), LeverChange(move.lever, move.before, move.after)
        if not isinstance(writer, BidWriter):
            results.append(_result(change, Done.of(Unresolved("no writer for its account"), None)))
            continue
        desk = Desk(move.plan, store, clock, patience)
        door = BidDoor(desk, writer.account.timezone, change, writer, levers.get(move.lever))
        read = await door.read()
        if isinstance(read, str) or read.now is None:
            words = read if isinstance(read, str) else door.none_word
            results.append(_result(change, Done.of(Unresolved(words), None)))
        else:
            results.append(_result(change, await door.settled(move, move.at, read, read.now)))
    return results


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


def _result(change: LeverChange, done: Done[int]) -> BidResult:
    return BidResult(change.lever, change.after, *done)
