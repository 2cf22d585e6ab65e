"""Metrics: every figure that Prometheus may ask bidder for, by the names of docs/metrics.md.

Methods are named for what happened and take the objects of the domain; what a family means is known here alone.
All values stand in memory behind one lock that is never held across I/O, so a scrape waits for nothing. Counters are
born at zero with every label set they can have: `increase()` does not see a series that is born at one. What happens to
an account that is no longer configured (its poll was under way when a reload took it out) is not shown.
"""

from __future__ import annotations

import platform
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import prometheus_client
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric

from bidder import __version__
from bidder.activity import Activity
from bidder.bidding import LeverOutcome
from bidder.catalog import Budget
from bidder.ids import AccountId, BudgetId
from bidder.instrumentation import families as names
from bidder.instrumentation.ads import AdFigures
from bidder.instrumentation.bids import BidFigures
from bidder.instrumentation.born import bear, forget
from bidder.instrumentation.decisions import DecisionFigures, with_rates
from bidder.instrumentation.facts import ShopFacts
from bidder.instrumentation.families import Families
from bidder.instrumentation.goods import GoodsFigures
from bidder.instrumentation.shop import ShopOwnFigures
from bidder.money import Money
from bidder.plan import Applied, Outcome, Refused, State, Unresolved
from bidder.reports import Reports

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

    from bidder.decide import Decision

__all__ = ["Collected", "Metrics"]

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call] # the client has no annotation here


