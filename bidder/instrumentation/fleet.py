"""What a worker of many shops shows: jobs by task and result, what waits, what was decided. Names: docs/scale.md.

No label names a shop: a fleet has too many. Which shop it was is in the log and in `bidder shops`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder

from bidder.instrumentation.metrics import Collected

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

__all__ = ["DECISIONS", "JOB_RESULTS", "TASKS", "FleetMetrics"]

TASKS = ("tick", "begin", "poll", "decide", "apply", "digest")
JOB_RESULTS = ("done", "again", "failed")
DECISIONS = ("decided", "already", "early", "unread", "failed", "taken", "store", "broken", "lost")
_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class FleetMetrics:
    """The metrics of one worker, on a registry of their own. Every method may be called from any thread."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._process = CollectorRegistry()
        prometheus_client.ProcessCollector(registry=self._process)
        self._lock = threading.Lock()
        registry = self.registry
        self.shops = Gauge("bidder_fleet_shops", "Shops by state: ok or broken.", ["state"], registry=registry)
        self.waiting = Gauge("bidder_jobs_waiting", "Jobs that wait, of all workers.", ["task"], registry=registry)
        self.running = Gauge("bidder_jobs_running", "Jobs under way, of all workers.", ["task"], registry=registry)
        self.oldest = Gauge(
            "bidder_jobs_oldest_timestamp_seconds", "Since when the oldest job waits.", ["task"], registry=registry
        )
        self.queue_read = Gauge(
            "bidder_queue_last_success_timestamp_seconds", "When the queue was last asked.", registry=registry
        )
        self.jobs = Counter("bidder_jobs", "Jobs that this worker ended.", ["task", "result"], registry=registry)
        self.seconds = Histogram(
            "bidder_job_duration_seconds", "What jobs took.", ["task"], registry=registry, buckets=_BUCKETS
        )
        self.rescued = Counter("bidder_jobs_rescued", "Jobs taken back from workers that are gone.", registry=registry)
        self.decisions = Counter(
            "bidder_fleet_decisions", "Shops looked at to be decided.", ["result"], registry=registry
        )
        self.writes = Counter("bidder_fleet_writes", "Writes of budgets and bids.", ["result"], registry=registry)
        self.paced = Counter(
            "bidder_platform_wait_seconds", "Waited for a platform's shared rate.", ["platform"], registry=registry
        )
        self.pushed = Counter("bidder_fleet_pushed", "Messages that brokers pushed.", ["result"], registry=registry)
        self.listening = Gauge(
            "bidder_fleet_listening", "Shops whose brokers this worker listens to.", registry=registry
        )
        for result in ("accepted", "duplicate", "stale", "invalid", "oversize"):
            self.pushed.labels(result)
        for state in ("ok", "broken"):
            self.shops.labels(state)
        for task in TASKS:
            for gauge in (self.waiting, self.running, self.oldest):
                gauge.labels(task)
            self.seconds.labels(task)
            for result in JOB_RESULTS:
                self.jobs.labels(task, result)
        for result in DECISIONS:
            self.decisions.labels(result)
        for result in ("applied", "refused", "unresolved"):
            self.writes.labels(result)

    def ended(self, task: str, result: str, took: timedelta) -> None:
        """A job came to an end here. `result`: one of JOB_RESULTS."""
        with self._lock:
            self.jobs.labels(task, result).inc()
            self.seconds.labels(task).observe(took.total_seconds())

    def queue(self, rows: Mapping[str, tuple[int, int, float]], at: datetime) -> None:
        """By task: how many wait, how many are under way, since when the oldest waits (Unix seconds, 0: none)."""
        with self._lock:
            self.queue_read.set(at.timestamp())
            for task in TASKS:
                waiting, running, oldest = rows.get(task, (0, 0, 0.0))
                self.waiting.labels(task).set(waiting)
                self.running.labels(task).set(running)
                self.oldest.labels(task).set(oldest)

    def known(self, shops: int, broken: int) -> None:
        """How many shops there are, and of how many the configuration cannot be used."""
        with self._lock:
            self.shops.labels("ok").set(shops - broken)
            self.shops.labels("broken").set(broken)

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """The text that `GET /metrics` answers to this Accept header, and its content type."""
        encode, content_type = choose_encoder(accept)
        process = list(self._process.collect())
        with self._lock:
            families = list(self.registry.collect())
        return encode(cast("Collector", Collected([*families, *process]))), content_type
