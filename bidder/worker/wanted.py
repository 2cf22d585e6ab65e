"""Which jobs what is due becomes, and when an account is read next. Pure: of a worker's tick and of simulations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from bidder.worker.due import BEGIN, DECIDE, POLL, Row
from bidder.worker.queue import Wanted
from bidder.worker.settings import Priority

__all__ = ["alone", "apply_job", "jobs_for", "next_poll", "one_job", "poll_job"]

LARGE = 5.0
"""Seconds from which on a shop is decided by itself, after the others and one of its kind at a time."""

BATCH_SECONDS = 10.0
"""About so long a batch may take by what its shops took the last time."""


def jobs_for(rows: Sequence[Row], batch: int) -> list[Wanted]:
    """Jobs for what is due, in its order; shops that are decided quickly go together, at most `batch` of them."""
    wanted, together, seconds = [], list[str](), 0.0
    for row in rows:
        if row.what == BEGIN:
            wanted.append(one_job("begin", row.shop, Priority.BEGIN))
        elif row.what.startswith(POLL):
            wanted.append(poll_job(row.shop, row.what.removeprefix(POLL)))
        elif row.what == DECIDE and row.seconds >= LARGE:
            wanted.append(alone(row.shop))
        elif row.what == DECIDE:
            if together and (len(together) >= batch or seconds + row.seconds > BATCH_SECONDS):
                wanted.append(_batch(together))
                together, seconds = [], 0.0
            together.append(row.shop)
            seconds += row.seconds
    return [*wanted, *([_batch(together)] if together else [])]


def next_poll(shop: str, account: str, now: datetime, every: timedelta) -> datetime:
    """When an account that is read now is read again: polls that began together drift apart, each in its own way."""
    spread = 1.0 - 0.05 * sha256(f"{shop}/{account}".encode()).digest()[0] / 255
    return now + every * spread


def one_job(task: str, shop: str, priority: Priority) -> Wanted:
    """A job of a shop, of which there is one at a time."""
    return Wanted(task, {"shop": shop}, priority, f"{task}:{shop}", f"{task}:{shop}")


def poll_job(shop: str, account: str) -> Wanted:
    """An account is to be read."""
    name = f"poll:{shop}/{account}"
    return Wanted("poll", {"shop": shop, "account": account}, Priority.POLL, name, name)


def apply_job(shop: str, account: str, way: str) -> Wanted:
    """The falls, the rises or the bids of an account are to be written; one such job of a shop at a time."""
    priority = Priority.FALLS if way == "falls" else Priority.RISES
    words = {"shop": shop, "account": account, "way": way}
    return Wanted("apply", words, priority, f"write:{shop}", f"write:{shop}/{account}/{way}")


def alone(shop: str) -> Wanted:
    """A shop is to be decided by itself."""
    return Wanted("decide", {"shops": [shop]}, Priority.LARGE, "large", f"decide:{shop}")


def _batch(shops: Sequence[str]) -> Wanted:
    named = sha256(" ".join(shops).encode()).hexdigest()[:16]
    return Wanted("decide", {"shops": list(shops)}, Priority.DECIDE, None, f"decide:{named}")
