"""The door of a budget: how it is read, judged, set and journaled. Opened by `apply` alone."""

from __future__ import annotations

import asyncio
from datetime import datetime

from bidder.catalog import Budget, BudgetStatus
from bidder.connectors.protocol import BudgetWriter
from bidder.exposure import Exposure
from bidder.foreign_edits import OF_BUDGETS, tell
from bidder.money import Money
from bidder.plan import Applied, Change, Outcome, Refused, Unresolved
from bidder.store.protocol import Intent
from bidder.writing.allowed import JUMP
from bidder.writing.door import Desk, Done, Door

__all__ = ["BudgetDoor", "raises"]


def raises(change: Change) -> bool:
    """Whether more may be spent after it."""
    return change.before is None or change.after > change.before


class BudgetDoor(Door[Budget, Money, Intent]):
    """One budget; `exposure` keeps what may be in force of all of them, where more than one is written."""

    value_word, none_word = "amount", "it has no amount"

    def __init__(
        self,
        desk: Desk,
        zone: str,
        change: Change,
        writer: BudgetWriter,
        exposure: Exposure | None = None,
        *,
        stopping: bool = False,
    ) -> None:
        super().__init__(desk, zone, change.before, change.after)
        self._change = change
        self._writer = writer
        self._exposure = exposure
        self._stopping = stopping

    @property
    def raises(self) -> bool:
        return raises(self._change)

    async def asked_now(self) -> Budget:
        return await self._writer.read(self._change.budget)

    def value(self, read: Budget) -> Money | None:
        return read.now

    def shown(self, value: Money) -> str:
        return str(value)

    def arrived(self, read: Budget) -> bool:
        """To the platform's own step."""
        now, after = read.now, self.after
        if now is None or now.currency != after.currency or now == self.before:
            return False
        step = 0 if read.step is None else read.step.micros
        return abs(now.micros - after.micros) <= step

    def unsafe(self, read: Budget) -> str | None:
        refusal = _unsafe(self._change, read, self._stopping)
        if refusal is None and self.raises and self._exposure is not None:
            return self._exposure.lacks_room(self._change.budget, self.after)
        return refusal

    async def set(self) -> Outcome:
        return await self._writer.set(self._change.budget, self.after)

    def begin(self, read: Budget, at: datetime) -> Intent:
        assert read.now is not None
        return self.desk.store.begin(self.desk.plan, self._change.budget, read.now, self.after, at)

    def finish(self, intent: Intent, outcome: Outcome, at: datetime, day: int) -> None:
        self.desk.store.finish(intent, outcome, at, day)

    async def refuse(self, reason: str, actual: Money | None) -> Done[Money]:
        facts = {"plan": self.desk.plan, "budget": str(self._change.budget), "before": str(self.before)}
        facts |= {"after": str(self.after), "currency": self.after.currency, "reason": reason}
        if actual is not None:
            facts["actual"] = str(actual)
        append = self.desk.store.append
        await asyncio.to_thread(lambda: append("outcome", self.desk.clock(), result="refused", **facts))
        return Done.of(Refused(reason, actual), actual)

    async def moved_by_others(self, read: Budget, expected: Money) -> None:
        if read.now is None or read.now.currency != read.currency:
            return  # in which unit it was moved cannot be told
        at, store, item = self.desk.clock(), self.desk.store, self._change.budget
        await asyncio.to_thread(tell, store, OF_BUDGETS, item, expected, read.now, read.currency, at, seen="apply")
        await asyncio.to_thread(store.add_budgets, [read], at)

    def found(self, now: Money) -> None:
        self._count(now)

    def closing(self, outcome: Outcome, actual: Money | None, now: Money) -> None:
        match outcome:
            case Applied(amount):
                self._count(amount)
            case Refused():
                self._count(actual or now)
            case Unresolved():
                self._count(now, self.after, *([actual] if actual else []))

    def _count(self, *possible: Money) -> None:
        if self._exposure is not None:
            self._exposure.count(self._change.budget, *possible)


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
