"""The long run: polls and decides by schedule in the shop's zone, once an account day, until it is told to stop.

Built on :mod:`bidder.cycle`, which knows the order of a pass; nothing here knows a platform or a rule word. The page
and `/metrics` are served in the same loop from memory; a solve runs in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import structlog

from bidder import cycle
from bidder.account_day import AccountDay
from bidder.apply import WriteResult, settle
from bidder.catalog import Mode
from bidder.config.load import Config, load
from bidder.connectors.protocol import BudgetWriter
from bidder.decide import Decision
from bidder.errors import BidderError, ConfigError, Fault, SolveError
from bidder.gather import only_account, spent_month
from bidder.guard import CHECKS
from bidder.ids import AccountId
from bidder.instrumentation import Metrics, PollSource, ShopFacts
from bidder.plan import State
from bidder.poll import PollResult
from bidder.snapshot import day_number
from bidder.store.protocol import Store, StoredPlan

__all__ = ["Daemon", "Timekeeper", "WallClock", "metrics_for", "shop_facts"]

log = structlog.get_logger("bidder.daemon")

HEARTBEAT = timedelta(minutes=5)
"""The loop turns at least this often, so that `/-/healthy` can tell a living daemon from a stuck one."""


def shop_facts(config: Config) -> ShopFacts:
    """What the metrics have to know of the configuration before anything happens."""
    accounts = tuple(account for account, _ in config.accounts)
    poll_every = config.schedule.poll
    kinds = ("performance", "budgets", "stock")
    caps = config.caps()
    return ShopFacts(
        shop=config.shop.name,
        currency=config.shop.currency,
        timezone=config.shop.timezone,
        accounts=accounts,
        sources=tuple(PollSource(account.id, kind, poll_every) for account in accounts for kind in kinds),
        plan_interval=timedelta(days=1),
        day_limit=caps.day,
        month_budget=caps.month,
        rules=tuple(rule.name for rule in config.policy.rules),
        guards=tuple(check.__name__ for check in CHECKS),
    )


def metrics_for(config: Config, at: datetime) -> Metrics:
    """The metrics of a daemon with this configuration, every series born."""
    return Metrics(shop_facts(config), at)


class Timekeeper(Protocol):
    """What time it is, and waiting: the wall's, or a simulated shop's."""

    def now(self) -> datetime:
        """The instant, aware UTC."""
        ...

    async def sleep_until(self, at: datetime, stop: asyncio.Event) -> None:
        """Returns at `at`, or earlier when `stop` is set."""
        ...


class WallClock:
    """Real time."""

    def now(self) -> datetime:
        """The instant by the host's clock."""
        return cycle.utc_now()

    async def sleep_until(self, at: datetime, stop: asyncio.Event) -> None:
        """Waits; never longer than half a minute at a time, so that a step of the host's clock is noticed."""
        seconds = min(30.0, max(0.0, (at - self.now()).total_seconds()))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=seconds)


