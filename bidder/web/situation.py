"""The daemon's status as the pages need it: its facts, and beside them what the store knows of today and the month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from bidder.money import MICROS
from bidder.reports import UNKNOWN_MICROS, Reports
from bidder.snapshot import day_number
from bidder.store.protocol import StoreReader

__all__ = ["Situation", "situation"]


@dataclass(frozen=True, slots=True)
class Situation:
    """What is going on. Amounts are in the shop's currency, None where unknown; `day` is the shop's account day.

    `month_passed` is the part of the calendar month that has passed. `open_writes` is how many writes have no known
    outcome; `modes` what bidder may do with each account.
    """

    shop: str
    title: str
    currency: str
    timezone: str
    state: str
    reason: str
    day: date
    as_of: str | None
    next_at: str | None
    day_limit: str | None
    spent_today: float | None
    month_limit: str | None
    month_spent: float
    month_passed: float
    holds: Sequence[Mapping[str, Any]] = ()
    modes: Mapping[str, str] = field(default_factory=dict)
    open_writes: int = 0
    problems: Sequence[str] = ()
    todos: Sequence[Mapping[str, str]] = ()
    exchange: Mapping[str, float] = field(default_factory=dict)
    demo: bool = False


def situation(status: Mapping[str, Any], store: StoreReader, reports: Reports | None) -> Situation:
    """Completes the daemon's status. `reports` cover at least the month; None leaves spend out. Raises StoreError."""
    day = date.fromisoformat(status["day"])
    zone, currency = status["timezone"], status["currency"]
    exchange = status.get("exchange") or {}
    state = status["state"]
    today = None if reports is None else _spent(reports, day, day, currency, exchange)
    month = None if reports is None else _spent(reports, day.replace(day=1), day, currency, exchange)
    return Situation(
        shop=status["shop"],
        title=status.get("title") or status["shop"],
        currency=currency,
        timezone=zone,
        state=state,
        reason=status.get("reason") or ("" if state == "ACTIVE" else _why(store)),
        day=day,
        as_of=status.get("as_of") or status.get("polled_at"),
        next_at=status.get("next_cycle_at") or status.get("next_decision_at"),
        day_limit=status.get("day_limit"),
        spent_today=today,
        month_limit=status.get("month_limit"),
        month_spent=month or 0.0,
        month_passed=_passed(status.get("now"), day, zone),
        holds=status.get("holds") or (),
        modes=status.get("modes") or {},
        open_writes=status.get("unresolved") or 0,
        problems=status.get("problems") or (),
        todos=status.get("todos") or (),
        exchange=exchange,
        demo=bool(status.get("demo")),
    )


def _why(store: StoreReader) -> str:
    """What was said when the state was last changed."""
    return next((str(line.facts.get("reason", "")) for line in store.journal(1, "state")), "")


def _spent(reports: Reports, first: date, last: date, currency: str, exchange: Mapping[str, float]) -> float | None:
    """Spend of these days of all accounts; None when no report speaks of them."""
    rows = (reports.day >= day_number(first)) & (reports.day <= day_number(last)) & (reports.spend != UNKNOWN_MICROS)
    rates = np.array([1.0 if c == currency else exchange.get(str(c), np.nan) for c in reports.currency[rows]])
    known = ~np.isnan(rates)
    return float(np.sum(reports.spend[rows][known] / MICROS * rates[known])) if known.any() else None


def _passed(now: str | None, day: date, zone: str) -> float:
    """The part of the calendar month of `day` that has passed at `now` (at the end of `day` when not said)."""
    tz = ZoneInfo(zone)
    start = datetime(day.year, day.month, 1, tzinfo=tz)
    end = datetime(day.year + day.month // 12, day.month % 12 + 1, 1, tzinfo=tz)
    at = datetime.fromisoformat(now) if now else datetime(day.year, day.month, day.day, 23, 59, tzinfo=tz)
    whole = end.astimezone(UTC) - start.astimezone(UTC)
    return min(max((at - start) / whole, 0.0), 1.0)
