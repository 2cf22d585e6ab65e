"""The only place that lets a budget be written: journal, compare, set, verify (ARCHITECTURE 6).

Called by `cycle` and by the commands that write. For each change the order is fixed: ask whether writing is allowed,
read the present amount, compare it with the one the plan was made from, make the intent durable, set, read back, close
the intent. Decreases come first; an increase is sent only while the amounts that may be in force stay within the cap.
A StoreError is let through: who cannot journal must not write, and an open intent is settled before the next pass. So
is a LeaseTaken: whoever was away while another took over writes nothing more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bidder.account_day import AccountDay
from bidder.bids_known import bids_moved_today
from bidder.catalog import Account, BudgetStatus
from bidder.connectors.protocol import BudgetWriter
from bidder.exposure import Exposure
from bidder.guard.breaker import Written, flapping
from bidder.ids import AccountId, BudgetId, PlanId
from bidder.money import Currency, Money
from bidder.plan import Change, Outcome, Refused, Unresolved
from bidder.store.protocol import Store
from bidder.watch.hold import SHOP, Effect, Hold
from bidder.writing.allowed import BREAKER_REST, NO_ANSWER, PATIENCE, UNREAD, held_by, mode_refuses
from bidder.writing.budgets import BudgetDoor, raises
from bidder.writing.door import Desk, Done, OutcomeRow
from bidder.writing.edits import Edits

__all__ = ["OutcomeRow", "WriteResult", "apply_changes", "settle"]


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of one change. `actual` is the amount last read, None where nothing could be read.

    `seconds` is how long the platform took to answer the write; 0 when nothing was sent.
    """

    budget: BudgetId
    requested: Money
    outcome: Outcome
    actual: Money | None
    reason: str
    seconds: float = 0.0

    def row(self) -> OutcomeRow:
        """As commands and the HTTP API tell it: amounts in the budget's own currency."""
        return {
            "budget": str(self.budget),
            "requested": str(self.requested),
            "outcome": type(self.outcome).__name__,
            "actual": None if self.actual is None else str(self.actual),
            "reason": self.reason,
        }


async def apply_changes(
    plan_id: PlanId,
    changes: Sequence[Change],
    *,
    store: Store,
    writers: Mapping[AccountId, BudgetWriter],
    accounts: Mapping[AccountId, Account],
    cap: Money | None,
    clock: Callable[[], datetime],
    budgets_in_force: Mapping[BudgetId, Money] | None = None,
    exchange: Mapping[Currency, float] | None = None,
    approved: bool = False,
    stopping: Collection[BudgetId] = (),
    raise_once: bool = False,
    patience: timedelta = PATIENCE,
) -> list[WriteResult]:
    """Writes the changes that move anything; a result for each, in their order.

    `cap` is in the shop's currency; None means that the sum may not rise. `budgets_in_force` are the amounts of all
    budgets that count towards it, changed or not; None takes the active ones of `accounts` as last read. `exchange`
    gives units of the cap's currency per unit of another. `approved` lets accounts in propose be written. `stopping`
    names budgets whose money is being stopped on purpose: they alone may fall below a third. With `raise_once` what
    was raised on this account day already is not raised again (some platforms spend by the day's highest budget), nor
    what has a bid or target that moved on it: budget and bid do not fight.
    `patience` bounds every call to a platform.
    A writer whose platform locks a budget that is changed too often says how often in an attribute `edits_an_hour`;
    a change beyond it is refused, and the count is kept across restarts.
    The state (ACTIVE, REDUCING, HALTED) is asked from the store before every write. Raises StoreError.
    """
    moving = [change for change in changes if change.moves]
    if not moving:
        return []
    currency = moving[0].after.currency if cap is None else cap.currency
    if budgets_in_force is None:
        budgets_in_force = await _active(store, accounts)
    in_force = {**{one.budget: one.before for one in moving if one.before is not None}, **budgets_in_force}
    exposure = Exposure(in_force, cap, currency, exchange or {})
    pending = {}
    for intent in await asyncio.to_thread(store.open_intents):
        present = in_force.get(intent.budget, intent.before)
        exposure.count(intent.budget, intent.before, intent.after, present)
        pending[intent.budget] = intent.number
    desk = Desk(plan_id, store, clock, patience)
    if not approved:
        await _break(store, accounts, list(in_force.values()), clock())
    held = [] if approved else await asyncio.to_thread(store.holds, clock())
    results: dict[BudgetId, WriteResult] = {}
    silent: set[AccountId] = set()
    raised = await _raised_today(store, accounts, clock()) if raise_once else frozenset()
    offered = await asyncio.to_thread(bids_moved_today, store, accounts, clock()) if raise_once else frozenset()
    for change in sorted(moving, key=raises):  # stable: decreases first, each read back before the first increase
        account, writer = accounts.get(change.budget.account), writers.get(change.budget.account)
        refusal = _not_allowed(change, account, writer, approved)
        if refusal is None and change.budget in pending:
            refusal = f"an earlier write (journal line {pending[change.budget]}) has no known outcome yet"
        if refusal is None and change.budget not in stopping:
            refusal = held_by(change.budget, held, raises=raises(change))
        if refusal is None and change.budget in raised and raises(change):
            refusal = "it was raised today already: the highest budget of a day is what a platform spends by"
        if refusal is None and change.budget in offered and raises(change):
            refusal = "a bid or target of it moved today: one of the two moves on a day"
        if refusal is None and change.budget.account in silent:
            refusal = f"not asked: account {change.budget.account} gave no answer in time just now"
        if refusal is not None or account is None or writer is None:
            results[change.budget] = _result(change, Done.of(Refused(refusal or "no writer"), None))
        else:
            door = BudgetDoor(desk, account.timezone, change, writer, exposure, stopping=change.budget in stopping)
            counting = Edits(store, str(change.budget), getattr(writer, "edits_an_hour", None))
            results[change.budget] = _result(change, await door.write(counting))
            if results[change.budget].reason == UNREAD + NO_ANSWER:
                silent.add(account.id)  # forty budgets of a platform that hangs would take an hour
    return [results[change.budget] for change in moving]


