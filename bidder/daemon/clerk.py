"""Answers the pages' questions from the daemon's memory and store, and does what a person says there.

Fulfils :mod:`bidder.web.clerk`. Approving, rejecting and typing go through the same functions as the commands; answers
that take a tenth of a second are kept until something happens (the journal's number tells).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
from pydantic import SecretStr

from bidder import cycle
from bidder.account_day import AccountDay
from bidder.apply import WriteResult
from bidder.apply_bids import BidResult
from bidder.approval import APPROVING, approve, named, reject
from bidder.catalog import Mode
from bidder.config.load import Config
from bidder.daemon.digesting import digest_now
from bidder.daemon.due import DECIDED_DAY
from bidder.daemon.reload import CONFIRMED, WAITING
from bidder.decide import Decision, decide
from bidder.errors import BidderError, ConfigError, Fault, UnsafePlan
from bidder.explain.activities import ActivityAdvice, advise, resolved_candidates
from bidder.explain.digest_document import DigestDocument
from bidder.explain.document import WhatIf
from bidder.explain.what_if import beside, changed_policy
from bidder.ids import AccountId
from bidder.intake.by_hand import take
from bidder.rules.goods import resolved
from bidder.store.protocol import Store
from bidder.web.clerk import Waiting

__all__ = ["DaemonClerk"]

DIGEST_KEPT = 600.0
"""Seconds: what it says of yesterday does not change with every poll of today."""

Wrote = Callable[[Sequence[WriteResult | BidResult]], Awaitable[None]]


class DaemonClerk:
    """`config` gives the configuration in force; `wrote` hears what became of every write."""

    def __init__(self, config: Callable[[], Config], store: Store, clock: Callable[[], datetime], wrote: Wrote) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._wrote = wrote
        self._faults: tuple[Fault, ...] = ()
        self._decision: Decision | None = None
        self._kept: dict[str, tuple[tuple[Any, ...], Any]] = {}
        self._lock = threading.Lock()
        self._under_way: set[asyncio.Task[Any]] = set()

    # ---- what the daemon tells

    def decided(self, decision: Decision) -> None:
        """The newest decision."""
        self._decision = decision

    def read(self, error: BidderError | None) -> None:
        """How the last reading of the configuration went."""
        if error is None:
            self._faults = ()
        else:
            self._faults = error.faults if isinstance(error, ConfigError) else (Fault(None, str(error)),)

    async def close(self) -> None:
        """Waits for the writes that a person asked for: each ends with its outcome in the journal."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    # ---- questions

    @property
    def token(self) -> SecretStr | None:
        """Asked of whoever acts."""
        return self._config().token

    def config(self) -> Config:
        """The configuration in force."""
        return self._config()

    def faults(self) -> Sequence[Fault]:
        """What is wrong with the files as they are now."""
        return self._faults

    def waiting(self) -> Waiting | None:
        """The configuration that waits for a yes."""
        kept: Any = self._store.value(WAITING)
        if not isinstance(kept, Mapping) or self._store.value(CONFIRMED) == kept["digest"]:
            return None
        return Waiting(str(kept["digest"]), float(kept["before"]), float(kept["after"]))

    def today(self) -> date:
        """The shop's account day."""
        return AccountDay.of(self._clock(), self._config().shop.timezone).date

    def decision(self) -> Decision | None:
        """The newest decision; after a restart, or where other rules are in force since, one made now."""
        held = self._decision
        if held is not None and held.policy.digest == self._config().digest:
            return held
        made: Decision | None = self._once("decision", self._decide)
        return made or held

    def digest(self) -> DigestDocument | None:
        """The digest of yesterday."""
        if not self._store.budgets():
            return None
        plan, now = self._store.plan(), self._clock()
        stamp = ("" if plan is None else plan.id, int(now.timestamp() // DIGEST_KEPT))
        made: DigestDocument = self._once("digest", lambda: digest_now(self._config(), self._store, now), stamp)
        return made

    def advice(self) -> Sequence[ActivityAdvice]:
        """On each event that the shop may still join."""
        candidates, decision = self._config().calendar.candidates, self.decision()
        if not candidates or decision is None:
            return ()

        def weigh() -> Sequence[ActivityAdvice]:
            snapshot = decision.snapshot
            events = resolved([one.event for one in candidates], snapshot.products)
            return advise(snapshot, resolved_candidates(candidates, events), np.inf)

        weighed: Sequence[ActivityAdvice] = self._once("advice", weigh)
        return weighed

    def what_if(self, asked: Sequence[str]) -> WhatIf | None:
        """The same decision with a change, beside it without."""
        base = self.decision()
        if base is None:
            return None
        return beside(decide(base.snapshot, changed_policy(base, asked)), base, asked)

    def manual(self) -> Sequence[AccountId]:
        """The accounts that a person types into."""
        return [account.id for account, _ in self._config().accounts if account.mode is Mode.MANUAL]

    def _decide(self) -> Decision | None:
        try:
            return cycle.decide_now(self._config(), self._store, self._clock())
        except BidderError:
            return None  # nothing has been read, or no plan is possible: the page says so

    def _once(self, what: str, make: Callable[[], Any], stamp: tuple[Any, ...] | None = None) -> Any:
        """The kept answer, made anew when the day, the configuration or `stamp` (the journal's number) has moved on."""
        if stamp is None:
            newest = self._store.journal(1)
            stamp = (newest[0].number if newest else 0,)
        stamp = (*stamp, self.today(), self._config().digest)
        with self._lock:
            kept = self._kept.get(what)
            if kept is None or kept[0] != stamp:
                kept = self._kept[what] = (stamp, make())
            return kept[1]

    # ---- what a person says

    async def approve(self, plan: str, only: Sequence[str], by: str) -> Sequence[WriteResult | BidResult]:
        """Writes the plan or some of its lines; goes on to the end when whoever asked goes away."""
        task = asyncio.ensure_future(self._approve(plan, only, by))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def _approve(self, plan: str, only: Sequence[str], by: str) -> Sequence[WriteResult | BidResult]:
        config = self._config()
        stored = await asyncio.to_thread(named, self._store, plan)
        writers = cycle.open_writers(config, modes=APPROVING)
        try:
            written = await approve(
                stored,
                only,
                by=by,
                config=config,
                store=self._store,
                writers=writers,
                clock=self._clock,
                today=self.today(),
            )
        finally:
            await asyncio.gather(*(one.close() for one in writers.values()), return_exceptions=True)
        await self._wrote(written)
        return written

    async def reject(self, plan: str, only: Sequence[str], by: str) -> None:
        """Refuses the plan or some of its lines."""

        def refuse() -> None:
            stored = named(self._store, plan)
            reject(stored, only, by=by, reason="on the page", store=self._store, clock=self._clock)

        await asyncio.to_thread(refuse)

    async def anew(self, by: str) -> None:
        """Has today's plan made again at the next turn."""

        def forget() -> None:
            self._store.set_value(DECIDED_DAY, None)
            self._store.append("note", self._clock(), what="a new plan was asked for", by=by)

        await asyncio.to_thread(forget)

    async def done(self, lines: Sequence[str], by: str) -> int:
        """Records what was typed into manual accounts."""

        def record() -> int:
            config, stored = self._config(), named(self._store, None)
            if stored.day != self.today().isoformat():
                raise UnsafePlan([f"the newest plan is of {stored.day}, today is {self.today()}"])
            zones = {account.id: account.timezone for account, _ in config.accounts}
            return len(take(self._store, stored, lines, self.manual(), self._clock(), zones, by))

        return await asyncio.to_thread(record)

    async def confirm(self, digest: str, by: str) -> None:
        """Lets the waiting configuration take effect, when it is still that one."""

        def say() -> None:
            waiting = self.waiting()
            if waiting is None or waiting.digest != digest:
                raise UnsafePlan(["another configuration waits by now, or none: look again"])
            self._store.set_value(CONFIRMED, digest)
            self._store.append("note", self._clock(), what="configuration confirmed by hand", policy=digest, by=by)

        await asyncio.to_thread(say)
