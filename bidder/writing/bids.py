"""The door of a bid or target: how it is read, judged, set and journaled. Opened by `apply_bids` alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

from bidder.bidding import Lever, LeverChange, LeverKind, LeverOutcome, shown, spends_more
from bidder.connectors.protocol import BidWriter
from bidder.foreign_edits import OF_BIDS, tell
from bidder.guard.bids import JUMP
from bidder.money import Currency
from bidder.outcome import Refused
from bidder.store.lever_protocol import LeverMove
from bidder.writing.door import Desk, Done, Door

__all__ = ["BidDoor", "refuse"]


class BidDoor(Door[Lever, int, LeverMove]):
    """One bid or target; `lever` is what the store knows of it, None where it knows nothing."""

    value_word, none_word = "value", "it has no value of its own"

    def __init__(self, desk: Desk, zone: str, change: LeverChange, writer: BidWriter, lever: Lever | None) -> None:
        super().__init__(desk, zone, change.before, change.after)
        self._change = change
        self._writer = writer
        self._lever = lever

    @property
    def raises(self) -> bool:
        return spends_more(self._change)

    async def asked_now(self) -> Lever:
        return await self._writer.read_lever(self._change.lever)

    def value(self, read: Lever) -> int | None:
        return read.now

    def shown(self, value: int) -> str:
        return shown(value)

    def arrived(self, read: Lever) -> bool:
        """A bid has no room for rounding: it was on the platform's step."""
        return read.now is not None and read.now == self.after

    def unsafe(self, read: Lever) -> str | None:
        return _unsafe(self._change, self._lever, read)

    async def set(self) -> LeverOutcome:
        return await self._writer.set_lever(self._change.lever, self.after)

    def begin(self, read: Lever, at: datetime) -> LeverMove:
        assert read.now is not None
        plan, lever = self.desk.plan, self._change.lever
        return self.desk.store.begin_lever(plan, lever, read.currency, read.now, self.after, at)

    def finish(self, intent: LeverMove, outcome: LeverOutcome, at: datetime, day: int) -> None:
        self.desk.store.finish_lever(intent, outcome, at, day)

    async def refuse(self, reason: str, actual: int | None) -> Done[int]:
        return await refuse(self.desk, self._change, self._lever, reason, actual)

    async def moved_by_others(self, read: Lever, expected: int) -> None:
        assert read.now is not None
        at, store, item = self.desk.clock(), self.desk.store, self._change.lever
        await asyncio.to_thread(tell, store, OF_BIDS, item, expected, read.now, read.currency, at, seen="apply")
        await asyncio.to_thread(store.add_levers, [self._seen(read)], at)

    async def in_force_already(self, read: Lever) -> None:
        await asyncio.to_thread(self.desk.store.add_levers, [self._seen(read)], self.desk.clock())

    def _seen(self, read: Lever) -> Lever:
        """What is known of it, with the value read: a single read tells less than the list (no product)."""
        if self._lever is None:
            return read
        return replace(self._lever, now=read.now, read_at=read.read_at, active=read.active, inherited=read.inherited)


async def refuse(desk: Desk, change: LeverChange, lever: Lever | None, reason: str, actual: int | None) -> Done[int]:
    """Nothing was sent, and the journal says why; also of what has no door at all."""
    facts = {"plan": desk.plan, "lever": str(change.lever), "after": shown(change.after), "reason": reason}
    if change.before is not None:
        facts["before"] = shown(change.before)
    facts["currency"] = Currency("") if lever is None else lever.currency
    if actual is not None:
        facts["actual"] = shown(actual)
    append = desk.store.append
    await asyncio.to_thread(lambda: append("bid_outcome", desk.clock(), result="refused", **facts))
    return Done.of(Refused(reason, actual), actual)


def _unsafe(change: LeverChange, lever: Lever | None, read: Lever) -> str | None:
    """Why this value may not be set on what the platform has now; the brake has seen only what the store knew."""
    before, after, now = change.before, change.after, read.now
    if before is None or now is None:
        return "it has no value of its own in force"
    if change.lever.kind is not LeverKind.TARGET_ROAS and lever is not None and read.currency != lever.currency:
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