class Daemon:
    """One shop's loop. Fulfils the page's view of it (`DaemonView`)."""

    def __init__(self, config: Config, store: Store, time: Timekeeper, metrics: Metrics) -> None:
        self.config = config
        self.store = store
        self.time = time
        self.metrics = metrics
        self.readers = cycle.open_readers(config)
        self.writers: dict[AccountId, BudgetWriter] = cycle.open_writers(config)
        self.decision: Decision | None = None
        self._document: Mapping[str, Any] | None = None
        self._turned_at: datetime | None = None
        self._polled_at: datetime | None = None
        self._poll_ok = False
        self._stopping = False
        self._reload_asked = False
        self._state = State.ACTIVE
        self.after_turn: Callable[[], Awaitable[None]] | None = None
        """Called after each turn of the loop: how the demo looks at its platform from outside."""

    # ------------------------------------------------------------------ the loop
    async def run(self, stop: asyncio.Event) -> None:
        """Runs until `stop` is set; then finishes the write under way, journals, and returns."""
        now = self.time.now()
        self._restore(now)
        self.store.append("started", now, policy=self.config.digest, state=self.store.state().value)
        log.info("started", shop=self.config.shop.name, policy=self.config.digest, state=self.store.state().value)
        try:
            await settle(self.store, self.writers, clock=self.time.now)
            while not stop.is_set():
                await self.turn(stop)
                if self.after_turn is not None:
                    await self.after_turn()
                await self.time.sleep_until(self._next_at(self.time.now()), stop)
        finally:
            self._stopping = True
            await self.readers.close()
            await asyncio.gather(*(one.close() for one in self.writers.values()), return_exceptions=True)
            self.store.append("stopped", self.time.now())
            log.info("stopped", shop=self.config.shop.name)

    async def turn(self, stop: asyncio.Event | None = None) -> None:
        """What is due now: a poll, a decision, neither. A failed one keeps today's budgets and is said once."""
        now = self._turned_at = self.time.now()
        state = self.store.state()
        if state is not self._state:
            self._state = state
            self.metrics.state_changed(state, now)
        if self._reload_asked:
            self._reload(now)
        if self._polled_at is None or now >= self._polled_at + self.config.schedule.poll:
            await self._poll(now)
        if self._due(now) and not (stop is not None and stop.is_set()):
            await self._decide(now)

    def ask_reload(self) -> None:
        """SIGHUP: the configuration is read again at the next turn."""
        self._reload_asked = True

    def _reload(self, now: datetime) -> None:
        """Builds the new configuration whole, then swaps it; keeps the old one on any fault."""
        self._reload_asked = False
        try:
            fresh = load(self.config.path)
            if fresh.accounts != self.config.accounts or fresh.store_url != self.config.store_url:
                what = "accounts and store change only with a restart; the running configuration is unchanged"
                raise ConfigError([Fault(None, what)])
        except BidderError as e:
            self.metrics.config_refused()
            log.error("reload_refused", error=str(e), policy=self.config.digest)
            return
        self.config = fresh
        self.metrics.config_loaded(shop_facts(fresh), now)
        self.store.append("note", now, what="configuration reloaded", policy=fresh.digest)
        log.info("reloaded", policy=fresh.digest)

    def _next_at(self, now: datetime) -> datetime:
        """When something is due next."""
        moments = [now + HEARTBEAT, (self._polled_at or now) + self.config.schedule.poll]
        opens = self._opens(now)
        if opens > now:
            moments.append(opens)
        return min(moments)

    def _opens(self, now: datetime) -> datetime:
        """The instant from which today's decision may be made, in the shop's zone."""
        zone = ZoneInfo(self.config.shop.timezone)
        day = AccountDay.of(now, self.config.shop.timezone).date
        return datetime.combine(day, self.config.schedule.decide.from_, zone).astimezone(UTC)

    def _due(self, now: datetime) -> bool:
        """Whether today's decision is to be made now: once an account day, when yesterday is complete or it is late."""
        if not self._poll_ok or now < self._opens(now):
            return False
        zone = ZoneInfo(self.config.shop.timezone)
        day = AccountDay.of(now, self.config.shop.timezone).date
        if self.store.value("decided_day") == day.isoformat():
            return False
        latest = datetime.combine(day, self.config.schedule.decide.until, zone).astimezone(UTC)
        return now >= latest or self._complete(day)

    def _complete(self, day: date) -> bool:
        """Whether every account has reported yesterday."""
        yesterday = day_number(day) - 1
        reports = self.store.reports(since_day=yesterday)
        reported = {str(name) for name, when in zip(reports.account, reports.day, strict=True) if when == yesterday}
        return reported >= {str(account.id) for account, _ in self.config.accounts}

    async def _poll(self, now: datetime) -> None:
        self._polled_at = now
        try:
            results = await cycle.poll_now(self.readers, self.store, self.time.now, self.config.schedule.lookback_days)
        except BidderError as e:
            self._poll_ok = False
            self.metrics.store_failed("write")
            log.error("poll_failed", error=str(e))
            return
        self._poll_ok = any(result.ok for result in results)
        self._measure(results, now)

    def _measure(self, results: Sequence[PollResult], now: datetime) -> None:
        """What a poll brought, into the metrics."""
        for one in results:
            self.metrics.polled(
                one.account,
                one.kind,
                "ok" if one.ok else "error",
                at=now,
                took=timedelta(seconds=one.seconds),
                data_at=one.data_at,
                errors=[one.error] if one.error else (),
                quarantined=one.quarantined,
            )
            if not one.ok:
                log.warning("poll_failed", account=one.account, kind=one.kind, error=one.error, reason=one.reason)
        day = AccountDay.of(now, self.config.shop.timezone).date
        reports = self.store.reports(since_day=min(day_number(day.replace(day=1)), day_number(day) - 7))
        budgets = [one.budget for one in self.store.budgets()]
        for account, _ in self.config.accounts:
            self.metrics.reported(account.id, only_account(reports, account.id), at=now)
            self.metrics.budgets_read(account.id, [one for one in budgets if one.id.account == account.id])
            open_intents = self.store.open_intents()
            self.metrics.unresolved(account.id, [one.at for one in open_intents if one.budget.account == account.id])
        self.metrics.month_spent(spent_month(reports, day, self.config.shop.currency, {}), now)

    # ------------------------------------------------------------------ deciding and writing
    async def _decide(self, now: datetime) -> None:
        """One decision for the account day, and its writes where the accounts allow them."""
        try:
            await settle(self.store, self.writers, clock=self.time.now)
            decision = await asyncio.to_thread(cycle.decide_now, self.config, self.store, now)
            self._document = await asyncio.to_thread(cycle.save, decision, self.store, now)
        except BidderError as e:
            self.metrics.plan_failed("infeasible" if isinstance(e, SolveError) else "error")
            self.store.set_value("decided_day", AccountDay.of(now, self.config.shop.timezone).date.isoformat())
            self.store.append("note", now, what="no plan today: budgets stay as they are", reason=str(e))
            log.error("no_plan", error=str(e))
            return
        self.decision = decision
        self.store.set_value("decided_day", decision.snapshot.day.isoformat())
        self.metrics.planned(decision, at=now)
        written: Sequence[WriteResult] = ()
        if not decision.held:
            written = await self._apply(decision, now)
        log.info(
            "pass_done",
            plan=decision.plan.id,
            day=decision.snapshot.day.isoformat(),
            changes=len(decision.plan.moved),
            applied=sum(type(one.outcome).__name__ == "Applied" for one in written),
            unresolved=sum(type(one.outcome).__name__ == "Unresolved" for one in written),
            held=[held.check for held in decision.held],
            policy=self.config.digest,
        )

    async def _apply(self, decision: Decision, now: datetime) -> Sequence[WriteResult]:
        applying = {account.id for account, _ in self.config.accounts if account.mode is Mode.APPLY}
        only = [str(change.budget) for change in decision.plan.moved if change.budget.account in applying]
        if not only or self.store.state() is State.HALTED:
            return ()
        stored = StoredPlan(decision.plan.id, now, decision.snapshot.day.isoformat(), self._document or {}, "proposed")
        written = await cycle.apply_plan(
            stored, self.config, self.store, self.writers, self.time.now, approved=False, only=only
        )
        for result in written:
            took = timedelta(seconds=result.seconds) if result.seconds else None
            self.metrics.wrote(result.budget, result.outcome, took)
        await self._poll(self.time.now())
        return written

    # ------------------------------------------------------------------ what the page sees
    def _restore(self, now: datetime) -> None:
        """The newest plan and state from the store, so that a restart shows what was in force."""
        newest = self.store.plan()
        if newest is not None:
            self._document = newest.document
        self._state = self.store.state()
        self.metrics.state_changed(self._state, now)
        reports = self.store.reports(since_day=day_number(AccountDay.of(now, self.config.shop.timezone).date) - 7)
        for account, _ in self.config.accounts:
            self.metrics.remembered(account.id, only_account(reports, account.id))

    def healthy(self) -> bool:
        """Whether the loop turns."""
        return self._turned_at is not None and self.time.now() - self._turned_at < 3 * HEARTBEAT

    def ready(self) -> bool:
        """Whether configuration, store and a first poll are there, and nobody asked to stop."""
        return self._poll_ok and not self._stopping

    def plan_document(self) -> Mapping[str, Any] | None:
        """The newest plan as `plan --json` shows it."""
        return self._document

    def status(self) -> Mapping[str, Any]:
        """What the first screen says beside the plan."""
        now = self.time.now()
        day = AccountDay.of(now, self.config.shop.timezone).date
        document = self._document or {}
        opens = self._opens(now)
        decided = self.store.value("decided_day") == day.isoformat()
        return {
            "shop": self.config.shop.name,
            "title": self.config.shop.title or self.config.shop.name,
            "currency": self.config.shop.currency,
            "timezone": self.config.shop.timezone,
            "state": self.store.state().value,
            "now": now.isoformat(),
            "day": day.isoformat(),
            "decided": decided,
            "next_decision_at": (opens if opens > now else opens + timedelta(days=1)).isoformat(),
            "polled_at": None if self._polled_at is None else self._polled_at.isoformat(),
            "ready": self.ready(),
            "holds": document.get("holds", []),
            "unresolved": len(self.store.open_intents()),
            "modes": {str(account.id): account.mode.value for account, _ in self.config.accounts},
            **self.config.limits_shown(),
        }
