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
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple

from bidder.account_day import AccountDay
from bidder.bids_known import bids_moved_today
from bidder.catalog import Account, Budget, BudgetStatus
from bidder.connectors.protocol import BudgetWriter
from bidder.exposure import Exposure
from bidder.guard.breaker import Written, flapping
from bidder.ids import AccountId, BudgetId, PlanId
from bidder.money import Currency, Money
from bidder.plan import Applied, Change, Outcome, Refused, Unresolved
from bidder.snapshot import day_number
from bidder.store.protocol import Store
from bidder.watch.hold import SHOP, Effect, Hold
from bidder.writing import (
    BREAKER_REST,
    JUMP,
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

__all__ = ["JUMP", "OutcomeRow", "WriteResult", "apply_changes", "settle"]


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
    desk = _Desk(plan_id, store, clock, exposure, patience)
    if not approved:
        await _break(store, accounts, list(in_force.values()), clock())
    held = [] if approved else await asyncio.to_thread(store.holds, clock())
    results: dict[BudgetId, WriteResult] = {}
    silent: set[AccountId] = set()
    raised = await _raised_today(store, accounts, clock()) if raise_once else frozenset()
    offered = await asyncio.to_thread(bids_moved_today, store, accounts, clock()) if raise_once else frozenset()
    for change in sorted(moving, key=_raises):  # stable: decreases first, each read back before the first increase
        account, writer = accounts.get(change.budget.account), writers.get(change.budget.account)
        refusal = _not_allowed(change, account, writer, approved)
        if refusal is None and change.budget in pending:
            refusal = f"an earlier write (journal line {pending[change.budget]}) has no known outcome yet"
        if refusal is None and change.budget not in stopping:
            refusal = held_by(change.budget, held, raises=_raises(change))
        if refusal is None and change.budget in raised and _raises(change):
            refusal = "it was raised today already: the highest budget of a day is what a platform spends by"
        if refusal is None and change.budget in offered and _raises(change):
            refusal = "a bid or target of it moved today: one of the two moves on a day"
        if refusal is None and change.budget.account in silent:
            refusal = f"not asked: account {change.budget.account} gave no answer in time just now"
        if refusal is not None or account is None or writer is None:
            results[change.budget] = _refused(change, refusal or "no writer")
        else:
            results[change.budget] = await desk.write(change, account, writer, change.budget in stopping)
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

    The new amount in force: Applied. The old one: Refused. Another one: Refused, with the amount somebody else set.
    What cannot be read stays open, and is given as Unresolved. Raises StoreError.
    """
    results = []
    for intent in await asyncio.to_thread(store.open_intents):
        writer, change = writers.get(intent.budget.account), Change(intent.budget, intent.before, intent.after)
        if writer is None:
            results.append(_result(change, Unresolved("no writer for its account"), None))
            continue
        read = await _read(writer, intent.budget, patience)
        if isinstance(read, str):
            results.append(_result(change, Unresolved(read), None))
            continue
        if read.now is None or read.now.currency != intent.after.currency:
            results.append(_result(change, Unresolved(f"it has no amount in {intent.after.currency}"), read.now))
            continue
        outcome: Outcome
        if _arrived(change, read):
            outcome = Applied(read.now)
        elif read.now == intent.before:
            outcome = Refused("it never landed: the old amount is in force", read.now)
        else:
            outcome = Refused(f"neither {intent.before} nor {intent.after}, but {read.now} is in force", read.now)
            await _foreign(store, clock(), intent.budget, intent.after, read)
        day = day_number(AccountDay.of(intent.at, writer.account.timezone).date)
        await asyncio.to_thread(store.finish, intent, outcome, clock(), day)
        results.append(_result(change, outcome, read.now))
    return results


class _Desk(NamedTuple):
    """What the writes of one pass share."""

    plan: PlanId
    store: Store
    clock: Callable[[], datetime]
    exposure: Exposure
    patience: timedelta

    async def write(self, change: Change, account: Account, writer: BudgetWriter, stopping: bool) -> WriteResult:
        """One change through all its steps."""
        halted = await stopped(self.store, raises=_raises(change))
        if halted is not None:
            return _refused(change, halted)
        read = await _read(writer, change.budget, self.patience)
        if isinstance(read, str):
            return await self._refuse(change, f"{UNREAD}{read}", None)
        if read.now is not None and read.now == change.after:
            self.exposure.count(change.budget, read.now)
            return WriteResult(change.budget, change.after, Applied(read.now), read.now, "was in force already")
        if read.now is not None:
            self.exposure.count(change.budget, read.now)
            same_unit = read.now.currency == read.currency
            if change.before is not None and read.now != change.before and same_unit:
                await _foreign(self.store, self.clock(), change.budget, change.before, read)
        refusal = _unsafe(change, read, stopping)
        if refusal is None and _raises(change):
            refusal = self.exposure.lacks_room(change.budget, change.after)
        if refusal is None:
            refusal = await _edits(self.store, change, writer).too_often(self.clock())
        if refusal is not None:
            return await self._refuse(change, refusal, read.now)
        # the kill switch may have been thrown while the platform was read
        halted = await stopped(self.store, raises=_raises(change))
        if halted is not None:
            return _refused(change, halted, read.now)
        return await self._send(change, account, writer, read)

    async def _send(self, change: Change, account: Account, writer: BudgetWriter, read: Budget) -> WriteResult:
        assert read.now is not None
        begun, noting = self.clock(), monotonic()
        intent = await asyncio.to_thread(self.store.begin, self.plan, change.budget, read.now, change.after, begun)
        counting = _edits(self.store, change, writer)
        edits = await counting.count(begun)
        day = day_number(AccountDay.of(begun, account.timezone).date)
        if monotonic() - noting > PAUSE:
            await asyncio.to_thread(self.store.check_leases)  # raises LeaseTaken: the intent is left to who took over
            halted = await stopped(self.store, raises=_raises(change))
            if halted is not None:
                unsent = Refused(f"not sent: {halted}", read.now)
                await asyncio.to_thread(self.store.finish, intent, unsent, self.clock(), day)
                return _result(change, unsent, read.now)
        started = monotonic()
        said = await _set(writer, change, self.patience)
        seconds = monotonic() - started
        outcome, actual = await _verified(writer, change, said, self.patience)
        match outcome:
            case Applied(amount):
                self.exposure.count(change.budget, amount)
            case Refused():
                self.exposure.count(change.budget, actual or read.now)
                await counting.uncount(edits)
            case Unresolved():
                self.exposure.count(change.budget, read.now, change.after, *([actual] if actual else []))
        await asyncio.to_thread(self.store.finish, intent, outcome, self.clock(), day)
        return replace(_result(change, outcome, actual), seconds=seconds)

    async def _refuse(self, change: Change, reason: str, actual: Money | None) -> WriteResult:
        facts = {"plan": self.plan, "budget": str(change.budget), "before": str(change.before)}
        facts |= {"after": str(change.after), "currency": change.after.currency, "reason": reason}
        if actual is not None:
            facts["actual"] = str(actual)
        append = self.store.append
        await asyncio.to_thread(lambda: append("outcome", self.clock(), result="refused", **facts))
        return _refused(change, reason, actual)


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


def _raises(change: Change) -> bool:
    return change.before is None or change.after > change.before


def _edits(store: Store, change: Change, writer: BudgetWriter) -> Edits:
    return Edits(store, str(change.budget), getattr(writer, "edits_an_hour", None))


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


def _unsafe(change: Change, read: Budget, stopping: bool) -> str | None:
    """Why this amount may not be set on what the platform has now."""
    before, after, now = change.before, change.after, read.now
    if before is None or now is None:
        return "its amount in force was never read"
    if now.currency != after.currency or before.currency != after.currency:
        return f"unit suspect: {after.currency} is to be set where the platform has {now.currency}"
    if now != before:
        far = now.micros > JUMP * before.micros or now.micros * JUMP < before.micros
        return f"moved since: {before} was read, {now} is in force" + ("; unit suspect" if far else "")
    if after.micros <= 0:
        return f"{after} is not an amount: on some platforms it means no limit"
    if after.micros > JUMP * now.micros or (after.micros * JUMP < now.micros and not stopping):
        return f"unit suspect: from {now} to {after} is more than {JUMP} times up or down"
    if read.status is BudgetStatus.REMOVED:
        return "the platform has removed it"
    if read.status is BudgetStatus.PAUSED and after > now:
        return "it is paused: a paused budget is not raised"
    if read.minimum is not None and after < read.minimum:
        return f"the platform takes at least {read.minimum}"
    if read.maximum is not None and after > read.maximum:
        return f"the platform takes at most {read.maximum}"
    return None


async def _read(writer: BudgetWriter, budget: BudgetId, patience: timedelta) -> Budget | str:
    """The budget, or in words why it could not be read."""
    return await asked(lambda: writer.read(budget), patience)


async def _set(writer: BudgetWriter, change: Change, patience: timedelta) -> Outcome:
    said = await asked(lambda: writer.set(change.budget, change.after), patience)
    return Unresolved(said) if isinstance(said, str) else said  # it may have arrived all the same


async def _verified(
    writer: BudgetWriter, change: Change, said: Outcome, patience: timedelta
) -> tuple[Outcome, Money | None]:
    """What the read-back makes of the platform's answer, and the amount read."""
    read = await _read(writer, change.budget, patience)
    if isinstance(said, Applied) and not isinstance(read, str) and read.now == change.before:
        read = await _read(writer, change.budget, patience)  # taken, it says: one more look, it may be slow to show
    if isinstance(read, str) or read.now is None:
        words = read if isinstance(read, str) else "it has no amount"
        return (said if isinstance(said, Refused) else Unresolved(f"could not be read back: {words}")), None
    if _arrived(change, read):
        return Applied(read.now), read.now
    match said:
        case Refused(reason):
            return Refused(reason, read.now), read.now
        case Unresolved(reason):
            return Unresolved(f"{reason}; {read.now} is in force now"), read.now
        case Applied():
            return Unresolved(f"said to be taken, but {read.now} is in force"), read.now


def _arrived(change: Change, read: Budget) -> bool:
    """Whether the new amount is in force, to the platform's own step."""
    now, after = read.now, change.after
    if now is None or now.currency != after.currency or now == change.before:
        return False
    step = 0 if read.step is None else read.step.micros
    return abs(now.micros - after.micros) <= step


async def _foreign(store: Store, at: datetime, budget: BudgetId, expected: Money, read: Budget) -> None:
    """Somebody else moved the budget: said once, and taken as what is in force."""
    facts = {"budget": str(budget), "expected": str(expected), "found": str(read.now), "currency": read.currency}
    await asyncio.to_thread(lambda: store.append("foreign_edit", at, seen="apply", **facts))
    await asyncio.to_thread(store.add_budgets, [read], at)


def _refused(change: Change, reason: str, actual: Money | None = None) -> WriteResult:
    return _result(change, Refused(reason, actual), actual)


def _result(change: Change, outcome: Outcome, actual: Money | None) -> WriteResult:
    reason = "read back" if isinstance(outcome, Applied) else outcome.reason
    return WriteResult(change.budget, change.after, outcome, actual, reason)
