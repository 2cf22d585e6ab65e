"""After each poll: what the figures say is wrong becomes a hold; money that runs to no purpose is stopped at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

import structlog

from bidder import cycle
from bidder.account_day import AccountDay
from bidder.apply import WriteResult, apply_changes
from bidder.catalog import BudgetStatus, Mode
from bidder.config.load import Config
from bidder.connectors.protocol import BudgetWriter
from bidder.daemon.timekeeping import STEP
from bidder.errors import BidderError, LeaseTaken, StoreError
from bidder.ids import AccountId, BudgetId, PlanId
from bidder.money import Money, currency_of
from bidder.plan import Applied, Change
from bidder.poll import PollResult
from bidder.snapshot import Snapshot
from bidder.store.protocol import Store
from bidder.turn import writing_turn
from bidder.watch.days import days_of
from bidder.watch.hold import SHOP, Hold
from bidder.watch.look import CHECKS, look, ping_pong, quarantine, unread
from bidder.watch.stock import CHECKS as STOCK_CHECKS
from bidder.watch.stock import Stopped, returns, sold_out, stops

__all__ = ["Watching", "clock_hold", "clock_off"]

log = structlog.get_logger("bidder.daemon")

STOPPED, SUSPECTS = "watch:stopped", "watch:suspects"
LATE_DAYS = 21
"""So far back the readings of each day are asked for, to learn how late orders come."""


class Watching:
    """Looks after each poll, and stops what is sold out."""

    def __init__(self, store: Store, writers: Mapping[AccountId, BudgetWriter], clock: Callable[[], datetime]) -> None:
        self._store = store
        self._writers = writers
        self._clock = clock

    async def after_poll(self, config: Config, results: Sequence[PollResult] = ()) -> Sequence[WriteResult]:
        """One look, its holds, and the writes that cannot wait for the day's plan. Raises StoreError, LeaseTaken."""
        try:
            snapshot, holds = await asyncio.to_thread(self._seen, config, results)
        except (StoreError, LeaseTaken):
            raise
        except Exception as e:  # a watch that breaks stops no poll; nothing is written by it either
            log.error("watch_failed", error=str(e), exc_info=not isinstance(e, BidderError))
            return ()
        return await self._stop(config, snapshot, holds)

    def held(self) -> dict[BudgetId, str]:
        """What holds each budget now, by the check's name: findings of the watch, open writes, edits of others."""
        now = self._clock()
        with self._store.as_one():
            found: dict[BudgetId, str] = {one.budget: "unresolved" for one in self._store.open_intents()}
            edits = self._store.journal(limit=200, kind="foreign_edit")
            holds, budgets = self._store.holds(now), self._store.budgets()
        for line in edits:
            if now - line.at < cycle.FOREIGN_EDIT_REST:
                found.setdefault(BudgetId.parse(str(line.facts["budget"])), "foreign_edit")
        for budget in (one.budget for one in budgets if one.budget.status is BudgetStatus.ACTIVE):
            check = next((one.check for one in holds if one.covers(budget.id)), None)
            if check is not None:
                found[budget.id] = check
        return found

    def _seen(self, config: Config, results: Sequence[PollResult]) -> tuple[Snapshot, list[Hold]]:
        now = self._clock()
        with self._store.as_one():
            snapshot, today = cycle.watched(config, self._store, now)
            versions = self._store.report_versions(since_day=snapshot.today - LATE_DAYS)
            suspects = {(item, check) for item, check in self._store.value(SUSPECTS) or ()}
            bad, reversals = self._bad(config), self._reversals(now)
        found = look(days_of(snapshot, today, versions, now), suspects, event=_at_event(config, now))
        if set(found.suspects) != suspects:
            self._store.set_value(SUSPECTS, sorted(found.suspects))
        stock = sold_out(snapshot, now)
        holds = [*found.holds, *quarantine(bad, now), *ping_pong(reversals, now), *stock]
        failed = {one.account for one in results if one.kind == "budgets" and not one.ok}
        holds += unread(failed - {str(one.id.account) for one in snapshot.budgets}, now)
        began, ended = self._store.see_holds(holds, now, {*CHECKS, *STOCK_CHECKS})
        for one in began:
            log.warning("held", item=one.item, check=one.check, reason=one.reason)
        for one in ended:
            log.info("hold_ended", item=one.item, check=one.check)
        return snapshot, stock

    def _bad(self, config: Config) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for account, _ in config.accounts:
            for native, (bad, rows) in (self._store.value(f"poll:{account.id}:bad") or {}).items():
                found[f"{account.id}/{native}"] = (bad, rows)
        return found

    def _reversals(self, now: datetime) -> Mapping[str, int]:
        week = now - timedelta(days=7)
        lines = self._store.journal(limit=500, kind="foreign_edit")
        return Counter(str(line.facts["budget"]) for line in lines if line.at >= week)

    async def _stop(self, config: Config, snapshot: Snapshot, holds: list[Hold]) -> Sequence[WriteResult]:
        applying = {account.id for account, _ in config.accounts if account.mode is Mode.APPLY}
        stopped = await asyncio.to_thread(self._stopped)
        down = [one for one in stops(snapshot, holds) if one.budget.account in applying]
        up, kept = returns(snapshot, holds, stopped)
        changes = [*down, *(one for one in up if one.budget.account in applying)]
        cap = await asyncio.to_thread(self._cap, config)
        written: Sequence[WriteResult] = ()
        if changes:
            async with writing_turn(self._store):
                written = await apply_changes(
                    _plan_id(changes, snapshot),
                    changes,
                    store=self._store,
                    writers=self._writers,
                    accounts={account.id: account for account, _ in config.accounts},
                    cap=cap,
                    exchange=snapshot.exchange,
                    clock=self._clock,
                    stopping={one.budget for one in down},
                )
        landed = {one.budget for one in written if isinstance(one.outcome, Applied)}
        before = {one.budget: one.before for one in changes}
        for budget in {one.budget for one in down} & landed:
            kept.setdefault(budget, Stopped(before[budget]))  # type: ignore[arg-type]  # `stops` gives none without
        for budget in {one.budget for one in up} - landed:
            kept[budget] = stopped[budget]
        if kept != stopped:
            await asyncio.to_thread(self._store.set_value, STOPPED, _written(kept))
        return written

    def _stopped(self) -> dict[BudgetId, Stopped]:
        found: dict[BudgetId, Stopped] = {}
        for name, one in (self._store.value(STOPPED) or {}).items():
            amount = Money.parse(one["amount"], currency_of(one["currency"]))
            found[BudgetId.parse(name)] = Stopped(
                amount, None if one["back"] is None else date.fromisoformat(one["back"])
            )
        return found

    def _cap(self, config: Config) -> Money | None:
        """Today's total of the newest plan of today; without one nothing may rise."""
        newest = self._store.plan()
        today = AccountDay.of(self._clock(), config.shop.timezone).date.isoformat()
        if newest is None or newest.day != today:
            return None
        return Money.parse(newest.document["total"], config.shop.currency)


