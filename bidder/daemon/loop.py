"""The loop: what is due now, a poll, a decision and its writes, or nothing.

Built on :mod:`bidder.cycle`, which knows the order of a pass; nothing here knows a platform or a rule word. The page
and `/metrics` are served in the same event loop from memory; a solve and every call of the store run in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from time import monotonic
from typing import Any

import structlog
from pydantic import SecretStr

from bidder import cycle
from bidder.apply import WriteResult
from bidder.apply_bids import BidResult
from bidder.catalog import Mode
from bidder.config.load import Config, load
from bidder.connectors.protocol import BudgetWriter
from bidder.daemon.alerting import Alerts, Glance
from bidder.daemon.bidding import Bidding
from bidder.daemon.calibration import calibrated
from bidder.daemon.clerk import DaemonClerk
from bidder.daemon.deadline import Deadline, OutOfTime
from bidder.daemon.digesting import post_digest
from bidder.daemon.due import DECIDED_DAY, decision_due, next_at, today
from bidder.daemon.events import DECIDED, approved_beforehand, due_moment, latest_moment, writing_modes
from bidder.daemon.facts import shop_facts
from bidder.daemon.leadership import LASTING, Leadership
from bidder.daemon.measuring import Standing, measured
from bidder.daemon.proof import effect_ratios
from bidder.daemon.pushes import Pushes
from bidder.daemon.reload import (
    CONFIRMED,
    IN_FORCE,
    WAITING,
    Watch,
    confirmed_in_force,
    may_take_effect,
    wait,
    waits_for_somebody,
)
from bidder.daemon.status import AccountNews, status_of
from bidder.daemon.switch import Switch
from bidder.daemon.timekeeping import ClockWatch, Timekeeper, WallClock
from bidder.daemon.watching import Watching, clock_hold, clock_off
from bidder.decide import Decision
from bidder.errors import BidderError, ConfigError, Fault, LeaseTaken, SolveError, StoreError
from bidder.explain.costs import printed_costs
from bidder.ids import AccountId
from bidder.instrumentation import Metrics
from bidder.money import Money
from bidder.plan import State
from bidder.poll import PollResult
from bidder.report_rows import only_account
from bidder.snapshot import day_number
from bidder.store.protocol import Store
from bidder.web.control import Controlling
from bidder.web.observations import Pushing
from bidder.web.view import Status

__all__ = ["Daemon"]

log = structlog.get_logger("bidder.daemon")

STUCK_SECONDS = 300.0
"""A loop that has not turned for so many seconds of real time is stuck; a Timekeeper waits at most 30 at a time."""


class Daemon:
    """One shop's loop. Fulfils what the pages see of it (`bidder.web.view.DaemonView`)."""

    def __init__(
        self, config: Config, store: Store, time: Timekeeper, metrics: Metrics, lease: timedelta = LASTING
    ) -> None:
        self.config = config
        self.after_turn: Callable[[], Awaitable[None]] | None = None
        """Called after each turn of the loop: how the demo looks at its platform from outside."""
        self._store = store
        self._time = time
        self._metrics = metrics
        self._readers = cycle.open_readers(config)
        self._writers: dict[AccountId, BudgetWriter] = cycle.open_writers(config, modes=writing_modes(config))
        self._watch = Watch(config)
        self._inbox = cycle.open_inbox(config, store, time.now)
        self._leading = Leadership(store, lease)
        self._watching = Watching(store, self._writers, time.now)
        self._bidding = Bidding(store, self._writers, time.now, metrics)
        self._clock = ClockWatch() if isinstance(time, WallClock) else None
        self._clock_off: timedelta | None = None
        self._switch = Switch(config, store, time.now, self._state_is)
        self._pushes = Pushes(config, store, time.now, metrics)
        self.deadline = Deadline()
        """How long a decision may take."""
        self.alerts = Alerts(lambda: self.config, store, metrics)
        self.clerk = DaemonClerk(lambda: self.config, store, time.now, self._wrote)
        self._document: Mapping[str, Any] | None = None
        self._state = State.ACTIVE
        self._turned: float | None = None
        self._polled_at: datetime | None = None
        self._news: dict[str, AccountNews] = {}
        self._standing = Standing(None, Money.zero(config.shop.currency), 0)
        self._unresolved = 0
        self._no_plan: str | None = None
        self._poll_ok = False
        self._stopping = False
        self._reload_asked = False
        self._reload_under_way = False

    @property
    def metrics(self) -> Metrics:
        """Where `/metrics` reads."""
        return self._metrics

    @property
    def store(self) -> Store:
        """The saved state."""
        return self._store

    # ---- the loop

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until `stop` is set; then finishes the write under way, journals, and returns.

        Raises LeaseTaken when another daemon runs this shop, or took over while this one was away.
        """
        try:
            await self._leading.begin(stop)
        except BaseException:
            await self._close()
            raise
        try:
            await asyncio.to_thread(self._restore, self._time.now())
            log.info("started", shop=self.config.shop.name, policy=self.config.digest, state=self._state.value)
            self._switch.start()
            self._pushes.start()
            self.alerts.resume()
            await cycle.settle_now(self._store, self._writers, self._time.now)
            while not stop.is_set():
                await self.turn(stop)
                if self.after_turn is not None:
                    await self.after_turn()
                await self._time.sleep_until(self._next_at(self._time.now()), stop)
        finally:
            self._stopping = True
            await self._switch.close()
            await self.clerk.close()
            await self._pushes.close()
            await self.alerts.close()
            await self._close()
            try:
                self._store.append("stopped", self._time.now())
            except StoreError as e:  # a full disk must not keep it from giving its lease back
                log.error("store_failed", error=str(e))
            await self._leading.end()
            log.info("stopped", shop=self.config.shop.name)
        if self._leading.lost is not None:
            raise self._leading.lost

    async def _close(self) -> None:
        await self._readers.close()
        await asyncio.gather(*(one.close() for one in self._writers.values()), return_exceptions=True)

    @property
    def switch(self) -> Switch:
        """The stop: by signal, by file, over HTTP."""
        return self._switch

    @property
    def controlling(self) -> Controlling:
        """Who may be asked over HTTP to stop, reduce, resume, with which token."""
        return Controlling(self._switch, self.config.token)

    def _state_is(self, state: State) -> None:
        if state is not self._state:
            self._state = state
            self._metrics.state_changed(state, cycle.utc_now())

    async def turn(self, stop: asyncio.Event | None = None) -> None:
        """What is due now: a poll, a decision, neither. A failed one keeps today's budgets and is said once."""
        now, self._turned = self._time.now(), monotonic()
        try:
            self._state_is(await asyncio.to_thread(self._store.state))
            if self._clock is not None:
                await asyncio.to_thread(clock_hold, self._store, self._clock.stepped(), now, self._clock_off)
            if await asyncio.to_thread(self._reload_due):
                self._reload_under_way = True
                try:
                    await asyncio.to_thread(self._reload, now)
                finally:
                    self._reload_under_way = False
            if self._polled_at is None or now >= self._polled_at + self.config.schedule.poll:
                await self._poll(now)
            now = self._time.now()  # what was just read was seen after the turn began
            if stop is not None and stop.is_set():
                pass  # nothing new is begun
            elif await asyncio.to_thread(self._due, now):
                await self._decide(now)
                await post_digest(self.config, self._store, now, self.alerts.postman)
            elif (moment := await asyncio.to_thread(due_moment, self.config, self._store, now)) is not None:
                if self._polled_at != now:
                    await self._poll(now)
                if self._poll_ok:
                    await self._decide(self._time.now(), moment)
        except LeaseTaken as e:
            self._leading.told(e)
            log.error("not_the_writer", error=str(e))
        except StoreError as e:  # nothing may be written while nothing can be journaled
            self._poll_ok = False
            self._metrics.store_failed("write")
            log.error("store_failed", error=str(e))
        seen = (self._state, self._document, self._standing.spent_today, self._standing.spent_month)
        await self.alerts.look(Glance(self._time.now(), *seen))

    @property
    def reloading(self) -> bool:
        """Whether somebody asked for a reload that is not done yet."""
        return self._reload_asked or self._reload_under_way

    def ask_reload(self) -> None:
        """SIGHUP and `POST /-/reload`: the configuration is read again at the next turn, which comes at once."""
        self._reload_asked = True
        if isinstance(self._time, WallClock):
            self._time.wake()

    def _reload_due(self) -> bool:
        """Whether somebody asked, a file has changed, or what waited was confirmed."""
        changed = self._watch.changed()
        waiting = self._store.value(WAITING)
        said = isinstance(waiting, Mapping) and waiting.get("digest") == self._store.value(CONFIRMED)
        return self._reload_asked or changed or said

    def _reload(self, now: datetime) -> None:
        """Builds the new configuration whole, then swaps it; keeps the old on any fault or until it is confirmed."""
        self._reload_asked = False
        try:
            fresh = load(self.config.path)
            fixed = [(one.accounts, one.store_url, one.incoming) for one in (fresh, self.config)]
            if fixed[0] != fixed[1]:
                what = "accounts, activity and store change only with a restart; the running configuration is unchanged"
                raise ConfigError([Fault(None, what)])
        except BidderError as e:
            self._watch.refused(e)
            self._metrics.config_refused()
            self.alerts.configured(now, str(e))
            self.clerk.read(e)
            log.error("reload_refused", error=str(e), policy=self.config.digest)
            return
        self.clerk.read(None)
        same = fresh.digest == self.config.digest
        totals = None if same else may_take_effect(fresh, self.config, self._store, now)
        if totals is not None:
            self._metrics.config_refused()
            said = wait(self._store, fresh, totals, now)
            log.warning("reload_waits", reason=said, policy=self.config.digest, waiting=fresh.digest)
            return
        self._watch.follow(fresh)
        if same:
            confirmed_in_force(self._store, self.config, now)
        else:
            self._store.set_value(IN_FORCE, fresh.digest)
            self._store.set_value(WAITING, None)
        self.config = fresh
        self.alerts.configured(now, None)
        self._metrics.config_loaded(shop_facts(fresh), cycle.utc_now())
        self._store.append("note", now, what="configuration reloaded", policy=fresh.digest)
        log.info("reloaded", policy=fresh.digest)

    def _next_at(self, now: datetime) -> datetime:
        """When something is due next."""
        return next_at(self.config, self._polled_at or now, now)

    def _today(self, now: datetime) -> date:
        return today(self.config, now)

    def _due(self, now: datetime) -> bool:
        """Whether today's decision is to be made now: never before a poll has brought anything."""
        return self._poll_ok and decision_due(self.config, self._store, now)

    # ---- polling

    async def _poll(self, now: datetime) -> None:
        self._polled_at = now
        days = self.config.schedule.lookback_days
        results = await cycle.poll_now(self._readers, self._store, self._time.now, days, self._inbox, self.config.bids)
        self._poll_ok = any(result.ok for result in results)
        self.alerts.polled(results, now)
        await asyncio.to_thread(self._measure, results, now)
        await self._bidding.measure(self.config)
        if self._clock is not None:
            self._clock_off = clock_off(results)
            await asyncio.to_thread(clock_hold, self._store, self._clock.stepped(), now, self._clock_off)
        if self._poll_ok:
            await self._watching.after_poll(self.config, results)
        self._metrics.held(await asyncio.to_thread(self._watching.held))

    def _measure(self, results: Sequence[PollResult], now: datetime) -> None:
        """What a poll brought, into the metrics and onto the page."""
        for one in results:
            self._news[one.account] = self._news.get(one.account, AccountNews()).after(one, now)
            if not one.ok:
                log.warning("poll_failed", account=one.account, kind=one.kind, error=one.error, reason=one.reason)
        self._standing = measured(self.config, self._store, self._metrics, results, now)
        self._unresolved = self._standing.unresolved

    # ---- deciding and writing

    async def _decide(self, now: datetime, moment: datetime | None = None) -> None:
        """One decision for the account day (or for an event's `moment`), and its writes where the accounts allow them.

        It stands on one configuration from beginning to end, whatever is loaded meanwhile.
        """
        config, day = self.config, self._today(now).isoformat()
        latest = moment or latest_moment(config, now)
        try:
            await cycle.settle_now(self._store, self._writers, self._time.now)
            decision = await self.deadline.within(lambda: cycle.decide_now(config, self._store, now), "a decision")
            bids = () if moment is not None else await self._bidding.offered(decision, config, now, self.deadline)
            self._document = await asyncio.to_thread(cycle.save, decision, self._store, now, bids)
        except (StoreError, LeaseTaken):
            raise
        except (
            Exception
        ) as e:  # whatever went wrong in deciding: today's budgets stay, and it is said (FAILURES, law 1)
            late = "time_limit" if isinstance(e, OutOfTime) else "error"
            self._metrics.plan_failed("infeasible" if isinstance(e, SolveError) else late)
            self._decided(day, moment, latest)
            reason = str(e) if isinstance(e, BidderError) else f"{type(e).__name__}: {e}"
            self._store.append("note", now, what="no plan today: budgets stay as they are", reason=reason)
            log.error("no_plan", error=reason, exc_info=not isinstance(e, BidderError))
            self._no_plan = f"no plan for {day}, budgets stay as they are: {reason}"
            return
        self._no_plan = None
        self.clerk.decided(decision)
        self._decided(day, moment, latest)
        left = Money.parse(str(self._document["unallocated"]), decision.snapshot.currency)
        self._metrics.planned(decision, at=cycle.utc_now(), unallocated=left)
        self._metrics.rules_cost(printed_costs(self._document))
        written: Sequence[WriteResult] = ()
        bid_written: Sequence[BidResult] = ()
        waits = waits_for_somebody(self._store, config, decision, now)
        if waits is not None:
            self._no_plan = waits
            log.warning("plan_waits", reason=waits, policy=config.digest)
        else:
            written = await self._apply(decision, config, now)
            bid_written = await self._apply_bids(decision, config, now)
        share = await asyncio.to_thread(calibrated, config, decision, written, self._store)
        if share is not None:
            self._metrics.forecast_covered(share)
        self._metrics.effect(await asyncio.to_thread(effect_ratios, decision, self._store))
        log.info(
            "pass_done",
            plan=decision.plan.id,
            day=day,
            changes=len(decision.plan.moved),
            applied=sum(type(one.outcome).__name__ == "Applied" for one in written),
            unresolved=sum(type(one.outcome).__name__ == "Unresolved" for one in written),
            bids=sum(type(one.outcome).__name__ == "Applied" for one in bid_written),
            held=sorted({held.check for held in decision.held}),
            moment=None if moment is None else moment.isoformat(),
            policy=config.digest,
        )

    def _decided(self, day: str, moment: datetime | None, latest: datetime | None) -> None:
        """Remembers what was decided: the day, or the moment of an event (the day's own decision knows its phase)."""
        if moment is None:
            self._store.set_value(DECIDED_DAY, day)
        if latest is not None:
            self._store.set_value(DECIDED, latest.isoformat())

    async def _apply(self, decision: Decision, config: Config, now: datetime) -> Sequence[WriteResult]:
        """Writes what the accounts in apply mode are to have, and what was approved beforehand for an event.

        A plan held as a whole is not written.
        """
        if any(held.budget is None for held in decision.held) or self._state is State.HALTED:
            return ()
        accounts = [account for account, _ in config.accounts]
        applying = {account.id for account in accounts if account.mode is Mode.APPLY}
        only = [str(change.budget) for change in decision.plan.moved if change.budget.account in applying]
        agreed = approved_beforehand(decision, accounts)
        if not only and not agreed:
            return ()
        stored = cycle.stored_plan(decision, self._document or {}, now)
        written = await cycle.apply_plan(
            stored,
            config,
            self._store,
            self._writers,
            self._time.now,
            approved=bool(agreed),
            only=[*only, *agreed],
            raise_once=decision.limits.reference is None,  # an event opens in the evening of a day with its own plan
        )
        await self._wrote(written)
        await self._poll(self._time.now())
        return written

    async def _apply_bids(self, decision: Decision, config: Config, now: datetime) -> Sequence[BidResult]:
        """Writes the plan's bids where their mode is apply; budgets came first."""
        document = self._document or {}
        if self._state is State.HALTED or any(one.budget is None for one in decision.held):
            return ()
        if not document.get("bids"):
            return ()
        return await self._bidding.apply(cycle.stored_plan(decision, document, now), config)

    async def _wrote(self, written: Sequence[WriteResult | BidResult]) -> None:
        """What became of writes, into the metrics and onto the page."""
        self._bidding.wrote([one for one in written if isinstance(one, BidResult)])
        for result in (one for one in written if isinstance(one, WriteResult)):
            took = timedelta(seconds=result.seconds) if result.seconds else None
            self._metrics.wrote(result.budget, result.outcome, took)
        self._unresolved = len(await asyncio.to_thread(self._store.open_intents))

    # ---- what the pages see

    @property
    def token(self) -> SecretStr | None:
        """Asked of whoever asks for a reload; None: nobody may over HTTP."""
        return self.config.token

    def _restore(self, now: datetime) -> None:
        """The newest plan, state and figures from the store, so that a restart shows what was in force."""
        newest = self._store.plan()
        if newest is not None:
            self._document = newest.document
        self._state = self._store.state()
        self._metrics.state_changed(self._state, cycle.utc_now())
        reports = self._store.reports(since_day=day_number(self._today(now)) - 7)
        for account, _ in self.config.accounts:
            self._metrics.remembered(account.id, only_account(reports, account.id))
        self._metrics.shop_remembered(self._store.activity(since_day=day_number(self._today(now)) - 8))
        self._store.append("started", now, policy=self.config.digest, state=self._state.value)

    def healthy(self) -> bool:
        """Whether the loop turns."""
        return self._turned is not None and monotonic() - self._turned < STUCK_SECONDS

    def ready(self) -> bool:
        """Whether configuration, store and a first poll are there, and nobody asked to stop."""
        return self._poll_ok and not self._stopping

    def plan_document(self) -> Mapping[str, Any] | None:
        """The newest plan as `plan --json` shows it."""
        return self._document

    @property
    def pushing(self) -> Pushing | None:
        """Where pushed messages go; None before the loop runs."""
        pushing = self._pushes.pushing
        return None if pushing is None else replace(pushing, token=self.config.token)

    def status(self) -> Status:
        """What the first screen says beside the plan, from memory."""
        now = self._time.now()
        return status_of(
            self.config,
            now=now,
            state=self._state,
            document=self._document,
            news=self._news,
            spent_today=self._standing.spent_today,
            spent_month=self._standing.spent_month,
            next_at=self._next_at(now),
            unresolved=self._unresolved,
            no_plan=self._no_plan,
        )
