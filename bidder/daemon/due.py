"""When something is due: a poll, the decision of an account day, the moment of an event. Days are the shop's.

Asked by :class:`bidder.daemon.loop.Daemon` before each turn, and by a worker of each shop.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from bidder.account_day import AccountDay
from bidder.config.load import Config
from bidder.connectors.registry import has_ads
from bidder.daemon.events import next_moment
from bidder.snapshot import day_number
from bidder.store.protocol import StoreReader

__all__ = ["DECIDED_DAY", "complete", "decision_due", "latest", "next_at", "opens", "today"]

DECIDED_DAY = "decided_day"
"""Key of the store: the account day that was decided; None where it is to be decided anew."""


def today(config: Config, now: datetime) -> date:
    """The shop's day."""
    return AccountDay.of(now, config.shop.timezone).date


def opens(config: Config, day: date) -> datetime:
    """The instant from which a day's decision may be made, in the shop's zone."""
    return _instant(config, day, config.schedule.decide.from_)


def latest(config: Config, day: date) -> datetime:
    """The instant at which it is made at the latest, whatever has not reported."""
    return _instant(config, day, config.schedule.decide.until)


def complete(config: Config, store: StoreReader, day: date) -> bool:
    """Whether every account has reported the day before."""
    yesterday = day_number(day) - 1
    reports = store.reports(since_day=yesterday)
    reported = {str(name) for name, when in zip(reports.account, reports.day, strict=True) if when == yesterday}
    return reported >= {str(account.id) for account, _ in config.accounts if has_ads(account.platform)}


def next_at(config: Config, polled_at: datetime, now: datetime) -> datetime:
    """When something is due next; `polled_at` is when the last poll began."""
    poll_at, begins = polled_at + config.schedule.poll, opens(config, today(config, now))
    moment = next_moment(config, now)
    due = [poll_at, *([begins] if begins > now else []), *([moment] if moment is not None else [])]
    return max(now, min(due))


def decision_due(config: Config, store: StoreReader, now: datetime) -> bool:
    """Whether today's decision is to be made now: once an account day, when yesterday is complete or it is late."""
    day = today(config, now)
    if now < opens(config, day) or store.value(DECIDED_DAY) == day.isoformat():
        return False
    return now >= latest(config, day) or complete(config, store, day)


def _instant(config: Config, day: date, at: time) -> datetime:
    return datetime.combine(day, at, ZoneInfo(config.shop.timezone)).astimezone(UTC)
