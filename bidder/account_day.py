"""A calendar day in an account's own time zone: 23, 24 or 25 hours long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

__all__ = ["AccountDay"]


@dataclass(frozen=True, slots=True, order=True)
class AccountDay:
    """A date in a time zone (an IANA name). The unit in which budgets are spent and figures are reported."""

    zone: str
    date: date

    @classmethod
    def of(cls, instant: datetime, zone: str) -> AccountDay:
        """The day that an aware instant falls on in `zone`. Raises ValueError for a naive instant."""
        if instant.tzinfo is None:
            raise ValueError("expected an aware instant, was a naive one")
        return cls(zone, instant.astimezone(ZoneInfo(zone)).date())

    @property
    def start_at(self) -> datetime:
        """The first instant of the day, in UTC."""
        return datetime.combine(self.date, time.min, ZoneInfo(self.zone)).astimezone(UTC)

    @property
    def end_at(self) -> datetime:
        """The first instant after the day, in UTC."""
        return self.next().start_at

    @property
    def length(self) -> timedelta:
        """23, 24 or 25 hours in most zones."""
        return self.end_at - self.start_at

    def next(self, days: int = 1) -> AccountDay:
        """The day that many calendar days later (earlier, if negative)."""
        return AccountDay(self.zone, self.date + timedelta(days=days))
