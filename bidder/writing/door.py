"""One write on its way to a platform, whatever is written: the order of its steps, and what a read-back proves.

`budgets` has the :class:`Door` of a budget (Money), `bids` that of a bid or target (millionths): they say how theirs is
read, judged, set and journaled. The order is here: ask whether writing is allowed, read what is in force, compare, make
the intent durable, set, read back, close the intent. What a pass left open is closed by `settled`.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import ClassVar, Generic, NamedTuple, TypedDict, TypeVar

from bidder.account_day import AccountDay
from bidder.ids import PlanId
from bidder.outcome import Applied, OutcomeOf, Refused, Unresolved
from bidder.snapshot import day_number
from bidder.store.protocol import Store
from bidder.writing.allowed import PAUSE, UNREAD, asked, stopped
from bidder.writing.edits import Edits

__all__ = ["Desk", "Done", "Door", "OutcomeRow"]

T = TypeVar("T")
"""What a platform is read as: a Budget, a Lever."""
V = TypeVar("V")
"""What is set: Money, millionths."""
W = TypeVar("W")
"""The intent to write it, as the store keeps it."""


class OutcomeRow(TypedDict):
    """What became of one change, for programs and people. `budget` names what was to be written, also a bid."""

    budget: str
    requested: str
    outcome: str
    actual: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What the writes of one pass share. `patience` bounds every call to a platform."""

    plan: PlanId
    store: Store
    clock: Callable[[], datetime]
    patience: timedelta


class Done(NamedTuple, Generic[V]):
    """What became of one write; `actual` is what was last read, None where nothing could be read.

    `seconds` is how long the platform took to answer the write; 0 when nothing was sent.
    """

    outcome: OutcomeOf[V]
    actual: V | None
    reason: str
    seconds: float = 0.0

    @classmethod
    def of(cls, outcome: OutcomeOf[V], actual: V | None, seconds: float = 0.0) -> Done[V]:
        """With the outcome's own reason."""
        return cls(outcome, actual, "read back" if isinstance(outcome, Applied) else outcome.reason, seconds)


