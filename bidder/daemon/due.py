"""When something is due: a poll, the decision of an account day, the moment of an event. Days are the shop's.

Asked by :class:`bidder.daemon.loop.Daemon` before each turn.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from bidder.account_day import AccountDay
from bidder.config.load import Config
from bidder.connectors.registry import has_ads
from bidder.daemon.events import next_moment
from bidder.snapshot import day_number
from bidder.store.protocol import StoreReader

__all__ = ["decision_due", "next_at", "today"]


def today(config: Config, now: datetime) -> date:
    """The shop's day."""
    return AccountDay.of(now, config.shop.timezone).date


def next_at(config: Config, polled_at: datetime, now: datetime) -> datetime:
    """When something is due next; `polled_at` is when the last poll began."""
    poll_at = polled_at + config.schedule.poll
    opens = _opens(config, now)
    moment = next_moment(config, now)
    due = [poll_at, *([opens] if opens > now else []), *([moment] if moment is not None else [])]
    return max(now, min(due))


def decision_due(config: Config, store: StoreReader, now: datetime) -> bool:
    """Whether today's decision is to be made now: once an account day, when yesterday is complete or it is late."""
    if now < _opens(config, now):
        return False
    day = today(config, now)
    if store.value("decided_day") == day.isoformat():
        return False
    zone = ZoneInfo(config.shop.timezone)
    latest = datetime.combine(day, config.schedule.decide.until, zone).astimezone(UTC)
    return now >= latest or _complete(config, store, day)


def _opens(config: Config, now: datetime) -> datetime:
    """The instant from which today's decision may be made, in the shop's zone."""
    zone = ZoneInfo(config.shop.timezone)
    return datetime.combine(today(config, now), config.schedule.decide.from_, zone).astimezone(UTC)


def _complete(config: Config, store: StoreReader, day: date) -> bool:
    """Whether every account has reported yesterday."""
    yesterday = day_number(day) - 1
    reports = store.reports(since_day=yesterday)
    reported = {str(name) for name, when in zip(reports.account, reports.day, strict=True) if when == yesterday}
    return reported >= {str(account.id) for account, _ in config.accounts if has_ads(account.platform)}
