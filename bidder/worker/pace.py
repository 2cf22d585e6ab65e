"""A platform's rate, shared by all workers: each request takes the next free place, kept in PostgreSQL.

The generic cell rate algorithm (ITU-T I.371), as an account's own bucket has it, with the instant of the next place in
one row. Where the database cannot be asked the request waits its turn by the account's own bucket alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog

from bidder.connectors.http.pace import shared_pace
from bidder.instrumentation.fleet import FleetMetrics
from bidder.worker.queue import Queue, QueueLost

__all__ = ["Pace"]

log = structlog.get_logger("bidder.worker")

BURST = 1.0
"""Seconds' worth of requests that may go at once after a rest."""

TAKE = """
INSERT INTO bidder_pace AS pace (platform, next)
VALUES (%(platform)s, clock_timestamp() - make_interval(secs => %(burst)s) + make_interval(secs => %(gap)s))
ON CONFLICT (platform) DO UPDATE
SET next = greatest(pace.next, clock_timestamp() - make_interval(secs => %(burst)s)) + make_interval(secs => %(gap)s)
RETURNING extract(epoch FROM next - clock_timestamp())::float8 - %(gap)s::float8 AS wait
"""


class Pace:
    """`rates`: requests a second by platform; the others know no shared rate."""

    def __init__(self, queue: Queue, rates: Mapping[str, float], metrics: FleetMetrics) -> None:
        self._queue, self._rates, self._metrics = queue, rates, metrics
        for platform in rates:
            metrics.paced.labels(platform)

    @contextmanager
    def of(self, platform: str) -> Iterator[None]:
        """While it lasts, the requests of this task keep the platform's rate."""
        rate = self._rates.get(platform)
        if rate is None:
            yield
            return

        async def take() -> float:
            return await self.take(platform, rate)

        with shared_pace(take):
            yield

    async def take(self, platform: str, rate: float) -> float:
        """Takes the next place; the seconds until it comes."""
        try:
            (row,) = await self._queue.rows(TAKE, platform=platform, gap=1.0 / rate, burst=BURST)
        except QueueLost as e:
            log.warning("pace_not_known", platform=platform, error=str(e))
            return 0.0
        wait = max(0.0, float(row["wait"]))
        if wait:
            self._metrics.paced.labels(platform).inc(wait)
        return wait