async def settle(
    store: Store,
    writers: Mapping[AccountId, BudgetWriter],
    clock: Callable[[], datetime],
    patience: timedelta = PATIENCE,
) -> list[WriteResult]:
    """Reads back every write without a known outcome and closes it: on start and before each pass.

    What cannot be read stays open, and is given as Unresolved. Raises StoreError.
    """
    results = []
    for intent in await asyncio.to_thread(store.open_intents):
        writer, change = writers.get(intent.budget.account), Change(intent.budget, intent.before, intent.after)
        if writer is None:
            results.append(_result(change, Done.of(Unresolved("no writer for its account"), None)))
            continue
        door = BudgetDoor(Desk(intent.plan, store, clock, patience), writer.account.timezone, change, writer)
        read = await door.read()
        if isinstance(read, str):
            results.append(_result(change, Done.of(Unresolved(read), None)))
        elif read.now is None or read.now.currency != intent.after.currency:
            nothing = Unresolved(f"it has no amount in {intent.after.currency}")
            results.append(_result(change, Done.of(nothing, read.now)))
        else:
            results.append(_result(change, await door.settled(intent, intent.at, read, read.now)))
    return results


async def _break(store: Store, accounts: Mapping[AccountId, Account], in_force: list[Money], now: datetime) -> None:
    """Trips the breaker when today's writes go round in circles: a hold on everything for a day."""
    since = min((AccountDay.of(now, one.timezone).start_at for one in accounts.values()), default=now)
    landed = [one for one in await asyncio.to_thread(store.writes, since) if one.status != "refused"]
    reason = flapping([Written(one.plan, one.budget, one.before, one.after) for one in landed], in_force)
    if reason is not None:
        hold = Hold(SHOP, "flapping", reason, now, Effect.STAYS, now + BREAKER_REST)
        await asyncio.to_thread(store.see_holds, [hold], now, ())


async def _raised_today(store: Store, accounts: Mapping[AccountId, Account], now: datetime) -> Collection[BudgetId]:
    """Budgets that were raised, or may have been, on the account day that is running."""
    starts = {name: AccountDay.of(now, one.timezone).start_at for name, one in accounts.items()}
    landed = await asyncio.to_thread(store.writes, min(starts.values(), default=now))
    return {
        one.budget
        for one in landed
        if one.status != "refused" and one.after > one.before and one.at >= starts.get(one.budget.account, now)
    }


async def _active(store: Store, accounts: Mapping[AccountId, Account]) -> dict[BudgetId, Money]:
    budgets = [one.budget for one in await asyncio.to_thread(store.budgets)]
    ours = [one for one in budgets if one.status is BudgetStatus.ACTIVE and one.id.account in accounts]
    return {one.id: one.now for one in ours if one.now is not None}


def _not_allowed(change: Change, account: Account | None, writer: BudgetWriter | None, approved: bool) -> str | None:
    """Why the account may not be written at all."""
    refusal = mode_refuses(change.budget.account, account, approved=approved)
    if refusal is not None or account is None:
        return refusal
    if writer is None:
        return f"account {account.id} has no writer"
    if change.after.currency != account.currency:
        return f"the amount is in {change.after.currency}, account {account.id} in {account.currency}"
    return None


def _result(change: Change, done: Done[Money]) -> WriteResult:
    return WriteResult(change.budget, change.after, *done)