class Door(ABC, Generic[T, V, W]):
    """One thing of one account that is to be set from `before` (None: never read) to `after`."""

    value_word: ClassVar[str]
    """How a value of it is called: amount."""
    none_word: ClassVar[str]
    """What is said where the platform has no value of it."""

    def __init__(self, desk: Desk, zone: str, before: V | None, after: V) -> None:
        self.desk = desk
        self.zone = zone
        self.before = before
        self.after = after

    # ---- what differs between a budget and a bid

    @property
    @abstractmethod
    def raises(self) -> bool:
        """Whether more may be spent after it."""

    @abstractmethod
    async def asked_now(self) -> T:
        """What the platform has now. May raise whatever a connector raises."""

    @abstractmethod
    def value(self, read: T) -> V | None:
        """The value in force."""

    @abstractmethod
    def shown(self, value: V) -> str:
        """For people and the journal."""

    @abstractmethod
    def arrived(self, read: T) -> bool:
        """Whether the new value is in force."""

    @abstractmethod
    def unsafe(self, read: T) -> str | None:
        """Why the new value may not be set on what the platform has now."""

    @abstractmethod
    async def set(self) -> OutcomeOf[V]:
        """Asks the platform for it: what its reply proves. May raise whatever a connector raises."""

    @abstractmethod
    def begin(self, read: T, at: datetime) -> W:
        """The intent to move it from what was read, made durable."""

    @abstractmethod
    def finish(self, intent: W, outcome: OutcomeOf[V], at: datetime, day: int) -> None:
        """The intent, closed; `day` is the account day of the write."""

    @abstractmethod
    async def refuse(self, reason: str, actual: V | None) -> Done[V]:
        """Nothing was sent, and the journal says why."""

    @abstractmethod
    async def moved_by_others(self, read: T, expected: V) -> None:
        """Somebody else moved it: said once, and taken as what is in force."""

    async def in_force_already(self, read: T) -> None:
        """The new value is in force, and bidder has not set it now."""

    def found(self, now: V) -> None:
        """This was read before the write."""

    def closing(self, outcome: OutcomeOf[V], actual: V | None, now: V) -> None:
        """This is about to be journaled of what was sent; `now` was in force before."""

    # ---- the order of the steps

    async def write(self, counting: Edits) -> Done[V]:
        """All steps."""
        halted = await stopped(self.desk.store, raises=self.raises)
        if halted is not None:
            return Done.of(Refused(halted), None)
        read = await self.read()
        if isinstance(read, str):
            return await self.refuse(f"{UNREAD}{read}", None)
        now = self.value(read)
        if now is not None and now == self.after:
            self.found(now)
            await self.in_force_already(read)
            return Done(Applied(now), now, "was in force already")
        if now is not None:
            self.found(now)
            if self.before is not None and now != self.before:
                await self.moved_by_others(read, self.before)
        refusal = self.unsafe(read) or await counting.too_often(self.desk.clock())
        if refusal is not None:
            return await self.refuse(refusal, now)
        # the kill switch may have been thrown while the platform was read
        halted = await stopped(self.desk.store, raises=self.raises)
        if halted is not None:
            return Done.of(Refused(halted, now), now)
        assert now is not None  # else it is unsafe
        return await self._send(read, now, counting)

    async def settled(self, intent: W, at: datetime, read: T, now: V) -> Done[V]:
        """Closes an intent begun `at` whose outcome was not known, by what is in force now.

        The new value: Applied. The old one: Refused. Another one: Refused, with the value somebody else set.
        """
        outcome: OutcomeOf[V]
        if self.arrived(read):
            outcome = Applied(now)
        elif now == self.before:
            outcome = Refused(f"it never landed: the old {self.value_word} is in force", now)
        else:
            assert self.before is not None
            neither = f"neither {self.shown(self.before)} nor {self.shown(self.after)}"
            outcome = Refused(f"{neither}, but {self.shown(now)} is in force", now)
            await self.moved_by_others(read, self.after)
        await asyncio.to_thread(self.finish, intent, outcome, self.desk.clock(), self._day(at))
        return Done.of(outcome, now)

    async def read(self) -> T | str:
        """What the platform has, or in words why it could not be read."""
        return await asked(self.asked_now, self.desk.patience)

    async def _send(self, read: T, now: V, counting: Edits) -> Done[V]:
        store, clock = self.desk.store, self.desk.clock
        begun, noting = clock(), monotonic()
        intent = await asyncio.to_thread(self.begin, read, begun)
        edits = await counting.count(begun)
        day = self._day(begun)
        if monotonic() - noting > PAUSE:
            await asyncio.to_thread(store.check_leases)  # raises LeaseTaken: the intent is left to who took over
            halted = await stopped(store, raises=self.raises)
            if halted is not None:
                unsent: OutcomeOf[V] = Refused(f"not sent: {halted}", now)
                await asyncio.to_thread(self.finish, intent, unsent, clock(), day)
                return Done.of(unsent, now)
        started = monotonic()
        said = await asked(self.set, self.desk.patience)
        seconds = monotonic() - started
        # without an answer it may have arrived all the same
        outcome, actual = await self._verified(Unresolved(said) if isinstance(said, str) else said)
        self.closing(outcome, actual, now)
        if isinstance(outcome, Refused):
            await counting.uncount(edits)
        await asyncio.to_thread(self.finish, intent, outcome, clock(), day)
        return Done.of(outcome, actual, seconds)

    async def _verified(self, said: OutcomeOf[V]) -> tuple[OutcomeOf[V], V | None]:
        """What the read-back makes of the platform's answer, and the value read."""
        read = await self.read()
        if isinstance(said, Applied) and not isinstance(read, str) and self.value(read) == self.before:
            read = await self.read()  # taken, it says: one more look, it may be slow to show
        now = None if isinstance(read, str) else self.value(read)
        if isinstance(read, str) or now is None:
            why = read if isinstance(read, str) else self.none_word
            return (said if isinstance(said, Refused) else Unresolved(f"could not be read back: {why}")), None
        if self.arrived(read):
            return Applied(now), now
        match said:
            case Refused(reason):
                return Refused(reason, now), now
            case Unresolved(reason):
                return Unresolved(f"{reason}; {self.shown(now)} is in force now"), now
            case Applied():
                return Unresolved(f"said to be taken, but {self.shown(now)} is in force"), now

    def _day(self, at: datetime) -> int:
        return day_number(AccountDay.of(at, self.zone).date)
