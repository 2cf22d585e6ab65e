"""Reports that a platform makes when it is asked: asked for once, waited for, fetched, given again for a while.

A platform says in a :class:`Job` how one is asked for, how far it is, and how it is fetched; all waiting is here. What
is on its way is remembered in `Http.memory`, so that the next poll goes on waiting for the same report.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from bidder.connectors.http.message import Payload
from bidder.connectors.http.session import Http
from bidder.errors import ConnectorError

__all__ = ["Empty", "Failed", "Job", "JobPace", "JobState", "Pending", "Ready", "report_of"]

MEMORY = "reports"
LONGEST_GAP = 60.0
"""Seconds between two questions how far it is."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A report that is being made."""


@dataclass(frozen=True, slots=True)
class Empty:
    """A report that is made and holds nothing: there is no file."""

    received_at: datetime


@dataclass(frozen=True, slots=True)
class Ready:
    """A report that can be fetched from there, for minutes or an hour."""

    url: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A report that will not be made."""

    reason: str = ""


JobState = Pending | Empty | Ready | Failed
"""How far a report is."""


@dataclass(frozen=True, slots=True)
class Job:
    """One report. Each may raise ConnectorError; `fetch` gives None when the address has expired."""

    create: Callable[[], Awaitable[str]]
    """Asks for it: its id."""
    state: Callable[[str], Awaitable[JobState]]
    fetch: Callable[[str], Awaitable[Payload | None]]


class JobPace(NamedTuple):
    """How long is waited: seconds before the second question (gaps grow) and in all, how long a report is given again,
    and after how long one that is still not ready is asked for anew."""

    wait: float
    patience: float
    fresh: timedelta
    forgotten: timedelta


@dataclass(slots=True)
class _Asked:
    """A report that was asked for, and what it held."""

    id: str
    asked_at: datetime
    done_at: datetime | None = None
    payload: Payload | None = None


async def report_of(http: Http, key: Hashable, job: Job, pace: JobPace) -> Payload:
    """The report known by `key`. Raises ConnectorError.

    What is not ready within the patience is an error that waiting helps, and the next call goes on waiting for the same
    report. One that was fetched is given again while it is fresh.
    """
    wanted: dict[Hashable, _Asked] = http.memory.setdefault(MEMORY, {})
    now = http.timing.now()
    for other, one in list(wanted.items()):
        if now - one.asked_at >= pace.forgotten or (one.done_at is not None and now - one.done_at >= pace.fresh):
            del wanted[other]
    asked = wanted.get(key)
    if asked is not None and asked.payload is not None:
        return asked.payload
    if asked is None:
        asked = wanted.setdefault(key, _Asked(await job.create(), now))
    try:
        asked.payload = await _awaited(http, asked.id, job, pace)
        asked.done_at = asked.payload.received_at
    except ConnectorError as e:
        if not e.waiting_helps:
            wanted.pop(key, None)  # it failed for good: another one is asked for next time
        raise
    return asked.payload


async def _awaited(http: Http, report: str, job: Job, pace: JobPace) -> Payload:
    """Asks until it is done, with growing gaps, and fetches it."""
    timing, gap = http.timing, pace.wait
    until = timing.monotonic() + pace.patience
    expired = False
    while True:
        match await job.state(report):
            case Failed(reason):
                why = f": {reason}" if reason else ""
                http.fail("report", f"the platform could not make it{why}", error="other")
            case Empty(received_at):
                return Payload(received_at, [])
            case Ready(url):
                content = await job.fetch(url)
                if content is not None:
                    return content
                if expired:
                    http.fail("report", "its address expired twice", error="http_4xx", waiting_helps=True)
                expired = True  # asked once more, it has a fresh address
                continue
        if timing.monotonic() + gap > until:
            reason = "not ready yet: the next poll asks for the same one"
            raise ConnectorError(http.account, "report", reason, waiting_helps=True, error="timeout")
        await timing.sleep(gap)
        gap = min(LONGEST_GAP, 2 * gap)