@dataclass(frozen=True, slots=True)
class Collected:
    """Families that were read under the lock, to be written out without it."""

    families: Sequence[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.families


class Metrics:
    """The metrics of one daemon on a registry of their own. Every method may be called from any thread.

    `facts` says which shop, accounts, sources and rules exist; `at` when that configuration was loaded.
    """

    def __init__(self, facts: ShopFacts, at: datetime, *, revision: str = "") -> None:
        self.registry = CollectorRegistry()
        self._process = CollectorRegistry()  # read without the lock: it asks the operating system
        prometheus_client.ProcessCollector(registry=self._process)
        prometheus_client.PlatformCollector(registry=self._process)
        prometheus_client.GCCollector(registry=self._process)
        self._families = Families(self.registry)
        self._lock = threading.RLock()
        self._facts = facts
        self._last_event: dict[str, float] = {}
        self._ads = AdFigures(self._families, facts)
        self._decisions = DecisionFigures(self._families, facts)
        self._shop = ShopOwnFigures(self._families, facts.shop)
        self._goods = GoodsFigures(self._families, facts)
        self._bids = BidFigures(self._families, facts)
        f = self._families
        f.build_info.labels(__version__, revision, platform.python_version()).set(1)
        for result in names.RELOAD_RESULTS:
            f.reloads.labels(result)
        for operation in names.OPERATIONS:
            f.store_errors.labels(operation)
        f.state_changed.labels(facts.shop).set(at.timestamp())
        self._show_state(State.ACTIVE)
        bear(f, facts)
        self._loaded(at)

    # ---- configuration

    def config_loaded(self, facts: ShopFacts, at: datetime) -> None:
        """A reload was taken: `facts` are in force. Label sets of what is no longer configured disappear."""
        with self._lock:
            before = self._facts
            self._facts = facts = replace(facts, exchange={**before.exchange, **facts.exchange})
            self._ads.configured(facts)
            self._decisions.configured(facts)
            self._goods.configured(facts)
            self._bids.configured(facts)
            self._goods.show(self._ads.members)
            f = self._families
            forget(f, before, facts)
            bear(f, facts)
            self._loaded(at)
            f.reloads.labels("ok").inc()

    def config_refused(self) -> None:
        """A reload was refused: the old configuration stays in force."""
        with self._lock:
            self._families.reload_successful.set(0)
            self._families.reloads.labels("error").inc()

    # ---- polling

    def polled(
        self,
        source: str,
        kind: str,
        result: str,
        *,
        at: datetime,
        took: timedelta,
        data_at: datetime | None = None,
        errors: Collection[str] = (),
        throttled: timedelta = timedelta(),
        quarantined: int = 0,
    ) -> None:
        """A poll ended at `at`. `result`: ok, error or skipped; `data_at`: the newest instant its data describes.

        `errors` has the class of each failed request, retried ones too: timeout, connect, auth, throttled, http_4xx,
        http_5xx, decode, schema; any other word counts as other.
        """
        with self._lock:
            f = self._families
            f.polls.labels(source, kind, result).inc()
            f.poll_throttled.labels(source).inc(throttled.total_seconds())
            for error in errors:
                f.poll_errors.labels(source, kind, error if error in names.ERRORS else names.OTHER).inc()
            if result == "skipped":
                return
            f.poll_duration.labels(source, kind).observe(took.total_seconds())
            if result == "ok":
                f.poll_last_success.labels(source, kind).set(at.timestamp())
                f.quarantined_rows.labels(source, kind).inc(quarantined)
                if data_at is not None:
                    f.poll_data.labels(source, kind).set(data_at.timestamp())

    def remembered(self, account: AccountId, reports: Reports) -> None:
        """The store's newest rows of an account, before the first poll after a start: counters go on from there."""
        with self._lock:
            if self._configured(account):
                self._ads.remembered(account, reports)

    def reported(
        self, account: AccountId, reports: Reports, *, at: datetime, share_of_day: float | None = None
    ) -> None:
        """A poll's day-to-date totals of an account: whole reports of its newest days.

        `at` is the instant that the figures describe; `share_of_day` the part of a day's money that should be spent by
        then (by the intraday curve), the part of the day that has passed when None.
        """
        with self._lock:
            if self._configured(account):
                self._ads.reported(account, reports, at, share_of_day)
                self._goods.show(self._ads.members)

    def budgets_read(self, account: AccountId, budgets: Iterable[Budget]) -> None:
        """The budgets of an account as its platform has them now."""
        with self._lock:
            if self._configured(account):
                self._ads.budgets_read(account, budgets := list(budgets))
                self._goods.budgets_read(account, budgets)
                self._goods.show(self._ads.members)

    # ---- deciding

    def planned(
        self, decision: Decision, *, at: datetime, trigger: str = "schedule", unallocated: Money | None = None
    ) -> None:
        """A decision was made at `at`. One that a guard holds as a whole counts as vetoed and leaves the plan's gauges.

        `unallocated` is what the plan leaves of the day's total; when None, of the shop's day limit.
        """
        floors = self._decisions.floors(decision)
        with self._lock:
            self._facts = with_rates(self._facts, decision)
            self._ads.configured(self._facts)
            self._decisions.configured(self._facts)
            self._decisions.floored(floors)
            if self._decisions.planned(decision, at, trigger, unallocated):
                self._ads.planned(decision)

    def held(self, checks: Mapping[BudgetId, str]) -> None:
        """What holds each budget now beside the guard, by the name of the check that found it."""
        with self._lock:
            self._decisions.held(checks)

    def effect(self, ratios: Mapping[str, float]) -> None:
        """What the experiment says that bidder earned, as a part, by bound (mean, low, high); those that are known."""
        with self._lock:
            self._families.effect.clear()
            for bound, value in ratios.items():
                self._families.effect.labels(self._facts.shop, bound).set(value)

    def rules_cost(self, costs: Mapping[str, float]) -> None:
        """What each rule that binds costs a day, in the shop's currency; a rule that does not bind costs nothing."""
        with self._lock:
            self._decisions.rules_cost(costs)

    def forecast_covered(self, share: float) -> None:
        """The share of the last 28 days whose profit fell inside the forecast's 80 % interval."""
        with self._lock:
            self._families.forecast_covered.labels(self._facts.shop).set(share)

    def plan_failed(self, status: str, *, trigger: str = "schedule") -> None:
        """No plan came of a pass. `status`: infeasible, unbounded, time_limit or error."""
        with self._lock:
            self._decisions.failed(status, trigger)

    def month_spent(self, spent: Money, at: datetime) -> None:
        """What the calendar month has cost so far. Nothing is shown for a shop without a month's budget.

        What is expected by now is the month's budget by the time that has passed, in the shop's time zone.
        """
        with self._lock:
            self._decisions.month_spent(spent, at)

    # ---- writing

    def wrote(self, budget: BudgetId, outcome: Outcome | str, took: timedelta | None = None) -> None:
        """A budget was written, or was not: `outcome` may also be the word dry_run or superseded.

        `took` is the time from sending to the platform's answer; None when nothing was sent.
        """
        with self._lock:
            if not self._configured(budget.account):
                return
            labels = self._labels(budget.account)
            match outcome:
                case Applied(amount):
                    result = "applied"
                    self._ads.confirmed({budget: amount})
                case Refused():
                    result = "refused"
                case Unresolved():
                    result = "unresolved"
                case str():
                    result = outcome
            self._families.writes.labels(*labels, result).inc()
            if took is not None:
                self._families.write_duration.labels(labels[1]).observe(took.total_seconds())

    def unresolved(self, account: AccountId, sent_at: Collection[datetime]) -> None:
        """When each of the account's writes was sent whose outcome is not known now; empty when all are settled."""
        with self._lock:
            if not self._configured(account):
                return
            labels = self._labels(account)
            self._families.writes_unresolved.labels(*labels).set(len(sent_at))
            oldest = min((at.timestamp() for at in sent_at), default=0.0)
            self._families.write_unresolved_oldest.labels(*labels).set(oldest)

    def bids_read(self, active: Mapping[AccountId, int], unresolved: Mapping[AccountId, int]) -> None:
        """By account: bids and targets that take part, and writes of them whose outcome is not known now."""
        with self._lock:
            self._bids.read(active, unresolved)

    def bids_proposed(self, changes: Mapping[AccountId, int]) -> None:
        """By account: bids and targets that the newest plan moves."""
        with self._lock:
            self._bids.proposed(changes)

    def bid_wrote(self, account: AccountId, outcome: LeverOutcome) -> None:
        """What became of one write of a bid or target."""
        with self._lock:
            self._bids.wrote(account, outcome)

    # ---- the shop's own activity

    def shop_remembered(self, activity: Activity) -> None:
        """What the store knows of the shop at a start: counters go on from there."""
        with self._lock:
            self._shop.remembered(activity)

    def shop_reported(self, activity: Activity) -> None:
        """The newest figures of the shop's last days, from all its sources."""
        with self._lock:
            self._shop.reported(activity)

    def stock_covered(self, seconds: Mapping[str, float]) -> None:
        """How long each product's stock lasts, for those whose stock is known; inf where nothing is sold."""
        with self._lock:
            self._goods.covered(seconds)
            self._goods.show(self._ads.members)

    def promotions(self, running: Collection[str]) -> None:
        """Which activities of the calendar run now with the shop in them."""
        with self._lock:
            for name in self._facts.promotions:
                self._families.promotion_active.labels(self._facts.shop, name).set(name in running)

    def pushed(self, source: str, result: str, at: datetime | None = None) -> None:
        """A message was pushed. `result`: accepted, duplicate, stale, invalid or oversize; `at` of an accepted one."""
        with self._lock:
            if source not in self._facts.event_sources:
                return
            self._families.activity_events.labels(source, result).inc()
            if at is not None:
                last = max(at.timestamp(), self._last_event.get(source, 0.0))
                self._last_event[source] = last
                self._families.activity_last_event.labels(source).set(last)

    # ---- messages

    def notified(self, channel: str, result: str) -> None:
        """A message went to a receiver, or did not. `result`: ok, error or suppressed (muted, or it is night)."""
        with self._lock:
            if channel in self._facts.channels:
                self._families.notifications.labels(channel, result).inc()

    # ---- the daemon

    def state_changed(self, state: State, at: datetime) -> None:
        """The shop went into `state` (also after a start: the state that the store remembers)."""
        with self._lock:
            self._show_state(state)
            self._families.state_changed.labels(self._facts.shop).set(at.timestamp())

    def store_failed(self, operation: str) -> None:
        """A call of the store failed. `operation`: read or write."""
        with self._lock:
            self._families.store_errors.labels(operation).inc()

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """The text that `GET /metrics` answers to this Accept header, and its content type."""
        encode, content_type = choose_encoder(accept)
        process = list(self._process.collect())
        with self._lock:
            families = list(self.registry.collect())
            self._ads.scraped()
        everything = [*families, *process]
        series = sum(len(family.samples) for family in everything)
        own = next(family for family in families if family.name == "bidder_metrics_series")
        own.samples = [own.samples[0]._replace(value=float(series))]
        return encode(cast("Collector", Collected(everything))), content_type

    # ---- inside

    def _loaded(self, at: datetime) -> None:
        self._families.reload_successful.set(1)
        self._families.reload_success.set(at.timestamp())

    def _show_state(self, state: State) -> None:
        for one in State:
            self._families.state.labels(self._facts.shop, one.value).set(one is state)

    def _configured(self, account: AccountId) -> bool:
        return any(one.id == account for one in self._facts.accounts)

    def _labels(self, account: AccountId) -> tuple[str, str, str]:
        one = next(one for one in self._facts.accounts if one.id == account)
        return self._facts.shop, one.platform, one.id
