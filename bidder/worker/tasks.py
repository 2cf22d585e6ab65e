"""The jobs of a fleet, as procrastinate calls them: what each reads, does, and leaves due.

poll and apply are of an account, decide and digest of a shop; a job of decide holds many shops. `tick` is deferred by
procrastinate itself, once among all workers: it makes jobs of what is due.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import structlog

from bidder.daemon.digesting import post_digest
from bidder.daemon.reload import confirmed_in_force
from bidder.errors import ConfigError, ConnectorError, LeaseTaken, StoreError
from bidder.instrumentation.fleet import FleetMetrics
from bidder.poll import PollResult
from bidder.worker.applying import apply_part
from bidder.worker.bulkhead import Bulkhead
from bidder.worker.deciding import AGAIN, Answer
from bidder.worker.due import DECIDE, POLL, Due, Row
from bidder.worker.fleet import Clock, Fleet
from bidder.worker.letters import post_alerts, posting
from bidder.worker.listening import Listeners
from bidder.worker.pace import Pace
from bidder.worker.polling import poll_account
from bidder.worker.pool import Pool, PoolLost
from bidder.worker.queue import DECISIONS, PLATFORMS, Again, JobContext, Queue, QueueLost, Wanted
from bidder.worker.settings import Priority, WorkerSettings
from bidder.worker.wanted import alone, apply_job, jobs_for, next_poll, one_job, poll_job

__all__ = ["Tasks"]

log = structlog.get_logger("bidder.worker")

PAUSE = 5.0
"""Seconds after which a job is tried again whose shop or store somebody else had."""


class Tasks:
    """The jobs of one worker."""

    def __init__(self, settings: WorkerSettings, queue: Queue, metrics: FleetMetrics, clock: Clock) -> None:
        self.settings, self.queue, self.metrics, self.clock = settings, queue, metrics, clock
        self.fleet = Fleet(settings.agency, settings.store)
        self.pool = Pool(settings)
        self.due = Due(queue)
        self.pace = Pace(queue, settings.rates, metrics)
        self.bulkhead = Bulkhead(settings.concurrency)
        self.listeners = Listeners(self.fleet, self.due, metrics, clock, settings.lease)
        for name in ("begin", "poll", "decide", "apply", "digest"):
            where = DECISIONS if name == "decide" else PLATFORMS
            queue.app.task(name=name, queue=where, retry=Queue.retry, pass_context=True)(
                self._counted(name, getattr(self, name))
            )
        seconds = f"*/{settings.tick}" if settings.tick < 60 else "0"
        tick = queue.app.task(
            name="tick", queue=PLATFORMS, priority=Priority.TICK, lock="tick", queueing_lock="tick", pass_context=True
        )
        queue.app.periodic(cron=f"* * * * * {seconds}")(tick(self._counted("tick", self.tick)))

    async def close(self) -> None:
        """Gives everything back."""
        self.pool.close()
        await self.fleet.close()

    def _counted(self, name: str, work: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """The job, its end counted. What may pass is tried again, by a job that settles first what this one left."""

        async def run(context: JobContext, **words: Any) -> None:
            begun, result = time.monotonic(), "failed"
            try:
                await work(**words)
                result = "done"
            except (Again, LeaseTaken, StoreError) as e:
                result = "again"
                if not isinstance(e, Again):
                    log.warning("job_again", task=name, error=str(e), **words)
                    if "shop" in words:
                        self.fleet.forget(words["shop"])
                await self.queue.again(context.job, e.seconds if isinstance(e, Again) else PAUSE)
            except (ConfigError, ConnectorError, QueueLost) as e:
                log.error("job_failed", task=name, error=str(e), **words)
                raise
            except Exception:
                log.exception("job_failed", task=name, **words)
                raise
            finally:
                self.metrics.ended(name, result, timedelta(seconds=time.monotonic() - begun))

        return run

    # ---- finding out what is due

    async def rescue(self) -> None:
        """What gone workers held is taken back, a tick among it: so it is no job, which would wait for that tick."""
        rescued = await self.queue.rescue(self.settings.gone.total_seconds())
        if rescued:
            self.metrics.rescued.inc(len(rescued))
            log.warning("jobs_rescued", tasks=rescued)

    async def tick(self, timestamp: int) -> None:
        """What is due becomes jobs."""
        now = self.clock()
        await self.due.sync(await asyncio.to_thread(self.fleet.stamps), now)
        await self.queue.defer(jobs_for(await self.due.claim(now, self.settings.patience), self.settings.batch))
        counts = await self.due.counts()
        self.metrics.known(counts["shops"], counts["broken"])
        if timestamp % 3600 < self.settings.tick:
            await self.queue.forget_old()

    async def begin(self, shop: str) -> None:
        """A shop is new, or its file is another: what recurs is due as it says."""
        now = self.clock()
        try:
            config = await asyncio.to_thread(self.fleet.fresh, shop)
            self.fleet.forget(shop)
            await asyncio.to_thread(self.fleet.store, shop)  # makes it, where there is none
        except ConfigError as e:
            log.error("shop_broken", shop=shop, error=str(e))
            await self.due.broken(shop, str(e), now + AGAIN)
            return
        accounts = [str(account.id) for account, _ in config.accounts]
        rows = [Row(shop, f"{POLL}{account}", now) for account in accounts]
        await self.due.begun(shop, [*rows, *([Row(shop, DECIDE, now)] if rows else [])])
        await self.due.pushed(shop, config.digest if config.incoming.brokers else None)
        await self.queue.defer([poll_job(shop, account) for account in accounts])

    # ---- reading

    async def poll(self, shop: str, account: str) -> None:
        """One account is read."""
        config = await asyncio.to_thread(self.fleet.config, shop)
        found = next((one for one, _ in config.accounts if one.id == account), None)
        if found is None:
            return
        results: Sequence[PollResult] = ()
        next_at = next_poll(shop, account, self.clock(), config.schedule.poll)
        with self.bulkhead.through(found.platform) as outcome, self.pace.of(found.platform):
            store = await asyncio.to_thread(self.fleet.store, shop)
            connected = await self.fleet.connected(shop, account, config)
            results = await poll_account(shop, account, config, store, connected, self.clock)
            outcome.worked = any(one.ok for one in results) or not results
        rows = [Row(shop, f"{POLL}{account}", next_at)]
        now = self.clock()
        await self.due.done(rows)
        if await asyncio.to_thread(confirmed_in_force, store, config, now):
            await self.due.soon(shop, DECIDE, now)
        if config.receivers:
            await post_alerts(config, store, results, now)

    # ---- deciding

    async def decide(self, shops: list[str]) -> None:
        """Shops are decided, those that are due; what is to be written, and the digest, become jobs."""
        now = self.clock()
        limit = self.settings.limit
        try:
            answers = await self.pool.decide(shops, now, limit)
        except PoolLost as e:
            log.error("decisions_lost", shops=shops, error=str(e))
            if len(shops) > 1:  # whose fault it was shows when each is by itself
                await self.queue.defer([alone(one) for one in shops])
                return
            answers = [Answer(shops[0], "lost", now + 10 * AGAIN, limit.total_seconds(), reason=str(e))]
        wanted: list[Wanted] = []
        for one in answers:
            self.metrics.decisions.labels(one.result).inc()
            if one.result in ("taken", "store", "broken", "lost"):
                log.warning("not_decided", shop=one.shop, result=one.result, reason=one.reason)
            wanted += [apply_job(one.shop, *part) for part in one.parts]
            if one.digest:
                wanted.append(one_job("digest", one.shop, Priority.DIGEST))
        await self.queue.defer(wanted)
        rows = [Row(one.shop, DECIDE, one.next_at, one.seconds) for one in answers]
        await self.due.done(rows)

    # ---- writing and telling

    async def apply(self, shop: str, account: str, way: str) -> None:
        """The falls, the rises or the bids of an account are written."""
        config = await asyncio.to_thread(self.fleet.config, shop)
        found = next((one for one, _ in config.accounts if one.id == account), None)
        if found is None:
            return
        with self.bulkhead.through(found.platform) as outcome, self.pace.of(found.platform):
            store = await asyncio.to_thread(self.fleet.store, shop)
            connected = await self.fleet.connected(shop, account, config)
            written = await apply_part(shop, (account, way), config, store, connected, self.clock)
            outcome.worked = not any("no answer in time" in one.reason for one in written)
        for one in written:
            self.metrics.writes.labels(type(one.outcome).__name__.removeprefix("Lever").lower()).inc()
        if written:
            await self.due.soon(shop, f"{POLL}{account}", self.clock())

    async def digest(self, shop: str) -> None:
        """The digest of yesterday is sent to whoever wants it."""
        config = await asyncio.to_thread(self.fleet.config, shop)
        store = await asyncio.to_thread(self.fleet.store, shop)
        async with posting(config, store) as postman:
            await post_digest(config, store, self.clock(), postman)