def clock_off(results: Sequence[PollResult]) -> timedelta | None:
    """By how much the host's clock is ahead of every platform's that tells its own, where that is more than STEP."""
    told = [one.clock_off for one in results if one.clock_off is not None]
    least = timedelta(seconds=min(told, key=abs)) if told else timedelta()
    return least if abs(least) > STEP else None


def clock_hold(store: Store, stepped: timedelta | None, now: datetime, off: timedelta | None = None) -> None:
    """Holds everything while the host's clock is another one than at the start, or than the platforms': no day can be
    trusted.
    """
    held = any(one.check == "clock" for one in store.holds())
    if stepped is None and off is None and not held:
        return
    seen = []
    if off is not None:
        hours = off / timedelta(hours=1)
        seen = [Hold(SHOP, "clock", f"the host's clock is {hours:+.1f} h off the platforms': set it right", now)]
    elif stepped is not None:
        hours = stepped / timedelta(hours=1)
        reason = f"the host's clock was set by {hours:+.1f} h: set it right, or start bidder anew when it is"
        seen = [Hold(SHOP, "clock", reason, now)]
    store.see_holds(seen, now, {"clock"})


def _at_event(config: Config, now: datetime) -> bool:
    """Whether a phase that sells otherwise than other days touches today or yesterday."""
    day = AccountDay.of(now, config.shop.timezone)
    begins, ends = day.next(-1).start_at, day.end_at
    return any(
        span.opens < ends and span.closes > begins and (span.phase.priced or span.phase.waits)
        for event in config.calendar.events
        for span in event.lasting
    )


def _written(kept: Mapping[BudgetId, Stopped]) -> dict[str, Any]:
    return {
        str(name): {
            "amount": str(one.amount),
            "currency": one.amount.currency,
            "back": None if one.back is None else one.back.isoformat(),
        }
        for name, one in sorted(kept.items())
    }


def _plan_id(changes: Sequence[Change], snapshot: Snapshot) -> PlanId:
    content = "\n".join(f"{one.budget} {one.before} {one.after}" for one in changes)
    return PlanId(sha256(f"stock {snapshot.as_of.isoformat()}\n{content}".encode()).hexdigest()[:12])
