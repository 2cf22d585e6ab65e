"""The jobs: the only file that opens procrastinate's queue, in the schema `bidder_jobs` of the fleet's database.

What procrastinate does for a fleet: takes jobs by priority and age, each once (SKIP LOCKED), keeps two jobs of one lock
apart, refuses a second job of one queueing lock, wakes workers by NOTIFY, defers periodic work once among all workers,
and knows by a heartbeat whose worker is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from procrastinate import App, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.retry import BaseRetryStrategy

__all__ = ["DECISIONS", "PLATFORMS", "SCHEMA", "Again", "JobContext", "Queue", "QueueLost", "Wanted"]

SCHEMA = "bidder_jobs"
PLATFORMS, DECISIONS = "bidder", "bidder_decisions"
"""Two queues: jobs that wait for platforms or the database, many at once; and decisions, one for each process."""

QueueLost = ConnectorException
"""The database cannot be reached; whoever waits may try again."""

OWN = """
SELECT pg_advisory_xact_lock(7252810913);
CREATE SCHEMA IF NOT EXISTS bidder_jobs;
CREATE TABLE IF NOT EXISTS bidder_jobs.bidder_due (
    shop text NOT NULL, what text NOT NULL, at timestamptz NOT NULL, claimed timestamptz,
    seconds double precision NOT NULL DEFAULT 0, stamp text NOT NULL DEFAULT '', fault text NOT NULL DEFAULT '',
    PRIMARY KEY (shop, what));
CREATE INDEX IF NOT EXISTS bidder_due_at ON bidder_jobs.bidder_due (at);
CREATE TABLE IF NOT EXISTS bidder_jobs.bidder_pace (platform text PRIMARY KEY, next timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS bidder_jobs.bidder_pushed (shop text PRIMARY KEY, digest text NOT NULL);
"""
"""Tables of a fleet beside procrastinate's: what is due when, each platform's next free place, who is pushed to."""

FINISHED_HOURS = 72
"""Jobs that failed are kept for so long, for whoever asks why."""


class Again(Exception):
    """A job hands itself back, to be tried after some seconds: it is not its turn."""

    def __init__(self, seconds: float, why: str) -> None:
        self.seconds = seconds
        super().__init__(why)


class _HandBack(BaseRetryStrategy):
    """A job that is broken off because its worker stops goes back into the queue at once; no other is tried blindly."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:  # noqa: ARG002 - its name
        return RetryDecision(retry_at=datetime.now(UTC)) if not isinstance(exception, Exception) else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job that is to be done: its task, its words, and which others it must not meet."""

    task: str
    words: dict[str, Any]
    priority: int
    lock: str | None
    """Only one job of a lock runs at a time."""
    once: str | None
    """Only one job of it waits at a time."""
    at: datetime | None = None
    """Not before; None: at once."""


class Queue:
    """The queue of one fleet, open between `open` and `close`."""

    retry = _HandBack()

    def __init__(self, url: str) -> None:
        self.app = App(
            connector=PsycopgConnector(
                conninfo=url,
                kwargs={
                    "options": f"-c search_path={SCHEMA}",
                    "application_name": "bidder worker",
                    "connect_timeout": 10,
                },
                min_size=1,
                max_size=6,
                timeout=15.0,
            )
        )

    async def open(self) -> None:
        """Connects, and makes schema and tables where there are none. Raises QueueLost."""
        try:
            await self.app.open_async()
        except Exception as e:  # the pool's own errors come as they are: none of them says more than that it is away
            raise QueueLost from e
        await self.run(OWN)
        if not await self.app.check_connection_async():
            try:
                lock = "SELECT pg_advisory_xact_lock(7252810913);"
                await self.run(lock + self.app.schema_manager.get_schema().replace("%", "%%"))
            except ConnectorException:
                if not await self.app.check_connection_async():  # else another worker was faster
                    raise

    async def close(self) -> None:
        """Gives the connections back."""
        await self.app.close_async()

    async def run(self, query: str, **words: Any) -> None:
        """A statement of ours. Raises QueueLost."""
        await self.app.connector.execute_query_async(query, **words)

    async def rows(self, query: str, **words: Any) -> list[dict[str, Any]]:
        """The rows of a query of ours. Raises QueueLost."""
        return await self.app.connector.execute_query_all_async(query, **words)

    async def defer(self, wanted: Sequence[Wanted]) -> int:
        """Puts jobs into the queue, those that do not wait there already; how many."""
        jobs = [
            Job(
                id=None,
                queue=DECISIONS if one.task == "decide" else PLATFORMS,
                task_name=one.task,
                priority=one.priority,
                lock=one.lock,
                queueing_lock=one.once,
                scheduled_at=one.at,
                task_kwargs=one.words,
            )
            for one in wanted
        ]
        if not jobs:
            return 0
        manager = self.app.job_manager
        try:
            return len(await manager.batch_defer_jobs_async(jobs))
        except AlreadyEnqueued:  # one of them waits already, and none was taken
            taken = 0
            for job in jobs:
                try:
                    await manager.defer_job_async(job)
                    taken += 1
                except AlreadyEnqueued:
                    continue
            return taken

    async def again(self, job: Job, seconds: float) -> None:
        """The same job in so many seconds, unless one like it waits already. For a job that ends itself afterwards."""
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        words = dict(job.task_kwargs)
        await self.defer([Wanted(job.task_name, words, job.priority, job.lock, job.queueing_lock, at)])

    async def rescue(self, seconds: float) -> list[str]:
        """Jobs whose worker gave no sign of life for so long go back into the queue; their tasks."""
        manager = self.app.job_manager
        stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=seconds))
        for job in stalled:
            try:
                await manager.retry_job(job)
            except UniqueViolation:  # one like it waits already and will do the same
                await manager.finish_job(job, Status.ABORTED, delete_job=True)
        await manager.prune_stalled_workers(seconds)
        return [job.task_name for job in stalled]

    async def forget_old(self) -> None:
        """Jobs that came to an end long ago are no longer kept."""
        await self.app.job_manager.delete_old_jobs(
            FINISHED_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
        )
