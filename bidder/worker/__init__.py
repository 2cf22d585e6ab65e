"""Many shops on several machines: the cycle of `bidder run` as jobs in PostgreSQL, by procrastinate (extra `cluster`).

Polling and writing are jobs of an account, deciding and the digest of a shop under its lease. The shops are files in a
folder; each has a schema of its own in one database, and the jobs have theirs. Nothing heavy is imported here.
"""

from __future__ import annotations

from bidder.worker.settings import WorkerSettings

__all__ = ["WorkerSettings"]
